//! What tells a firewall, a NAT or another host from the host whose address a RST bears: how far
//! away its maker is.
//!
//! Each router takes one from the TTL (RFC 1812 section 5.3.1), so the packets of one host arrive with
//! one TTL while its route stays. A device on the way sends its own RST with another number of hops to go.
//! Alone that proves nothing: routes change, and balancers answer for hosts (docs/internals/forgery.md#false-alarms).

use super::answer::{Answer, Value, no, yes};
use super::form::RST_ANSWERS_SYN;
use super::path::{RST_MADE_AT_CAPTURE, RST_TTL_DIFFERS, SENDER_TALKED_ON};
use super::question::{AskedOf, Question, Wording, by, not};
use super::timing::is_sane;
use super::vantage::RST_MADE_BETWEEN;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::kernel::KernelWord;
use crate::outcome::Outcome;
use crate::segment::Flags;
use crate::seq::Seq;
use crate::service::Distance;
use crate::time::Span;

/// Linux repeats a SYN-ACK for so long (`tcp_synack_retries`, 5: RFC 6298 back-off from 1 s); a SYN that
/// lies further back has no SYN-ACK any more.
const SYN_ACK_LIVES: Span = Span::from_secs(64);

/// Longer than a round trip that anybody waits for.
const AT_ONCE: Span = Span::from_secs(1);
/// No window is larger (RFC 7323 section 2.3): 16 bits, shifted by 14.
const LARGEST_WINDOW: u32 = 1 << 30;
/// Further off than any buffer of a connection that has carried little.
const FAR: u32 = 1 << 20;

/// What hosts send with: Linux, macOS and BSD 64, Windows 128, network gear 255.
const INITIAL_TTLS: [u8; 3] = [64, 128, 255];

/// The RST has come as far as its sender's other packets.
pub static RST_TTL_SAME: Question = Question {
    no: "{} arrived with TTL {}, but all other packets from {sender} with {}",
    zh: Wording {
        yes: "{}的 TTL 与{sender}其他报文相同，为{}",
        no: "{}到达时 TTL 为{}，{sender}的其他报文都是{}",
        unknown: "{sender}的另一个报文，用来比较 TTL",
    },
    ..not("rst-ttl-same", &RST_TTL_DIFFERS)
};

/// The refusal has come less or more far than the SYN-ACKs of the same service.
pub static REFUSAL_TTL_DIFFERS: Question = Question {
    id: "refusal-ttl-differs",
    asked_of: AskedOf::Packets,
    yes: "{} arrived with TTL {}, but the SYN-ACK of the same service ({}) with {}: they came from different distances",
    no: "{} arrived with TTL {}, like the SYN-ACK of the same service ({})",
    unknown: "a SYN-ACK from the same service, to compare its TTL with that of the refusal",
    zh: Wording {
        yes: "{}到达时 TTL 为{}，同一服务的 SYN-ACK（{}）为{}：两者来自不同的距离",
        no: "{}到达时 TTL 为{}，与同一服务的 SYN-ACK（{}）相同",
        unknown: "同一服务的 SYN-ACK，用来与拒绝报文比较 TTL",
    },
    ask: by(refusal_ttl),
};

/// The refusal has come as far as the SYN-ACKs of the same service.
pub static REFUSAL_TTL_SAME: Question = not("refusal-ttl-same", &REFUSAL_TTL_DIFFERS);

fn refusal_ttl(outcome: &Outcome) -> Answer {
    let accepted = outcome.service().accepted.or(outcome.service_later().accepted);
    let (Some(rst), Some(accepted), Some(ttl)) = (outcome.rst(), accepted, refused_service_ttl(outcome)) else {
        return Answer::Unknown;
    };
    let Some(own) = rst.record.ttl() else { return Answer::Unknown };
    let facts = yes().frame(&rst.record).value(Value::Ttl(own)).value(Value::Frame(accepted.frame));
    facts.value(Value::Ttl(ttl)).shown_by(accepted.frame).if_so((own != ttl).into())
}

