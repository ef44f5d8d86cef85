//! A reset beside the lab's recorded run of its cause, row by row: the proof that the cause leaves these packets, and
//! where the two differ.
//!
//! Bursts are one row, as on a screen of text; how many bytes an application wrote is its own business and no
//! difference. What a RST carries is: its place in the sequence numbers, whether it acknowledges, its window, its TTL.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write};

use whyrst_model::Report;
use whyrst_model::beside::{Beside, Comparison, PacketRow, SignRow};
use whyrst_model::report::{KernelReport, Rung, SegmentRung};
use whyrst_model::vocabulary::{AnswerWord, End};

use super::layout::{columns, padded, wrap};
use super::style::{Part, Style};
use crate::language::Language;
use crate::segment::Flags;
use crate::time::Span;

/// Silence is a row of its own from here on.
const SILENCE: Span = Span::from_secs(1);

/// What the lab recorded of one scenario, explained as any capture is.
#[derive(Clone, PartialEq, Debug)]
pub struct LabRun {
    /// The cause that it plays.
    pub cause: &'static str,
    /// `whyrst lab run` takes it.
    pub scenario: &'static str,
    /// What happens in it, as a sentence.
    pub story: &'static str,
    /// What was made of its capture, with what a page shows.
    pub report: Report<'static>,
}

/// The causes whose run may stand beside it, the leading one first: where the lab cannot play why somebody did it, it
/// plays how.
pub fn wanted<'a>(report: &'a Report<'_>) -> impl Iterator<Item = &'a str> {
    let mechanism = report.mechanism.as_ref().map(|how| how.cause.as_str());
    core::iter::once(report.verdict.cause.as_str()).chain(mechanism)
}

/// `yours` beside the lab's run of its leading cause. Both come with what a page shows, in the same language.
pub fn beside(yours: &Report<'_>, lab: &LabRun, language: Language) -> Beside {
    let side_of = |report: &Report<'_>| report.family.as_ref().map(|family| family.by);
    let mirrored = side_of(yours).zip(side_of(&lab.report)).is_some_and(|(one, other)| one != other);
    let words = Words { language };
    Beside {
        cause: lab.cause.to_owned(),
        scenario: lab.scenario.to_owned(),
        story: lab.story.to_owned(),
        mirrored,
        packets: packet_rows(words, yours, &lab.report, mirrored),
        signs: sign_rows(words, yours, &lab.report),
    }
}

/// What a row is, whatever its numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Syn,
    SynAck,
    Data,
    Again,
    Ack,
    ZeroWindow,
    Fin,
    Rst,
    Silence,
}

impl Kind {
    fn of(rung: &SegmentRung<'_>) -> Self {
        let has = |flag| rung.flags.has(flag);
        match () {
            () if has(Flags::RST) => Self::Rst,
            () if has(Flags::SYN) && has(Flags::ACK) => Self::SynAck,
            () if has(Flags::SYN) => Self::Syn,
            () if has(Flags::FIN) => Self::Fin,
            () if rung.win == 0 => Self::ZeroWindow,
            () if rung.len > 0 && !rung.notes.is_empty() => Self::Again,
            () if rung.len > 0 => Self::Data,
            () => Self::Ack,
        }
    }

    /// How much it matters that such rows stand beside each other.
    const fn weight(self) -> u32 {
        match self {
            Self::Rst => 16,
            Self::Syn | Self::SynAck | Self::Fin => 6,
            Self::ZeroWindow | Self::Again | Self::Silence => 4,
            Self::Data => 3,
            Self::Ack => 1,
        }
    }

    const fn folds(self) -> bool {
        matches!(self, Self::Data | Self::Ack)
    }
}

/// Packets of one end in a row that say the same.
#[derive(Clone, Debug)]
struct Line<'a> {
    kind: Kind,
    from: Option<End>,
    rung: Option<&'a SegmentRung<'a>>,
    frames: u32,
    bytes: u64,
    pause: Span,
    facts: Vec<Fact>,
}

