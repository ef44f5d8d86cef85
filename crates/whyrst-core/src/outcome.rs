//! How one incarnation of a connection ended: by a reset, or as a connect that failed without one. All evidence
//! is drawn from here.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::asked::Asked;
use crate::claim::{Claims, Tied};
use crate::connection::Connection;
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::joined::Joined;
use crate::kernel::KernelWord;
use crate::observation::IcmpError;
use crate::probers::Probes;
use crate::rst::{Rst, Rsts};
use crate::segment::Endpoint;
use crate::service::{Moment, Service};
use crate::siblings::Siblings;
use crate::socket::{Account, Translation, Wire};
use crate::speech::Speech;
use crate::time::{Span, Timestamp};
use crate::twins::Twin;
use crate::words::{Gist, Message, Words};

/// How one incarnation of a connection ended.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all are resets, and there is never a long list of them")]
pub enum Outcome {
    /// At least one RST was seen.
    Reset(Reset),
    /// The connect failed and no RST was seen.
    FailedConnect(Incarnation),
}

/// Whether there was a RST: what a cause is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutcomeKind {
    /// [`Outcome::Reset`].
    Reset,
    /// [`Outcome::FailedConnect`].
    FailedConnect,
}

/// A connection that was reset.
#[derive(Clone, Debug)]
pub struct Reset {
    /// The connection, up to its first RST and afterwards.
    pub incarnation: Incarnation,
    /// The RSTs, oldest first, up to a bound.
    pub rsts: Rsts,
    /// How many RSTs there were in all.
    pub rsts_total: u32,
    /// What followed the first RST (without RSTs), up to a bound.
    pub after: Vec<Record>,
    /// How many segments followed in all.
    pub after_total: u32,
    /// What the kernel of the RST's sender says.
    pub kernel: KernelWord,
}

/// One incarnation of a connection, as far as it is known.
#[derive(Clone, Debug)]
pub struct Incarnation {
    /// The connection just before its first RST, or at its end when there was none.
    pub connection: Connection,
    /// The connection when nothing more was expected.
    pub finally: Connection,
    /// The remembered segments before the first RST, oldest first.
    pub before: Vec<Record>,
    /// What each end had said first and last before the first RST; indexed by [`Side::index`].
    pub said: [Speech; 2],
    /// The last message of each before it, where it is of a protocol that is known; indexed by [`Side::index`].
    pub words: Words,
    /// The name of the service that the client asked for.
    pub asked: Option<Asked>,
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
    /// Whether packets or sockets show it.
    pub basis: Basis,
    /// What the ends' kernels know of their sockets, indexed by [`Side::index`].
    pub accounts: [Option<Box<Account>>; 2],
    /// What other capture points know of it, when there are any.
    pub joined: Option<Box<Joined>>,
    /// The same handshake, or the other leg of a proxy, between other endpoints.
    pub twin: Option<Box<Twin>>,
    /// The other connections to the same service; of a connection that was reset or refused.
    pub siblings: Option<Box<Siblings>>,
    /// The refusals that its client's host met around it.
    pub probes: Option<Probes>,
    /// What logs and other systems' kernels say of it, where they were asked.
    pub claims: Claims,
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
    /// A kernel reported a socket; its segments are concluded from that, not seen.
    Sockets,
    /// Some packets were seen, and it is known that others were not looked at: single packets can be
    /// compared, the course of the connection is not known.
    Sample,
}

/// A connection's ends as packets between its hosts have them, behind the NAT of the host that reports it.
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

/// Of a connection that was not reset.
static NOT_ASKED: KernelWord = KernelWord::NotAsked;

impl Outcome {
    /// With or without a RST.
    pub const fn kind(&self) -> OutcomeKind {
        match self {
            Self::Reset(_) => OutcomeKind::Reset,
            Self::FailedConnect(_) => OutcomeKind::FailedConnect,
        }
    }

