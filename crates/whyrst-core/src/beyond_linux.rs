//! What stacks and devices other than Linux do, and what captures of live networks show that the lab
//! does not: each case is one fact, written as a conversation.
//!
//! The forms are those of RFC 9293 sections 3.5.2, 3.10.5 and 3.10.7 and of the stacks named; where they
//! were met is told in `docs/real-captures.md`.

use crate::rst::ResetKind;
use crate::testing::{conversation, judged};
use crate::verdict::Confidence::{Likely, Possible};
use crate::verdict::Origin;
use std::string::{String, ToString};

const OPENED: &str = "
    0.000 C > S S 0:0(0)
    +0.030 C < S SA 0:0(0) ack 1
    +0.0001 C > S A 1:1(0) ack 1
    0.100 C > S PA 1:301(300) ack 1
    +0.030 C < S PA 1:1001(1000) ack 301
    +0.0001 C > S A 301:301(0) ack 1001
    ";

fn with(rest: &str) -> String {
    OPENED.to_string() + rest
}

/// A receiver that joins data and FIN into one (GRO), or a stack that is rid of the connection by its
/// first RST, sends one RST for both: it answers the data.
#[test]
fn a_fin_behind_the_data_does_not_hide_it() {
    let one_rst = with(
        "
        1.000 C > S FA 301:301(0) ack 1001
        +0.030 C < S PA 1001:1025(24) ack 302
        +0.00005 C < S FA 1025:1025(0) ack 302
        +0.0001 C > S R 302:302(0)",
    );
    judged(&one_rst).is("data-after-close", Possible).without(&["rst-after-close", "client-read-timeout"]);
    judged(&(one_rst + "\n+0.00001 C > S R 302:302(0)")).is("data-after-close", Possible);
}

/// As many resets as segments: the first one answers the first of them.
#[test]
fn each_of_several_resets_answers_a_segment_of_its_own() {
    let text = "
        0.000 C > S S 0:0(0)
        +0.030 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        +0.0001 C > S PA 1:101(100) ack 1
        +0.030 C < S R 1:1(0)
        +0.0001 C < S R 1:1(0)";
    let outcome = conversation(text).outcome();
    let trigger = outcome.rsts()[0].trigger.expect("it answers a segment");
    assert!(trigger.is_pure_ack(), "{trigger:?}");
    let one = conversation(text.rsplit_once('\n').expect("lines").0).outcome();
    assert_eq!(one.rsts()[0].trigger.expect("it answers a segment").len, 100);
}

/// Who says goodbye and closes does not wait for an answer, and neither does who closes before one
/// could have come.
#[test]
fn a_client_that_closes_at_once_did_not_wait() {
    let goodbye = with(
        "
        1.000 C > S PA 301:332(31) ack 1001 says 0x15030300
        1.500 C > S FA 332:332(0) ack 1001
        +0.010 C < S PA 1001:1032(31) ack 332
        +0.0001 C > S R 332:332(0)",
    );
    judged(&goodbye).is("data-after-close", Possible).without(&["client-read-timeout"]);
    let at_once = with(
        "
        1.000 C > S PA 301:601(300) ack 1001
        +0.025 C > S FA 601:601(0) ack 1001
        +0.010 C < S PA 1001:2001(1000) ack 601
        +0.0001 C > S R 601:601(0)",
    );
    judged(&at_once).is("data-after-close", Possible).without(&["client-read-timeout"]);
}

/// Windows refuses data for a closed socket with RST+ACK that acknowledges it, window 0, no options.
#[test]
fn windows_refuses_late_data_with_an_ack() {
    let text = with(
        "
        1.000 C > S FA 301:301(0) ack 1001 ts none
        +0.030 C < S PA 1001:1054(53) ack 302
        +0.0001 C > S RA 302:302(0) ack 1054 win 0 ts none",
    );
    judged(&text).is("data-after-close", Possible).without(&["client-abort", "close-unread", "linger-zero"]);
    // A socket that still existed shows its window.
    let abort = judged(&text.replace("win 0 ts none", "win 500"));
    assert_ne!(abort.cause.map(|cause| cause.id), Some("data-after-close"), "{}", abort.explained());
}

/// RFC 9293 section 3.10.5: an abort may be a bare RST at SND.NXT.
#[test]
fn a_bare_reset_that_answers_nothing_is_an_abort() {
    let text = with("9.000 C > S R 301:301(0)");
    let judgement = judged(&text);
    assert_eq!(judgement.kind, ResetKind::Active, "{}", judgement.explained());
    assert!(judgement.cause.is_some());
    // What answers a segment stays an answer.
    let answer = judged(&with("9.000 C < S A 1001:1001(0) ack 301\n+0.0001 C > S R 301:301(0)"));
    assert_eq!(answer.kind, ResetKind::Passive, "{}", answer.explained());
}

