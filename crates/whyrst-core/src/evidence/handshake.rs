//! How the connection was opened: the SYN, the wait for its answer, and what came after a refusal.

use super::{Answer, Question, no, yes};
use crate::flow::Side;
use crate::half::Marks;
use crate::history::Record;
use crate::segment::OptionSet;
use crate::time::Span;

/// A round trip on the same site or continent is shorter; an application that sets a connect
/// timeout chooses it above that. Not a protocol number: it only ranks, it never decides.
const SLOW_SYN_ACK: Span = Span::from_millis(50);
/// Linux sends the SYN again 1 s after the first (`TCP_TIMEOUT_INIT`, RFC 6298 section 2); a margin for others.
const SYN_RETRY_SEEN_BY: Span = Span::from_millis(1_500);

/// The capture shows the client's SYN.
pub static SYN_SEEN: Question = Question {
    id: "syn-seen",
    yes: "the connection begins in the capture, with {client}'s SYN in {}",
    no: "the server answered a SYN that {client} never sent through this capture point",
    unknown: "the beginning of the connection: start the capture before the connect",
    ask: |ending| match ending.syn() {
        Some(syn) => Answer::Yes(yes().frame(syn)),
        None => Answer::Unknown,
    },
};

/// The three-way handshake was seen to complete.
pub static HANDSHAKE_COMPLETED: Question = Question {
    id: "handshake-completed",
    yes: "the three-way handshake is in the capture, from {} on",
    no: "the handshake never completed",
    unknown: "the beginning of the connection: start the capture before the connect",
    ask: |ending| match ending.syn() {
        Some(syn) => yes().frame(syn).if_so(ending.connection.handshake_complete().into()),
        None => Answer::Unknown,
    },
};

/// Nothing of the connection's beginning was seen.
pub static BEGINNING_NOT_SEEN: Question = Question {
    id: "beginning-not-seen",
    yes: "the capture has no SYN of this connection: it began before the capture, or never",
    no: "the capture shows how the connection began, in {}",
    unknown: "the beginning of the connection",
    ask: |ending| match ending.earlier(|record| record.flags.has(crate::segment::Flags::SYN)) {
        Some(syn) => Answer::No(no().frame(syn)),
        None => Answer::Yes(yes().shown_by(ending.connection.first_frame)),
    },
};

/// The SYN-ACK took long.
pub static SYN_ACK_SLOW: Question = Question {
    id: "syn-ack-slow",
    yes: "the SYN-ACK {} came {} after the SYN {}",
    no: "the SYN-ACK {} came only {} after the SYN {}",
    unknown: "both the SYN and the SYN-ACK",
    ask: |ending| match (ending.syn(), ending.syn_ack()) {
        (Some(syn), Some(syn_ack)) => {
            let wait = syn_ack.time.since(syn.time);
            yes().frame(syn_ack).span(wait).frame(syn).if_so((wait >= SLOW_SYN_ACK).into())
        }
        _ => Answer::Unknown,
    },
};

/// The SYN looks like one of an ordinary `connect()`.
pub static SYN_IS_ORDINARY: Question = Question {
    id: "syn-is-ordinary",
    yes: "the SYN {} carries the options of an ordinary connect()",
    no: "the SYN {} carries few options or none: scanners and raw sockets send such",
    unknown: "the SYN with its options",
    ask: |ending| match ending.syn() {
        Some(syn) if !syn.options.has(OptionSet::CUT) => yes().frame(syn).if_so(is_ordinary(syn).into()),
        _ => Answer::Unknown,
    },
};

/// Every operating system in use offers MSS and at least two of window scale, SACK and timestamps.
fn is_ordinary(syn: &Record) -> bool {
    let offered = [OptionSet::WINDOW_SCALE, OptionSet::SACK_PERMITTED, OptionSet::TIMESTAMPS];
    syn.options.has(OptionSet::MSS) && offered.iter().filter(|option| syn.options.has(**option)).count() >= 2
}

/// The SYN has few options or none.
pub static SYN_IS_BARE: Question = Question {
    id: "syn-is-bare",
    yes: "the SYN {} carries few options or none: scanners and raw sockets send such",
    no: "the SYN {} carries the options of an ordinary connect()",
    unknown: "the SYN with its options",
    ask: |ending| match ending.syn() {
        Some(syn) if !syn.options.has(OptionSet::CUT) => yes().frame(syn).if_so((!is_ordinary(syn)).into()),
        _ => Answer::Unknown,
    },
};

/// After the RST the client sent the same SYN again: its connect() was still waiting.
pub static SYN_RETRIED_AFTER_RST: Question = Question {
    id: "syn-retried-after-rst",
    yes: "{client} sent its SYN again in {}, after the RST: its connect() was still waiting and knew nothing of the RST",
    no: "{client} did not send its SYN again within {} after the RST",
    unknown: "at least 2 s after the RST: would {client} send its SYN again?",
    ask: |ending| {
        let client = ending.connection.client;
        let isn = ending.connection.half(client).first_seq;
        if !ending.connection.half(client).marks.has(Marks::SYN) {
            return Answer::Unknown;
        }
        let again =
            ending.after.iter().find(|record| record.from == client && record.flags.is_syn() && record.seq == isn);
        match again {
            Some(record) => Answer::Yes(yes().frame(record)),
            None if ending.watched_after() >= SYN_RETRY_SEEN_BY => Answer::No(no().span(ending.watched_after())),
            None => Answer::Unknown,
        }
    },
};

/// The server's genuine SYN-ACK came although the SYN had been refused.
pub static SYN_ACK_AFTER_RST: Question = Question {
    id: "syn-ack-after-rst",
    yes: "{server} answered the same SYN with the SYN-ACK {} after it had seemingly refused it",
    no: "no SYN-ACK followed the RST",
    unknown: "what follows the RST",
    ask: |ending| {
        let server = ending.connection.server();
        match ending.after.iter().find(|record| record.from == server && record.flags.is_syn_ack()) {
            Some(record) => Answer::Yes(yes().frame(record)),
            None => Answer::No(no()),
        }
    },
};

/// The RST came before either side had sent anything after the handshake.
pub static ENDED_IN_HANDSHAKE: Question = Question {
    id: "ended-in-handshake",
    yes: "neither end had sent anything beyond the handshake",
    no: "the connection had gone beyond the handshake in {}",
    unknown: "the beginning of the connection: start the capture before the connect",
    ask: |ending| {
        if !ending.connection.beginning_seen() {
            return Answer::Unknown;
        }
        let beyond = ending.earlier(|record| record.len > 0 && !record.flags.has(crate::segment::Flags::SYN));
        match beyond {
            Some(record) => Answer::No(no().frame(record)),
            None if Side::BOTH.iter().all(|side| !ending.connection.half(*side).marks.has(Marks::DATA)) => {
                Answer::Yes(yes())
            }
            None => Answer::Unknown,
        }
    },
};
