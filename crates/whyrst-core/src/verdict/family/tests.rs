//! Conversations and their shapes, with near misses: one packet is another, and so is the shape.

use std::string::String;

use super::shape;
use crate::cause::Family::{self, *};
use crate::evidence::cache::{AnswerCache, Answers};
use crate::kernel::{KernelWord, RstReason};
use crate::outcome::Outcome;
use crate::testing::{conversation, sent};
use whyrst_model::vocabulary::Confidence::{self, Certain, Likely};

const HANDSHAKE: &str = "
0.000 C > S S 0:0(0)
+0.001 C < S SA 0:0(0) ack 1
+0.0001 C > S A 1:1(0) ack 1
";

/// What happens, its shape, how sure that is, and the packets; `...` stands for a handshake.
const TABLE: &[(&str, Family, Confidence, &str)] = &[
    (
        "a SYN is refused",
        Refused,
        Certain,
        "
0.000 C > S S 0:0(0)
+0.0001 C < S RA 0:0(0) ack 1",
    ),
    (
        "the same, and the capture begins after the SYN",
        Refused,
        Likely,
        "
0.000 C < S RA 0:0(0) ack 1",
    ),
    (
        "a SYN-ACK that the client does not want",
        UnwantedAnswer,
        Certain,
        "
0.000 C > S S 0:0(0)
+0.001 C < S SA 0:0(0) ack 1
+0.0001 C > S R 1:1(0)",
    ),
    // Its number is the SYN-ACK's, which no data explains.
    (
        "a SYN-ACK with a wrong number",
        UnwantedAnswer,
        Certain,
        "
0.000 C > S S 0:0(0)
+0.001 C < S SA 0:0(0) ack 5001
+0.0001 C > S R 5001:5001(0)",
    ),
    (
        "a SYN-ACK whose timer had run out: it had been answered",
        UnwantedAnswer,
        Likely,
        "
0.000 C > S S 0:0(0)
+0.001 C < S SA 0:0(0) ack 1
+1.200 C > S R 1:1(0)",
    ),
    (
        "a SYN-ACK that nobody asked for",
        UnwantedAnswer,
        Certain,
        "
0.000 C < S SA 0:0(0) ack 1
+0.0001 C > S R 1:1(0)",
    ),
    (
        "the third packet is answered with a reset",
        BrokenHandshake,
        Certain,
        "...
+0.0001 C < S R 1:1(0)",
    ),
    (
        "the same, much later than the SYN was answered",
        BrokenHandshake,
        Likely,
        "...
+0.200 C < S R 1:1(0)",
    ),
    (
        "the same twice: the second answers what the capture missed, or both do",
        BrokenHandshake,
        Likely,
        "...
+0.0001 C < S R 1:1(0) id 7
+0.0001 C < S R 1:1(0) id 8",
    ),
    (
        "the same, and the second is equal in every bit",
        BrokenHandshake,
        Likely,
        "...
+0.0001 C < S R 1:1(0)
+0.0001 C < S R 1:1(0)",
    ),
    // Unseen data of the server could have been acknowledged.
    (
        "a third packet with a wrong number",
        BrokenHandshake,
        Likely,
        "
0.000 C > S S 0:0(0)
+0.001 C < S SA 0:0(0) ack 1
+0.0001 C > S A 1:1(0) ack 5000001
+0.0001 C < S R 5000001:5000001(0)",
    ),
    (
        "a proxy took the connection, and who is behind it refuses",
        BrokenHandshake,
        Likely,
        "
0.000 C > S S 0:0(0)
+0.001 C < S SA 0:0(0) ack 1 win 0 ttl 64
+0.0001 C > S A 1:1(0) ack 1
+0.010 C < S RA 1:1(0) ack 1 win 0 ts none id 0 ttl 61",
    ),
    (
        "data that the server has acknowledged is followed by its abort",
        Aborted,
        Certain,
        "...
0.010 C > S PA 1:5001(5000) ack 1
+0.001 C < S A 1:1(0) ack 5001
1.000 C < S RA 1:1(0) ack 5001",
    ),
    (
        "the client aborts",
        Aborted,
        Certain,
        "...
0.010 C > S PA 1:101(100) ack 1
+0.001 C < S PA 1:51(50) ack 101
1.000 C > S RA 101:101(0) ack 51",
    ),
    (
        "an abort that holds data behind a hole, and the capture shows no such data",
        Aborted,
        Likely,
        "...
0.010 C > S PA 1:101(100) ack 1
+0.001 C < S PA 1:51(50) ack 101
1.000 C > S RA 101:101(0) ack 51 sack 151",
    ),
    (
        "the same, and only an ACK before it says so",
        Aborted,
        Likely,
        "...
0.010 C > S PA 1:101(100) ack 1
+0.001 C < S PA 1:51(50) ack 101
+0.001 C > S A 101:101(0) ack 51 sack 151
1.000 C > S RA 101:101(0) ack 51",
    ),
    (
        "both had closed, and what the RST answers was not captured",
        LastSegment,
        Likely,
        "...
0.100 C < S FA 1:1(0) ack 1
+0.001 C > S FA 1:1(0) ack 2
+0.200 C > S R 2:2(0)",
    ),
    (
        "its sender had closed, and what the RST answers was not captured",
        LateData,
        Likely,
        "...
0.100 C < S FA 1:1(0) ack 1
+0.200 C < S R 2:2(0)",
    ),
    (
        "its sender had sent a SYN for a new connection, and what the RST answers was not captured",
        SynCollision,
        Likely,
        "...
0.010 C > S PA 1:101(100) ack 1
+0.001 C < S A 1:1(0) ack 101
90.00 C > S S 900000:900000(0)
+0.002 C > S R 101:101(0)",
    ),
    (
        "an abort after the sender's own FIN",
        Aborted,
        Certain,
        "...
0.100 C < S FA 1:1(0) ack 1
+0.001 C > S A 1:1(0) ack 2
1.000 C < S RA 2:2(0) ack 1",
    ),
    (
        "an abort after the receiver's FIN",
        Aborted,
        Certain,
        "...
0.100 C > S FA 1:1(0) ack 1
+0.001 C < S A 1:1(0) ack 2
1.000 C < S RA 1:1(0) ack 2",
    ),
    (
        "an abort, and the capture begins in the middle",
        Aborted,
        Likely,
        "
0.010 C > S PA 1:101(100) ack 1
+0.001 C < S PA 1:51(50) ack 101
+0.1 C > S PA 101:201(100) ack 51
1.000 C < S RA 51:51(0) ack 201",
    ),
    (
        "data comes after the server's FIN",
        LateData,
        Certain,
        "...
0.100 C < S FA 1:1(0) ack 1
+0.001 C > S A 1:1(0) ack 2
0.500 C > S PA 1:101(100) ack 2
+0.0001 C < S R 2:2(0)",
    ),
    (
        "the last acknowledgment after both FINs is answered",
        LastSegment,
        Certain,
        "...
0.100 C > S FA 1:1(0) ack 1
+0.001 C < S FA 1:1(0) ack 2
+0.001 C > S A 2:2(0) ack 2
+0.0001 C < S R 2:2(0)",
    ),
    (
        "data in mid-connection meets a host that does not have it",
        UnknownConnection,
        Likely,
        "...
0.010 C > S PA 1:101(100) ack 1
+0.001 C < S A 1:1(0) ack 101
90.00 C > S PA 101:201(100) ack 1
+0.0001 C < S R 1:1(0)",
    ),
    (
        "the same, and the capture begins in the middle",
        UnknownConnection,
        Likely,
        "
0.000 C > S A 1:1(0) ack 7
+0.0001 C < S R 7:7(0)",
    ),
    (
        "a probe without ACK is answered as one of a connection that is not there",
        UnknownConnection,
        Likely,
        "
0.000 C > S F 1:1(0)
+0.0001 C < S RA 0:0(0) ack 2",
    ),
    (
        "a SYN meets an older connection, whose answer is refused",
        SynCollision,
        Likely,
        "...
0.010 C > S PA 1:101(100) ack 1
+0.001 C < S A 1:1(0) ack 101
90.00 C > S S 900000:900000(0)
+0.001 C < S A 1:1(0) ack 101
+0.0001 C > S R 101:101(0)",
    ),
    (
        "a SYN meets a half closed connection and is refused",
        SynCollision,
        Certain,
        "...
0.100 C < S FA 1:1(0) ack 1
+0.001 C > S A 1:1(0) ack 2
5.000 C > S S 1001:1001(0)
+0.001 C < S RA 0:0(0) ack 1002 ts none win 0 opts none",
    ),
    (
        "a RST alone",
        Unseen,
        Certain,
        "
0.000 C > S R 1:1(0)",
    ),
    (
        "a RST with ACK alone",
        Unseen,
        Certain,
        "
0.000 C < S RA 5:5(0) ack 9 win 501",
    ),
];

