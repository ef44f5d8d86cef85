//! Broken clocks of single frames.

use super::*;

const REFUSED: &str = "
    0.000 C:1 > S S 0:0(0)
    0.162 C:1 < S SA 0:0(0) ack 1
    0.1621 C:1 > S R 1:1(0)";

/// The verdicts of a capture in which one packet of a stranger has a broken clock.
fn verdicts(broken: i64, first: bool) -> Vec<(Option<&'static str>, crate::testing::Confidence)> {
    let stranger = std::format!("0.170 X > Y A 1:1(0) ack 1 time {broken}");
    let waiting = "0.171 C:2 > S S 0:0(0)\n0.2 C:2 < S SA 0:0(0) ack 1\n0.21 C:2 > S A 1:1(0) ack 1";
    let text = if first {
        std::format!("{stranger}\n{REFUSED}\n{waiting}")
    } else {
        std::format!("{REFUSED}\n{stranger}\n{waiting}")
    };
    let judged = |outcome: &Outcome| {
        let judgement = judge(outcome);
        (judgement.cause.map(|cause| cause.id), judgement.confidence)
    };
    conversation(&text).outcomes().iter().map(judged).collect()
}

#[test]
fn a_frame_of_another_century_does_not_ruin_the_rest() {
    let wanted = [(Some("connect-abandoned"), crate::testing::Confidence::Likely)];
    for first in [true, false] {
        for broken in [4_102_444_800, 0, START + 90_000, -1] {
            assert_eq!(verdicts(broken, first), wanted, "{broken} {first}");
        }
    }
}

#[test]
fn a_broken_clock_within_the_connection_makes_no_verdict_surer() {
    for broken in [4_102_444_800_i64, 0] {
        let text = std::format!("0.0 C > S S 0:0(0) time {broken}\n0.001 C < S SA 0:0(0) ack 1\n0.0011 C > S R 1:1(0)");
        assert!(judge(&conversation(&text).outcome()).confidence < crate::testing::Confidence::Likely, "{broken}");
    }
}

#[test]
fn a_clock_that_was_set_back_is_no_measure() {
    for (came, left) in [(9_200_000_000, -9_200_000_000_i64), (START + 3_600, START)] {
        let text = std::format!(
            "0.0 C > S S 0:0(0)
            0.1 C < S SA 0:0(0) ack 1
            0.1 C > S A 1:1(0) ack 1 time {came}
            0.2 C < S FA 1:1(0) ack 1 time {left}
            0.3 C > S PA 1:11(10) ack 2
            0.4 C < S R 1:1(0)"
        );
        let outcome = conversation(&text).outcome();
        let asked = &crate::evidence::application::SERVER_LEFT_AT_ONCE;
        assert!(!asked.answer(&outcome).is_yes(), "it would seem to have left before it came");
        judge(&outcome);
    }
}

#[test]
fn small_steps_back_are_nothing_special() {
    let text = "
        0.000 C > S S 0:0(0)
        0.162 C < S SA 0:0(0) ack 1
        0.1619 C > S R 1:1(0)";
    assert_eq!(judge(&conversation(text).outcome()).cause.map(|cause| cause.id), Some("connect-abandoned"));
}
