//! What tells a firewall, a NAT or another host from the host whose address a RST bears: how far
//! away its maker is.
//!
//! Each router takes one from the TTL (RFC 1812 section 5.3.1), so the packets of one host arrive with
//! one TTL while its route stays. A device on the way sends its own RST with another number of hops to go.
//! Alone that proves nothing: routes change, and balancers answer for hosts (RULES section 6).

use super::form::RST_ANSWERS_SYN;
use super::path::RST_TTL_DIFFERS;
use super::timing::is_sane;
use super::{Answer, Question, Value, no, yes};
use crate::ending::{Ending, KernelWord};
use crate::segment::Flags;
use crate::time::Span;

/// Linux repeats a SYN-ACK for so long (`tcp_synack_retries`, 5: RFC 6298 back-off from 1 s); a SYN that
/// lies further back has no SYN-ACK any more.
const SYN_ACK_LIVES: Span = Span::from_secs(64);

/// What hosts send with: Linux, macOS and BSD 64, Windows 128, network gear 255.
const INITIAL_TTLS: [u8; 3] = [64, 128, 255];

/// The RST has come as far as its sender's other packets.
pub static RST_TTL_SAME: Question = Question {
    id: "rst-ttl-same",
    yes: "{} has the TTL of {sender}'s other packets, {}",
    no: "{} arrived with TTL {}, all other packets of {sender} with {}",
    unknown: "another packet of {sender}, to compare the TTL with",
    ask: |ending| match (RST_TTL_DIFFERS.ask)(ending) {
        Answer::Yes(facts) => Answer::No(facts),
        Answer::No(facts) => Answer::Yes(facts),
        Answer::Unknown => Answer::Unknown,
    },
};

/// The refusal has come less or more far than the SYN-ACKs of the same service.
pub static REFUSAL_TTL_DIFFERS: Question = Question {
    id: "refusal-ttl-differs",
    yes: "{} arrived with TTL {}, the SYN-ACK {} of the same service with {}: the two were made at different distances",
    no: "{} arrived with TTL {}, as the SYN-ACK {} of the same service",
    unknown: "a SYN-ACK of the same service, to compare its TTL with that of the refusal",
    ask: refusal_ttl,
};

/// The refusal has come as far as the SYN-ACKs of the same service.
pub static REFUSAL_TTL_SAME: Question = Question {
    id: "refusal-ttl-same",
    yes: "{} arrived with TTL {}, as the SYN-ACK {} of the same service",
    no: "{} arrived with TTL {}, the SYN-ACK {} of the same service with {}: the two were made at different distances",
    unknown: "a SYN-ACK of the same service, to compare its TTL with that of the refusal",
    ask: |ending| match refusal_ttl(ending) {
        Answer::Yes(facts) => Answer::No(facts),
        Answer::No(facts) => Answer::Yes(facts),
        Answer::Unknown => Answer::Unknown,
    },
};

fn refusal_ttl(ending: &Ending) -> Answer {
    let accepted = ending.service.accepted.or(ending.service_later.accepted);
    let (Some(rst), Some(accepted), Some(ttl)) = (ending.rst(), accepted, refused_service_ttl(ending)) else {
        return Answer::Unknown;
    };
    let facts = yes().frame(&rst.record).value(Value::Ttl(rst.record.ttl)).value(Value::Frame(accepted.frame));
    facts.value(Value::Ttl(ttl)).shown_by(accepted.frame).if_so((rst.record.ttl != ttl).into())
}

/// The RST's maker is nearer than the host whose address it bears: it stands on the way to it.
pub static RST_FROM_NEARER: Question = Question {
    id: "rst-from-nearer",
    yes: "{} has TTL {}, {sender}'s other packets {}: its maker is nearer, on the way to {sender}",
    no: "{} has TTL {}, {sender}'s other packets {}: its maker is not nearer than {sender}",
    unknown: "another packet of {sender}, to compare the TTL with",
    ask: |ending| {
        let Some(rst) = ending.rst() else {
            return Answer::Unknown;
        };
        let theirs = match (RST_TTL_DIFFERS.ask)(ending) {
            Answer::Unknown => refused_service_ttl(ending),
            _ => Some(ending.connection.half(ending.sender()).ttl),
        };
        match theirs.filter(|ttl| initial(*ttl) == initial(rst.record.ttl)) {
            Some(ttl) => yes()
                .frame(&rst.record)
                .value(Value::Ttl(rst.record.ttl))
                .value(Value::Ttl(ttl))
                .if_so((rst.record.ttl > ttl).into()),
            None => Answer::Unknown,
        }
    },
};

