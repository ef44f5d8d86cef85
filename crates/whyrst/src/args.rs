//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use whyrst_capture::LinkType;
use whyrst_store::Table;

/// Says why a TCP connection was reset.
#[derive(Debug, Parser)]
#[command(name = "whyrst", version, max_term_width = 100)]
#[command(after_help = "Examples:
  whyrst explain trace.pcapng            why was each connection in it reset?
  tcpdump -i eth0 -w - tcp or icmp | whyrst explain -
  whyrst explain --summary big.pcap.zst  the top causes
  whyrst watch                           every reset of this host, as it happens (needs root)
  whyrst run -- curl http://10.0.0.2/    every reset of one command
  whyrst check                           what on this host will cause the next ones
  whyrst serve trace.pcapng              look at them in a browser
  whyrst lab run close-unread            see it happen with real sockets
  whyrst causes linger-zero              one page of the catalogue
  whyrst doctor                          what this machine permits

Exit status:
  0  done, every reset explained (also when there is none); a closed pipe is success
  1  some reset unexplained, some scenario failed, check or doctor found something
  2  could not read or write, or wrong arguments
  `whyrst run` ends with the status of its command.

Defaults of options, strongest first: the command line; WHYRST_<OPTION>, such as WHYRST_TZ=local;
~/.config/whyrst/config.toml; /etc/whyrst/config.toml. WHYRST_CONFIG names another file. In the file,
`tz = \"local\"` holds for every command and `[explain]` begins what holds for one. Can be set: all,
color, fold, format, jobs, lang, memory, min-confidence, no-ladder, quiet, tz, verbose. NO_COLOR is honoured.")]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Explain every reset in captures
    Explain(Explain),
    /// Explain every reset that this host sends or receives, as it happens
    Watch(Watch),
    /// Run a command and explain every reset on its connections
    Run(Run),
    /// Find what on this host will cause resets
    Check(Check),
    /// Show captures, recordings or this host on a local web page
    Serve(Serve),
    /// Reproduce causes with real sockets in fresh network namespaces
    Lab(Lab),
    /// Show the catalogue of causes, or one page of it
    Causes(Causes),
    /// Rows in Arrow IPC on standard input and output, for a distributed engine
    Pipe(Pipe),
    /// Say what this machine permits, and how to get the rest
    Doctor(Doctor),
    /// Be an interface of Wireshark: this host's resets with their causes
    Extcap(Extcap),
    /// Write completions for a shell
    Completions(Completions),
    /// Write the manual's pages into a folder
    #[command(hide = true)]
    Man(Man),
}

/// `whyrst pipe`.
#[derive(Debug, Args)]
pub(crate) struct Pipe {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: PipeCommand,
}

/// `whyrst pipe ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum PipeCommand {
    /// Captures to packet rows on standard output
    Scan(PipeScan),
    /// Packet rows on standard input to rows of resets and failed connects on standard output
    Track(PipeTrack),
    /// The columns of a table, as a stream without rows
    Schema(PipeSchema),
}

/// `whyrst pipe schema`.
#[derive(Debug, Args)]
pub(crate) struct PipeSchema {
    /// packets, connections, resets, incidents or `failed_connects`
    #[arg(value_name = "TABLE", value_parser = parse_table)]
    pub(crate) table: Table,
}

/// `whyrst pipe scan`.
#[derive(Debug, Args)]
#[command(
    after_help = "Writes one Arrow IPC stream of the table `packets` (docs/rows.md), in the order of time. Files that
cannot be read are said on standard error, and the exit status is 2; the others are still written."
)]
pub(crate) struct PipeScan {
    /// Captures of one vantage; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Only these columns, separated by commas; all when not said
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,

    /// Only rows that may matter for a reset: RST, SYN, SYN-ACK and ICMP errors
    #[arg(long)]
    pub(crate) signs: bool,
}

