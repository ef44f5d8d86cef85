//! What the reset did: was it taken, and how much data of which side cannot have been delivered.
//!
//! Delivery to the program cannot be seen on the wire: an acknowledged octet may still lie unread
//! in a socket. So most figures are upper bounds, and say so.

use crate::ending::{Basis, Ending};
use crate::flow::Side;
use crate::half::Marks;
use crate::history::Record;
use crate::segment::Flags;
use crate::verdict::Kind;

/// How firm the figures of a [`Harm`] are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Certainty {
    /// Nothing was lost.
    None,
    /// That much was lost.
    Exact,
    /// No more than that was lost.
    AtMost,
    /// That much was lost, and perhaps what was on its way.
    AtLeast,
    /// The capture does not show it.
    Unknown,
}

impl Certainty {
    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Exact => "exact",
            Self::AtMost => "at-most",
            Self::AtLeast => "at-least",
            Self::Unknown => "unknown",
        }
    }
}

/// The damage of one reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Harm {
    /// Whether the receiver took the RST, where the packets decide it.
    pub accepted: Option<bool>,
    /// Octets the client sent that its peer's program did not get.
    pub lost_client_bytes: Option<u64>,
    /// Octets the server sent that its peer's program did not get.
    pub lost_server_bytes: Option<u64>,
    /// How firm the two figures are.
    pub certainty: Certainty,
}

/// Measures the damage.
pub fn harm(ending: &Ending, kind: Kind) -> Harm {
    let accepted = ending.rst().and_then(|rst| rst.acceptance.accepted());
    if ending.basis == Basis::Sockets {
        return told_by_socket(ending, kind, accepted);
    }
    if ending.basis == Basis::Sample {
        return Harm { accepted, lost_client_bytes: None, lost_server_bytes: None, certainty: Certainty::Unknown };
    }
    let nothing_sent = Side::BOTH.iter().all(|side| ending.finally.half(*side).bytes == 0);
    if nothing_sent && ending.connection.beginning_seen() && !ending.one_sided_data() {
        return Harm { accepted, lost_client_bytes: Some(0), lost_server_bytes: Some(0), certainty: Certainty::None };
    }
    if !ending.connection.beginning_seen() || ending.one_sided() {
        return Harm { accepted, lost_client_bytes: None, lost_server_bytes: None, certainty: Certainty::Unknown };
    }
    let (client, server) = (ending.connection.client, ending.connection.server());
    let lost =
        |side: Side| if side == ending.sender() { unacknowledged(ending, side) } else { unread(ending, side, kind) };
    let (lost_client, lost_server) = (lost(client), lost(server));
    let certainty = if lost_client == 0 && lost_server == 0 { Certainty::None } else { Certainty::AtMost };
    Harm { accepted, lost_client_bytes: Some(lost_client), lost_server_bytes: Some(lost_server), certainty }
}

/// A socket knows exactly what nobody read and what was never sent, and nothing of what was on its way.
fn told_by_socket(ending: &Ending, kind: Kind, accepted: Option<bool>) -> Harm {
    let sender = ending.sender();
    let socket = ending.account(sender).and_then(|account| account.socket.as_ref());
    let Some(socket) = socket.filter(|socket| kind == Kind::Active && socket.gone.is_none()) else {
        return Harm { accepted, lost_client_bytes: None, lost_server_bytes: None, certainty: Certainty::Unknown };
    };
    let (own, other) = (Some(socket.unsent.into()), Some(socket.unread.into()));
    let (client, server) = if sender == ending.connection.client { (own, other) } else { (other, own) };
    let certainty = if socket.unsent == 0 && socket.unread == 0 { Certainty::Unknown } else { Certainty::AtLeast };
    Harm { accepted, lost_client_bytes: client, lost_server_bytes: server, certainty }
}

/// What the sender of the RST had on its way: an abort throws its send queue away.
fn unacknowledged(ending: &Ending, side: Side) -> u64 {
    let (own, peer) = (ending.connection.half(side), ending.connection.half(side.other()));
    if !peer.marks.has(Marks::ACKED) || own.bytes == 0 {
        return 0;
    }
    let end = if own.marks.has(Marks::FIN) { own.fin } else { own.nxt };
    u64::from(end.diff(peer.ack).max(0).unsigned_abs())
}

/// What was sent to the sender of the RST and may not have been read: after an abort everything
/// since its last own data, after a reset in answer what it had not acknowledged.
fn unread(ending: &Ending, side: Side, kind: Kind) -> u64 {
    let (own, peer) = (ending.finally.half(side), ending.connection.half(side.other()));
    if own.bytes == 0 {
        return 0;
    }
    let known = match kind {
        Kind::Active => last_reply(ending, side.other()).map(|reply| reply.ack),
        Kind::Passive | Kind::Unknown => peer.marks.has(Marks::ACKED).then_some(peer.ack),
    };
    let end = if own.marks.has(Marks::FIN) { own.fin } else { own.nxt };
    known.map_or(own.bytes, |known| u64::from(end.diff(known).max(0).unsigned_abs()).min(own.bytes))
}

fn last_reply(ending: &Ending, from: Side) -> Option<&Record> {
    ending.latest(|record| record.from == from && record.len > 0 && record.flags.has(Flags::ACK))
}

impl Ending {
    /// Whether data may have passed unseen.
    fn one_sided_data(&self) -> bool {
        Side::BOTH.iter().any(|side| self.connection.half(*side).marks.has(Marks::GAP))
    }
}
