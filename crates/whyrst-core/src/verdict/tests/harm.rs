//! What a reset took away, by the verdict on it.

use crate::harm::*;
use crate::testing::conversation;
use crate::verdict::judge;

const OPENED: &str = "
    0.000 C > S S 0:0(0)
    +0.001 C < S SA 0:0(0) ack 1
    +0.0001 C > S A 1:1(0) ack 1
    ";

fn measured(rest: &str) -> (Certainty, Option<u64>, u64) {
    let outcome = conversation(&[OPENED, rest].concat()).outcome();
    let harm = harm(&outcome, judge(&outcome).kind);
    (harm.certainty, harm.lost_client_bytes, harm.surely_client_bytes)
}

#[test]
fn data_to_a_socket_that_said_fin_is_lost_exactly() {
    let rest = "
        +0.001 C < S FA 1:1(0) ack 1
        +0.001 C > S A 1:1(0) ack 2
        +0.1 C > S PA 1:101(100) ack 2
        +0.001 C < S R 2:2(0)";
    assert_eq!(measured(rest), (Certainty::Exact, Some(100), 100));
}

#[test]
fn what_an_abort_acknowledges_may_or_may_not_have_been_read() {
    let rest = "
        +0.001 C > S PA 1:5001(5000) ack 1
        +0.001 C < S A 1:1(0) ack 5001
        +0.1 C < S RA 1:1(0) ack 5001";
    assert_eq!(measured(rest), (Certainty::AtMost, Some(5000), 0));
}

#[test]
fn what_came_after_an_abort_is_lost_for_certain() {
    let rest = "
        +0.001 C > S PA 1:101(100) ack 1
        +0.001 C < S A 1:1(0) ack 101
        +0.1 C < S RA 1:1(0) ack 101
        +0.0001 C > S PA 101:201(100) ack 1";
    assert_eq!(measured(rest), (Certainty::AtMost, Some(200), 100));
}

#[test]
fn a_repeated_segment_may_have_been_read_the_first_time() {
    let rest = "
        +0.001 C > S PA 1:101(100) ack 1
        +0.2 C > S PA 1:101(100) ack 1
        +0.001 C < S R 1:1(0)";
    assert_eq!(measured(rest), (Certainty::AtMost, Some(100), 0));
}

/// A greeting or an early answer is no proof that the request was read, nor is a FIN before an abort.
#[test]
fn what_was_answered_last_may_be_unread_when_its_receiver_aborts() {
    let asks = "
        +0.001 C > S PA 1:101(100) ack 1
        +0.001 C < S PA 1:51(50) ack 101
        +0.001 C > S PA 101:1101(1000) ack 51
        +0.001 C < S PA 51:101(50) ack 1101";
    let abort = "\n+0.1 C < S RA 101:101(0) ack 1101";
    let fin = "\n+0.1 C < S FA 101:101(0) ack 1101";
    assert_eq!(measured(&[asks, abort].concat()), (Certainty::AtMost, Some(1000), 0));
    assert_eq!(
        measured(&[asks, fin, "\n+0.1 C < S RA 102:102(0) ack 1101"].concat()),
        (Certainty::AtMost, Some(1000), 0)
    );
}
