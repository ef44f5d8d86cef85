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
    /// A small stack, as lwIP is: TTL 255, neither timestamps nor SACK, identifications that count.
    Small,
    /// User-mode networking of passt: TTL 255, neither timestamps nor SACK, identification 0.
    Passt,
}

impl Stack {
    /// The stack of `side`, where its first segment shows it.
    pub fn of(records: &[Record], side: Side) -> Option<Self> {
        let opening = opening(records, side)?;
        let options = opening.options;
        let plain = !options.has(OptionSet::CUT) && !options.has(OptionSet::TIMESTAMPS);
        match (first_ttl(opening.ttl), options.has(OptionSet::SACK_PERMITTED)) {
            (128, true) if plain => Some(Self::Windows),
            (255, false) if plain => match ids(records, side) {
                Ids::Zero => Some(Self::Passt),
                Ids::Counted => Some(Self::Small),
                Ids::Unknown => None,
            },
            _ => None,
        }
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Windows => "Windows",
            Self::Small => "lwIP",
            Self::Passt => "passt",
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

/// The TTL that a packet began with: one of the three that stacks use. No path has as many hops as lie between them.
const fn first_ttl(ttl: u8) -> u8 {
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
    let mut own = records.iter().filter(own).map(|record| record.ip_id);
    match (own.next(), own.next()) {
        (Some(0), Some(0)) => Ids::Zero,
        (Some(first), Some(second)) if second.wrapping_sub(first) <= COUNTED => Ids::Counted,
        _ => Ids::Unknown,
    }
}

/// Other connections of the same host take numbers between two packets of this one.
const COUNTED: u16 = 64;