/// The RST's maker is nearer than the host whose address it bears: it stands on the way to it.
pub static RST_FROM_NEARER: Question = Question {
    id: "rst-from-nearer",
    asked_of: AskedOf::AnyPackets,
    yes: "{} has TTL {}, but {sender}'s other packets have {}: it was sent from nearer, on the path to {sender}",
    no: "{} has TTL {}, and {sender}'s other packets have {}: it was not sent from nearer than {sender}",
    unknown: "another packet from {sender}, to compare the TTL with",
    zh: Wording {
        yes: "{}的 TTL 为{}，而{sender}的其他报文为{}：它来自更近的位置，在通往{sender}的路径上",
        no: "{}的 TTL 为{}，{sender}的其他报文为{}：它并非来自比{sender}更近的位置",
        unknown: "{sender}的另一个报文，用来比较 TTL",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        let theirs = match RST_TTL_DIFFERS.answer(outcome) {
            Answer::Unknown => refused_service_ttl(outcome),
            _ => outcome.connection().half(outcome.sender()).ttl(),
        };
        match theirs.zip(rst.record.ttl()).filter(|(theirs, own)| initial(*theirs) == initial(*own)) {
            // Another sender may begin with a lower TTL, wherever it is.
            Some((theirs, own)) if own < theirs => Answer::Unknown,
            Some((theirs, own)) => {
                yes().frame(&rst.record).value(Value::Ttl(own)).value(Value::Ttl(theirs)).if_so((own > theirs).into())
            }
            None => Answer::Unknown,
        }
    }),
};

/// What a packet that arrives with this TTL was sent with; hosts are less than 64 hops apart.
fn initial(ttl: u8) -> Option<u8> {
    INITIAL_TTLS.into_iter().find(|initial| ttl <= *initial)
}

fn refused_service_ttl(outcome: &Outcome) -> Option<u8> {
    let service = [outcome.service(), outcome.service_later()].into_iter().find(|service| service.accepted.is_some());
    let accepted = service.map(|service| service.accepted_ttl);
    let refused = RST_ANSWERS_SYN.answer_on_any_basis(outcome).is_yes();
    accepted.unwrap_or_else(|| Some(host_of_refused(outcome)?.ttl)).filter(|_| refused)
}

/// How far the host is whose port refused and never accepted, by its other ports.
fn host_of_refused(outcome: &Outcome) -> Option<Distance> {
    outcome.service_later().host.filter(|_| RST_ANSWERS_SYN.answer_on_any_basis(outcome).is_yes())
}

/// The refusal came from nearer than the SYN-ACKs of the host's other ports do. A router that forwards some ports of an
/// address to hosts behind it refuses the others like that, too.
pub static REFUSED_NEARER_THAN_HOST: Question = Question {
    id: "refused-nearer-than-host",
    asked_of: AskedOf::Packets,
    yes: "{} arrived with TTL {}, but the SYN-ACK of another port of {sender}'s address ({}) with {}: the refusal was sent from nearer, by a device in front of the host that answers there",
    no: "{} arrived with TTL {}, like the SYN-ACK of another port of {sender}'s address ({})",
    unknown: "a SYN-ACK from another port of {sender}'s address, to compare its TTL with that of the refusal",
    zh: Wording {
        yes: "{}到达时 TTL 为{}，而{sender}的地址上另一个端口的 SYN-ACK（{}）为{}：拒绝来自更近的位置，由那台主机前面的设备发出",
        no: "{}到达时 TTL 为{}，与{sender}的地址上另一个端口的 SYN-ACK（{}）相同",
        unknown: "{sender}的地址上另一个端口的 SYN-ACK，用来与拒绝报文比较 TTL",
    },
    ask: by(|outcome| {
        let (Some(rst), Some(host)) = (outcome.rst(), host_of_refused(outcome)) else { return Answer::Unknown };
        let Some(own) = rst.record.ttl().filter(|own| initial(*own) == initial(host.ttl)) else {
            return Answer::Unknown;
        };
        let facts = yes().frame(&rst.record).value(Value::Ttl(own)).value(Value::Frame(host.at.frame));
        let facts = facts.value(Value::Ttl(host.ttl)).shown_by(host.at.frame);
        // What came from further away has taken another way.
        if own < host.ttl { Answer::Unknown } else { facts.if_so((own > host.ttl).into()) }
    }),
};

/// The refusal has come as far as the SYN-ACKs of the host's other ports.
pub static REFUSED_AS_FAR_AS_HOST: Question = not("refused-as-far-as-host", &REFUSED_NEARER_THAN_HOST);