/// What a RST is beside its numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fact {
    Acknowledges(Covers),
    AtNumber(Place),
    Offers(Room),
    Hops(Hops),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Covers {
    Everything,
    Less,
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Next,
    Zero,
    Elsewhere,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Room {
    None,
    Some,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hops {
    AsItsSender,
    Others,
}

/// What both ends have sent so far, by what the rungs show.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    next: [Option<u32>; 2],
    ttl: [Option<u8>; 2],
}

const fn index(end: End) -> usize {
    match end {
        End::Client => 0,
        End::Server => 1,
    }
}

const fn other(end: End) -> End {
    match end {
        End::Client => End::Server,
        End::Server => End::Client,
    }
}

impl Sent {
    fn note(&mut self, rung: &SegmentRung<'_>) {
        let at = index(rung.from);
        let control = u32::from(rung.flags.has(Flags::SYN)) + u32::from(rung.flags.has(Flags::FIN));
        let end = rung.seq_rel.wrapping_add(rung.len).wrapping_add(control);
        self.next[at] = Some(self.next[at].map_or(end, |known| known.max(end)));
        self.ttl[at] = rung.ttl;
    }

    fn facts(&self, rst: &SegmentRung<'_>) -> Vec<Fact> {
        let (own, peer) = (index(rst.from), index(other(rst.from)));
        let covers = match (rst.ack_rel, self.next[peer]) {
            (None, _) => Some(Covers::Nothing),
            (Some(ack), Some(next)) if ack >= next => Some(Covers::Everything),
            (Some(_), Some(_)) => Some(Covers::Less),
            (Some(_), None) => None,
        };
        let place = match (rst.seq_rel, self.next[own]) {
            (seq, Some(next)) if seq == next => Some(Place::Next),
            (0, _) => Some(Place::Zero),
            (_, Some(_)) => Some(Place::Elsewhere),
            (_, None) => None,
        };
        let hops = self.ttl[own].zip(rst.ttl);
        let hops = hops.map(|(ttl, of_rst)| if ttl == of_rst { Hops::AsItsSender } else { Hops::Others });
        let room = if rst.win == 0 { Room::None } else { Room::Some };
        let facts =
            [covers.map(Fact::Acknowledges), place.map(Fact::AtNumber), Some(Fact::Offers(room)), hops.map(Fact::Hops)];
        facts.into_iter().flatten().collect()
    }
}

fn lines<'a>(report: &'a Report<'_>) -> Vec<Line<'a>> {
    let rungs = report.page.iter().flat_map(|page| page.ladder.iter().flatten());
    let (mut lines, mut sent, mut before): (Vec<Line<'_>>, Sent, Option<i64>) = (Vec::new(), Sent::default(), None);
    for rung in rungs {
        let Rung::Segment(rung) = rung else {
            before = None;
            continue;
        };
        let pause = Span::from_nanos(before.map_or(0, |before| rung.ns - before));
        before = Some(rung.ns);
        if pause >= SILENCE {
            let silence =
                Line { kind: Kind::Silence, from: None, rung: None, frames: 0, bytes: 0, pause, facts: Vec::new() };
            lines.push(silence);
        }
        let kind = Kind::of(rung);
        let facts = if kind == Kind::Rst { sent.facts(rung) } else { Vec::new() };
        // A RST may be anybody's: it says nothing of its sender.
        if kind != Kind::Rst {
            sent.note(rung);
        }
        match lines.last_mut() {
            Some(last) if kind.folds() && last.kind == kind && last.from == Some(rung.from) => {
                last.frames += 1;
                last.bytes += u64::from(rung.len);
                last.rung = Some(rung);
            }
            _ => lines.push(Line {
                kind,
                from: Some(rung.from),
                rung: Some(rung),
                frames: 1,
                bytes: rung.len.into(),
                pause: Span::ZERO,
                facts,
            }),
        }
    }
    lines
}

/// Whether two rows may stand beside each other.
fn pairs(yours: &Line<'_>, lab: &Line<'_>, mirrored: bool) -> bool {
    // The handshake is the client's and the server's own, whoever sends the RST.
    let opening = matches!(yours.kind, Kind::Syn | Kind::SynAck);
    let from = if mirrored && !opening { lab.from.map(other) } else { lab.from };
    yours.kind == lab.kind && yours.from == from
}

/// The pairs of rows that together weigh most, each list in its order (a longest common subsequence).
fn alignment(yours: &[Line<'_>], lab: &[Line<'_>], mirrored: bool) -> Vec<(Option<usize>, Option<usize>)> {
    let width = lab.len() + 1;
    let mut best = alloc::vec![0_u32; (yours.len() + 1) * width];
    let at = |one: usize, two: usize| one * width + two;
    for one in (0..yours.len()).rev() {
        for two in (0..lab.len()).rev() {
            let skipped = best[at(one + 1, two)].max(best[at(one, two + 1)]);
            let paired =
                pairs(&yours[one], &lab[two], mirrored).then(|| best[at(one + 1, two + 1)] + yours[one].kind.weight());
            best[at(one, two)] = paired.map_or(skipped, |paired| paired.max(skipped));
        }
    }
    let (mut one, mut two, mut rows) = (0, 0, Vec::new());
    while one < yours.len() || two < lab.len() {
        let both = one < yours.len() && two < lab.len() && pairs(&yours[one], &lab[two], mirrored);
        if both && best[at(one, two)] == best[at(one + 1, two + 1)] + yours[one].kind.weight() {
            rows.push((Some(one), Some(two)));
            (one, two) = (one + 1, two + 1);
        } else if two == lab.len() || one < yours.len() && best[at(one + 1, two)] >= best[at(one, two + 1)] {
            rows.push((Some(one), None));
            one += 1;
        } else {
            rows.push((None, Some(two)));
            two += 1;
        }
    }
    rows
}

fn packet_rows(words: Words, yours: &Report<'_>, lab: &Report<'_>, mirrored: bool) -> Vec<PacketRow> {
    let (yours, lab) = (lines(yours), lines(lab));
    // Without packets of its own nothing stands beside the lab's.
    if yours.is_empty() {
        return Vec::new();
    }
    let rows = alignment(&yours, &lab, mirrored).into_iter();
    rows.map(|(one, two)| {
        let (one, two) = (one.map(|at| &yours[at]), two.map(|at| &lab[at]));
        let differs = one.zip(two).map_or_else(Vec::new, |(one, two)| words.differences(one, two));
        let comparison = match (one, two) {
            (Some(_), Some(_)) if differs.is_empty() => Comparison::Equal,
            (Some(_), Some(_)) => Comparison::Different,
            (Some(_), None) => Comparison::OnlyYours,
            (None, _) => Comparison::OnlyLab,
        };
        PacketRow {
            comparison,
            from: one.or(two).and_then(|line| line.from),
            frame: one.and_then(|line| line.rung).map(|rung| rung.frame),
            yours: one.map(|line| words.line(line)),
            lab: two.map(|line| words.line(line)),
            differs,
        }
    })
    .collect()
}

/// What the kernel says, and what the rule asks of the packets.
fn sign_rows(words: Words, yours: &Report<'_>, lab: &Report<'_>) -> Vec<SignRow> {
    let kernel = lab.kernel.as_ref().map(|known| {
        let comparison = match &yours.kernel {
            None => Comparison::Unknown,
            Some(own) if own.reason == known.reason => Comparison::Equal,
            Some(_) => Comparison::Different,
        };
        SignRow { comparison, yours: words.kernel(yours.kernel.as_ref()), lab: words.kernel(Some(known)) }
    });
    let asked = lab.evidence.iter().filter(|one| one.question.as_str() != "kernel-reason");
    let answered = asked.map(|one| {
        let own = yours.evidence.iter().find(|own| own.question == one.question);
        let comparison = match own {
            None => Comparison::Unknown,
            Some(own) if own.answer == AnswerWord::Unknown => Comparison::Unknown,
            Some(own) if own.answer == one.answer => Comparison::Equal,
            Some(_) => Comparison::Different,
        };
        let yours = own.map_or_else(|| words.not_known().to_owned(), |own| own.text.to_string());
        SignRow { comparison, yours, lab: one.text.to_string() }
    });
    kernel.into_iter().chain(answered).collect()
}

/// How all of that is said.
#[derive(Clone, Copy, Debug)]
struct Words {
    language: Language,
}

impl Words {
    fn line(self, line: &Line<'_>) -> String {
        let Some(rung) = line.rung else { return self.silence(line.pause) };
        if line.frames == 1 {
            return rung.text.to_string();
        }
        let (frames, bytes) = (line.frames, line.bytes);
        match (line.kind, self.language) {
            (Kind::Data, Language::English) => format!("{bytes} bytes ({frames} frames)"),
            (Kind::Data, Language::Chinese) => format!("{bytes} 字节（{frames} 帧）"),
            (_, Language::English) => format!("{} ({frames} frames)", rung.text),
            (_, Language::Chinese) => format!("{}（{frames} 帧）", rung.text),
        }
    }

    fn silence(self, pause: Span) -> String {
        match self.language {
            Language::English => format!("{pause} of silence"),
            Language::Chinese => format!("{pause} 没有任何报文"),
        }
    }

    /// Facts that both know and that are not the same.
    fn differences(self, yours: &Line<'_>, lab: &Line<'_>) -> Vec<String> {
        let same_kind = |one: &Fact, two: &Fact| core::mem::discriminant(one) == core::mem::discriminant(two);
        let known = |fact: &Fact| lab.facts.iter().find(|other| same_kind(fact, other)).copied();
        let pairs = yours.facts.iter().filter_map(|fact| Some((*fact, known(fact)?)));
        pairs
            .filter(|(one, two)| one != two)
            .map(|(one, two)| match self.language {
                Language::English => format!("yours {}; the lab's {}", self.fact(one), self.fact(two)),
                Language::Chinese => format!("您的{}；实验的{}", self.fact(one), self.fact(two)),
            })
            .collect()
    }

    const fn fact(self, fact: Fact) -> &'static str {
        match fact {
            Fact::Acknowledges(Covers::Everything) => {
                self.language.pick("acknowledges all that was sent", "确认了发来的全部数据")
            }
            Fact::Acknowledges(Covers::Less) => {
                self.language.pick("acknowledges less than was sent", "没有确认发来的全部数据")
            }
            Fact::Acknowledges(Covers::Nothing) => self.language.pick("acknowledges nothing", "不带确认号"),
            Fact::AtNumber(Place::Next) => {
                self.language.pick("stands at its sender's next number", "位于发送方的下一个序号")
            }
            Fact::AtNumber(Place::Zero) => self.language.pick("has the number 0", "序号为 0"),
            Fact::AtNumber(Place::Elsewhere) => {
                self.language.pick("stands elsewhere in the numbers", "不在发送方的下一个序号")
            }
            Fact::Offers(Room::None) => self.language.pick("has window 0", "窗口为 0"),
            Fact::Offers(Room::Some) => self.language.pick("offers a window", "带有窗口"),
            Fact::Hops(Hops::AsItsSender) => {
                self.language.pick("has the TTL of its sender's packets", "TTL 与发送方的其他报文相同")
            }
            Fact::Hops(Hops::Others) => {
                self.language.pick("has another TTL than its sender's packets", "TTL 与发送方的其他报文不同")
            }
        }
    }

    fn kernel(self, kernel: Option<&KernelReport<'_>>) -> String {
        let Some(kernel) = kernel else {
            return self.language.pick("kernel: not asked", "内核：没有询问").to_owned();
        };
        let none = self.language.pick("sent no such RST", "没有发过这样的 RST");
        let reason = kernel.reason.as_ref().map_or(none, |reason| reason.as_str());
        let call = kernel.stack.iter().find_map(|name| name.strip_prefix("__x64_sys_").map(ToOwned::to_owned));
        let call = call.map_or_else(String::new, |call| format!(", {call}()"));
        format!("{}{reason}{call}", self.language.pick("kernel: ", "内核："))
    }

    const fn not_known(self) -> &'static str {
        self.language.pick("not known", "不得而知")
    }

    fn heading(self, beside: &Beside) -> String {
        let Beside { scenario, story, .. } = beside;
        match self.language {
            Language::English => format!("beside the lab's run of {scenario}: {story}"),
            Language::Chinese => format!("与实验 {scenario} 对照：{story}"),
        }
    }
}

