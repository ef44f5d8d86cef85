//! The three steps of a verdict in words: the shape of the reset, how it was made, and why; and what decides
//! between those that are still open.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Explanation;
use crate::cause::{Cause, Family};
use crate::language::Language;
use crate::outcome::OutcomeKind;
use crate::verdict::decide::{Decision, Observe, decide};
use crate::verdict::{Confidence, Origin};

/// How many alternatives a line names before it counts the rest.
const NAMED: usize = 3;

impl Explanation<'_> {
    /// The shape of the reset, as a sentence without a full stop.
    pub(super) fn family_words(&self) -> String {
        let family = self.judgement.shape.map_or(Family::Unseen, |shape| shape.family);
        self.words(self.language().pick(english(family), chinese(family)))
    }

    /// Who made the RST, to be read after the family; `None` where nothing is known of it.
    pub(super) fn origin_words(&self) -> Option<String> {
        let sure = self.judgement.origin_confidence?;
        let certain = sure == Confidence::Certain;
        let template = match (self.judgement.origin, certain) {
            (Origin::Endpoint, true) => ("by {sender} itself", "由{sender}自己发出"),
            (Origin::Endpoint, false) => ("likely by {sender} itself", "很可能由{sender}自己发出"),
            (Origin::Path, true) => ("by a device between the two", "由两端之间的设备发出"),
            (Origin::Path, false) => ("likely by a device on the path", "很可能由路径上的设备发出"),
            (Origin::Unknown, _) => return None,
        };
        Some(self.words(self.language().pick(template.0, template.1)))
    }

    /// What is known best, in one sentence without a full stop.
    pub(super) fn headline(&self) -> String {
        let sure = self.judgement.confidence >= Confidence::Likely;
        if sure || self.outcome.kind() == OutcomeKind::FailedConnect { self.title() } else { self.family_words() }
    }

    /// The title of a cause, or of its variant.
    pub(super) fn title_of(&self, cause: &Cause, title: &'static str) -> String {
        self.words(cause.title_in(self.language(), title))
    }

    /// What proves a cause outside of the capture.
    pub(super) fn confirm_words(&self, cause: &Cause) -> String {
        self.words(cause.texts(self.language()).confirm)
    }

    /// Everything that is open beside what the steps state, in one line; `None` where nothing is.
    pub(super) fn open_words(&self) -> Option<String> {
        let stated = |id: &str| {
            let judgement = &self.judgement;
            judgement.mechanism.as_ref().is_some_and(|how| how.cause.id == id)
                || judgement.reasons.first().is_some_and(|why| why.cause.id == id)
        };
        let others = self.judgement.alternatives.iter().map(|other| other.cause.id).filter(|id| !stated(id));
        let others: Vec<&str> = others.collect();
        let (named, rest) = others.split_at(others.len().min(NAMED));
        let list = named.join(self.language().pick(", ", "、"));
        match (named.len(), rest.len()) {
            (0, _) => None,
            (_, 0) => Some(list),
            (_, more) => Some(match self.language() {
                Language::English => format!("{list} and {more} more (-v)"),
                Language::Chinese => format!("{list}，另有 {more} 个（-v）"),
            }),
        }
    }

    /// What splits the mechanisms that are open best.
    pub(super) fn decisions(&self) -> Vec<Decision> {
        let Some(mechanism) = &self.judgement.mechanism else { return Vec::new() };
        if mechanism.confidence == Confidence::Certain {
            return Vec::new();
        }
        let open: Vec<&'static Cause> = core::iter::once(mechanism.cause).chain(mechanism.open.iter().copied()).collect();
        decide(&open)
    }

    /// The commands of [`Explanation::decisions`], in one line; `None` where nothing splits.
    pub(super) fn decide_words(&self) -> Option<String> {
        let decisions = self.decisions();
        let commands: Vec<String> = decisions.iter().map(|decision| self.command(decision)).collect();
        if commands.is_empty() {
            return None;
        }
        let host = self.sender_address();
        let or = self.language().pick("  or: ", "  或："); 
        let on = self.language().pick("on ", "在 ");
        Some(format!("{on}{host}{}{}", self.language().pick(": ", "："), commands.join(or)))
    }

    fn sender_address(&self) -> String {
        self.outcome.connection().endpoint(self.outcome.sender()).ip.to_string()
    }

    /// What to run on the host of the RST's sender.
    pub(super) fn command(&self, decision: &Decision) -> String {
        let connection = self.outcome.connection();
        let port = connection.endpoint(connection.server()).port;
        match decision.observe {
            Observe::Kernel => format!("sudo whyrst watch --port {port}"),
            Observe::Counters => format!("nstat -az {}", counters(decision).join(" ")),
            Observe::Calls => String::from("strace -f -e trace=network,close,exit_group -p PID"),
            Observe::Capture => format!("sudo tcpdump -ni any 'tcp port {port}'"),
        }
    }
}

/// Counters that rise for some of the groups and not for all.
fn counters(decision: &Decision) -> Vec<&'static str> {
    let firsts: Vec<&Cause> = decision.groups.iter().filter_map(|group| group.first().copied()).collect();
    let mut telling: Vec<&'static str> = Vec::new();
    for counter in firsts.iter().flat_map(|cause| cause.signs().counters.iter().copied()) {
        let common = firsts.iter().all(|cause| cause.signs().counters.contains(&counter));
        if !common && !telling.contains(&counter) {
            telling.push(counter);
        }
    }
    telling.truncate(NAMED);
    telling
}

const fn english(family: Family) -> &'static str {
    match family {
        Family::Refused => "the connect was refused in {sender}'s name: a RST answers the SYN (\"connection refused\")",
        Family::UnwantedAnswer => "{sender} rejected the answer to its SYN: a RST in its name answers the SYN-ACK",
        Family::BrokenHandshake => "the handshake broke: a RST in {sender}'s name answers what should have completed it",
        Family::Aborted => "an open connection was aborted in {sender}'s name (\"connection reset by peer\")",
        Family::LateData => "a segment arrived after {sender} had closed, and a RST in its name answers it",
        Family::LastSegment => "both ends had closed and nothing was outstanding when the RST came",
        Family::UnknownConnection => {
            "a RST in {sender}'s name answers a segment as a host does that does not have the connection"
        }
        Family::SynCollision => "a SYN met another connection on the same ports, and the clash ended in a RST",
        Family::Unseen => "a RST in {sender}'s name, and the capture does not show what led to it",
    }
}

const fn chinese(family: Family) -> &'static str {
    match family {
        Family::Refused => "建连被拒绝：以{sender}名义发出的 RST 应答了 SYN（connection refused）",
        Family::UnwantedAnswer => "{sender}拒绝了对其 SYN 的应答：以它名义发出的 RST 应答了 SYN-ACK",
        Family::BrokenHandshake => "握手没有完成：以{sender}名义发出的 RST 应答了本应完成握手的报文",
        Family::Aborted => "一条打开的连接以{sender}的名义被中止（连接被对端重置，errno 104）",
        Family::LateData => "{sender}关闭之后又有报文到达，以它名义发出的 RST 应答了该报文",
        Family::LastSegment => "RST 到来时两端都已关闭，没有数据在途",
        Family::UnknownConnection => "以{sender}名义发出的 RST 应答了一个报文，如同主机没有这条连接一样",
        Family::SynCollision => "一个 SYN 撞上了同一端口对上的另一条连接，结果是 RST",
        Family::Unseen => "以{sender}名义发出的 RST，抓包没有显示它由什么引起",
    }
}
