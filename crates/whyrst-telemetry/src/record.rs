//! One reset, or a number of equal ones, as metrics and logs tell of it.

use whyrst_core::flow::Side;
use whyrst_core::kernel::KernelWord;
use whyrst_core::outcome::{OnWire, Outcome};
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::{Explanation, json};
use whyrst_core::segment::Endpoint;
use whyrst_core::socket::Process;
use whyrst_core::time::Timestamp;
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

/// What is told.
#[derive(Clone, Debug)]
pub struct Record {
    /// When the RST was sent or received.
    pub time: Timestamp,
    /// How many; more than one when equal ones were folded.
    pub count: u64,
    /// The verdict's id, or `unexplained`.
    pub cause: &'static str,
    /// How sure it is.
    pub confidence: &'static str,
    /// How much it matters.
    pub severity: &'static str,
    /// Which way it went.
    pub direction: Direction,
    /// What stands on the wire between the hosts.
    pub on_wire: OnWire,
    /// The active opener.
    pub client: Endpoint,
    /// The service.
    pub server: Endpoint,
    /// The end that is not this host; the client where that cannot be said, or both are.
    pub peer: Endpoint,
    /// Inode of the network namespace where it was heard.
    pub netns: u32,
    /// The verdict as a sentence.
    pub sentence: String,
    /// The process of this host: that of the RST's sender where it is here, else of its receiver.
    pub process: Option<Process>,
    /// The kernel's word.
    pub reason: Option<String>,
    /// The whole `whyrst.reset/1` object, for a single reset.
    pub line: Option<String>,
}

impl Record {
    /// Of `count` resets like the one reported.
    pub fn of(report: &Explanation<'_>, netns: u32, count: u64) -> Self {
        let outcome = report.outcome;
        let connection = outcome.finally();
        let known = |side: Side| outcome.account(side).and_then(|account| account.process.as_ref());
        Self {
            time: outcome.time(),
            count,
            cause: report.cause_id(),
            confidence: report.judgement.confidence.name(),
            severity: report.judgement.severity.name(),
            direction: Direction::of(outcome),
            on_wire: outcome.on_wire(),
            client: connection.endpoint(connection.client),
            server: connection.endpoint(connection.server()),
            peer: connection.endpoint(peer(outcome)),
            netns,
            sentence: report.sentence(),
            process: known(outcome.sender()).or_else(|| known(outcome.receiver())).cloned(),
            reason: match outcome.kernel() {
                KernelWord::Sent(word) => Some(word.reason_name.clone()),
                KernelWord::SentNone | KernelWord::NotAsked => None,
            },
            line: (count == 1).then(|| json::line_of(report)),
        }
    }

    /// The connection's number: the same at both ends, and in captures between them.
    pub fn flow(&self) -> String {
        let (client, server) = match self.on_wire {
            OnWire::Unknown | OnWire::Same => (self.client, self.server),
            OnWire::Other { client, server } => (client, server),
        };
        FlowId::of((client.ip, client.port), (server.ip, server.port)).to_string()
    }

    /// How it is known what stands on the wire.
    pub const fn translation(&self) -> &'static str {
        match self.on_wire {
            OnWire::Unknown => "unknown",
            OnWire::Same => "none",
            OnWire::Other { .. } => "conntrack",
        }
    }

    /// Whether other hosts may call it otherwise than this one does.
    pub(crate) fn is_unplaced(&self) -> bool {
        self.direction == Direction::Sent && self.on_wire == OnWire::Unknown
    }

    /// One line for a log.
    pub fn message(&self) -> String {
        let Self { client, server, cause, confidence, sentence, .. } = self;
        let more = if self.count > 1 { format!(" (and {} more like it)", self.count - 1) } else { String::new() };
        let process = self
            .process
            .as_ref()
            .map_or_else(String::new, |process| format!(" [{} {}]", escape_name(&process.comm), process.pid));
        format!("{client} > {server} {cause} [{confidence}]{process} {sentence}{more}")
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
    pub(crate) fn record(cause: &'static str) -> Record {
        Record {
            time: Timestamp::from_nanos(1_769_860_800_123_456_789),
            count: 1,
            cause,
            confidence: "certain",
            severity: "fault",
            direction: Direction::Sent,
            on_wire: OnWire::Same,
            client: Endpoint::new([10, 0, 0, 1].into(), 40_000),
            server: Endpoint::new([10, 0, 0, 2].into(), 443),
            peer: Endpoint::new([10, 0, 0, 1].into(), 40_000),
            netns: 4_026_531_840,
            sentence: "The connection was reset because of a test".into(),
            process: Some(Process {
                pid: 812,
                comm: "nginx".into(),
                cmdline: None,
                uid: None,
                cgroup: None,
                container: None,
                unit: None,
                syscall: None,
                exit_signal: None,
                exiting: false,
            }),
            reason: Some("TCP_ABORT_ON_CLOSE".into()),
            line: None,
        }
    }

    #[test]
    fn behind_a_nat_the_number_is_that_of_the_wire() {
        let (host, server) = (Endpoint::new([192, 0, 2, 1].into(), 50_000), Endpoint::new([10, 0, 0, 2].into(), 443));
        let inside = Record { on_wire: OnWire::Other { client: host, server }, ..record("close-unread") };
        let outside = Record { client: host, server, ..record("close-unread") };
        assert_eq!(inside.flow(), outside.flow());
        assert_ne!(inside.flow(), record("close-unread").flow());
        assert_eq!((inside.translation(), outside.translation()), ("conntrack", "none"));
    }

    #[test]
    fn a_message_is_one_line_however_a_program_is_called() {
        let mut one = record("close-unread");
        one.process.as_mut().unwrap().comm = "a\nb".into();
        one.count = 3;
        assert_eq!(
            one.message(),
            "10.0.0.1:40000 > 10.0.0.2:443 close-unread [certain] [a\\u{a}b 812] The connection was reset because of a \
             test (and 2 more like it)"
        );
    }
}
