//! Handshakes that meet something: what was wrong with the segment that was refused, and what the
//! other end still knew of an older connection.

use super::answer::{Answer, Value, no, yes};
use super::fin::both_had_closed;
use super::handshake::{SYN_MET_CONNECTION, SYN_RETRY_SEEN_BY, SYN_TIMER};
use super::question::{AskedOf, Question, Wording, by};
use super::timing::is_sane;
use crate::connection::TcpState;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::observation::IcmpKind;
use crate::outcome::{IcmpSeen, Outcome};
use crate::segment::{Endpoint, Flags};
use crate::time::Span;
use crate::trigger::is_prompt;
use crate::words::Meaning;

/// Hosts that remember a half-open request repeat its SYN-ACK 1 s after the first (RFC 6298 section 2); a margin.
const SYN_ACK_REPEATED_BY: Span = Span::from_millis(1_500);
/// The largest window of a SYN (RFC 7323 section 2.2).
const UNSCALED_WINDOW: i32 = 65_535;

/// The sender's SYN was answered with the numbers of an older connection, and its RST refuses that
/// answer (RFC 9293 section 3.5.1, RFC 5961 section 4).
pub static SYN_ANSWERED_BY_OLD_ACK: Question = Question {
    id: "syn-answered-by-old-ack",
    asked_of: AskedOf::Packets,
    yes: "{receiver} answered the SYN ({}) not with a SYN-ACK but with {}, whose numbers belong to an older connection; {sender} refused it",
    no: "the RST does not refuse a segment of an older connection",
    unknown: "{sender}'s SYN and the answer to it",
    zh: Wording {
        yes: "{receiver}没有用 SYN-ACK 应答 SYN（{}），而是用{}，其中是旧连接的序列号；{sender}拒绝了它",
        no: "这个 RST 不是在拒绝旧连接的报文",
        unknown: "{sender}的 SYN 以及对它的应答",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        let Some(trigger) = &rst.trigger else {
            let known = outcome.connection().beginning_seen() && !outcome.left_for_new(rst.record.from);
            return if known { Answer::No(no()) } else { Answer::Unknown };
        };
        let at = outcome.before().iter().position(|record| record == trigger).unwrap_or(outcome.before().len());
        let is_syn = |record: &&Record| record.from == outcome.sender() && record.flags.is_syn();
        match outcome.before()[..at].iter().rfind(is_syn) {
            Some(syn) if is_of_connection(trigger) && trigger.ack != syn.end() && is_unaccepted(outcome, syn) => {
                Answer::Yes(yes().frame(syn).frame(trigger))
            }
            None if !outcome.connection().beginning_seen() => Answer::Unknown,
            _ => Answer::No(no()),
        }
    }),
};

/// So many services that refuse one host in a row are no client's doing.
const PROBED: u32 = 10;

/// Many services refused the host of the client in a row, each once or twice: it tries ports, and uses none.
pub static MANY_SERVICES_REFUSED: Question = Question {
    id: "many-services-refused",
    asked_of: AskedOf::Packets,
    yes: "within {} {} different services, or more, refused the host of {client}, in {} refusals: it tries one after the other",
    no: "the host of {client} was refused by {} service(s) at that time",
    unknown: "other connects of the host of {client} at that time: to how many services, and how many refuse it?",
    zh: Wording {
        yes: "在{}之内，至少{}个不同的服务拒绝了{client}所在主机，共拒绝{}次：它在逐个试探",
        no: "那段时间拒绝{client}所在主机的服务有{}个",
        unknown: "{client}所在主机当时的其他建连：有多少个服务，其中多少个拒绝了它？",
    },
    ask: by(|outcome| {
        let Some(probes) = outcome.probes() else { return Answer::Unknown };
        let took = probes.last.since(probes.first);
        // Who wants a service asks it again and again.
        let once = probes.again <= probes.services;
        match probes.services {
            PROBED.. if once => {
                Answer::Yes(yes().span(took).count(probes.services.into()).count(probes.refusals.into()))
            }
            PROBED.. => Answer::Unknown,
            few => Answer::No(no().count(few.into())),
        }
    }),
};

