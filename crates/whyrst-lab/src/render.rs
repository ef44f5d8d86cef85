//! A played scenario as a page of plain text, as wide as its reader's terminal: the story, the ladder of both
//! ends with the calls of the actors, what the kernel said, what each step of the verdicts answers first, and the
//! article's claim beside what was measured.

use std::fmt::Write;

use whyrst_core::language::Language;
use whyrst_core::report::layout::{columns, padded, wrap};
use whyrst_core::report::words::confidence;
use whyrst_core::verdict::Judgement;

use self::measures::fill_in;
use crate::scenario::{ArticleClaim, Finding};
use crate::{EndJudged, Judged, Played, Wiring};

mod ladder;
pub(crate) mod measures;
mod notation;

/// How a page is to look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    width: usize,
    language: Language,
}

impl Page {
    /// Two clocks and a segment between them need so much.
    const NARROWEST: usize = 60;
    /// Nobody reads longer lines.
    pub const WIDEST: usize = 120;
    /// Columns where the texts begin.
    const LABEL: usize = 11;

    /// For a terminal of so many columns, in this language. Stories and claims of scenarios are English in both.
    pub fn new(columns: usize, language: Language) -> Self {
        Self { width: columns.clamp(Self::NARROWEST, Self::WIDEST), language }
    }

    const fn pick(self, english: &'static str, chinese: &'static str) -> &'static str {
        self.language.pick(english, chinese)
    }

    /// `text` behind a label.
    fn labelled(self, out: &mut String, label: &str, text: &str) {
        self.paragraph(out, &padded(&format!("  {label}"), Self::LABEL), Self::LABEL, text);
    }

    /// Wraps `text` behind `first`, and behind `indent` blanks from the second line on.
    fn paragraph(self, out: &mut String, first: &str, indent: usize, text: &str) {
        let mut before = first.to_owned();
        for line in wrap(text, self.width.saturating_sub(indent)) {
            let _ = writeln!(out, "{before}{line}");
            before = " ".repeat(indent);
        }
    }
}

/// The page. It ends with a newline and holds no control characters but newlines.
pub fn render(played: &Played, judged: &Judged, page: Page) -> String {
    let mut out = String::new();
    let id = format!("{}  ", played.scenario.id);
    page.paragraph(&mut out, &id, columns(&id), played.scenario.story);
    out.push('\n');
    out.push_str(&ladder::ladder(played, page.width));
    out.push('\n');
    page.labelled(&mut out, page.pick("kernel", "内核"), &kernel(played, page));
    verdicts(&mut out, judged, page);
    if let Wiring::Veth { because } = &played.wiring {
        let veth = page.pick("veth pairs instead of TUN devices: ", "用 veth 对代替 TUN 设备：");
        page.labelled(&mut out, page.pick("wire", "线路"), &format!("{veth}{because}"));
    }
    if let Some(claim) = &played.scenario.article {
        article(&mut out, played, claim, page);
    }
    for disturbance in &played.earlier_attempts {
        let again = page.pick("played again: the machine was too busy the time before", "重放：上一次机器太忙");
        page.labelled(&mut out, page.pick("note", "注意"), &format!("{again} ({disturbance})"));
    }
    for disagreement in &judged.disagreements {
        page.labelled(&mut out, page.pick("FAILED", "失败"), disagreement);
    }
    if let (Some(disturbance), false) = (&played.disturbance, judged.passed()) {
        let busy = page.pick("this machine is too busy for a fair test: ", "机器太忙，测试不公平：");
        page.labelled(&mut out, page.pick("note", "注意"), &format!("{busy}{disturbance}"));
    }
    out
}

fn article(out: &mut String, played: &Played, claim: &ArticleClaim, page: Page) {
    let finding = match claim.finding {
        Finding::Holds => page.pick("this holds: ", "属实："),
        Finding::HoldsCorrected => page.pick("this holds, with a correction: ", "属实，但需更正："),
        Finding::DoesNotHold => page.pick("on Linux this does not hold: ", "在 Linux 上不成立："),
    };
    page.labelled(out, page.pick("article", "文章"), &format!("{}{}", page.pick("says: ", "说："), claim.says));
    page.labelled(out, page.pick("here", "实测"), &format!("{finding}{}", fill_in(played, claim.measured)));
}

