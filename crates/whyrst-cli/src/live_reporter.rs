//! What `watch` and `run` have in common: a reset that the kernel reports is judged, written, counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use nix::unistd::gethostname;
use whyrst_core::deaths::Deaths;
use whyrst_core::language::Language;
use whyrst_core::outcome::{Basis, Outcome};
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::live_line::{self, LineNotes, More};
use whyrst_core::report::style::Style;
use whyrst_core::report::text::{Ladder, View};
use whyrst_core::report::{Context, Explanation, json, markdown, text, words};
use whyrst_core::time::{Span, Timestamp};
use whyrst_core::verdict::Confidence;
use whyrst_model::summary::CauseCount;
use whyrst_model::watch::{NamespaceReport, WatchReport, WatchSchema};
use whyrst_probe::{Live, LiveEvent, Missing, OutRsts, SocketReset};
use whyrst_telemetry::{HostTotals, Record, Telemetry};

use crate::args::{Common, Format};
use crate::output;
use crate::tui::Entry;

/// How resets are written.
#[derive(Debug)]
pub(crate) struct LiveReporter {
    format: Format,
    verbose: bool,
    view: View,
    style: Style,
    host: String,
    context: Context,
    tally: Tally,
    pace: Pace,
    before: OutRsts,
    /// How others ended, for whoever ends next.
    deaths: Deaths,
    sinks: Option<Sinks>,
}

/// Where resets go beside the terminal, and in which language.
#[derive(Debug)]
struct Sinks {
    telemetry: Telemetry,
    context: Context,
    updated: Instant,
}

/// How often totals are read: one of them is a map of the kernel's.
const TOTALS_EVERY: Duration = Duration::from_secs(1);

/// How many of what.
#[derive(Debug, Default)]
struct Tally {
    causes: BTreeMap<(&'static str, Confidence), u64>,
    shown: u64,
    others: u64,
}

impl LiveReporter {
    pub(crate) fn new(live: &Live, format: Format, common: &Common, zone: TimeZone, language: Language) -> Self {
        let host = gethostname().map_or_else(|_| "localhost".into(), |name| name.to_string_lossy().into_owned());
        Self {
            format,
            verbose: common.verbose,
            view: View { width: output::columns(common), ..View::PIPED },
            style: output::style(common),
            host,
            context: Context { files: vec![String::new()], zone, language },
            tally: Tally::default(),
            pace: Pace::default(),
            before: live.out_rsts(),
            deaths: Deaths::default(),
            sinks: None,
        }
    }

    /// From now on resets that are shown also go to `telemetry`.
    pub(crate) fn pass_on(&mut self, telemetry: Telemetry, language: Language) {
        let context = Context { files: vec![String::new()], zone: TimeZone::UTC, language };
        self.sinks = Some(Sinks { telemetry, context, updated: Instant::now() });
    }

    /// What stands above the first line: the date and zone of its time.
    pub(crate) fn heading(&mut self, now: Timestamp) -> Option<String> {
        let has_lines = self.format == Format::Text && !self.verbose;
        has_lines.then(|| self.pace.date_of(&self.context, now)).flatten()
    }

    /// Takes over totals, now and then; what is to be said of the receivers.
    pub(crate) fn update_totals(&mut self, live: &Live) -> Vec<String> {
        let filtered = self.tally.others;
        let Some(sinks) = self.sinks.as_mut() else { return Vec::new() };
        if sinks.updated.elapsed() < TOTALS_EVERY {
            return Vec::new();
        }
        sinks.updated = Instant::now();
        sinks.telemetry.update_totals(totals(live, filtered));
        sinks.telemetry.remarks()
    }

    /// Flushes the telemetry sinks; what is to be said of it.
    pub(crate) fn finish(&mut self, live: &Live) -> Vec<String> {
        let Some(sinks) = self.sinks.take() else { return Vec::new() };
        sinks.telemetry.update_totals(totals(live, self.tally.others));
        sinks.telemetry.finish()
    }

