//! The journal of systemd, by its native protocol: a datagram of fields
//! (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>), so that `journalctl WHYRST_CAUSE=close-unread` finds them.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use whyrst_model::Report;
use whyrst_privileges::Duty;

use crate::error::TelemetryError;
use crate::metrics::Carried;
use crate::moment::Moment;
use crate::record::Record;
use crate::syslog::{PATIENCE, priority};
use crate::worker::Sink;

/// Where the journal listens.
pub(crate) const SOCKET: &str = "/run/systemd/journal/socket";
/// Every catalogue's reset has the same one: `journalctl MESSAGE_ID=...` finds all of whyrst.
const MESSAGE_ID: &str = "e0c1a2a6d0d54a6f8ad7b6d53b3f1c7e";

pub(crate) struct Journal {
    socket: UnixDatagram,
    carried: Arc<Carried>,
}

impl Journal {
    pub(crate) fn open(path: &Path, carried: Arc<Carried>) -> Result<Self, TelemetryError> {
        let open = || {
            let socket = UnixDatagram::unbound()?;
            socket.set_write_timeout(Some(PATIENCE))?;
            socket.connect(path)?;
            io::Result::Ok(socket)
        };
        let socket = open().map_err(|cause| TelemetryError::Log {
            name: "the journal",
            place: path.display().to_string(),
            cause,
        })?;
        Ok(Self { socket, carried })
    }
}

impl Sink for Journal {
    fn duty(&self) -> Duty {
        Duty::Send
    }

    fn take(&mut self, record: &Record, _: Moment) {
        match self.socket.send(&message(record)) {
            Ok(_) => self.carried.sent.fetch_add(record.report.count, Ordering::Relaxed),
            Err(_) => self.carried.dropped.fetch_add(record.report.count, Ordering::Relaxed),
        };
    }

    fn turn(&mut self, _: Moment) {}

    fn finish(&mut self, _: Instant) -> Option<String> {
        let dropped = self.carried.dropped.load(Ordering::Relaxed);
        (dropped > 0).then(|| format!("{dropped} resets were not taken by the journal"))
    }
}

fn message(record: &Record) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    let Report { time, client, server, verdict, severity, count, .. } = &record.report;
    field(&mut out, "MESSAGE", &record.message());
    field(&mut out, "PRIORITY", &priority(record).to_string());
    field(&mut out, "SYSLOG_IDENTIFIER", "whyrst");
    field(&mut out, "MESSAGE_ID", MESSAGE_ID);
    field(&mut out, "WHYRST_CAUSE", &verdict.cause);
    field(&mut out, "WHYRST_CONFIDENCE", verdict.confidence.name());
    field(&mut out, "WHYRST_SEVERITY", severity.name());
    field(&mut out, "WHYRST_DIRECTION", record.direction.name());
    field(&mut out, "WHYRST_CLIENT", &client.to_string());
    field(&mut out, "WHYRST_SERVER", &server.to_string());
    field(&mut out, "WHYRST_FLOW", &record.flow());
    field(&mut out, "WHYRST_NETNS", &record.netns.to_string());
    field(&mut out, "WHYRST_COUNT", &count.to_string());
    field(&mut out, "WHYRST_TIME", &time.utc().to_string());
    for (name, value) in record.steps() {
        field(&mut out, &format!("WHYRST_{}", name.to_uppercase()), value);
    }
    if let Some(reason) = record.kernel_reason() {
        field(&mut out, "WHYRST_KERNEL_REASON", reason);
    }
    if let Some(process) = record.process() {
        // `journalctl _PID=` means whyrst itself; OBJECT_PID lets the journal add what it knows of this one.
        field(&mut out, "OBJECT_PID", &process.pid.to_string());
        field(&mut out, "WHYRST_PID", &process.pid.to_string());
        field(&mut out, "WHYRST_COMM", &process.comm);
        if let Some(unit) = &process.unit {
            field(&mut out, "WHYRST_UNIT", unit);
        }
        if let Some(container) = &process.container {
            field(&mut out, "WHYRST_CONTAINER", &container.id);
        }
    }
    out
}

/// `NAME=value`, or with a length where the value has line ends.
fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        out.push(b'\n');
        out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::record;

    #[test]
    fn a_value_with_line_ends_cannot_make_a_field() {
        let mut out = Vec::new();
        field(&mut out, "A", "one\nPRIORITY=0");
        assert_eq!(out, b"A\n\x0e\0\0\0\0\0\0\0one\nPRIORITY=0\n");
    }

    #[test]
    fn a_reset_is_one_datagram_of_fields() {
        let socket = tempfile::tempdir().unwrap();
        let path = socket.path().join("socket");
        let journal = UnixDatagram::bind(&path).unwrap();
        let mut sink = Journal::open(&path, Arc::default()).unwrap();
        sink.take(&record("close-unread"), Moment::now());
        let mut buffer = [0; 4_096];
        let size = journal.recv(&mut buffer).unwrap();
        let text = std::str::from_utf8(&buffer[..size]).unwrap();
        for line in [
            "WHYRST_CAUSE=close-unread",
            "WHYRST_FAMILY=aborted",
            "WHYRST_REASON_CONFIDENCE=possible",
            "PRIORITY=4",
            "WHYRST_COMM=nginx",
            "WHYRST_SERVER=10.0.0.2:443",
        ] {
            assert!(text.lines().any(|own| own == line), "{line}: {text}");
        }
        let refused = Journal::open(&socket.path().join("nobody"), Arc::default()).err().unwrap();
        assert!(refused.to_string().starts_with("cannot write to the journal at "), "{refused}");
    }
}
