//! What a tracker makes of conversations: what each segment means, which reset counts, what is a
//! copy, and that strangers cannot make it grow.

use std::string::String;
use std::vec::Vec;

use super::*;
use crate::ending::Acceptance;
use crate::history::Notes;
use crate::testing::{START, conversation};
use crate::verdict::judge;

const OPEN: &str = "
    0.000 C > S S 0:0(0)
    +0.001 C < S SA 0:0(0) ack 1
    +0.0001 C > S A 1:1(0) ack 1";

fn open_then(rest: &str) -> Ending {
    conversation(&std::format!("{OPEN}\n{rest}")).ending()
}

fn acceptances(text: &str) -> Vec<Acceptance> {
    conversation(text).ending().resets.iter().map(|rst| rst.acceptance).collect()
}

fn notes(ending: &Ending) -> Vec<Notes> {
    ending.before.iter().map(|record| record.notes).collect()
}

mod segments {
    use super::*;

    #[test]
    fn a_retransmission_is_not_counted_twice() {
        let ending = open_then(
            "
            0.1 C > S PA 1:101(100) ack 1
            0.3 C > S PA 1:101(100) ack 1
            0.7 C > S PA 51:151(100) ack 1
            0.8 C < S RA 1:1(0) ack 151",
        );
        let client = ending.connection.half(ending.connection.client);
        assert_eq!((client.bytes, client.retransmissions), (150, 1));
        assert!(notes(&ending)[4].has(Notes::RETRANSMISSION));
    }

    #[test]
    fn a_keep_alive_and_a_window_probe_are_probes_and_no_data() {
        let ending = open_then(
            "
            0.1 C > S PA 1:101(100) ack 1
            0.2 C < S A 1:1(0) ack 101 win 0
            0.5 C > S A 100:100(0) ack 1
            0.9 C > S A 100:101(1) ack 1
            1.0 C < S RA 1:1(0) ack 101",
        );
        let connection = &ending.connection;
        assert_eq!(connection.half(connection.client).unanswered, 2);
        assert_eq!(connection.half(connection.client).bytes, 100);
        assert!(connection.half(connection.server()).marks.has(Marks::ZERO_WINDOW));
        assert!(notes(&ending)[5].has(Notes::PROBE) && notes(&ending)[6].has(Notes::PROBE));
    }

