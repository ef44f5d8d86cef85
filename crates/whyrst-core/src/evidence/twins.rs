//! What the same handshake between other endpoints says of this one ([`crate::twins`]), and what a segment's hop
//! count says of an address translation that the capture does not show.

use super::answer::{Answer, Facts, Value, no, yes};
use super::data::{SENDER_RECEIVED_DATA, SENDER_SENT_NOTHING};
use super::firewall::NO_SYN_CAME;
use super::form::{RST_ANSWERS_SYN_ACK, RST_IS_ACTIVE};
use super::handshake::SYN_RETRIED_BY_TIMER;
use super::question::{AskedOf, Question, Wording, by, not};
use crate::history::Record;
use crate::outcome::Outcome;
use crate::twins::{Twin, TwinAnswer, TwinRelation};
use crate::words::{Protocol, protocol_of};

/// What stacks begin with (docs/internals/patterns.md): a packet that still has it was not routed.
const INITIAL_TTLS: [u8; 3] = [64, 128, 255];
/// More hops than a reply saves that goes past a gateway.
const SAVED_HOPS: u8 = 8;

/// The SYN that is answered here was sent between other endpoints, and waits for an answer there.
pub static ANSWERED_ELSEWHERE: Question = Question {
    id: "answered-elsewhere",
    asked_of: AskedOf::Packets,
    yes: "the SYN with this number went from {} to {} ({}) and got no answer there: the answer, {}, came back outside of its address translation",
    no: "the SYN with this number went from {} to {} ({}), and was answered there",
    unknown: "a capture at {client}: to which address and port did it send the SYN that is answered here?",
    zh: Wording {
        yes: "带这个序列号的 SYN 是从{}发往{}的（{}），在那里没有收到应答：应答{}绕过了地址转换",
        no: "带这个序列号的 SYN 是从{}发往{}的（{}），在那里得到了应答",
        unknown: "在{client}上抓包：这里应答的 SYN 当初发往哪个地址和端口？",
    },
    ask: by(|outcome| {
        let Some(twin) = handshake_twin(outcome).filter(|twin| !is_loopback(twin)) else { return Answer::Unknown };
        let answer = outcome.syn_ack().or_else(|| Some(&outcome.rst()?.record));
        match (twin.answer, answer) {
            (TwinAnswer::None, Some(answer)) => Answer::Yes(at(twin).frame(answer)),
            (TwinAnswer::Accepted | TwinAnswer::Refused, _) => Answer::No(at(twin)),
            (TwinAnswer::None, None) => Answer::Unknown,
        }
    }),
};

/// The refused SYN was seen on the way to a loopback address: a rule on its own host redirected it there.
pub static REDIRECTED_TO_LOOPBACK: Question = Question {
    id: "redirected-to-loopback",
    asked_of: AskedOf::Packets,
    yes: "a rule on the client's own host redirected the SYN from {} to {} ({}), where nothing listens; the refusal was translated back and reads as if it came from {server}",
    no: "the SYN was not redirected to a loopback address: it went from {} to {} ({})",
    unknown: "a capture on all interfaces of the client's host, with its loopback: was the SYN redirected there?",
    zh: Wording {
        yes: "客户端本机的规则把 SYN 重定向了：从{}到{}（{}），而那里没有程序在监听；拒绝报文又被转换回来，看上去像是来自{server}",
        no: "SYN 没有被重定向到环回地址：它从{}发往{}（{}）",
        unknown: "在客户端主机的所有接口（包括环回）上抓包：SYN 是否被重定向到那里？",
    },
    ask: by(|outcome| match handshake_twin(outcome) {
        Some(twin) if is_loopback(twin) && !own_is_loopback(outcome) => Answer::Yes(at(twin)),
        Some(twin) => Answer::No(at(twin)),
        None => Answer::Unknown,
    }),
};

