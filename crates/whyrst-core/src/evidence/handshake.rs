//! How the connection was opened: the SYN, the wait for its answer, and what came after a refusal.

use super::answer::{Answer, no, yes};
use super::form::is_made_by_hand;
use super::question::{AskedOf, Question, Wording, by, not};
use super::timing::is_sane;
use crate::connection::{Roles, TcpState};
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::outcome::Outcome;
use crate::segment::{Flags, OptionSet};
use crate::time::Span;
use crate::words::{Message, Protocol};

/// A round trip on the same site or continent is shorter; an application that sets a connect
/// timeout chooses it above that. Not a protocol number: it only ranks, it never decides.
const SLOW_SYN_ACK: Span = Span::from_millis(50);
/// Linux sends the SYN again 1 s after the first (`TCP_TIMEOUT_INIT`, RFC 6298 section 2); a margin for others.
pub const SYN_RETRY_SEEN_BY: Span = Span::from_millis(1_500);
/// The first timer of a SYN and of a SYN-ACK is 1 s (RFC 6298 section 2.1); a margin.
pub const SYN_TIMER: Span = Span::from_millis(900);
/// The same, and 500 ms on Windows after a refusal; a margin.
pub const SHORTEST_SYN_TIMER: Span = Span::from_millis(400);

/// The capture shows the client's SYN.
pub static SYN_SEEN: Question = Question {
    id: "syn-seen",
    asked_of: AskedOf::Anything,
    yes: "the connection begins in the capture, with {client}'s SYN in {}",
    no: "the server answered a SYN that {client} never sent through this capture point",
    unknown: "the beginning of the connection: start the capture before the connect",
    zh: Wording {
        yes: "连接的开头在抓包里，{client}的 SYN 是{}",
        no: "服务端应答了一个 SYN，而{client}从未经由这个抓包点发送过它",
        unknown: "连接的开头：在建连之前就开始抓包",
    },
    ask: by(|outcome| match outcome.syn() {
        Some(syn) => Answer::Yes(yes().frame(syn)),
        None => Answer::Unknown,
    }),
};

/// The three-way handshake was seen to complete.
pub static HANDSHAKE_COMPLETED: Question = Question {
    id: "handshake-completed",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "the capture shows the whole three-way handshake, from {} on",
    no: "the handshake never completed",
    unknown: "the beginning of the connection: start the capture before the connect",
    zh: Wording {
        yes: "抓包包含完整的三次握手，从{}开始",
        no: "握手一直没有完成",
        unknown: "连接的开头：在建连之前就开始抓包",
    },
    ask: by(|outcome| {
        let connection = outcome.connection();
        let (client, server) = (connection.half(connection.client), connection.half(connection.server()));
        let Some(syn) = outcome.syn() else {
            // Of a connection there is nothing: what was seen is none of its segments.
            let none = !outcome.before().is_empty() && outcome.before().iter().all(is_made_by_hand);
            return if none { Answer::No(no()) } else { Answer::Unknown };
        };
        if connection.handshake_complete() {
            // An ACK of more than the server was seen to send: a wrong number, or a gap in the capture.
            let fits = !client.ack.after(server.nxt) || server.marks.has(Marks::DATA);
            return if fits { Answer::Yes(yes().frame(syn)) } else { Answer::Unknown };
        }
        // TCP Fast Open (RFC 7413 section 4.2): the server's program has the connection once its SYN-ACK acknowledges data.
        if syn.len > 0 && outcome.syn_ack().is_some_and(|syn_ack| syn_ack.ack == syn.end()) {
            return Answer::Unknown;
        }
        if let Some(rst) = completed_by_rst(outcome) {
            return Answer::Yes(yes().frame(syn).shown_by(rst.frame));
        }
        // What acknowledges more than the SYN, carries data, or closes what a program has, tells of a handshake that
        // was missed.
        let missed = client.marks.has(Marks::ACKED)
            || server.bytes > 0
            || server.marks.has(Marks::FIN)
            || connection.has_gap(connection.client)
            || outcome.rst().is_some_and(|rst| is_beyond_opening(outcome, &rst.record));
        if missed { Answer::Unknown } else { Answer::No(no()) }
    }),
};