    #[test]
    fn the_window_is_scaled_only_when_both_ends_scale_and_never_in_a_syn() {
        let window = |text: &str| {
            let ending = conversation(text).ending();
            let connection = ending.connection;
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
        let ending = conversation(text).ending();
        assert_eq!(ending.connection.half(ending.receiver()).bytes, 296);
    }

    #[test]
    fn segments_that_overtake_each_other_leave_no_gap() {
        let ending = open_then(
            "
            0.1 C > S PA 101:201(100) ack 1
            0.1001 C > S PA 1:101(100) ack 1
            0.2 C < S RA 1:1(0) ack 201",
        );
        let client = ending.connection.half(ending.connection.client);
        assert_eq!((client.bytes, client.retransmissions), (200, 0));
        assert!(!ending.connection.has_gap(ending.connection.client));
    }

    #[test]
    fn octets_that_the_capture_missed_are_a_gap() {
        let ending = open_then(
            "
            0.1 C < S A 1:1(0) ack 5001
            0.2 C < S RA 1:1(0) ack 5001",
        );
        assert!(ending.connection.has_gap(ending.connection.client));
        assert!(notes(&ending)[3].has(Notes::ACKS_UNSEEN));
    }

    #[test]
    fn a_segment_that_no_receiver_would_take_moves_nothing() {
        let ending = open_then(
            "
            0.1 C > S PA 900000001:900000101(100) ack 1
            0.2 C > S PA 1:101(100) ack 1
            0.3 C < S RA 1:1(0) ack 101",
        );
        assert_eq!(ending.connection.half(ending.connection.client).bytes, 100);
        assert!(!ending.connection.has_gap(ending.connection.client));
        assert!(notes(&ending)[3].has(Notes::OUT_OF_WINDOW));
    }

    #[test]
    fn a_long_gap_in_the_capture_is_bridged_by_what_the_peer_acknowledges() {
        let ending = open_then(
            "
            0.1 C > S PA 1:101(100) ack 1
            9.0 C < S A 1:1(0) ack 500000001
            9.1 C > S PA 500000001:500000101(100) ack 1
            9.2 C < S RA 1:1(0) ack 500000101",
        );
        let connection = ending.connection;
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
        assert!(captured.ending().connection.handshake_complete());
    }

    #[test]
    fn the_states_are_those_of_rfc_9293() {
        let states = |rest: &str| {
            let connection = open_then(rest).connection;
            [connection.state(connection.client), connection.state(connection.server())]
        };
        use crate::connection::TcpState::*;
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
        let ending = conversation("0 C > S PA 1:101(100) ack 1\n0.1 C < S R 1:1(0)").ending();
        assert_eq!(ending.connection.roles, crate::connection::Roles::Guessed);
        assert_eq!(ending.connection.endpoint(ending.connection.server()).port, 80);
        assert!(!ending.connection.beginning_seen());
    }
}

mod incarnations {
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
        let ending = captured.ending();
        assert_eq!(ending.connection.earlier, Some(crate::connection::TcpState::Closed));
        assert_eq!(judge(&ending).cause.map(|cause| cause.id), Some("closed-port"));
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
        let endings = conversation(&text).endings();
        assert_eq!(endings.len(), 2);
        assert!(endings.iter().all(|ending| ending.resets_total == 1));
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
        assert_eq!(captured.ending().connection.half(captured.ending().receiver()).bytes, 200);

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
        let ending = captured.ending();
        assert!(ending.connection.handshake_complete());
        assert_eq!(ending.syn().map(|syn| syn.frame.number()), Some(4));
        assert_eq!(ending.connection.half(ending.receiver()).bytes, 100);
    }

    #[test]
    fn a_refused_syn_on_a_connection_that_seemed_to_live_is_a_refusal() {
        let text = std::format!(
            "{OPEN}
            9.0 C > S S 90000:90000(0)
            9.1 C < S RA 0:0(0) ack 90001"
        );
        let ending = conversation(&text).ending();
        assert_eq!(judge(&ending).cause.map(|cause| cause.id), Some("closed-port"));
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
        let endings = conversation(text).endings();
        assert_eq!(endings.len(), 2, "{endings:#?}");
        assert_eq!(judge(&endings[1]).cause.map(|cause| cause.id), Some("close-unread"));
    }
}

mod resets {
    use super::*;

    #[test]
    fn in_syn_sent_only_an_acknowledgment_of_the_syn_counts() {
        let refused = |rst: &str| acceptances(&std::format!("0 C > S S 0:0(0)\n0.1 C < S {rst}"))[0];
        assert_eq!(refused("RA 0:0(0) ack 1"), Acceptance::Exact);
        assert_eq!(refused("RA 0:0(0) ack 2"), Acceptance::Ignored);
        assert_eq!(refused("RA 0:0(0) ack 0"), Acceptance::Ignored);
        assert_eq!(refused("R 0:0(0)"), Acceptance::Ignored);
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
            acceptances(&std::format!(
                "{OPEN}\n0.1 C < S PA 1:101(100) ack 1\n0.2 C > S A 1:1(0) ack 101\n0.3 C < S {rst}"
            ))[0]
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
        let closed =
            std::format!("{OPEN}\n0.1 C > S FA 1:1(0) ack 1\n0.2 C < S FA 1:1(0) ack 2\n0.3 C > S A 2:2(0) ack 2");
        assert_eq!(acceptances(&std::format!("{closed}\n0.4 C < S R 2:2(0)")), [Acceptance::Exact]);
        assert_eq!(acceptances(&std::format!("{closed}\n0.4 C < S R 50:50(0)")), [Acceptance::Ignored]);
    }