/// `whyrst pipe track`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads one Arrow IPC stream of the table `packets`, of all connections of one bucket, in the order of
time; a row that goes back in time within its connection is an error. A column `overheard` (boolean)
may mark rows that only tell of a service. Writes one Arrow IPC stream of the table `resets`, failed
connects among them (column `schema`)."
)]
pub(crate) struct PipeTrack {
    /// When captures were running: a file with a line "FROM TO" for each, in nanoseconds since 1970
    #[arg(long, value_name = "FILE")]
    pub(crate) covered: Option<PathBuf>,

    /// Memory for connections, such as 512MiB; beyond it the quietest are forgotten, and that is said
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = parse_size)]
    pub(crate) memory: u64,
}

/// Options that every command understands.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Write to this file instead of standard output; it appears under its name when complete
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Colour: on a terminal, always, or never (`NO_COLOR` is honoured)
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,

    /// Language of reports and of the catalogue; when not given, that of the environment's locale
    /// (`LC_ALL`, `LC_MESSAGES`, `LANG`), and English for machine output
    #[arg(long, value_name = "LANG")]
    pub(crate) lang: Option<Lang>,

    /// Say nothing but results
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Say more: frames passed over, one by one
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A language that reports are written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Lang {
    /// English.
    En,
    /// Simplified Chinese (简体中文).
    Zh,
}

/// How results are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line.
    Json,
    /// For a ticket or a chat.
    Markdown,
}

/// How `explain` writes its reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line.
    Json,
    /// For a ticket or a chat.
    Markdown,
    /// One file for a browser, opened without any network: give it a name with -o.
    Html,
}

impl ReportFormat {
    /// The format whose language it has. The page itself speaks English, and so does what it shows,
    /// unless `--lang` says otherwise.
    pub(crate) const fn spoken(self) -> Format {
        match self {
            Self::Text => Format::Text,
            Self::Markdown => Format::Markdown,
            Self::Json | Self::Html => Format::Json,
        }
    }
}

/// `whyrst watch`.
#[derive(Debug, Args)]
#[command(after_help = "Asks the kernel through BPF, in every network namespace: needs root, or CAP_BPF and
CAP_PERFMON, and Linux 6.1 or newer. A reset is shown when it passes every filter given; one
option given several times is one filter with several values. Ends on Ctrl-C with a summary.

Examples:
  whyrst watch
  whyrst watch --port 443 -v
  whyrst watch --comm nginx --comm php-fpm --format json | jq .verdict.cause")]
pub(crate) struct Watch {
    /// Only sockets of this process (repeatable)
    #[arg(long, value_name = "PID")]
    pub(crate) pid: Vec<u32>,

    /// Only sockets of programs of this name, as `ps` shows it (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) comm: Vec<String>,

    /// Only connections with this port at either end (repeatable)
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Vec<u16>,

    /// Only connections with this address at either end, or with one in a network such as 10.0.0.0/8 (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub(crate) addr: Vec<Network>,

    /// Only sockets of processes in this cgroup or below, such as /system.slice (repeatable)
    #[arg(long, value_name = "PATH")]
    pub(crate) cgroup: Vec<String>,

    /// Only this network namespace: its inode, or a path such as /run/netns/blue or /proc/PID/ns/net (repeatable)
    #[arg(long, value_name = "NETNS")]
    pub(crate) netns: Vec<String>,

    /// Only verdicts of this cause (repeatable)
    #[arg(long, value_name = "ID")]
    pub(crate) cause: Vec<String>,

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
}

/// `whyrst run`.
#[derive(Debug, Args)]
#[command(after_help = "Resets are written to standard error, or to the file of -o, so that the command's own output
stays as it is. Ends with the command's status (128 + N when signal N ended it); 2 when it cannot be
asked or started. Needs what `whyrst watch` needs; the command runs as the user who calls.

Examples:
  whyrst run -- curl -s http://10.0.0.2/
  whyrst run -v -o resets.txt -- python3 client.py")]
pub(crate) struct Run {
    /// How to write the results
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,

    /// Time zone for times of day in text, such as Europe/Berlin or `local`
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) tz: String,

    #[command(flatten)]
    pub(crate) common: Common,

    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
    pub(crate) command: Vec<std::ffi::OsString>,
}

