//! What each segment means for its direction.

use super::*;
use crate::connection::TcpState::{CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, TimeWait};

#[test]
fn a_retransmission_is_not_counted_twice() {
    let outcome = open_then(
        "
        0.1 C > S PA 1:101(100) ack 1
        0.3 C > S PA 1:101(100) ack 1
        0.7 C > S PA 51:151(100) ack 1
        0.8 C < S RA 1:1(0) ack 151",
    );
    let client = outcome.connection().half(outcome.connection().client);
    assert_eq!((client.bytes, client.retransmissions), (150, 1));
    assert!(notes(&outcome)[4].has(Notes::RETRANSMISSION));
}

#[test]
fn a_repetition_that_grows_is_one_and_its_tail_is_new() {
    let outcome = open_then(
        "
        0.1 C > S PA 1:335(334) ack 1
        0.4 C > S PA 1:669(668) ack 1
        1.0 C > S PA 1:1362(1361) ack 1
        2.2 C > S RA 1362:1362(0) ack 1",
    );
    let client = outcome.connection().half(outcome.connection().client);
    assert_eq!((client.bytes, client.retransmissions, client.unanswered), (1361, 2, 2));
    assert!(!notes(&outcome)[3].has(Notes::RETRANSMISSION));
    assert!(notes(&outcome)[4].has(Notes::RETRANSMISSION) && notes(&outcome)[5].has(Notes::RETRANSMISSION));
}

#[test]
fn a_keep_alive_and_a_window_probe_are_probes_and_no_data() {
    let outcome = open_then(
        "
        0.1 C > S PA 1:101(100) ack 1
        0.2 C < S A 1:1(0) ack 101 win 0
        0.5 C > S A 100:100(0) ack 1
        0.9 C > S A 100:101(1) ack 1
        1.0 C < S RA 1:1(0) ack 101",
    );
    let connection = outcome.connection();
    assert_eq!(connection.half(connection.client).unanswered, 2);
    assert_eq!(connection.half(connection.client).bytes, 100);
    assert!(connection.half(connection.server()).marks.has(Marks::ZERO_WINDOW));
    assert!(notes(&outcome)[5].has(Notes::PROBE) && notes(&outcome)[6].has(Notes::PROBE));
}

#[test]
fn the_window_is_scaled_only_when_both_ends_scale_and_never_in_a_syn() {
    let window = |text: &str| {
        let outcome = conversation(text).outcome();
        let connection = outcome.connection();
        connection.offered_window(connection.client)
    };
    let rst = "1.0 C < S RA 1:1(0) ack 1";
    let acked = std::format!("{OPEN}\n{rst}");
    assert_eq!(window(&acked), Some(502 << 7));
    assert_eq!(window(&acked.replace("SA 0:0(0) ack 1", "SA 0:0(0) ack 1 opts mss")), Some(502));
    assert_eq!(window("0 C > S S 0:0(0)\n0.1 C < S SA 0:0(0) ack 1\n1.0 C > S R 1:1(0)"), Some(64_240));
    assert_eq!(window("0 C > S A 1:1(0) ack 1\n0.1 C < S A 1:1(0) ack 1\n1.0 C < S RA 1:1(0) ack 1"), None);
}

#[test]
fn numbers_go_around_the_wrap() {
    let text = "
        0.0 C > S PA 4294967000:4294967200(200) ack 4294960000
        0.1 C < S A 4294960000:4294960000(0) ack 4294967200
        0.2 C > S PA 4294967200:0(96) ack 4294960000
        0.3 C < S RA 4294960000:4294960000(0) ack 200";
    let outcome = conversation(text).outcome();
    assert_eq!(outcome.connection().half(outcome.receiver()).bytes, 296);
}

#[test]
fn segments_that_overtake_each_other_leave_no_gap() {
    let outcome = open_then(
        "
        0.1 C > S PA 101:201(100) ack 1
        0.1001 C > S PA 1:101(100) ack 1
        0.2 C < S RA 1:1(0) ack 201",
    );
    let client = outcome.connection().half(outcome.connection().client);
    assert_eq!((client.bytes, client.retransmissions), (200, 0));
    assert!(!outcome.connection().has_gap(outcome.connection().client));
}

