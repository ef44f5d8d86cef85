//! How much one reset matters, and why: a cause says how much it matters as a rule, and what is seen
//! of the one connection can lower that, never raise it.
//!
//! A RST after both ends had said and acknowledged FIN takes nothing away (RFC 9293 section 3.6: both
//! directions are closed), nor does one that refuses a goodbye: a TLS `close_notify` that comes after its
//! receiver has closed (RFC 8446 section 6.1: nobody has to wait for it). A RST that its receiver does not
//! accept changes nothing (RFC 5961 section 3.2, RFC 9293 section 3.5.3), which is said only where both
//! ends were seen to talk on.

use crate::cause::Severity;
use crate::connection::Phase;
use crate::half::Marks;
use crate::harm::{Certainty, Harm};
use crate::outcome::Outcome;

/// Why a reset matters as much as it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ground {
    /// Its cause is of that severity.
    Cause,
    /// Both ends had closed in order before it, and nothing was on its way.
    BothHadClosed,
    /// Its receiver did not take it, and both ends talked on.
    NotTaken,
    /// It refused nothing but the TLS goodbye of who closed after its sender.
    GoodbyeRefused,
}

/// How much, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Weight {
    /// How much it matters.
    pub severity: Severity,
    /// Why.
    pub ground: Ground,
}

/// Weighs one outcome whose cause is of severity `by_cause`.
pub fn weigh(by_cause: Severity, outcome: &Outcome, phase: Phase, harm: &Harm) -> Weight {
    let lowered = match by_cause {
        Severity::Fault if phase == Phase::Closed && harm.certainty == Certainty::None => Some(Ground::BothHadClosed),
        Severity::Fault if outcome.rsts_never_taken() => Some(Ground::NotTaken),
        Severity::Fault if only_goodbye_refused(outcome, harm) => Some(Ground::GoodbyeRefused),
        _ => None,
    };
    lowered.map_or(Weight { severity: by_cause, ground: Ground::Cause }, |ground| Weight {
        severity: Severity::Benign,
        ground,
    })
}

/// The sender had closed, and all that it can have missed is one TLS record of type alert. In clear text it must be
/// `close_notify`: a fatal alert says what went wrong, and is missed.
fn only_goodbye_refused(outcome: &Outcome, harm: &Harm) -> bool {
    const RECORD_HEADER: u32 = 5;
    const CLEAR_ALERT: u32 = 2;
    const CLOSE_NOTIFY: u8 = 0;
    let (sender, receiver) = (outcome.sender(), outcome.receiver());
    let closed =
        outcome.connection().half(sender).marks.has(Marks::FIN) || outcome.finally().half(sender).marks.has(Marks::FIN);
    let Some(refused) = outcome.rst().and_then(|rst| rst.trigger).filter(|trigger| closed && trigger.len > 0) else {
        return false;
    };
    let lost = [harm.lost_client_bytes, harm.lost_server_bytes];
    let all_lost = lost.iter().try_fold(0, |sum, lost| Some(sum + (*lost)?));
    let [21, 3, 0..=4, high, low, alert @ ..] = outcome.said(receiver).last() else { return false };
    let length = u32::from(u16::from_be_bytes([*high, *low]));
    let is_goodbye = length != CLEAR_ALERT || matches!(alert, [_, CLOSE_NOTIFY, ..]);
    let record = RECORD_HEADER + length;
    is_goodbye && record == refused.len && all_lost.is_some_and(|lost| lost <= u64::from(record))
}