/// Whether it is a segment of a connection that exists: a challenge ACK, old data or an old FIN.
fn is_of_connection(record: &Record) -> bool {
    record.flags.has(Flags::ACK) && !record.flags.has(Flags::SYN) && !record.flags.has(Flags::RST)
}

/// Whether nobody took this SYN: it came in the middle of a connection, or the other end sent none.
fn is_unaccepted(outcome: &Outcome, syn: &Record) -> bool {
    syn.notes.has(Notes::SYN_ON_LIVE) || !outcome.connection().half(syn.from.other()).marks.has(Marks::SYN)
}

/// A SYN of the other end had come in the middle of the connection, and the RST answers it (RFC 793 section 3.9). A
/// stack of RFC 5961 answers with a challenge ACK instead.
pub static RST_ANSWERS_SYN_ON_LIVE: Question = Question {
    id: "rst-answers-syn-on-live",
    asked_of: AskedOf::Packets,
    yes: "{receiver} sent a SYN on the ports of the live connection, in {}, and the RST followed {} later: RFC 793 has a SYN in the window answered so",
    no: "the RST does not answer a SYN in the middle of the connection",
    unknown: "both directions of the connection before the RST",
    zh: Wording {
        yes: "{receiver}在仍打开的连接的端口上发了 SYN，即{}，{}之后出现 RST：RFC 793 规定窗口内的 SYN 这样应答",
        no: "这个 RST 应答的不是连接中途的 SYN",
        unknown: "RST 之前连接的两个方向",
    },
    ask: by(|outcome| {
        let (Some(rst), Some(last)) = (outcome.rst(), outcome.before().last()) else { return Answer::Unknown };
        let after = rst.record.time.since(last.time);
        let met = last.from != rst.record.from && last.flags.is_syn() && last.notes.has(Notes::SYN_ON_LIVE);
        match (met && is_prompt(&outcome.before().iter(), &rst.record, last), outcome.one_sided()) {
            (true, _) => Answer::Yes(yes().frame(last).span(after)),
            (false, true) => Answer::Unknown,
            (false, false) => Answer::No(no()),
        }
    }),
};

/// An ICMP error about the SYN-ACK had come before the handshake's last ACK, of a kind for which Linux removes a request
/// (`tcp_v4_err`: net or host unreachable, time exceeded, parameter problem). An error on its way elsewhere is not seen.
pub static ICMP_QUOTED_SYN_ACK: Question = Question {
    id: "icmp-quoted-syn-ack",
    asked_of: AskedOf::Packets,
    yes: "an ICMP error from {} said that {server}'s packets could not be delivered, {} after the SYN-ACK ({}) and before {client}'s ACK",
    no: "no ICMP error came between the SYN-ACK and the last ACK",
    unknown: "ICMP errors about {server}'s SYN-ACK: capture ICMP as well as TCP",
    zh: Wording {
        yes: "来自 {} 的 ICMP 差错说{server}的报文无法送达，它在 SYN-ACK（{2}）之后{1}、{client}的 ACK 之前",
        no: "SYN-ACK 与最后一个 ACK 之间没有 ICMP 差错",
        unknown: "关于{server}的 SYN-ACK 的 ICMP 差错：抓包时除 TCP 外也要抓 ICMP",
    },
    ask: by(|outcome| {
        let server = outcome.connection().endpoint(outcome.connection().server());
        let (Some(syn_ack), Some(ack)) = (outcome.syn_ack(), outcome.rst().and_then(|rst| rst.trigger)) else {
            return Answer::Unknown;
        };
        let removes = |kind: IcmpKind| {
            matches!(kind, IcmpKind::HostUnreachable | IcmpKind::TimeExceeded | IcmpKind::Other { kind: 12, .. })
        };
        let between = |seen: &&IcmpSeen| seen.at.time >= syn_ack.time && seen.at.time <= ack.time;
        let mut errors = outcome.icmp().iter().filter(|seen| seen.error.src == server && removes(seen.error.kind));
        match errors.find(between) {
            Some(seen) => {
                let from = Value::Endpoint(Endpoint::new(seen.error.from, 0));
                Answer::Yes(yes().value(from).span(seen.at.time.since(syn_ack.time)).frame(syn_ack))
            }
            None => Answer::Unknown,
        }
    }),
};

