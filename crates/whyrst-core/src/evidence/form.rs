//! The RST itself: what it answers and how it is built.
//!
//! A host makes a RST in one of two ways (Linux: `tcp_v4_send_reset`, `tcp_send_active_reset`;
//! RFC 9293 sections 3.5.2 and 3.10.5), and they look different: docs/internals/resets.md.

use super::answer::{Answer, Value, no, yes};
use super::fin::data_refused_with_ack;
use super::question::{AskedOf, Question, Wording, by, not};
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::outcome::{Basis, Outcome};
use crate::rst::Rst;
use crate::segment::{Flags, OptionSet};
use crate::seq::Seq;
use crate::stack::Stack;
use crate::words::Meaning;

/// The RST answers one particular segment: a *passive* reset.
pub static RST_IS_PASSIVE: Question = Question {
    id: "rst-is-passive",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{} answers {}: its sequence numbers come from that segment, as in every RST that a host sends in answer",
    no: "{} has the form of an abort, not of an answer to a segment",
    unknown: "the segment that the RST answers: it comes just before, from the other direction",
    zh: Wording {
        yes: "{}应答的是{}：它的序列号抄自该报文，主机以 RST 作答时都是这样",
        no: "{}的形式是中止，而不是对某个报文的应答",
        unknown: "RST 所应答的报文，就在它之前、来自另一个方向",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        match (built(outcome, rst), &rst.trigger) {
            // A RST without ACK took no number of the SYN that it refuses.
            (Built::Answer, Some(trigger)) if trigger.flags.is_syn() && !rst.record.flags.has(Flags::ACK) => {
                Answer::Unknown
            }
            (Built::Answer, Some(trigger)) => Answer::Yes(yes().frame(&rst.record).frame(trigger)),
            (Built::Abort, _) if rst.record.flags.has(Flags::ACK) && !could_be_answer(outcome, &rst.record) => {
                Answer::No(no().frame(&rst.record))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// The RST is the sender's own decision about a connection it has: an *active* reset.
pub static RST_IS_ACTIVE: Question = Question {
    id: "rst-is-active",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{} is a {} that continues {sender}'s own sequence numbers: {sender} had the connection and aborted it",
    no: "{} has the form of an answer to a segment, not of an abort by {sender}",
    unknown: "what {sender} had sent before: its next sequence number is not known",
    zh: Wording {
        yes: "{}是位于{sender}自己下一个序列号的 {}：{sender}持有这条连接并中止了它",
        no: "{}的形式是对某个报文的应答，而不是{sender}中止自己持有的连接",
        unknown: "{sender}此前发送了什么：它的下一个序列号未知",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        match built(outcome, rst) {
            Built::Abort => {
                let flags = if rst.record.flags.has(Flags::ACK) { "RST+ACK" } else { "RST" };
                Answer::Yes(yes().frame(&rst.record).value(Value::Name(flags)))
            }
            Built::Answer => Answer::No(no().frame(&rst.record)),
            Built::Unclear => Answer::Unknown,
        }
    }),
};

/// How a RST is built (docs/internals/resets.md#three-makers).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Built {
    Abort,
    Answer,
    Unclear,
}

/// RST+ACK at the sender's SND.NXT is an abort, on Windows with window 0 and without timestamps. A
/// bare RST is an answer when there is something that it answers, and else, at SND.NXT, an abort as
/// RFC 9293 section 3.10.5 has it (older Windows, many small stacks).
fn built(outcome: &Outcome, rst: &Rst) -> Built {
    if rst.trigger.is_none() && rst.record.notes.has(Notes::SEQ_ASSUMED) {
        return Built::Unclear;
    }
    let sender = outcome.connection().half(rst.record.from);
    if offers_own_window(outcome, rst) {
        return Built::Abort;
    }
    if rst.trigger.is_some() || data_refused_with_ack(outcome).is_some() {
        return Built::Answer;
    }
    if !sender.marks.has(Marks::SPOKE) {
        return Built::Unclear;
    }
    if !rst.record.flags.has(Flags::ACK) {
        return if is_plain_abort(outcome, rst) { Built::Abort } else { Built::Unclear };
    }
    let beyond = rst.record.seq.relative_to(sender.nxt);
    let unseen = outcome.connection().has_gap(rst.record.from) && (1..MOST_UNSEEN).contains(&beyond);
    if beyond == 0 || unseen || carries_connection_state(outcome, &rst.record) { Built::Abort } else { Built::Unclear }
}

/// A bare RST where its sender stands, with the window that its sender last offered: who has no socket for the
/// connection does not know that window. passt relays aborts so (`tcp_rst_do`), and old stacks abort so.
pub(super) fn offers_own_window(outcome: &Outcome, rst: &Rst) -> bool {
    let sender = outcome.connection().half(rst.record.from);
    let stands = sender.marks.has(Marks::ACKED) && !sender.marks.has(Marks::FIN) && rst.record.seq == sender.nxt;
    let offered = !sender.marks.has(Marks::WINDOW_IN_SYN) && rst.record.window == sender.window;
    let bare = !rst.record.flags.has(Flags::ACK) && rst.record.window > 0;
    outcome.basis() == Basis::Packets && bare && stands && offered
}

/// A bare RST where its sender stands, in a connection that it held, and nothing was captured that it
/// could answer, though both directions were.
fn is_plain_abort(outcome: &Outcome, rst: &Rst) -> bool {
    let connection = outcome.connection();
    let sender = connection.half(rst.record.from);
    let captured = |side: &Side| connection.half(*side).marks.has(Marks::ACKED) && !connection.has_gap(*side);
    Side::BOTH.iter().all(captured)
        && outcome.basis() == Basis::Packets
        && rst.record.seq == sender.nxt
        && (connection.handshake_complete() || !connection.beginning_seen())
        && !sender.marks.has(Marks::FIN)
        && !outcome.left_for_new(rst.record.from)
}

/// A RST further than this beyond what was seen of its sender is not explained by missed segments.
const MOST_UNSEEN: u32 = 1 << 24;

/// Timestamps on a RST come from the connection's own state (`tcp_send_active_reset`): an answer has none.
fn carries_connection_state(outcome: &Outcome, rst: &Record) -> bool {
    outcome.connection().half(rst.from).marks.has(Marks::TIMESTAMPS) && rst.options.has(OptionSet::TIMESTAMPS)
}

/// Some stacks set ACK in their answers too. Where nothing of the connection's state is in the RST
/// and both numbers are those of the last segment, abort and answer cannot be told apart.
fn could_be_answer(outcome: &Outcome, rst: &Record) -> bool {
    let last = outcome.latest(|record| record.from != rst.from);
    let acknowledges = Stack::of(outcome.before(), rst.from).is_some_and(Stack::always_acknowledges);
    (rst.window == 0 || acknowledges)
        && rst.options.is_empty()
        && (acknowledges_unseen(outcome, rst)
            || last.is_some_and(|last| {
                last.flags.has(Flags::ACK) && last.ack == rst.seq && last.end() == rst.ack && last.seq_len() > 0
            }))
}

/// It acknowledges more than was seen of the other end: what it answers may be what the capture missed.
fn acknowledges_unseen(outcome: &Outcome, rst: &Record) -> bool {
    let receiver = outcome.connection().half(rst.from.other());
    receiver.marks.has(Marks::SPOKE) && rst.ack.after(receiver.nxt)
}

/// What the RST answers has neither SYN nor ACK. Every segment of a connection but the first has ACK (RFC 9293
/// section 3.1), and a receiver drops what has not (section 3.10.7.4, fifth).
pub static TRIGGER_LACKS_ACK: Question = Question {
    id: "trigger-lacks-ack",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{} has neither SYN nor ACK: no TCP stack sends such a segment on a connection, a program crafted it",
    no: "{} is an ordinary segment of a connection",
    unknown: "the segment that the RST answers",
    zh: Wording {
        yes: "{}既没有 SYN 也没有 ACK：任何连接都不会发这样的报文，是程序手工构造的",
        no: "{}是连接中的普通报文",
        unknown: "RST 所应答的报文",
    },
    ask: by(|outcome| match outcome.rst().and_then(|rst| rst.trigger) {
        Some(trigger) => yes().frame(&trigger).if_so(is_made_by_hand(&trigger).into()),
        None => Answer::Unknown,
    }),
};

/// It has none of the flags that every segment of a connection has one of.
pub fn is_made_by_hand(record: &Record) -> bool {
    ![Flags::SYN, Flags::ACK, Flags::RST].iter().any(|flag| record.flags.has(*flag))
}

const UNSEEN_SYN: Meaning = Meaning { en: "a SYN that the capture does not show", zh: "抓包没有显示的 SYN" };

/// The RST refuses the client's SYN.
pub static RST_ANSWERS_SYN: Question = Question {
    id: "rst-answers-syn",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{} refuses {}, and no SYN-ACK was ever sent",
    no: "{} does not answer a SYN",
    unknown: "the segment that the RST answers",
    zh: Wording {
        yes: "{}拒绝了{}，且从未发过 SYN-ACK", no: "{}应答的不是 SYN", unknown: "RST 所应答的报文"
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        let spoke = outcome.connection().half(outcome.sender()).marks.has(Marks::SPOKE);
        match &rst.trigger {
            Some(trigger) if trigger.flags.is_syn() && !spoke => Answer::Yes(yes().frame(&rst.record).frame(trigger)),
            // Only what answers a segment without ACK has number 0, and that is a SYN (RFC 9293 section 3.5.2).
            None if !outcome.connection().beginning_seen() && !spoke && rst.record.flags.has(Flags::ACK) => {
                let unseen = yes().frame(&rst.record).value(Value::Phrase(UNSEEN_SYN));
                if rst.record.absolute_seq() == Some(Seq::new(0)) { Answer::Yes(unseen) } else { Answer::Unknown }
            }
            _ => Answer::No(no().frame(&rst.record)),
        }
    }),
};

/// The refusal of a SYN has a sequence number of its own. RFC 9293 section 3.5.2 gives it 0, and so
/// do all stacks and Linux's netfilter; another number is SND.NXT of a socket that existed, or a
/// device's own idea.
pub static REFUSAL_HAS_NUMBER: Question = Question {
    id: "refusal-has-number",
    asked_of: AskedOf::Packets,
    yes: "{} has sequence number {}: a TCP stack without a socket would have refused the SYN with sequence number 0",
    no: "{} has sequence number 0, as usual for the refusal of a SYN",
    unknown: "a refused SYN",
    zh: Wording {
        yes: "{}的序列号为{}：没有套接字的协议栈会用序列号 0 拒绝 SYN",
        no: "{}的序列号为 0，拒绝 SYN 时通常如此",
        unknown: "被拒绝的 SYN",
    },
    ask: by(|outcome| match outcome.rst() {
        // Without ACK it has the form of nothing that a host sends: its number says nothing of a socket.
        Some(rst) if rst.record.flags.has(Flags::ACK) && rst.trigger.is_some_and(|trigger| trigger.flags.is_syn()) => {
            let Some(number) = rst.record.absolute_seq().map(Seq::raw) else { return Answer::Unknown };
            yes().frame(&rst.record).value(Value::Number(number.into())).if_so((number != 0).into())
        }
        _ => Answer::Unknown,
    }),
};

/// The RST answers the server's SYN-ACK.
pub static RST_ANSWERS_SYN_ACK: Question = Question {
    id: "rst-answers-syn-ack",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{} answers {}: it has no ACK flag, and its sequence number is the ACK number of the SYN-ACK, so {sender}'s kernel had no socket for it",
    no: "{} does not answer a SYN-ACK",
    unknown: "the segment that the RST answers",
    zh: Wording {
        yes: "{}应答的是{}：它没有 ACK 标志，序列号等于该 SYN-ACK 的确认号，可见{sender}的内核没有对应的套接字",
        no: "{}应答的不是 SYN-ACK",
        unknown: "RST 所应答的报文",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        match &rst.trigger {
            Some(trigger) if trigger.flags.is_syn_ack() && rst.record.from == outcome.connection().client => {
                Answer::Yes(yes().frame(&rst.record).frame(trigger))
            }
            None if !outcome.connection().beginning_seen() => Answer::Unknown,
            _ => Answer::No(no().frame(&rst.record)),
        }
    }),
};

