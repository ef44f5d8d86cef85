//! What a RST's own words do to a verdict.

use crate::evidence::Answer;
use crate::evidence::said::*;
use crate::outcome::Outcome;
use crate::testing::conversation;
use crate::verdict::{Confidence, judge};

const CLOSED: &str = "
    0.000 C > S S 0:0(0)
    +0.001 C < S SA 0:0(0) ack 1
    +0.0001 C > S A 1:1(0) ack 1
    0.010 C < S FA 1:1(0) ack 1
    +0.040 C > S A 1:1(0) ack 2
    1.000 C > S PA 1:101(100) ack 2
    +0.001 C < S R 2:2(0)";

fn with_payload(payload: &[u8]) -> Outcome {
    let mut outcome = conversation(CLOSED).outcome();
    let Outcome::Reset(reset) = &mut outcome else { panic!("it is reset") };
    let rst = &mut reset.rsts.as_mut_slice()[0];
    rst.record.len = u32::try_from(payload.len()).unwrap();
    rst.payload = payload.to_vec();
    outcome
}

#[test]
fn a_reason_in_the_rst_is_evidence_and_no_verdict() {
    let claimed = with_payload(b"BIG-IP: [0x1:2] Flow expired");
    assert!(RST_SAYS_TIMED_OUT.answer(&claimed).is_yes());
    assert!(RST_SAYS_DATA_AFTER_CLOSE.answer(&claimed).is_no());
    let judgement = judge(&claimed);
    assert!(judgement.confidence < Confidence::Certain);
}

#[test]
fn a_rst_without_a_reason_leaves_it_open() {
    assert_eq!(RST_SAYS_DATA_AFTER_CLOSE.answer(&with_payload(b"")), Answer::Unknown);
    assert_eq!(RST_SAYS_FORBIDDEN.answer(&with_payload(b"mystery")), Answer::Unknown);
}

/// The draft's registry was renumbered: a number alone does not say which of the two it is of.
#[test]
fn a_code_of_the_diagnostic_payload_supports_nothing() {
    for code in 1..=20 {
        let claimed = with_payload(&[0x33, 0xaa, 0, code, 0, 0, 0, 0]);
        for question in [&RST_SAYS_DATA_AFTER_CLOSE, &RST_SAYS_ABORTED, &RST_SAYS_TIMED_OUT, &RST_SAYS_EXHAUSTED] {
            assert_eq!(question.answer(&claimed), Answer::Unknown, "{code}");
        }
    }
}