    /// The reset, when it is one.
    pub const fn reset(&self) -> Option<&Reset> {
        match self {
            Self::Reset(reset) => Some(reset),
            Self::FailedConnect(_) => None,
        }
    }

    /// Notes what the kernel of the RST's sender says. Nobody asks it about a connect that merely failed.
    pub fn note_kernel(&mut self, word: KernelWord) {
        if let Self::Reset(reset) = self {
            reset.kernel = word;
        }
    }

    /// What is known of the connection however it ended.
    pub const fn incarnation(&self) -> &Incarnation {
        match self {
            Self::Reset(Reset { incarnation, .. }) | Self::FailedConnect(incarnation) => incarnation,
        }
    }

    /// The same, to be added to.
    pub const fn incarnation_mut(&mut self) -> &mut Incarnation {
        match self {
            Self::Reset(Reset { incarnation, .. }) | Self::FailedConnect(incarnation) => incarnation,
        }
    }

    /// The connection just before its first RST, or at its end when there was none.
    pub const fn connection(&self) -> &Connection {
        &self.incarnation().connection
    }

    /// The connection when nothing more was expected.
    pub const fn finally(&self) -> &Connection {
        &self.incarnation().finally
    }

    /// The remembered segments before the first RST, oldest first.
    pub fn before(&self) -> &[Record] {
        &self.incarnation().before
    }

    /// What each end had said first and last before the first RST.
    pub const fn said(&self, side: Side) -> &Speech {
        &self.incarnation().said[side.index()]
    }

    /// The last message of this end before the first RST.
    pub fn message(&self, side: Side) -> Option<&Message> {
        self.incarnation().words[side.index()].as_deref().map(|word| &word.message)
    }

    /// What that message amounts to, where it can be read.
    pub fn gist(&self, side: Side) -> Option<Gist> {
        self.incarnation().words[side.index()].as_deref()?.gist
    }

    /// The name of the service that the client asked for.
    pub const fn asked(&self) -> Option<&Asked> {
        self.incarnation().asked.as_ref()
    }

    /// ICMP errors about it, up to a bound.
    pub fn icmp(&self) -> &[IcmpSeen] {
        &self.incarnation().icmp
    }

    /// The service at the moment of the first RST.
    pub const fn service(&self) -> Service {
        self.incarnation().service
    }

    /// The service when nothing more was expected.
    pub const fn service_later(&self) -> Service {
        self.incarnation().service_later
    }

    /// The time at which the capture begins.
    pub const fn seen_from(&self) -> Timestamp {
        self.incarnation().seen_from
    }

    /// The time up to which the capture was read when this was settled.
    pub const fn seen_until(&self) -> Timestamp {
        self.incarnation().seen_until
    }

    /// Whether packets or sockets show it.
    pub const fn basis(&self) -> Basis {
        self.incarnation().basis
    }

    /// What other capture points know of it, when there are any.
    pub fn joined(&self) -> Option<&Joined> {
        self.incarnation().joined.as_deref()
    }

    /// The same handshake, or the other leg of a proxy, between other endpoints.
    pub fn twin(&self) -> Option<&Twin> {
        self.incarnation().twin.as_deref()
    }

    /// The other connections to the same service.
    pub fn siblings(&self) -> Option<&Siblings> {
        self.incarnation().siblings.as_deref()
    }

    /// The refusals that its client's host met around it.
    pub const fn probes(&self) -> Option<Probes> {
        self.incarnation().probes
    }

    /// What logs and other systems' kernels say of it.
    pub fn claims(&self) -> &[Tied] {
        &self.incarnation().claims
    }

    /// What the kernel of `side` knows of its socket.
    pub fn account(&self, side: Side) -> Option<&Account> {
        self.incarnation().accounts[side.index()].as_deref()
    }

    /// The RSTs, oldest first, up to a bound.
    pub fn rsts(&self) -> &[Rst] {
        self.reset().map_or(&[], |reset| reset.rsts.as_slice())
    }