#[test]
fn octets_that_the_capture_missed_are_a_gap() {
    let outcome = open_then(
        "
        0.1 C < S A 1:1(0) ack 5001
        0.2 C < S RA 1:1(0) ack 5001",
    );
    assert!(outcome.connection().has_gap(outcome.connection().client));
    assert!(notes(&outcome)[3].has(Notes::ACKS_UNSEEN));
}

#[test]
fn a_segment_that_no_receiver_would_take_moves_nothing() {
    let outcome = open_then(
        "
        0.1 C > S PA 900000001:900000101(100) ack 1
        0.2 C > S PA 1:101(100) ack 1
        0.3 C < S RA 1:1(0) ack 101",
    );
    assert_eq!(outcome.connection().half(outcome.connection().client).bytes, 100);
    assert!(!outcome.connection().has_gap(outcome.connection().client));
    assert!(notes(&outcome)[3].has(Notes::OUT_OF_WINDOW));
}

#[test]
fn a_long_gap_in_the_capture_is_bridged_by_what_the_peer_acknowledges() {
    let outcome = open_then(
        "
        0.1 C > S PA 1:101(100) ack 1
        9.0 C < S A 1:1(0) ack 500000001
        9.1 C > S PA 500000001:500000101(100) ack 1
        9.2 C < S RA 1:1(0) ack 500000101",
    );
    let connection = outcome.connection();
    assert_eq!(connection.relative(connection.client, connection.half(connection.client).nxt), 500_000_101);
}

#[test]
fn crossed_syns_are_one_connection() {
    let text = "
        0.000 C > S:80 S 0:0(0)
        0.001 C < S:80 S 0:0(0)
        0.010 C > S:80 SA 0:0(0) ack 1
        0.011 C < S:80 SA 0:0(0) ack 1
        0.020 C > S:80 PA 1:101(100) ack 1
        0.030 C < S:80 RA 1:1(0) ack 101";
    let captured = conversation(text);
    assert_eq!(captured.counts().connections, 1);
    assert!(captured.outcome().connection().handshake_complete());
}

#[test]
fn the_states_are_those_of_rfc_9293() {
    let states = |rest: &str| {
        let connection = *open_then(rest).connection();
        [connection.state(connection.client), connection.state(connection.server())]
    };
    assert_eq!(states("1 C < S RA 1:1(0) ack 1"), [Established, Established]);
    assert_eq!(states("1 C > S FA 1:1(0) ack 1\n2 C < S RA 1:1(0) ack 1"), [FinWait1, CloseWait]);
    assert_eq!(
        states("1 C > S FA 1:1(0) ack 1\n2 C < S A 1:1(0) ack 2\n3 C < S RA 1:1(0) ack 2"),
        [FinWait2, CloseWait]
    );
    let closed = "1 C > S FA 1:1(0) ack 1\n2 C < S FA 1:1(0) ack 2\n3 C < S R 2:2(0)";
    assert_eq!(states(closed), [TimeWait, LastAck]);
    let crossed = "1 C > S FA 1:1(0) ack 1\n1.01 C < S FA 1:1(0) ack 1\n3 C < S RA 2:2(0) ack 1";
    assert_eq!(states(crossed), [Closing, Closing]);
    let all = "1 C > S FA 1:1(0) ack 1\n2 C < S FA 1:1(0) ack 2\n3 C > S A 2:2(0) ack 2\n4 C > S R 2:2(0)";
    assert_eq!(states(all), [TimeWait, Closed]);
}

#[test]
fn a_capture_from_the_middle_guesses_the_roles_and_says_so() {
    let outcome = conversation("0 C > S PA 1:101(100) ack 1\n0.1 C < S R 1:1(0)").outcome();
    assert_eq!(outcome.connection().roles, crate::connection::Roles::Guessed);
    assert_eq!(outcome.connection().endpoint(outcome.connection().server()).port, 80);
    assert!(!outcome.connection().beginning_seen());
}