/// The same pair of endpoints had a connection before that both had closed.
pub static EARLIER_CLOSED: Question = Question {
    id: "earlier-closed",
    asked_of: AskedOf::Packets,
    yes: "both ends had closed an earlier connection on the same two ports, and it was still in TIME-WAIT",
    no: "the earlier connection on the same two ports had not been closed by both ends",
    unknown: "earlier connections on the same two ports: start the capture earlier",
    zh: Wording {
        yes: "同一端口对上此前有过一条连接，两端都已关闭，但它还处于 TIME-WAIT",
        no: "同一端口对上的旧连接并非两端都已关闭",
        unknown: "同一端口对上更早的连接：请更早开始抓包",
    },
    ask: by(|outcome| match outcome.connection().earlier {
        // It met the connection whose segments these are. What both had closed and both know closed is in TIME-WAIT.
        _ if SYN_MET_CONNECTION.answer(outcome).is_yes() => match both_had_closed(outcome) {
            Answer::Yes(_) if !outcome.connection().closed_in_order() => Answer::Unknown,
            answer => answer,
        },
        Some(TcpState::TimeWait) => Answer::Yes(yes()),
        // By a RST, or by both ends in the other order.
        Some(TcpState::Closed | TcpState::Unknown) | None => Answer::Unknown,
        Some(_) => Answer::No(no()),
    }),
};

/// The RST refuses a SYN-ACK that does not acknowledge the SYN.
pub static SYN_ACK_ACKS_WRONG: Question = Question {
    id: "syn-ack-acks-wrong",
    asked_of: AskedOf::Packets,
    yes: "the SYN-ACK ({}) does not acknowledge the sequence number of the SYN ({})",
    no: "the SYN-ACK ({}) acknowledges the SYN ({})",
    unknown: "the SYN and the SYN-ACK that the RST answers",
    zh: Wording {
        yes: "SYN-ACK（{}）确认的不是 SYN（{}）的序列号",
        no: "SYN-ACK（{}）确认了 SYN（{}）",
        unknown: "SYN，以及 RST 所应答的 SYN-ACK",
    },
    ask: by(|outcome| {
        let syn_ack = outcome.rst().and_then(|rst| rst.trigger).filter(|trigger| trigger.flags.is_syn_ack());
        let client = outcome.connection().half(outcome.connection().client);
        match (outcome.syn(), syn_ack) {
            (Some(syn), Some(syn_ack)) => {
                let right = syn_ack.ack.after(client.first_seq) && !syn_ack.ack.after(client.nxt);
                yes().frame(&syn_ack).frame(syn).if_so((!right).into())
            }
            _ => Answer::Unknown,
        }
    }),
};

/// The sender acknowledged the very SYN-ACK that its kernel had refused: something else there speaks TCP.
pub static REFUSED_SYN_ACK_ACKNOWLEDGED: Question = Question {
    id: "refused-syn-ack-acknowledged",
    asked_of: AskedOf::Packets,
    yes: "{client} acknowledged in {} the SYN-ACK ({}) that its own kernel had refused: a program there knows the connection, the kernel does not",
    no: "{client} did not acknowledge the SYN-ACK ({}) after refusing it",
    unknown: "the SYN-ACK that {client} refused, and what {client} sent after the RST",
    zh: Wording {
        yes: "{client}用{}确认了自己内核拒绝过的 SYN-ACK（{}）：那里有程序知道这条连接，而内核不知道",
        no: "{client}拒绝 SYN-ACK（{}）之后没有再确认它",
        unknown: "{client}所拒绝的 SYN-ACK，以及 RST 之后{client}发了什么",
    },
    ask: by(|outcome| {
        let syn_ack = outcome.rst().and_then(|rst| rst.trigger).filter(|trigger| trigger.flags.is_syn_ack());
        let Some(syn_ack) = syn_ack else { return refused_before(outcome) };
        let acknowledges = |record: &&Record| {
            let is_plain =
                record.flags.has(Flags::ACK) && !record.flags.has(Flags::SYN) && !record.flags.has(Flags::RST);
            record.from != syn_ack.from && is_plain && record.seq == syn_ack.ack && record.ack == syn_ack.seq.add(1)
        };
        // After another SYN-ACK, nobody knows which of the two is acknowledged.
        let mut before_another = outcome.after().iter().take_while(|record| !record.flags.is_syn_ack());
        match before_another.find(acknowledges) {
            // The program answers what it received. By then the other end's timer has sent the SYN-ACK again.
            Some(record) if record.time.since(syn_ack.time) >= SYN_TIMER => Answer::Unknown,
            Some(record) => Answer::Yes(yes().frame(record).frame(&syn_ack)),
            None if outcome.after_total() == 0 && outcome.watched_after().nanos() == 0 => Answer::Unknown,
            None => Answer::No(no().frame(&syn_ack)),
        }
    }),
};

