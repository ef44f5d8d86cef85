//! What the first and last octets of payload say: the protocol that each end speaks, and TLS alerts.
//!
//! Only what stands in clear text and at the beginning of a segment is read (RFC 8446 sections 5.1 and
//! 6, RFC 9112 sections 3 and 4, RFC 4253 section 4.2, the PROXY protocol). Anything else is unknown.

use super::answer::{Answer, Octets, Value, no, yes};
use super::question::{AskedOf, Question, Wording, by};
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::outcome::Outcome;
use crate::segment::Flags;
use crate::time::Span;
use crate::words::alert_name;
use crate::words::{Gist, Message, Protocol, protocol_of};

/// Either end sent a fatal TLS alert in clear text.
pub static TLS_ALERT_SENT: Question = Question {
    id: "tls-alert-sent",
    asked_of: AskedOf::Packets,
    yes: "{} sent the fatal TLS alert {} ({}) in {}: both ends must close the connection immediately (RFC 8446 section 6.2)",
    no: "neither end's last payload is a fatal TLS alert",
    unknown: "the last payload of both ends, unencrypted: an alert inside TLS 1.3 cannot be read",
    zh: Wording {
        yes: "{}在{3}中发了 TLS 致命告警 {1}（{2}）：两端必须立即结束连接（RFC 8446 section 6.2）",
        no: "两端最后的载荷都不是 TLS 致命告警",
        unknown: "两端最后的载荷，且未加密：TLS 1.3 加密的告警读不到",
    },
    ask: by(|outcome| match alert(outcome) {
        Some((side, description)) => {
            let by = if side == outcome.connection().client { "the client" } else { "the server" };
            let facts = yes().value(Value::Name(by)).value(Value::Name(alert_name(description)));
            let facts = facts.value(Value::Number(description.into()));
            match last_data(outcome, side) {
                Some(record) => Answer::Yes(facts.frame(record)),
                None => Answer::Unknown,
            }
        }
        None if Side::BOTH.iter().all(|side| speaks_plainly(outcome, *side)) => Answer::No(no()),
        None => Answer::Unknown,
    }),
};

/// The RST came right after the alert.
pub static RST_FOLLOWS_ALERT: Question = Question {
    id: "rst-follows-alert",
    asked_of: AskedOf::Packets,
    yes: "the RST came {} after the alert",
    no: "the RST did not come until {} after the alert",
    unknown: "the frame with the alert",
    zh: Wording {
        yes: "RST 在告警之后{}到来", no: "RST 在告警之后{}才到来", unknown: "带有告警的帧"
    },
    ask: by(|outcome| {
        let sent = alert(outcome).and_then(|(side, _)| last_data(outcome, side));
        match (sent, outcome.rst()) {
            (Some(sent), Some(rst)) => {
                let after = rst.record.time.since(sent.time);
                yes().span(after).shown_by(sent.frame).if_so((after <= SOON).into())
            }
            _ => Answer::Unknown,
        }
    }),
};

/// Nothing but the alert was the last word of its sender.
pub static ALERT_WAS_LAST_WORD: Question = Question {
    id: "alert-was-last-word",
    asked_of: AskedOf::Packets,
    yes: "neither end sent data after the alert in {}",
    no: "data was sent after the alert, in {}",
    unknown: "the frame with the alert",
    zh: Wording {
        yes: "{}中的告警之后，两端都没有再发数据", no: "告警之后还有数据，即{}", unknown: "带有告警的帧"
    },
    ask: by(|outcome| {
        let Some(sent) = alert(outcome).and_then(|(side, _)| last_data(outcome, side)) else { return Answer::Unknown };
        let later = outcome.latest(|record| is_data(record) && record.frame > sent.frame);
        match later {
            Some(later) => Answer::No(no().frame(later)),
            None => Answer::Yes(yes().frame(sent)),
        }
    }),
};

