//! One reset, or a number of equal ones, as metrics and logs have it.

use whyrst_core::flow::Side;
use whyrst_core::kernel::KernelWord;
use whyrst_core::outcome::Outcome;
use whyrst_core::report::Explanation;
use whyrst_core::report::escape::escape_name;
use whyrst_model::report::{Ends, ProcessReport, ReasonReport, Report, Verdict};
use whyrst_model::segment::Endpoint;
use whyrst_store::flow::FlowId;

/// Which way the RST went, seen from this host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// This host sent it.
    Sent,
    /// Another host sent it.
    Received,
    /// Both ends are on this host.
    Local,
}

impl Direction {
    /// The value of a label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Local => "local",
        }
    }

    /// Who sent the RST is known where its kernel, or this host's, was asked.
    fn of(outcome: &Outcome) -> Self {
        let here = |side: Side| outcome.account(side).is_some();
        let sent = *outcome.kernel() != KernelWord::NotAsked;
        match (sent, here(outcome.receiver())) {
            (true, true) => Self::Local,
            (true, false) => Self::Sent,
            (false, _) => Self::Received,
        }
    }
}

/// The report, with what only its host knows.
#[derive(Clone, Debug)]
pub struct Record {
    /// The report. Its `count` is more than one when equal resets were folded.
    pub report: Report<'static>,
    /// Which way the RST went.
    pub direction: Direction,
    /// The end that is not this host; the client where that cannot be said, or both are.
    pub peer: Endpoint,
    /// Inode of the network namespace where it was seen.
    pub netns: u32,
    /// The verdict as a sentence.
    pub sentence: String,
}

impl Record {
    /// Of `count` resets like the one explained.
    pub fn of(explanation: &Explanation<'_>, netns: u32, count: u64) -> Self {
        let outcome = explanation.outcome;
        Self {
            report: Report { count, ..explanation.record() }.into_owned(),
            direction: Direction::of(outcome),
            peer: outcome.finally().endpoint(peer(outcome)),
            netns,
            sentence: explanation.sentence(),
        }
    }

    /// The process of this host: that of the RST's sender where it is here, else of its receiver.
    pub(crate) fn process(&self) -> Option<&ProcessReport<'static>> {
        self.report.process.as_ref().or(self.report.peer_process.as_ref())
    }

    /// The shape of the reset; empty for a failed connect, which has none.
    pub(crate) fn family(&self) -> &'static str {
        self.report.family.as_ref().map_or("", |family| family.id.name())
    }

    /// The id of the mechanism; empty where nothing in the catalogue fits.
    pub(crate) fn mechanism(&self) -> &str {
        self.report.mechanism.as_ref().map_or("", |mechanism| &mechanism.cause)
    }

    fn first_reason(&self) -> Option<&ReasonReport<'static>> {
        self.report.reasons.first()
    }

    /// The id of the first reason; empty where none is known.
    pub(crate) fn reason_id(&self) -> &str {
        self.first_reason().map_or("", |reason| &reason.cause)
    }

    /// The steps of the verdict, for logs: name, value. What is not known is left out.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Report { headline, family, mechanism, .. } = &self.report;
        let family = family.as_ref().map(|family| (family.id.name(), family.confidence.name()));
        let mechanism = mechanism.as_ref().map(|mechanism| (&*mechanism.cause, mechanism.confidence.name()));
        let reason = self.first_reason().map(|reason| (&*reason.cause, reason.confidence.name()));
        let all = [
            ("family", family.map(|(id, _)| id)),
            ("family_confidence", family.map(|(_, sure)| sure)),
            ("mechanism", mechanism.map(|(id, _)| id)),
            ("mechanism_confidence", mechanism.map(|(_, sure)| sure)),
            ("reason", reason.map(|(id, _)| id)),
            ("reason_confidence", reason.map(|(_, sure)| sure)),
            ("headline", Some(&**headline).filter(|text| !text.is_empty())),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// What the kernel gave as the reason.
    pub(crate) fn kernel_reason(&self) -> Option<&str> {
        self.report.kernel.as_ref()?.reason.as_deref()
    }

    /// The ends that the other host knows the connection by, where they are others than here.
    pub(crate) fn translated(&self) -> Option<Ends> {
        self.report.on_wire.filter(|wire| *wire != self.ends())
    }

    fn ends(&self) -> Ends {
        Ends { client: self.report.client, server: self.report.server }
    }

    /// The connection's number: the same at both ends, and in captures between them.
    pub fn flow(&self) -> String {
        let Ends { client, server } = self.report.on_wire.unwrap_or_else(|| self.ends());
        FlowId::of((client.ip, client.port), (server.ip, server.port)).to_string()
    }

    /// How it is known what stands on the wire.
    pub fn translation(&self) -> &'static str {
        match (self.report.on_wire, self.translated()) {
            (None, _) => "unknown",
            (Some(_), None) => "none",
            (Some(_), Some(_)) => "conntrack",
        }
    }

    /// Whether other hosts may call it otherwise than this one does.
    pub(crate) fn is_unplaced(&self) -> bool {
        self.direction == Direction::Sent && self.report.on_wire.is_none()
    }

    /// One line for a log.
    pub fn message(&self) -> String {
        let Report { client, server, verdict, count, .. } = &self.report;
        let more = if *count > 1 { format!(" (and {} more like it)", count - 1) } else { String::new() };
        let process = self
            .process()
            .map_or_else(String::new, |process| format!(" [{} {}]", escape_name(&process.comm), process.pid));
        let Verdict { cause, confidence, .. } = verdict;
        format!("{client} > {server} {cause} [{confidence}]{process} {}{more}", self.sentence)
    }
}

