//! Which RST counts: acceptance as in docs/internals/acceptance.md, triggers, and what belongs together.

use super::*;

#[test]
fn in_syn_sent_only_an_acknowledgment_of_the_syn_counts() {
    let refused = |rst: &str| acceptances(&std::format!("0 C > S S 0:0(0)\n0.1 C < S {rst}"))[0];
    assert_eq!(refused("RA 0:0(0) ack 1"), Acceptance::Exact);
    assert_eq!(refused("RA 0:0(0) ack 2"), Acceptance::WrongAck);
    assert_eq!(refused("RA 0:0(0) ack 0"), Acceptance::WrongAck);
    assert_eq!(refused("R 0:0(0)"), Acceptance::WrongAck);
}

#[test]
fn in_syn_received_only_the_next_number_counts() {
    let request =
        |rst: &str| acceptances(&std::format!("0 C > S S 0:0(0)\n0.1 C < S SA 0:0(0) ack 1\n0.2 C > S {rst}"))[0];
    assert_eq!(request("R 1:1(0)"), Acceptance::Exact);
    assert_eq!(request("R 1001:1001(0)"), Acceptance::Challenged);
    assert_eq!(request("R 3000000000:3000000000(0)"), Acceptance::Ignored);
    assert_eq!(request("R 100000:100000(0)"), Acceptance::Ignored);
}

#[test]
fn in_established_the_exact_number_counts_and_the_window_draws_a_challenge() {
    let established = |rst: &str| {
        acceptances(&std::format!("{OPEN}\n0.1 C < S PA 1:101(100) ack 1\n0.2 C > S A 1:1(0) ack 101\n0.3 C < S {rst}"))
            [0]
    };
    assert_eq!(established("RA 101:101(0) ack 1"), Acceptance::Exact);
    assert_eq!(established("R 102:102(0)"), Acceptance::Challenged);
    assert_eq!(established("R 64000:64000(0)"), Acceptance::Challenged);
    assert_eq!(established("R 65000:65000(0)"), Acceptance::Ignored);
    assert_eq!(established("R 100:100(0)"), Acceptance::Ignored);
}

#[test]
fn data_that_is_not_acknowledged_yet_may_or_may_not_have_arrived() {
    let text = std::format!("{OPEN}\n0.1 C < S PA 1:101(100) ack 1\n0.1001 C < S RA 101:101(0) ack 1");
    assert_eq!(acceptances(&text), [Acceptance::IfNothingLost]);
}

#[test]
fn after_a_fin_the_number_before_it_counts_too() {
    let text = std::format!(
        "{OPEN}\n0.1 C < S FA 1:1(0) ack 1\n0.2 C > S A 1:1(0) ack 2\n0.3 C < S RA 1:1(0) ack 1 ts none id 9"
    );
    assert_eq!(acceptances(&text), [Acceptance::Exact]);
}

#[test]
fn the_end_of_what_arrived_out_of_order_counts_too() {
    let text = std::format!(
        "{OPEN}\n0.1 C < S PA 101:201(100) ack 1\n0.2 C > S A 1:1(0) ack 1 sack 201\n0.3 C < S RA 201:201(0) ack 1"
    );
    assert_eq!(acceptances(&text), [Acceptance::Exact]);
}

#[test]
fn a_time_wait_takes_only_the_exact_number() {
    let closed = std::format!("{OPEN}\n0.1 C > S FA 1:1(0) ack 1\n0.2 C < S FA 1:1(0) ack 2\n0.3 C > S A 2:2(0) ack 2");
    assert_eq!(acceptances(&std::format!("{closed}\n0.4 C < S R 2:2(0)")), [Acceptance::Exact]);
    assert_eq!(acceptances(&std::format!("{closed}\n0.4 C < S R 50:50(0)")), [Acceptance::Ignored]);
}

#[test]
fn on_a_signed_connection_an_unsigned_reset_is_ignored() {
    let signed = std::format!("{OPEN}\n0.2 C > S A 1:1(0) ack 1 opts md5\n0.3 C < S A 1:1(0) ack 1 opts md5");
    assert_eq!(acceptances(&std::format!("{signed}\n0.4 C < S RA 1:1(0) ack 1")), [Acceptance::Unsigned]);
    assert_eq!(acceptances(&std::format!("{signed}\n0.4 C < S RA 1:1(0) ack 1 opts md5")), [Acceptance::Exact]);
}