/// An abort whose numbers lie beyond both SYNs: data went one way or the other, though a filter kept it from the capture.
fn is_beyond_opening(outcome: &Outcome, rst: &Record) -> bool {
    let connection = outcome.connection();
    let (own, peer) = (connection.half(rst.from), connection.half(rst.from.other()));
    let opened = own.marks.has(Marks::SYN) && peer.marks.has(Marks::SYN) && rst.flags.has(Flags::ACK);
    opened && (rst.seq.after(own.first_seq.add(1)) || rst.ack.after(peer.first_seq.add(1)))
}

/// A client's abort that acknowledges the SYN-ACK, with what only a connection has. Linux delays the
/// handshake's last ACK when the program asks for that (`TCP_QUICKACK` off, `tcp_rcv_synsent_state_process`), and an
/// abort overtakes it: health checks of balancers do so. An answer without a socket has no window and no options;
/// a subflow of MPTCP has a longer handshake (RFC 8684 section 3.2).
fn completed_by_rst(outcome: &Outcome) -> Option<&Record> {
    let connection = outcome.connection();
    let (client, server) = (connection.half(connection.client), connection.half(connection.server()));
    let rst = &outcome.rst()?.record;
    let numbers = rst.flags.has(Flags::ACK) && rst.seq == client.nxt && rst.ack == server.first_seq.add(1);
    let held = rst.window > 0 || rst.options.has(OptionSet::TIMESTAMPS);
    let plain = !outcome.syn()?.options.has(OptionSet::MP_JOIN);
    (rst.from == connection.client && server.marks.has(Marks::SYN) && numbers && held && plain).then_some(rst)
}

/// The capture shows how far the opening had come: the SYN was refused, the handshake was complete, or
/// certainly not.
pub static BEGINNING_WHOLE: Question = Question {
    id: "beginning-whole",
    asked_of: AskedOf::Packets,
    yes: "the capture shows how the connection began, from {} on",
    no: "the capture does not show how the connection began",
    unknown: "the beginning of the connection: start the capture before the connect",
    zh: Wording {
        yes: "抓包显示了连接如何开始，从{}起",
        no: "抓包没有显示连接如何开始",
        unknown: "连接的开头：在建连之前就开始抓包",
    },
    ask: by(|outcome| match (outcome.syn(), HANDSHAKE_COMPLETED.answer(outcome)) {
        (Some(syn), Answer::Yes(_) | Answer::No(_)) => Answer::Yes(yes().frame(syn)),
        _ => Answer::Unknown,
    }),
};

/// The three-way handshake was not complete: no program had the connection yet.
pub static HANDSHAKE_INCOMPLETE: Question = not("handshake-incomplete", &HANDSHAKE_COMPLETED);

/// The client opened the connection, and the RST is its own.
pub static SENDER_IS_CLIENT: Question = Question {
    id: "sender-is-client",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{sender} had opened the connection",
    no: "{sender} is the end that was connected to",
    unknown: "the SYN: which end opened the connection?",
    zh: Wording {
        yes: "连接是{sender}发起的", no: "{sender}是被连接的一端", unknown: "SYN：连接是哪一端发起的？"
    },
    ask: by(|outcome| match outcome.connection().roles {
        Roles::Guessed if !asks_in_words(outcome) => Answer::Unknown,
        Roles::Seen | Roles::Guessed => yes().if_so((outcome.sender() == outcome.connection().client).into()),
    }),
};

/// Whether what was said confirms a guess: only clients send requests of HTTP, and only servers answer (RFC 9112).
fn asks_in_words(outcome: &Outcome) -> bool {
    let client = outcome.connection().client;
    let http = |side| outcome.message(side).filter(|message| message.protocol == Protocol::Http);
    let answers = |message: &Message| message.octets().starts_with(b"HTTP/");
    http(client).is_some_and(|asked| !answers(asked)) && http(client.other()).is_some_and(answers)
}

