//! Who had sent data to whom when the RST came.

use super::answer::{Answer, no, yes};
use super::fin::both_had_closed;
use super::question::{AskedOf, Question, Wording, by, not};
use crate::flow::Side;
use crate::half::Marks;
use crate::history::Record;
use crate::outcome::{Basis, Outcome};
use crate::segment::Flags;
use crate::time::Span;

/// No segment that arrives is longer under way, as the RTO begins at that (RFC 6298 section 2).
const LONGEST_TRIP: Span = Span::from_secs(1);
/// A sender waits when there is no room for a full segment (RFC 9293 section 3.8.6.2.1); none in use is shorter.
const SMALLEST_SEGMENT: u32 = 536;
/// A FIN takes one number.
const FIN_COUNTED_TWICE: i32 = 2;

/// The sender of the RST had received payload.
pub static SENDER_RECEIVED_DATA: Question = Question {
    id: "sender-received-data",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{receiver} had sent {sender} {} bytes of data",
    no: "{sender} had received no data at all on this connection, so none can have been unread",
    unknown: "the connection from its beginning: had {sender} received data?",
    zh: Wording {
        yes: "{receiver}已向{sender}发送{}字节数据",
        no: "{sender}在这条连接上没有收到过任何数据，所以不可能有未读数据",
        unknown: "从头开始的连接：{sender}是否收到过数据？",
    },
    ask: by(|outcome| match received_octets(outcome) {
        Some(0) => Answer::No(no()),
        Some(octets) => Answer::Yes(yes().count(octets)),
        None => Answer::Unknown,
    }),
};

/// Payload that had reached the sender of the RST in order, by what it acknowledged: what was only
/// on its way, or waited behind a hole, cannot have been unread (`__tcp_close`).
fn received_octets(outcome: &Outcome) -> Option<u64> {
    let (sender, receiver) =
        (outcome.connection().half(outcome.sender()), outcome.connection().half(outcome.receiver()));
    if !receiver.marks.has(Marks::SPOKE) {
        return acknowledged_unseen(outcome);
    }
    let by_rst = outcome.rst().map(|rst| &rst.record).filter(|rst| rst.flags.has(Flags::ACK)).map(|rst| rst.ack);
    // Nobody has sent data to an end that has said nothing yet: a number beyond the SYN is whoever made the RST's own.
    if !sender.marks.has(Marks::SPOKE) && by_rst.is_some_and(|ack| ack.after(receiver.nxt)) {
        return None;
    }
    let before = sender.marks.has(Marks::ACKED).then_some(sender.ack);
    let acked = match (by_rst, before) {
        (Some(by_rst), Some(before)) => by_rst.max(before),
        (by_rst, before) => by_rst.or(before)?,
    };
    let syn = receiver.marks.has(Marks::SYN);
    let start = receiver.first_seq.add(u32::from(syn));
    let end = if receiver.marks.has(Marks::FIN) && acked.after(receiver.fin) { receiver.fin } else { acked };
    match end.diff(start) {
        1.. => Some(end.relative_to(start).into()),
        _ if syn => Some(0),
        _ => None,
    }
}

/// The same from the sender's own numbers, where its peer was not captured: from the first that it
/// acknowledged, the peer's SYN, to the last. One number may be the peer's FIN.
fn acknowledged_unseen(outcome: &Outcome) -> Option<u64> {
    let sender = outcome.connection().half(outcome.sender());
    let first = outcome.earlier(|record| record.from == outcome.sender() && record.flags.has(Flags::ACK))?;
    let rst = outcome.rst().map(|rst| &rst.record).filter(|rst| rst.flags.has(Flags::ACK))?;
    let opening =
        first.flags.is_syn_ack() || (sender.marks.has(Marks::SYN) && first.len == 0 && !first.flags.has(Flags::FIN));
    match rst.ack.diff(first.ack) {
        0 if opening => Some(0),
        octets @ 2.. if opening => Some(octets.unsigned_abs().into()),
        _ => None,
    }
}

/// The sender of the RST never received payload: closing with unread data is impossible.
pub static SENDER_RECEIVED_NOTHING: Question = not("sender-received-nothing", &SENDER_RECEIVED_DATA);

/// The last thing that happened was data for the sender of the RST: it never replied to it.
pub static LAST_DATA_WAS_FOR_SENDER: Question = Question {
    id: "last-data-was-for-sender",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "the last data came from {receiver}, in {}; {sender} sent no data in reply before the RST",
    no: "{sender} had sent data, in {}, after the last that it received",
    unknown: "data from either end",
    zh: Wording {
        yes: "最后的数据来自{receiver}（{}）；RST 之前{sender}没有发送数据作为应答",
        no: "{sender}在最后收到的数据之后发过数据（{}）",
        unknown: "任何一端的数据",
    },
    ask: by(|outcome| {
        let (mine, theirs) = (last_data(outcome, outcome.sender()), last_data(outcome, outcome.receiver()));
        match (mine, theirs) {
            (None, Some(theirs)) => Answer::Yes(yes().frame(theirs)),
            (Some(mine), Some(theirs)) if theirs.frame > mine.frame => Answer::Yes(yes().frame(theirs)),
            (Some(mine), Some(_)) => Answer::No(no().frame(mine)),
            _ => Answer::Unknown,
        }
    }),
};

