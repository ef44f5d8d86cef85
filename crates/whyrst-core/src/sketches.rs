//! The causes that the catalogue knows and that have no file yet.
//!
//! A verdict that ignored them would sound surer than packets allow. So each is sketched here: what
//! must be seen for it, and what the kernel would say. When its file in `causes/` is written, its
//! sketch goes.

use crate::cause::{KernelSign, Sketch};
use crate::evidence::Question;
use crate::evidence::closing::{FIN_WAIT2_SKIPPED, RECEIVER_HAD_CLOSED, RST_ANSWERS_NO_DATA, SENDER_HAD_CLOSED};
use crate::evidence::data::{RST_ACKS_LESS_THAN_SENT, SENDER_RECEIVED_DATA, SENDER_SENT_NOTHING};
use crate::evidence::form::{RST_ANSWERS_SYN, RST_ANSWERS_SYN_ACK, RST_CARRIES_MPTCP, RST_IS_ACTIVE, RST_IS_PASSIVE};
use crate::evidence::handshake::{
    HANDSHAKE_COMPLETED, RST_ANSWERS_THIRD_PACKET, SENDER_IS_CLIENT, SENDER_IS_SERVER, SYN_ACK_WINDOW_ZERO,
    SYN_RETRIED_AFTER_RST, SYN_SEEN,
};
use crate::evidence::refusal::{EARLIER_CLOSED, SYN_ANSWERED_BY_OLD_ACK};
use crate::evidence::timing::WAS_IDLE;
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
const ABORT_ON_CLOSE: KernelSign = KernelSign::reason(R::TcpAbortOnClose);
const NOBODY: &[KernelSign] = &[];
const FORGOTTEN: &[KernelSign] = &[NO_SOCKET, TCP_FLAGS];

/// Every sketch, in the order of CATALOGUE section 5.
pub static SKETCHES: &[Sketch] = &[
    // SYN refused
    sketch(
        "mptcp-join-bad-token",
        "{server} does not know the MPTCP connection that the SYN wants to join",
        &[KernelSign::reason(R::MptcpEmptcp)],
        &[&RST_ANSWERS_SYN, &RST_CARRIES_MPTCP],
        &[],
    ),
    // SYN-ACK refused
    sketch(
        "fw-reject-synack",
        "the client's firewall rejected the SYN-ACK",
        NOBODY,
        &[&RST_ANSWERS_SYN_ACK, &SYN_RETRIED_AFTER_RST],
        &[],
    ),
    sketch(
        "backscatter-synack",
        "the SYN-ACK was for a SYN that this host never sent",
        FORGOTTEN,
        &[&RST_ANSWERS_SYN_ACK],
        &[&SYN_SEEN],
    ),
    // third packet refused
    sketch(
        "asymmetric-route",
        "a stateful filter saw only one direction of the handshake",
        NOBODY,
        &[&RST_ANSWERS_THIRD_PACKET],
        &[],
    ),
    sketch(
        "synproxy-backend-closed",
        "a SYN proxy completed the handshake and its backend refused",
        &[NO_SOCKET],
        &[&SYN_ACK_WINDOW_ZERO, &SENDER_IS_SERVER],
        &[],
    ),
    // active, no FIN before
    sketch(
        "server-busy-close",
        "{server} accepted the connection and closed it at once",
        &[ABORT_ON_CLOSE],
        &[&RST_IS_ACTIVE, &SENDER_IS_SERVER, &SENDER_SENT_NOTHING, &SENDER_RECEIVED_DATA],
        &[],
    ),
    sketch(
        "proxy-upstream-down",
        "a proxy could not reach its upstream",
        &[ABORT_ON_CLOSE],
        &[&RST_IS_ACTIVE, &SENDER_IS_SERVER, &SENDER_SENT_NOTHING, &SENDER_RECEIVED_DATA],
        &[],
    ),
    sketch(
        "tls-ticket-unread",
        "a TLS client never read the session tickets",
        &[ABORT_ON_CLOSE],
        &[&RST_IS_ACTIVE, &SENDER_IS_CLIENT, &SENDER_RECEIVED_DATA],
        &[],
    ),
    sketch(
        "client-abort",
        "the client left in the middle of a download",
        &[ABORT_ON_CLOSE],
        &[&RST_IS_ACTIVE, &SENDER_IS_CLIENT, &RST_ACKS_LESS_THAN_SENT],
        &[],
    ),
    sketch(
        "proxy-relays-reset",
        "a proxy passed on a reset of its other side",
        &[KernelSign::reason(R::TcpState)],
        &[&RST_IS_ACTIVE],
        &[],
    ),
    sketch(
        "idle-timeout-reset",
        "a proxy or load balancer ends idle connections",
        &[KernelSign::reason(R::TcpState)],
        &[&RST_IS_ACTIVE, &WAS_IDLE],
        &[],
    ),
    sketch(
        "mptcp-fastclose",
        "{sender} aborted the whole MPTCP connection",
        &[ABORT_ON_CLOSE],
        &[&RST_IS_ACTIVE, &RST_CARRIES_MPTCP],
        &[],
    ),
    // answers in a connection that its sender had not closed
    sketch(
        "reset-not-captured",
        "an earlier RST, which the capture does not show, had ended the connection at {sender}",
        FORGOTTEN,
        &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED],
        &[&SENDER_HAD_CLOSED],
    ),
    // after the sender's FIN
    sketch(
        "forgotten-at-fin",
        "{sender} forgets a connection as soon as it has sent its FIN, as small stacks and some appliances do",
        NOBODY,
        &[&RST_IS_PASSIVE, &FIN_WAIT2_SKIPPED],
        &[&RECEIVER_HAD_CLOSED],
    ),
    sketch(
        "nat-port-collision",
        "a NAT gave this connection's port to another client",
        &[KernelSign::reason(R::TcpInvalidAckSequence)],
        &[&RST_IS_PASSIVE, &SYN_ANSWERED_BY_OLD_ACK],
        &[&EARLIER_CLOSED],
    ),
    // answers after the sender's FIN
    sketch(
        "time-wait-assassination",
        "an old segment reached a TIME-WAIT",
        FORGOTTEN,
        &[&SENDER_HAD_CLOSED, &RECEIVER_HAD_CLOSED, &RST_ANSWERS_NO_DATA],
        &[],
    ),
];

/// The sketch of that id.
pub fn find(id: &str) -> Option<&'static Sketch> {
    SKETCHES.iter().find(|sketch| sketch.id == id)
}
