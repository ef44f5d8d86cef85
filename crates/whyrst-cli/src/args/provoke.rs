//! `whyrst provoke`: which reset is to happen to whom.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use whyrst_provoke::{After, Cause, Share};

use super::{Common, Format};

/// `whyrst provoke`.
#[derive(Debug, Args)]
#[command(
    after_help = "Everything passes untouched until a connection has come as far as --after says; then the reset of \
--cause is made with real sockets, and said, one line each (JSON: whyrst.provoked/1). `whyrst run -- CLIENT` beside it \
names the same cause.

Causes, and when they strike:
  close-unread            leaves the next request unread and closes
  linger-zero             reads the next request and closes with SO_LINGER {1, 0}
  exit-unread             leaves the next request unread in a process that is killed
  early-answer            answers 413 before it has read the next request, and closes
  data-after-close        closes after an answer; the next request is reset
  stale-connection        the same, as a server does with an idle connection of a pool
  half-open-listener      forgets the connection after an answer, as in a power cut (root)
  app-idle-timeout        aborts a connection that was silent for --after (5s)
  closed-port             stops listening for --for (2s), after --after (1s)
  listener-close-pending  closes the listener with connections in its queue, after --after (1s)

data-after-close, stale-connection and half-open-listener strike when an answer has been given and nothing has moved for \
20 ms. They are counted as closed, not as reset: what the client says next is reset, and a client that looks at its \
connection first sees the FIN of the first two and says nothing. close-unread resets whatever the client does.

The control API (--control) is toxiproxy's in spirit: GET /proxies, POST /proxies/NAME/toxics \
{\"type\": \"linger-zero\", \"toxicity\": 0.05, \"attributes\": {\"after\": \"3-requests\"}}, DELETE \
/proxies/NAME/toxics/TOXIC, POST /proxies/NAME {\"enabled\": false}, POST /reset.

Exit status: 0 ended by Ctrl-C, 2 failure.

Examples:
  whyrst provoke --listen 127.0.0.1:9000 --to 127.0.0.1:5432 --cause close-unread --after 3-requests --share 5%
  whyrst provoke --listen 9000 --to 127.0.0.1:8080 --cause early-answer --after 64KiB --format json
  whyrst provoke --listen 9000 --to 127.0.0.1:6379 --control 8474        nothing happens until a test asks for it"
)]
pub(crate) struct Provoke {
    /// Where clients connect: a port means 127.0.0.1; another host reaches only what is named
    #[arg(long, value_name = "[ADDR:]PORT", value_parser = parse_address)]
    pub(crate) listen: SocketAddr,

    /// Whom it connects to
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) to: String,

    /// Which reset: an id of the catalogue; none at the beginning when not given (see --control)
    #[arg(long, value_name = "CAUSE")]
    pub(crate) cause: Option<Cause>,

    /// How far a connection must have come: 3-requests, 64KiB, 2s (0-requests or 1-requests when not given)
    #[arg(long, value_name = "WHEN", requires = "cause")]
    pub(crate) after: Option<After>,

    /// To how many of the connections it happens
    #[arg(long, value_name = "PERCENT", requires = "cause", default_value = "100%")]
    pub(crate) share: Share,

    /// How long the port of closed-port stays closed
    #[arg(long = "for", value_name = "TIME", requires = "cause", default_value = "2s", value_parser = parse_time)]
    pub(crate) lasting: Duration,

    /// Where the drawing of the share begins: the same number, the same connections
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    pub(crate) seed: u64,

    /// Answer the control API there; loopback only
    #[arg(long, value_name = "[ADDR:]PORT", value_parser = parse_address)]
    pub(crate) control: Option<SocketAddr>,

    /// The proxy's name in records and in the control API
    #[arg(long, value_name = "NAME", default_value = "proxy")]
    pub(crate) name: String,

    /// Connections at a time; the next ones wait. Each takes two buffers of 16 KiB and a thread
    #[arg(long, value_name = "NUMBER", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=30_000))]
    pub(crate) connections: u32,

    /// How to say what was done
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,

    /// Options that every command understands.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// A time, in the words of `--after`.
fn parse_time(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(After::Time(time)) => Ok(time),
        _ => Err("expected a time, such as 2s or 500ms".to_owned()),
    }
}

/// A port alone is this host's own.
fn parse_address(text: &str) -> Result<SocketAddr, String> {
    let of_port = || text.parse::<u16>().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    text.parse::<SocketAddr>()
        .or_else(|_| of_port())
        .map_err(|_| "expected a port or an address with one, such as 9000, 127.0.0.1:9000 or [::1]:9000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_loopback() {
        assert_eq!(parse_address("9000"), Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, 9000))));
        assert!(parse_address("[::1]:9000").is_ok());
        assert!(parse_address("localhost:70000").is_err());
    }
}