    #[test]
    fn on_a_signed_connection_an_unsigned_reset_is_ignored() {
        let signed = std::format!("{OPEN}\n0.2 C > S A 1:1(0) ack 1 opts md5\n0.3 C < S A 1:1(0) ack 1 opts md5");
        assert_eq!(acceptances(&std::format!("{signed}\n0.4 C < S RA 1:1(0) ack 1")), [Acceptance::Ignored]);
        assert_eq!(acceptances(&std::format!("{signed}\n0.4 C < S RA 1:1(0) ack 1 opts md5")), [Acceptance::Exact]);
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
        let ending = open_then(
            "
            0.1 C > S PA 1:101(100) ack 1
            0.2 C < S A 1:1(0) ack 101
            1.0 C < S RA 1001:1001(0) ack 101
            1.0001 C > S A 101:101(0) ack 1
            1.0010 C < S R 1:1(0)",
        );
        assert_eq!(ending.resets_total, 2);
        assert_eq!(ending.rst().map(|rst| rst.record.flags.has(Flags::ACK)), Some(true));
        assert_eq!(ending.resets[0].acceptance, Acceptance::Challenged);
        assert_eq!(ending.resets[1].acceptance, Acceptance::Exact);
        assert_eq!(judge(&ending).cause.map(|cause| cause.id), Some("close-unread"));
    }

    #[test]
    fn the_trigger_is_the_segment_whose_ack_number_was_copied() {
        let ending = open_then(
            "
            0.1 C < S PA 1:101(100) ack 1
            0.2 C > S A 1:1(0) ack 101
            0.3 C > S PA 1:51(50) ack 101
            0.3001 C < S R 101:101(0)",
        );
        assert_eq!(ending.rst().and_then(|rst| rst.trigger).map(|trigger| trigger.frame.number()), Some(6));
    }

    #[test]
    fn what_the_sender_acknowledged_since_is_not_what_it_answered() {
        let ending = open_then(
            "
            0.1 C > S PA 1:51(50) ack 1
            0.2 C < S A 1:1(0) ack 51
            0.3 C < S R 1:1(0)",
        );
        assert_eq!(ending.rst().and_then(|rst| rst.trigger).map(|trigger| trigger.frame.number()), Some(3));
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
        assert_eq!(captured.endings().len(), 1);
        let counts = captured.counts();
        assert_eq!((counts.rst_segments, counts.late_resets, counts.reset_connections), (2, 1, 1));
    }

    #[test]
    fn a_train_of_resets_is_one_end() {
        let ending = open_then(
            "
            0.1000 C > S PA 1:101(100) ack 1
            0.1001 C > S PA 101:201(100) ack 1
            0.1002 C > S PA 201:301(100) ack 1
            0.1003 C < S RA 1:1(0) ack 101
            0.1004 C < S R 1:1(0)
            0.1005 C < S R 1:1(0)",
        );
        assert_eq!(ending.resets_total, 3);
    }
}

mod copies {
    use super::*;

    /// RST segments and copies of such.
    fn resets(text: &str) -> (u64, u64) {
        let counts = conversation(text).counts();
        (counts.rst_segments, counts.rst_copies)
    }

    #[test]
    fn a_span_port_shows_everything_twice() {
        let mut text = String::new();
        for line in OPEN.lines().chain(["1.0 C < S RA 1:1(0) ack 1"]).filter(|line| !line.trim().is_empty()) {
            text += &std::format!("{line}\n+0.000002 copy\n");
        }
        let captured = conversation(&text.replace("+0.001 ", "+0.001").replace("+0.001C", "+0.001 C"));
        let counts = captured.counts();
        assert_eq!((counts.segments, counts.copies, counts.rst_segments, counts.rst_copies), (4, 4, 1, 1));
        let ending = captured.ending();
        assert_eq!(ending.connection.halves.iter().map(|half| half.retransmissions).sum::<u32>(), 0);
    }