fn outcome(text: &str) -> Outcome {
    conversation(&text.replace("...", HANDSHAKE)).outcome()
}

fn shape_of(outcome: &Outcome) -> Option<(Family, Confidence)> {
    shape(&mut Answers::of(outcome, &mut AnswerCache::default())).map(|shape| (shape.family, shape.confidence))
}

/// The shape of the conversation `what` of the table in which `old` is `new`.
fn but(what: &str, old: &str, new: &str) -> Option<Family> {
    let (.., text) = TABLE.iter().find(|(name, ..)| *name == what).unwrap_or_else(|| panic!("{what}"));
    let text = text.replace("...", HANDSHAKE);
    assert!(text.contains(old), "{old} in {text}");
    shape_of(&outcome(&text.replacen(old, new, 1))).map(|(family, _)| family)
}

#[test]
fn each_conversation_has_its_shape() {
    let wrong: std::vec::Vec<String> = TABLE
        .iter()
        .filter_map(|(what, family, confidence, text)| {
            let got = shape_of(&outcome(text));
            (got != Some((*family, *confidence))).then(|| std::format!("{what}: {got:?}, not {family} {confidence:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_family_stands_in_the_table() {
    for family in Family::ALL {
        assert!(TABLE.iter().any(|(_, of, ..)| *of == family), "{family}");
    }
}

#[test]
fn one_packet_makes_another_shape() {
    for (what, old, new, family) in [
        // It was taken, so the connection was there and is not any more.
        (
            "the third packet is answered with a reset",
            "+0.0001 C < S R 1:1(0)",
            "+0.01 C < S PA 1:51(50) ack 1\n+0.01 C > S A 1:1(0) ack 51\n+0.0001 C < S R 51:51(0)",
            UnknownConnection,
        ),
        // The numbers and the form are those of a host that has the connection.
        ("the third packet is answered with a reset", "C < S R 1:1(0)", "C < S RA 1:1(0) ack 1", Aborted),
        // Before the FIN the same data is unknown, not late.
        ("data comes after the server's FIN", "FA 1:1(0) ack 1", "PA 1:2(1) ack 1", UnknownConnection),
        // Data that is outstanding makes it late.
        (
            "the last acknowledgment after both FINs is answered",
            "C > S FA 1:1(0) ack 1\n+0.001 C < S FA 1:1(0) ack 2\n+0.001 C > S A 2:2(0) ack 2",
            "C < S FA 1:1(0) ack 1\n+0.001 C > S PA 1:101(100) ack 2",
            LateData,
        ),
        // An older connection that both have closed leaves a SYN alone.
        (
            "a SYN meets a half closed connection and is refused",
            "A 1:1(0) ack 2",
            "FA 1:1(0) ack 2\n+0.001 C < S A 2:2(0) ack 2",
            Refused,
        ),
        // The window opened: who is behind the proxy had taken it.
        (
            "a proxy took the connection, and who is behind it refuses",
            "+0.010 C < S RA",
            "+0.010 C < S A 1:1(0) ack 1 win 500\n+0.01 C < S RA",
            Aborted,
        ),
    ] {
        assert_eq!(but(what, old, new), Some(family), "{what}: {new}");
    }
}

#[test]
fn a_missing_segment_makes_it_likely_whatever_the_kernel_says_of_the_rst() {
    let text = "...
0.010 C > S PA 1:101(100) ack 1
0.020 C > S PA 301:401(100) ack 1
+0.001 C < S A 1:1(0) ack 401
1.000 C < S RA 1:1(0) ack 401";
    let mut outcome = outcome(text);
    assert_eq!(shape_of(&outcome), Some((Aborted, Likely)));
    outcome.note_kernel(sent(RstReason::TcpAbortOnClose, &[]));
    assert_eq!(
        shape_of(&outcome),
        Some((Aborted, Likely)),
        "its word makes the mechanism certain, and by that the shape"
    );
    outcome.note_kernel(KernelWord::SentNone);
    assert_eq!(shape_of(&outcome), Some((Aborted, Likely)), "a kernel that sent none says nothing of the shape");
}

#[test]
fn a_connect_that_failed_without_a_reset_has_no_shape() {
    let silent = conversation("0 C > S S 0:0(0)\n+1 C > S S 0:0(0)\n+2 C > S S 0:0(0)").watched_for(300);
    let outcomes = silent.outcomes();
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    assert_eq!(shape_of(&outcomes[0]), None);
}

#[test]
fn the_shape_is_the_same_over_ipv6() {
    for (what, family, confidence, text) in TABLE {
        let text = crate::testing::over_ipv6(&text.replace("...", HANDSHAKE));
        // There is no IP identification to compare, and only that may differ.
        assert_eq!(shape_of(&outcome(&text)), Some((*family, *confidence)), "{what}");
    }
}