/// The RST is built as a kernel without a socket builds it.
pub static RST_IS_BARE: Question = Question {
    id: "rst-is-bare",
    asked_of: AskedOf::AnyPackets,
    yes: "{} has window 0 and no options, like a RST from a kernel that has no socket for the connection",
    no: "{} carries a window or options: a kernel without a socket for the connection sends neither",
    unknown: "the whole header of the RST",
    zh: Wording {
        yes: "{}窗口为 0 且没有选项，内核在没有对应套接字时生成的 RST 就是这样",
        no: "{}带有窗口或选项：没有对应套接字的内核应答时两者都不会带",
        unknown: "RST 的完整头部",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        if rst.record.options.has(OptionSet::CUT) || rst.record.notes.has(Notes::WINDOW_ASSUMED) {
            return Answer::Unknown;
        }
        let bare = rst.record.window == 0 && rst.record.options.is_empty();
        yes().frame(&rst.record).if_so(bare.into())
    }),
};

/// The RST mirrors the DSCP of the SYN, as the TCP stack does and netfilter does not.
pub static DSCP_MIRRORED: Question = Question {
    id: "dscp-mirrored",
    asked_of: AskedOf::Packets,
    yes: "{} has the same DSCP as {}: the TCP stack copies it, a netfilter reject does not",
    no: "{} has DSCP 0 although {} had another value: a netfilter reject sends 0, the TCP stack copies the value",
    unknown: "a SYN with a DSCP other than 0 (for example `nc -T af11`): netfilter would answer with 0, the TCP stack with the same value",
    zh: Wording {
        yes: "{}的 DSCP 与{}相同：TCP 协议栈会沿用它，netfilter 的 reject 不会",
        no: "{}的 DSCP 为 0，而{}的不是：netfilter 的 reject 发的是 0，TCP 协议栈会沿用",
        unknown: "DSCP 不为 0 的 SYN（例如 `nc -T af11`）：netfilter 会以 0 应答，TCP 协议栈会沿用",
    },
    ask: by(|outcome| mirrored(outcome, |record| record.dscp().map(u64::from))),
};

