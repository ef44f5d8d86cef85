//! When the program of the RST's sender let go of its socket, and what was going on then, as the socket tells: what the
//! questions of [`super::letting_go`] and [`super::closing`] rest on.
//!
//! A kernel dates data by ticks of 1 to 10 ms (`tcp_sock.lsndtime`, `inet_csk_ack.lrcvtime`), so what is closer than two of
//! them has no order.

use crate::outcome::Outcome;
use crate::socket::SocketFacts;
use crate::time::{Span, Timestamp};

/// Nothing in use is idle for less, and no round trip takes as long (RFC 6298 section 2).
const IDLE: Span = Span::from_secs(1);
/// The longest answer that a program in use waits for within its work.
pub(super) const IN_USE: Span = Span::from_millis(20);

/// A connection that was idle when it was let go.
#[derive(Clone, Copy, Debug)]
pub(super) struct LetGo {
    /// How long nothing had gone on, to a tick.
    pub(super) idle: Span,
    /// Bytes of the next request, where that had come in the same moment.
    pub(super) next: Option<u32>,
}

/// How long nothing had gone on when the program of the RST's sender let go of its socket, where the last word was its
/// own. `None` where that cannot be said.
pub(super) fn let_go(outcome: &Outcome) -> Option<LetGo> {
    let (facts, at) = left(outcome)?;
    let (sent, received) = (facts.sent_at(outcome.time())?, facts.received_at(outcome.time())?);
    let close = Span::from_nanos(2 * facts.tick().nanos());
    // What came later hides what came before.
    let later = |time: Timestamp| time.since(at) > close;
    if later(sent) || later(received) {
        return None;
    }
    let answered = received.since(sent) <= close;
    match facts.unread {
        0 if answered => Some(LetGo { idle: at.since(sent.max(received)), next: None }),
        unread if unread > 0 && at.since(received) <= close && !answered => {
            Some(LetGo { idle: received.since(sent), next: Some(unread) })
        }
        _ => None,
    }
}

/// The socket of the RST's sender, and when its program let go of it: by a FIN, or by this RST.
pub(super) fn left(outcome: &Outcome) -> Option<(&SocketFacts, Timestamp)> {
    let facts = outcome.account(outcome.sender())?.socket.as_ref()?;
    let answers = outcome.rst()?.trigger.is_some();
    let at = if answers { facts.closed_at()? } else { outcome.time() };
    Some((facts, at))
}

/// Whether a connection that was let go had been idle.
pub(super) fn is_idle(let_go: LetGo) -> Option<bool> {
    match let_go.idle {
        idle if idle >= IDLE => Some(true),
        idle if idle < IN_USE => Some(false),
        _ => None,
    }
}
