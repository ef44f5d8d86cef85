//! The three steps of a verdict in words: the shape of the reset, how it was made, and why; and what decides
//! between those that are still open.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Explanation;
use crate::cause::{Cause, Family, KernelSign};
use crate::evidence::accepting::STACK_REFUSES_WHEN_FULL;
use crate::evidence::stack::SENDER_IS_NOT_LINUX;
use crate::evidence::twins::REDIRECTED_TO_LOOPBACK;
use crate::evidence::{Answer, Value};
use crate::flow::Side;
use crate::language::Language;
use crate::outcome::OutcomeKind;
use crate::verdict::decide::{Decision, Observe, System, decide};
use crate::verdict::{Confidence, Origin};

/// How many causes are named for one answer where there is room.
pub(super) const MEANT: usize = 2;
/// How many alternatives a line names before it counts the rest.
const NAMED: usize = 3;

impl Explanation<'_> {
    /// The shape of the reset, as a sentence without a full stop.
    pub(super) fn family_words(&self) -> String {
        let family = self.judgement.shape.map_or(Family::Unseen, |shape| shape.family);
        let (english, chinese) = match family {
            Family::UnwantedAnswer if self.outcome.syn().is_none() && self.outcome.has_frames() => SYN_UNSEEN,
            family => self.attempt(family).unwrap_or((english(family), chinese(family))),
        };
        self.words(self.language().pick(english, chinese))
    }

    /// The same of a RST that had no effect: what it was made for, and not what it brought about.
    fn attempt(&self, family: Family) -> Option<(&'static str, &'static str)> {
        self.outcome.without_effect()?;
        match family {
            Family::Refused => Some((
                "a RST in {sender}'s name answers the SYN, as if to refuse the connect",
                "以{sender}名义发出的 RST 应答了 SYN，像是要拒绝建连",
            )),
            Family::Aborted => Some((
                "a RST in {sender}'s name would have aborted an open connection",
                "以{sender}名义发出的 RST 本来会中止一条打开的连接",
            )),
            _ => None,
        }
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
        if let Some((_, text)) = self.without_effect_words() {
            return text;
        }
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
        let open: Vec<&'static Cause> =
            core::iter::once(mechanism.cause).chain(mechanism.open.iter().copied()).collect();
        decide(&open, if self.maker_is_not_linux() { System::Other } else { System::Linux })
    }

    /// Whether the host of the RST's sender is known to lack the tools of Linux: by its opening, or since it sends its
    /// RSTs as Windows does.
    pub(super) fn maker_is_not_linux(&self) -> bool {
        let as_windows = || {
            self.judgement.evidence.iter().any(|one| one.question == &STACK_REFUSES_WHEN_FULL && one.answer.is_yes())
        };
        SENDER_IS_NOT_LINUX.answer(self.outcome).is_yes() || as_windows()
    }

    /// The commands of [`Explanation::decisions`], in one line, with what their answers mean, at most `meant` causes for
    /// each; `None` where nothing splits.
    pub(super) fn decide_words(&self, meant: usize) -> Option<String> {
        let decisions = self.decisions();
        let language = self.language();
        let explained = |decision: &Decision| {
            let (command, meaning) = (self.command(decision), meaning(decision, meant, language));
            match (meaning, language) {
                (None, _) => command,
                (Some(meaning), Language::English) => format!("{command} ({meaning})"),
                (Some(meaning), Language::Chinese) => format!("{command}（{meaning}）"),
            }
        };
        let commands: Vec<String> = decisions.iter().map(explained).collect();
        if commands.is_empty() {
            return None;
        }
        let commands = commands.join(language.pick("  or: ", "  或："));
        let host = self.deciding_host();
        Some(match language {
            Language::English => format!("when it happens again, on {host}: {commands}"),
            Language::Chinese => format!("再次发生时，在 {host} 上：{commands}"),
        })
    }

    /// The address of the host where the RST was made.
    pub(super) fn deciding_host(&self) -> String {
        self.outcome.connection().endpoint(self.deciding_end()).ip.to_string()
    }

    /// The end on whose host the RST was made: the client's own where a rule there sent the connect to a local port.
    pub(super) fn deciding_end(&self) -> Side {
        let redirected = REDIRECTED_TO_LOOPBACK.answer(self.outcome).is_yes();
        if redirected { self.outcome.connection().client } else { self.outcome.sender() }
    }

    /// What to run on the host where the RST was made.
    pub(super) fn command(&self, decision: &Decision) -> String {
        let connection = self.outcome.connection();
        let local = match REDIRECTED_TO_LOOPBACK.answer(self.outcome) {
            Answer::Yes(facts) => facts.values.iter().rev().find_map(|value| match value {
                Value::Endpoint(endpoint) => Some(endpoint.port),
                _ => None,
            }),
            Answer::No(_) | Answer::Unknown => None,
        };
        let port = local.unwrap_or_else(|| connection.endpoint(connection.server()).port);
        match decision.observe {
            Observe::Kernel => format!("sudo whyrst watch --port {port}"),
            Observe::Counters => format!("nstat -az {}", counters(decision).join(" ")),
            Observe::Calls => String::from("strace -f -e trace=network,close,exit_group -p PID"),
            Observe::Capture => format!("sudo tcpdump -ni any 'tcp port {port}'"),
        }
    }
}