/// The RST has DSCP 0 where the segment that it answers has another, as netfilter sends it.
pub static DSCP_NOT_MIRRORED: Question = not("dscp-not-mirrored", &DSCP_MIRRORED);

/// The RST has an IPv6 flow label, as the TCP stack sets and netfilter does not.
pub static FLOW_LABEL_SET: Question = Question {
    id: "flow-label-set",
    asked_of: AskedOf::Packets,
    yes: "{} has an IPv6 flow label: the TCP stack sets one, a netfilter reject does not",
    no: "{} has IPv6 flow label 0 although {} had a flow label: a netfilter reject sends 0, the TCP stack sets one",
    unknown: "the same connect over IPv6: a netfilter reject has flow label 0, the TCP stack sets one",
    zh: Wording {
        yes: "{}带有 IPv6 流标签：TCP 协议栈会设置，netfilter 的 reject 不会",
        no: "{}的 IPv6 流标签为 0，而{}带有流标签：netfilter 的 reject 发的是 0，TCP 协议栈会设置",
        unknown: "用 IPv6 做同样的建连：netfilter 的 reject 流标签为 0，TCP 协议栈会设置",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        if !rst.record.notes.has(Notes::IPV6) {
            return Answer::Unknown;
        }
        let Some(trigger) = &rst.trigger else { return Answer::Unknown };
        match (trigger.ip_id(), rst.record.ip_id()) {
            (Some(1..), Some(label)) => yes().frame(&rst.record).frame(trigger).if_so((label != 0).into()),
            _ => Answer::Unknown,
        }
    }),
};

