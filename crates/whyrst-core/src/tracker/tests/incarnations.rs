//! Where one connection of a pair of endpoints ends and the next begins.

use super::*;

#[test]
fn a_new_syn_after_a_close_begins_a_new_connection() {
    let text = std::format!(
        "{OPEN}
        0.1 C > S FA 1:1(0) ack 1
        0.2 C < S FA 1:1(0) ack 2
        0.3 C > S A 2:2(0) ack 2
        1.0 C > S S 90000:90000(0)
        1.1 C < S RA 0:0(0) ack 90001"
    );
    let captured = conversation(&text);
    assert_eq!(captured.counts().connections, 2);
    let outcome = captured.outcome();
    assert_eq!(outcome.connection().earlier, Some(crate::connection::TcpState::Closed));
    assert_eq!(judge(&outcome).cause.map(|cause| cause.id), Some("closed-port"));
}

#[test]
fn a_new_syn_within_the_settle_time_settles_the_reset_before() {
    let text = std::format!(
        "{OPEN}
        0.1 C > S RA 1:1(0) ack 1
        0.2 C > S S 90000:90000(0)
        0.3 C < S SA 90000:90000(0) ack 90001
        0.4 C > S A 90001:90001(0) ack 90001
        0.5 C > S RA 90001:90001(0) ack 90001"
    );
    let outcomes = conversation(&text).outcomes();
    assert_eq!(outcomes.len(), 2);
    assert!(outcomes.iter().all(|outcome| outcome.rsts_total() == 1));
}

#[test]
fn a_syn_on_a_living_connection_replaces_it_only_when_it_is_answered() {
    let spoofed = std::format!(
        "{OPEN}
        0.1 C > S PA 1:101(100) ack 1
        0.11 C < S A 1:1(0) ack 101
        0.2 C > S S 90000:90000(0)
        0.21 C < S A 1:1(0) ack 101
        0.3 C > S PA 101:201(100) ack 1
        0.31 C < S RA 1:1(0) ack 201"
    );
    let captured = conversation(&spoofed);
    assert_eq!(captured.counts().connections, 1);
    assert_eq!(captured.outcome().connection().half(captured.outcome().receiver()).bytes, 200);

    let reused = std::format!(
        "{OPEN}
        9.0 C > S S 90000:90000(0)
        9.1 C < S SA 70000:70000(0) ack 90001
        9.2 C > S A 90001:90001(0) ack 70001
        9.3 C > S PA 90001:90101(100) ack 70001
        9.4 C < S RA 70001:70001(0) ack 90101"
    );
    let captured = conversation(&reused);
    assert_eq!(captured.counts().connections, 2);
    let outcome = captured.outcome();
    assert!(outcome.connection().handshake_complete());
    assert_eq!(outcome.syn().map(|syn| syn.frame.number()), Some(4));
    assert_eq!(outcome.connection().half(outcome.receiver()).bytes, 100);
}

#[test]
fn a_refused_syn_on_a_connection_that_seemed_to_live_is_a_refusal() {
    let text = std::format!(
        "{OPEN}
        9.0 C > S S 90000:90000(0)
        9.1 C < S RA 0:0(0) ack 90001"
    );
    let outcome = conversation(&text).outcome();
    assert_eq!(judge(&outcome).cause.map(|cause| cause.id), Some("closed-port"));
}

#[test]
fn a_reset_in_the_handshake_does_not_hide_the_later_end() {
    let text = "
        0.000 C > S S 0:0(0)
        0.001 C < S A 5000:5000(0) ack 7000
        0.0011 C > S R 7000:7000(0)
        0.012 C > S S 0:0(0)
        0.013 C < S SA 0:0(0) ack 1
        0.014 C > S A 1:1(0) ack 1
        0.020 C > S PA 1:101(100) ack 1
        5.000 C < S RA 1:1(0) ack 101";
    let outcomes = conversation(text).outcomes();
    assert_eq!(outcomes.len(), 2, "{outcomes:#?}");
    assert_eq!(judge(&outcomes[1]).cause.map(|cause| cause.id), Some("close-unread"));
}

#[test]
fn a_client_that_closes_with_the_handshakes_last_packet_has_completed_it() {
    let text = "
        0.000 C > S S 0:0(0)
        0.001 C < S SA 0:0(0) ack 1
        0.002 C > S FA 1:1(0) ack 1
        0.003 C < S RA 1:1(0) ack 2";
    let outcome = conversation(text).outcome();
    assert!(outcome.connection().handshake_complete());
    assert_eq!(judge(&outcome).cause.map(|cause| cause.id), Some("linger-zero"));
}

#[test]
fn a_client_that_gives_up_with_a_fin_before_any_answer_is_still_unanswered() {
    let text = "
        0.000 C > S S 0:0(0)
        1.000 C > S S 0:0(0)
        1.500 C > S F 1:1(0)";
    let outcome = conversation(text).outcome();
    assert_eq!(judge(&outcome).cause.map(|cause| cause.id), Some("syn-unanswered"));
}

#[test]
fn a_syn_that_is_refused_again_and_again_is_one_refusal() {
    let text = "
        0.0 C > S S 0:0(0)
        0.1 C < S RA 0:0(0) ack 1
        0.6 C > S S 0:0(0)
        0.7 C < S RA 0:0(0) ack 1
        1.2 C > S S 0:0(0)
        1.3 C < S RA 0:0(0) ack 1";
    let outcome = conversation(text).outcome();
    assert_eq!((outcome.rsts_total(), outcome.service_later().refusals), (3, 1));
    assert_eq!(judge(&outcome).cause.map(|cause| cause.id), Some("closed-port"));
}
