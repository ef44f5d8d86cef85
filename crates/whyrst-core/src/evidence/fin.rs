//! What is seen of the FINs before a RST: who had closed, and what was acknowledged or refused after that.
//! Several topics ask it.

use super::answer::{Answer, Value, no, yes};
use crate::connection::TcpState;
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::kernel::KernelWord;
use crate::outcome::Outcome;
use crate::segment::Flags;
use crate::time::Span;

/// Whether `side` had closed before the RST.
pub(super) fn had_closed(outcome: &Outcome, side: Side) -> Answer {
    let half = outcome.connection().half(side);
    if half.marks.has(Marks::FIN) {
        Answer::Yes(yes().value(Value::Frame(half.fin_frame)).shown_by(half.fin_frame))
    } else if knows_all(outcome, side) && closed_state(outcome, side).is_none() {
        Answer::No(no())
    } else {
        Answer::Unknown
    }
}

/// Whether both ends had closed before the RST.
pub(super) fn both_had_closed(outcome: &Outcome) -> Answer {
    match [outcome.sender(), outcome.receiver()].map(|side| had_closed(outcome, side)) {
        [Answer::Yes(first), Answer::Yes(second)] => Answer::Yes(first.and(second)),
        [Answer::No(_), _] | [_, Answer::No(_)] => Answer::No(no()),
        _ => Answer::Unknown,
    }
}

/// Whether a FIN of `side` could not have been missed. A RST beyond what was seen of its sender
/// tells of something that was missed.
fn knows_all(outcome: &Outcome, side: Side) -> bool {
    let half = outcome.connection().half(side);
    let rst = outcome.rst().filter(|rst| rst.record.from == side && rst.record.flags.has(Flags::ACK));
    let unseen = rst.is_some_and(|rst| rst.record.seq.after(half.nxt));
    half.marks.has(Marks::SYN) && !outcome.connection().has_gap(side) && !unseen
}

/// The first segment that acknowledges the FIN of the RST's sender.
pub(super) fn fin_ack(outcome: &Outcome) -> Option<&Record> {
    let sender = outcome.connection().half(outcome.sender());
    let acks = |record: &Record| {
        record.from == outcome.receiver() && record.flags.has(Flags::ACK) && record.ack.after(sender.fin)
    };
    outcome.earlier(acks).filter(|_| sender.marks.has(Marks::FIN))
}

/// Data that a closed socket refused by a RST with ACK. Windows acknowledges the data, with window 0 and no options; a
/// socket that still exists, as Linux aborts it, shows its window there. gVisor (`replyWithReset`, `resetConnectionLocked`)
/// leaves out what it refused: a socket that had taken the data would have acknowledged it.
pub(super) fn data_refused_with_ack(outcome: &Outcome) -> Option<&Record> {
    let rst = &outcome.rst()?.record;
    let is_fin = |record: &Record| record.from == rst.from && record.flags.has(Flags::FIN);
    let closed = outcome.before().iter().position(is_fin).filter(|_| rst.flags.has(Flags::ACK))?;
    let plain = rst.window == 0 && rst.options.is_empty();
    let refused = |record: &&Record| {
        let arrived = || rst.time.since(record.time) >= answered_at_best(outcome, rst.from);
        let taken = plain && record.end() == rst.ack;
        record.from != rst.from && is_data(record) && (taken || rst.ack == record.seq && arrived())
    };
    let spoke = outcome.before().iter().rposition(|record| record.from == rst.from).unwrap_or(closed);
    outcome.before()[spoke.max(closed)..].iter().rev().find(refused)
}

/// How soon an answer of `side` came at best: what it sent sooner after a segment does not answer that.
fn answered_at_best(outcome: &Outcome, side: Side) -> Span {
    let pairs = outcome.before().windows(2).filter(|pair| pair[0].from != side && pair[1].from == side);
    let took = pairs.filter(|pair| pair[0].seq_len() > 0 && pair[1].ack == pair[0].end());
    took.map(|pair| pair[1].time.since(pair[0].time)).min().unwrap_or(Span::ZERO)
}

/// Whether the segment carries data that was new or lost, not a probe's.
pub(super) fn is_data(record: &Record) -> bool {
    record.len > 0 && !record.notes.has(Notes::PROBE)
}

/// The state of `side`'s socket, where it shows that it had closed, whether its FIN was sent or waits.
pub(super) fn closed_state(outcome: &Outcome, side: Side) -> Option<&'static str> {
    let by_socket = outcome.account(side).and_then(|account| account.socket.as_ref());
    let entered = by_socket.and_then(|socket| socket.steps.iter().rev().find_map(|step| name_of(step.state)));
    let by_event = || match outcome.kernel() {
        KernelWord::Sent(event) if side == outcome.sender() => {
            STATES.iter().find(|(name, _)| *name == event.state).map(|(_, state)| *state)
        }
        _ => None,
    };
    entered.or_else(by_event)
}

/// As `tcp:tcp_send_reset` names them, and as RFC 9293 does.
const STATES: [(&str, &str); 5] = [
    ("FIN_WAIT1", "FIN-WAIT-1"),
    ("FIN_WAIT2", "FIN-WAIT-2"),
    ("CLOSING", "CLOSING"),
    ("LAST_ACK", "LAST-ACK"),
    ("TIME_WAIT", "TIME-WAIT"),
];

const fn name_of(state: TcpState) -> Option<&'static str> {
    match state {
        TcpState::FinWait1 => Some("FIN-WAIT-1"),
        TcpState::FinWait2 => Some("FIN-WAIT-2"),
        TcpState::Closing => Some("CLOSING"),
        TcpState::LastAck => Some("LAST-ACK"),
        TcpState::TimeWait => Some("TIME-WAIT"),
        _ => None,
    }
}
