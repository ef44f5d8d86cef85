//! Cloudflare's tampering signatures (Global, Passive Detection of Connection Tampering, SIGCOMM
//! 2023): which packets of the client the server still received when RSTs in the client's name
//! came. A field of the JSON report, so that findings can be compared with Cloudflare Radar's, and
//! never a verdict: an impatient client makes the same patterns (docs/internals/forgery.md).
//!
//! The signatures that end in silence (`→ ∅`) concern connections without a RST and are not given.

use crate::outcome::Outcome;
use crate::rst::Rst;
use crate::segment::Flags;

/// A record of the signature's list that fits, with the paper's name for it; `None` when the RSTs
/// came in the server's name, when the beginning was not captured, or when none fits.
pub fn signature(outcome: &Outcome) -> Option<&'static str> {
    let client = outcome.connection().client;
    let (mut bare, mut acking) = (Count::default(), Count::default());
    for rst in outcome.rsts().iter().filter(|rst| rst.record.from == client) {
        if rst.record.flags.has(Flags::ACK) { acking.add(rst) } else { bare.add(rst) }
    }
    if outcome.syn().is_none() || outcome.sender() != client {
        return None;
    }
    match received(outcome) {
        Received::Syn => after_syn(&bare, &acking),
        Received::Ack => after_ack(&bare, &acking),
        Received::FirstData => after_first_data(&bare, &acking),
        Received::MoreData => after_more_data(&bare, &acking),
    }
}

/// What had come from the client before its first RST.
enum Received {
    Syn,
    Ack,
    FirstData,
    MoreData,
}

fn received(outcome: &Outcome) -> Received {
    let from_client = outcome.before().iter().filter(|record| record.from == outcome.connection().client);
    let (mut acked, mut data) = (false, 0);
    for record in from_client {
        acked |= record.flags.has(Flags::ACK);
        data += u32::from(record.len > 0 && !record.flags.has(Flags::SYN));
    }
    match (acked, data) {
        (_, 2..) => Received::MoreData,
        (_, 1) => Received::FirstData,
        (true, 0) => Received::Ack,
        (false, 0) => Received::Syn,
    }
}

/// RSTs of one form, and what their acknowledgment fields have in common.
#[derive(Default)]
struct Count {
    number: u32,
    first: Option<u32>,
    differ: bool,
    zero: bool,
}

impl Count {
    fn add(&mut self, rst: &Rst) {
        let ack = rst.record.ack.raw();
        self.differ |= self.first.is_some_and(|first| first != ack);
        self.zero |= ack == 0;
        self.first = self.first.or(Some(ack));
        self.number += 1;
    }
}

const fn after_syn(bare: &Count, acking: &Count) -> Option<&'static str> {
    match (bare.number, acking.number) {
        (1.., 0) => Some("SYN → RST"),
        (0, 1..) => Some("SYN → RST+ACK"),
        (1.., 1..) => Some("SYN → RST;RST+ACK"),
        (0, 0) => None,
    }
}

const fn after_ack(bare: &Count, acking: &Count) -> Option<&'static str> {
    match (bare.number, acking.number) {
        (1, 0) => Some("SYN;ACK → RST"),
        (2.., 0) => Some("SYN;ACK → RST;RST"),
        (0, 1) => Some("SYN;ACK → RST+ACK"),
        (0, 2..) => Some("SYN;ACK → RST+ACK;RST+ACK"),
        _ => None,
    }
}

const fn after_first_data(bare: &Count, acking: &Count) -> Option<&'static str> {
    match (bare.number, acking.number) {
        (1, 0) => Some("PSH+ACK → RST"),
        (2.., 0) if bare.differ && bare.zero => Some("PSH+ACK → RST;RST0"),
        (2.., 0) if bare.differ => Some("PSH+ACK → RST≠RST"),
        (2.., 0) => Some("PSH+ACK → RST=RST"),
        (0, 1) => Some("PSH+ACK → RST+ACK"),
        (0, 2..) => Some("PSH+ACK → RST+ACK;RST+ACK"),
        (1.., 1..) => Some("PSH+ACK → RST;RST+ACK"),
        (0, 0) => None,
    }
}

const fn after_more_data(bare: &Count, acking: &Count) -> Option<&'static str> {
    match (bare.number, acking.number) {
        (1.., 0) => Some("PSH+ACK;Data → RST"),
        (0, 1..) => Some("PSH+ACK;Data → RST+ACK"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;

    const SYN: &str = "0.000 C > S S 0:0(0)\n+0.001 C < S SA 0:0(0) ack 1\n";
    const ACK: &str = "+0.001 C > S A 1:1(0) ack 1\n";
    const DATA: &str = "+0.001 C > S PA 1:101(100) ack 1\n+0.001 C < S A 1:1(0) ack 101\n";
    const MORE: &str = "+0.001 C > S PA 101:201(100) ack 1\n+0.001 C < S A 1:1(0) ack 201\n";

    fn of(parts: &[&str]) -> Option<&'static str> {
        signature(&conversation(&parts.concat()).outcome())
    }

    #[test]
    fn each_stage_has_its_signatures() {
        assert_eq!(of(&[SYN, "+0.001 C > S R 1:1(0)"]), Some("SYN → RST"));
        assert_eq!(of(&[SYN, "+0.001 C > S RA 1:1(0) ack 1"]), Some("SYN → RST+ACK"));
        assert_eq!(of(&[SYN, ACK, "+0.001 C > S RA 1:1(0) ack 1"]), Some("SYN;ACK → RST+ACK"));
        assert_eq!(of(&[SYN, ACK, DATA, "+0.001 C > S R 101:101(0)"]), Some("PSH+ACK → RST"));
        let pair = "+0.001 C > S RA 101:101(0) ack 1\n+0.001 C > S RA 101:101(0) ack 1 id 9";
        assert_eq!(of(&[SYN, ACK, DATA, pair]), Some("PSH+ACK → RST+ACK;RST+ACK"));
        assert_eq!(of(&[SYN, ACK, DATA, MORE, "+0.001 C > S RA 201:201(0) ack 1"]), Some("PSH+ACK;Data → RST+ACK"));
    }

    #[test]
    fn a_reset_of_the_server_or_without_its_beginning_has_none() {
        assert_eq!(of(&[SYN, ACK, DATA, "+0.001 C < S RA 1:1(0) ack 101"]), None);
        assert_eq!(of(&[DATA, "+0.001 C > S RA 101:101(0) ack 1"]), None);
    }
}