fn peer(outcome: &Outcome) -> Side {
    let client = outcome.connection().client;
    let here = |side: Side| outcome.account(side).is_some();
    if here(client) && !here(client.other()) { client.other() } else { client }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A reset that nginx sent.
    pub(crate) fn record(cause: &str) -> Record {
        let line = r#"{"schema":"whyrst.reset/1","source":"host:4026531840","time":"2026-01-31T12:00:00.123456789Z",
            "client":{"ip":"10.0.0.1","port":40000},"server":{"ip":"10.0.0.2","port":443},"roles":"seen",
            "on_wire":{"client":{"ip":"10.0.0.1","port":40000},"server":{"ip":"10.0.0.2","port":443}},
            "phase":"established","origin":"endpoint","kind":"active",
            "verdict":{"cause":"closed-port","confidence":"certain","title":"of a test"},"headline":"of a test",
            "family":{"id":"aborted","confidence":"certain","by":"server","text":"t"},
            "mechanism":{"cause":"closed-port","confidence":"certain","title":"of a test","confirm":"c","open":[]},
            "reasons":[{"cause":"client-abort","confidence":"possible","title":"t","confirm":"c","evidence":[]}],
            "kernel":{"reason":"TCP_ABORT_ON_CLOSE","state":null,"skb_drop":null,"stack":[]},
            "process":{"end":"server","pid":812,"comm":"nginx","cmdline":null,"cgroup":null,"container":null,
            "netns":4026531840,"syscall":null,"exit_signal":null},"history":"ShADr","conn_state":"RSTR","severity":"fault",
            "effect":{"accepted":null,"lost_client_bytes":null,"lost_server_bytes":null,"certainty":"unknown"},"count":1,
            "stats":{"frames":0,"client_bytes":0,"server_bytes":0,"retransmits":0,"duration_ms":0,
            "idle_before_rst_ms":null}}"#;
        let mut report: Report<'static> = serde_json::from_str(line).unwrap();
        report.verdict.cause = cause.to_owned().into();
        Record {
            direction: Direction::Sent,
            peer: report.client,
            netns: 4_026_531_840,
            sentence: "The connection was reset because of a test".into(),
            report,
        }
    }

    pub(crate) fn rename(record: &mut Record, comm: &'static str) {
        record.report.process.as_mut().unwrap().comm = comm.into();
    }

    #[test]
    fn behind_a_nat_the_number_is_that_of_the_wire() {
        let (mut inside, mut outside) = (record("close-unread"), record("close-unread"));
        let client = Endpoint::new([192, 0, 2, 1].into(), 50_000);
        let wire = Ends { client, server: inside.report.server };
        inside.report.on_wire = Some(wire);
        (outside.report.client, outside.report.on_wire) = (client, Some(wire));
        assert_eq!(inside.flow(), outside.flow());
        assert_ne!(inside.flow(), record("close-unread").flow());
        assert_eq!((inside.translation(), outside.translation()), ("conntrack", "none"));
    }

    #[test]
    fn a_message_is_one_line_however_a_program_is_called() {
        let mut one = record("close-unread");
        rename(&mut one, "a\nb");
        one.report.count = 3;
        assert_eq!(
            one.message(),
            "10.0.0.1:40000 > 10.0.0.2:443 close-unread [certain] [a\\u{a}b 812] The connection was reset because of a \
             test (and 2 more like it)"
        );
    }
}