/// Something other than the sender's own TCP made the RST.
pub static MADE_OUTSIDE_STACK: Question = Question {
    id: "made-outside-stack",
    asked_of: AskedOf::Packets,
    yes: "{} did not come from {sender}'s TCP stack: a recording of its kernel shows no RST, the RST came from another distance than {sender}'s packets, a capture nearer to {sender} does not contain it, or the router that captured made it",
    no: "{sender}'s kernel sent {} itself",
    unknown: "a kernel recording from {sender}, or other packets from {sender} to compare the TTL with",
    zh: Wording {
        yes: "{}不是{sender}的 TCP 协议栈生成的：内核事件的录制里没有它，或者它的距离与{sender}的报文不同，或者离\
            {sender}更近的抓包点没有抓到它，或者是抓包的路由器自己发出的",
        no: "{sender}的内核自己发出了{}",
        unknown: "在{sender}上录制的内核事件，或{sender}的其他报文，用来比较 TTL",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        let from_elsewhere = [&RST_TTL_DIFFERS, &REFUSAL_TTL_DIFFERS, &REFUSED_NEARER_THAN_HOST]
            .iter()
            .any(|question| question.answer(outcome).is_yes());
        let made_between =
            [&RST_MADE_BETWEEN, &RST_MADE_AT_CAPTURE].iter().any(|question| question.answer(outcome).is_yes());
        match outcome.kernel() {
            KernelWord::Sent(_) => Answer::No(no().frame(&rst.record)),
            KernelWord::SentNone | KernelWord::MadeInTransit => Answer::Yes(yes().frame(&rst.record)),
            KernelWord::NotAsked if from_elsewhere || made_between => Answer::Yes(yes().frame(&rst.record)),
            KernelWord::NotAsked => Answer::Unknown,
        }
    }),
};

/// A router made the RST: it left a host that has neither end of the connection.
pub static RST_MADE_IN_TRANSIT: Question = Question {
    id: "rst-made-in-transit",
    asked_of: AskedOf::Packets,
    yes: "{} left a network namespace that only forwards this connection, and had not come into it",
    no: "{sender}'s kernel sent {} itself",
    unknown: "the packets of the routers between the two ends (on one host: `whyrst watch --packets`)",
    zh: Wording {
        yes: "{}从一个只转发这条连接的网络命名空间发出，此前没有进入过它",
        no: "{sender}的内核自己发出了{}",
        unknown: "两端之间的路由器上的报文（在同一台主机上：`whyrst watch --packets`）",
    },
    ask: by(|outcome| match (outcome.rst(), outcome.kernel()) {
        (Some(rst), KernelWord::MadeInTransit) => Answer::Yes(yes().frame(&rst.record)),
        (Some(rst), KernelWord::Sent(_)) => Answer::No(no().frame(&rst.record)),
        _ => Answer::Unknown,
    }),
};

/// The sender's own TCP made the RST: its kernel says so.
pub static MADE_BY_STACK: Question = not("made-by-stack", &MADE_OUTSIDE_STACK);