/// Each reset that a kernel reported, with the state of its socket.
fn kernel(played: &Played, page: Page) -> String {
    let recording = match &played.kernel {
        Ok(recording) => recording,
        Err(reason) => return reason.clone(),
    };
    let stop = page.pick("; ", "；");
    let mut parts: Vec<String> = Vec::new();
    for reset in &recording.resets {
        let no_socket = reset.state == "UNKNOWN";
        let state =
            if no_socket { page.pick("no socket", "无套接字").into() } else { reset.state.replace("TCP_", "") };
        let sent = page.pick("sent a RST:", "发出 RST：");
        parts.push(format!("{} {sent} {} ({state})", reset.local, reset.reason_name));
    }
    if recording.resets.is_empty() {
        parts.push(
            page.pick("it was asked, and no kernel sent a RST of its own", "问过了，没有内核自己发出 RST").into(),
        );
    }
    if recording.lost > 0 {
        let lost = page.pick("events were lost, so silence means nothing", "个事件丢失，沉默不说明任何事");
        parts.push(format!("{} {lost}", recording.lost));
    }
    parts.join(stop)
}

/// What each capture leads to, said once when both lead to the same; each outcome on a line of its own.
fn verdicts(out: &mut String, judged: &Judged, page: Page) {
    let [client, server] = judged.ends.each_ref().map(|end| of_end(end, page));
    let label = page.pick("verdict", "结论");
    if client == server {
        page.labelled(out, label, &format!("{}{client}", page.pick("either end: ", "两端：")));
    } else {
        page.labelled(out, label, &format!("{}{client}", page.pick("client: ", "客户端：")));
        page.labelled(out, "", &format!("{}{server}", page.pick("server: ", "服务端：")));
    }
}

/// One entry for equal ones in a row.
fn of_end(end: &EndJudged, page: Page) -> String {
    let mut verdicts: Vec<String> = end.outcomes.iter().map(|(_, judgement)| steps(judgement, page)).collect();
    verdicts.dedup();
    if verdicts.is_empty() {
        page.pick("no reset", "没有重置").into()
    } else {
        verdicts.join(page.pick("; ", "；"))
    }
}

/// Family, mechanism with the open others, and reasons: `aborted (certain), close-unread (possible; open:
/// exit-unread), early-answer (likely)`.
fn steps(judgement: &Judgement, page: Page) -> String {
    let sure = |how| confidence(how, page.language);
    let mut steps: Vec<String> = Vec::new();
    steps.extend(judgement.shape.map(|shape| format!("{} ({})", shape.family, sure(shape.confidence))));
    match &judgement.mechanism {
        Some(how) => {
            let others: Vec<&str> = how.open.iter().map(|other| other.id).collect();
            let open = if others.is_empty() {
                String::new()
            } else {
                format!("{}{}", page.pick("; open: ", "；待定："), others.join(", "))
            };
            steps.push(format!("{} ({}{open})", how.cause.id, sure(how.confidence)));
        }
        None => steps.push(page.pick("unexplained", "无法解释").into()),
    }
    let reasons = judgement.reasons.iter();
    steps.extend(reasons.map(|reason| format!("{} ({})", reason.cause.id, sure(reason.confidence))));
    steps.join(page.pick(", ", "，"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_never_exceeds_the_width_and_loses_no_word() {
        for width in [60, 80, 120] {
            let page = Page::new(width, Language::English);
            let mut out = String::new();
            page.labelled(&mut out, "says", &"word ".repeat(60));
            assert!(out.lines().all(|line| line.len() <= width), "{out}");
            assert!(out.lines().skip(1).all(|line| line.starts_with("           word")));
            assert_eq!(out.matches("word").count(), 60);
        }
    }

    #[test]
    fn labels_stand_in_columns_in_chinese_too() {
        let page = Page::new(80, Language::Chinese);
        let mut out = String::new();
        page.labelled(&mut out, page.pick("verdict", "结论"), &"两端都没有重置，".repeat(20));
        assert!(out.starts_with("  结论     两端"), "{out}");
        assert!(out.lines().all(|line| columns(line) <= 80), "{out}");
    }

    #[test]
    fn a_page_is_neither_wider_nor_narrower_than_can_be_read() {
        assert_eq!(Page::new(20, Language::English).width, 60);
        assert_eq!(Page::new(400, Language::English).width, 120);
    }
}