    #[test]
    fn another_interface_shows_the_same_packet_with_another_hop_count() {
        let text =
            "0 C > S S 0:0(0)\n+0.00002 copy if 1 ttl 63\n0.1 C < S RA 0:0(0) ack 1 ttl 63\n+0.00002 copy if 1 ttl 64";
        assert_eq!(resets(text), (1, 1));
        assert_eq!(conversation(text).counts().copies, 2);
    }

    #[test]
    fn equal_resets_that_answer_two_segments_are_two() {
        let rest = "
            1.0000 C > S PA 1:101(100) ack 1
            1.0001 C > S PA 101:201(100) ack 1
            1.0002 C < S R 1:1(0)
            1.0003 C < S R 1:1(0)";
        assert_eq!(resets(&std::format!("{OPEN}{rest}")), (2, 0));
        let v6 = std::format!("{OPEN}{rest}").replace("C ", "C6 ").replace("S ", "S6 ").replace("S6 SA", "S6 SA");
        let v6 = v6.replace("S6 0:0", "S 0:0");
        assert_eq!(resets(&v6), (2, 0));
    }

    #[test]
    fn two_resets_on_two_interfaces_are_two_resets_and_two_copies() {
        let text = std::format!(
            "{OPEN}
            1.0000 C > S PA 1:101(100) ack 1
            1.0001 C > S PA 101:201(100) ack 1
            1.0002 C < S R 1:1(0)
            +0.00001 copy if 1
            1.0003 C < S R 1:1(0)
            +0.00001 copy if 1"
        );
        assert_eq!(resets(&text), (2, 2));
    }

    #[test]
    fn one_answer_seen_twice_is_one() {
        let text = std::format!("{OPEN}\n1.0 C > S PA 1:101(100) ack 1\n1.0002 C < S R 1:1(0)\n+0.00001 copy");
        assert_eq!(resets(&text), (1, 1));
        let v6 = text.replace("C ", "C6 ").replace("S ", "S6 ").replace("S6 0:0", "S 0:0");
        assert_eq!(resets(&v6), (1, 1));
    }

    #[test]
    fn a_reset_much_later_is_another_one() {
        let text = std::format!(
            "{OPEN}\n1.0 C > S PA 1:101(100) ack 1\n1.0002 C < S R 1:1(0)\n1.2 C > S PA 1:101(100) ack 1\n1.2002 C < S R 1:1(0)"
        );
        assert_eq!(resets(&text), (2, 0));
    }
}

mod clocks {
    use super::*;

    const REFUSED: &str = "
        0.000 C:1 > S S 0:0(0)
        0.162 C:1 < S SA 0:0(0) ack 1
        0.1621 C:1 > S R 1:1(0)";

    /// The verdicts of a capture in which one packet of a stranger has a broken clock.
    fn verdicts(broken: i64, first: bool) -> Vec<(Option<&'static str>, crate::verdict::Confidence)> {
        let stranger = std::format!("0.170 X > Y A 1:1(0) ack 1 time {broken}");
        let waiting = "0.171 C:2 > S S 0:0(0)\n0.2 C:2 < S SA 0:0(0) ack 1\n0.21 C:2 > S A 1:1(0) ack 1";
        let text = if first {
            std::format!("{stranger}\n{REFUSED}\n{waiting}")
        } else {
            std::format!("{REFUSED}\n{stranger}\n{waiting}")
        };
        let judged = |ending: &Ending| {
            let judgement = judge(ending);
            (judgement.cause.map(|cause| cause.id), judgement.confidence)
        };
        conversation(&text).endings().iter().map(judged).collect()
    }

    #[test]
    fn a_frame_of_another_century_does_not_ruin_the_rest() {
        let wanted = [(Some("connect-abandoned"), crate::verdict::Confidence::Likely)];
        for first in [true, false] {
            for broken in [4_102_444_800, 0, START + 90_000, -1] {
                assert_eq!(verdicts(broken, first), wanted, "{broken} {first}");
            }
        }
    }

