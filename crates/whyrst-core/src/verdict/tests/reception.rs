//! Whether a RST was taken, by what its receiver did afterwards.

use crate::acceptance::Acceptance;
use crate::cause::Severity;
use crate::outcome::Outcome;
use crate::reception::Afterwards;
use crate::testing::conversation;
use crate::verdict::judge;

const OPENED: &str = "
    0.000 C > S S 0:0(0) sum right
    +0.001 C < S SA 0:0(0) ack 1 sum right
    +0.0001 C > S A 1:1(0) ack 1
    +0.001 C > S PA 1:101(100) ack 1
    +0.001 C < S A 1:1(0) ack 101
    +0.001 C > S PA 101:201(100) ack 1
    ";

fn outcome(rest: &str) -> Outcome {
    conversation(&[OPENED, rest].concat()).watched_for(20).outcome()
}

fn accepted(rest: &str) -> Option<bool> {
    let outcome = outcome(rest);
    outcome.reception(outcome.rst().unwrap()).accepted()
}

fn without_effect(rest: &str) -> bool {
    outcome(rest).without_effect().is_some()
}

/// FreeBSD up to 15.1 and macOS compare a RST with the last ACK that they sent.
#[test]
fn a_receiver_that_closes_seconds_later_had_not_taken_it() {
    let rest = "
        +0.0001 C > S RA 201:201(0) ack 1
        +0.0001 C < S A 1:1(0) ack 201
        +3.0 C < S FA 1:1(0) ack 201
        +0.0001 C > S R 201:201(0)";
    assert_eq!(accepted(rest), Some(false));
    let outcome = outcome(rest);
    let reception = outcome.without_effect().expect("it went on");
    assert!(matches!(reception.afterwards, Afterwards::WentOn(_)) && reception.challenge.is_some());
    // The one that ended it is another.
    assert_eq!(outcome.reception(&outcome.rsts()[1]).accepted(), Some(true));
}

#[test]
fn what_was_on_its_way_says_nothing() {
    let rest = "
        +0.0001 C > S RA 201:201(0) ack 1
        +0.0001 C < S A 1:1(0) ack 201";
    assert_eq!(accepted(rest), None);
    assert!(!without_effect(rest));
}

#[test]
fn a_receiver_that_repeats_its_data_has_the_connection() {
    let again = "
        +0.3 C > S PA 101:201(100) ack 1
        +0.8 C > S PA 101:201(100) ack 1
        +1.6 C > S PA 101:201(100) ack 1";
    let reset = |sum: &str| std::format!("+0.0001 C < S R 1:1(0) {sum}{again}");
    for rest in [reset("sum wrong"), reset("")] {
        assert_eq!(accepted(&rest), Some(false));
        assert!(without_effect(&rest));
    }
    assert_eq!(outcome(&reset("sum wrong")).rsts()[0].acceptance, Acceptance::Damaged);
    // A single repetition at once may have crossed it.
    assert!(!without_effect("+0.0001 C < S R 1:1(0)\n+0.3 C > S PA 101:201(100) ack 1"));
}

#[test]
fn a_receiver_that_never_repeats_what_was_unacknowledged_has_no_connection() {
    let rest = "
        +0.001 C < S PA 1:101(100) ack 101
        +0.0001 C < S RA 101:101(0) ack 101";
    assert_eq!(outcome(rest).rsts()[0].acceptance, Acceptance::IfNothingLost);
    assert_eq!(accepted(rest), Some(true));
    // The capture ends with it.
    let cut = conversation(&[OPENED, rest].concat()).outcome();
    assert_eq!(cut.reception(cut.rst().unwrap()).accepted(), None);
}

#[test]
fn a_challenge_that_is_answered_with_the_right_number_has_ended_it() {
    let rest = "
        +1.0 C < S RA 1001:1001(0) ack 201
        +0.0001 C > S A 201:201(0) ack 1
        +0.001 C < S R 1:1(0)";
    assert_eq!(accepted(rest), Some(false));
    assert!(!without_effect(rest));
}

#[test]
fn a_refusal_that_does_not_acknowledge_the_syn_has_no_effect() {
    let inert = "
        0.000 C > S S 0:0(0)
        +0.0001 C < S RA 0:0(0) ack 41
        1.020 C > S S 0:0(0)
        +0.0001 C < S RA 0:0(0) ack 41
        3.070 C > S S 0:0(0)
        +0.0001 C < S RA 0:0(0) ack 41";
    assert!(conversation(inert).outcome().without_effect().is_some());
    let exact = inert.replace("ack 41", "ack 1");
    assert!(conversation(&exact).outcomes().iter().all(|one| one.without_effect().is_none()));
}

#[test]
fn a_reset_that_both_ends_ignore_is_no_fault() {
    let rest = "
        +0.01 C < S RA 5000:5000(0) ack 201
        +1.5 C > S PA 201:301(100) ack 1
        +0.01 C < S PA 1:101(100) ack 301
        +0.01 C > S A 301:301(0) ack 101";
    let outcome = outcome(rest);
    assert!(outcome.rsts_never_taken());
    assert_ne!(judge(&outcome).severity, Severity::Fault);
}

/// Small stacks begin their connections with the same number again.
#[test]
fn another_connection_with_the_same_numbers_is_not_this_one_going_on() {
    let rest = "
        +0.001 C < S A 1:1(0) ack 201
        +1.0 C < S RA 1:1(0) ack 201
        +3.0 C > S S 0:0(0)
        +0.001 C < S SA 7000:7000(0) ack 1
        +0.001 C > S A 1:1(0) ack 7001";
    let outcomes = conversation(&[OPENED, rest].concat()).outcomes();
    assert!(outcomes.first().is_some_and(|one| one.without_effect().is_none()));
}
