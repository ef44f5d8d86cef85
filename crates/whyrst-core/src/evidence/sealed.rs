//! What the sizes of TLS 1.3 records show, though all of them look alike.
//!
//! An alert is the only message of two octets (RFC 8446 section 6), and with its hidden type and its tag it takes 19.
//! After the client's Finished a server sends session tickets or an answer, both longer: where its first record is of
//! an alert's size, it has ended the session. Which alert it was stays hidden: one that refuses, or `close_notify` of a
//! server that wants no more. Before its Finished a client sends its certificate where the server had asked for one
//! (section 4.4.2), and with none it sends an empty one; that server checks it next, and refuses by an alert.

use super::answer::{Answer, no, yes};
use super::question::{AskedOf, Question, Wording, by};
use super::speech::TLS_ALERT_SENT;
use crate::flow::Side;
use crate::history::{Notes, Record};
use crate::outcome::Outcome;
use crate::segment::Flags;
use crate::time::Span;
use crate::words::{SEALED_ALERT, hello_len};

/// A record's header.
const HEADER: u32 = 5;
/// Finished: a header of four octets, a hash of SHA-256 or SHA-384, the type and the tag (RFC 8446 sections 4.4.4 and
/// B.4).
const FINISHED: [u16; 2] = [4 + 32 + 17, 4 + 48 + 17];
/// A certificate message without a certificate: a header of four octets, an empty context and an empty list (section
/// 4.4.2).
const NO_CERTIFICATE: u16 = 4 + 1 + 3 + 17;
/// The same with Finished in one record, as rustls sends it.
const NONE_AND_FINISHED: [u16; 2] = [FINISHED[0] + 8, FINISHED[1] + 8];
/// Who refuses does so as soon as it has read, and closes without waiting (RFC 8446 section 6.2); a margin for the path.
const SOON: Span = Span::from_secs(2);

/// The server's first record after the handshake came at once, is of an alert's size, and it left with that. One that comes
/// later ends a session that had stood: an idle timer closes by `close_notify`, which looks the same.
pub static SEALED_ALERT_WAS_FIRST: Question = Question {
    id: "sealed-alert-was-first",
    asked_of: AskedOf::Packets,
    yes: "after {client}'s part of the TLS 1.3 handshake, {server}'s first record, in {}, had the size of an alert, 19 bytes, and {server} left {} after it: neither a session ticket nor an answer came before",
    no: "after {client}'s part of the TLS 1.3 handshake, {server} first sent something else than an alert, in {}",
    unknown: "the sizes of the TLS 1.3 records that follow the handshake",
    zh: Wording {
        yes: "{client}完成自己那部分 TLS 1.3 握手之后，{server}的第一个记录（{}）只有 alert 的大小，即 19 字节，{server}随即在{}之后离开：此前既没有会话票据，也没有应答",
        no: "{client}完成自己那部分 TLS 1.3 握手之后，{server}先发的不是 alert，见{}",
        unknown: "TLS 1.3 握手之后各记录的大小",
    },
    ask: by(|outcome| {
        let (client, server) = (outcome.connection().client, outcome.connection().server());
        let Some(flight) = flight(outcome) else { return Answer::Unknown };
        let answers = |record: &&Record| {
            record.from == server && record.frame > flight.frame && is_data(record) && !is_repeat(record)
        };
        let mut answers = outcome.before().iter().filter(answers);
        let Some(first) = answers.next().filter(|_| !outcome.connection().has_gap(client)) else {
            return Answer::Unknown;
        };
        if answers.next().is_some() || !is_sealed_alert(outcome, first) {
            return Answer::No(no().frame(first));
        }
        let at_once = first.time.since(flight.time) <= SOON;
        match left_after(outcome, first).filter(|_| at_once) {
            Some(after) => Answer::Yes(yes().frame(first).span(after)),
            None => Answer::Unknown,
        }
    }),
};

/// The client ended the handshake by an alert where its Finished was due.
pub static SEALED_ALERT_FOR_FINISHED: Question = Question {
    id: "sealed-alert-for-finished",
    asked_of: AskedOf::Packets,
    yes: "where its Finished was due, {client} sent a record of an alert's size, 19 bytes, in {}, and left {} after it: it refused {server}'s part of the TLS 1.3 handshake",
    no: "{client} went on with the TLS 1.3 handshake, in {}",
    unknown: "the sizes of {client}'s TLS 1.3 records behind its ClientHello",
    zh: Wording {
        yes: "本该发 Finished 的地方，{client}发了一个只有 alert 大小（19 字节）的记录（{}），并在{}之后离开：它拒绝了{server}的 TLS 1.3 握手",
        no: "{client}继续进行 TLS 1.3 握手，见{}",
        unknown: "{client}的 ClientHello 之后各 TLS 1.3 记录的大小",
    },
    ask: by(|outcome| {
        // That it went on is no sign against what refused it later.
        let alert = flight(outcome).filter(|_| sealed(outcome) == Some(SEALED_ALERT));
        match alert.and_then(|alert| Some((alert, left_after(outcome, alert)?))) {
            Some((alert, after)) => Answer::Yes(yes().frame(alert).span(after)),
            None => Answer::Unknown,
        }
    }),
};