/// The other end had closed before the alert, and the end that sent it knew: what ended the connection is that close. OpenSSL
/// answers an end of the stream in the middle of a handshake with `decode_error`.
pub static ALERT_ANSWERS_CLOSE: Question = Question {
    id: "alert-answers-close",
    asked_of: AskedOf::Packets,
    yes: "the other end had closed in {} before the alert in {}: the alert only answers that",
    no: "nobody had closed before the alert in {}",
    unknown: "the frame with the alert, and the FIN of the other end",
    zh: Wording {
        yes: "在告警（{1}）之前另一端已经关闭（{0}）：告警只是对它的应答",
        no: "在{}中的告警之前没有一端关闭",
        unknown: "带有告警的帧，以及另一端的 FIN",
    },
    ask: by(|outcome| {
        let Some((side, _)) = alert(outcome) else { return Answer::Unknown };
        let Some(sent) = last_data(outcome, side) else { return Answer::Unknown };
        let other = side.other();
        let fin = outcome.earlier(|record| record.from == other && record.flags.has(Flags::FIN));
        let half = outcome.connection().half(other);
        match fin.filter(|fin| fin.frame < sent.frame && sent.ack.after(half.fin)) {
            Some(fin) => Answer::Yes(yes().frame(fin).frame(sent)),
            None => Answer::No(no().frame(sent)),
        }
    }),
};

/// The client began with a TLS handshake record.
pub static CLIENT_SPEAKS_TLS: Question = Question {
    id: "client-speaks-tls",
    asked_of: AskedOf::Packets,
    yes: "{client}'s first bytes are a TLS handshake record",
    no: "{client}'s first bytes are {}: not TLS",
    unknown: "{client}'s first payload",
    zh: Wording {
        yes: "{client}的前几个字节是 TLS 握手记录",
        no: "{client}的前几个字节是{}：不是 TLS",
        unknown: "{client}的第一个载荷",
    },
    ask: by(|outcome| match outcome.said(outcome.connection().client).first() {
        [] => Answer::Unknown,
        octets if speaks_tls(octets) => Answer::Yes(yes()),
        octets => Answer::No(no().value(Value::Octets(Octets::new(octets)))),
    }),
};

/// Both ends spoke TLS.
pub static BOTH_SPEAK_TLS: Question = Question {
    id: "both-speak-tls",
    asked_of: AskedOf::Packets,
    yes: "both ends started with TLS handshake records",
    no: "at least one end does not speak TLS",
    unknown: "the first payload of both ends",
    zh: Wording {
        yes: "两端都以 TLS 握手记录开始", no: "至少有一端没有使用 TLS", unknown: "两端的第一个载荷"
    },
    ask: by(|outcome| {
        let said = Side::BOTH.map(|side| outcome.said(side).first());
        if said.iter().all(|octets| speaks_tls(octets)) {
            Answer::Yes(yes())
        } else if said.iter().any(|octets| !octets.is_empty() && !speaks_tls(octets)) {
            Answer::No(no())
        } else {
            Answer::Unknown
        }
    }),
};

