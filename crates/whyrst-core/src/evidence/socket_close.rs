//! When the program of the RST's sender closed its socket, and what was going on then, as the socket tells: what the
//! questions of [`super::socket_hints`] and [`super::closing`] rest on.
//!
//! A kernel dates data by ticks of 1 to 10 ms (`tcp_sock.lsndtime`, `inet_csk_ack.lrcvtime`), so what is closer than two of
//! them has no order.

use crate::outcome::Outcome;
use crate::socket::SocketFacts;
use crate::time::{Span, Timestamp};

/// No connection in use is silent for as long, and no round trip takes as long (RFC 6298 section 2).
const IDLE: Span = Span::from_secs(1);
/// The longest answer that a program in use waits for within its work.
pub(super) const IN_USE: Span = Span::from_millis(20);

/// The close of a socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct SocketClose {
    /// How long nothing had gone on, to a tick.
    pub(super) idle: Span,
    /// Bytes of the next request, where that had come in the same moment.
    pub(super) next: Option<u32>,
}

/// The close by the program of the RST's sender, where the last word before it was its own. `None` where that cannot be
/// said.
pub(super) fn close_of(outcome: &Outcome) -> Option<SocketClose> {
    let (facts, at) = closed_socket(outcome)?;
    let (sent, received) = (facts.sent_at(outcome.time())?, facts.received_at(outcome.time())?);
    let moment = Span::from_nanos(2 * facts.tick().nanos());
    // What came later hides what came before.
    let later = |time: Timestamp| time.since(at) > moment;
    if later(sent) || later(received) {
        return None;
    }
    let answered = received.since(sent) <= moment;
    match facts.unread {
        0 if answered => Some(SocketClose { idle: at.since(sent.max(received)), next: None }),
        unread if unread > 0 && at.since(received) <= moment && !answered => {
            Some(SocketClose { idle: received.since(sent), next: Some(unread) })
        }
        _ => None,
    }
}

/// The socket of the RST's sender, and when its program closed it: by a FIN, or by this RST.
pub(super) fn closed_socket(outcome: &Outcome) -> Option<(&SocketFacts, Timestamp)> {
    let facts = outcome.account(outcome.sender())?.socket.as_ref()?;
    let answers = outcome.rst()?.trigger.is_some();
    let at = if answers { facts.closed_at()? } else { outcome.time() };
    Some((facts, at))
}

/// Whether the connection had been idle by then.
pub(super) fn was_idle(close: SocketClose) -> Option<bool> {
    match close.idle {
        idle if idle >= IDLE => Some(true),
        idle if idle < IN_USE => Some(false),
        _ => None,
    }
}
