//! Where resets go beside the terminal: metrics, collectors, logs. Shared by `watch` and `agent`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use whyrst_telemetry::{LogTarget, Place, SyslogTarget};

use super::Common;
use super::shared::parse_size;

/// Options of what tells resets on.
#[derive(Debug, Args)]
#[command(next_help_heading = "Metrics and logs")]
pub(crate) struct Sinks {
    /// Serve OpenMetrics for Prometheus at this address, as /metrics; a port alone is one of 127.0.0.1
    #[arg(long, value_name = "[ADDR:]PORT", value_parser = parse_listen)]
    pub(crate) metrics: Option<SocketAddr>,

    /// With --metrics: so many series of resets at most; beyond, they are counted as service="other"
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub(crate) metrics_series: usize,

    /// Send logs and metrics to this OpenTelemetry collector (OTLP over HTTP, such as <http://127.0.0.1:4318>);
    /// `OTEL_EXPORTER_OTLP_HEADERS` and `OTEL_RESOURCE_ATTRIBUTES` are honoured
    #[arg(long, value_name = "URL", value_parser = parse_place)]
    pub(crate) otlp: Option<Place>,

    /// Write each reset to a log: `journald`, `syslog`, `syslog:PATH`, `syslog:udp://HOST:514` or
    /// `syslog:tcp://HOST:514` (repeatable)
    #[arg(long, value_name = "LOG", value_parser = parse_log)]
    pub(crate) log: Vec<LogTarget>,
}

/// `whyrst agent`.
#[derive(Debug, Args)]
#[command(
    after_help = "`watch` for a fleet, without a terminal: it counts resets by cause, service, peer and side in \
windows, sends these counts and a sample of full reports, and keeps what cannot be sent. Needs what \
`whyrst watch` needs. Ends on SIGINT or SIGTERM when the last window was sent.

For ClickHouse, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD are honoured; contrib/clickhouse has the tables.

Examples:
  whyrst agent --otlp http://127.0.0.1:4318 --buffer /var/lib/whyrst
  whyrst agent --clickhouse http://127.0.0.1:8123 --metrics 9464 --packets"
)]
pub(crate) struct Agent {
    #[command(flatten)]
    pub(crate) sinks: Sinks,

    /// Insert into this ClickHouse server, over HTTP
    #[arg(long, value_name = "URL", value_parser = parse_place)]
    pub(crate) clickhouse: Option<Place>,

    /// The database that has whyrst's tables
    #[arg(long, value_name = "NAME", default_value = "whyrst", value_parser = parse_database)]
    pub(crate) database: String,

    /// How long a window of counts is
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) interval: u64,

    /// Full reports a second, at most, in the long run; ten seconds' worth may come at once
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) sample: u32,

    /// Keep what cannot be sent in this folder, also for the next start; without it, 16 MiB in memory
    #[arg(long, value_name = "DIR")]
    pub(crate) buffer: Option<PathBuf>,

    /// With --buffer: so much of it for each receiver; beyond, the oldest goes first and is counted
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = parse_size)]
    pub(crate) buffer_limit: u64,

    /// Look at packets as well, as `watch --packets` does
    #[arg(long)]
    pub(crate) packets: bool,

    /// End after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) duration: Option<u64>,

    #[command(flatten)]
    pub(crate) common: Common,
}

fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    text.parse().map_err(|_| "expected a port, or an address with a port such as 0.0.0.0:9464 or [::1]:9464".to_owned())
}

fn parse_place(text: &str) -> Result<Place, String> {
    Place::new(text).map_err(|error| error.to_string())
}

fn parse_log(text: &str) -> Result<LogTarget, String> {
    let (log, place) = text.split_once(':').map_or((text, None), |(log, place)| (log, Some(place)));
    match (log, place) {
        ("journald", place) => Ok(LogTarget::Journal(place.map(PathBuf::from))),
        ("syslog", None) => Ok(LogTarget::Syslog(SyslogTarget::Local("/dev/log".into()))),
        ("syslog", Some(place)) => Ok(LogTarget::Syslog(match place.split_once("://") {
            Some(("udp", place)) => SyslogTarget::Udp(with_port(place)),
            Some(("tcp", place)) => SyslogTarget::Tcp(with_port(place)),
            None if place.starts_with('/') => SyslogTarget::Local(place.into()),
            _ => return Err("expected udp://HOST:PORT, tcp://HOST:PORT or the path of a socket".to_owned()),
        })),
        _ => Err("expected journald or syslog; `--format json` writes JSON lines".to_owned()),
    }
}

/// 514 is the port of both.
fn with_port(place: &str) -> String {
    let bare = place.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_err());
    if bare { format!("{place}:514") } else { place.to_owned() }
}

/// What may stand in a query without quotes.
fn parse_database(text: &str) -> Result<String, String> {
    let named = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if named { Ok(text.to_owned()) } else { Err("expected letters, digits and _".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_not_open_to_others() {
        assert_eq!(parse_listen("9464").unwrap(), "127.0.0.1:9464".parse().unwrap());
        assert_eq!(parse_listen("[::]:0").unwrap(), "[::]:0".parse().unwrap());
        assert!(parse_listen(":9464").is_err() && parse_listen("localhost:1").is_err());
    }

    #[test]
    fn logs_are_named_as_people_name_them() {
        let syslog = |target| Ok(LogTarget::Syslog(target));
        assert_eq!(parse_log("journald"), Ok(LogTarget::Journal(None)));
        assert_eq!(parse_log("journald:/run/x"), Ok(LogTarget::Journal(Some("/run/x".into()))));
        assert_eq!(parse_log("syslog"), syslog(SyslogTarget::Local("/dev/log".into())));
        assert_eq!(parse_log("syslog:udp://[::1]:5514"), syslog(SyslogTarget::Udp("[::1]:5514".into())));
        assert_eq!(parse_log("syslog:udp://[::1]"), syslog(SyslogTarget::Udp("[::1]:514".into())));
        assert_eq!(parse_log("syslog:tcp://logs"), syslog(SyslogTarget::Tcp("logs:514".into())));
        assert!(parse_log("file").is_err() && parse_log("syslog:http://x").is_err());
    }
}