/// The first words of the two ends belong to different protocols, or the client's to another protocol than the one
/// that its port is registered for, or they ended the connection without an answer.
pub static PROTOCOLS_DIFFER: Question = Question {
    id: "protocols-differ",
    asked_of: AskedOf::Packets,
    yes: "{client} started with {} ({}), but {server} speaks {}, judging by {}",
    no: "both ends speak {}",
    unknown: "the first payload of both ends",
    zh: Wording {
        yes: "{client}以{}（{}）开始，而{server}使用的是{}，由{}可知",
        no: "两端使用的都是{}",
        unknown: "两端的第一个载荷",
    },
    ask: by(|outcome| {
        let connection = outcome.connection();
        let client = outcome.said(connection.client).first();
        let server = outcome.said(connection.server()).first();
        let Some(asked) = protocol_of(client) else { return Answer::Unknown };
        let port = registered(connection.endpoint(connection.server()).port);
        let facts = yes().value(Value::Name(asked.name())).value(Value::Octets(Octets::new(client)));
        match (spoken(asked, server), port) {
            // A server of HTTPS can tell a client of plain HTTP so in plain HTTP alone, and one of another version too.
            (Some(answered), _)
                if answered == asked.name()
                    && HAS_VERSIONS.contains(&asked)
                    && outcome.gist(connection.server()) == Some(Gist::Misunderstands) =>
            {
                let facts = facts.value(Value::Name("something else"));
                Answer::Yes(facts.value(Value::Name("what it says")))
            }
            (Some(answered), _) if answered == asked.name() => Answer::No(no().value(Value::Name(answered))),
            // Any protocol may follow the header, and a server that knows it answers in that one.
            (Some(_), _) if asked == Protocol::Proxy && !complains(outcome) => Answer::Unknown,
            (Some(answered), _) => Answer::Yes(facts.value(Value::Name(answered)).value(Value::Name("its answer"))),
            (None, Some(port)) if server.is_empty() && !same(asked, port) => {
                Answer::Yes(facts.value(Value::Name(port.name())).value(Value::Name("its port")))
            }
            (None, _) if SERVICE_SPEAKS_OTHERWISE.answer(outcome).is_yes() => {
                let speaks = service_speaks(outcome).map_or("something else", |(protocol, _)| protocol.name());
                Answer::Yes(facts.value(Value::Name(speaks)).value(Value::Name("its other connections")))
            }
            (None, None) if FIRST_BYTES_ENDED_IT.answer(outcome).is_yes() => {
                let facts = facts.value(Value::Name("something else"));
                Answer::Yes(facts.value(Value::Name("its close right after them, without an answer")))
            }
            (None, None) if HELLO_WENT_UNANSWERED.answer(outcome).is_yes() => {
                let facts = facts.value(Value::Name("something else"));
                Answer::Yes(facts.value(Value::Name("its close after them, without an alert")))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// In these a server that does not understand means the whole protocol. In others it may mean one command of many: FTP's
/// `500 Unknown command`.
const HAS_VERSIONS: [Protocol; 4] = [Protocol::Http, Protocol::Mqtt, Protocol::Kafka, Protocol::Ssh];

/// On its other connections the server speaks another protocol than the client began this one with, and it said nothing
/// here. A listener has one protocol; those that tell several apart by the first bytes do not cut one of them off.
pub static SERVICE_SPEAKS_OTHERWISE: Question = Question {
    id: "service-speaks-otherwise",
    asked_of: AskedOf::Packets,
    yes: "{client} started with {}, but on {} other connection(s) {server} spoke {}, and here it said nothing",
    no: "{server} speaks {} on its other connections, as {client} does",
    unknown: "the first payload of {server} on its other connections",
    zh: Wording {
        yes: "{client}以{}开始，但{server}在另外{}条连接上使用的是{}，而在这里什么也没说",
        no: "{server}在其他连接上使用的是{}，与{client}相同",
        unknown: "{server}在其他连接上的第一个载荷",
    },
    ask: by(|outcome| {
        let connection = outcome.connection();
        let said = |side: Side| outcome.said(side).first();
        let Some(asked) = protocol_of(said(connection.client)) else { return Answer::Unknown };
        let Some((speaks, times)) = service_speaks(outcome) else { return Answer::Unknown };
        let silent = said(connection.server()).is_empty() && !connection.has_gap(connection.server());
        if same(asked, speaks) {
            return Answer::No(no().value(Value::Name(speaks.name())));
        }
        // HTTP begins what becomes a WebSocket, or HTTP/2; a PROXY header stands before any protocol.
        if !silent || is_web(asked) && is_web(speaks) || asked.is_prelude() {
            return Answer::Unknown;
        }
        let facts = yes().value(Value::Name(asked.name())).count(times).value(Value::Name(speaks.name()));
        Answer::Yes(facts)
    }),
};

/// What the server speaks on its other connections, where all of those agree, and on how many it did.
fn service_speaks(outcome: &Outcome) -> Option<(Protocol, u64)> {
    let siblings = outcome.siblings()?;
    let own = siblings.own?.client;
    let others = siblings.deaths.iter().filter(|death| death.client != own);
    let mut spoken = others.filter_map(|death| death.service_speaks);
    let first = spoken.next().filter(|protocol| !protocol.is_prelude())?;
    let (mut times, mut agree) = (1, true);
    for next in spoken {
        (times, agree) = (times + 1, agree && next == first);
    }
    agree.then_some((first, times))
}

const fn is_web(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Http | Protocol::Http2 | Protocol::WebSocket)
}

/// The server waited for the client's first bytes, and closed upon them without a word. A TLS server that refuses a
/// `ClientHello` sends an alert (RFC 8446 section 6.2), a HTTP server answers 400 (RFC 9112 section 3): who says
/// nothing has understood nothing. Or it was about to close, so it only ranks.
pub static FIRST_BYTES_ENDED_IT: Question = Question {
    id: "first-bytes-ended-it",
    asked_of: AskedOf::Packets,
    yes: "{server} had waited {} for {client}'s first bytes, and closed without an answer {} after them",
    no: "{server} answered {client}'s first bytes, or did not close upon them",
    unknown: "the whole handshake, {client}'s first payload and {server}'s first FIN or RST",
    zh: Wording {
        yes: "{server}等了{}才等到{client}的头几个字节，在它们之后{}就关闭，没有应答",
        no: "{server}应答了{client}的头几个字节，或没有因它们而关闭",
        unknown: "完整的握手、{client}的第一个载荷，以及{server}的第一个 FIN 或 RST",
    },
    ask: by(|outcome| {
        let (client, server) = (outcome.connection().client, outcome.connection().server());
        let first = outcome.earlier(|record| record.from == client && is_data(record));
        let fin = outcome.earlier(|record| record.from == server && record.flags.has(Flags::FIN));
        let rst = outcome.rst().map(|rst| &rst.record).filter(|rst| rst.from == server);
        let (Some(syn_ack), Some(first), Some(left)) = (outcome.syn_ack(), first, fin.or(rst)) else {
            return Answer::Unknown;
        };
        let spoke = outcome.connection().half(server).marks.has(Marks::DATA);
        if spoke || left.frame < first.frame || closes_unasked(outcome) {
            return Answer::Unknown;
        }
        let third = outcome.earlier(|record| record.from == client && record.frame > syn_ack.frame).unwrap_or(first);
        let (waited, reacted) = (first.time.since(third.time), left.time.since(first.time));
        let there = outcome.syn().map_or(Span::ZERO, |syn| syn_ack.time.since(syn.time));
        let reacted = Span::from_nanos(reacted.nanos().saturating_sub(there.nanos()).max(0));
        let facts = yes().span(waited).span(reacted).shown_by(first.frame).shown_by(left.frame);
        // What took longer may still be because of them.
        if reacted < waited { Answer::Yes(facts) } else { Answer::Unknown }
    }),
};

/// The server closed upon a `ClientHello` without a TLS record. A TLS server that refuses says so by an alert (RFC 8446
/// section 6.2), though a proxy of bytes has nothing to say it with.
pub static HELLO_WENT_UNANSWERED: Question = Question {
    id: "hello-went-unanswered",
    asked_of: AskedOf::Packets,
    yes: "{server} closed in {1} after {client}'s ClientHello ({0}) without a TLS record: a TLS server that refuses sends an alert (RFC 8446 section 6.2)",
    no: "{server} answered {client}'s first bytes, or had closed before them",
    unknown: "{client}'s first payload, and {server}'s first FIN or RST",
    zh: Wording {
        yes: "{server}在{client}的 ClientHello（{0}）之后就关闭（{1}），没有任何 TLS 记录：拒绝握手的 TLS 服务端会发告警（RFC 8446 section 6.2）",
        no: "{server}应答了{client}的头几个字节，或在那之前已经关闭",
        unknown: "{client}的第一个载荷，以及{server}的第一个 FIN 或 RST",
    },
    ask: by(|outcome| {
        const HELLO: u8 = 1;
        const MESSAGE: usize = 5;
        let (client, server) = (outcome.connection().client, outcome.connection().server());
        let said = outcome.said(client).first();
        let first = outcome.earlier(|record| record.from == client && is_data(record));
        let fin = outcome.earlier(|record| record.from == server && record.flags.has(Flags::FIN));
        let rst = outcome.rst().map(|rst| &rst.record).filter(|rst| rst.from == server);
        let (true, Some(first), Some(left)) = (speaks_tls(said), first, fin.or(rst)) else { return Answer::Unknown };
        if said.get(MESSAGE) != Some(&HELLO) || outcome.connection().has_gap(server) || closes_unasked(outcome) {
            return Answer::Unknown;
        }
        let silent = !outcome.connection().half(server).marks.has(Marks::DATA);
        if silent && left.frame > first.frame && left.time.since(first.time) >= NO_TIMEOUT_YET {
            return Answer::Unknown;
        }
        yes().frame(first).frame(left).if_so((silent && left.frame > first.frame).into())
    }),
};

/// The server rejected the client's words in its own protocol.
pub static SERVER_ANSWERED_OTHERWISE: Question = Question {
    id: "server-answered-otherwise",
    asked_of: AskedOf::Packets,
    yes: "{server} answered with {}, which belongs to another protocol",
    no: "{server} answered in {client}'s protocol",
    unknown: "{server}'s first payload",
    zh: Wording {
        yes: "{server}以{}应答，属于另一种协议",
        no: "{server}以{client}的协议应答",
        unknown: "{server}的第一个载荷",
    },
    ask: by(|outcome| {
        let connection = outcome.connection();
        let client = protocol_of(outcome.said(connection.client).first());
        let server = outcome.said(connection.server()).first();
        match client.and_then(|asked| Some((asked, spoken(asked, server)?))) {
            Some((Protocol::Proxy, _)) if !complains(outcome) => Answer::Unknown,
            Some((asked, answered)) => {
                yes().value(Value::Octets(Octets::new(server))).if_so((answered != asked.name()).into())
            }
            None => Answer::Unknown,
        }
    }),
};

/// An end that has sent a fatal alert closes without waiting (RFC 8446 section 6.2); a margin for the path.
const SOON: Span = Span::from_secs(2);

/// No timeout in use is shorter: who closes within this time closes for what it was told.
const NO_TIMEOUT_YET: Span = Span::from_secs(1);

/// The fatal alert that either end said last: its sender and its description.
fn alert(outcome: &Outcome) -> Option<(Side, u8)> {
    [outcome.sender(), outcome.receiver()].into_iter().find_map(|side| match outcome.said(side).last() {
        // A plain alert record is two octets long; an encrypted one is longer.
        [21, 3, 0..=4, 0, 2, 2, description, ..] => Some((side, *description)),
        _ => None,
    })
}

/// Whether the service ends other connections before anything was said on them: then it needs no words to do so.
fn closes_unasked(outcome: &Outcome) -> bool {
    outcome.siblings().is_some_and(|siblings| siblings.unasked > 0)
}

/// Whether an alert of this end could be read.
fn speaks_plainly(outcome: &Outcome, side: Side) -> bool {
    let first = outcome.said(side).first();
    protocol_of(first).is_some_and(|spoken| spoken != Protocol::Tls) && !outcome.connection().has_gap(side)
}

fn last_data(outcome: &Outcome, side: Side) -> Option<&Record> {
    outcome.latest(|record| record.from == side && is_data(record) && !record.notes.has(Notes::RETRANSMISSION))
}

fn is_data(record: &Record) -> bool {
    record.len > 0 && !record.notes.has(Notes::PROBE) && !record.flags.has(Flags::RST)
}

fn speaks_tls(first: &[u8]) -> bool {
    protocol_of(first) == Some(Protocol::Tls)
}

/// What a server speaks that answers `asked` with these first octets: the same, another protocol, or something else
/// than TLS, whose records cannot be mistaken (RFC 8446 section 5.1).
fn spoken(asked: Protocol, server: &[u8]) -> Option<&'static str> {
    const RECORD_HEADER: usize = 5;
    match protocol_of(server) {
        Some(answered) if same(asked, answered) => Some(asked.name()),
        Some(answered) => Some(answered.name()),
        None if asked == Protocol::Tls && server.len() >= RECORD_HEADER => Some("something else"),
        None => None,
    }
}

/// Whether the server's last words turn something down.
fn complains(outcome: &Outcome) -> bool {
    let spoken = outcome.message(outcome.connection().server()).and_then(Message::read);
    spoken.is_some_and(|spoken| matches!(spoken.gist, Gist::Fails | Gist::Refuses | Gist::Misunderstands))
}

/// HTTP/2 with prior knowledge is refused by servers of HTTP/1 in HTTP/1: that is a mismatch. Commands of mail look
/// alike, and POP3 and Redis both say `+OK`.
fn same(asked: Protocol, answered: Protocol) -> bool {
    const ALIKE: [Protocol; 4] = [Protocol::ReplyCode, Protocol::Pop3, Protocol::Redis, Protocol::Imap];
    asked == answered || (ALIKE.contains(&asked) && ALIKE.contains(&answered))
}

/// The protocol of a port (IANA service names), where in practice nothing else is spoken there.
fn registered(port: u16) -> Option<Protocol> {
    match port {
        22 => Some(Protocol::Ssh),
        25 | 587 => Some(Protocol::ReplyCode),
        80 => Some(Protocol::Http),
        443 | 465 | 636 | 853 | 993 | 995 => Some(Protocol::Tls),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_the_names_of_the_registry() {
        assert_eq!(
            (alert_name(40), alert_name(48), alert_name(112)),
            ("handshake_failure", "unknown_ca", "unrecognized_name")
        );
        assert_eq!(alert_name(200), "unassigned");
    }
}