/// What the answers would mean, in few words; `None` where the command itself says it.
pub(super) fn meaning(decision: &Decision, meant: usize, language: Language) -> Option<String> {
    match decision.observe {
        _ if meant == 0 => None,
        Observe::Kernel => {
            let silent =
                decision.groups.iter().flatten().any(|cause| cause.kernel().iter().any(KernelSign::is_silence));
            silent.then(|| String::from(language.pick("no line: made on the way", "没有输出：是中间设备发的")))
        }
        Observe::Counters => Some(counters_mean(decision, meant, language)),
        Observe::Calls => Some(String::from(language.pick("which call comes last?", "最后一个调用是什么？"))),
        Observe::Capture => Some(String::from(language.pick(
            "does the RST leave it? if not, it was made on the way",
            "RST 是从它发出的吗？不是则由中间设备发的",
        ))),
    }
}

/// `before and after; AbortOnClose rises: close-unread, AbortOnData: linger-zero, none: sock-destroy`.
fn counters_mean(decision: &Decision, meant: usize, language: Language) -> String {
    let telling = counters(decision);
    let named = |belongs: &dyn Fn(&Cause) -> bool| {
        let causes = decision.groups.iter().flatten().filter(|cause| belongs(cause));
        let ids: Vec<&str> = causes.map(|cause| cause.id).collect();
        let (shown, more) = ids.split_at(ids.len().min(meant));
        shown.join(language.pick(" or ", " 或 ")) + if more.is_empty() { "" } else { " ..." }
    };
    let rises = language.pick(" rises", " 增长");
    let colon = language.pick(": ", "：");
    let mut parts: Vec<String> = Vec::new();
    for (at, counter) in telling.iter().enumerate() {
        // What an earlier one tells already is not said again.
        let causes = named(&|cause: &Cause| {
            let theirs = cause.signs().counters;
            theirs.contains(counter) && !telling.iter().take(at).any(|earlier| theirs.contains(earlier))
        });
        if !causes.is_empty() {
            let verb = if parts.is_empty() { rises } else { "" };
            parts.push(format!("{}{verb}{colon}{causes}", short_counter(counter)));
        }
    }
    let causes = named(&|cause: &Cause| !telling.iter().any(|counter| cause.signs().counters.contains(counter)));
    if !causes.is_empty() {
        parts.push(format!("{}{colon}{causes}", language.pick("none", "都不增长")));
    }
    format!("{}{}", language.pick("before and after; ", "前后各一次；"), parts.join(language.pick(", ", "，")))
}

/// `AbortOnClose` of `TcpExtTCPAbortOnClose`: it stands in full in the command.
fn short_counter(counter: &str) -> &str {
    ["TcpExtTCP", "TcpExt", "Tcp"].into_iter().find_map(|prefix| counter.strip_prefix(prefix)).unwrap_or(counter)
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
    // What rises for one of them alone says most.
    telling.sort_by_key(|counter| firsts.iter().filter(|cause| cause.signs().counters.contains(counter)).count());
    telling.truncate(NAMED);
    telling
}

/// An answer to a SYN that was not captured: whether there was one is the question.
const SYN_UNSEEN: (&str, &str) = (
    "a SYN-ACK came and a RST in {sender}'s name rejected it; the SYN is not in the capture",
    "来了一个 SYN-ACK，以{sender}名义发出的 RST 拒绝了它；抓包里没有对应的 SYN",
);

