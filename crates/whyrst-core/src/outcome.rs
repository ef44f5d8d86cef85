//! How a connection ended: the reset (or the connect that failed without one), with the connection
//! as it was at that moment and what both ends did afterwards. All evidence is drawn from here.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::asked::Asked;
use crate::connection::Connection;
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::joined::Joined;
use crate::kernel::KernelWord;
use crate::observation::IcmpError;
use crate::rst::Rst;
use crate::segment::Endpoint;
use crate::service::{Moment, Service};
use crate::socket::{Account, Translation, Wire};
use crate::speech::Speech;
use crate::time::{Span, Timestamp};

/// Whether a RST ended it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutcomeKind {
    /// At least one RST was seen.
    Reset,
    /// The connect failed and no RST was seen.
    FailedConnect,
}

/// An ICMP error about this connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IcmpSeen {
    /// Where and when.
    pub at: Moment,
    /// What it says.
    pub error: IcmpError,
}

/// What an outcome is drawn from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Basis {
    /// Packets were seen.
    #[default]
    Packets,
    /// A kernel told of a socket; its segments are concluded from that, not seen.
    Sockets,
    /// Some packets were seen, and it is known that others were not looked at: single packets can be
    /// compared, the course of the connection cannot be told.
    Sample,
}

/// A connection's ends as packets between its hosts have them, behind the NAT of the host that tells of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnWire {
    /// Nobody could be asked.
    Unknown,
    /// Those of the connection.
    Same,
    /// Other ones.
    Other {
        /// For the client's.
        client: Endpoint,
        /// For the server's.
        server: Endpoint,
    },
}

/// How one incarnation of a connection ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// With or without a RST.
    pub kind: OutcomeKind,
    /// The connection just before its first RST, or at its end when there was none.
    pub connection: Connection,
    /// The connection when nothing more was expected.
    pub finally: Connection,
    /// The remembered segments before the first RST, oldest first.
    pub before: Vec<Record>,
    /// What each end had said first and last before the first RST; indexed by [`Side::index`].
    pub said: [Speech; 2],
    /// The name of the service that the client asked for.
    pub asked: Option<Asked>,
    /// The RSTs, oldest first, up to a bound.
    pub resets: Vec<Rst>,
    /// How many RSTs there were in all.
    pub resets_total: u32,
    /// What followed the first RST (without RSTs), up to a bound.
    pub after: Vec<Record>,
    /// How many segments followed in all.
    pub after_total: u32,
    /// ICMP errors about it, up to a bound.
    pub icmp: Vec<IcmpSeen>,
    /// The service at the moment of the first RST.
    pub service: Service,
    /// The service when nothing more was expected.
    pub service_later: Service,
    /// The time at which the capture begins.
    pub seen_from: Timestamp,
    /// The time up to which the capture was read when this was settled.
    pub seen_until: Timestamp,
    /// What the kernel of the RST's sender says.
    pub kernel: KernelWord,
    /// Whether packets or sockets told of it.
    pub basis: Basis,
    /// What the ends' kernels know of their sockets, indexed by [`Side::index`].
    pub accounts: [Option<Box<Account>>; 2],
    /// What other capture points know of it, when there are any.
    pub joined: Option<Box<Joined>>,
}

impl Outcome {
    /// What stands on the wire, as the host of the sender knows it, or else that of the receiver.
    pub fn on_wire(&self) -> OnWire {
        let known = [self.sender(), self.receiver()].into_iter().find_map(|side| Some((side, self.account(side)?)));
        match known.map(|(side, account)| (side, account.translation)) {
            None | Some((_, Translation::Unknown)) => OnWire::Unknown,
            Some((_, Translation::Untranslated)) => OnWire::Same,
            Some((side, Translation::To(Wire { local, remote }))) if side == self.connection.client => {
                OnWire::Other { client: local, server: remote }
            }
            Some((_, Translation::To(Wire { local, remote }))) => OnWire::Other { client: remote, server: local },
        }
    }

    /// The RST that the connection's end is attributed to: the first one. Later ones answer
    /// segments that were still in flight, or repeat it (CATALOGUE sections 2 and 5, class C12).
    pub fn rst(&self) -> Option<&Rst> {
        self.resets.first()
    }

    /// Who sent the first RST, or for a failed connect the end that did not answer.
    pub fn sender(&self) -> Side {
        self.rst().map_or(self.connection.server(), |rst| rst.record.from)
    }

    /// The other end.
    pub fn receiver(&self) -> Side {
        self.sender().other()
    }

    /// When it ended: the time of the first RST, or of the last segment.
    pub fn time(&self) -> Timestamp {
        self.rst().map_or(self.connection.last, |rst| rst.record.time)
    }

    /// What one end had said first and last.
    pub const fn said(&self, side: Side) -> &Speech {
        &self.said[side.index()]
    }

    /// The first remembered segment that `wanted` accepts, before the RST.
    pub fn earlier(&self, wanted: impl Fn(&Record) -> bool) -> Option<&Record> {
        self.before.iter().find(|record| wanted(record))
    }

    /// The last such segment.
    pub fn latest(&self, wanted: impl Fn(&Record) -> bool) -> Option<&Record> {
        self.before.iter().rev().find(|record| wanted(record))
    }

    /// The client's SYN, when it was seen.
    pub fn syn(&self) -> Option<&Record> {
        let opens = |record: &Record| record.flags.is_syn() && !record.notes.has(Notes::SYN_ON_LIVE);
        self.earlier(|record| record.from == self.connection.client && opens(record))
    }

    /// The server's SYN-ACK, when it was seen.
    pub fn syn_ack(&self) -> Option<&Record> {
        self.earlier(|record| record.from == self.connection.server() && record.flags.is_syn_ack())
    }

    /// How long nothing had been sent when the RST came.
    pub fn idle(&self) -> Span {
        self.time().since(self.connection.last)
    }

    /// How long the capture goes on after the RST.
    pub fn watched_after(&self) -> Span {
        self.seen_until.since(self.time())
    }

    /// What the kernel of `side` knows of its socket.
    pub fn account(&self, side: Side) -> Option<&Account> {
        self.accounts[side.index()].as_deref()
    }

    /// No RST was acceptable, and each end sent something else after the first.
    pub fn resets_never_taken(&self) -> bool {
        let refused = !self.resets.is_empty()
            && self.resets_total as usize == self.resets.len()
            && self.resets.iter().all(|rst| rst.acceptance.accepted() == Some(false));
        let talks = |side| self.after.iter().any(|record| record.from == side);
        refused && Side::BOTH.into_iter().all(talks)
    }

    /// Records that only one direction of the connection was captured.
    pub fn one_sided(&self) -> bool {
        let spoke = |side: Side| {
            self.finally.half(side).marks.has(Marks::SPOKE) || self.finally.half(side).marks.has(Marks::RST)
        };
        spoke(Side::Low) != spoke(Side::High)
    }
}
