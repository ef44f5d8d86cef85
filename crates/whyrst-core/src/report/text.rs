//! The report for a person at a terminal, in the order one needs it at three in the morning:
//! one sentence, the packets, what speaks for it and against it, what could not be seen, what
//! else it could be, what it did, what to do. Eighty columns.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::{self, Write};

use super::layout::{columns, first_line, padded, spaced, wrap};
use super::style::{Part, Style};
use super::words::{confidence, grouped, severity};
use super::{Context, Explanation};
use crate::cause::Severity;
use crate::connection::Phase;
use crate::evidence::path::asks_for_other_resets;
use crate::evidence::said::is_rarely_answered;
use crate::evidence::{Answer, AskedOf};
use crate::harm::Certainty;
use crate::kernel::KernelWord;
use crate::language::Language;
use crate::outcome::{Outcome, OutcomeKind};
use crate::rst::ResetKind;
use crate::severity::Ground;
use crate::verdict::{Confidence, Evidence, Origin, Role};

const WIDTH: usize = 80;
const LABEL: usize = 11;

/// Whether the packets are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ladder {
    /// Show them.
    Shown,
    /// Leave them out.
    Hidden,
}

/// The whole report of one outcome, with a blank line at its end.
pub fn report(outcome: &Outcome, context: &Context, style: Style, ladder: Ladder) -> String {
    report_of(&Explanation::new(outcome, context), style, ladder)
}

/// The same for what was judged already.
pub fn report_of(report: &Explanation<'_>, style: Style, ladder: Ladder) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    report.write(style, ladder, &mut out).unwrap_or_default();
    out
}

/// Its last packets alone, as a ladder; empty where no packet was seen.
pub fn ladder_of(report: &Explanation<'_>, style: Style) -> String {
    let mut out = String::new();
    if report.outcome.has_frames() {
        // Writing to a String cannot fail.
        report.ladder(style, &mut out).unwrap_or_default();
    }
    out
}