/// BSD, macOS and Windows end a request that nobody completes with RST; Linux does so silently.
#[test]
fn a_syn_ack_that_was_repeated_in_vain_is_given_up() {
    let text = "
        0.0 C > S S 0:0(0)
        0.1 C < S SA 0:0(0) ack 1
        3.1 C < S SA 0:0(0) ack 1
        9.1 C < S SA 0:0(0) ack 1
        21.1 C < S SA 0:0(0) ack 1
        45.1 C < S RA 1:1(0) ack 1";
    judged(text).is("retransmit-giveup", Likely);
}

/// A close in the middle of an exchange is no race with an idle timeout.
#[test]
fn a_server_that_was_not_idle_lost_no_race() {
    let busy = with(
        "
        1.000 C > S PA 301:401(100) ack 1001
        +0.030 C < S A 1001:1001(0) ack 401
        +0.00001 C > S PA 401:501(100) ack 1001
        +0.0001 C < S FA 1001:1001(0) ack 401
        +0.030 C < S R 1001:1001(0)",
    );
    judged(&busy).is("data-after-close", Possible).without(&["keepalive-race"]);
}

/// A program that makes its own SYNs sends the next one when it likes; `connect()` waits for its timer.
#[test]
fn a_crafted_syn_that_comes_again_at_once_is_no_connect() {
    let text = "
        0.000 C > S S 0:0(0) opts mss
        +0.012 C < S SA 0:0(0) ack 1
        +0.00004 C > S R 1:1(0)
        0.077 C > S S 0:0(0) opts mss
        +0.012 C < S SA 0:0(0) ack 1
        +0.00004 C > S R 1:1(0)";
    let judgement = judged(text);
    assert_ne!(judgement.cause.map(|cause| cause.id), Some("fw-reject-synack"), "{}", judgement.explained());
}

/// Forged answers to a SYN come in any form; the genuine SYN-ACK betrays them.
#[test]
fn a_bare_reset_of_a_syn_that_was_then_accepted_is_forged() {
    let text = "
        0.000 C > S S 0:0(0)
        0.233 C < S R 77:77(0) win 16384 ttl 46 id 5461
        1.266 C < S SA 0:0(0) ack 1 ttl 49
        +0.001 C > S A 1:1(0) ack 1";
    let judgement = judged(text);
    judgement.is("injected-rst", Possible.max(judgement.confidence));
    assert_eq!(judgement.origin, Origin::Path);
}

/// A host that draws its identifications elsewhere for answers than for its sockets forges nothing.
#[test]
fn the_identification_of_an_answer_is_no_sign() {
    let text = with(
        "
        0.900 C > S PA 301:401(100) ack 1001 id 101
        0.901 C > S PA 401:501(100) ack 1001 id 102
        0.902 C > S PA 501:601(100) ack 1001 id 103
        0.903 C > S PA 601:701(100) ack 1001 id 104
        0.950 C < S PA 1001:1101(100) ack 701
        1.000 C > S FA 701:701(0) ack 1101 id 105
        +0.030 C < S PA 1101:1154(53) ack 702
        +0.0001 C > S R 702:702(0) id 52091",
    );
    judged(&text).is("data-after-close", Possible);
}

/// Only the answer to a segment without ACK has sequence number 0.
#[test]
fn a_refusal_without_its_syn_is_still_a_refusal() {
    judged("0.0 C < S RA 0:0(0) ack 1").is("closed-port", Possible).beside(&["fw-reject-syn"]);
}

/// In a capture of one direction the sender's own numbers tell what it had received.
#[test]
fn what_the_sender_acknowledged_it_had_received() {
    let text = "
        0.000 C < S SA 0:0(0) ack 1
        0.010 C < S A 1:1(0) ack 4097
        0.060 C < S RA 1:1(0) ack 4097";
    judged(text).is("close-unread", Possible);
}

/// Data that nobody acknowledged may be what was refused: then something was lost.
#[test]
fn a_close_of_both_with_data_unacknowledged_is_not_harmless() {
    let text = with(
        "
        1.000 C < S PA 1001:1060(59) ack 301
        1.030 C > S FA 301:301(0) ack 1001
        +0.001 C < S A 1060:1060(0) ack 302
        +0.001 C < S FA 1001:1001(0) ack 302
        +0.001 C > S R 302:302(0)",
    );
    judged(&text).is("data-after-close", Possible).without(&["rst-after-close"]);
}

/// Some stacks count their FIN twice: a second one stands one number further on.
#[test]
fn a_fin_one_number_further_on_is_no_data() {
    let text = with(
        "
        1.000 C < S FA 1001:1001(0) ack 301
        1.050 C > S FA 301:301(0) ack 1002
        +0.0005 C < S A 1002:1002(0) ack 302
        +0.0002 C < S FA 1002:1002(0) ack 302
        +0.0002 C > S R 302:302(0)",
    );
    judged(&text).is("rst-after-close", Possible);
}
