//! Commands that ask the running kernel: `watch`, `run`, `check`, and `extcap` for Wireshark.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand};
use whyrst_core::filter::Filter;

use super::ports::Ports;
use super::{Common, Format, MinConfidence, Sinks};

/// `whyrst watch`.
#[derive(Debug, Args)]
#[command(after_help = "Asks the kernel through BPF, in every network namespace: needs root, or CAP_BPF and \
CAP_PERFMON, and Linux 6.1 or newer. A reset is shown when it passes every filter given; one \
option given several times is one filter with several values. Ends on Ctrl-C with a summary.

Examples:
  whyrst watch
  whyrst watch --port 443 -v
  whyrst watch --port 80,443,8000-8010 --not-cause closed-port | awk '$5 == \"close-unread\"'
  whyrst watch --comm nginx --comm php-fpm --format json | jq .verdict.cause
  whyrst watch --quiet --metrics 9464 --otlp http://127.0.0.1:4318 --log journald")]
pub(crate) struct Watch {
    /// Only sockets of this process (repeatable)
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Vec<u32>,

    /// Only sockets of programs of this name, as `ps` shows it (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) comm: Vec<String>,

    /// Only connections with one of these ports at either end: 443, 8000-8010, http (repeatable, or with commas)
    #[arg(long, value_name = "PORT", value_delimiter = ',')]
    pub(crate) port: Vec<Ports>,

    /// No connections with one of these ports at either end (repeatable, or with commas)
    #[arg(long, value_name = "PORT", value_delimiter = ',')]
    pub(crate) not_port: Vec<Ports>,

    /// Only connections with this address at either end: an address, a network such as 10.0.0.0/8, or the name of a
    /// host, whose addresses are looked up once (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub(crate) addr: Vec<Place>,

    /// Only sockets of processes in this cgroup or below, such as /system.slice (repeatable)
    #[arg(long, value_name = "PATH")]
    pub(crate) cgroup: Vec<String>,

    /// Only this network namespace: its inode, its name (`ip netns`), or a path such as /proc/PID/ns/net (repeatable)
    #[arg(long, value_name = "NETNS")]
    pub(crate) netns: Vec<String>,

    /// Only verdicts with a step of this cause (repeatable, or with commas)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) cause: Vec<String>,

    /// No verdicts with a step of this cause (repeatable, or with commas)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) not_cause: Vec<String>,

    /// Only resets that fit: the language of `explain --filter`, such as `service:10.0.0.2 -severity:benign`
    #[arg(long, value_name = "EXPR", value_parser = Filter::parse, allow_hyphen_values = true)]
    pub(crate) filter: Option<Filter>,

    /// How to write the results
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,

    /// Look at the resets on the whole terminal: list, report, filter; ? shows the keys
    #[arg(long, conflicts_with_all = ["output", "format", "summary_every"])]
    pub(crate) tui: bool,

    /// Write a summary every so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) summary_every: Option<u64>,

    /// End after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) duration: Option<u64>,

    /// Look at packets as well (headers; needs `CAP_NET_RAW`): finds resets by firewalls, which TCP
    /// does not tell of, and compares received ones with their sender's other packets
    #[arg(long, conflicts_with = "tui")]
    pub(crate) packets: bool,

    /// Write the packets of every reset told into this file as pcapng, with what was told as comments; implies --packets
    #[arg(long, value_name = "FILE", conflicts_with = "tui")]
    pub(crate) pcap: Option<PathBuf>,

    /// Record the kernel's events into this file, for `whyrst explain --events`
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Time zone for times of day in text, such as Europe/Berlin or `local`
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) tz: String,

    #[command(flatten)]
    pub(crate) common: Common,

    #[command(flatten)]
    pub(crate) sinks: Sinks,
}

/// `whyrst run`.
#[derive(Debug, Args)]
#[command(after_help = "Resets are written to standard error, or to the file of -o, so that the command's own output \
stays as it is. Ends with the command's status (128 + N when signal N ended it); 2 when it cannot be \
asked or started. Needs what `whyrst watch` needs; the command runs as the user who calls.

Examples:
  whyrst run -- curl -s http://10.0.0.2/
  whyrst run --linger 10s -- curl -s --max-time 1 http://10.0.0.2/slow
  whyrst run -v -o resets.txt -- python3 client.py")]
pub(crate) struct Run {
    /// How to write the results
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,

    /// Time zone for times of day in text, such as Europe/Berlin or `local`
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) tz: String,

    /// How long to wait, when the command has ended, for connections of it that live on without a process
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_time)]
    pub(crate) linger: Duration,

    #[command(flatten)]
    pub(crate) common: Common,

    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
    pub(crate) command: Vec<std::ffi::OsString>,
}

/// `whyrst check`.
#[derive(Debug, Args)]
#[command(after_help = "Reads the network namespace that it runs in; what needs root and is not granted is said, not \
passed over. Exit status: 0 nothing found, 1 findings, 2 nothing could be read.

Examples:
  whyrst check
  whyrst check --over 1h
  whyrst check --format json | jq -r .cause")]
pub(crate) struct Check {
    /// How to write the findings
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,

    /// How long to look at the counters: what they did in that time is what happens now (a second; 1h for an hour)
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_time, conflicts_with = "watch")]
    pub(crate) over: Duration,

    /// Go on looking: tell what is new, and which counters move
    #[arg(long)]
    pub(crate) watch: bool,

    /// With --watch: look every so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    pub(crate) interval: u64,

    /// With --watch: end after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) duration: Option<u64>,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// `2s`, `500ms`, `1m`, `1h`, or seconds without a unit.
