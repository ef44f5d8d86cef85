//! The other commands: the page, the lab, the catalogue, and what a shell or a packager asks for.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::parse_size;
use super::{Common, Format, Lang};

/// `whyrst serve`.
#[derive(Debug, Args)]
#[command(
    after_help = "Prints the page's URL with its token, then serves until Ctrl-C. Only who has the token can look. \
FILE is a capture, `-` for one on standard input as it grows, or JSON lines that `explain` or `watch` \
wrote with --format json. Captures can also be dropped onto the page: this program explains them, and \
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

    /// Language of the page and its reports; when not given, that of the environment's locale
    /// (`LC_ALL`, `LC_MESSAGES`, `LANG`)
    #[arg(long, value_name = "LANG")]
    pub(crate) lang: Option<Lang>,

    /// Say nothing but the URL
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// A command that is a program of its own: everything is for that.
#[derive(Debug, Args)]
pub(crate) struct Elsewhere {
    /// What the command tells with --help
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    pub(crate) arguments: Vec<std::ffi::OsString>,
}

/// `whyrst lab`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  whyrst lab list
  whyrst lab run close-unread
  whyrst lab run --all --keep recorded/
  whyrst lab code close-unread --program c --out close-unread/")]
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
    /// Give the programs that make a scenario happen: client and server, in C, Python, Rust or Go
    Code(LabCode),
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
    after_help = "Root is not needed; as root the kernel's own reasons are checked too. Exit status: 0 every scenario \
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

/// `whyrst lab code`.
#[derive(Debug, Args)]
#[command(
    after_help = "Writes one program for each process of the scenario, with a comment above the line that matters; \
run.sh, which builds and runs them in a network namespace of their own (and captures and explains, where tcpdump and \
whyrst are installed); and expected.txt: what each call returns, the packets, the verdict. Comments are in the language \
of --lang.

Exit status: 0 done, 1 sockets alone cannot make the scenario, 2 failure.

Examples:
  whyrst lab code close-unread                        read the C programs
  whyrst lab code close-unread --program go --out close-unread/ && close-unread/run.sh
  whyrst lab code linger-zero --program python --lang zh"
)]
pub(crate) struct LabCode {
    /// The scenario, or the cause whose first scenario it is
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// What the programs are written in
    #[arg(long, value_name = "LANGUAGE", default_value = "c")]
    pub(crate) program: ProgramLanguage,

    /// Write the files into DIR, which is made if need be; to standard output when not given
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Options that every command understands.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What `lab code` writes in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum ProgramLanguage {
    /// C with the sockets of POSIX
    C,
    /// Python 3
    Python,
    /// Rust
    Rust,
    /// Go
    Go,
}

/// `whyrst why`.
#[derive(Debug, Args)]
#[command(
    after_help = "TEXT is a line of a log or of a terminal, or several; on standard input when absent. Each line is \
looked at, its first 4096 bytes; of standard input the first 64 KiB.

Exit status: 0 some message is known, 1 none is, 2 failure.

Examples:
  whyrst why 'curl: (56) Recv failure: Connection reset by peer'
  whyrst why 'recv() failed (104: Connection reset by peer) while reading response header from upstream'
  tail -100 /var/log/nginx/error.log | whyrst why
  whyrst why nginx-104 --lang zh
  whyrst why -- '-ERR max number of clients reached'"
)]
pub(crate) struct Why {
    /// The message; words of it may be left out at both ends. Also the id of a symptom
    #[arg(value_name = "TEXT")]
    pub(crate) text: Vec<String>,

    /// How to write the answer
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
  whyrst causes nginx                           what mentions nginx
  whyrst causes close-unread --format markdown >> ticket.md")]
pub(crate) struct Causes {
    /// The cause whose page to show, or a word to search for; all causes as a list when absent
    #[arg(value_name = "ID|WORD")]
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
