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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;
    use crate::verdict::judge;

    const OPENED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        +0.001 C > S PA 1:101(100) ack 1
        +0.001 C < S PA 1:201(200) ack 101
        +0.001 C > S A 101:101(0) ack 201
        ";

    fn weight(rest: &str) -> (Severity, Ground) {
        let judgement = judge(&conversation(&[OPENED, rest].concat()).outcome());
        (judgement.severity, judgement.ground)
    }

    #[test]
    fn a_reset_after_both_ends_closed_is_benign() {
        let rest = "
            +0.001 C > S FA 101:101(0) ack 201
            +0.001 C < S FA 201:201(0) ack 102
            +0.001 C > S A 102:102(0) ack 202
            +0.5 C > S RA 102:102(0) ack 202";
        assert_eq!(weight(rest).0, Severity::Benign);
    }

    #[test]
    fn a_refused_goodbye_is_benign_and_refused_data_is_not() {
        let goodbye = "
            +0.001 C > S FA 101:101(0) ack 201
            +0.001 C < S PA 201:232(31) ack 102 says 0x150303001a
            +0.0001 C < S FA 232:232(0) ack 102
            +0.001 C > S R 102:102(0)";
        assert_eq!(weight(goodbye), (Severity::Benign, Ground::GoodbyeRefused));
        // A record that goes on, or data.
        assert_eq!(weight(&goodbye.replace("1a", "1b")).0, Severity::Fault);
        assert_eq!(weight(&goodbye.replace("0x15", "0x17")).0, Severity::Fault);
        // In clear text: unknown_ca is no goodbye.
        let clear = goodbye.replace("201:232(31)", "201:208(7)").replace("232:232", "208:208");
        assert_eq!(weight(&clear.replace("1a", "020100")), (Severity::Benign, Ground::GoodbyeRefused));
        assert_eq!(weight(&clear.replace("1a", "020230")).0, Severity::Fault);
    }

    #[test]
    fn a_reset_of_an_open_connection_matters_as_its_cause_does() {
        assert_eq!(weight("+0.1 C < S RA 201:201(0) ack 101"), (Severity::Fault, Ground::Cause));
    }
}
