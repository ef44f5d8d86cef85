//! Syslog: RFC 5424 over UDP (RFC 5426) or TCP with counted bytes (RFC 6587), and to the local daemon the older form
//! that `syslog(3)` writes, which is all that `/dev/log` is sure to understand.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use whyrst_model::Report;
use whyrst_model::vocabulary::Severity;
use whyrst_privileges::Duty;

use crate::error::TelemetryError;
use crate::metrics::Carried;
use crate::moment::Moment;
use crate::record::Record;
use crate::worker::Sink;

/// `daemon` of RFC 5424 section 6.2.1.
const FACILITY: u8 = 3;
/// The enterprise number that RFC 5612 keeps for documentation: whyrst has none of its own.
const ENTERPRISE: &str = "whyrst@32473";
/// A receiver that does not read must not hold up the others for long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Who is written to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SyslogTarget {
    /// The local daemon's socket.
    Local(PathBuf),
    /// `HOST:PORT`, one datagram a message.
    Udp(String),
    /// `HOST:PORT`, a stream.
    Tcp(String),
}

enum Wire {
    Local(UnixDatagram),
    Udp(UdpSocket),
    Tcp(Option<TcpStream>, String),
}

pub(crate) struct Syslog {
    wire: Wire,
    host: String,
    carried: Arc<Carried>,
    /// No new connection before.
    not_before: Option<Instant>,
}

impl Syslog {
    pub(crate) fn open(target: &SyslogTarget, host: String, carried: Arc<Carried>) -> Result<Self, TelemetryError> {
        let (place, wire) = match target {
            SyslogTarget::Local(path) => (path.display().to_string(), local(path)),
            SyslogTarget::Udp(place) => (place.clone(), udp(place)),
            SyslogTarget::Tcp(place) => (place.clone(), tcp(place).map(|to| Wire::Tcp(Some(to), place.clone()))),
        };
        let wire = wire.map_err(|cause| TelemetryError::Log { name: "syslog", place, cause })?;
        Ok(Self { wire, host, carried, not_before: None })
    }

    fn send(&mut self, record: &Record) -> io::Result<()> {
        match &mut self.wire {
            Wire::Local(socket) => socket.send(local_message(record).as_bytes()).map(drop),
            Wire::Udp(socket) => socket.send(message(record, &self.host).as_bytes()).map(drop),
            Wire::Tcp(stream, place) => {
                let message = message(record, &self.host);
                if stream.is_none() && self.not_before.is_none_or(|not_before| Instant::now() >= not_before) {
                    self.not_before = Some(Instant::now() + PATIENCE);
                    *stream = tcp(place).ok();
                }
                let Some(open) = stream else { return Err(io::ErrorKind::NotConnected.into()) };
                let sent = open.write_all(format!("{} {message}", message.len()).as_bytes());
                if sent.is_err() {
                    *stream = None;
                }
                sent
            }
        }
    }
}

fn local(path: &std::path::Path) -> io::Result<Wire> {
    let socket = UnixDatagram::unbound()?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.connect(path)?;
    Ok(Wire::Local(socket))
}

fn udp(place: &str) -> io::Result<Wire> {
    let to = place.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let from: std::net::SocketAddr = if to.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(from)?;
    socket.connect(to)?;
    Ok(Wire::Udp(socket))
}