/// The RST comes from the end that accepted the connection.
pub static SENDER_IS_SERVER: Question = not("sender-is-server", &SENDER_IS_CLIENT);

/// The RST answers the third packet of the handshake: the server had only the half-open request.
pub static RST_ANSWERS_THIRD_PACKET: Question = Question {
    id: "rst-answers-third-packet",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{} answers {}, the last ACK of the handshake: {sender} had not yet created a socket for the request",
    no: "{} does not answer the last ACK of the handshake",
    unknown: "the handshake, and the segment that the RST answers",
    zh: Wording {
        yes: "{}应答的是{}，即三次握手的最后一个 ACK：{sender}还没有为这个请求建立套接字",
        no: "{}应答的不是三次握手的最后一个 ACK",
        unknown: "握手，以及 RST 所应答的报文",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        let no = Answer::No(no().frame(&rst.record));
        match &rst.trigger {
            Some(trigger) if trigger.is_pure_ack() && rst.record.from == outcome.connection().server() => {
                let server = outcome.connection().half(rst.record.from);
                let client = outcome.connection().half(trigger.from);
                if !server.marks.has(Marks::SYN) || !client.marks.has(Marks::SYN) {
                    return Answer::Unknown;
                }
                let only_syn_ack = server.nxt == server.first_seq.add(1) && server.ack == client.first_seq.add(1);
                if only_syn_ack && client.bytes == 0 && trigger.seq == client.first_seq.add(1) {
                    Answer::Yes(yes().frame(&rst.record).frame(trigger))
                } else {
                    no
                }
            }
            _ if !outcome.connection().beginning_seen() => Answer::Unknown,
            _ => no,
        }
    }),
};

/// The server repeated its SYN-ACK although the handshake was complete for the client.
pub static SYN_ACK_REPEATED: Question = Question {
    id: "syn-ack-repeated",
    asked_of: AskedOf::Packets,
    yes: "{server} sent its SYN-ACK again in {}, after the handshake: it had not accepted {client}'s ACK",
    no: "{server} did not retransmit its SYN-ACK after the handshake",
    unknown: "the segments after the handshake",
    zh: Wording {
        yes: "{server}在握手之后重发了 SYN-ACK（{}）：它没有接受{client}的 ACK",
        no: "{server}在握手之后没有重发 SYN-ACK",
        unknown: "握手之后的报文",
    },
    ask: by(|outcome| {
        let connection = outcome.connection();
        let acked = outcome.before().iter().position(|record| {
            record.from == connection.client && record.flags.has(Flags::ACK) && !record.flags.has(Flags::SYN)
        });
        let again = acked.and_then(|at| outcome.before()[at..].iter().find(|record| record.flags.is_syn_ack()));
        match again {
            Some(record) => Answer::Yes(yes().frame(record)),
            None if connection.half(connection.server()).retransmissions == 0 && connection.beginning_seen() => {
                Answer::No(no())
            }
            None => Answer::Unknown,
        }
    }),
};

/// A SYN arrived in the middle of a connection that one end still had.
pub static SYN_MET_CONNECTION: Question = Question {
    id: "syn-met-connection",
    asked_of: AskedOf::Packets,
    yes: "{} is a SYN in the middle of this connection: its sender no longer knew the connection",
    no: "no SYN came in the middle of this connection",
    unknown: "the segments before the RST",
    zh: Wording {
        yes: "{}是这条连接中途的 SYN：发送者已经不认识这条连接",
        no: "这条连接中途没有 SYN 到来",
        unknown: "RST 之前的报文",
    },
    ask: by(|outcome| match outcome.latest(|record| record.notes.has(Notes::SYN_ON_LIVE)) {
        Some(syn) => Answer::Yes(yes().frame(syn)),
        None => Answer::No(no()),
    }),
};

