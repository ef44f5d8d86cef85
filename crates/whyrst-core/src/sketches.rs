//! What is known to happen and has no folder in the catalogue.
//!
//! A verdict that ignored them would sound surer than packets allow. So each is sketched here: what
//! must be seen for it, and what the kernel would say. A sketch never wins: it is named beside the
//! verdict. When its folder in `catalogue/` is written, its sketch goes.

use crate::cause::{KernelSign, Sketch};
use crate::evidence::Question;
use crate::evidence::closing::{FIN_WAIT2_SKIPPED, RECEIVER_HAD_CLOSED, SENDER_HAD_CLOSED};
use crate::evidence::form::{RST_IS_ACTIVE, RST_IS_PASSIVE};
use crate::evidence::handshake::HANDSHAKE_COMPLETED;
use crate::kernel::RstReason as R;

const fn sketch(
    id: &'static str,
    title: &'static str,
    zh: &'static str,
    kernel_reasons: &'static [KernelSign],
    needs: &'static [&'static Question],
    refuted_by: &'static [&'static Question],
) -> Sketch {
    Sketch { id, title, zh, kernel_reasons, needs, refuted_by }
}

const NO_SOCKET: KernelSign = KernelSign::reason(R::NoSocket);
const TCP_FLAGS: KernelSign = KernelSign::reason(R::TcpFlags);
const FORGOTTEN: &[KernelSign] = &[NO_SOCKET, TCP_FLAGS];

/// Every sketch, in the order of docs/internals/patterns.md.
pub static SKETCHES: &[Sketch] = &[
    // answers in a connection that its sender had not closed
    sketch(
        "reset-not-captured",
        "an earlier RST, which the capture does not show, had ended the connection at {sender}",
        "此前已有一个 RST 在{sender}上终结了该连接，但抓包中没有看到",
        FORGOTTEN,
        &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED],
        &[&SENDER_HAD_CLOSED],
    ),
    sketch(
        "close-not-captured",
        "{sender} had closed the connection before, in segments that the capture does not show",
        "{sender}此前已经关闭了该连接，但相关报文没有抓到",
        &[KernelSign::reason(R::TcpTimewaitSocket), NO_SOCKET, TCP_FLAGS],
        &[&RST_IS_PASSIVE],
        &[&SENDER_HAD_CLOSED],
    ),
    sketch(
        "fin-ack-not-captured",
        "{receiver} had acknowledged {sender}'s FIN, in a segment that the capture does not show",
        "{receiver}已经确认了{sender}的 FIN，但该报文没有抓到",
        &[KernelSign::reason(R::TcpState), KernelSign::reason(R::TcpAbortOnLinger)],
        &[&RST_IS_ACTIVE, &SENDER_HAD_CLOSED],
        &[&RECEIVER_HAD_CLOSED],
    ),
    // answers after the sender's FIN
    sketch(
        "data-not-captured",
        "{receiver} had sent data after {sender}'s close, which the capture does not show",
        "{receiver}在{sender}关闭之后又发过数据，但抓包中没有看到",
        &[KernelSign::reason(R::TcpAbortOnData)],
        &[&RST_IS_PASSIVE, &SENDER_HAD_CLOSED],
        &[&RECEIVER_HAD_CLOSED],
    ),
    sketch(
        "forgotten-at-fin",
        "{sender} forgets a connection as soon as it has sent its FIN, as small stacks and some appliances do",
        "{sender}一发出 FIN 就丢弃了连接状态，精简协议栈和某些设备会这样",
        &[],
        &[&RST_IS_PASSIVE, &FIN_WAIT2_SKIPPED],
        &[&RECEIVER_HAD_CLOSED],
    ),
];

/// The sketch of that id.
pub fn find(id: &str) -> Option<&'static Sketch> {
    SKETCHES.iter().find(|sketch| sketch.id == id)
}
