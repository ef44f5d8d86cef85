//! When outcomes are told and connections forgotten.

use super::*;
use crate::outcome::OutcomeKind;

fn fed(text: &str, limits: Limits) -> Tracker {
    let mut tracker = Tracker::new(limits);
    for (number, packet) in conversation(text).packets.iter().enumerate() {
        tracker.observe(&packet.observation(number));
    }
    tracker
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_nanos((START + seconds) * 1_000_000_000)
}

#[test]
fn a_reset_is_told_when_its_connection_has_been_quiet() {
    let mut tracker = fed(&std::format!("{OPEN}\n1.0 C < S RA 1:1(0) ack 1"), Limits::default());
    assert!(tracker.poll().is_none());
    tracker.advance(at(20));
    assert!(tracker.poll().is_none());
    tracker.advance(at(22));
    assert!(tracker.poll().is_some());
    assert!(tracker.poll().is_none());
    tracker.finish();
    assert!(tracker.poll().is_none());
}

#[test]
fn what_is_known_when_a_reset_is_settled_does_not_depend_on_strangers() {
    let told = |between: &str| {
        let refused = "0.0 C:1 > S S 0:0(0)\n0.1 C:1 < S RA 0:0(0) ack 1";
        let answered = "20.2 C:2 < S SA 0:0(0) ack 1";
        let mut tracker = fed(&std::format!("{refused}\n{between}\n{answered}"), Limits::default());
        tracker.finish();
        core::iter::from_fn(|| tracker.poll()).find(|outcome| outcome.kind() == OutcomeKind::Reset).unwrap()
    };
    let (alone, beside) = (told(""), told("20.15 D > E S 0:0(0)"));
    assert_eq!(alone.service_later(), beside.service_later());
    assert_eq!(alone.service_later().accepted, None, "it was due at 20.1 s");
}

#[test]
fn a_connection_that_never_falls_quiet_is_told_at_the_latest_after_the_bound() {
    let mut text = std::format!("{OPEN}\n1.0 C < S RA 1:1(0) ack 1");
    for step in 1..13 {
        text.extend([std::format!("\n{}.0 C > S PA 1:101(100) ack 1\n{}.1 C < S R 1:1(0)", step * 10, step * 10)]);
    }
    let mut tracker = fed(&text, Limits::default());
    assert!(tracker.poll().is_none());
    tracker.advance(at(142));
    assert_eq!(tracker.poll().map(|outcome| outcome.rsts_total()), Some(13));
}

#[test]
fn an_unanswered_syn_is_given_up_in_time_and_one_that_is_repeated_later() {
    let mut tracker = fed("0 C > S S 0:0(0)\n60 C > S S 0:0(0)", Limits::default());
    tracker.advance(at(131));
    assert!(tracker.poll().is_none(), "the SYN was sent again 70 s ago");
    tracker.advance(at(300));
    assert_eq!(tracker.poll().map(|outcome| outcome.kind()), Some(OutcomeKind::FailedConnect));
    assert_eq!(tracker.live(), 0);
}

#[test]
fn resets_come_in_the_order_of_their_first_rst() {
    let text = "
        0.0 C:1 > S S 0:0(0)
        0.1 C:2 > S S 0:0(0)
        0.2 C:2 < S RA 0:0(0) ack 1
        0.3 C:1 < S RA 0:0(0) ack 1
        0.4 C:2 > S S 90000:90000(0)
        0.5 C:2 < S RA 0:0(0) ack 90001";
    let order: Vec<u64> = conversation(text)
        .outcomes()
        .iter()
        .map(|outcome| outcome.rst().map_or(0, |rst| rst.record.frame.number()))
        .collect();
    assert_eq!(order, [3, 4, 6]);
}

#[test]
fn the_bound_on_connections_is_kept_and_what_is_forgotten_is_counted() {
    let mut text = String::new();
    for port in 1..=100 {
        text.extend([std::format!("{}.0 C:{port} > S S 0:0(0)\n+0.1 C:{port} < S SA 0:0(0) ack 1\n", port / 100)]);
    }
    text += "2.0 C:1 > S PA 1:101(100) ack 1\n2.1 C:1 < S R 1:1(0)";
    let limits = Limits { connections: 10, ..Limits::default() };
    let mut tracker = fed(&text, limits);
    assert!(tracker.live() <= 10);
    assert_eq!(tracker.counts().forgotten, 91);
    tracker.finish();
    let outcome = core::iter::from_fn(|| tracker.poll()).find(|outcome| outcome.kind() == OutcomeKind::Reset);
    let outcome = outcome.expect("the reset of a forgotten connection");
    assert!(!outcome.connection().beginning_seen(), "what was forgotten must not be claimed to be seen");
    assert!(judge(&outcome).confidence <= crate::testing::Confidence::Possible);
}

#[test]
fn closed_connections_are_forgotten_after_a_while() {
    let text = std::format!("{OPEN}\n0.1 C > S FA 1:1(0) ack 1\n0.2 C < S FA 1:1(0) ack 2\n0.3 C > S A 2:2(0) ack 2");
    let mut tracker = fed(&text, Limits::default());
    tracker.advance(at(5));
    assert_eq!(tracker.live(), 1);
    tracker.advance(at(20));
    assert_eq!(tracker.live(), 0);
}