/// The sender of the RST had replied to everything that it had received.
pub static SENDER_HAD_REPLIED: Question = not("sender-had-replied", &LAST_DATA_WAS_FOR_SENDER);

/// Less is acknowledged than was sent: the sender of the RST stopped in the middle of a transfer.
pub static RST_ACKS_LESS_THAN_SENT: Question = Question {
    id: "rst-acks-less-than-sent",
    asked_of: AskedOf::Packets,
    yes: "{} acknowledges {} bytes fewer than {receiver} had sent: {sender} stopped before it had received everything",
    no: "{} acknowledges everything that was captured of {receiver}",
    unknown: "what {receiver} had sent",
    zh: Wording {
        yes: "{}确认的数据比{receiver}所发的少{}字节：{sender}没有收完就停下了",
        no: "{}确认了抓到的{receiver}的全部数据",
        unknown: "{receiver}发送了什么",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        let receiver = outcome.connection().half(outcome.receiver());
        if !rst.record.flags.has(Flags::ACK) || !receiver.marks.has(Marks::SPOKE) {
            return Answer::Unknown;
        }
        let data_end = if receiver.marks.has(Marks::FIN) { receiver.fin } else { receiver.nxt };
        let missing = data_end.diff(rst.record.ack);
        let facts = yes().frame(&rst.record);
        if missing > 0 { Answer::Yes(facts.count(missing.unsigned_abs().into())) } else { Answer::No(facts) }
    }),
};

/// The sender of the RST had sent no payload.
pub static SENDER_SENT_NOTHING: Question = Question {
    id: "sender-sent-nothing",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender} had sent no data of its own",
    no: "{sender} had sent {} bytes of data",
    unknown: "the connection from its beginning: had {sender} sent data?",
    zh: Wording {
        yes: "{sender}自己没有发过数据",
        no: "{sender}已发送{}字节数据",
        unknown: "从头开始的连接：{sender}是否发过数据？",
    },
    ask: by(|outcome| {
        let sender = outcome.connection().half(outcome.sender());
        // The number of an abort counts what a filter kept from the capture.
        let beyond = outcome.rst().is_some_and(|rst| {
            rst.record.flags.has(Flags::ACK) && sender.marks.has(Marks::SPOKE) && rst.record.seq.after(sender.nxt)
        });
        match sender.bytes {
            0 if beyond => Answer::Unknown,
            0 if sender.marks.has(Marks::SYN) && !outcome.connection().has_gap(outcome.sender()) => Answer::Yes(yes()),
            0 => Answer::Unknown,
            octets => Answer::No(no().count(octets)),
        }
    }),
};

/// The sender of the RST had sent payload: the connection had served something before.
pub static SENDER_SENT_DATA: Question = Question {
    yes: "{sender} had sent {} bytes of data: the connection had been in use before",
    no: "{sender} had sent no data on this connection yet",
    zh: Wording {
        yes: "{sender}已发送{}字节数据：连接此前已在使用",
        no: "{sender}在这条连接上还没有发过数据",
        unknown: "从头开始的连接：{sender}是否发过数据？",
    },
    ..not("sender-sent-data", &SENDER_SENT_NOTHING)
};

/// The sender of the RST had data on its way, or waiting, that nobody had acknowledged.
pub static SENDER_HAD_UNACKNOWLEDGED: Question = Question {
    id: "sender-had-unacknowledged",
    asked_of: AskedOf::Packets,
    yes: "{} bytes that {sender} had sent were not acknowledged yet",
    no: "everything that {sender} had sent was acknowledged, and the window had room for more: no data was waiting to be sent",
    unknown: "{sender}'s last data and {receiver}'s acknowledgments and window",
    zh: Wording {
        yes: "{sender}所发的数据中有{}字节还没有得到确认",
        no: "{sender}所发的一切都已得到确认，且窗口还有余量：没有数据在等待发送",
        unknown: "{sender}最后的数据，以及{receiver}的确认和窗口",
    },
    ask: by(|outcome| {
        let (sender, receiver) =
            (outcome.connection().half(outcome.sender()), outcome.connection().half(outcome.receiver()));
        let end = if sender.marks.has(Marks::FIN) { sender.fin } else { sender.nxt };
        if !sender.marks.has(Marks::SPOKE) || !receiver.marks.has(Marks::ACKED) {
            return Answer::Unknown;
        }
        match end.diff(receiver.ack) {
            waiting @ 1.. => Answer::Yes(yes().count(waiting.unsigned_abs().into())),
            _ if receiver.marks.has(Marks::ZERO_WINDOW) || outcome.connection().has_gap(outcome.sender()) => {
                Answer::Unknown
            }
            _ if !sender_knew(outcome) => Answer::Unknown,
            _ => Answer::No(no()),
        }
    }),
};