impl Explanation<'_> {
    pub(super) fn write(&self, style: Style, ladder: Ladder, out: &mut String) -> fmt::Result {
        self.head(style, out)?;
        self.verdict(style, out)?;
        if ladder == Ladder::Shown && self.outcome.has_frames() {
            out.push('\n');
            self.ladder(style, out)?;
        }
        out.push('\n');
        self.accounts(style, out)?;
        self.evidence(style, out)?;
        self.points(style, out)?;
        self.alternatives(style, out)?;
        self.consequences(style, out)?;
        // In one line, however long: it is there to be copied.
        let label = padded(self.language().pick("filter", "过滤器"), LABEL - 2);
        writeln!(out, "  {}{}", style.paint(Part::Label, label), self.display_filter())?;
        out.push('\n');
        Ok(())
    }

    fn head(&self, style: Style, out: &mut String) -> fmt::Result {
        let connection = self.outcome.connection();
        let (client, server) = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        let (ends, headline) = (format!("{client} > {server}"), self.headline());
        let fits = ends.len() + 2 + columns(&headline) <= WIDTH;
        let between = if fits { "  " } else { "\n" };
        writeln!(out, "{}{between}{headline}", style.paint(Part::Heading, ends))?;
        let rst = self.outcome.rst().filter(|_| self.outcome.has_frames());
        let comma = self.language().pick(", ", "，");
        let place = rst.map(|rst| format!("{comma}{}", self.named(rst.record.frame)));
        let asked_for = self.language().pick("asked for", "请求的域名是");
        let asked = self.outcome.asked().map(|asked| format!("{comma}{asked_for} {}", asked.name));
        let place = [place, asked].into_iter().flatten().collect::<String>();
        let when = format!("{}{place}", self.context.time(self.outcome.time()));
        writeln!(out, "{}", style.paint(Part::Dim, when))
    }

    /// `reset by the client's kernel while connecting`.
    pub(super) fn headline(&self) -> String {
        if self.outcome.kind() == OutcomeKind::FailedConnect {
            return self.language().pick("connect failed without a reset", "建连失败，没有 RST").to_string();
        }
        if self.language() == Language::Chinese {
            return self.chinese_headline();
        }
        let sender = self.end(self.outcome.sender());
        let maker = match (self.judgement.origin, self.judgement.kind) {
            (Origin::Path, _) => format!("on the path, in the name of {sender}"),
            (_, ResetKind::Passive) => format!("by {sender}'s kernel"),
            _ => format!("by {sender}"),
        };
        let phase = match self.judgement.phase {
            Phase::Connect => " while connecting",
            Phase::Established => "",
            Phase::Closing => " after a close",
            Phase::Closed => " after both ends had closed",
            Phase::Midstream => " (its beginning was not captured)",
        };
        format!("reset {maker}{phase}")
    }

    /// `被客户端的内核重置（建连阶段）`.
    fn chinese_headline(&self) -> String {
        let maker = match (self.judgement.origin, self.judgement.kind) {
            (Origin::Path, _) => "被路径上的设备以{sender}的名义重置",
            (_, ResetKind::Passive) => "被{sender}的内核重置",
            _ => "被{sender}重置",
        };
        let phase = match self.judgement.phase {
            Phase::Connect => "（建连阶段）",
            Phase::Established => "",
            Phase::Closing => "（一端已关闭）",
            Phase::Closed => "（两端都已关闭）",
            Phase::Midstream => "（没有抓到连接的开头）",
        };
        self.words(maker) + phase
    }

    fn verdict(&self, style: Style, out: &mut String) -> fmt::Result {
        let sure = self.judgement.confidence;
        let sentence = self.sentence() + self.language().pick(".", "。");
        let tag = format!("[{}]", confidence(sure, self.language()));
        out.push('\n');
        let lines: alloc::vec::Vec<_> = wrap(&sentence, WIDTH - 8).collect();
        let (last, first) = lines.split_last().unwrap_or((&"", &[]));
        for line in first {
            writeln!(out, "  {line}")?;
        }
        let part = if sure >= Confidence::Likely { Part::Firm } else { Part::Weak };
        let room = WIDTH - 3 - columns(&tag);
        if columns(last) <= room - 2 {
            writeln!(out, "  {}{}", padded(last, room), style.paint(part, tag))
        } else {
            writeln!(out, "  {last}\n  {}{}", padded("", room), style.paint(part, tag))
        }
    }

    fn accounts(&self, style: Style, out: &mut String) -> fmt::Result {
        for (label, text) in self.account_words() {
            Section::new(label, style).item(&text, out)?;
        }
        Ok(())
    }

    fn evidence(&self, style: Style, out: &mut String) -> fmt::Result {
        let (evidence, language) = (&self.judgement.evidence, self.language());
        let mut speaks_for = Section::new(language.pick("for", "依据"), style);
        for text in self.kernel_says().into_iter().chain(self.said()) {
            speaks_for.item(&text, out)?;
        }
        for one in evidence.iter().filter(|one| one.speaks_for() && one.role != Role::Refutes) {
            speaks_for.item(&self.answer(one.question, &one.answer), out)?;
        }
        let mut against = Section::new(language.pick("against", "反证"), style);
        for one in evidence.iter().filter(|one| one.speaks_against()) {
            against.item(&self.answer(one.question, &one.answer), out)?;
        }
        let mut unseen = Section::new(language.pick("unseen", "未见"), style);
        for text in self.unseen_words() {
            unseen.item(&text, out)?;
        }
        if let Some(text) = self.unasked().filter(|_| self.outcome.kind() == OutcomeKind::Reset) {
            unseen.item(&text, out)?;
        }
        Ok(())
    }

    /// What several capture points know together.
    fn points(&self, style: Style, out: &mut String) -> fmt::Result {
        let mut section = Section::new(self.language().pick("points", "抓包点"), style);
        for text in self.vantage_words() {
            section.item(&text, out)?;
        }
        Ok(())
    }

    /// What would have to be captured to know more, each once. Where there are several points, what
    /// they do not know is said of them.
    pub(super) fn unseen_words(&self) -> alloc::vec::Vec<String> {
        let asked =
            |one: &&Evidence| self.outcome.joined().is_none() || one.question.asked_of != AskedOf::SeveralPoints;
        let wanted = self.judgement.evidence.iter().filter(|one| worth_asking(one)).filter(asked);
        let mut words: alloc::vec::Vec<String> = alloc::vec::Vec::new();
        for text in wanted.map(|one| self.answer(one.question, &Answer::Unknown)) {
            if !words.contains(&text) {
                words.push(text);
            }
        }
        words
    }

    /// The kernel's word, when it was asked.
    pub(super) fn kernel_says(&self) -> Option<String> {
        let sender = self.end(self.outcome.sender());
        match self.outcome.kernel() {
            KernelWord::NotAsked => None,
            KernelWord::SentNone => Some(self.words(self.language().pick(
                "{sender}'s TCP sent no such reset (no tcp_send_reset event): \
                 a firewall or something on the path made it",
                "{sender}的 TCP 没有发过这个 RST（没有 tcp_send_reset 事件）：是防火墙或路径上的设备生成的",
            ))),
            KernelWord::Sent(event) => {
                let path = via(&event.stack, self.language());
                let none = String::from(self.language().pick("no reason", "（没有给出原因）"));
                let reason = if event.reason_name.is_empty() { &none } else { &event.reason_name };
                let state = &event.state;
                Some(match self.language() {
                    Language::English => format!("{sender}'s kernel says {reason} in state {state}{path}"),
                    Language::Chinese => spaced(&[&sender, "的内核给出的原因是", reason, "，状态", state]) + &path,
                })
            }
        }
    }

    fn alternatives(&self, style: Style, out: &mut String) -> fmt::Result {
        let mut section = Section::new(self.language().pick("instead", "也可能"), style);
        for other in &self.judgement.alternatives {
            section.item(&format!("{}: {}", other.id, self.told_apart_by(other)), out)?;
        }
        Ok(())
    }

    fn consequences(&self, style: Style, out: &mut String) -> fmt::Result {
        let language = self.language();
        let mut harm = Section::new(language.pick("harm", "影响"), style);
        if self.outcome.kind() == OutcomeKind::Reset {
            harm.item(&self.harm_words(), out)?;
        }
        if self.judgement.severity != Severity::Fault {
            harm.item(&self.matters(), out)?;
        }
        let Some(cause) = self.judgement.cause else { return Ok(()) };
        let texts = cause.texts(language);
        harm.item(&self.words(texts.effect), out)?;
        let mut advice = Section::new(language.pick("do", "处理"), style);
        for (number, step) in texts.advice.iter().enumerate() {
            advice.item(&format!("{}. {}", number + 1, self.words(step)), out)?;
        }
        let mut more = Section::new(language.pick("more", "详见"), style);
        more.item(&format!("whyrst causes {}", cause.id), out)
    }

    /// How much it matters, and why.
    pub(super) fn matters(&self) -> String {
        let severity = severity(self.judgement.severity, self.language());
        format!("{severity}{}{}", self.language().pick(": ", "："), self.severity_words())
    }

    /// Why it matters as much as it does.
    pub(super) fn severity_words(&self) -> String {
        let language = self.language();
        let lost = [self.harm.lost_client_bytes, self.harm.lost_server_bytes];
        let why = match (self.judgement.ground, self.judgement.severity) {
            (Ground::BothHadClosed, _) => language.pick(
                "both ends had closed before it and nothing was on its way",
                "两端在它之前都已关闭，也没有数据在途",
            ),
            (Ground::NotTaken, _) => language
                .pick("its receiver did not take it, and both ends talked on", "接收方没有接受它，两端都还在继续通信"),
            (Ground::GoodbyeRefused, _) => language.pick(
                "it refused only the TLS goodbye of the other end, which closed later: no data of a program is lost",
                "它拒绝的只是对端后来关闭时的 TLS 告别（close_notify）：没有丢失程序的数据",
            ),
            (_, Severity::Benign) => {
                language.pick("nothing is lost by it and nothing needs mending", "没有因此丢失什么，也无需修复什么")
            }
            (_, Severity::Scan) => language
                .pick("its sender looks for open ports and wants no connection", "发送方在找开放的端口，并不想要连接"),
            (_, Severity::Policy) => language.pick(
                "a rule, a device or a person decided that the connection should not be",
                "有规则、设备或人决定不允许这条连接",
            ),
            (_, Severity::Attack) => {
                language.pick("neither end wanted it: somebody else forged packets", "两端都不想这样：是别人伪造了报文")
            }
            (_, Severity::Fault) if self.judgement.phase == Phase::Connect => {
                language.pick("the connection never came about", "连接没有建立起来")
            }
            (_, Severity::Fault) if lost.iter().any(|bytes| bytes.is_some_and(|bytes| bytes > 0)) => {
                language.pick("data may be lost: what was sent and not read", "可能丢失数据：已发送而未读的部分")
            }
            (_, Severity::Fault) => {
                language.pick("the connection was cut off instead of closed in order", "连接被切断，而不是正常关闭")
            }
        };
        why.to_string()
    }

    /// What was lost, with how sure that is.
    pub(super) fn harm_words(&self) -> String {
        if self.language() == Language::Chinese {
            return self.chinese_harm();
        }
        let taken = match self.harm.accepted {
            Some(false) => "the RST was outside what its receiver accepts: it should have had no effect; ",
            Some(true) | None => "",
        };
        let lost = |side: &str, bytes: Option<u64>, surely: u64| {
            let bytes = bytes.filter(|bytes| *bytes > 0)?;
            let more = if (1..bytes).contains(&surely) {
                format!(", of which {} for certain", grouped(surely))
            } else {
                String::new()
            };
            Some(format!("{} octets from {side}{more}", grouped(bytes)))
        };
        let both = [
            lost("the client", self.harm.lost_client_bytes, self.harm.surely_client_bytes),
            lost("the server", self.harm.lost_server_bytes, self.harm.surely_server_bytes),
        ];
        let both: alloc::vec::Vec<_> = both.into_iter().flatten().collect();
        let what = match self.harm.certainty {
            Certainty::None => "no data was lost".to_string(),
            Certainty::Exact => format!("lost: {}", both.join(" and ")),
            Certainty::AtMost => format!("lost at most: {}", both.join(" and ")),
            Certainty::AtLeast => format!("lost at least: {}", both.join(" and ")),
            Certainty::Unknown if !self.outcome.has_frames() => "how much data was lost is not known".to_string(),
            Certainty::Unknown => "how much data was lost cannot be seen in this capture".to_string(),
        };
        format!("{taken}{what}")
    }
}

