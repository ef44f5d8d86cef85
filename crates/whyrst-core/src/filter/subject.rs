//! What a filter is asked about: a report, whatever its form.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::net::SocketAddr;

use whyrst_model::listed::ListedReport;
use whyrst_model::report::ReportSchema;
use whyrst_model::segment::Endpoint;
use whyrst_model::time::Timestamp;

use super::key::Key;

/// Something that a filter fits or not.
pub trait Subject {
    /// Who opened the connection.
    fn client(&self) -> SocketAddr;
    /// Whom it was opened to.
    fn server(&self) -> SocketAddr;
    /// When the first RST came, or the last try.
    fn time(&self) -> Timestamp;
    /// The word of a key that has words.
    fn word(&self, key: Key) -> Option<&str>;

    /// What a text without a key is looked for in, in lower case.
    fn text(&self) -> Cow<'_, str> {
        let word = |key| self.word(key).unwrap_or_default();
        let steps = format!("{} {} {}", word(Key::Cause), word(Key::Mechanism), word(Key::Reason));
        let (process, name, source) = (word(Key::Process), word(Key::Name), word(Key::Source));
        let line: String = format!("{} {} {steps} {process} {name} {source}", self.client(), self.server());
        Cow::Owned(line.to_lowercase())
    }
}

impl Subject for ListedReport<'_> {
    fn client(&self) -> SocketAddr {
        address(self.client)
    }

    fn server(&self) -> SocketAddr {
        address(self.server)
    }

    fn time(&self) -> Timestamp {
        self.time
    }

    fn word(&self, key: Key) -> Option<&str> {
        Some(match key {
            Key::Cause => &self.verdict.cause,
            Key::Mechanism => &self.mechanism.as_ref()?.cause,
            Key::Reason => &self.reasons.first()?.cause,
            Key::Family => self.family.as_ref()?.id.name(),
            Key::By => self.family.as_ref()?.by.name(),
            Key::Process => &self.process.as_ref().or(self.peer_process.as_ref())?.comm,
            Key::Name => &self.asked_for.as_ref()?.name,
            Key::Source => &self.source,
            Key::Origin => self.origin.name(),
            Key::Phase => self.phase.name(),
            Key::Kind => self.kind.name(),
            Key::Severity => self.severity.name(),
            Key::Confidence => self.verdict.confidence.name(),
            Key::Ending => match self.schema {
                ReportSchema::Reset => "reset",
                ReportSchema::FailedConnect => "failed-connect",
            },
            Key::Service | Key::Peer | Key::Host | Key::Port | Key::Time => return None,
        })
    }
}

fn address(end: Endpoint) -> SocketAddr {
    SocketAddr::new(end.ip, end.port)
}