    #[test]
    fn a_broken_clock_within_the_connection_makes_no_verdict_surer() {
        for broken in [4_102_444_800_i64, 0] {
            let text =
                std::format!("0.0 C > S S 0:0(0) time {broken}\n0.001 C < S SA 0:0(0) ack 1\n0.0011 C > S R 1:1(0)");
            assert!(judge(&conversation(&text).ending()).confidence < crate::verdict::Confidence::Likely, "{broken}");
        }
    }

    #[test]
    fn small_steps_back_are_nothing_special() {
        let text = "
            0.000 C > S S 0:0(0)
            0.162 C < S SA 0:0(0) ack 1
            0.1619 C > S R 1:1(0)";
        assert_eq!(judge(&conversation(text).ending()).cause.map(|cause| cause.id), Some("connect-abandoned"));
    }
}

mod life {
    use super::*;

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
    fn a_connection_that_never_falls_quiet_is_told_at_the_latest_after_the_bound() {
        let mut text = std::format!("{OPEN}\n1.0 C < S RA 1:1(0) ack 1");
        for step in 1..13 {
            text += &std::format!("\n{}.0 C > S PA 1:101(100) ack 1\n{}.1 C < S R 1:1(0)", step * 10, step * 10);
        }
        let mut tracker = fed(&text, Limits::default());
        assert!(tracker.poll().is_none());
        tracker.advance(at(122));
        assert_eq!(tracker.poll().map(|ending| ending.resets_total), Some(13));
    }

    #[test]
    fn an_unanswered_syn_is_given_up_in_time_and_one_that_is_repeated_later() {
        let mut tracker = fed("0 C > S S 0:0(0)\n60 C > S S 0:0(0)", Limits::default());
        tracker.advance(at(131));
        assert!(tracker.poll().is_none(), "the SYN was sent again 70 s ago");
        tracker.advance(at(300));
        assert_eq!(tracker.poll().map(|ending| ending.kind), Some(EndingKind::FailedConnect));
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
            .endings()
            .iter()
            .map(|ending| ending.rst().map_or(0, |rst| rst.record.frame.number()))
            .collect();
        assert_eq!(order, [3, 4, 6]);
    }

    #[test]
    fn the_bound_on_connections_is_kept_and_what_is_forgotten_is_counted() {
        let mut text = String::new();
        for port in 1..=100 {
            text += &std::format!("{}.0 C:{port} > S S 0:0(0)\n+0.1 C:{port} < S SA 0:0(0) ack 1\n", port / 100);
        }
        text += "2.0 C:1 > S PA 1:101(100) ack 1\n2.1 C:1 < S R 1:1(0)";
        let limits = Limits { connections: 10, ..Limits::default() };
        let mut tracker = fed(&text, limits);
        assert!(tracker.live() <= 10);
        assert_eq!(tracker.counts().forgotten, 91);
        tracker.finish();
        let ending = core::iter::from_fn(|| tracker.poll()).find(|ending| ending.kind == EndingKind::Reset);
        let ending = ending.expect("the reset of a forgotten connection");
        assert!(!ending.connection.beginning_seen(), "what was forgotten must not be claimed to be seen");
        assert!(judge(&ending).confidence <= crate::verdict::Confidence::Possible);
    }

    #[test]
    fn closed_connections_are_forgotten_after_a_while() {
        let text =
            std::format!("{OPEN}\n0.1 C > S FA 1:1(0) ack 1\n0.2 C < S FA 1:1(0) ack 2\n0.3 C > S A 2:2(0) ack 2");
        let mut tracker = fed(&text, Limits::default());
        tracker.advance(at(5));
        assert_eq!(tracker.live(), 1);
        tracker.advance(at(20));
        assert_eq!(tracker.live(), 0);
    }
}

mod floods {
    use super::*;
    use crate::segment::Endpoint;
    use std::net::{IpAddr, Ipv4Addr};

    const FLOOD: u32 = 1_000_000;

