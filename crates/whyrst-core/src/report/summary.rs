//! What a whole capture showed, in numbers: top causes, services, and what was passed over.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt::{self, Write};

use whyrst_model::Text;
use whyrst_model::summary::{CauseCount, ServiceReport, SummaryReport, SummarySchema};
use whyrst_model::vocabulary::End;

pub use super::issues::Benign;
use super::issues::{self, Issues};
use super::layout::wrap;
use super::service_map::ServiceMap;
use super::style::{Part, Style};
use super::words::{digits, plural, severity};
use super::{Context, incident};
use crate::cause::Severity;
use crate::incident::Incident;
use crate::language::Language;
use crate::outcome::{Outcome, OutcomeKind};
use crate::segment::Endpoint;
use crate::tracker::Counts;
use crate::verdict::{Confidence, Judgement};

const SERVICES_SHOWN: usize = 10;
/// Distinct services counted one by one; a scan of a network must not cost memory.
const SERVICES_COUNTED: usize = 65_536;

/// Counts verdicts as they come.
#[derive(Debug)]
pub struct Summary {
    /// Services and issues that are counted one by one.
    most: usize,
    issues: Issues,
    map: ServiceMap,
    causes: BTreeMap<(&'static str, Confidence), u64>,
    services: BTreeMap<Endpoint, ServiceCount>,
    severities: BTreeMap<Severity, u64>,
    services_beyond: u64,
    failed: u64,
    unexplained: u64,
}

#[derive(Debug, Default)]
struct ServiceCount {
    total: u64,
    causes: BTreeMap<&'static str, u64>,
}

/// What the reader of the files has to say.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Names of the files.
    pub files: Vec<String>,
    /// Frames read.
    pub frames: u64,
    /// Connections that each service was asked for.
    pub asked: BTreeMap<Endpoint, u64>,
    /// Frames passed over: a stable name, a sentence, how many.
    pub passed_over: Vec<(&'static str, &'static str, u64)>,
    /// What else has to be said: files cut short, fragments, cut-off packets.
    pub notes: Vec<String>,
}

impl Default for Summary {
    fn default() -> Self {
        Self::of(SERVICES_COUNTED)
    }
}

impl Summary {
    /// For as many services, and as many issues.
    pub fn of(most: usize) -> Self {
        Self {
            most: most.min(SERVICES_COUNTED),
            issues: Issues::of(most),
            map: ServiceMap::of(most),
            causes: BTreeMap::new(),
            services: BTreeMap::new(),
            severities: BTreeMap::new(),
            services_beyond: 0,
            failed: 0,
            unexplained: 0,
        }
    }

    /// Counts one verdict.
    pub fn add(&mut self, outcome: &Outcome, judgement: &Judgement) {
        let cause = judgement.cause.map_or("unexplained", |cause| cause.id);
        *self.causes.entry((cause, judgement.confidence)).or_default() += 1;
        *self.severities.entry(judgement.severity).or_default() += 1;
        self.unexplained +=
            u64::from(judgement.confidence == Confidence::Unexplained && outcome.kind() == OutcomeKind::Reset);
        self.failed += u64::from(outcome.kind() == OutcomeKind::FailedConnect);
        let server = outcome.connection().endpoint(outcome.connection().server());
        let client = outcome.connection().client;
        let by = if outcome.sender() == client { End::Client } else { End::Server };
        self.issues.add(judgement, server, by);
        if outcome.kind() == OutcomeKind::Reset {
            self.map.add(server, outcome.connection().endpoint(client).ip, by, cause);
        }
        if self.services.len() < self.most || self.services.contains_key(&server) {
            let service = self.services.entry(server).or_default();
            service.total += 1;
            *service.causes.entry(cause).or_default() += 1;
        } else {
            self.services_beyond += 1;
        }
    }

    /// Resets that no cause explains.
    pub const fn unexplained(&self) -> u64 {
        self.unexplained
    }

    /// One `whyrst.summary/1` object, without a line end.
    pub fn json(&self, reading: &Reading, counts: &Counts, incidents: &[Incident], context: &Context) -> String {
        serde_json::to_string(&self.record(reading, counts, incidents, context)).unwrap_or_default()
    }