fn parse_time(text: &str) -> Result<Duration, String> {
    let split = text.find(|character: char| !(character.is_ascii_digit() || character == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        _ => return Err(format!("\"{unit}\" is no unit of time: ms, s, m or h")),
    };
    let number: f64 = number.parse().map_err(|_| "expected a time such as 2s or 500ms".to_owned())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| "too long".to_owned())
}

/// Where an end may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// At these addresses.
    Network(Network),
    /// At those of the host of this name.
    Host(String),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // No name has a colon or a slash, and none is made of numbers alone.
        let is_name = text.bytes().any(|byte| byte.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if is_name { Ok(Self::Host(text.to_owned())) } else { text.parse().map(Self::Network) }
    }
}

/// An address, or all addresses that begin with so many bits of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// This address alone.
    pub(crate) const fn of(address: IpAddr) -> Self {
        Self { address, bits: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// Its address, and how many of the first bits count.
    pub(crate) const fn prefix(&self) -> (IpAddr, u32) {
        (self.address, self.bits)
    }

    /// Whether `ip` lies in it.
    pub(crate) fn has(&self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => (own.to_bits() ^ ip.to_bits()).leading_zeros() >= self.bits,
            (IpAddr::V6(own), IpAddr::V6(ip)) => (own.to_bits() ^ ip.to_bits()).leading_zeros() >= self.bits,
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| format!("\"{address}\" is no IP address"))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| format!("\"{text}\" has no length after its /"))?;
        if bits > most { Err(format!("/{bits} is longer than the address")) } else { Ok(Self { address, bits }) }
    }
}

/// `whyrst extcap`.
#[derive(Debug, Args)]
#[command(
    after_help = "Wireshark and tshark start this command when it is linked in their extcap folder. The capture \
holds the packets of connections that were reset, in this network namespace, with the verdict as a \
comment on the RST.

Examples:
  whyrst extcap --install && tshark -D
  sudo tshark -i whyrst -T fields -e ip.src -e frame.comment -Y frame.comment"
)]
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "each is a question of Wireshark's, under its name"
)]
pub(crate) struct Extcap {
    /// Link this program into the folder where your Wireshark looks
    #[arg(long)]
    pub(crate) install: bool,

    /// Say which interfaces there are
    #[arg(long)]
    pub(crate) extcap_interfaces: bool,

    /// Say which link layers the interface has
    #[arg(long)]
    pub(crate) extcap_dlts: bool,

    /// Say which options the interface has
    #[arg(long)]
    pub(crate) extcap_config: bool,

    /// The interface
    #[arg(long, value_name = "NAME")]
    pub(crate) extcap_interface: Option<String>,

    /// Version of the Wireshark that asks
    #[arg(long, value_name = "VERSION", num_args = 0..=1, default_missing_value = "")]
    pub(crate) extcap_version: Option<String>,

    /// Capture only what this filter takes: what `explain --filter` says of packets
    #[arg(long, value_name = "EXPR")]
    pub(crate) extcap_capture_filter: Option<String>,

    /// Capture
    #[arg(long)]
    pub(crate) capture: bool,

    /// Where the capture goes
    #[arg(long, value_name = "FILE")]
    pub(crate) fifo: Option<PathBuf>,

    /// Only verdicts at least this sure
    #[arg(long, value_name = "CONFIDENCE", default_value = "unexplained")]
    pub(crate) min_confidence: MinConfidence,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_or_is_seconds() {
        assert_eq!(parse_time("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(parse_time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_time("1.5"), Ok(Duration::from_millis(1_500)));
        assert_eq!(parse_time("0"), Ok(Duration::ZERO));
        assert_eq!(parse_time("2h"), Ok(Duration::from_hours(2)));
        for wrong in ["", "s", "2 s", "2d", "-1s", "1e9s", "99999999999999999999s"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_place_is_a_network_or_the_name_of_a_host() {
        for name in ["example.com", "db-1", "localhost"] {
            assert_eq!(name.parse(), Ok(Place::Host(name.to_owned())));
        }
        let one = Network::of([10, 0, 0, 1].into());
        assert_eq!("10.0.0.1".parse(), Ok(Place::Network(one)));
        assert!(matches!("fe80::1".parse(), Ok(Place::Network(_))));
        for wrong in ["10.0.0", "10.0.0.1/33", "a b", ""] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let network: Network = "10.1.0.0/16".parse().unwrap();
        assert!(network.has([10, 1, 255, 3].into()) && !network.has([10, 2, 0, 0].into()));
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.has([255, 255, 255, 255].into()) && !all.has("::1".parse().unwrap()));
        let one: Network = "::1".parse().unwrap();
        assert!(one.has("::1".parse().unwrap()) && !one.has("::2".parse().unwrap()));
        for wrong in ["10.0.0.0/33", "10.0.0", "::/129", "1.2.3.4/x"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}

/// `whyrst wireshark`.
#[derive(Debug, Args)]
#[command(
    after_help = "The plugin reads the comments of `whyrst explain --annotate`. It and the profile `whyrst` are \
files of their own; your profiles and colour filters stay as they are.

Examples:
  whyrst wireshark install
  whyrst explain --annotate told.pcapng trace.pcap && wireshark -C whyrst told.pcapng
  tshark -r told.pcapng -Y 'whyrst.family == \"aborted\"' -T fields -e frame.number -e whyrst.id
  tshark -r told.pcapng -q -z expert"
)]
pub(crate) struct Wireshark {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: WiresharkCommand,
}

/// What `whyrst wireshark` does.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum WiresharkCommand {
    /// Put the plugin and the profile where your Wireshark looks
    Install,
    /// Remove the plugin, the profile and the interface of `whyrst extcap --install`
    Uninstall,
}
