//! Connects that failed without any RST.
//!
//! The facts behind it: docs/internals/no-reset.md.

use super::answer::{Answer, yes};
use super::handshake::SHORTEST_SYN_TIMER;
use super::question::{AskedOf, Question, Wording, by};
use crate::observation::IcmpKind;
use crate::seq::Seq;
use crate::time::Span;

/// The first retransmission of a SYN is due after 1 s (RFC 6298 section 2.1): an answer that has
/// not come by then has, for the client, not come.
const UNANSWERED_AFTER: Span = Span::from_millis(900);

/// Nobody answered the SYN.
pub static SYN_UNANSWERED: Question = Question {
    id: "syn-unanswered",
    asked_of: AskedOf::Packets,
    yes: "{client} sent {} SYNs, the first in {}, and nothing came back within {}",
    no: "the SYN was answered",
    unknown: "a longer capture: {client}'s SYN may still have been answered",
    zh: Wording {
        yes: "{client}发了{}个 SYN，第一个是{}，{}之内没有任何回应",
        no: "SYN 得到了应答",
        unknown: "更长的抓包：{client}的 SYN 可能后来才得到应答",
    },
    ask: by(|outcome| {
        let Some(syn) = outcome.syn() else {
            return Answer::Unknown;
        };
        let syns = outcome.before().iter().filter(|record| record.flags.is_syn()).count() as u64;
        let waited = outcome.seen_until().since(syn.time);
        let facts = yes().count(syns).frame(syn).span(waited);
        if syns > 1 || waited >= UNANSWERED_AFTER { Answer::Yes(facts) } else { Answer::Unknown }
    }),
};

/// The SYN was sent again as its timer does: its sender heard nothing either. A single SYN without an
/// answer may as well be a capture of one direction, or one that lost the answer; a SYN that comes again
/// sooner, or with another number, follows something that was missed.
pub static SYN_RETRIED: Question = Question {
    id: "syn-retried",
    asked_of: AskedOf::Packets,
    yes: "{client} sent its SYN again in {}: it had received no answer",
    no: "{client} sent its SYN only once",
    unknown: "a second SYN from {client}, one second later: without it, the capture may just have missed the answer",
    zh: Wording {
        yes: "{client}重发了 SYN（{}）：它没有收到任何回应",
        no: "{client}只发了一次 SYN",
        unknown: "{client}在一秒之后的第二个 SYN：没有它，也许只是抓包漏掉了应答",
    },
    ask: by(|outcome| {
        let mut syns = outcome.before().iter().filter(|record| record.flags.is_syn());
        match (syns.next(), syns.next()) {
            (Some(first), Some(second))
                if second.seq == first.seq && second.time.since(first.time) >= SHORTEST_SYN_TIMER =>
            {
                Answer::Yes(yes().frame(second))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// A router or host said by ICMP that it cannot be delivered.
pub static ICMP_UNREACHABLE: Question = Question {
    id: "icmp-unreachable",
    asked_of: AskedOf::Packets,
    yes: "an ICMP error about the SYN came in {}",
    no: "no ICMP error about the SYN was captured",
    unknown: "ICMP in the capture: a capture filter of `tcp` leaves it out; use `tcp or icmp or icmp6`",
    zh: Wording {
        yes: "收到了针对这个 SYN 的 ICMP 差错（{}）",
        no: "没有抓到针对这个 SYN 的 ICMP 差错",
        unknown: "抓包中的 ICMP：过滤条件 `tcp` 会把它排除；请用 `tcp or icmp or icmp6`",
    },
    ask: by(|outcome| {
        let syn = outcome.syn().map(|syn| syn.seq);
        // About a later segment: then the connect had succeeded.
        let concerns_syn = |quoted: Option<Seq>| quoted.is_none() || syn.is_none() || quoted == syn;
        let hard = outcome
            .icmp()
            .iter()
            .find(|seen| !matches!(seen.error.kind, IcmpKind::TooBig) && concerns_syn(seen.error.seq));
        match hard {
            Some(seen) => Answer::Yes(yes().value(super::Value::Frame(seen.at.frame)).shown_by(seen.at.frame)),
            None => Answer::Unknown,
        }
    }),
};
