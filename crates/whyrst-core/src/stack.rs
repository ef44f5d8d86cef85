//! Which TCP stack an end has, by what its SYN or SYN-ACK cannot hide: the first TTL and the options that it offers
//! or leaves out. How a stack writes its resets follows from that, and so does which mechanisms exist there.
//!
//! Only what leaves little doubt has a name here. Any of these signs can be set on a host or be rewritten on the way,
//! so a name widens and narrows what is open, and no verdict is certain by it.
//!
//! The facts behind it: docs/internals/stacks.md.

use crate::flow::Side;
use crate::history::{Notes, Record};
use crate::segment::{Flags, OptionSet};

/// A kind of TCP stack that is not that of Linux.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stack {
    /// Windows: TTL 128, no timestamps.
    Windows,
    /// A small stack, as lwIP is: TTL 255, neither timestamps nor SACK, and identifications that count or a first number
    /// that has not been counted up far.
    Small,
    /// User-mode networking of passt: TTL 255, neither timestamps nor SACK, identification 0.
    Passt,
    /// User-mode networking of slirp4netns and QEMU: TTL 64, no option but the MSS, a first number that grows by 64000.
    Libslirp,
    /// smoltcp: TTL 64, window scale and SACK without timestamps, identification 0 also in what is no SYN-ACK.
    Smoltcp,
}

impl Stack {
    /// The stack of `side`, where its first segment shows it.
    pub fn of(records: &[Record], side: Side) -> Option<Self> {
        let opening = opening(records, side)?;
        let options = opening.options;
        if options.has(OptionSet::CUT) || options.has(OptionSet::TIMESTAMPS) {
            return None;
        }
        match (first_ttl(opening.ttl()?), options.has(OptionSet::SACK_PERMITTED)) {
            (128, true) => Some(Self::Windows),
            (255, false) => match ids(records, side) {
                Ids::Counted => Some(Self::Small),
                Ids::Zero => Some(Self::Passt),
                Ids::Unknown => {
                    opening.absolute_seq().is_some_and(|seq| seq.raw() < LWIP_COUNTS_TO).then_some(Self::Small)
                }
            },
            (64, false) if !options.has(OptionSet::WINDOW_SCALE) => opening
                .absolute_seq()
                .is_some_and(|seq| seq.raw() % SLIRP_STEP == SLIRP_FIRST)
                .then_some(Self::Libslirp),
            (64, true) if options.has(OptionSet::WINDOW_SCALE) => {
                let refused = opening.flags.is_syn() || offers_timestamps(records, side.other());
                (refused && ids(records, side) == Ids::Zero).then_some(Self::Smoltcp)
            }
            _ => None,
        }
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Windows => "Windows",
            Self::Small => "lwIP",
            Self::Passt => "passt",
            Self::Libslirp => "libslirp (slirp4netns, QEMU)",
            Self::Smoltcp => "smoltcp",
        }
    }

    /// Whether it sets ACK in every RST, also in answers to segments that it has no socket for: lwIP (`tcp_rst`), which
    /// writes the same fixed window into both.
    pub const fn always_acknowledges(self) -> bool {
        matches!(self, Self::Small)
    }
}

/// The SYN or SYN-ACK of `side`.
pub fn opening(records: &[Record], side: Side) -> Option<&Record> {
    let opens =
        |record: &&Record| record.from == side && record.flags.has(Flags::SYN) && !record.notes.has(Notes::SYN_ON_LIVE);
    records.iter().find(opens)
}

/// Whether the SYN of `side` offered timestamps: a SYN-ACK has only what the SYN has.
fn offers_timestamps(records: &[Record], side: Side) -> bool {
    opening(records, side).is_some_and(|syn| syn.options.has(OptionSet::TIMESTAMPS))
}

/// The TTL that a packet began with: one of the three that stacks use. No path has as many hops as lie between them.
pub const fn first_ttl(ttl: u8) -> u8 {
    match ttl {
        0..=64 => 64,
        65..=128 => 128,
        129.. => 255,
    }
}

/// How an end identifies its packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ids {
    Zero,
    Counted,
    Unknown,
}

fn ids(records: &[Record], side: Side) -> Ids {
    let own = |record: &&Record| record.from == side && !record.notes.has(Notes::IPV6) && !record.flags.has(Flags::RST);
    let mut own = records.iter().filter(own).map_while(Record::ip_id);
    match (own.next(), own.next()) {
        (Some(0), Some(0)) => Ids::Zero,
        (Some(first), Some(second)) if second.wrapping_sub(first) <= COUNTED => Ids::Counted,
        _ => Ids::Unknown,
    }
}

/// Other connections of the same host take numbers between two packets of this one.
const COUNTED: u16 = 64;
/// lwIP's first numbers begin with 6510 and grow by the half seconds that it has run (`tcp_next_iss`). Drawn at random, one in
/// four thousand is as small.
const LWIP_COUNTS_TO: u32 = 1 << 20;
/// libslirp's first numbers begin with 1 and grow by as much with each connection and each half second (`tcp_iss`, half of
/// `TCP_ISSINCR`, 125 * 1024, as in 4.3BSD).
const SLIRP_STEP: u32 = 64_000;
const SLIRP_FIRST: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seq::Seq;
    use crate::testing::conversation;

    const SYN: &str = "0.000 C > S S 0:0(0)\n";

    /// The stack of the server, whose first number is set to `first`.
    fn server(text: &str, first: u32) -> Option<Stack> {
        let outcome = conversation(&[SYN, text, "\n9.0 C > S R 1:1(0)"].concat()).outcome();
        let side = outcome.connection().server();
        let mut records = outcome.before().to_vec();
        for record in records.iter_mut().filter(|record| record.from == side) {
            record.seq = Seq::new(first);
        }
        Stack::of(&records, side)
    }

    #[test]
    fn lwip_is_known_by_a_first_number_that_was_counted() {
        let alone = "+0.001 C < S SA 0:0(0) ack 1 ttl 255 opts mss id 0";
        assert_eq!(server(alone, 6_510), Some(Stack::Small));
        assert_eq!(server(alone, 2_332_784_539), None);
    }

    #[test]
    fn two_packets_without_identification_are_passt_s() {
        let two = "+0.001 C < S SA 0:0(0) ack 1 ttl 255 opts mss id 0\n+0.1 C < S A 1:1(0) ack 1 ttl 255 ts none id 0";
        assert_eq!(server(two, 2_332_784_539), Some(Stack::Passt));
    }

    #[test]
    fn libslirp_is_known_by_the_step_of_its_first_number() {
        let alone = "+0.001 C < S SA 0:0(0) ack 1 opts mss id 3";
        assert_eq!(server(alone, 64_001), Some(Stack::Libslirp));
        assert_eq!(server(alone, 64_002), None);
    }

    #[test]
    fn smoltcp_writes_no_identification_into_data_either() {
        let refuses = "+0.001 C < S SA 0:0(0) ack 1 ts none id 0";
        let data = |id: u16| std::format!("{refuses}\n+0.1 C < S PA 1:8(7) ack 1 ts none id {id}");
        assert_eq!(server(&data(0), 7), Some(Stack::Smoltcp));
        assert_eq!(server(&data(4_711), 7), None);
        assert_eq!(server(refuses, 7), None);
    }
}
