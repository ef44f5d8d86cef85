//! Commands that read captures: `explain`, and `pipe` for engines that distribute the work.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use whyrst_capture::LinkType;
use whyrst_core::filter::Divided;
use whyrst_core::outcome::Outcome;
use whyrst_core::report::summary::Benign;
use whyrst_core::report::{Context, Explanation};
use whyrst_core::verdict::Judgement;
use whyrst_core::when::When;
use whyrst_store::Table;

use super::shared::parse_size;
use super::{Common, ReportFormat};
use crate::explain::confidence;
use crate::explain::whole::ConnectionName;
use crate::filter::fits_words;
use crate::memory;
use crate::window::Window;

/// `whyrst explain`.
#[derive(Debug, Args)]
#[command(after_help = "Captures may be pcap or pcapng, plain or compressed with gzip, zstd or lz4; `-` is standard \
input, read as it grows. Capture with `tcp or icmp or icmp6`: ICMP errors explain connects \
that fail without a RST. Start before the connection does, and -s 96 is enough.

Examples:
  whyrst explain trace.pcapng
  whyrst explain --all --format json -o resets.jsonl trace1.pcap trace2.pcap
  whyrst explain --format html -o report.html trace.pcap    to attach to a ticket
  whyrst explain --summary --since 12h /var/spool/tcpdump/          top causes by service, last night
  whyrst explain --summary --cause close-unread --min-confidence likely trace.pcap
  whyrst explain --filter 'host 10.0.0.1 and port 443' trace.pcap
  whyrst explain --beside-lab trace.pcap                            beside the lab's run of the same cause
  whyrst explain --tui trace.pcap                                   look around in them
  whyrst explain --annotate told.pcapng --wireshark trace.pcap      the verdicts beside the packets
  whyrst explain --log-file error.log trace.pcap                    with what the proxy says of it
  whyrst explain --vantage client=a.pcap --vantage server=b.pcap    captures of both ends, joined")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Explain {
    /// Captures, in the order of time; `-` is standard input
    #[arg(required_unless_present_any = ["vantage", "log_file"], value_name = "FILE")]
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

    /// Also connects that failed without any RST; with --summary also the issues that are benign
    #[arg(long)]
    pub(crate) all: bool,

    /// Only what fits: tcpdump's filters (host, net, port, portrange, and, or, not ...), `key:value` such
    /// as `cause:close-*` or `-severity:benign` and any other word choose among the reports; src, dst,
    /// less, greater and icmp choose packets, and what they leave out is not read; docs/filters.md
    #[arg(long, value_name = "EXPR", value_parser = Divided::parse, allow_hyphen_values = true)]
    pub(crate) filter: Option<Divided>,

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

    /// Only what ended at this time or later: 2026-01-31, 2026-01-31T22:00 (of --tz), 2026-01-31T22:00:00Z, or how
    /// long ago: 12h, 1d
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<When>,

    /// Only what ended before this time
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<When>,

    /// Tell equal resets between the same two ends three times and count the rest; auto: not in JSON
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) fold: Fold,

    /// Leave the packets out of the report
    #[arg(long)]
    pub(crate) no_ladder: bool,

    /// Beside each report the lab's recorded run of its cause, row by row: what is equal (=), what differs (!=), and
    /// what only one of the two has
    #[arg(long, conflicts_with_all = ["vantage", "summary", "tui"])]
    pub(crate) beside_lab: bool,

    /// Kernel events recorded on the sender's host, to join with the packets: a recording of `watch --record`, Windows'
    /// TCPIP trace (text of netsh or pktmon, XML or CSV of tracerpt), macOS `log show`, or FreeBSD's log and dtrace
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,

    /// A log of either end or of a proxy, to join with the packets (repeatable): nginx, haproxy, Envoy, sshd, the kubelet,
    /// journalctl -o export or json, syslog; plain or gzip. Without a capture, what its messages mean
    #[arg(long, value_name = "FILE")]
    pub(crate) log_file: Vec<PathBuf>,

    /// What frames of a link layer for private use (147 to 162) are, such as 147=ethernet (repeatable)
    #[arg(long, value_name = "NUMBER=NAME", value_parser = parse_link)]
    pub(crate) link_type: Vec<(LinkType, LinkType)>,

    /// Time zone of times of day in text and of --since and --until, such as Europe/Berlin, or `local` (that of TZ)
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) tz: String,

    /// Memory for connections, such as 512MiB; beyond it the quietest are forgotten, and that is said.
    /// When not said: 2GiB, or a quarter of what there is where that is less
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub(crate) memory: Option<u64>,

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

    /// For `whyrst serve`: only the packets of the connection CLIENT:PORT,SERVER:PORT,NANOSECONDS
    #[arg(long, hide = true, value_name = "NAME")]
    pub(crate) connection: Option<ConnectionName>,

    /// How many packets of it, at most
    #[arg(long, hide = true, value_name = "N", default_value_t = 1_000)]
    pub(crate) packets: usize,

    /// Options that every command understands.
    #[command(flatten)]
    pub(crate) common: Common,
}

impl Explain {
    /// Octets for connections.
    pub(crate) fn memory(&self) -> u64 {
        let says_more = !self.log_file.is_empty() || self.events.is_some();
        self.all_memory() - if says_more { self.memory_for_claims() } else { 0 }
    }

    /// Octets for what logs and other kernels say of them.
    pub(crate) fn memory_for_claims(&self) -> u64 {
        self.all_memory() / 8
    }

