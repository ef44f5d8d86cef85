//! What the signs of a forgery do to a verdict.

use crate::evidence::forgery::*;
use crate::evidence::{Answer, Question};
use crate::testing::{conversation, judged};
use crate::verdict::{Confidence, Origin, judge};
use alloc::string::{String, ToString};
use std::format;

const REQUEST: &str = "
    0.000 C > S S 0:0(0)
    +0.010 C < S SA 0:0(0) ack 1
    +0.0001 C > S A 1:1(0) ack 1
    +0.001 C > S PA 1:301(300) ack 1
    +0.010 C < S A 1:1(0) ack 301
    ";

fn with(rest: &str) -> String {
    REQUEST.to_string() + rest
}

fn ask(question: &Question, rest: &str) -> Answer {
    question.answer(&conversation(&with(rest)).outcome())
}

#[test]
fn a_ladder_of_numbers_is_no_stack_s() {
    let ladder = "
        +0.005 C < S RA 1:1(0) ack 301 win 500
        +0.0001 C < S RA 1461:1461(0) ack 301 win 501
        +0.0001 C < S RA 4381:4381(0) ack 301 win 502";
    assert!(ask(&RST_SEQ_CLIMBS, ladder).is_yes());
    assert!(ask(&RST_WINDOWS_COUNT, ladder).is_yes());
    let judgement = judged(&with(ladder));
    assert_eq!(judgement.origin, Origin::Path);
    assert!(judgement.confidence >= Confidence::Possible);
}

#[test]
fn the_train_of_resets_after_an_abort_does_not_climb() {
    let train = "
        +0.005 C < S RA 1:1(0) ack 301
        +0.0001 C > S PA 301:401(100) ack 1
        +0.0001 C > S PA 401:501(100) ack 1
        +0.010 C < S R 1:1(0)
        +0.0001 C < S R 1:1(0)";
    assert!(ask(&RST_SEQ_CLIMBS, train).is_no());
    assert!(ask(&RST_WINDOWS_COUNT, train).is_no());
}

#[test]
fn a_reset_behind_data_that_the_capture_missed_does_not_climb() {
    let missed = "
        +0.005 C < S PA 1:1001(1000) ack 301
        +0.005 C < S RA 1:1(0) ack 301
        +0.005 C > S A 301:301(0) ack 3001
        +0.005 C < S R 3001:3001(0)";
    assert!(!ask(&RST_SEQ_CLIMBS, missed).is_yes());
}

#[test]
fn both_ends_reset_at_once_is_a_sign_unless_something_crossed() {
    let both = "
        +0.005 C < S RA 1:1(0) ack 301
        +0.0005 C > S RA 301:301(0) ack 1";
    assert!(ask(&RSTS_BOTH_WAYS, both).is_yes());
    let crossed = "
        +0.005 C > S RA 301:301(0) ack 1
        +0.0005 C < S PA 1:101(100) ack 301
        +0.0005 C > S R 301:301(0)";
    assert!(ask(&RSTS_BOTH_WAYS, crossed).is_no());
    let later = format!("{both}\n").replace("+0.0005", "+0.5");
    assert!(ask(&RSTS_BOTH_WAYS, &later).is_no());
}

#[test]
fn what_a_syn_proxy_hands_on_is_not_the_paths_own() {
    let text = |window: &str| {
        std::format!(
            "0.000 C > S S 0:0(0)\n+0.005 C < S SA 0:0(0) ack 1 {window}\n+0.0001 C > S A 1:1(0) ack 1
            +0.010 C < S RA 1:1(0) ack 1 win 0 ts none ttl 63"
        )
    };
    let origin = |window: &str| judged(&text(window)).origin;
    assert_eq!((origin("win 0"), origin("")), (Origin::Unknown, Origin::Path));
}

#[test]
fn a_refusal_from_as_far_as_its_hosts_other_ports_is_the_hosts_own() {
    let refused = "0.000 C > S:90 S 0:0(0)\n+0.001 C < S:90 RA 0:0(0) ack 1 ttl 61\n";
    let other = "1.000 C:2 > S S 0:0(0)\n+0.01 C:2 < S SA 0:0(0) ack 1 ttl 61";
    let origin = |text: &str| judge(&conversation(text).outcomes().remove(0)).origin;
    assert_eq!(origin(refused), Origin::Unknown);
    assert_eq!(origin(&[refused, other].concat()), Origin::Endpoint);
    assert_ne!(origin(&[&refused.replace("ttl 61", "ttl 63"), other].concat()), Origin::Endpoint);
}
