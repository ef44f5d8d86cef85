//! What a list shows of a report, read without the rest: `whyrst serve` takes in tens of thousands of lines a second,
//! and a line for a page holds every packet of its connection.

use alloc::vec::Vec;

use serde::Deserialize;

use crate::report::{
    AskedFor, Effect, FamilyReport, MechanismReport, ProcessReport, ReasonReport, Report, ReportSchema, Verdict,
};
use crate::segment::Endpoint;
use crate::text::Text;
use crate::time::Timestamp;
use crate::vocabulary::{Origin, Phase, ResetKind, Severity};

/// The fields of a [`Report`] that can be searched, counted and sorted. Each is the field of that name; a test reads
/// both from one line.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[expect(missing_docs, reason = "the fields are those of `Report`")]
pub struct ListedReport<'a> {
    pub schema: ReportSchema,
    pub source: Text<'a>,
    pub time: Timestamp,
    pub client: Endpoint,
    pub server: Endpoint,
    pub phase: Phase,
    pub origin: Origin,
    pub kind: ResetKind,
    pub verdict: Verdict<'a>,
    #[serde(default)]
    pub family: Option<FamilyReport<'a>>,
    #[serde(default)]
    pub mechanism: Option<MechanismReport<'a>>,
    #[serde(default)]
    pub reasons: Vec<ReasonReport<'a>>,
    #[serde(default)]
    pub process: Option<ProcessReport<'a>>,
    #[serde(default)]
    pub peer_process: Option<ProcessReport<'a>>,
    pub severity: Severity,
    #[serde(default)]
    pub asked_for: Option<AskedFor<'a>>,
    pub effect: Effect,
    pub count: u64,
}

impl<'a> From<Report<'a>> for ListedReport<'a> {
    fn from(report: Report<'a>) -> Self {
        let Report { schema, source, time, client, server, phase, origin, kind, verdict, process, .. } = report;
        let Report { family, mechanism, reasons, peer_process, severity, asked_for, effect, count, .. } = report;
        Self {
            schema,
            source,
            time,
            client,
            server,
            phase,
            origin,
            kind,
            verdict,
            family,
            mechanism,
            reasons,
            process,
            peer_process,
            severity,
            asked_for,
            effect,
            count,
        }
    }
}