/// The host that reset its client had itself been refused right before.
pub static UPSTREAM_REFUSED: Question = Question {
    id: "upstream-refused",
    asked_of: AskedOf::Packets,
    yes: "{2} earlier {0} had refused ({1}) the connect that the host of {server} made while this client waited",
    no: "the connect that the host of {server} made to {} was not refused",
    unknown: "the connects of the host of {server} while this client waited: was its upstream reachable?",
    zh: Wording {
        yes: "在此之前{2}，{0}拒绝了（{1}）{server}所在主机在这个客户端等待时发起的连接",
        no: "{server}所在主机到{}的连接没有被拒绝",
        unknown: "这个客户端等待时{server}所在主机发起的连接：它的上游可达吗？",
    },
    ask: by(|outcome| {
        let upstream = outcome.twin().filter(|twin| twin.relation == TwinRelation::Upstream);
        let (Some(twin), Some(rst)) = (upstream, outcome.rst()) else { return Answer::Unknown };
        let facts = yes().value(Value::Endpoint(twin.server)).value(Value::Frame(twin.frame)).shown_by(twin.frame);
        Answer::Yes(facts.span(rst.record.time.since(twin.time)))
    }),
};

/// What the server answers for was never reached: it had said nothing at all, or nothing but its part of a TLS handshake
/// before its own connect was refused. Who ends TLS for others does that first (stunnel, `HAProxy` with `bind ssl`).
pub static NOTHING_SERVED: Question = Question {
    id: "nothing-served",
    asked_of: AskedOf::Packets,
    yes: "{sender} had sent nothing of a service: {} bytes, and those of a TLS handshake if any",
    no: "{sender} had sent {} bytes of its own",
    unknown: "the connection from its beginning: had {sender} sent data?",
    zh: Wording {
        yes: "{sender}没有发过任何服务数据：{}字节，若有也只是 TLS 握手",
        no: "{sender}已发送{}字节自己的数据",
        unknown: "从头开始的连接：{sender}是否发过数据？",
    },
    ask: by(|outcome| match SENDER_SENT_NOTHING.answer(outcome) {
        Answer::Yes(_) => Answer::Yes(yes().count(0)),
        Answer::No(_) => {
            let tls = protocol_of(outcome.said(outcome.sender()).first()) == Some(Protocol::Tls);
            let sent = outcome.connection().half(outcome.sender()).bytes;
            let alone = tls && UPSTREAM_REFUSED.answer(outcome).is_yes();
            yes().count(sent).if_so(alone.into())
        }
        Answer::Unknown => Answer::Unknown,
    }),
};

/// The server aborted what it had received data on, or right after its own connect was refused.
pub static PROXY_GAVE_UP: Question = Question {
    id: "proxy-gave-up",
    asked_of: AskedOf::Packets,
    yes: "{sender} gave the connection up without an answer to it",
    no: "{sender} did not give the connection up by itself",
    unknown: "whether {sender} had received anything before it gave the connection up",
    zh: Wording {
        yes: "{sender}没有作出任何应答就放弃了连接",
        no: "{sender}并没有主动放弃连接",
        unknown: "{sender}放弃连接之前是否收到过数据",
    },
    ask: by(|outcome| {
        if UPSTREAM_REFUSED.answer(outcome).is_yes() {
            return Answer::Yes(yes());
        }
        match (RST_IS_ACTIVE.answer(outcome), SENDER_RECEIVED_DATA.answer(outcome)) {
            (Answer::Yes(_), Answer::Yes(_)) => Answer::Yes(yes()),
            (Answer::No(_), _) | (_, Answer::No(_)) => Answer::No(no()),
            _ => Answer::Unknown,
        }
    }),
};

/// Where the SYN-ACK arrived, no SYN waits that it answers: none was sent, or none between these endpoints.
pub static SYN_ACK_IS_NO_ANSWER: Question = Question {
    id: "syn-ack-is-no-answer",
    asked_of: AskedOf::Packets,
    yes: "where the SYN-ACK arrived, no SYN between these addresses and ports was waiting",
    no: "{client} had sent the SYN that is answered here",
    unknown: "a capture at {client}, from before the SYN: did it send one between these addresses and ports?",
    zh: Wording {
        yes: "SYN-ACK 到达的地方，没有以这一对地址和端口发出的 SYN 在等待",
        no: "这里应答的 SYN 是{client}发出的",
        unknown: "在{client}上从 SYN 之前开始抓包：它是否以这一对地址和端口发过 SYN？",
    },
    ask: by(|outcome| {
        if let Answer::Yes(Facts { frames, .. }) = ANSWERED_ELSEWHERE.answer(outcome) {
            return Answer::Yes(Facts { frames, ..yes() });
        }
        if !RST_ANSWERS_SYN_ACK.answer(outcome).is_yes() {
            return Answer::Unknown;
        }
        match (NO_SYN_CAME.answer(outcome), SYN_RETRIED_BY_TIMER.answer(outcome)) {
            (Answer::Yes(facts), _) => Answer::Yes(facts),
            (_, Answer::Yes(Facts { frames, .. })) => Answer::Yes(Facts { frames, ..yes() }),
            (other, _) => other,
        }
    }),
};