/// The same pair of endpoints had a connection before that the server had closed and the client had not.
pub static EARLIER_HALF_CLOSED: Question = Question {
    id: "earlier-half-closed",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "an earlier connection on the same two ports was closed by {server} but not by {client}",
    no: "there was no earlier half-closed connection on the same two ports",
    unknown: "earlier connections on the same two ports: start the capture earlier",
    zh: Wording {
        yes: "同一端口对上此前有过一条连接，{server}已关闭而{client}没有",
        no: "同一端口对上此前没有半关闭的连接",
        unknown: "同一端口对上更早的连接：请更早开始抓包",
    },
    ask: by(|outcome| match outcome.connection().earlier {
        Some(TcpState::FinWait1 | TcpState::FinWait2) => Answer::Yes(yes()),
        Some(_) => Answer::No(no()),
        None => Answer::Unknown,
    }),
};

/// The same pair of endpoints was in the middle of another handshake.
pub static EARLIER_OPENING: Question = Question {
    id: "earlier-opening",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "another handshake on the same two ports was in progress: {client} had sent a different SYN before",
    no: "no other handshake on the same two ports was in progress",
    unknown: "earlier connections on the same two ports: start the capture earlier",
    zh: Wording {
        yes: "同一端口对上正在进行另一次握手：{client}此前发过一个不同的 SYN",
        no: "同一端口对上没有另一次握手正在进行",
        unknown: "同一端口对上更早的连接：请更早开始抓包",
    },
    ask: by(|outcome| match outcome.connection().earlier {
        Some(TcpState::SynReceived) => Answer::Yes(yes()),
        Some(_) => Answer::No(no()),
        None => Answer::Unknown,
    }),
};

/// The SYN-ACK offered no window, as that of a SYN proxy does.
pub static SYN_ACK_WINDOW_ZERO: Question = Question {
    id: "syn-ack-window-zero",
    asked_of: AskedOf::Packets,
    yes: "the SYN-ACK ({}) offers window 0, as a SYN proxy does",
    no: "the SYN-ACK ({}) offers a window",
    unknown: "the SYN-ACK",
    zh: Wording {
        yes: "SYN-ACK（{}）的窗口为 0，SYN 代理就是这样",
        no: "SYN-ACK（{}）给出了窗口",
        unknown: "该 SYN-ACK",
    },
    ask: by(|outcome| match outcome.syn_ack() {
        Some(syn_ack) => yes().frame(syn_ack).if_so((syn_ack.window == 0).into()),
        None => Answer::Unknown,
    }),
};

/// Nothing of the connection's beginning was seen.
pub static BEGINNING_NOT_SEEN: Question = Question {
    id: "beginning-not-seen",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "the capture has no SYN of this connection: it began before the capture, or never",
    no: "the capture shows how the connection began, in {}",
    unknown: "the beginning of the connection",
    zh: Wording {
        yes: "抓包里没有这条连接的 SYN：它在抓包之前就已开始，或者从未开始",
        no: "抓包显示了连接如何开始，即{}",
        unknown: "连接的开头",
    },
    ask: by(|outcome| {
        match outcome.earlier(|record| record.flags.has(Flags::SYN) && !record.notes.has(Notes::SYN_ON_LIVE)) {
            Some(syn) => Answer::No(no().frame(syn)),
            None => Answer::Yes(yes().shown_by(outcome.connection().first_frame)),
        }
    }),
};