/// What a packet that arrives with this TTL was sent with; hosts are less than 64 hops apart.
fn initial(ttl: u8) -> Option<u8> {
    INITIAL_TTLS.into_iter().find(|initial| ttl <= *initial)
}

fn refused_service_ttl(ending: &Ending) -> Option<u8> {
    let service = [ending.service, ending.service_later].into_iter().find(|service| service.accepted.is_some());
    service.filter(|_| (RST_ANSWERS_SYN.ask)(ending).is_yes()).map(|service| service.accepted_ttl)
}

/// Something other than the sender's own TCP made the RST.
pub static MADE_OUTSIDE_STACK: Question = Question {
    id: "made-outside-stack",
    yes: "{} was not made by {sender}'s TCP: its kernel was asked and sent none, or it came from another distance than {sender}'s packets",
    no: "the kernel of {sender} sent {} itself",
    unknown: "{sender}'s kernel (a recording there), or other packets of {sender} to compare the TTL with",
    ask: |ending| {
        let Some(rst) = ending.rst() else {
            return Answer::Unknown;
        };
        let from_elsewhere =
            [&RST_TTL_DIFFERS, &REFUSAL_TTL_DIFFERS].iter().any(|question| (question.ask)(ending).is_yes());
        match &ending.kernel {
            KernelWord::Sent(_) => Answer::No(no().frame(&rst.record)),
            KernelWord::SentNone => Answer::Yes(yes().frame(&rst.record)),
            KernelWord::NotAsked if from_elsewhere => Answer::Yes(yes().frame(&rst.record)),
            KernelWord::NotAsked => Answer::Unknown,
        }
    },
};

/// The sender's own kernel sent the RST, and no router lies between it and the capture: what was
/// captured is what that kernel saw, without a translation between the two.
pub static SENDER_ANSWERED_ITSELF: Question = Question {
    id: "sender-answered-itself",
    yes: "the kernel of {sender} sent {} itself, with TTL {} like all its packets: no router, so no NAT, lies between",
    no: "something lies between the capture and the kernel that sent {}",
    unknown: "a capture on {sender} itself, with its kernel's word",
    ask: |ending| {
        let (Some(rst), KernelWord::Sent(_)) = (ending.rst(), &ending.kernel) else {
            return Answer::Unknown;
        };
        if (RST_TTL_DIFFERS.ask)(ending).is_yes() {
            return Answer::No(no().frame(&rst.record));
        }
        if INITIAL_TTLS.contains(&rst.record.ttl) && (RST_TTL_DIFFERS.ask)(ending).is_no() {
            return Answer::Yes(yes().frame(&rst.record).value(Value::Ttl(rst.record.ttl)));
        }
        Answer::Unknown
    },
};

/// No SYN for this SYN-ACK ever passed the capture point.
pub static NO_SYN_CAME: Question = Question {
    id: "no-syn-came",
    yes: "the capture had been running for {} when the SYN-ACK {} came, and no SYN had passed: {client} never sent it, or not here",
    no: "{client} had sent a SYN, in {}",
    unknown: "a capture that begins at least a minute before: had {client} sent a SYN?",
    ask: |ending| {
        if let Some(syn) = ending.syn() {
            return Answer::No(no().frame(syn));
        }
        let watched = |time| Some(ending.connection.first.since(time)).filter(|span| is_sane(*span));
        match (ending.syn_ack(), watched(ending.seen_from)) {
            (Some(syn_ack), Some(watched)) if watched >= SYN_ACK_LIVES => {
                Answer::Yes(yes().span(watched).frame(syn_ack))
            }
            _ => Answer::Unknown,
        }
    },
};

/// The server had offered a window after a SYN-ACK without one: whoever was behind it had accepted.
pub static WINDOW_OPENED: Question = Question {
    id: "window-opened",
    yes: "{server} offered a window in {}: the host behind it had accepted the connection",
    no: "{server} never offered a window",
    unknown: "{server}'s segments before the RST",
    ask: |ending| {
        let server = ending.connection.server();
        let offers = |record: &crate::history::Record| {
            record.from == server && record.window > 0 && !record.flags.has(Flags::RST)
        };
        match ending.earlier(offers) {
            Some(record) => Answer::Yes(yes().frame(record)),
            None if ending.connection.beginning_seen() && !ending.connection.has_gap(server) => Answer::No(no()),
            None => Answer::Unknown,
        }
    },
};