/// The RST has IPv6 flow label 0 where the segment that it answers has one, as netfilter sends it.
pub static FLOW_LABEL_UNSET: Question = not("flow-label-unset", &FLOW_LABEL_SET);

fn mirrored(outcome: &Outcome, field: fn(&Record) -> Option<u64>) -> Answer {
    let Some(rst) = outcome.rst() else {
        return Answer::Unknown;
    };
    let Some(trigger) = &rst.trigger else { return Answer::Unknown };
    match (field(trigger), field(&rst.record)) {
        (Some(asked @ 1..), Some(answered)) => {
            yes().frame(&rst.record).frame(trigger).if_so((answered == asked).into())
        }
        _ => Answer::Unknown,
    }
}

/// The capture has no segment of this connection but the RST, and none after it.
pub static RST_IS_ALONE: Question = Question {
    id: "rst-is-alone",
    asked_of: AskedOf::Packets,
    yes: "{} is the only packet of this connection in the capture",
    no: "the capture has more packets of this connection than {}",
    unknown: "the other packets of the connection",
    zh: Wording {
        yes: "抓包里这条连接只有{}", no: "抓包里这条连接不止有{}", unknown: "这条连接的其余报文"
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        yes().frame(&rst.record).if_so((outcome.before().is_empty() && outcome.after_total() == 0).into())
    }),
};
