//! What the reset did: was it taken, and how much data of which side cannot have been delivered.
//!
//! Delivery to the program cannot be seen on the wire: an acknowledged octet may still lie unread
//! in a socket. So most figures are upper bounds, and say so.
//!
//! The facts behind it: docs/internals/acceptance.md#what-is-lost.

use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::window::{Unsent, closed_window, unsent};
use crate::flow::Side;
use crate::half::{Half, Marks};
use crate::history::{Notes, Record};
use crate::outcome::{Basis, Outcome};
use crate::rst::ResetKind;
use crate::segment::Flags;
use crate::seq::Seq;

pub use whyrst_model::vocabulary::Certainty;

/// The damage of one reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Harm {
    /// Whether the receiver took the RST, where the packets decide it.
    pub accepted: Option<bool>,
    /// Octets the client sent that its peer's program did not get.
    pub lost_client_bytes: Option<u64>,
    /// Octets the server sent that its peer's program did not get.
    pub lost_server_bytes: Option<u64>,
    /// Of the client's, those that were lost for certain.
    pub surely_client_bytes: u64,
    /// Of the server's, those that were lost for certain.
    pub surely_server_bytes: u64,
    /// How firm the two figures are.
    pub certainty: Certainty,
}

/// What one side's data suffered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Loss {
    surely: u64,
    at_most: u64,
}

impl Harm {
    const fn new(accepted: Option<bool>, certainty: Certainty) -> Self {
        Self {
            accepted,
            lost_client_bytes: None,
            lost_server_bytes: None,
            surely_client_bytes: 0,
            surely_server_bytes: 0,
            certainty,
        }
    }

    const fn nothing(accepted: Option<bool>) -> Self {
        Self { lost_client_bytes: Some(0), lost_server_bytes: Some(0), ..Self::new(accepted, Certainty::None) }
    }
}

/// Measures the damage.
pub fn harm(outcome: &Outcome, kind: ResetKind) -> Harm {
    let accepted = outcome.rst().and_then(|rst| outcome.reception(rst).accepted());
    if outcome.basis() == Basis::Sockets {
        return of_socket(outcome, kind, accepted);
    }
    if outcome.basis() == Basis::Sample {
        return Harm::new(accepted, Certainty::Unknown);
    }
    if outcome.rsts_never_taken() {
        return Harm::nothing(accepted);
    }
    let nothing_sent = Side::BOTH.iter().all(|side| outcome.finally().half(*side).bytes == 0);
    if nothing_sent && outcome.connection().beginning_seen() && !outcome.one_sided_data() {
        return Harm::nothing(accepted);
    }
    if !outcome.connection().beginning_seen() || outcome.one_sided() {
        return Harm::new(accepted, Certainty::Unknown);
    }
    let loss =
        |side: Side| if side == outcome.sender() { undelivered(outcome, side) } else { unread(outcome, side, kind) };
    let (client, server) = (loss(outcome.connection().client), loss(outcome.connection().server()));
    let exact = |loss: &Loss| loss.surely == loss.at_most;
    // What waits behind a closed window is thrown away, and no packet shows whether there was any and how much.
    let may_wait = closed_window(outcome).is_some() && exact(&client) && exact(&server);
    if unsent(outcome) == Unsent::Some || may_wait {
        let certainty = if client.surely + server.surely > 0 { Certainty::AtLeast } else { Certainty::Unknown };
        let known = |loss: &Loss| (certainty == Certainty::AtLeast).then_some(loss.surely);
        return Harm {
            lost_client_bytes: known(&client),
            lost_server_bytes: known(&server),
            surely_client_bytes: client.surely,
            surely_server_bytes: server.surely,
            ..Harm::new(accepted, certainty)
        };
    }
    let certainty = if client.at_most == 0 && server.at_most == 0 {
        Certainty::None
    } else if exact(&client) && exact(&server) {
        Certainty::Exact
    } else {
        Certainty::AtMost
    };
    Harm {
        accepted,
        lost_client_bytes: Some(client.at_most),
        lost_server_bytes: Some(server.at_most),
        surely_client_bytes: client.surely,
        surely_server_bytes: server.surely,
        certainty,
    }
}