impl Explanation<'_> {
    fn chinese_harm(&self) -> String {
        let taken = match self.harm.accepted {
            Some(false) => "RST 落在接收方的接受范围之外，本不应起作用；",
            Some(true) | None => "",
        };
        let lost = |side: &str, bytes: Option<u64>, surely: u64| {
            let bytes = bytes.filter(|bytes| *bytes > 0)?;
            let certain = (1..bytes).contains(&surely);
            let more =
                if certain { format!("（其中 {} 字节可以确定）", grouped(surely)) } else { String::new() };
            Some(format!("{side}发送的 {} 字节{more}", grouped(bytes)))
        };
        let both = [
            lost("客户端", self.harm.lost_client_bytes, self.harm.surely_client_bytes),
            lost("服务端", self.harm.lost_server_bytes, self.harm.surely_server_bytes),
        ];
        let both = both.into_iter().flatten().collect::<alloc::vec::Vec<_>>().join("和");
        let what = match self.harm.certainty {
            Certainty::None => "没有丢失数据".to_string(),
            Certainty::Exact => format!("丢失：{both}"),
            Certainty::AtMost => format!("最多丢失：{both}"),
            Certainty::AtLeast => format!("至少丢失：{both}"),
            Certainty::Unknown if !self.outcome.has_frames() => "丢失了多少数据不得而知".to_string(),
            Certainty::Unknown => "丢失了多少数据，从这份抓包看不出来".to_string(),
        };
        format!("{taken}{what}")
    }
}