/// Network cards complete the checksums of their own host behind the capture point: then all are wrong.
#[test]
fn a_wrong_checksum_counts_where_the_others_of_its_sender_are_right() {
    let reset = |syn_ack: &str, rst: &str| {
        let text = std::format!(
            "0 C > S S 0:0(0) sum right\n+0.001 C < S SA 0:0(0) ack 1 {syn_ack}\n+0.001 C > S A 1:1(0) ack 1\n\
             1 C < S RA 1:1(0) ack 1 {rst}"
        );
        acceptances(&text)[0]
    };
    assert_eq!(reset("sum right", "sum wrong"), Acceptance::Damaged);
    assert_eq!(reset("sum right", "sum right"), Acceptance::Exact);
    assert_eq!(reset("sum wrong", "sum wrong"), Acceptance::Exact);
    assert_eq!(reset("", "sum wrong"), Acceptance::Exact);
}

#[test]
fn without_the_window_scale_a_distant_number_is_not_judged() {
    let text = "
        0 C > S A 1:1(0) ack 1
        0.1 C < S A 1:1(0) ack 1
        0.2 C < S R 5001:5001(0)";
    assert_eq!(acceptances(text), [Acceptance::Unknown]);
}

#[test]
fn an_inexact_reset_a_challenge_and_the_second_reset_are_one_end_and_the_first_decides() {
    let outcome = open_then(
        "
        0.1 C > S PA 1:101(100) ack 1
        0.2 C < S A 1:1(0) ack 101
        1.0 C < S RA 1001:1001(0) ack 101
        1.0001 C > S A 101:101(0) ack 1
        1.0010 C < S R 1:1(0)",
    );
    assert_eq!(outcome.rsts_total(), 2);
    assert_eq!(outcome.rst().map(|rst| rst.record.flags.has(Flags::ACK)), Some(true));
    assert_eq!(outcome.rsts()[0].acceptance, Acceptance::Challenged);
    assert_eq!(outcome.rsts()[1].acceptance, Acceptance::Exact);
    assert_eq!(judge(&outcome).cause.map(|cause| cause.id), Some("close-unread"));
}

#[test]
fn the_trigger_is_the_segment_whose_ack_number_was_copied() {
    let outcome = open_then(
        "
        0.1 C < S PA 1:101(100) ack 1
        0.2 C > S A 1:1(0) ack 101
        0.3 C > S PA 1:51(50) ack 101
        0.3001 C < S R 101:101(0)",
    );
    assert_eq!(outcome.rst().and_then(|rst| rst.trigger).map(|trigger| trigger.frame.number()), Some(6));
}

#[test]
fn what_the_sender_acknowledged_since_is_not_what_it_answered_and_nor_is_what_came_before_that() {
    let acknowledged = "
        0.1 C > S PA 1:51(50) ack 1
        0.2 C < S A 1:1(0) ack 51
        0.3 C < S R 1:1(0)";
    assert_eq!(open_then(acknowledged).rst().and_then(|rst| rst.trigger), None);
    let unacknowledged = acknowledged.replace("1:1(0) ack 51", "1:1(0) ack 1");
    let trigger = open_then(&unacknowledged).rst().and_then(|rst| rst.trigger);
    assert_eq!(trigger.map(|trigger| trigger.frame.number()), Some(4));
}

/// Its acknowledgments took a millisecond: what lies a second before the RST was answered long ago.
#[test]
fn what_a_host_would_have_answered_long_ago_is_not_what_the_reset_answers() {
    let after = |time: &str| {
        let text = std::format!(
            "
            0.1 C > S PA 1:51(50) ack 1
            0.101 C < S A 1:1(0) ack 51
            0.2 C > S A 51:51(0) ack 1
            {time} C < S R 1:1(0)"
        );
        open_then(&text).rst().and_then(|rst| rst.trigger).map(|trigger| trigger.frame.number())
    };
    assert_eq!((after("0.3"), after("1.2")), (Some(6), None));
}

#[test]
fn resets_after_the_verdict_are_counted_and_are_no_new_connection() {
    let text = std::format!(
        "{OPEN}
        1.0 C < S RA 1:1(0) ack 1
        26.0 X > Y A 1:1(0) ack 1
        27.0 C > S PA 1:101(100) ack 1
        27.1 C < S R 1:1(0)"
    );
    let captured = conversation(&text);
    assert_eq!(captured.outcomes().len(), 1);
    let counts = captured.counts();
    assert_eq!((counts.rst_segments, counts.late_resets, counts.reset_connections), (2, 1, 1));
}

#[test]
fn a_train_of_resets_is_one_end() {
    let outcome = open_then(
        "
        0.1000 C > S PA 1:101(100) ack 1
        0.1001 C > S PA 101:201(100) ack 1
        0.1002 C > S PA 201:301(100) ack 1
        0.1003 C < S RA 1:1(0) ack 101
        0.1004 C < S R 1:1(0)
        0.1005 C < S R 1:1(0)",
    );
    assert_eq!(outcome.rsts_total(), 3);
}