/// The same where this RST is not the one that refused the SYN-ACK: it then answers what the program went on with.
fn refused_before(outcome: &Outcome) -> Answer {
    let client = outcome.connection().client;
    let refuses = |pair: &&[Record]| {
        let [syn_ack, rst] = pair else { return false };
        let bare = rst.flags.has(Flags::RST) && !rst.flags.has(Flags::ACK) && rst.from == client;
        bare && syn_ack.flags.is_syn_ack() && rst.seq == syn_ack.ack
    };
    let Some(at) = outcome.before().windows(2).position(|pair| refuses(&pair)) else { return Answer::Unknown };
    let syn_ack = &outcome.before()[at];
    let goes_on = |record: &&Record| {
        record.from == client && is_of_connection(record) && record.seq == syn_ack.ack && record.ack == syn_ack.end()
    };
    match outcome.before()[at + 2..].iter().find(goes_on) {
        Some(record) => Answer::Yes(yes().frame(record).frame(syn_ack)),
        None => Answer::Unknown,
    }
}

/// The SYN-ACK echoes a timestamp that the SYN did not carry (RFC 7323 section 3.2).
pub static SYN_ACK_ECHOES_WRONG: Question = Question {
    id: "syn-ack-echoes-wrong",
    asked_of: AskedOf::Packets,
    yes: "the SYN-ACK ({}) echoes a timestamp that {client} had not sent",
    no: "the SYN-ACK ({}) echoes the timestamp of the SYN",
    unknown: "a SYN and a SYN-ACK with timestamps, each sent once",
    zh: Wording {
        yes: "SYN-ACK（{}）回显了{client}没有发过的时间戳",
        no: "SYN-ACK（{}）回显的是 SYN 的时间戳",
        unknown: "带时间戳且各只发送一次的 SYN 和 SYN-ACK",
    },
    ask: by(|outcome| {
        let server = outcome.connection().half(outcome.connection().server()).marks;
        match outcome.syn_ack() {
            Some(syn_ack) if server.has(Marks::ECHO_WRONG) => Answer::Yes(yes().frame(syn_ack)),
            Some(syn_ack) if server.has(Marks::ECHO_RIGHT) => Answer::No(no().frame(syn_ack)),
            _ => Answer::Unknown,
        }
    }),
};