/// The server had asked for a certificate: the client sent more than its Finished.
pub static CLIENT_CERTIFICATE_ASKED: Question = Question {
    id: "client-certificate-asked",
    asked_of: AskedOf::Packets,
    yes: "{client}'s first encrypted record, in {}, has {} bytes, and its Finished alone would have {} or {}: {server} had asked for a client certificate",
    no: "{client}'s first encrypted record, in {}, has the size of its Finished, {} bytes: {server} had asked for no certificate",
    unknown: "the size of {client}'s first encrypted TLS 1.3 record",
    zh: Wording {
        yes: "{client}的第一个加密记录（{}）有{}字节，而单独的 Finished 只有{}或{}字节：{server}要求了客户端证书",
        no: "{client}的第一个加密记录（{}）正是 Finished 的大小，{}字节：{server}没有要求证书",
        unknown: "{client}的第一个加密 TLS 1.3 记录的大小",
    },
    ask: by(|outcome| match flight(outcome).zip(sealed(outcome)) {
        None | Some((_, SEALED_ALERT)) => Answer::Unknown,
        Some((flight, first)) if FINISHED.contains(&first) => Answer::No(no().frame(flight).count(first.into())),
        // Behind early data its end comes first (RFC 8446 section 4.5).
        Some((_, first)) if first < NO_CERTIFICATE => Answer::Unknown,
        Some((flight, first)) => {
            let facts = yes().frame(flight).count(first.into());
            Answer::Yes(FINISHED.iter().fold(facts, |facts, size| facts.count((*size).into())))
        }
    }),
};

/// The client had none.
pub static CLIENT_SENT_NO_CERTIFICATE: Question = Question {
    id: "client-sent-no-certificate",
    asked_of: AskedOf::Packets,
    yes: "{client}'s certificate message, in {}, had the size of an empty one: {client} sent no certificate",
    no: "{client}'s certificate message, in {}, was larger than an empty one",
    unknown: "the size of {client}'s first encrypted TLS 1.3 record",
    zh: Wording {
        yes: "{client}的证书消息（{}）只有空消息的大小：{client}没有发证书",
        no: "{client}的证书消息（{}）比空消息大",
        unknown: "{client}的第一个加密 TLS 1.3 记录的大小",
    },
    ask: by(|outcome| match flight(outcome).zip(sealed(outcome)) {
        Some((flight, first)) if CLIENT_CERTIFICATE_ASKED.answer(outcome).is_yes() => {
            let empty = first == NO_CERTIFICATE || NONE_AND_FINISHED.contains(&first);
            // One that was sent may be refused as well.
            if empty { Answer::Yes(yes().frame(flight)) } else { Answer::Unknown }
        }
        _ => Answer::Unknown,
    }),
};

/// An end refused the TLS session by an alert: one in clear text, or an encrypted one that its size and its place show.
pub static REFUSED_BY_ALERT: Question = Question {
    id: "refused-by-alert",
    asked_of: AskedOf::Packets,
    yes: "an end refused the TLS session by an alert, in {}",
    no: "neither end refused the TLS session by an alert",
    unknown: "the alerts of both ends, in clear text or by their size",
    zh: Wording {
        yes: "有一端用 alert 拒绝了 TLS 会话，见{}",
        no: "两端都没有用 alert 拒绝 TLS 会话",
        unknown: "两端的 alert（明文，或由大小可知）",
    },
    ask: by(|outcome| {
        let clear = TLS_ALERT_SENT.answer(outcome);
        // Without a certificate that can be refused it was a goodbye.
        let asked = !CLIENT_CERTIFICATE_ASKED.answer(outcome).is_no();
        let by_server = || asked.then(|| SEALED_ALERT_WAS_FIRST.answer(outcome)).filter(Answer::is_yes);
        let by_client = || Some(SEALED_ALERT_FOR_FINISHED.answer(outcome)).filter(Answer::is_yes);
        let shown = Some(clear.clone()).filter(Answer::is_yes).or_else(by_server).or_else(by_client);
        match (shown, clear) {
            (Some(Answer::Yes(facts)), _) => match facts.frames.first() {
                Some(frame) => Answer::Yes(yes().shown_by(*frame).value(super::Value::Frame(*frame))),
                None => Answer::Unknown,
            },
            (_, Answer::No(_)) => Answer::No(no()),
            _ => Answer::Unknown,
        }
    }),
};

/// Whether `record`, which holds the last data of its sender, is one encrypted record of an alert's size.
pub(super) fn is_sealed_alert(outcome: &Outcome, record: &Record) -> bool {
    let [high, low] = SEALED_ALERT.to_be_bytes();
    record.len == HEADER + u32::from(SEALED_ALERT)
        && outcome.said(record.from).last().starts_with(&[23, 3, 3, high, low])
        && outcome
            .latest(|later| later.from == record.from && is_data(later))
            .is_some_and(|last| last.seq == record.seq)
}

/// The client's first segment behind its `ClientHello`, where the numbers show that it is the first.
fn flight(outcome: &Outcome) -> Option<&Record> {
    let client = outcome.connection().client;
    let hello = hello_len(outcome.said(client).first())?;
    sealed(outcome)?;
    let begin = outcome.connection().half(client).first_seq.add(1).add(hello);
    outcome.earlier(|record| record.from == client && is_data(record) && record.seq == begin)
}

fn sealed(outcome: &Outcome) -> Option<u16> {
    outcome.said(outcome.connection().client).sealed()
}

/// How long after `alert` its sender closed or aborted, where that was at once.
fn left_after(outcome: &Outcome, alert: &Record) -> Option<Span> {
    let side: Side = alert.from;
    let fin = outcome.earlier(|record| record.from == side && record.flags.has(Flags::FIN));
    let rst = outcome.rst().map(|rst| &rst.record).filter(|rst| rst.from == side);
    let after = fin.or(rst).map(|left| left.time.since(alert.time))?;
    (Span::ZERO..=SOON).contains(&after).then_some(after)
}

fn is_data(record: &Record) -> bool {
    record.len > 0 && !record.notes.has(Notes::PROBE)
}

fn is_repeat(record: &Record) -> bool {
    record.notes.has(Notes::RETRANSMISSION)
}