/// Columns of the mark and what stands between the two columns.
const MARK: usize = 4;
const BETWEEN: usize = 2;

/// The comparison for a terminal, at most `width` columns.
pub fn text(beside: &Beside, language: Language, style: Style, width: usize) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    write(beside, Words { language }, style, width, &mut out).unwrap_or_default();
    out
}

fn write(beside: &Beside, words: Words, style: Style, width: usize, out: &mut String) -> fmt::Result {
    let language = words.language;
    for line in wrap(&words.heading(beside), width) {
        writeln!(out, "{}", style.paint(Part::Heading, line))?;
    }
    if beside.mirrored {
        let told = language.pick(
            "in the lab the other end sends the RST: its arrows are turned round here",
            "实验中由另一端发出 RST：这里已把箭头调换",
        );
        wrap(told, width).try_for_each(|line| writeln!(out, "{}", style.paint(Part::Dim, line)))?;
    }
    let column = width.saturating_sub(MARK + BETWEEN) / 2;
    let head = format!(
        "{:MARK$}{}  {}",
        "",
        padded(language.pick("yours", "您的"), column),
        language.pick("the lab's", "实验的")
    );
    writeln!(out, "{}", style.paint(Part::Label, head.trim_end()))?;
    for row in &beside.packets {
        let cell =
            |text: &Option<String>| text.as_ref().map_or_else(String::new, |text| arrow(row.from).to_owned() + text);
        write_row(row.comparison, &cell(&row.yours), &cell(&row.lab), style, column, out)?;
        for line in row.differs.iter().flat_map(|text| wrap(text, width.saturating_sub(MARK + 6))) {
            writeln!(out, "{:1$}{line}", "", MARK + 6)?;
        }
    }
    if !beside.signs.is_empty() {
        out.push('\n');
    }
    beside.signs.iter().try_for_each(|row| write_row(row.comparison, &row.yours, &row.lab, style, column, out))?;
    let again = format!("whyrst lab run {}", beside.scenario);
    let told = match language {
        Language::English => format!("see it happen: {again}"),
        Language::Chinese => format!("亲自重现：{again}"),
    };
    wrap(&told, width).try_for_each(|line| writeln!(out, "{}", style.paint(Part::Dim, line)))?;
    out.write_char('\n')
}