/// The receiver of the RST took no more data: its window was closed, or filled by what was on its way.
pub static RECEIVER_WINDOW_FULL: Question = Question {
    id: "receiver-window-full",
    asked_of: AskedOf::Packets,
    yes: "{receiver}'s window allowed {} bytes, and {} were in flight: any more data from {sender}, and a FIN after it, had to wait",
    no: "{receiver}'s window allowed {} bytes, and {} were in flight: {sender} did not have to wait for the window",
    unknown: "{receiver}'s window, with the scale from the handshake",
    zh: Wording {
        yes: "{receiver}的窗口为{}字节，已有{}字节在途：{sender}其余的数据和后面的 FIN 只能等待",
        no: "{receiver}的窗口为{}字节，已有{}字节在途：{sender}不需要等待窗口",
        unknown: "{receiver}的窗口，以及握手中的窗口缩放因子",
    },
    ask: by(|outcome| {
        let connection = outcome.connection();
        let (sender, receiver) = (connection.half(outcome.sender()), connection.half(outcome.receiver()));
        let known = sender.marks.has(Marks::SPOKE) && receiver.marks.has(Marks::ACKED);
        let Some(window) = connection.offered_window(outcome.receiver()).filter(|_| known) else {
            return Answer::Unknown;
        };
        let on_the_way = u32::try_from(sender.nxt.diff(receiver.ack)).unwrap_or(0);
        let room = window.saturating_sub(on_the_way);
        let facts = yes().count(window.into()).count(on_the_way.into());
        match room {
            0..SMALLEST_SEGMENT => Answer::Yes(facts),
            _ if sender_knew(outcome) => Answer::No(facts),
            _ => Answer::Unknown,
        }
    }),
};

/// Whether the RST's sender must have heard the last that its receiver said: a capture near the
/// receiver also shows what was still on its way.
fn sender_knew(outcome: &Outcome) -> bool {
    let last = outcome.latest(|record| record.from == outcome.receiver());
    last.is_some_and(|last| outcome.time().since(last.time) >= LONGEST_TRIP)
}

/// Everything that either side sent was acknowledged: nothing was lost.
pub static EVERYTHING_ACKNOWLEDGED: Question = Question {
    id: "everything-acknowledged",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "everything that either end had sent was acknowledged: no data was lost",
    no: "data that was sent had not been acknowledged",
    unknown: "both directions of the connection",
    zh: Wording {
        yes: "双方发送的一切都已得到确认：没有丢失数据",
        no: "有已发送的数据没有得到确认",
        unknown: "连接的两个方向",
    },
    ask: by(|outcome| {
        // A socket does not know what never reached it, unless the peer's FIN came after it.
        let open = outcome.basis() == Basis::Sockets && !both_had_closed(outcome).is_yes();
        if outcome.one_sided() || open {
            return Answer::Unknown;
        }
        let acknowledged = Side::BOTH.iter().all(|side| is_acknowledged(outcome, *side));
        yes().if_so(acknowledged.into())
    }),
};

/// Whether everything that `side` had sent was acknowledged, as far as the capture shows what that is.
pub fn is_acknowledged(outcome: &Outcome, side: Side) -> bool {
    let (own, peer) = (outcome.connection().half(side), outcome.connection().half(side.other()));
    // A FIN that was never acknowledged is no lost data.
    // Some stacks send their FIN again one number further on: that is no data.
    let beyond_fin = own.nxt.diff(own.fin) > FIN_COUNTED_TWICE;
    let data_end = if own.marks.has(Marks::FIN) && !beyond_fin { own.fin } else { own.nxt };
    let by_rst = outcome.rst().map(|rst| &rst.record);
    let by_rst = by_rst.filter(|rst| rst.from == side.other() && rst.flags.has(Flags::ACK)).map(|rst| rst.ack);
    let before = peer.marks.has(Marks::ACKED).then_some(peer.ack);
    own.bytes == 0 || [by_rst, before].into_iter().flatten().any(|acked| !data_end.after(acked))
}

fn last_data(outcome: &Outcome, from: Side) -> Option<&Record> {
    outcome.latest(|record| record.from == from && record.len > 0 && !record.notes.has(crate::history::Notes::PROBE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;

    #[test]
    fn what_a_rst_acknowledges_beyond_a_bare_syn_was_never_sent() {
        let refused = |ack: &str| {
            let text = "0.000 C > S S 0:0(0)\n+0.001 C < S RA 0:0(0) ack OF-RST\n";
            SENDER_RECEIVED_DATA.answer(&conversation(&text.replace("OF-RST", ack)).outcome())
        };
        assert!(refused("1").is_no());
        assert_eq!(refused("41"), Answer::Unknown);
    }
}
