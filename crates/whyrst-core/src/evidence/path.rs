//! Did the RST come from the host that it claims, or from something on the path?
//!
//! An endpoint's RST has that host's hop count, continues its identification counter and carries
//! its timestamps, and after its own abort a host says nothing more (docs/internals/patterns.md,
//! class C14; Weaver, Sommer, Paxson 2009). One odd field proves nothing: load balancers and
//! hypervisors answer for hosts (docs/internals/forgery.md#false-alarms).

use super::answer::{Answer, Value, no, yes};
use super::fin::data_refused_with_ack;
use super::forgery::{RST_SEQ_CLIMBS, RST_WINDOWS_COUNT, RSTS_BOTH_WAYS};
use super::form::{RST_IS_ACTIVE, offers_own_window};
use super::handshake::SYN_ACK_AFTER_RST;
use super::question::{AskedOf, Question, Wording, by};
use super::vantage::RST_MADE_BETWEEN;
use crate::half::{Half, Marks};
use crate::history::{Notes, Record};
use crate::observation::LinkAddress;
use crate::outcome::Outcome;
use crate::segment::{Flags, OptionSet};
use crate::stack::{Stack, first_ttl};
use crate::time::Span;

/// A running IPv4 identification counter moves on by this much at most between two packets of one
/// connection; Linux counts per socket, others per host.
const ID_STEP: u16 = 1_024;
/// A counter that other connections share has moved on by any amount after this time.
const ID_FRESH: Span = Span::from_secs(2);
/// How many identifications must follow each other before they are taken for a counter.
const ID_SAMPLE: usize = 4;

/// The RST has another hop count than the other packets of its supposed sender.
pub static RST_TTL_DIFFERS: Question = Question {
    id: "rst-ttl-differs",
    asked_of: AskedOf::AnyPackets,
    yes: "{} arrived with TTL {}, but all other packets from {sender} with {}: it came from elsewhere, or from a device that answers for {sender}",
    no: "{} has the same TTL as {sender}'s other packets, {}",
    unknown: "another packet from {sender}, to compare the TTL with",
    zh: Wording {
        yes: "{}到达时 TTL 为{}，{sender}的其他报文都是{}：它是在别处生成的，或由代{sender}应答的设备生成",
        no: "{}的 TTL 与{sender}其他报文相同，为{}",
        unknown: "{sender}的另一个报文，用来比较 TTL",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        let sender = outcome.connection().half(outcome.sender());
        if !sender.marks.has(Marks::SPOKE) || sender.marks.has(Marks::TTL_VARIES) {
            return Answer::Unknown;
        }
        let (Some(ttl), Some(theirs)) = (rst.record.ttl(), sender.ttl()) else { return Answer::Unknown };
        if ttl == theirs {
            // At the first hop a packet has the TTL that it began with, and so has what is made there.
            if RST_MADE_AT_CAPTURE.answer(outcome).is_yes() {
                return Answer::Unknown;
            }
            return Answer::No(no().frame(&rst.record).value(Value::Ttl(theirs)));
        }
        // libslirp answers what belongs to no connection with 255, and all else with 64.
        let stack = Stack::of(outcome.before(), outcome.sender());
        if stack == Some(Stack::Libslirp) && first_ttl(ttl) == 255 {
            return Answer::Unknown;
        }
        Answer::Yes(yes().frame(&rst.record).value(Value::Ttl(ttl)).value(Value::Ttl(theirs)))
    }),
};