/// `whyrst check`.
#[derive(Debug, Args)]
#[command(after_help = "Reads the network namespace that it runs in; what needs root and is not granted is said, not
passed over. Exit status: 0 nothing found, 1 findings, 2 nothing could be read.

Examples:
  whyrst check
  whyrst check --format json | jq -r .cause")]
pub(crate) struct Check {
    /// How to write the findings
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,

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

/// An address, or all addresses that begin with so many bits of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
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

/// `whyrst explain`.
#[derive(Debug, Args)]
#[command(after_help = "Captures may be pcap or pcapng, plain or compressed with gzip, zstd or lz4; `-` is standard
input, read as it grows. Capture with `tcp or icmp or icmp6`: ICMP errors explain connects
that fail without a RST. Start before the connection does, and -s 96 is enough.

Examples:
  whyrst explain trace.pcapng
  whyrst explain --all --format json -o resets.jsonl trace1.pcap trace2.pcap
  whyrst explain --format html -o report.html trace.pcap    to attach to a ticket
  whyrst explain --summary --cause close-unread --min-confidence likely trace.pcap
  whyrst explain --filter 'host 10.0.0.1 and port 443' trace.pcap
  whyrst explain --tui trace.pcap                                   look around in them
  whyrst explain --annotate told.pcapng --wireshark trace.pcap      the verdicts beside the packets
  whyrst explain --vantage client=a.pcap --vantage server=b.pcap    captures of both ends, joined")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Explain {
    /// Captures, in the order of time; `-` is standard input
    #[arg(required_unless_present = "vantage", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// One capture point of several, by a name of your choice, with its files; give the point
    /// nearest to the client first. Repeat it for each point: what left one and never reached the
    /// other, and what NAT changed, is then known
    #[arg(long, value_name = "NAME=FILE", num_args = 1.., conflicts_with = "files")]
    pub(crate) vantage: Vec<String>,

    /// How to write the results
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ReportFormat,

    /// Only totals: top causes, services, frames passed over
    #[arg(long)]
    pub(crate) summary: bool,

    /// Also write every reset, failed connect (with --all) and incident as a row of Parquet into DIR,
    /// by day and source, for any SQL engine
    #[arg(long, value_name = "DIR", conflicts_with = "summary")]
    pub(crate) parquet: Option<PathBuf>,

    /// Also connects that failed without any RST
    #[arg(long)]
    pub(crate) all: bool,

    /// Only segments for which this is true, in the language of tcpdump's filters (pcap-filter(7)):
    /// host, net, port, portrange, src, dst, tcp, icmp, icmp6, ip, ip6, less, greater, and, or, not
    #[arg(long, value_name = "EXPR")]
    pub(crate) filter: Option<whyrst_capture::Filter>,

    /// Write the captures once more, as pcapng, with a comment on each packet that decides: Wireshark
    /// and tshark show it as `frame.comment`
    #[arg(long, value_name = "OUT.pcapng", conflicts_with = "vantage")]
    pub(crate) annotate: Option<PathBuf>,

    /// Look at the resets on the whole terminal: list, report, packets, filter; ? shows the keys
    #[arg(long, conflicts_with_all = ["vantage", "output", "summary"])]
    pub(crate) tui: bool,

    /// Open Wireshark at the first reset told (with --annotate: in the annotated capture)
    #[arg(long, conflicts_with = "vantage")]
    pub(crate) wireshark: bool,

    /// Only verdicts of this cause (repeatable)
    #[arg(long, value_name = "ID")]
    pub(crate) cause: Vec<String>,

    /// Only verdicts at least this sure
    #[arg(long, value_name = "CONFIDENCE", default_value = "unexplained")]
    pub(crate) min_confidence: MinConfidence,

