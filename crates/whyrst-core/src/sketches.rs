//! The causes that the catalogue knows and that have no file yet.
//!
//! A verdict that ignored them would sound surer than packets allow. So each is sketched here: what
//! must be seen for it, and what the kernel would say. When its file in `causes/` is written, its
//! sketch goes.

use crate::cause::{KernelSign, Sketch};
use crate::evidence::Question;
use crate::evidence::closing::{RECEIVER_HAD_CLOSED, RST_ANSWERS_DATA, SENDER_HAD_CLOSED};
use crate::evidence::data::{SENDER_RECEIVED_DATA, SENDER_SENT_NOTHING};
use crate::evidence::firewall::NEW_SYN_MET_OLD;
use crate::evidence::form::{RST_ANSWERS_SYN, RST_ANSWERS_SYN_ACK, RST_IS_ACTIVE, RST_IS_PASSIVE};
use crate::evidence::handshake::{
    EARLIER_HALF_CLOSED, EARLIER_OPENING, HANDSHAKE_COMPLETED, RST_ANSWERS_THIRD_PACKET, SENDER_IS_SERVER,
    SYN_ACK_REPEATED, SYN_RETRIED_AFTER_RST,
};
use crate::evidence::timing::SENDER_WENT_UNANSWERED;
use crate::kernel::RstReason as R;

const fn sketch(
    id: &'static str,
    title: &'static str,
    kernel_reasons: &'static [KernelSign],
    needs: &'static [&'static Question],
    refuted_by: &'static [&'static Question],
) -> Sketch {
    Sketch { id, title, kernel_reasons, needs, refuted_by }
}

const NO_SOCKET: KernelSign = KernelSign::reason(R::NoSocket);
const TCP_FLAGS: KernelSign = KernelSign::reason(R::TcpFlags);
const FORGOTTEN: &[KernelSign] = &[NO_SOCKET, TCP_FLAGS];

/// Every sketch, in the order of CATALOGUE section 5.
pub static SKETCHES: &[Sketch] = &[
    // SYN refused
    sketch(
        "simultaneous-open-missed",
        "both ends connect to each other and one was too early",
        &[NO_SOCKET],
        &[&RST_ANSWERS_SYN],
        &[],
    ),
    sketch(
        "syn-meets-fin-wait2",
        "the SYN fell into the window of an older connection that {server} had closed",
        &[KernelSign::reason(R::TcpTimewaitSocket)],
        &[&RST_ANSWERS_SYN, &EARLIER_HALF_CLOSED],
        &[],
    ),
    sketch(
        "syn-recv-new-syn",
        "a different SYN came during the handshake",
        &[KernelSign::reason(R::InvalidSyn)],
        &[&RST_ANSWERS_SYN, &EARLIER_OPENING],
        &[],
    ),
    // SYN-ACK refused
    sketch(
        "syn-sent-bad-tsecr",
        "the SYN-ACK echoed a timestamp that the client had not sent",
        &[KernelSign::reason(R::TcpRfc7323Paws)],
        &[&RST_ANSWERS_SYN_ACK, &SYN_RETRIED_AFTER_RST],
        &[],
    ),
    // third packet refused
    sketch(
        "listener-close-half-open",
        "the listener was closed between SYN-ACK and ACK",
        FORGOTTEN,
        &[&RST_ANSWERS_THIRD_PACKET],
        &[],
    ),
    // active, no FIN before
    sketch(
        "out-of-memory",
        "{sender} ran out of TCP memory",
        &[KernelSign::reason(R::TcpAbortOnMemory)],
        &[&RST_IS_ACTIVE],
        &[],
    ),
    // active, after a FIN
    sketch(
        "disconnect-with-data",
        "{sender} aborted while its FIN waited behind unsent data",
        &[KernelSign::reason(R::TcpDisconnectWithData)],
        &[&RST_IS_ACTIVE, &RECEIVER_HAD_CLOSED],
        &[],
    ),
    sketch(
        "out-of-orphans",
        "{sender} has too many orphaned sockets",
        &[KernelSign::reason(R::TcpAbortOnMemory)],
        &[&RST_IS_ACTIVE, &SENDER_HAD_CLOSED],
        &[],
    ),
    sketch(
        "linger2-negative",
        "TCP_LINGER2 is negative: {sender} does not wait for the other FIN",
        &[KernelSign::reason(R::TcpAbortOnLinger), KernelSign::reason(R::TcpAbortOnData)],
        &[&SENDER_HAD_CLOSED],
        &[&RST_ANSWERS_DATA, &RECEIVER_HAD_CLOSED],
    ),
    sketch(
        "fin-wait2-timer",
        "{sender}'s FIN-WAIT-2 timer ran out",
        &[KernelSign::through(R::TcpState, "tcp_keepalive_timer")],
        &[&RST_IS_ACTIVE, &SENDER_HAD_CLOSED],
        &[&RECEIVER_HAD_CLOSED],
    ),
    // answers in a connection that its sender had not closed
    sketch(
        "defer-accept-expired",
        "TCP_DEFER_ACCEPT ran out before the first data",
        &[TCP_FLAGS],
        &[&RST_IS_PASSIVE, &SYN_ACK_REPEATED, &SENDER_IS_SERVER, &SENDER_SENT_NOTHING],
        &[&SENDER_HAD_CLOSED, &SENDER_RECEIVED_DATA],
    ),
    sketch(
        "syncookie-invalid",
        "{server} used SYN cookies and could not verify this one",
        &[TCP_FLAGS],
        &[&RST_IS_PASSIVE, &SENDER_IS_SERVER, &SENDER_SENT_NOTHING],
        &[&SENDER_HAD_CLOSED, &SENDER_RECEIVED_DATA],
    ),
    sketch(
        "sender-gave-up",
        "{sender} had given up silently before",
        FORGOTTEN,
        &[&RST_IS_PASSIVE, &SENDER_WENT_UNANSWERED],
        &[&SENDER_HAD_CLOSED],
    ),
    sketch(
        "reset-not-captured",
        "an earlier RST, which the capture does not show, had ended the connection at {sender}",
        FORGOTTEN,
        &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED],
        &[&SENDER_HAD_CLOSED],
    ),
    sketch(
        "syn-meets-old-connection",
        "a new SYN met this old connection, which {sender} no longer knew",
        &[KernelSign::reason(R::TcpInvalidAckSequence)],
        &[&RST_IS_PASSIVE, &NEW_SYN_MET_OLD],
        &[],
    ),
    // answers after the sender's FIN
    sketch(
        "shutdown-rdwr-data",
        "{receiver} wrote after {sender} had called shutdown(SHUT_RDWR)",
        &[KernelSign::reason(R::TcpAbortOnData)],
        &[&SENDER_HAD_CLOSED, &RST_ANSWERS_DATA],
        &[],
    ),
];

/// The sketch of that id.
pub fn find(id: &str) -> Option<&'static Sketch> {
    SKETCHES.iter().find(|sketch| sketch.id == id)
}