/// A socket knows exactly what nobody read and what was never sent, and nothing of what was on its way.
fn of_socket(outcome: &Outcome, kind: ResetKind, accepted: Option<bool>) -> Harm {
    let sender = outcome.sender();
    let socket = outcome.account(sender).and_then(|account| account.socket.as_ref());
    let Some(socket) = socket.filter(|socket| kind == ResetKind::Active && socket.gone.is_none()) else {
        return Harm::new(accepted, Certainty::Unknown);
    };
    let (own, other) = (u64::from(socket.unsent), u64::from(socket.unread));
    let (client, server) = if sender == outcome.connection().client { (own, other) } else { (other, own) };
    let certainty = if own == 0 && other == 0 { Certainty::Unknown } else { Certainty::AtLeast };
    Harm {
        lost_client_bytes: Some(client),
        lost_server_bytes: Some(server),
        surely_client_bytes: client,
        surely_server_bytes: server,
        ..Harm::new(accepted, certainty)
    }
}

/// What the sender of the RST had on its way: an abort throws its send queue away, but what was on the
/// wire may have arrived.
fn undelivered(outcome: &Outcome, side: Side) -> Loss {
    let (own, peer) = (outcome.connection().half(side), outcome.connection().half(side.other()));
    if !peer.marks.has(Marks::ACKED) || own.bytes == 0 {
        return Loss::default();
    }
    Loss { surely: 0, at_most: octets(peer.ack, end_of_data(own)) }
}

/// What was sent to the sender of the RST and may not have been read.
///
/// A host that answers what comes after its FIN had read what came before: its program would have said RST instead
/// of FIN (RFC 1122 section 4.2.2.13). An abort says nothing of that kind: what its program had answered before it got the
/// last turn of the other end, it had read; but a greeting, an early answer or a FIN do not show that it had read that turn.
fn unread(outcome: &Outcome, side: Side, kind: ResetKind) -> Loss {
    let (own, peer) = (outcome.finally().half(side), outcome.connection().half(side.other()));
    if own.bytes == 0 {
        return Loss::default();
    }
    let closed = peer.marks.has(Marks::FIN) && peer.marks.has(Marks::ACKED);
    let known = match kind {
        ResetKind::Passive if closed => Some(fin_of(outcome, side.other()).map_or(peer.ack, |fin| fin.ack)),
        ResetKind::Passive => last_reply(outcome, side.other()).map(|reply| reply.ack),
        ResetKind::Active | ResetKind::Unknown => reply_before_last_turn(outcome, side),
    };
    let end = end_of_data(own);
    let at_most = known.map_or(own.bytes, |known| octets(known, end).min(own.bytes));
    let surely = never_received_from(outcome).map_or(0, |from| octets(from, end)).min(at_most);
    Loss { surely, at_most }
}

/// The FIN of `from`: what it acknowledges had arrived when its program closed.
fn fin_of(outcome: &Outcome, from: Side) -> Option<&Record> {
    outcome.earlier(|record| record.from == from && record.flags.has(Flags::FIN.with(Flags::ACK)))
}

/// What the last reply acknowledges that the other end of `side` sent before the last data that it received.
fn reply_before_last_turn(outcome: &Outcome, side: Side) -> Option<Seq> {
    let received = outcome.connection().half(side.other()).ack;
    let data = |record: &&Record| record.len > 0 && record.flags.has(Flags::ACK);
    let mut turns = outcome.before().iter().rev().filter(data);
    let came = |record: &Record| record.from == side && record.seq.before(received);
    turns.by_ref().find(|record| came(record))?;
    turns.find(|record| record.from == side.other()).map(|reply| reply.ack)
}

/// From this number on, nothing reached the socket of the RST's sender: an abort says what it had
/// received (RFC 9293 section 3.5.2), and what a host without a socket answers has no reader.
fn never_received_from(outcome: &Outcome) -> Option<Seq> {
    if !RST_CONTRADICTS_SENDER.answer(outcome).is_no() {
        return None;
    }
    let rst = outcome.rst()?;
    let again = |trigger: &Record| trigger.notes.has(Notes::RETRANSMISSION) || trigger.notes.has(Notes::PROBE);
    match rst.trigger {
        Some(trigger) => (trigger.len > 0 && !again(&trigger)).then_some(trigger.seq),
        None => (RST_IS_ACTIVE.answer(outcome).is_yes() && rst.record.flags.has(Flags::ACK)).then_some(rst.record.ack),
    }
}

fn end_of_data(half: &Half) -> Seq {
    if half.marks.has(Marks::FIN) { half.fin } else { half.nxt }
}

fn octets(from: Seq, to: Seq) -> u64 {
    u64::from(to.diff(from).max(0).unsigned_abs())
}

fn last_reply(outcome: &Outcome, from: Side) -> Option<&Record> {
    outcome.latest(|record| record.from == from && record.len > 0 && record.flags.has(Flags::ACK))
}

impl Outcome {
    /// Whether data may have passed unseen.
    fn one_sided_data(&self) -> bool {
        Side::BOTH.iter().any(|side| self.connection().half(*side).marks.has(Marks::GAP))
    }
}