    /// What `item` says, when `shows` wants it.
    pub(crate) fn item(&mut self, item: &LiveEvent, shows: impl Fn(&Explanation<'_>) -> bool) -> Option<String> {
        match item {
            LiveEvent::Reset(reset) => self.one(&mut reset.outcome(), reset.event.account.netns, &[], shows),
            LiveEvent::Folded(more) => {
                let netns = more.like.event.account.netns;
                self.more(&more.like.outcome(), netns, (more.count, more.within), shows)
            }
        }
    }

    /// What is to be said of one reset in the network namespace `netns`; one of `rules` may have made it.
    pub(crate) fn one(
        &mut self,
        outcome: &mut Outcome,
        netns: u32,
        rules: &[String],
        shows: impl Fn(&Explanation<'_>) -> bool,
    ) -> Option<String> {
        self.context.files[0] = format!("{}:{netns}", self.host);
        self.deaths.note(outcome);
        let report = Explanation::new(outcome, &self.context);
        self.tally.take(&report, 1, shows)?;
        pass_on(&mut self.sinks, &report, netns, 1);
        let ladder = if outcome.basis() == Basis::Sockets { Ladder::Hidden } else { Ladder::Shown };
        Some(match self.format {
            Format::Json => json::line_of(&report) + "\n",
            Format::Markdown => markdown::report_of(&report, ladder) + "\n",
            Format::Text if self.verbose => {
                let rules = rules.iter().map(|rule| format!("  a rule that answers so: {}\n", escape_name(rule)));
                text::report_of(&report, self.style, View { ladder, ..self.view }) + &rules.collect::<String>()
            }
            Format::Text => self.pace.dated(&report, self.style, LineNotes { rules, ..LineNotes::default() }),
        })
    }

    /// What is to be said of many that are like `outcome`: how many more, in how long.
    pub(crate) fn more(
        &mut self,
        outcome: &Outcome,
        netns: u32,
        (count, within): (u64, Span),
        shows: impl Fn(&Explanation<'_>) -> bool,
    ) -> Option<String> {
        self.context.files[0] = format!("{}:{netns}", self.host);
        let report = Explanation::new(outcome, &self.context);
        self.tally.take(&report, count, shows)?;
        pass_on(&mut self.sinks, &report, netns, count);
        if self.format == Format::Json {
            return Some(json::folded_line(outcome, &self.context, count) + "\n");
        }
        let more = More { count, within: Some(within) };
        Some(if self.format == Format::Markdown {
            markdown::verbatim(&live_line::line(
                &report,
                self.style,
                LineNotes { more: Some(more), ..LineNotes::default() },
            ))
        } else {
            self.pace.dated(&report, self.style, LineNotes { more: Some(more), ..LineNotes::default() })
        })
    }

    /// The whole report without colour or packets: for those who look at the packets themselves.
    pub(crate) fn comment(&self, outcome: &Outcome) -> String {
        text::report(outcome, &self.context, Style::Plain, View { ladder: Ladder::Hidden, ..View::PIPED })
            .trim_end()
            .to_owned()
    }

    /// The same for a screen.
    pub(crate) fn entry(&mut self, item: &LiveEvent, shows: impl Fn(&Explanation<'_>) -> bool) -> Option<Entry> {
        let (reset, count): (&SocketReset, u64) = match item {
            LiveEvent::Reset(reset) => (reset, 1),
            LiveEvent::Folded(more) => (&more.like, more.count),
        };
        let mut outcome = reset.outcome();
        if count == 1 {
            self.deaths.note(&mut outcome);
        }
        self.context.files[0] = format!("{}:{}", self.host, reset.event.account.netns);
        let report = Explanation::new(&outcome, &self.context);
        self.tally.take(&report, count, shows)?;
        pass_on(&mut self.sinks, &report, reset.event.account.netns, count);
        Some(Entry::of(&report, count, self.style))
    }

    /// What was seen in all.
    pub(crate) fn summary(&self, live: &Live) -> String {
        let summary = self.tally.summary(live, &self.before);
        match self.format {
            Format::Json => serde_json::to_string(&summary).unwrap_or_default() + "\n",
            Format::Text => summary_words(&summary, self.context.language),
            Format::Markdown => markdown::verbatim(&summary_words(&summary, self.context.language)),
        }
    }

    /// Whether anything was shown.
    pub(crate) const fn shown(&self) -> u64 {
        self.tally.shown
    }
}

/// In the language of machines, whatever the person reads.
fn pass_on(sinks: &mut Option<Sinks>, report: &Explanation<'_>, netns: u32, count: u64) {
    let Some(Sinks { telemetry, context, .. }) = sinks else { return };
    context.files.clone_from(&report.context.files);
    let report = Explanation::judged(report.outcome, report.judgement.clone(), context);
    telemetry.report(Record::of(&report, netns, count));
}

fn totals(live: &Live, filtered: u64) -> HostTotals {
    HostTotals {
        sent: live.sent().values().sum(),
        received: live.received(),
        lost: live.lost(),
        further: live.later(),
        filtered,
    }
}

/// No reset is reported so late: somebody set the clock back.
const CLOCK_SET: Span = Span::from_secs(60);

/// What was written last: lines have the time of day alone.
#[derive(Debug, Default)]
struct Pace {
    date: String,
    latest: Timestamp,
}

impl Pace {
    /// The line, after the date and zone of its time where these are not those of the line before; marked where
    /// something younger was written before it.
    fn dated(&mut self, report: &Explanation<'_>, style: Style, notes: LineNotes<'_>) -> String {
        let time = report.outcome.time();
        // More of what was written has the time of that.
        let behind = self.latest.since(time);
        let late =
            notes.more.is_none().then_some(behind).filter(|late| (Span::from_nanos(1)..CLOCK_SET).contains(late));
        self.latest = if behind < CLOCK_SET { self.latest.max(time) } else { time };
        let heading = self.date_of(report.context, time).unwrap_or_default();
        heading + &live_line::line(report, style, LineNotes { late, ..notes }) + "\n"
    }

    /// The date as a comment of one line, where it is another than was written last.
    fn date_of(&mut self, context: &Context, time: Timestamp) -> Option<String> {
        let date = context.date(time);
        let is_new = date != self.date;
        self.date = date;
        is_new.then(|| format!("# {}\n", self.date))
    }
}

impl Tally {
    /// Counts resets; `None` when they are not to be shown.
    fn take(&mut self, report: &Explanation<'_>, count: u64, shows: impl Fn(&Explanation<'_>) -> bool) -> Option<()> {
        if !shows(report) {
            self.others += count;
            return None;
        }
        self.shown += count;
        *self.causes.entry((report.cause_id(), report.judgement.confidence)).or_default() += count;
        Some(())
    }

    /// One `whyrst.watch/1` object: what was seen in all.
    fn summary(&self, live: &Live, before: &OutRsts) -> WatchReport<'static> {
        let mut causes: Vec<_> = self.causes.iter().collect();
        causes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let causes = causes.into_iter();
        let checks = live.out_rsts().since(before, &live.sent()).into_iter();
        WatchReport {
            schema: WatchSchema::V1,
            shown: self.shown,
            passed_over: self.others,
            passed_over_events: live.filtered_out(),
            causes: causes
                .map(|((cause, confidence), count)| CauseCount {
                    cause: (*cause).into(),
                    confidence: *confidence,
                    count: *count,
                })
                .collect(),
            sent: live.sent().values().sum(),
            received: live.received(),
            further_rsts: live.later(),
            lost: live.lost(),
            only_counted: live.only_counted(),
            namespaces: checks
                .map(|check| NamespaceReport { netns: check.netns, seen: check.seen, counted: check.counted })
                .collect(),
        }
    }
}

fn summary_words(report: &WatchReport<'_>, language: Language) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    match language {
        Language::English => write_summary(report, &mut out),
        Language::Chinese => write_chinese_summary(report, &mut out),
    }
    .unwrap_or_default();
    out
}

fn write_chinese_summary(report: &WatchReport<'_>, out: &mut String) -> std::fmt::Result {
    writeln!(out, "显示了 {} 个 RST（本机发出 {} 个，收到 {} 个）", report.shown, report.sent, report.received)?;
    for CauseCount { cause, confidence, count } in &report.causes {
        writeln!(out, "  {count:>7}  {cause} [{}]", words::confidence(*confidence, Language::Chinese))?;
    }
    if report.passed_over > 0 {
        writeln!(out, "另有 {} 个不符合过滤条件", report.passed_over)?;
    }
    if report.passed_over_events > 0 {
        writeln!(out, "内核中按端口和地址略过了 {} 个事件", report.passed_over_events)?;
    }
    if report.further_rsts > 0 {
        writeln!(out, "另有 {} 个 RST 是对已报告连接的迟到报文的应答", report.further_rsts)?;
    }
    if report.lost > 0 {
        writeln!(out, "{} 个事件因环形缓冲区已满而只计数，未报告", report.lost)?;
    }
    if report.only_counted > 0 {
        writeln!(out, "另有 {} 个 RST 与已报告的都不相同，数量过多，只计数", report.only_counted)?;
    }
    for namespace in report.namespaces.iter().filter(|namespace| namespace.seen != namespace.counted) {
        let NamespaceReport { netns, seen, counted } = namespace;
        writeln!(out, "网络命名空间 {netns}：看到发出 {seen} 个 RST，其内核计数为 {counted}")?;
    }
    Ok(())
}

fn write_summary(report: &WatchReport<'_>, out: &mut String) -> std::fmt::Result {
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    writeln!(
        out,
        "{} reset{} shown ({} sent and {} received by this host)",
        report.shown,
        plural(report.shown),
        report.sent,
        report.received
    )?;
    for cause in &report.causes {
        writeln!(out, "  {:>7}  {} [{}]", cause.count, cause.cause, cause.confidence)?;
    }
    if report.passed_over > 0 {
        writeln!(out, "{} filtered out", report.passed_over)?;
    }
    if report.passed_over_events > 0 {
        writeln!(out, "{} events of other ports and addresses were only counted", report.passed_over_events)?;
    }
    if report.further_rsts > 0 {
        writeln!(out, "{} more RSTs answered late segments of reported connections", report.further_rsts)?;
    }
    if report.lost > 0 {
        writeln!(out, "{} events were counted but not reported: the ring buffer was full", report.lost)?;
    }
    if report.only_counted > 0 {
        writeln!(out, "{} resets were only counted: unlike those reported, and too many at once", report.only_counted)?;
    }
    for namespace in report.namespaces.iter().filter(|namespace| namespace.seen != namespace.counted) {
        let NamespaceReport { netns, seen, counted } = namespace;
        writeln!(out, "network namespace {netns}: {seen} resets sent were seen, its kernel counted {counted}")?;
    }
    Ok(())
}

/// Says at once what is lost or only counted.
pub(crate) fn say_warnings(live: &mut Live) {
    for warning in live.warnings() {
        output::remark(&warning.to_string());
    }
}

/// Says what this kernel cannot report.
pub(crate) fn say_missing(missing: &[Missing]) {
    for Missing { what, costs, because } in missing {
        output::remark(&format!("this kernel does not give {what}: {costs} ({because})"));
    }
}

#[cfg(test)]
mod tests {
    use whyrst_core::segment::Endpoint;
    use whyrst_core::socket::{Account, SocketEvent, Told};