    /// The record of it, which JSON is made of.
    pub fn record<'a>(
        &self,
        reading: &'a Reading,
        counts: &Counts,
        incidents: &'a [Incident],
        context: &'a Context,
    ) -> SummaryReport<'a> {
        let causes = self.ranked_causes().into_iter();
        SummaryReport {
            schema: SummarySchema::V1,
            files: reading.files.iter().map(Text::from).collect(),
            frames: reading.frames,
            segments: counts.segments,
            copies: counts.copies,
            rst_segments: counts.rst_segments,
            rst_copies: counts.rst_copies,
            connections: counts.connections,
            reset_connections: counts.reset_connections,
            failed_connects: counts.failed_connects,
            unexplained: self.unexplained,
            forgotten: counts.forgotten,
            issues: self.issues.ranked().into_iter().map(|issue| issue.record(&reading.asked)).collect(),
            causes: causes
                .map(|(cause, confidence, count)| CauseCount { cause: cause.into(), confidence, count })
                .collect(),
            severities: self.severities.iter().map(|(severity, count)| (severity.name().into(), *count)).collect(),
            services: self
                .top_services()
                .into_iter()
                .map(|(server, service)| service_report(server, service))
                .collect(),
            who_resets_whom: self.map.record(),
            incidents: incidents.iter().map(|one| incident::record(one, context)).collect(),
            passed_over: reading.passed_over.iter().map(|(name, _, count)| ((*name).into(), *count)).collect(),
            notes: reading.notes.iter().map(Text::from).collect(),
        }
    }

    /// What a person reads: totals and one sentence, then the issues.
    pub fn text(&self, reading: &Reading, counts: &Counts, page: Page, benign: Benign) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        self.write_text(reading, counts, page, benign, &mut out).unwrap_or_default();
        out
    }

    fn write_text(
        &self,
        reading: &Reading,
        counts: &Counts,
        page: Page,
        benign: Benign,
        out: &mut String,
    ) -> fmt::Result {
        let Page { style, language, width } = page;
        for line in wrap(&head(reading, counts, language), width) {
            writeln!(out, "{}", style.paint(Part::Heading, line))?;
        }
        let issues = self.issues.ranked();
        if let Some(first) = issues.iter().find(|issue| issue.matters()).or_else(|| issues.first()) {
            for line in wrap(&first.sentence(self.issues.total(), language), width) {
                writeln!(out, "{line}")?;
            }
        }
        if self.severities.keys().any(|severity| *severity != Severity::Fault) {
            let each = self.severities.iter();
            let each = each.map(|(matters, count)| format!("{} {}", severity(*matters, language), digits(*count)));
            let (of_these, comma) = language.pick(("of these: ", ", "), ("其中：", "，"));
            writeln!(out, "{of_these}{}", each.collect::<Vec<_>>().join(comma))?;
        }
        issues::table(&issues, &reading.asked, benign, style, language, out)?;
        self.map.write(style, language, out)?;
        remarks(reading, counts, page, out)
    }

    /// Who resets whom, where there are more than three services; empty otherwise.
    pub fn map(&self, style: Style, language: Language) -> String {
        let mut out = String::new();
        self.map.write(style, language, &mut out).unwrap_or_default();
        out
    }

    fn ranked_causes(&self) -> Vec<(&'static str, Confidence, u64)> {
        let mut causes: Vec<_> =
            self.causes.iter().map(|((cause, confidence), count)| (*cause, *confidence, *count)).collect();
        causes.sort_by_key(|(cause, confidence, count)| (Reverse(*count), *cause, Reverse(*confidence)));
        causes
    }

    fn top_services(&self) -> Vec<(&Endpoint, &ServiceCount)> {
        let mut services: Vec<_> = self.services.iter().collect();
        services.sort_by_key(|(server, service)| (Reverse(service.total), **server));
        services.truncate(SERVICES_SHOWN);
        services
    }
}

fn head(reading: &Reading, counts: &Counts, language: Language) -> String {
    let reset = digits(counts.reset_connections);
    match language {
        Language::English => {
            let (frames, segments) = (plural(reading.frames, "frame"), plural(counts.segments, "TCP segment"));
            format!("{frames}, {segments}, {}, {reset} of them reset", plural(counts.connections, "connection"))
        }
        Language::Chinese => {
            let (frames, segments) = (digits(reading.frames), digits(counts.segments));
            let connections = digits(counts.connections);
            format!("{frames} 帧，{segments} 个 TCP 报文，{connections} 条连接，其中 {reset} 条被重置")
        }
    }
}

/// What a report on single resets must say at its end: everything that was not looked at.
pub fn remarks(reading: &Reading, counts: &Counts, page: Page, out: &mut String) -> fmt::Result {
    let Page { style, language, width } = page;
    let copies = (counts.copies > 0).then(|| {
        let (copies, resets) = (digits(counts.copies), digits(counts.rst_copies));
        let noun = if counts.copies == 1 { "copy" } else { "copies" };
        match language {
            Language::English => {
                format!(
                    "{copies} {noun} of packets left out ({resets} of them RST): several interfaces or a mirror port"
                )
            }
            Language::Chinese => {
                format!("略去 {copies} 个重复的报文（其中 {resets} 个 RST）：同时抓了多个接口，或是镜像口")
            }
        }
    });
    let forgotten = (counts.forgotten > 0).then(|| {
        let forgotten = digits(counts.forgotten);
        match language {
            Language::English => format!(
                "{forgotten} connections were forgotten to stay within the memory bound: their verdicts lack their \
                 beginning"
            ),
            Language::Chinese => {
                format!("为不超出内存上限，丢弃了 {forgotten} 条连接的状态：它们的结论缺少连接的开头")
            }
        }
    });
    let passed = reading.passed_over.iter().filter(|(_, _, count)| *count > 0);
    let passed = passed.map(|(_, sentence, count)| match language {
        Language::English => format!("{} passed over: {sentence}", plural(*count, "frame")),
        Language::Chinese => format!("跳过 {} 帧：{sentence}", digits(*count)),
    });
    let notes = reading.notes.iter().cloned();
    let all: Vec<String> = copies.into_iter().chain(forgotten).chain(passed).chain(notes).collect();
    if all.is_empty() {
        return Ok(());
    }
    out.push('\n');
    let note = language.pick("note: ", "注意：");
    for text in all {
        for (at, line) in wrap(&text, width.saturating_sub(8)).enumerate() {
            writeln!(out, "{}", style.paint(Part::Dim, format!("  {}{line}", if at == 0 { note } else { "      " })))?;
        }
    }
    Ok(())
}

fn service_report(server: &Endpoint, service: &ServiceCount) -> ServiceReport<'static> {
    ServiceReport {
        server: server.to_string().into(),
        count: service.total,
        causes: service.causes.iter().map(|(cause, count)| ((*cause).into(), *count)).collect(),
    }
}

/// How a page of text looks.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// With colours or without.
    pub style: Style,
    /// In which language.
    pub language: Language,
    /// Columns of the terminal.
    pub width: usize,
}