fn tcp(place: &str) -> io::Result<TcpStream> {
    let to = place.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

impl Sink for Syslog {
    fn duty(&self) -> Duty {
        Duty::Send
    }

    fn take(&mut self, record: &Record, _: Moment) {
        // A datagram that a restarted receiver refused is worth a second attempt.
        let sent = self.send(record).or_else(|_| self.send(record));
        let count = if sent.is_ok() { &self.carried.sent } else { &self.carried.dropped };
        count.fetch_add(record.report.count, Ordering::Relaxed);
    }

    fn turn(&mut self, _: Moment) {}

    fn finish(&mut self, _: Instant) -> Option<String> {
        let dropped = self.carried.dropped.load(Ordering::Relaxed);
        (dropped > 0).then(|| format!("{dropped} resets were not taken by syslog"))
    }
}

/// 4 is a warning, 5 a notice, 6 for information.
pub(crate) fn priority(record: &Record) -> u8 {
    match record.report.severity {
        Severity::Fault | Severity::Attack => 4,
        Severity::Policy | Severity::Scan => 5,
        Severity::Benign => 6,
    }
}

/// RFC 5424, without a line end.
fn message(record: &Record, host: &str) -> String {
    let pid = std::process::id();
    let time = record.report.time.utc().to_string();
    // Microseconds are all that the grammar has (TIME-SECFRAC).
    let time = time.get(..26).map_or_else(|| time.clone(), |time| format!("{time}Z"));
    let host: String = host.chars().filter(char::is_ascii_graphic).take(255).collect();
    let host = if host.is_empty() { "-" } else { &host };
    let priority = FACILITY * 8 + priority(record);
    let mut out = format!("<{priority}>1 {time} {host} whyrst {pid} reset [{ENTERPRISE}");
    for (name, value) in fields(record) {
        // Writing to a String cannot fail.
        write!(out, " {name}=\"{}\"", quoted(&value)).unwrap_or_default();
    }
    out + "] " + &record.message()
}

/// What `syslog(3)` writes; the daemon adds the time and the host.
fn local_message(record: &Record) -> String {
    format!("<{}>whyrst[{}]: {}", FACILITY * 8 + priority(record), std::process::id(), record.message())
}

fn fields(record: &Record) -> Vec<(&'static str, String)> {
    let Report { client, server, verdict, severity, count, .. } = &record.report;
    let mut fields = vec![
        ("cause", verdict.cause.to_string()),
        ("confidence", verdict.confidence.to_string()),
        ("severity", severity.to_string()),
        ("direction", record.direction.name().to_owned()),
        ("client", client.to_string()),
        ("server", server.to_string()),
        ("flow", record.flow()),
        ("count", count.to_string()),
    ];
    // The message says the headline.
    let steps = record.steps().filter(|(name, _)| *name != "headline");
    fields.extend(steps.map(|(name, value)| (name, value.to_owned())));
    if let Some(process) = record.process() {
        fields.extend([("pid", process.pid.to_string()), ("comm", process.comm.to_string())]);
    }
    fields
}

/// PARAM-VALUE of RFC 5424 section 6.3.3.
fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(if character.is_control() { '?' } else { character });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::{record, rename};

    #[test]
    fn a_message_has_the_form_of_rfc_5424() {
        let mut one = record("close-unread");
        rename(&mut one, "a]b\"\n");
        let text = message(&one, "db 1");
        assert!(text.starts_with("<28>1 2026-01-31T12:00:00.123456Z db1 whyrst "), "{text}");
        assert!(text.contains(" reset [whyrst@32473 cause=\"close-unread\" confidence=\"certain\""), "{text}");
        assert!(text.contains(" family=\"aborted\" family_confidence=\"certain\" mechanism=\"closed-port\""), "{text}");
        assert!(text.contains("comm=\"a\\]b\\\"?\"] 10.0.0.1:40000 > 10.0.0.2:443 close-unread [certain]"), "{text}");
        assert!(!text.contains('\n'), "{text}");
    }

    #[test]
    fn a_stream_counts_octets_and_comes_back() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let carried = Arc::<Carried>::default();
        let mut sink = Syslog::open(&SyslogTarget::Tcp(place), "h".into(), Arc::clone(&carried)).unwrap();
        let (first, _) = listener.accept().unwrap();
        sink.take(&record("closed-port"), Moment::now());
        let mut received = vec![0; 4_096];
        let size = std::io::Read::read(&mut &first, &mut received).unwrap();
        let text = std::str::from_utf8(&received[..size]).unwrap();
        let (length, rest) = text.split_once(' ').unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), rest.len());
        drop(first);
        for _ in 0..50 {
            sink.take(&record("closed-port"), Moment::now());
            std::thread::sleep(Duration::from_millis(2));
        }
        listener.accept().expect("it connects again");
        assert!(carried.sent.load(Ordering::Relaxed) > 1);
    }
}