/// An unknown need or support is worth capturing; an unknown refutation would only add doubt.
fn worth_asking(evidence: &Evidence) -> bool {
    evidence.answer == Answer::Unknown
        && evidence.role != Role::Refutes
        && !is_rarely_answered(evidence.question)
        && !asks_for_other_resets(evidence.question)
}

/// The innermost kernel functions, without the trace's own.
fn via(stack: &[String], language: Language) -> String {
    let names: alloc::vec::Vec<&str> = stack.iter().map(String::as_str).take(4).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("{}{}", language.pick(", from ", "，调用路径 "), names.join(" < "))
    }
}

/// A label on the left, items on the right.
struct Section {
    label: &'static str,
    style: Style,
}

impl Section {
    const fn new(label: &'static str, style: Style) -> Self {
        Self { label, style }
    }

    fn item(&mut self, text: &str, out: &mut String) -> fmt::Result {
        let hang = if text.starts_with(|first: char| first.is_ascii_digit()) && text.contains(". ") { 3 } else { 2 };
        let label = core::mem::take(&mut self.label);
        let Some((line, rest)) = first_line(text, WIDTH - LABEL) else { return Ok(()) };
        writeln!(out, "  {}{line}", self.style.paint(Part::Label, padded(label, LABEL - 2)))?;
        // Continuation lines hang, so that items stay apart without bullets.
        for line in wrap(rest, WIDTH - LABEL - hang) {
            writeln!(out, "{:LABEL$}{:hang$}{line}", "", "")?;
        }
        Ok(())
    }
}