/// The client had waited long when the SYN-ACK came. From the SYN to the RST, because that is the
/// same at both ends of the path, and the SYN-ACK's delay is not.
pub static SYN_ACK_SLOW: Question = Question {
    id: "syn-ack-slow",
    asked_of: AskedOf::PacketsOrSocket,
    yes: "{client} received the SYN-ACK ({}) late: its RST came {} after the SYN ({})",
    no: "{client} received the SYN-ACK ({}) quickly: its RST came only {} after the SYN ({})",
    unknown: "the SYN and the SYN-ACK",
    zh: Wording {
        yes: "{client}收到的 SYN-ACK（{}）来得晚：它的 RST 距 SYN（{2}）有{1}",
        no: "{client}收到的 SYN-ACK（{}）来得快：它的 RST 距 SYN（{2}）只有{1}",
        unknown: "SYN 和 SYN-ACK",
    },
    ask: by(|outcome| match (outcome.syn(), refused_syn_ack(outcome), outcome.time()) {
        (Some(syn), Some(syn_ack), end) if is_sane(end.since(syn.time)) => {
            let wait = end.since(syn.time);
            // It waited on after this one, which it had not taken: the RST may answer another.
            let waits =
                |record: &Record| record.from == syn.from && record.flags.is_syn() && record.frame > syn_ack.frame;
            if outcome.latest(waits).is_some() {
                return Answer::Unknown;
            }
            // By then its timer would have sent the SYN again: it had closed before, or the capture is thinned.
            let syns =
                outcome.before().iter().filter(|record| record.from == syn.from && record.flags.is_syn()).count();
            if wait >= SYN_TIMER && syns == 1 {
                return Answer::Unknown;
            }
            // It may answer the SYN that was sent again.
            let again = outcome.latest(|record| {
                record.from == syn.from
                    && record.flags.is_syn()
                    && record.time <= syn_ack.time
                    && record.frame != syn.frame
            });
            if again.is_some_and(|again| syn_ack.time.since(again.time) < SLOW_SYN_ACK) {
                return Answer::Unknown;
            }
            yes().frame(syn_ack).span(wait).frame(syn).if_so((wait >= SLOW_SYN_ACK).into())
        }
        _ => Answer::Unknown,
    }),
};

/// The SYN-ACK that the RST answers, or the first.
fn refused_syn_ack(outcome: &Outcome) -> Option<&Record> {
    let trigger = outcome.rst().and_then(|rst| rst.trigger.as_ref());
    trigger.filter(|trigger| trigger.flags.is_syn_ack()).or_else(|| outcome.syn_ack())
}

/// The SYN-ACK came as soon as the path allows.
pub static SYN_ACK_SOON: Question = not("syn-ack-soon", &SYN_ACK_SLOW);

/// The SYN looks like one of an ordinary `connect()`.
pub static SYN_IS_ORDINARY: Question = Question {
    id: "syn-is-ordinary",
    asked_of: AskedOf::Packets,
    yes: "the SYN ({}) carries the options of an ordinary connect()",
    no: "the SYN ({}) carries few options or none, like SYNs from scanners and raw sockets",
    unknown: "the SYN with its options",
    zh: Wording {
        yes: "SYN（{}）带有普通 connect() 的选项",
        no: "SYN（{}）只有很少的选项或没有选项，扫描器和原始套接字发的 SYN 就是这样",
        unknown: "带选项的 SYN",
    },
    ask: by(|outcome| match outcome.syn() {
        Some(syn) if !syn.options.has(OptionSet::CUT) => yes().frame(syn).if_so(is_ordinary(syn).into()),
        _ => Answer::Unknown,
    }),
};

/// Every operating system in use offers MSS and at least two of window scale, SACK and timestamps.
fn is_ordinary(syn: &Record) -> bool {
    let offered = [OptionSet::WINDOW_SCALE, OptionSet::SACK_PERMITTED, OptionSet::TIMESTAMPS];
    syn.options.has(OptionSet::MSS) && offered.iter().filter(|option| syn.options.has(**option)).count() >= 2
}

/// The SYN has few options or none.
pub static SYN_IS_BARE: Question = not("syn-is-bare", &SYN_IS_ORDINARY);