    #[test]
    fn a_quiet_connection_costs_at_most_256_octets() {
        assert!(size_of::<Connection>() <= 256, "{}", size_of::<Connection>());
        assert!(size_of::<Slot>() <= 304, "{}", size_of::<Slot>());
    }

    /// What every queue and map of the tracker holds.
    fn held(tracker: &Tracker) -> [usize; 9] {
        [
            tracker.table.len(),
            tracker.slots.len(),
            tracker.free.len(),
            tracker.icmp.len(),
            tracker.queue.len(),
            tracker.failed.len(),
            tracker.closed.len(),
            tracker.told.len(),
            tracker.opening.len(),
        ]
    }

    fn flood(text: &str, limits: Limits, count: u32) -> usize {
        let packets = conversation(text).packets;
        let mut tracker = Tracker::new(limits);
        let mut most = 0;
        for number in 0..count {
            for (step, packet) in packets.iter().enumerate() {
                let mut observation = packet.observation(step);
                let Seen::Segment(segment) = &mut observation.what else { continue };
                let stranger = IpAddr::V4(Ipv4Addr::from_bits(0x0b00_0000 + number));
                let client = if segment.src.port == 80 { &mut segment.dst } else { &mut segment.src };
                *client = Endpoint::new(stranger, client.port);
                observation.time = observation.time.plus(Span::from_micros(i64::from(number) * 10));
                tracker.observe(&observation);
                while tracker.poll().is_some() {}
            }
            if number % 1_000 == 0 {
                most = most.max(held(&tracker).into_iter().max().unwrap_or_default());
            }
        }
        assert!(tracker.bytes() < 8 << 20, "{} octets", tracker.bytes());
        most
    }

    fn small() -> Limits {
        Limits { connections: 1_000, services: 100, unsettled: 500, ..Limits::default() }
    }

    #[test]
    fn a_million_syns_of_strangers_stay_within_the_bounds() {
        let most = flood("0 C > S S 0:0(0)", small(), FLOOD);
        assert!(most <= 2 * 1_000 + STALE_ALLOWED + 1, "{most}");
    }

    #[test]
    fn a_hundred_thousand_refused_or_closed_connections_stay_within_the_bounds() {
        let refused = flood("0 C > S S 0:0(0)\n0 C < S RA 0:0(0) ack 1", small(), 100_000);
        let closed = flood(
            "
            0 C > S S 0:0(0)
            0 C < S SA 0:0(0) ack 1
            0 C > S FA 1:1(0) ack 1
            0 C < S FA 1:1(0) ack 2
            0 C > S A 2:2(0) ack 2",
            small(),
            100_000,
        );
        assert!(refused.max(closed) <= 2 * 1_000 + STALE_ALLOWED + 1, "{refused} {closed}");
    }

    #[test]
    fn a_million_resets_of_one_connection_are_one_end_with_a_count() {
        let packets = conversation(&std::format!("{OPEN}\n1.0 C < S RA 1:1(0) ack 1")).packets;
        let (rst, opening) = packets.split_last().expect("packets");
        let mut tracker = Tracker::new(small());
        for (number, packet) in opening.iter().enumerate() {
            tracker.observe(&packet.observation(number));
        }
        let before = tracker.bytes();
        for number in 0..FLOOD {
            let mut observation = rst.observation(3);
            observation.time = rst.time.plus(Span::from_micros(number.into()));
            if let Seen::Segment(segment) = &mut observation.what {
                segment.ip.kind = crate::segment::IpKind::V4 { id: (number % 60_000) as u16 + 1, dont_fragment: true };
            }
            tracker.observe(&observation);
        }
        assert!(tracker.bytes() <= 2 * before + 4_096, "{} after {before}", tracker.bytes());
        tracker.finish();
        let ending = tracker.poll().expect("the end");
        assert_eq!((ending.resets_total, ending.resets.len()), (FLOOD, RST_LIMIT));
        assert!(tracker.poll().is_none());
    }
}