/// The handshake's last ACK acknowledges a number that the other end cannot have sent. Nobody may
/// send more than the window of a SYN, which is never scaled, before the handshake is complete.
pub static HANDSHAKE_ACK_WRONG: Question = Question {
    id: "handshake-ack-wrong",
    asked_of: AskedOf::Packets,
    yes: "{} acknowledges a sequence number that {sender} had not sent: its SYN or SYN-ACK is {}",
    no: "{} acknowledges {sender}'s SYN or SYN-ACK, {}",
    unknown: "the handshake from its beginning, and the segment that the RST answers",
    zh: Wording {
        yes: "{}确认了{sender}没有发过的序列号：它的 SYN 或 SYN-ACK 是{}",
        no: "{}确认了{sender}的 SYN 或 SYN-ACK，即{}",
        unknown: "从头开始的握手，以及 RST 所应答的报文",
    },
    ask: by(|outcome| {
        let sender = outcome.connection().half(outcome.sender());
        let own_syn = |record: &Record| record.from == outcome.sender() && record.flags.has(Flags::SYN);
        let (Some(trigger), Some(syn)) = (outcome.rst().and_then(|rst| rst.trigger), outcome.earlier(own_syn)) else {
            return Answer::Unknown;
        };
        let facts = yes().frame(&trigger).frame(syn);
        let opening = sender.nxt == sender.first_seq.add(1) && !trigger.flags.has(Flags::SYN);
        let beyond = trigger.ack.diff(sender.nxt);
        match beyond {
            _ if !opening || !trigger.flags.has(Flags::ACK) => Answer::No(facts),
            0 => Answer::No(facts),
            1..=UNSCALED_WINDOW => Answer::Unknown,
            _ => Answer::Yes(facts),
        }
    }),
};

/// Both ends had sent a SYN of their own: a simultaneous open (RFC 9293 section 3.5, figure 7).
pub static SYNS_CROSSED: Question = Question {
    id: "syns-crossed",
    asked_of: AskedOf::Packets,
    yes: "both ends sent a SYN, {} and {}: a simultaneous open",
    no: "only one end sent a SYN without ACK",
    unknown: "the beginning of the connection: start the capture before the connect",
    zh: Wording {
        yes: "两端都发了 SYN，即{}和{}：同时打开",
        no: "只有一端发过不带 ACK 的 SYN",
        unknown: "连接的开头：在建连之前就开始抓包",
    },
    ask: by(|outcome| {
        let syn_of = |side| outcome.earlier(|record| record.from == side && record.flags.is_syn());
        match (syn_of(outcome.receiver()), syn_of(outcome.sender())) {
            (Some(one), Some(other)) => Answer::Yes(yes().frame(one).frame(other)),
            _ if outcome.connection().beginning_seen() => Answer::No(no()),
            _ => Answer::Unknown,
        }
    }),
};

/// The end that refused the SYN sent a SYN of its own on the same two ports, before or after.
pub static SYN_CAME_BACK: Question = Question {
    id: "syn-came-back",
    asked_of: AskedOf::Packets,
    yes: "{sender} itself connects to {receiver} on the same two ports, at about the time of {}",
    no: "{sender} sent no SYN of its own on these two ports up to {} after the RST",
    unknown: "a few seconds before and after the RST: does {sender} itself connect on the same two ports?",
    zh: Wording {
        yes: "{sender}自己也在同一端口对上连接{receiver}，时间与{}相近",
        no: "到 RST 之后{}为止，{sender}没有在这个端口对上发过自己的 SYN",
        unknown: "RST 前后几秒的报文：{sender}自己是否也在同一端口对上建连？",
    },
    ask: by(|outcome| {
        let opposite = |record: &&Record| record.from == outcome.sender() && record.flags.is_syn();
        let refused_before = outcome.connection().earlier_opener == Some(outcome.sender());
        match (outcome.before().iter().chain(outcome.after()).find(opposite), refused_before) {
            (Some(syn), _) => Answer::Yes(yes().frame(syn)),
            (None, true) => {
                Answer::Yes(yes().value(Value::Phrase(BEFORE_THIS)).shown_by(outcome.connection().first_frame))
            }
            (None, false) if outcome.watched_after() >= SYN_RETRY_SEEN_BY => {
                Answer::No(no().span(outcome.watched_after()))
            }
            (None, false) => Answer::Unknown,
        }
    }),
};

const BEFORE_THIS: Meaning = Meaning { en: "the attempt before this one", zh: "上一次尝试" };