const fn arrow(from: Option<End>) -> &'static str {
    match from {
        Some(End::Client) => "--> ",
        Some(End::Server) => "<-- ",
        None => "... ",
    }
}

/// One row, on as many lines as the longer of its two texts takes.
fn write_row(
    comparison: Comparison,
    yours: &str,
    lab: &str,
    style: Style,
    column: usize,
    out: &mut String,
) -> fmt::Result {
    let (mark, part) = match comparison {
        Comparison::Equal => (" =", None),
        Comparison::Different => ("!=", Some(Part::Weak)),
        Comparison::OnlyYours => (" +", Some(Part::Weak)),
        Comparison::OnlyLab => (" -", Some(Part::Weak)),
        Comparison::Unknown => (" ?", Some(Part::Dim)),
    };
    let [mut yours, mut lab] = [yours, lab].map(|text| wrap(text, column).collect::<Vec<_>>().into_iter());
    let mut mark = padded(mark, MARK);
    loop {
        let (one, two) = (yours.next(), lab.next());
        if one.is_none() && two.is_none() {
            return Ok(());
        }
        let one = one.unwrap_or_default();
        let gap = " ".repeat(column.saturating_sub(columns(one)) + BETWEEN);
        let line = format!("{mark}{one}{gap}{}", two.unwrap_or_default());
        match part {
            Some(part) => writeln!(out, "{}", style.paint(part, line.trim_end()))?,
            None => writeln!(out, "{}", line.trim_end())?,
        }
        mark = " ".repeat(MARK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::RstReason;
    use crate::report::{Context, Explanation, json};
    use crate::testing::{conversation, sent};

    const OPENED: &str = "0.000 C > S S 0:0(0)\n+0.001 C < S SA 0:0(0) ack 1\n+0.0001 C > S A 1:1(0) ack 1\n";
    const UNREAD: &str = "+0.01 C > S PA 1:5001(5000) ack 1\n+0.001 C < S A 1:1(0) ack 5001\n";

    fn report_of(text: &str, language: Language) -> Report<'static> {
        let mut outcome = conversation(&(OPENED.to_owned() + text)).outcome();
        if text.contains("ack 5001 win 75") {
            outcome.note_kernel(sent(RstReason::TcpAbortOnClose, &["__tcp_close", "__x64_sys_close"]));
        }
        let context = Context { files: Vec::new(), zone: jiff::tz::TimeZone::UTC, language };
        json::page_record(&Explanation::new(&outcome, &context), 1).into_owned()
    }

    fn compared(yours: &str, language: Language) -> Beside {
        let lab = UNREAD.to_owned() + "+0.001 C < S RA 1:1(0) ack 5001 win 75\n";
        let lab = LabRun {
            cause: "close-unread",
            scenario: "close-unread",
            story: "A story.",
            report: report_of(&lab, language),
        };
        beside(&report_of(yours, language), &lab, language)
    }

    fn comparisons(beside: &Beside) -> Vec<Comparison> {
        beside.packets.iter().map(|row| row.comparison).collect()
    }

    #[test]
    fn how_much_was_written_is_no_difference() {
        let yours = "+0.01 C > S PA 1:101(100) ack 1\n+0.01 C > S PA 101:201(100) ack 1\n+0.001 C < S A 1:1(0) ack 201\n\
                     +0.001 C < S RA 1:1(0) ack 201 win 501\n";
        let told = compared(yours, Language::English);
        assert!(comparisons(&told).iter().all(|one| *one == Comparison::Equal), "{told:#?}");
        assert_eq!(told.packets[3].yours.as_deref(), Some("200 bytes (2 frames)"));
    }

    #[test]
    fn a_reset_that_acknowledges_nothing_differs_and_says_how() {
        let yours = UNREAD.to_owned() + "+0.001 C < S R 1:1(0) win 0 ttl 50\n";
        let told = compared(&yours, Language::English);
        let rst = told.packets.last().expect("a row");
        assert_eq!(rst.comparison, Comparison::Different);
        assert!(rst.differs.iter().any(|text| text.contains("acknowledges nothing")), "{:?}", rst.differs);
        assert!(rst.differs.iter().any(|text| text.contains("another TTL")), "{:?}", rst.differs);
    }

    #[test]
    fn what_only_one_of_the_two_has_is_marked_and_the_reset_stays_beside_the_reset() {
        let yours = "+0.01 C > S PA 1:101(100) ack 1\n+0.001 C < S A 1:1(0) ack 101 win 0\n\
                     +60 C < S RA 1:1(0) ack 101 win 0\n";
        let told = compared(yours, Language::English);
        let find = |wanted: &str| {
            let has = |row: &&PacketRow| row.yours.as_ref().is_some_and(|text| text.contains(wanted));
            told.packets.iter().find(has).expect(wanted)
        };
        assert_eq!(find("silence").comparison, Comparison::OnlyYours);
        assert!(find("RST").lab.as_ref().is_some_and(|text| text.contains("RST")));
    }

    #[test]
    fn the_kernel_that_nobody_asked_is_unknown_and_never_different() {
        let told = compared(&(UNREAD.to_owned() + "+0.001 C < S RA 1:1(0) ack 5001\n"), Language::English);
        assert_eq!(told.signs[0].comparison, Comparison::Unknown);
        assert_eq!(told.signs[0].lab, "kernel: TCP_ABORT_ON_CLOSE, close()");
        let same = compared(&(UNREAD.to_owned() + "+0.001 C < S RA 1:1(0) ack 5001 win 75\n"), Language::English);
        assert_eq!(same.signs[0].comparison, Comparison::Equal);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for language in Language::ALL {
            for width in [60, 80, 120] {
                let yours = UNREAD.to_owned() + "+0.001 C < S R 1:1(0)\n";
                let told = text(&compared(&yours, language), language, Style::Plain, width);
                assert!(told.lines().all(|line| columns(line) <= width), "{width}: {told}");
                let words: Vec<&str> = told.split_whitespace().collect();
                assert!(words.join(" ").contains("whyrst lab run close-unread"), "{told}");
            }
        }
    }
}