/// After the RST the client sent the same SYN again: its `connect()` was still waiting.
pub static SYN_RETRIED_AFTER_RST: Question = Question {
    id: "syn-retried-after-rst",
    asked_of: AskedOf::Packets,
    yes: "{client} sent its SYN again in {}, after the RST: its connect() was still waiting, so the RST had not reached it",
    no: "{client} did not send its SYN again within {} after the RST",
    unknown: "at least 2 s after the RST: would {client} send its SYN again?",
    zh: Wording {
        yes: "{client}在 RST 之后又重发了 SYN（{}）：它的 connect() 仍在等待，可见 RST 没有传到那里",
        no: "{client}在 RST 之后{}之内没有重发 SYN",
        unknown: "RST 之后至少 2 s：{client}会不会重发 SYN？",
    },
    ask: by(|outcome| {
        let client = outcome.connection().client;
        let isn = outcome.connection().half(client).first_seq;
        if !outcome.connection().half(client).marks.has(Marks::SYN) {
            return Answer::Unknown;
        }
        let again =
            outcome.after().iter().find(|record| record.from == client && record.flags.is_syn() && record.seq == isn);
        match again {
            Some(record) => Answer::Yes(yes().frame(record)),
            None if outcome.watched_after() >= SYN_RETRY_SEEN_BY => Answer::No(no().span(outcome.watched_after())),
            None => Answer::Unknown,
        }
    }),
};

/// The SYN that came again after the RST is its timer's: then `connect()` was still waiting. Programs
/// that make their own SYNs send the next one whenever they like.
pub static SYN_RETRIED_BY_TIMER: Question = Question {
    id: "syn-retried-by-timer",
    asked_of: AskedOf::Packets,
    yes: "{client} sent its SYN again in {}, {} after the previous one, as a retransmission timer does: its connect() was still waiting, so the RST had not reached it",
    no: "{client} did not send its SYN again within {} after the RST",
    unknown: "at least 2 s after the RST: would {client} send its SYN again, a second after the first?",
    zh: Wording {
        yes: "{client}重发了 SYN（{}），距前一个{}，符合重传定时器：它的 connect() 仍在等待，可见 RST 没有传到那里",
        no: "{client}在 RST 之后{}内没有重发 SYN",
        unknown: "RST 之后至少 2 秒：{client}会在第一个 SYN 一秒后重发吗？",
    },
    ask: by(|outcome| match SYN_RETRIED_AFTER_RST.answer(outcome) {
        Answer::Yes(_) => {
            let is_syn = |record: &&Record| record.from == outcome.connection().client && record.flags.is_syn();
            let again = outcome.after().iter().find(is_syn);
            match (outcome.before().iter().rfind(is_syn), again) {
                (Some(syn), Some(again)) if again.time.since(syn.time) >= SHORTEST_SYN_TIMER => {
                    Answer::Yes(yes().frame(again).span(again.time.since(syn.time)))
                }
                _ => Answer::Unknown,
            }
        }
        Answer::No(facts) => Answer::No(facts),
        Answer::Unknown => Answer::Unknown,
    }),
};

/// The server's genuine SYN-ACK came although the SYN had been refused. One SYN has one answer;
/// when it was sent twice, or again after the refusal, a service that came up in between explains it.
pub static SYN_ACK_AFTER_RST: Question = Question {
    id: "syn-ack-after-rst",
    asked_of: AskedOf::Packets,
    yes: "{server} answered the same SYN with a SYN-ACK ({}) after it had apparently refused it",
    no: "no SYN-ACK followed the RST",
    unknown: "the packets after the RST, with a single SYN and the answers to it",
    zh: Wording {
        yes: "{server}看似拒绝之后，又用 SYN-ACK（{}）应答了同一个 SYN",
        no: "RST 之后没有 SYN-ACK",
        unknown: "RST 之后的报文，其中只有一个 SYN 及对它的应答",
    },
    ask: by(|outcome| {
        let connection = outcome.connection();
        let accepted =
            outcome.after().iter().position(|record| record.from == connection.server() && record.flags.is_syn_ack());
        let Some(at) = accepted else {
            return Answer::No(no());
        };
        let is_syn = |record: &&Record| record.from == connection.client && record.flags.is_syn();
        let mut syns = outcome.before().iter().chain(&outcome.after()[..at]).filter(is_syn);
        // A SYN-ACK of another number answers a SYN that the capture missed.
        let answered = syns.next().is_some_and(|syn| syn.end() == outcome.after()[at].ack);
        if answered && syns.next().is_none() { Answer::Yes(yes().frame(&outcome.after()[at])) } else { Answer::Unknown }
    }),
};
