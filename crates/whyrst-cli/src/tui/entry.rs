//! One reset as the screen shows it: all texts are made once, when it arrives.

use std::borrow::Cow;
use std::net::SocketAddr;

use whyrst_core::filter::{Key, Subject};
use whyrst_core::flow::Side;
use whyrst_core::report::Explanation;
use whyrst_core::report::style::Style;
use whyrst_core::report::text::{self, Detail, Ladder, View};
use whyrst_core::report::words;
use whyrst_core::time::Timestamp;
use whyrst_core::verdict::Confidence;
use whyrst_model::listed::ListedReport;

/// A row of the list, and what is shown of it below.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(super) time: Timestamp,
    /// The time of day, in the zone asked for.
    pub(super) clock: String,
    /// `10.77.0.1:40000 > 10.77.0.2:8888`.
    pub(super) ends: String,
    pub(super) cause: &'static str,
    pub(super) confidence: Confidence,
    /// How many equal ones it stands for.
    pub(super) count: u64,
    pub(super) report: String,
    /// Empty where sockets reported it and no packet was seen.
    pub(super) packets: String,
    pub(super) display_filter: String,
    pub(super) capture_filter: String,
    /// What keys of a filter are about.
    listed: ListedReport<'static>,
    /// What words without a key are looked for in, in small letters: ends, the steps of the verdict, confidence,
    /// severity, processes.
    haystack: String,
}

impl Subject for Entry {
    fn client(&self) -> SocketAddr {
        self.listed.client()
    }

    fn server(&self) -> SocketAddr {
        self.listed.server()
    }

    fn time(&self) -> Timestamp {
        self.time
    }

    fn word(&self, key: Key) -> Option<&str> {
        self.listed.word(key)
    }

    fn text(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.haystack)
    }
}

impl Entry {
    pub(crate) fn of(report: &Explanation<'_>, count: u64, style: Style) -> Self {
        let connection = report.outcome.connection();
        let (client, server) = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        let cause = report.cause_id();
        let confidence = report.judgement.confidence;
        let ends = format!("{client} > {server}");
        let severity = report.judgement.severity.name();
        let language = report.context.language;
        let weights = [words::confidence(confidence, language), words::severity(report.judgement.severity, language)];
        let mut haystack = format!("{ends} {cause} {} {severity} {}", confidence.name(), weights.join(" "));
        let judgement = &report.judgement;
        let steps = judgement.mechanism.iter().map(|how| how.cause.id);
        let steps = steps.chain(judgement.reasons.iter().map(|why| why.cause.id));
        for step in steps.chain(judgement.shape.map(|shape| shape.family.name())) {
            haystack.push(' ');
            haystack.push_str(step);
        }
        for process in Side::BOTH.iter().filter_map(|side| report.outcome.account(*side)?.process.as_ref()) {
            let container = process.container.as_ref().map(|container| &container.id);
            for word in
                [Some(&process.comm), process.unit.as_ref(), process.cgroup.as_ref(), container].into_iter().flatten()
            {
                haystack.push(' ');
                haystack.push_str(word);
            }
        }
        let listed = ListedReport::from(report.record().into_owned());
        Self {
            time: report.outcome.time(),
            clock: report.context.time_of_day(report.outcome.time()),
            ends,
            cause,
            confidence,
            count,
            report: text::report_of(
                report,
                style,
                View { ladder: Ladder::Hidden, detail: Detail::Whole, width: View::PIPED.width },
            ),
            packets: text::ladder_of(report, style),
            display_filter: report.display_filter(),
            capture_filter: report.capture_filter(),
            haystack: format!("{haystack} {}", listed.text()).to_lowercase(),
            listed,
        }
    }
}