/// The RST came from another address on the link than the other packets of its supposed sender. Never no: a router's
/// address stands on everything that it forwards.
pub static RST_LINK_DIFFERS: Question = Question {
    id: "rst-link-differs",
    asked_of: AskedOf::AnyPackets,
    yes: "{} came from MAC address {}, but all other packets from {sender} from {}: another host or router sent it to this link",
    no: "{} came from the same MAC address as {sender}'s other packets, {}",
    unknown: "a MAC address of the RST other than that of {sender}'s packets: behind a router the same one proves nothing",
    zh: Wording {
        yes: "{}来自 MAC 地址 {}，而{sender}的其他报文都来自 {}：是另一台主机或路由器把它发到这条链路上的",
        no: "{}与{sender}的其他报文来自同一个 MAC 地址 {}",
        unknown: "RST 的 MAC 地址与{sender}的其他报文不同：在路由器之后，相同说明不了什么",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else { return Answer::Unknown };
        let sender = outcome.connection().half(outcome.sender());
        let known = sender.marks.has(Marks::LINK_KNOWN) && !sender.marks.has(Marks::LINK_VARIES);
        match rst.link.filter(|link| known && *link != LinkAddress::OWN && sender.link != LinkAddress::OWN) {
            Some(link) if link != sender.link => {
                Answer::Yes(yes().frame(&rst.record).value(Value::Link(link)).value(Value::Link(sender.link)))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// The capturing host sent the RST, and all other packets of its supposed sender reached that host from outside: a router or
/// firewall made it. Never no: what is forwarded leaves it too.
pub static RST_MADE_AT_CAPTURE: Question = Question {
    id: "rst-made-at-capture",
    asked_of: AskedOf::AnyPackets,
    yes: "{} left the capturing host without having come in; all other packets from {sender} came in, from MAC address {}: this host made the RST",
    no: "{} came in from {sender}'s side",
    unknown: "a capture of all interfaces (`tcpdump -i any`) where the RST is seen: does it come in there, or only leave?",
    zh: Wording {
        yes: "{}从抓包主机发出，此前并没有进来；{sender}的其他报文都是从 MAC 地址 {} 进来的：这个 RST 是本机发的",
        no: "{}是从{sender}一侧进来的",
        unknown: "在看到 RST 的主机上抓取所有接口（`tcpdump -i any`）：它是从外面进来的，还是只从这里发出？",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else { return Answer::Unknown };
        let sender = outcome.connection().half(outcome.sender());
        let known = sender.marks.has(Marks::LINK_KNOWN) && !sender.marks.has(Marks::LINK_VARIES);
        if known && sender.link != LinkAddress::OWN && rst.link == Some(LinkAddress::OWN) {
            Answer::Yes(yes().frame(&rst.record).value(Value::Link(sender.link)))
        } else {
            Answer::Unknown
        }
    }),
};

/// The RST came from another host on this link, which has the address of its supposed sender: no router lies between,
/// as neither TTL was lowered.
pub static ADDRESS_IS_ELSEWHERE: Question = Question {
    id: "address-is-elsewhere",
    asked_of: AskedOf::AnyPackets,
    yes: "{sender} is on this link (TTL {}), and {} came from MAC address {} instead of {}: another host has its address now",
    no: "{} came from the host on this link that has had {sender}'s address all along",
    unknown: "the MAC address of {sender}'s packets, captured on the link that it is on",
    zh: Wording {
        yes: "{sender}就在这条链路上（TTL {}），而{}来自 MAC 地址 {}，不再是 {}：现在是另一台主机持有它的地址",
        no: "{}来自这条链路上一直持有{sender}地址的主机",
        unknown: "{sender}的报文的 MAC 地址，且在它所在的链路上抓取",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else { return Answer::Unknown };
        let sender = outcome.connection().half(outcome.sender());
        let near = |ttl: u8| matches!(ttl, 64 | 128 | 255);
        let (Some(ttl), Some(theirs)) = (rst.record.ttl(), sender.ttl()) else { return Answer::Unknown };
        let on_link = near(ttl) && near(theirs) && !sender.marks.has(Marks::TTL_VARIES);
        match (RST_LINK_DIFFERS.answer(outcome), rst.link) {
            (Answer::Yes(_), Some(link)) if on_link => {
                let facts = yes().value(Value::Ttl(theirs)).frame(&rst.record);
                Answer::Yes(facts.value(Value::Link(link)).value(Value::Link(sender.link)))
            }
            (_, Some(link)) if on_link && link == sender.link && sender.marks.has(Marks::LINK_KNOWN) => {
                Answer::No(no().frame(&rst.record))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// An address that fails over and back returns once.
const TO_AND_FRO: u32 = 2;

/// Connects to the service are accepted by two hosts of this link in turn.
pub static ADDRESS_ANSWERED_BY_TWO: Question = Question {
    id: "address-answered-by-two",
    asked_of: AskedOf::AnyPackets,
    yes: "connects to {server} were accepted from MAC addresses {} and {} in turn, {} times back and forth: two hosts answer for this address",
    no: "connects to {server} were all accepted from MAC address {}",
    unknown: "more connects to {server}, captured on the link that it is on: is one MAC address all that accepts?",
    zh: Wording {
        yes: "到{server}的建连先后由 MAC 地址 {} 和 {} 接受，来回{}次：有两台主机在应答这个地址",
        no: "到{server}的建连都由 MAC 地址 {} 接受",
        unknown: "在{server}所在的链路上抓取更多到它的建连：是否只有一个 MAC 地址在接受？",
    },
    ask: by(|outcome| {
        let later = outcome.service_later();
        // Behind routers either of them may have sent it.
        let on_link = matches!(later.accepted_ttl, Some(64 | 128 | 255));
        match (later.links.now, later.links.before) {
            (Some(now), Some(before)) if on_link && later.links.returns >= TO_AND_FRO => {
                let facts = yes().value(Value::Link(now)).value(Value::Link(before));
                Answer::Yes(facts.count(later.links.returns.into()))
            }
            // One that has been asked is no sign that there is no other.
            _ => Answer::Unknown,
        }
    }),
};

/// The host that the RST is not from accepted others afterwards, and the one that it is from nobody: the first one has
/// the address still, or again.
pub static ADDRESS_HOLDER_STAYED: Question = Question {
    id: "address-holder-stayed",
    asked_of: AskedOf::AnyPackets,
    yes: "{sender} accepted another connection from MAC address {}, as before, at {}, after {} had come from MAC address {}: its host still answers",
    no: "{sender} accepted nobody from its MAC address after {}",
    unknown: "connects to {sender} after the RST: are they accepted from the MAC address that it had before?",
    zh: Wording {
        yes: "{sender}仍由 MAC 地址 {} 在{}接受了另一条连接，在此之前{}来自 MAC 地址 {}：它的主机仍在应答",
        no: "{}之后{sender}没有再从它的 MAC 地址接受连接",
        unknown: "RST 之后到{sender}的建连：是否由它原来的 MAC 地址接受？",
    },
    ask: by(|outcome| {
        let (Some(rst), later) = (outcome.rst(), outcome.service_later()) else { return Answer::Unknown };
        let sender = outcome.connection().half(outcome.sender());
        let by_server = outcome.sender() == outcome.connection().server();
        let again = later.accepted.filter(|moment| moment.time > rst.record.time && later.links.before != rst.link);
        match (RST_LINK_DIFFERS.answer(outcome), again, rst.link) {
            (Answer::Yes(_), Some(again), Some(link)) if by_server && later.links.now == Some(sender.link) => {
                let facts = yes().value(Value::Link(sender.link)).value(Value::Time(again.time)).shown_by(again.frame);
                Answer::Yes(facts.frame(&rst.record).value(Value::Link(link)))
            }
            // Nobody may have asked.
            _ => Answer::Unknown,
        }
    }),
};

/// Nothing shows that the host with the former MAC address still answers.
pub static ADDRESS_HOLDER_GONE: Question = Question {
    id: "address-holder-gone",
    asked_of: AskedOf::AnyPackets,
    yes: "nothing came from {sender}'s former MAC address afterwards",
    no: "{sender} accepted another connection from its former MAC address {} at {}, after {} had come from {}",
    unknown: ADDRESS_HOLDER_STAYED.unknown,
    zh: Wording {
        yes: "此后再没有来自{sender}原来 MAC 地址的报文",
        no: "{sender}在{1}又从原来的 MAC 地址 {0} 接受了连接，在此之前{2}来自 {3}",
        unknown: ADDRESS_HOLDER_STAYED.zh.unknown,
    },
    ask: by(|outcome| match ADDRESS_HOLDER_STAYED.answer(outcome) {
        Answer::Yes(facts) => Answer::No(facts),
        Answer::No(_) | Answer::Unknown => Answer::Yes(yes()),
    }),
};

/// Two hosts accept in turn, or one accepts before and after another has reset this connection.
pub static ADDRESS_HELD_BY_TWO: Question = Question {
    id: "address-held-by-two",
    asked_of: AskedOf::AnyPackets,
    yes: "MAC addresses {} and {} both answer for {sender}",
    no: "one MAC address answers for {sender}",
    unknown: "connects to {sender} before and after the RST, captured on the link that it is on: do two MAC addresses answer?",
    zh: Wording {
        yes: "MAC 地址 {} 和 {} 都在应答{sender}的地址",
        no: "只有一个 MAC 地址在应答{sender}的地址",
        unknown: "RST 前后到{sender}的建连，在它所在的链路上抓取：是否有两个 MAC 地址应答？",
    },
    ask: by(|outcome| {
        let both = |one, other| Answer::Yes(yes().value(Value::Link(one)).value(Value::Link(other)));
        let links = outcome.service_later().links;
        match (ADDRESS_ANSWERED_BY_TWO.answer(outcome), ADDRESS_HOLDER_STAYED.answer(outcome)) {
            (Answer::Yes(_), _) => {
                links.now.zip(links.before).map_or(Answer::Unknown, |(now, before)| both(now, before))
            }
            (_, Answer::Yes(_)) => {
                let sender = outcome.connection().half(outcome.sender()).link;
                outcome.rst().and_then(|rst| rst.link).map_or(Answer::Unknown, |link| both(sender, link))
            }
            _ => Answer::Unknown,
        }
    }),
};

/// Something about the RST is not as its alleged sender sends: another host or device made it. That nothing is says
/// nothing: hosts of one cluster have the same TTL.
pub static ANOTHER_MADE_IT: Question = Question {
    id: "another-made-it",
    asked_of: AskedOf::AnyPackets,
    yes: "{} differs in its IP identification, TTL or MAC address from what {sender} had sent: another host or device made it",
    no: "{} looks like what {sender} had sent",
    unknown: "other segments of {sender}, to compare with the RST",
    zh: Wording {
        yes: "{}的 IP 标识、TTL 或 MAC 地址与{sender}此前所发的不同：是另一台主机或设备做的",
        no: "{}与{sender}此前所发的相像",
        unknown: "{sender}的其他报文，用来与 RST 比较",
    },
    ask: by(|outcome| {
        let signs = [&RST_ECHOES_IP_ID, &RST_TTL_DIFFERS, &RST_LINK_DIFFERS];
        let shown = signs.iter().any(|sign| sign.answer_on_any_basis(outcome).is_yes());
        match outcome.rst().filter(|_| shown) {
            Some(rst) => Answer::Yes(yes().frame(&rst.record)),
            None => Answer::Unknown,
        }
    }),
};

/// An abort without the timestamps that its connection used.
pub static RST_LACKS_TIMESTAMPS: Question = Question {
    id: "rst-lacks-timestamps",
    asked_of: AskedOf::AnyPackets,
    yes: "{} is an abort without timestamps on a connection that uses them: Linux would have added them",
    no: "{} carries timestamps like the rest of the connection",
    unknown: "a connection with TCP timestamps, or the options of the RST",
    zh: Wording {
        yes: "{}是不带时间戳的中止，而这条连接使用时间戳：Linux 会加上",
        no: "{}与连接的其他报文一样带有时间戳",
        unknown: "使用 TCP 时间戳的连接，或 RST 的选项",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        // macOS and Windows leave them out of their aborts: alone this sign means little.
        let uses = outcome.connection().half(outcome.sender()).marks.has(Marks::TIMESTAMPS);
        // Without the other direction it may be an answer to a segment that was not captured.
        let both = outcome.connection().half(outcome.receiver()).marks.has(Marks::SPOKE);
        let abort = looks_active(&rst.record) && rst.trigger.is_none() && data_refused_with_ack(outcome).is_none();
        if !uses || !both || !abort || rst.record.options.has(OptionSet::CUT) {
            return Answer::Unknown;
        }
        yes().frame(&rst.record).if_so((!rst.record.options.has(OptionSet::TIMESTAMPS)).into())
    }),
};

/// A reset without ACK that offers a window. Who answers without a socket has none to offer (Linux
/// `tcp_v4_send_reset`, FreeBSD `tcp_respond`, Windows send 0); devices write a fixed number. Never no: a
/// forger can write 0 as well, and who offers the window that its connection had may have the connection.
pub static RST_WINDOW_ODD: Question = Question {
    id: "rst-window-odd",
    asked_of: AskedOf::Packets,
    yes: "{} has no ACK flag but offers a window of {}: hosts send such a RST with window 0",
    no: "{} has the window that a host's RST has",
    unknown: "a RST without ACK but with a window: window 0 proves nothing",
    zh: Wording {
        yes: "{}没有 ACK 标志，却给出了窗口{}：主机发这种 RST 时窗口都是 0",
        no: "{}的窗口与主机的 RST 一致",
        unknown: "不带 ACK 却带有窗口的 RST：窗口为 0 说明不了什么",
    },
    ask: by(|outcome| match outcome.rst() {
        Some(rst) if !looks_active(&rst.record) && rst.record.window > 0 && !offers_own_window(outcome, rst) => {
            Answer::Yes(yes().frame(&rst.record).value(Value::Number(rst.record.window.into())))
        }
        _ => Answer::Unknown,
    }),
};

/// The RST's identification fits neither form of a genuine one. Hosts that draw identifications at
/// random, or send 0, say nothing by them.
pub static RST_IP_ID_FOREIGN: Question = Question {
    id: "rst-ip-id-foreign",
    asked_of: AskedOf::AnyPackets,
    yes: "{} has IP ID {}, far from {}, the last value of {sender}'s steadily increasing IP IDs",
    no: "{} has an IP ID that fits {sender}'s own counter",
    unknown: "several IPv4 packets from {sender} with increasing IP IDs, just before the RST",
    zh: Wording {
        yes: "{}的 IP ID 为{}，与{sender}稳定递增的上一个值{}相去甚远",
        no: "{}的 IP ID 与{sender}自己的计数相符",
        unknown: "RST 之前不久{sender}的若干个 IP ID 递增的 IPv4 报文",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        let Some((last, last_id)) = counted_id(outcome) else {
            return Answer::Unknown;
        };
        if rst.record.notes.has(Notes::IPV6) {
            return Answer::Unknown;
        }
        let Some(id) = rst.record.ip_id() else { return Answer::Unknown };
        let answers = rst.trigger.is_some();
        let reply = id == 0 && !RST_IS_ACTIVE.answer_on_any_basis(outcome).is_yes();
        let running = id != 0 && id.wrapping_sub(last_id) <= ID_STEP;
        let facts = yes().frame(&rst.record);
        if reply || running {
            Answer::No(facts)
        } else if answers || rst.record.time.since(last.time) > ID_FRESH {
            // Who answers without a socket has no socket's counter: the number is the host's own, or drawn.
            Answer::Unknown
        } else {
            Answer::Yes(facts.value(Value::Number(id.into())).value(Value::Number(last_id.into())))
        }
    }),
};

/// The RST has the identification of the packet that it answers. Hosts draw their own or write 0 (Linux
/// `tcp_v4_send_reset`, `nf_reject_iphdr_put`; FreeBSD `ip_fillid`); a data plane that turns the packet around keeps it.
/// Never no: a device can draw a number as well.
pub static RST_ECHOES_IP_ID: Question = Question {
    id: "rst-echoes-ip-id",
    asked_of: AskedOf::AnyPackets,
    yes: "{} has the IP ID of {}, {}: a device made it out of that packet; a host would have used an IP ID of its own",
    no: "{} has an IP ID of its own",
    unknown: "an IP ID of the RST that is the one of {receiver}'s packet: another proves nothing",
    zh: Wording {
        yes: "{}的 IP ID 与{}相同，为 {}：是设备用那个报文改造而成的，主机会使用自己的 IP ID",
        no: "{}的 IP ID 是它自己的",
        unknown: "RST 的 IP ID 与{receiver}的报文相同：不同则说明不了什么",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst().filter(|rst| !rst.record.notes.has(Notes::IPV6)) else { return Answer::Unknown };
        let last = rst.trigger.or_else(|| outcome.latest(|record| record.from == outcome.receiver()).copied());
        match last.and_then(|last| Some((last, last.own_id()?))).filter(|(_, id)| rst.record.own_id() == Some(*id)) {
            Some((last, id)) => Answer::Yes(yes().frame(&rst.record).frame(&last).value(Value::Number(id.into()))),
            None => Answer::Unknown,
        }
    }),
};

/// The last packet of the RST's sender, when its identifications run like a counter.
fn counted_id(outcome: &Outcome) -> Option<(&Record, u16)> {
    let sender = outcome.sender();
    let own = |record: &&Record| record.from == sender && !record.flags.has(Flags::RST);
    let mut ids = outcome.before().iter().rev().filter(own).filter_map(|record| Some((record, record.own_id()?)));
    let last = ids.next()?;
    let mut later = last.1;
    let mut counted = 1;
    for (_, earlier) in ids.take(ID_SAMPLE - 1) {
        if later.wrapping_sub(earlier) > ID_STEP {
            return None;
        }
        later = earlier;
        counted += 1;
    }
    (counted >= ID_SAMPLE).then_some(last)
}

/// After the RST its supposed sender went on as if nothing had happened.
pub static SENDER_TALKED_ON: Question = Question {
    id: "sender-talked-on",
    asked_of: AskedOf::AnyPackets,
    yes: "{sender} went on sending after the RST, in {}: a host that resets a connection sends nothing more on it",
    no: "{sender} sent nothing more on this connection after the RST",
    unknown: "what {sender} did after the RST",
    zh: Wording {
        yes: "RST 之后{sender}仍在发送，即{}：重置了连接的主机不会再在上面发送报文",
        no: "RST 之后{sender}在这条连接上没有再发送",
        unknown: "RST 之后{sender}做了什么",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        match outcome.after().iter().find(|record| talks_on(outcome, &rst.record, record)) {
            Some(record) => Answer::Yes(yes().frame(record)),
            None if outcome.after_total() == 0 && outcome.watched_after().nanos() == 0 => Answer::Unknown,
            None => Answer::No(no()),
        }
    }),
};

/// New data beyond the RST, or an acknowledgment of what came after it. Segments that were on
/// their way when the RST overtook them do neither, nor does what the capture missed. Before the
/// handshake is complete a reset in answer does not end its sender's own attempt (RFC 9293 section
/// 3.10.7.3), so both ends must have been seen to hold the connection.
fn talks_on(outcome: &Outcome, rst: &Record, record: &Record) -> bool {
    let connection = outcome.connection();
    let (sender, receiver) = (connection.half(rst.from), connection.half(rst.from.other()));
    let plausible = !record.flags.has(Flags::SYN) && !record.notes.has(Notes::OUT_OF_WINDOW);
    // Where the capture began with the SYN-ACK, whether it was taken shows only in what came later.
    let opening = outcome.syn().is_some() && !connection.handshake_complete();
    if record.from != rst.from || !plausible || opening || !connection.lives() || outcome.left_for_new(rst.from) {
        return false;
    }
    // Of two that claim one sender the RST may be the genuine one: what differs from all before it shows nothing of that sender.
    if strange_to(sender, record) && !strange_to(sender, rst) {
        return false;
    }
    let known = if rst.flags.has(Flags::ACK) { receiver.nxt.max(rst.ack) } else { receiver.nxt };
    let acks_new = record.flags.has(Flags::ACK) && !record.notes.has(Notes::ACKS_UNSEEN) && record.ack.after(known);
    // Nothing can follow a FIN but what was sent before it.
    let new_data = record.len > 0 && !sender.marks.has(Marks::FIN) && record.end().after(sender.nxt.max(rst.seq));
    new_data || acks_new
}

/// Whether a packet has another TTL than all others of its alleged sender.
fn strange_to(sender: &Half, record: &Record) -> bool {
    let known = sender.marks.has(Marks::SPOKE) && !sender.marks.has(Marks::TTL_VARIES);
    known && record.ttl().zip(sender.ttl()).is_some_and(|(ttl, theirs)| ttl != theirs)
}

/// The RST cannot be what its sender's own stack made.
pub static RST_CONTRADICTS_SENDER: Question = Question {
    id: "rst-contradicts-sender",
    asked_of: AskedOf::AnyPackets,
    yes: "{1} did not come from {sender}",
    no: "nothing about {1} contradicts that {sender} sent it",
    unknown: "other packets from {sender}, before and after the RST, to compare with",
    zh: Wording {
        yes: "{1}不是来自{sender}",
        no: "{1}没有任何迹象与{sender}发送它相矛盾",
        unknown: "RST 前后{sender}的其他报文，用来比较",
    },
    ask: by(|outcome| {
        let Some(rst) = outcome.rst() else {
            return Answer::Unknown;
        };
        let odd = odd_signs(outcome) as u64;
        // One odd field proves nothing; what no stack does proves it alone, and so does a capture
        // nearer to the host that the RST never passed.
        let proofs = PROOFS.iter().filter(|proof| proof.answer(outcome).is_yes()).count() as u64;
        let proofs = proofs + u64::from(refused_and_accepted(outcome));
        let facts = yes().count(odd + proofs).frame(&rst.record);
        if RST_MADE_BETWEEN.answer(outcome).is_no() {
            Answer::No(facts)
        } else if proofs > 0 || odd >= 2 {
            Answer::Yes(facts)
        } else if odd == 0 && SIGNS.iter().any(|sign| sign.answer(outcome).is_no()) {
            Answer::No(facts)
        } else {
            Answer::Unknown
        }
    }),
};

static SIGNS: [&Question; 5] =
    [&RST_TTL_DIFFERS, &RST_LACKS_TIMESTAMPS, &RST_IP_ID_FOREIGN, &RST_WINDOW_ODD, &RST_ECHOES_IP_ID];

/// What no stack does: go on after its own reset, or guess where it stands; or a capture that shows it.
static PROOFS: [&Question; 5] =
    [&RST_MADE_BETWEEN, &RST_MADE_AT_CAPTURE, &SENDER_TALKED_ON, &RST_SEQ_CLIMBS, &RST_WINDOWS_COUNT];

/// Whether only other RSTs could answer it: nobody can go and capture those.
pub fn asks_for_other_resets(question: &Question) -> bool {
    [&RST_SEQ_CLIMBS, &RST_WINDOWS_COUNT, &RST_WINDOW_ODD, &RST_ECHOES_IP_ID, &RST_LINK_DIFFERS].contains(&question)
}

/// What asks whether a field of the RST is not its supposed sender's.
pub fn signs() -> impl Iterator<Item = &'static Question> {
    // That only one end was reset says nothing for the sender, so it is no sign like the others.
    SIGNS.into_iter().chain([&RSTS_BOTH_WAYS])
}

/// What shows that the RST is not its supposed sender's, with the answers, what proves it alone first.
pub fn contradictions(outcome: &Outcome) -> impl Iterator<Item = (&'static Question, Answer)> {
    let all = PROOFS.into_iter().chain(signs()).map(|sign| (sign, sign.answer(outcome)));
    all.filter(|(_, answer)| answer.is_yes())
}

/// How many of the RST's fields are not those of its supposed sender.
pub fn odd_signs(outcome: &Outcome) -> usize {
    signs().filter(|sign| sign.answer(outcome).is_yes()).count()
}

/// Whether one SYN was refused, by a RST of any form, and accepted as well.
fn refused_and_accepted(outcome: &Outcome) -> bool {
    let connection = outcome.connection();
    let refused = outcome.sender() == connection.server()
        && connection.half(connection.client).marks.has(Marks::SYN)
        && !connection.half(connection.client).marks.has(Marks::ACKED)
        && !connection.half(connection.server()).marks.has(Marks::SPOKE);
    refused && SYN_ACK_AFTER_RST.answer(outcome).is_yes()
}

/// An abort has the ACK flag; a reset in answer to an ordinary segment has not.
fn looks_active(rst: &Record) -> bool {
    rst.flags.has(Flags::ACK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;

    const ABORTED: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1 ttl 63
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C > S PA 1:101(100) ack 1
        +0.020 C < S A 1:1(0) ack 101 ttl 63
        0.200 C < S RA 1:1(0) ack 101 ttl OF-RST
        +0.001 C < S PA 1:51(50) ack 101 ttl OF-LATER\n";

    fn talked_on(rst: &str, later: &str) -> Answer {
        let text = ABORTED.replace("OF-RST", rst).replace("OF-LATER", later);
        SENDER_TALKED_ON.answer(&conversation(&text).outcome())
    }

    #[test]
    fn of_two_that_claim_one_sender_the_one_that_differs_shows_nothing_of_it() {
        assert!(talked_on("63", "63").is_yes());
        assert!(talked_on("47", "63").is_yes());
        assert!(!talked_on("63", "64").is_yes());
    }
}