    use super::*;

    fn line(pace: &mut Pace, zone: &str, time: &str) -> String {
        let end = |port| Endpoint::new([10, 0, 0, 1].into(), port);
        let time =
            Timestamp::from_nanos(i64::try_from(time.parse::<jiff::Timestamp>().unwrap().as_nanosecond()).unwrap());
        let account = Account::default();
        let event = SocketEvent { time, told: Told::Received, local: end(1), remote: end(2), trigger: None, account };
        let outcome = SocketReset { event, peer: None, unsent: false }.outcome();
        let zone = crate::explain::zone(zone).unwrap();
        let context = Context { files: vec![String::new()], zone, language: Language::English };
        pace.dated(&Explanation::new(&outcome, &context), Style::Plain, LineNotes::default())
    }

    #[test]
    fn date_and_zone_stand_above_the_first_line_and_where_they_change() {
        let mut pace = Pace::default();
        let first = line(&mut pace, "UTC", "2026-11-30T23:59:59.9Z");
        assert!(first.starts_with("# 2026-11-30 UTC +00:00\n23:59:59.900000  "), "{first}");
        assert!(line(&mut pace, "UTC", "2026-11-30T23:59:59.95Z").starts_with("23:59:59.950000  "));
        let next = line(&mut pace, "UTC", "2026-12-01T00:00:00.1Z");
        assert!(next.starts_with("# 2026-12-01 UTC +00:00\n00:00:00.100000  "), "{next}");
        // The hour that comes twice.
        let mut pace = Pace::default();
        let summer = line(&mut pace, "Europe/Berlin", "2026-10-25T00:30:00Z");
        let winter = line(&mut pace, "Europe/Berlin", "2026-10-25T01:30:00Z");
        assert!(
            summer.starts_with("# 2026-10-25 CEST +02:00\n02:30:00")
                && winter.starts_with("# 2026-10-25 CET +01:00\n02:30:00")
        );
    }

    #[test]
    fn what_is_older_than_the_line_before_is_marked_and_a_clock_that_was_set_is_not() {
        let mut pace = Pace::default();
        assert!(!line(&mut pace, "UTC", "2026-11-30T12:00:00.1Z").contains("late_ms"));
        assert!(line(&mut pace, "UTC", "2026-11-30T12:00:00.04Z").contains(" late_ms=60.000"));
        assert!(!line(&mut pace, "UTC", "2026-11-30T12:00:00.2Z").contains("late_ms"));
        assert!(!line(&mut pace, "UTC", "2026-11-30T11:00:00Z").contains("late_ms"), "it was set back an hour");
        assert!(!line(&mut pace, "UTC", "2026-11-30T11:00:01Z").contains("late_ms"));
    }
}