/// Nothing says that the server ever made a socket of its half-open request.
pub static SERVER_NEVER_TOOK_IT: Question = Question {
    id: "server-never-took-it",
    asked_of: AskedOf::Packets,
    yes: "{server} had acknowledged nothing but the SYN and sent nothing after its SYN-ACK: it may never have had this connection",
    no: "{server} had accepted the connection: it acknowledged or sent data",
    unknown: "the connection from its beginning: had {server} acknowledged or sent data?",
    zh: Wording {
        yes: "{server}只确认了 SYN，SYN-ACK 之后什么都没发：它可能从未拥有这条连接",
        no: "{server}已接受连接：它确认过数据或发过数据",
        unknown: "从头开始的连接：{server}是否确认过数据或发过数据？",
    },
    ask: by(|outcome| {
        let connection = outcome.connection();
        let (client, server) = (connection.half(connection.client), connection.half(connection.server()));
        if !client.marks.has(Marks::SYN) || !server.marks.has(Marks::SYN) {
            return Answer::Unknown;
        }
        let took_data = (server.marks.has(Marks::ACKED) && server.ack.after(client.first_seq.add(1)))
            || (client.bytes > 0 && connection.has_gap(connection.server()));
        let silent = !took_data && server.bytes == 0 && !server.marks.has(Marks::FIN);
        yes().if_so(silent.into())
    }),
};

/// The server waited in silence for the handshake's last ACK longer than a host does that remembers
/// the request: it repeats its SYN-ACK after 1 s (RFC 6298 section 2). Never no: an ACK that the
/// capture shows may have been lost behind the capture point.
pub static SYN_ACK_FORGOTTEN: Question = Question {
    id: "syn-ack-forgotten",
    asked_of: AskedOf::Packets,
    yes: "no ACK came for {} after the SYN-ACK ({}), and {server} did not retransmit it: it keeps no half-open request, as with SYN cookies",
    no: "{server} kept its half-open request",
    unknown: "a capture at {server}, from the beginning: did the last ACK of the handshake arrive?",
    zh: Wording {
        yes: "SYN-ACK（{1}）之后{0}没有 ACK 到来，{server}也没有重发：它不保留半连接，SYN cookie 就是这样",
        no: "{server}保留了半连接",
        unknown: "在{server}上从头抓包：三次握手的最后一个 ACK 到达了吗？",
    },
    ask: by(|outcome| {
        let syn_acks = outcome.before().iter().filter(|record| record.flags.is_syn_ack()).count();
        let Some(syn_ack) = outcome.syn_ack().filter(|_| syn_acks == 1) else {
            return Answer::Unknown;
        };
        let client = outcome.connection().client;
        let next = outcome
            .earlier(|record| record.from == client && record.time >= syn_ack.time && record.flags.has(Flags::ACK));
        match next.map(|next| next.time.since(syn_ack.time)) {
            Some(waited) if is_sane(waited) && waited >= SYN_ACK_REPEATED_BY => {
                Answer::Yes(yes().span(waited).frame(syn_ack))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// The client had sent no data yet when the server repeated its SYN-ACK. With `TCP_DEFER_ACCEPT` a
/// bare ACK is ignored and data is not (`tcp_check_req`).
pub static CLIENT_SILENT_AT_FIRST: Question = Question {
    id: "client-silent-at-first",
    asked_of: AskedOf::Packets,
    yes: "{client} had sent nothing but pure ACKs when {server} retransmitted its SYN-ACK in {}",
    no: "{client} had sent data ({}) before {server} retransmitted its SYN-ACK",
    unknown: "a second SYN-ACK after the handshake",
    zh: Wording {
        yes: "{server}重发 SYN-ACK（{}）时，{client}除了纯 ACK 什么都没发过",
        no: "{server}重发 SYN-ACK 之前，{client}已发过数据（{}）",
        unknown: "握手之后的第二个 SYN-ACK",
    },
    ask: by(|outcome| {
        let client = outcome.connection().client;
        let Some(again) = outcome.before().iter().filter(|record| record.flags.is_syn_ack()).nth(1) else {
            return Answer::Unknown;
        };
        match outcome.earlier(|record| record.from == client && record.len > 0 && record.time < again.time) {
            Some(data) => Answer::No(no().frame(data)),
            None => Answer::Yes(yes().frame(again)),
        }
    }),
};