/// The sender's own kernel sent the RST, and no router lies between it and the capture: what was
/// captured is what that kernel saw, without a translation between the two.
pub static SENDER_ANSWERED_ITSELF: Question = Question {
    id: "sender-answered-itself",
    asked_of: AskedOf::Packets,
    yes: "{sender}'s kernel sent {} itself, with TTL {} like all its packets: there is no router, and so no NAT, in between",
    no: "a device sits between the capture point and the kernel that sent {}",
    unknown: "a capture on {sender} itself, together with a recording of its kernel",
    zh: Wording {
        yes: "{sender}的内核自己发出了{}，TTL 为{}，与它所有的报文一样：中间没有路由器，也就没有 NAT",
        no: "抓包点与发出{}的内核之间有中间设备",
        unknown: "在{sender}本机上抓包，并录制其内核事件",
    },
    ask: by(|outcome| {
        let (Some(rst), KernelWord::Sent(_)) = (outcome.rst(), outcome.kernel()) else {
            return Answer::Unknown;
        };
        if RST_TTL_DIFFERS.answer(outcome).is_yes() {
            return Answer::No(no().frame(&rst.record));
        }
        match rst.record.ttl().filter(|ttl| INITIAL_TTLS.contains(ttl)) {
            Some(ttl) if RST_TTL_DIFFERS.answer(outcome).is_no() => {
                Answer::Yes(yes().frame(&rst.record).value(Value::Ttl(ttl)))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// No SYN for this SYN-ACK ever passed the capture point.
pub static NO_SYN_CAME: Question = Question {
    id: "no-syn-came",
    asked_of: AskedOf::Packets,
    yes: "the capture had been running for {} when the SYN-ACK ({}) came, and no SYN had passed: {client} never sent one, or it took another path",
    no: "{client} had sent a SYN, in {}",
    unknown: "a capture that begins at least a minute before: had {client} sent a SYN?",
    zh: Wording {
        yes: "SYN-ACK（{1}）到来时抓包已进行{0}，没有 SYN 经过：{client}从未发过，或者 SYN 走了别的路径",
        no: "{client}发过 SYN（{}）",
        unknown: "至少提前一分钟开始的抓包：{client}是否发过 SYN？",
    },
    ask: by(|outcome| {
        if let Some(syn) = outcome.syn() {
            return Answer::No(no().frame(syn));
        }
        let watched = |time| Some(outcome.connection().first.since(time)).filter(|span| is_sane(*span));
        match (outcome.syn_ack(), watched(outcome.seen_from())) {
            (Some(syn_ack), Some(watched)) if watched >= SYN_ACK_LIVES => {
                Answer::Yes(yes().span(watched).frame(syn_ack))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// The server had offered a window after a SYN-ACK without one: whoever was behind it had accepted.
pub static WINDOW_OPENED: Question = Question {
    id: "window-opened",
    asked_of: AskedOf::Packets,
    yes: "{server} opened its window in {}: the host behind the SYN proxy had accepted the connection",
    no: "{server} never opened its window",
    unknown: "the segments from {server} before the RST",
    zh: Wording {
        yes: "{server}在{}中打开了窗口：SYN 代理后面的主机已接受连接",
        no: "{server}从未打开窗口",
        unknown: "RST 之前{server}的报文",
    },
    ask: by(|outcome| {
        let server = outcome.connection().server();
        let offers = |record: &Record| record.from == server && record.window > 0 && !record.flags.has(Flags::RST);
        match outcome.earlier(offers) {
            Some(record) => Answer::Yes(yes().frame(record)),
            None if outcome.connection().beginning_seen() && !outcome.connection().has_gap(server) => Answer::No(no()),
            None => Answer::Unknown,
        }
    }),
};

/// The RST came right after the client's first request, and the server had not said a word.
pub static RESET_ON_FIRST_REQUEST: Question = Question {
    id: "reset-on-first-request",
    asked_of: AskedOf::Packets,
    yes: "{} came {} after the client's first data ({}); the server had not answered yet",
    no: "the connection was past its first request, or had not reached it",
    unknown: "the connection from its beginning, with its first data",
    zh: Wording {
        yes: "{}在客户端的第一个数据（{2}）之后{1}到来；服务端还没有应答",
        no: "连接已过了第一个请求，或还没有发出第一个请求",
        unknown: "从头开始的连接，连同它的第一个数据",
    },
    ask: by(|outcome| {
        let connection = outcome.connection();
        let (client, server) = (connection.half(connection.client), connection.half(connection.server()));
        // With one direction only, an answer may have gone unseen.
        let Some(rst) = outcome.rst().filter(|_| connection.beginning_seen() && !outcome.one_sided()) else {
            return Answer::Unknown;
        };
        let request = outcome.earlier(|record| record.from == connection.client && record.len > 0);
        let fresh = |request: &&Record| rst.record.time.since(request.time) <= AT_ONCE;
        match request.filter(fresh) {
            Some(_) if server.bytes == 0 && connection.has_gap(connection.server()) => Answer::Unknown,
            Some(request) if server.bytes == 0 && !client.marks.has(Marks::FIN) => {
                Answer::Yes(yes().frame(&rst.record).span(rst.record.time.since(request.time)).frame(request))
            }
            _ => Answer::No(no()),
        }
    }),
};

/// The SYN that was refused offered ECN (RFC 3168 section 6.1.1).
pub static SYN_ASKED_ECN: Question = Question {
    id: "syn-asked-ecn",
    asked_of: AskedOf::Packets,
    yes: "the SYN ({}) requests ECN: it carries ECE and CWR",
    no: "the SYN ({}) does not request ECN",
    unknown: "the SYN",
    zh: Wording {
        yes: "SYN（{}）请求 ECN：带有 ECE 和 CWR", no: "SYN（{}）不请求 ECN", unknown: "该 SYN"
    },
    ask: by(|outcome| match outcome.syn() {
        Some(syn) => yes().frame(syn).if_so(syn.flags.has(Flags::ECE.with(Flags::CWR)).into()),
        None => Answer::Unknown,
    }),
};

/// The same service accepted a SYN without ECN, and none with it.
pub static PLAIN_SYN_ACCEPTED: Question = Question {
    id: "plain-syn-accepted",
    asked_of: AskedOf::Packets,
    yes: "{server} accepted a SYN without ECN at {}, in {}",
    no: "{server} accepted a SYN with ECN at {}, in {}",
    unknown: "a connect without ECN to the same port at the same time: would it be accepted?",
    zh: Wording {
        yes: "{server}于{}接受了一个不带 ECN 的 SYN，即{}",
        no: "{server}于{}接受了一个带 ECN 的 SYN，即{}",
        unknown: "同一时刻对同一端口做一次不带 ECN 的建连：会被接受吗？",
    },
    ask: by(|outcome| {
        let seen = [outcome.service_later(), outcome.service()];
        let facts = |at: crate::service::Moment| {
            yes().value(Value::Time(at.time)).value(Value::Frame(at.frame)).shown_by(at.frame)
        };
        if let Some(at) = seen.iter().find_map(|service| service.accepted_ecn) {
            return Answer::No(facts(at));
        }
        seen.iter().find_map(|service| service.accepted).map_or(Answer::Unknown, |at| Answer::Yes(facts(at)))
    }),
};

/// A segment from before the close came once more, and was answered by the ACK that was then reset.
pub static OLD_SEGMENT_CAME: Question = Question {
    id: "old-segment-came",
    asked_of: AskedOf::Packets,
    yes: "{} repeats an old segment from {sender}; {receiver} answered it with {}",
    no: "no old segment came before",
    unknown: "a capture at {receiver}: did an old segment from {sender} reach it?",
    zh: Wording {
        yes: "{}重复了{sender}的一个旧报文；{receiver}以{}应答",
        no: "在此之前没有旧报文到来",
        unknown: "在{receiver}上抓包：{sender}的旧报文是否到达了那里？",
    },
    ask: by(|outcome| {
        let Some(trigger) = outcome.rst().and_then(|rst| rst.trigger) else {
            return Answer::Unknown;
        };
        let at = outcome.before().iter().position(|record| *record == trigger);
        let before = at.and_then(|at| outcome.before()[..at].last());
        let is_old = |record: &&Record| {
            record.from == outcome.sender()
                && record.notes.has(Notes::RETRANSMISSION)
                && record.end().before(trigger.ack)
        };
        before.filter(is_old).map_or(Answer::Unknown, |old| Answer::Yes(yes().frame(old).frame(&trigger)))
    }),
};

/// The client that seemingly reset goes on with this very connection.
pub static CLIENT_STILL_THERE: Question = Question {
    id: "client-still-there",
    asked_of: AskedOf::Packets,
    yes: "{client} went on using the connection, in {}, although a RST had been sent in its name",
    no: "{client} sent nothing more on this connection",
    unknown: "the connection from its beginning, and what {client} did after the RST",
    zh: Wording {
        yes: "尽管有 RST 以{client}的名义发出，它仍在使用这条连接，即{}",
        no: "{client}在这条连接上没有再发送任何报文",
        unknown: "从头开始的连接，以及 RST 之后{client}做了什么",
    },
    ask: by(|outcome| {
        let by_client = outcome.sender() == outcome.connection().client;
        match SENDER_TALKED_ON.answer(outcome) {
            _ if !outcome.connection().beginning_seen() => Answer::Unknown,
            Answer::Yes(facts) if by_client => Answer::Yes(facts),
            Answer::Unknown if by_client => Answer::Unknown,
            _ => Answer::No(no()),
        }
    }),
};

/// The RST's sequence number is far from all that its sender had used.
pub static RST_NUMBERS_FOREIGN: Question = Question {
    id: "rst-numbers-foreign",
    asked_of: AskedOf::Packets,
    yes: "the sequence number of {} is {} bytes away from everything that {sender} had sent: it belongs to another connection or another numbering",
    no: "the sequence number of {} is {sender}'s own",
    unknown: "what {sender} had sent",
    zh: Wording {
        yes: "{}的序列号与{sender}所发的一切相差{}字节：它属于另一条连接或另一套编号",
        no: "{}的序列号与{sender}自己的相符",
        unknown: "{sender}发送了什么",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        let (sender, receiver) =
            (outcome.connection().half(outcome.sender()), outcome.connection().half(outcome.receiver()));
        let known = sender.marks.has(Marks::SPOKE) && !sender.marks.has(Marks::GAP) && !outcome.one_sided();
        if !known || rst.record.absolute_seq().is_none_or(|seq| seq == Seq::new(0)) {
            return Answer::Unknown;
        }
        // An answer takes its number from what it answers, whatever that was.
        if rst.trigger.is_some() {
            return Answer::No(no().frame(&rst.record));
        }
        let furthest = if receiver.marks.has(Marks::ACKED) { sender.nxt.max(receiver.ack) } else { sender.nxt };
        // What was sent before the capture began lies behind.
        if !sender.marks.has(Marks::SYN) && rst.record.seq.before(furthest) {
            return Answer::Unknown;
        }
        let off = rst.record.seq.diff(furthest).unsigned_abs();
        let carried = u32::try_from(sender.bytes).unwrap_or(LARGEST_WINDOW);
        yes().frame(&rst.record).count(off.into()).if_so((off > FAR.saturating_add(carried)).into())
    }),
};

/// The RST refuses a SYN that the capture does not show.
pub static REFUSES_UNSEEN_SYN: Question = Question {
    id: "refuses-unseen-syn",
    asked_of: AskedOf::Packets,
    yes: "{} is a RST+ACK with sequence number 0, the form that refuses a SYN, but no SYN passed the capture point",
    no: "{} does not refuse a SYN that is missing from the capture",
    unknown: "the RST",
    zh: Wording {
        yes: "{}是序列号为 0 的 RST+ACK，这是拒绝 SYN 的形式，但没有 SYN 经过抓包点",
        no: "{}不是在拒绝抓包漏掉的 SYN",
        unknown: "该 RST",
    },
    ask: by(|outcome| match outcome.rst() {
        Some(rst) if rst.record.flags.has(Flags::ACK) && rst.record.absolute_seq().is_none() => Answer::Unknown,
        Some(rst) => {
            let refusal = rst.record.flags.has(Flags::ACK) && rst.record.seq == Seq::new(0);
            yes().frame(&rst.record).if_so((refusal && outcome.syn().is_none()).into())
        }
        None => Answer::Unknown,
    }),
};

/// No router has taken from the RST's TTL. That it was made here, on loopback, cannot be seen: what
/// is on the same link arrives like that too.
pub static RST_NEVER_ROUTED: Question = Question {
    id: "rst-never-routed",
    asked_of: AskedOf::Packets,
    yes: "{} was generated on this host",
    no: "{} has TTL {}: routers forwarded it",
    unknown: "a capture on all interfaces (`tcpdump -i any`) without a filter: is the RST the only packet, and is it on `lo`?",
    zh: Wording {
        yes: "{}是在本机生成的",
        no: "{}的 TTL 为{}：它经过了路由器",
        unknown: "不加过滤地在所有接口上抓包（`tcpdump -i any`）：是不是只有 RST，且在 `lo` 上？",
    },
    ask: by(|outcome| match outcome.rst().and_then(|rst| Some((rst, rst.record.ttl()?))) {
        Some((rst, ttl)) if !INITIAL_TTLS.contains(&ttl) => Answer::No(no().frame(&rst.record).value(Value::Ttl(ttl))),
        _ => Answer::Unknown,
    }),
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;

    #[test]
    fn a_lower_ttl_says_another_sender_and_not_that_it_is_further_away() {
        let asked = |ttl: &str| {
            let text = "0.000 C > S S 0:0(0)
                        +0.020 C < S SA 0:0(0) ack 1 ttl 60
                        +0.0001 C > S A 1:1(0) ack 1
                        1.000 C > S PA 1:101(100) ack 1
                        +0.020 C < S R 1:1(0) ttl OF-RST\n";
            RST_FROM_NEARER.answer(&conversation(&text.replace("OF-RST", ttl)).outcome())
        };
        assert!(asked("62").is_yes());
        assert!(asked("60").is_no());
        assert_eq!(asked("57"), Answer::Unknown);
    }
}
