//! What is one packet seen twice, and what is two packets.

use super::*;
use crate::testing::over_ipv6;

/// RST segments and copies of such.
fn resets(text: &str) -> (u64, u64) {
    let counts = conversation(text).counts();
    (counts.rst_segments, counts.rst_copies)
}

#[test]
fn a_span_port_shows_everything_twice() {
    let mut text = String::new();
    for line in OPEN.lines().chain(["1.0 C < S RA 1:1(0) ack 1"]).filter(|line| !line.trim().is_empty()) {
        text.extend([line, "\n+0.000002 copy\n"]);
    }
    let captured = conversation(&text);
    let counts = captured.counts();
    assert_eq!((counts.segments, counts.copies, counts.rst_segments, counts.rst_copies), (4, 4, 1, 1));
    let outcome = captured.outcome();
    assert_eq!(outcome.connection().halves.iter().map(|half| half.retransmissions).sum::<u32>(), 0);
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
    assert_eq!(resets(&over_ipv6(&std::format!("{OPEN}{rest}"))), (2, 0));
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
    assert_eq!(resets(&over_ipv6(&text)), (1, 1));
}

#[test]
fn a_reset_much_later_is_another_one() {
    let text = std::format!(
        "{OPEN}\n1.0 C > S PA 1:101(100) ack 1\n1.0002 C < S R 1:1(0)\n1.2 C > S PA 1:101(100) ack 1\n1.2002 C < S R 1:1(0)"
    );
    assert_eq!(resets(&text), (2, 0));
}

/// Two segments and their copies, then a RST without an identification and its copy: it is one where its trigger was
/// doubled, or where the second came over some routers.
#[test]
fn a_reset_whose_trigger_was_copied_is_copied_too() {
    let burst = |copy: &str, again: &str| {
        std::format!(
            "{OPEN}\n1.0000 C > S PA 1:101(100) ack 1\n{copy}\n1.0001 C > S PA 101:201(100) ack 1\n{copy}\n\
             1.0003 C < S R 1:1(0)\n{again}"
        )
    };
    assert_eq!(resets(&burst("+0.00001 copy", "+0.00001 copy")), (1, 1));
    assert_eq!(resets(&over_ipv6(&burst("+0.00001 copy", "+0.00001 copy"))), (1, 1));
    assert_eq!(resets(&burst("", "+0.00001 copy ttl 63")), (1, 1));
    assert_eq!(resets(&burst("", "+0.00001 copy")), (2, 0), "Linux answers each");
    assert_eq!(resets(&burst("", "+0.01 copy ttl 63")), (2, 0), "much later");
    assert_eq!(resets(&burst("", "+0.00001 copy ttl 255")), (2, 0), "not of the same host");
}