    /// Tell equal resets between the same two ends three times and count the rest; auto: not in JSON
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) fold: Fold,

    /// Leave the packets out of the report
    #[arg(long)]
    pub(crate) no_ladder: bool,

    /// Kernel events recorded on the sender's host, to join with the packets
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,

    /// What frames of a link layer for private use (147 to 162) are, such as 147=ethernet (repeatable)
    #[arg(long, value_name = "NUMBER=NAME", value_parser = parse_link)]
    pub(crate) link_type: Vec<(LinkType, LinkType)>,

    /// Time zone for times of day in text, such as Europe/Berlin or `local`
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) tz: String,

    /// Memory for connections, such as 512MiB; beyond it the quietest are forgotten, and that is said
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = parse_size)]
    pub(crate) memory: u64,

    /// Follow every connection, as if the captures could be read only once: slower, and the same result
    #[arg(long, hide = true)]
    pub(crate) once: bool,

    /// Threads; as many as there are processors when not said. Results do not depend on it
    #[arg(long, value_name = "N", value_parser = parse_jobs)]
    pub(crate) jobs: Option<usize>,

    /// For `whyrst serve`: JSON with what a page shows beside it, the summary at the end, and progress
    /// as lines on standard error
    #[arg(long, hide = true)]
    pub(crate) page: bool,

    /// For `whyrst serve`: what the capture is called, whatever its file's name
    #[arg(long, hide = true, value_name = "NAME")]
    pub(crate) called: Option<String>,

    /// Options that every command understands.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Whether equal resets are counted instead of told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Fold {
    /// For a person.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A confidence, from the weakest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum MinConfidence {
    /// Everything.
    Unexplained,
    /// What fits, even if others fit as well.
    Possible,
    /// What fits best for a stated reason.
    Likely,
    /// What the kernel said.
    Certain,
}

/// `whyrst serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Prints the page's URL with its token, then serves until Ctrl-C. Only who has the token can look.
FILE is a capture, `-` for one on standard input as it grows, or JSON lines that `explain` or `watch`
wrote with --format json. Captures can also be dropped onto the page: this program explains them, and
nothing leaves the host.

Examples:
  whyrst serve trace.pcapng
  whyrst serve                                  a page to drop captures onto
  sudo whyrst serve --live                      every reset of this host, as it happens
  tcpdump -i eth0 -w - tcp or icmp | whyrst serve -
  ssh -L 8080:127.0.0.1:8080 HOST whyrst serve --listen 127.0.0.1:8080 trace.pcap"
)]
pub(crate) struct Serve {
    /// Captures, in the order of time, and recordings as JSON lines
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Also every reset of this host, as it happens (needs what `whyrst watch` needs)
    #[arg(long)]
    pub(crate) live: bool,

    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen: std::net::SocketAddr,

    /// The largest capture that may be dropped onto the page
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = parse_size)]
    pub(crate) upload_limit: u64,

    /// Memory for connections while a capture is read, as for `explain`
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = parse_size)]
    pub(crate) memory: u64,

    /// Say nothing but the URL
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// `whyrst lab`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  whyrst lab list
  whyrst lab run close-unread
  whyrst lab run --all --keep recorded/")]
pub(crate) struct Lab {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: LabCommand,
}

/// `whyrst lab ...`.
#[derive(Debug, Subcommand)]
pub(crate) enum LabCommand {
    /// List the scenarios
    List(LabList),
    /// Play scenarios and check packets, kernel and verdict against each other
    Run(LabRun),
}

/// `whyrst lab list`.
#[derive(Debug, Args)]
pub(crate) struct LabList {
    /// Options that every command understands.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `whyrst lab run`.
#[derive(Debug, Args)]
#[command(
    after_help = "Root is not needed; as root the kernel's own reasons are checked too. Exit status: 0 every scenario
passed, 1 one failed, 2 failure.

Examples:
  whyrst lab run close-unread linger-zero
  whyrst lab run --all --format json | jq 'select(.passed | not)'
  whyrst lab run connect-abandoned --keep recorded/ && whyrst explain recorded/connect-abandoned/client.pcapng"
)]
pub(crate) struct LabRun {
    /// Scenarios, or causes for all of their scenarios
    #[arg(required_unless_present = "all", value_name = "ID")]
    pub(crate) ids: Vec<String>,