const fn english(family: Family) -> &'static str {
    match family {
        Family::Refused => "the connect was refused in {sender}'s name: a RST answers the SYN (\"connection refused\")",
        Family::UnwantedAnswer => "{sender} rejected the answer to its SYN: a RST in its name answers the SYN-ACK",
        Family::BrokenHandshake => {
            "the handshake broke: a RST in {sender}'s name answers what should have completed it"
        }
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

#[cfg(test)]
#[expect(clippy::redundant_closure_for_method_calls, reason = "a method of one lifetime does not fit all of them")]
mod tests {
    use super::*;
    use crate::cause::Status;
    use crate::kernel::RstReason;
    use crate::outcome::Outcome;
    use crate::report::Context;
    use crate::testing::{conversation, sent};

    const ABORTED: &str = "0.000 C > S S 0:0(0)\n+0.001 C < S SA 0:0(0) ack 1\n+0.0001 C > S A 1:1(0) ack 1\n\
                           0.010 C > S PA 1:101(100) ack 1\n+0.001 C < S A 1:1(0) ack 101\n1 C < S RA 1:1(0) ack 101\n";

    fn aborted() -> Outcome {
        conversation(ABORTED).outcome()
    }

    fn context(language: Language) -> Context {
        Context { files: Vec::new(), zone: jiff::tz::TimeZone::UTC, language }
    }

    fn explained<T>(outcome: &Outcome, language: Language, say: impl Fn(&Explanation<'_>) -> T) -> T {
        say(&Explanation::new(outcome, &context(language)))
    }

    #[test]
    fn a_host_that_does_not_run_linux_is_not_asked_for_its_counters() {
        let windows = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1 ttl 128 ts none
            +0.0001 C > S A 1:1(0) ack 1
            0.010 C > S PA 1:101(100) ack 1
            +0.001 C < S RA 1:1(0) ack 101 ttl 128 win 0";
        let advised = |text: &str| {
            let outcome = conversation(text).outcome();
            let context = context(Language::English);
            let explanation = Explanation::new(&outcome, &context);
            explanation.judgement.cause.map(|cause| explanation.advice(cause).join(" ")).unwrap_or_default()
        };
        assert!(advised(&windows.replace("ttl 128", "ttl 64")).contains("nstat"));
        assert!(!advised(windows).contains("nstat"));
    }

    #[test]
    fn every_family_reads_as_a_sentence_in_each_language() {
        for family in Family::ALL {
            for text in [english(family), chinese(family)] {
                assert!(!text.ends_with(['.', '。']) && !text.is_empty(), "{text}");
                assert!(["{sender}", "{receiver}", "SYN", "RST"].iter().any(|word| text.contains(word)), "{text}");
            }
            assert_ne!(english(family), chinese(family));
        }
    }

    #[test]
    fn the_words_that_people_search_for_stand_in_the_families() {
        assert!(english(Family::Aborted).contains("connection reset by peer"));
        assert!(english(Family::Refused).contains("connection refused"));
        assert!(chinese(Family::Aborted).contains("errno 104"));
    }

    #[test]
    fn the_headline_is_the_cause_where_that_is_sure_and_else_the_family() {
        let mut outcome = aborted();
        let headline = explained(&outcome, Language::English, |report| report.headline());
        assert!(headline.starts_with("an open connection was aborted in the server's name"), "{headline}");
        outcome.note_kernel(sent(RstReason::TcpAbortOnClose, &["__tcp_close"]));
        let headline = explained(&outcome, Language::English, |report| report.headline());
        assert_eq!(headline, "the server closed the socket while data that it had received was still unread");
    }

    #[test]
    fn who_made_it_is_said_with_how_sure_that_is() {
        let mut outcome = aborted();
        let origin = |outcome: &Outcome| explained(outcome, Language::English, |report| report.origin_words());
        assert_eq!(origin(&outcome).as_deref(), Some("likely by the server itself"));
        outcome.note_kernel(sent(RstReason::TcpAbortOnClose, &["__tcp_close"]));
        assert_eq!(origin(&outcome).as_deref(), Some("by the server itself"));
        let alone = conversation("0 C > S R 1:1(0)").outcome();
        assert_eq!(origin(&alone), None);
    }

    #[test]
    fn three_that_are_open_are_named_and_the_rest_is_counted() {
        let outcome = aborted();
        for (language, more) in [(Language::English, " more (-v)"), (Language::Chinese, " 个（-v）")] {
            let all = explained(&outcome, language, |report| report.judgement.alternatives.len());
            let line = explained(&outcome, language, |report| report.open_words()).expect("others");
            assert!(line.ends_with(more) && line.contains(&(all - NAMED).to_string()), "{line}");
            assert!(line.starts_with("exit-unread"), "{line}");
        }
    }

    #[test]
    fn what_decides_is_a_command_on_the_host_of_the_sender_until_it_is_decided() {
        let mut outcome = aborted();
        let line =
            explained(&outcome, Language::English, |report| report.decide_words(MEANT)).expect("something splits them");
        let host = explained(&outcome, Language::English, |report| report.deciding_host());
        let when = std::format!("when it happens again, on {host}: sudo whyrst watch --port 80  or: nstat -az TcpExt");
        assert!(line.starts_with(&when), "{line}");
        assert!(line.contains("(before and after; AbortOnClose rises: close-unread"), "{line}");
        assert!(line.contains("AbortOnData: linger-zero"), "{line}");
        outcome.note_kernel(sent(RstReason::TcpAbortOnClose, &["__tcp_close"]));
        assert_eq!(explained(&outcome, Language::English, |report| report.decide_words(MEANT)), None);
    }

    /// Whatever two mechanisms are open, the command is complete.
    #[test]
    fn no_command_lacks_what_it_needs() {
        let outcome = aborted();
        for family in Family::ALL {
            let open: Vec<&'static Cause> = crate::causes::showing(family).collect();
            assert!(open.iter().all(|cause| cause.rule.status != Status::Preview));
            for decision in decide(&open, System::Linux) {
                let command = explained(&outcome, Language::English, |report| report.command(&decision));
                assert_ne!(command, "nstat -az ", "{family}: {decision:?}");
                assert!(!command.contains('{'), "{command}");
            }
        }
    }
}