    /// How many RSTs there were in all.
    pub fn rsts_total(&self) -> u32 {
        self.reset().map_or(0, |reset| reset.rsts_total)
    }

    /// What followed the first RST (without RSTs), up to a bound.
    pub fn after(&self) -> &[Record] {
        self.reset().map_or(&[], |reset| reset.after.as_slice())
    }

    /// How many segments followed the first RST in all.
    pub fn after_total(&self) -> u32 {
        self.reset().map_or(0, |reset| reset.after_total)
    }

    /// What the kernel of the RST's sender says.
    pub fn kernel(&self) -> &KernelWord {
        self.reset().map_or(&NOT_ASKED, |reset| &reset.kernel)
    }

    /// The RST that the connection's end is attributed to: the first one. Later ones answer segments that
    /// were still in flight, or repeat it.
    pub fn rst(&self) -> Option<&Rst> {
        self.reset().map(|reset| reset.rsts.first())
    }

    /// Who sent the first RST, or for a failed connect the end that did not answer.
    pub fn sender(&self) -> Side {
        self.rst().map_or(self.connection().server(), |rst| rst.record.from)
    }

    /// The other end.
    pub fn receiver(&self) -> Side {
        self.sender().other()
    }

    /// When it ended: the time of the first RST, or of the last segment.
    pub fn time(&self) -> Timestamp {
        self.rst().map_or(self.connection().last, |rst| rst.record.time)
    }

    /// The first remembered segment that `wanted` accepts, before the RST.
    pub fn earlier(&self, wanted: impl Fn(&Record) -> bool) -> Option<&Record> {
        self.before().iter().find(|record| wanted(record))
    }

    /// The last such segment.
    pub fn latest(&self, wanted: impl Fn(&Record) -> bool) -> Option<&Record> {
        self.before().iter().rev().find(|record| wanted(record))
    }

    /// Whether `side` had sent a SYN in the middle of the connection: whoever does that has the connection no more, and
    /// what follows from it is about a new one.
    pub fn left_for_new(&self, side: Side) -> bool {
        self.latest(|record| record.from == side && record.notes.has(Notes::SYN_ON_LIVE)).is_some()
    }

    /// The client's SYN, when it was seen.
    pub fn syn(&self) -> Option<&Record> {
        let opens = |record: &Record| record.flags.is_syn() && !record.notes.has(Notes::SYN_ON_LIVE);
        self.earlier(|record| record.from == self.connection().client && opens(record))
    }

    /// The server's SYN-ACK, when it was seen.
    pub fn syn_ack(&self) -> Option<&Record> {
        self.earlier(|record| record.from == self.connection().server() && record.flags.is_syn_ack())
    }

    /// How long nothing had been sent when the RST came.
    pub fn idle(&self) -> Span {
        self.time().since(self.connection().last)
    }

    /// How long the capture goes on after the RST.
    pub fn watched_after(&self) -> Span {
        self.seen_until().since(self.time())
    }

    /// What stands on the wire, as the host of the sender knows it, or else that of the receiver.
    pub fn on_wire(&self) -> OnWire {
        let known = [self.sender(), self.receiver()].into_iter().find_map(|side| Some((side, self.account(side)?)));
        match known.map(|(side, account)| (side, account.translation)) {
            None | Some((_, Translation::Unknown)) => OnWire::Unknown,
            Some((_, Translation::Untranslated)) => OnWire::Same,
            Some((side, Translation::To(Wire { local, remote }))) if side == self.connection().client => {
                OnWire::Other { client: local, server: remote }
            }
            Some((_, Translation::To(Wire { local, remote }))) => OnWire::Other { client: remote, server: local },
        }
    }

    /// Only one direction of the connection was captured.
    pub fn one_sided(&self) -> bool {
        let spoke = |side: Side| {
            self.finally().half(side).marks.has(Marks::SPOKE) || self.finally().half(side).marks.has(Marks::RST)
        };
        spoke(Side::Low) != spoke(Side::High)
    }
}