/// The RST passed fewer routers than the SYN of the same end: replies to these addresses go another way than the SYN
/// came.
pub static RST_SKIPPED_HOPS: Question = Question {
    id: "rst-skipped-hops",
    asked_of: AskedOf::AnyPackets,
    yes: "{} arrived with TTL {}, the SYN of {sender} ({}) with {}: the SYN came through a router that the RST did not pass",
    no: "{} arrived with TTL {} and the SYN ({}) with {}: the RST passed no fewer routers",
    unknown: "the SYN of {sender}, to compare its TTL with that of the RST",
    zh: Wording {
        yes: "{}到达时 TTL 为{}，{sender}的 SYN（{}）为{}：SYN 经过了一个 RST 没有经过的路由器",
        no: "{}到达时 TTL 为{}，SYN（{}）为{}：RST 经过的路由器并不更少",
        unknown: "{sender}的 SYN，用来与 RST 比较 TTL",
    },
    ask: by(|outcome| {
        let own_syn = |record: &Record| record.from == outcome.sender() && record.flags.is_syn();
        let (Some(rst), Some(syn)) = (outcome.rst(), outcome.earlier(own_syn)) else { return Answer::Unknown };
        let (Some(near), Some(far)) = (rst.record.ttl(), syn.ttl()) else { return Answer::Unknown };
        let facts = yes().frame(&rst.record).value(Value::Ttl(near)).frame(syn).value(Value::Ttl(far));
        facts.if_so((near > far && near - far <= SAVED_HOPS).into())
    }),
};

/// The SYN was captured before any router had it, so none can have translated it on the way.
pub static SYN_UNROUTED: Question = Question {
    id: "syn-unrouted",
    asked_of: AskedOf::AnyPackets,
    yes: "the SYN ({}) still has the TTL that hosts send with, {}: no router had translated it",
    no: "the SYN ({}) arrived with TTL {}: it was routed, and may have been translated on the way",
    unknown: "the SYN, with its TTL",
    zh: Wording {
        yes: "SYN（{}）的 TTL 还是主机发送时的初始值{}：没有路由器转换过它",
        no: "SYN（{}）到达时 TTL 为{}：它经过路由，途中可能做过地址转换",
        unknown: "SYN 及其 TTL",
    },
    ask: by(|outcome| match outcome.syn().and_then(|syn| Some((syn, syn.ttl()?))) {
        Some((syn, ttl)) => yes().frame(syn).value(Value::Ttl(ttl)).if_so(INITIAL_TTLS.contains(&ttl).into()),
        None => Answer::Unknown,
    }),
};

/// A router had the SYN before it was captured.
pub static SYN_WAS_ROUTED: Question = not("syn-was-routed", &SYN_UNROUTED);

fn handshake_twin(outcome: &Outcome) -> Option<&Twin> {
    outcome.twin().filter(|twin| twin.relation != TwinRelation::Upstream)
}

const fn is_loopback(twin: &Twin) -> bool {
    twin.server.ip.is_loopback()
}

fn own_is_loopback(outcome: &Outcome) -> bool {
    let connection = outcome.connection();
    connection.endpoint(connection.server()).ip.is_loopback()
}

fn at(twin: &Twin) -> Facts {
    let facts = no().value(Value::Endpoint(twin.client)).value(Value::Endpoint(twin.server));
    facts.value(Value::Frame(twin.frame)).shown_by(twin.frame)
}