    /// Every scenario there is
    #[arg(long, conflicts_with = "ids")]
    pub(crate) all: bool,

    /// Keep client.pcapng, server.pcapng and events.jsonl of each scenario in DIR/ID
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,

    /// How to write the results
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,

    /// Options that every command understands.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `whyrst causes`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  whyrst causes
  whyrst causes close-unread
  whyrst causes close-unread --format markdown >> ticket.md")]
pub(crate) struct Causes {
    /// The cause whose page to show; all causes as a list when absent
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,

    /// How to write the page
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,

    /// Options that every command understands.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `whyrst doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Each line is tried, not guessed. Exit status: 0 nothing is missing, 1 something is, 2 failure.

Examples:
  whyrst doctor
  sudo whyrst doctor --format json | jq 'select(.status != \"ok\")'")]
pub(crate) struct Doctor {
    /// How to write what was found
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,

    /// Make namespaces in this process, and say whether that works
    #[arg(long, hide = true)]
    pub(crate) try_namespaces: bool,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// `whyrst extcap`.
#[derive(Debug, Args)]
#[command(after_help = "Wireshark and tshark start this command when it is linked in their extcap folder. The capture
holds the packets of connections that were reset, in this network namespace, with the verdict as a
comment on the RST.

Examples:
  whyrst extcap --install && tshark -D
  sudo tshark -i whyrst -T fields -e ip.src -e frame.comment -Y frame.comment")]
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

    /// Capture only what this filter takes, in the language of `explain --filter`
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

/// `whyrst completions`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  whyrst completions bash | sudo tee /usr/share/bash-completion/completions/whyrst
  whyrst completions zsh > ~/.zfunc/_whyrst
  whyrst completions fish > ~/.config/fish/completions/whyrst.fish")]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// `whyrst man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Where the pages go
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

/// At least one, and no more than any machine has use for.
fn parse_jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=1_024) => Ok(jobs),
        _ => Err("expected a number from 1 to 1024".to_owned()),
    }
}

/// `512MiB`, `2GiB`, `100000`.
fn parse_size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 7] =
        [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10), ("", 1)];
    let split = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let factor = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim())).map(|(_, factor)| *factor);
    match (digits.parse::<u64>(), factor) {
        (Ok(number), Some(factor)) => number.checked_mul(factor).ok_or_else(|| "too large".to_owned()),
        _ => Err("expected a size such as 512MiB or 2GiB".to_owned()),
    }
}

/// `resets`.
fn parse_table(name: &str) -> Result<Table, String> {
    Table::named(name).ok_or_else(|| "expected packets, connections, resets, incidents or failed_connects".to_owned())
}

/// `147=ethernet`, `150=101`.
fn parse_link(text: &str) -> Result<(LinkType, LinkType), String> {
    let (user, link) = text.split_once('=').ok_or("expected NUMBER=NAME, such as 147=ethernet")?;
    let user = user.parse().map(LinkType).ok().filter(|user| user.is_for_private_use());
    let user = user.ok_or("only the numbers 147 to 162 (USER0 to USER15) are for private use")?;
    let link = link.parse().map(LinkType).ok().or_else(|| LinkType::named(link));
    let link = link.filter(|link| link.is_read());
    let link = link.ok_or("this link layer is not read; expected ethernet, raw, ppp or another of docs/formats.md")?;
    Ok((user, link))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn link_layers_for_private_use_are_named() {
        assert_eq!(parse_link("147=ethernet"), Ok((LinkType(147), LinkType::ETHERNET)));
        assert_eq!(parse_link("162=101"), Ok((LinkType(162), LinkType::RAW)));
        assert!(parse_link("1=raw").is_err());
        assert!(parse_link("147=usb").is_err());
        assert!(parse_link("147").is_err());
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("128MiB"), Ok(128 << 20));
        assert_eq!(parse_size("2g"), Ok(2 << 30));
        assert_eq!(parse_size("4096"), Ok(4096));
        assert!(parse_size("many").is_err());
        assert!(parse_size("99999999999GiB").is_err());
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