    fn all_memory(&self) -> u64 {
        self.memory.unwrap_or_else(memory::default)
    }

    /// What becomes of benign issues in a summary.
    pub(crate) const fn benign(&self) -> Benign {
        if self.all { Benign::Listed } else { Benign::Counted }
    }

    /// Whether this outcome is asked for.
    pub(crate) fn wants(&self, window: &Window, outcome: &Outcome, judgement: &Judgement, context: &Context) -> bool {
        let is_cause = self.cause.is_empty() || self.cause.iter().any(|cause| has_step(judgement, cause));
        is_cause
            && window.has(outcome.time())
            && judgement.confidence >= confidence(self.min_confidence)
            && self.fits_words(outcome, judgement, context)
    }

    /// Whether `--filter` asks for its report.
    fn fits_words(&self, outcome: &Outcome, judgement: &Judgement, context: &Context) -> bool {
        let Some(filter) = &self.filter else { return true };
        let words = filter.anywhere.as_ref().unwrap_or(&filter.reports);
        words.is_empty() || fits_words(words, &Explanation::judged(outcome, judgement.clone(), context))
    }

    /// What is passed over before connections are followed: only where a word is about single packets. Other words
    /// choose among reports, since what the connections beside it show is part of a verdict.
    pub(crate) fn packet_filter(&self) -> Option<whyrst_capture::Filter> {
        let filter = self.filter.as_ref().filter(|filter| filter.anywhere.is_none())?;
        filter.packets.as_ref().and_then(whyrst_capture::Filter::of)
    }

    /// The connections whose reports may be wanted, as far as their ends say so.
    pub(crate) fn ends_filter(&self) -> Option<whyrst_capture::Filter> {
        let packets = self.filter.as_ref()?.packets.as_ref().and_then(whyrst_capture::Filter::of);
        packets.filter(whyrst_capture::Filter::is_of_connections)
    }
}

/// Whether a step of the verdict is that cause.
pub(crate) fn has_step(judgement: &Judgement, cause: &str) -> bool {
    let lead = judgement.cause.map_or("unexplained", |lead| lead.id);
    let how = judgement.mechanism.iter().map(|how| how.cause.id);
    let why = judgement.reasons.iter().map(|why| why.cause.id);
    how.chain(why).chain([lead]).any(|id| id == cause)
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
    /// What the kernel said: packets alone name no cause for certain.
    Certain,
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
    /// What each capture shows of each flow, to rows on standard output
    Flows(PipeFlows),
    /// Packet rows on standard input to rows of resets and failed connects on standard output
    Track(PipeTrack),
    /// The columns of a table, as a stream without rows
    Schema(PipeSchema),
}

/// `whyrst pipe schema`.
#[derive(Debug, Args)]
pub(crate) struct PipeSchema {
    /// packets, connections, resets, incidents, `failed_connects`, or flows (of `pipe flows`)
    #[arg(value_name = "TABLE", value_parser = parse_table)]
    pub(crate) table: PipeTable,
}

/// What `whyrst pipe` has rows of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PipeTable {
    /// A table of [rows](whyrst_store).
    Rows(Table),
    /// Parts of flows.
    Flows,
}

/// `whyrst pipe flows`.
#[derive(Debug, Args)]
#[command(
    after_help = "Writes one Arrow IPC stream: of each file one row for each flow, sometimes several, which are put \
together by minimum and maximum. They tell which flows `pipe scan --flows` should have rows of. Files that cannot be \
read are said on standard error, and the exit status is 2."
)]
pub(crate) struct PipeFlows {
    /// Captures; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// `whyrst pipe scan`.
#[derive(Debug, Args)]
#[command(
    after_help = "Writes one Arrow IPC stream of the table `packets` (docs/rows.md), in the order of time. Files that \
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

    /// Only rows of the flows whose numbers are in FILE (64 bits each, the least octet first), and those that tell of
    /// a service beyond its connection: SYN-ACKs, and SYNs that offer ECN
    #[arg(long, value_name = "FILE")]
    pub(crate) flows: Option<PathBuf>,
}

/// `whyrst pipe track`.
#[derive(Debug, Args)]
#[command(
    after_help = "Reads one Arrow IPC stream of the table `packets`, of all connections of one bucket, in the order of \
time; a row that goes back in time within its connection is an error. A column `overheard` (boolean) \
may mark rows that only tell of a service. Writes one Arrow IPC stream of the table `resets`, failed \
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

/// At least one, and no more than any machine has use for.
fn parse_jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=1_024) => Ok(jobs),
        _ => Err("expected a number from 1 to 1024".to_owned()),
    }
}

/// `resets`.
fn parse_table(name: &str) -> Result<PipeTable, String> {
    let table = Table::named(name).map(PipeTable::Rows);
    let expected = "expected packets, connections, resets, incidents, failed_connects or flows";
    table.or((name == "flows").then_some(PipeTable::Flows)).ok_or_else(|| expected.to_owned())
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

    #[test]
    fn link_layers_for_private_use_are_named() {
        assert_eq!(parse_link("147=ethernet"), Ok((LinkType(147), LinkType::ETHERNET)));
        assert_eq!(parse_link("162=101"), Ok((LinkType(162), LinkType::RAW)));
        assert!(parse_link("1=raw").is_err());
        assert!(parse_link("147=usb").is_err());
        assert!(parse_link("147").is_err());
    }
}
