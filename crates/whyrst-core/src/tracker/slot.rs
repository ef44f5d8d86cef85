//! What the tracker holds of each connection besides the connection itself.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::asked::Asked;
use crate::connection::Connection;
use crate::flow::{FlowKey, Side};
use crate::history::Record;
use crate::outcome::Outcome;
use crate::rst::Rsts;
use crate::segment::{Flags, Segment};
use crate::service::Service;
use crate::siblings::{Death, Handle as Sibling};
use crate::speech::{Handle, Speech};
use crate::time::Timestamp;
use crate::twins::Twin;
use crate::words::Words;

#[derive(Debug)]
pub(super) struct Slot {
    pub(super) connection: Connection,
    /// The tracker's time at its last segment.
    pub(super) touched: Timestamp,
    pub(super) generation: u32,
    pub(super) speech: Handle,
    pub(super) occupied: bool,
    pub(super) reset: ResetSeen,
    /// Its outcome, when it was reset and is not settled yet.
    pub(super) pending: Option<Box<Pending>>,
    /// A SYN that may replace this connection, when the server answers it.
    pub(super) challenger: Option<Box<Challenger>>,
    /// Where the book of siblings has it.
    pub(super) sibling: Option<Sibling>,
}

/// Whether a reset of this connection was seen, and how far the connection had come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ResetSeen {
    No,
    /// Before the handshake was complete: RFC 9293 lets such a connection come to life afterwards.
    WhileOpening,
    Later,
}

/// A connection that begins with a SYN on a pair of endpoints whose connection still lives.
#[derive(Debug)]
pub(super) struct Challenger {
    pub(super) connection: Connection,
    pub(super) syn: Record,
}

/// A reset whose verdict may still change.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) ticket: u64,
    /// The tracker's time at the first RST.
    pub(super) since: Timestamp,
    pub(super) connection: Connection,
    pub(super) before: Vec<Record>,
    pub(super) said: [Speech; 2],
    pub(super) words: Words,
    pub(super) asked: Option<Asked>,
    pub(super) rsts: Rsts,
    pub(super) rsts_total: u32,
    pub(super) after: Vec<Record>,
    pub(super) after_total: u32,
    pub(super) service: Service,
    /// As its siblings see it.
    pub(super) death: Box<Death>,
    /// The connect of its proxy that had just been refused.
    pub(super) upstream: Option<Twin>,
}

#[derive(Debug)]
pub(super) enum Queued {
    Waiting {
        slot: u32,
    },
    /// With how it ended, by which its siblings are found when its turn comes: they are much larger than this.
    Done(Box<Outcome>, Box<Death>),
}

/// A slot that is looked at again when a fixed time has passed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) slot: u32,
    pub(super) generation: u32,
    pub(super) since: Timestamp,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Expiry {
    /// The connection it was about exists no more.
    Gone,
    /// Something has happened since, or its reset is not handed out yet.
    Busy,
    /// Nothing has happened since.
    Quiet,
}

impl Challenger {
    pub(super) fn new(key: FlowKey, segment: &Segment<'_>, syn: Record) -> Self {
        let mut connection = Connection::new(key, syn.from, segment, syn.time, syn.frame);
        connection.observe(syn.from, segment, syn.time, syn.frame);
        Self { connection, syn }
    }

    /// The server accepts or refuses the new SYN, and so has no other connection of this pair.
    pub(super) fn is_answered_by(&self, from: Side, segment: &Segment<'_>) -> bool {
        let answers = segment.flags.is_syn_ack() || segment.flags.has(Flags::RST);
        let syn = self.connection.half(self.connection.client);
        from != self.connection.client && answers && segment.acknowledges() == Some(syn.nxt)
    }
}
