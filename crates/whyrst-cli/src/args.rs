//! The command line: its commands here, their options in the modules, by what they work on.

mod captures;
mod live;
mod ports;
mod provoke;
mod shared;
mod sinks;
mod tools;

use clap::{Parser, Subcommand};

pub(crate) use self::captures::*;
pub(crate) use self::live::*;
pub(crate) use self::ports::*;
pub(crate) use self::provoke::*;
pub(crate) use self::shared::*;
pub(crate) use self::sinks::*;
pub(crate) use self::tools::*;

/// Says why a TCP connection was reset.
#[derive(Debug, Parser)]
#[command(name = "whyrst", version, max_term_width = 100)]
#[command(after_help = "Examples:
  whyrst explain trace.pcapng            why was each connection in it reset?
  tcpdump -i eth0 -w - tcp or icmp | whyrst explain -
  whyrst explain --summary big.pcap.zst  the top causes
  whyrst watch                           every reset of this host, as it happens (needs root)
  whyrst watch --metrics 9464            the same, counted for Prometheus
  whyrst run -- curl http://10.0.0.2/    every reset of one command
  whyrst check                           what on this host will cause the next ones
  whyrst serve trace.pcapng              look at them in a browser
  whyrst sql @top-causes rows/           top causes by service, of captures, recordings or Parquet
  whyrst lab run close-unread            see it happen with real sockets
  whyrst why \"curl: (56) Recv failure: Connection reset by peer\"    you have a message only
  whyrst causes linger-zero              one page of the catalogue
  whyrst doctor                          what this machine permits

Exit status:
  0  done, every reset explained (also when there is none); a closed pipe is success
  1  some reset or message unexplained, some scenario failed, check or doctor found something
  2  could not read or write, or wrong arguments
  `whyrst run` ends with the status of its command.

Defaults of options, strongest first: the command line; WHYRST_<OPTION>, such as WHYRST_TZ=local; \
~/.config/whyrst/config.toml; /etc/whyrst/config.toml. WHYRST_CONFIG names another file. In the file, \
`tz = \"local\"` holds for every command and `[explain]` begins what holds for one. Can be set: all, \
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
    /// Explain every reset of this host to collectors and logs, for a fleet
    Agent(Agent),
    /// Find what on this host will cause resets
    Check(Check),
    /// Show captures, recordings or this host on a local web page
    Serve(Serve),
    /// Reproduce causes with real sockets in fresh network namespaces
    Lab(Lab),
    /// Make a chosen reset happen to real clients: a TCP proxy for tests
    Provoke(Provoke),
    /// Explain a message of a program: what it means, its causes, the command that decides
    Why(Why),
    /// Show the catalogue of causes, one page of it, or what mentions a word
    Causes(Causes),
    /// Ask captures, recordings and Parquet in SQL (needs the program whyrst-sql beside this one)
    #[command(disable_help_flag = true)]
    Sql(Elsewhere),
    /// Answer agents: a server of the Model Context Protocol (needs the program whyrst-mcp beside this one)
    #[command(disable_help_flag = true)]
    Mcp(Elsewhere),
    /// Rows in Arrow IPC on standard input and output, for a distributed engine
    Pipe(Pipe),
    /// Check what works on this machine and how to enable the rest
    Doctor(Doctor),
    /// Be an interface of Wireshark: this host's resets with their causes
    Extcap(Extcap),
    /// Fields, columns and colours in Wireshark for captures that `explain --annotate` wrote
    Wireshark(Wireshark),
    /// Write completions for a shell
    Completions(Completions),
    /// Write the manual's pages into a folder
    #[command(hide = true)]
    Man(Man),
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use whyrst_core::symptoms;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    /// Words in capitals are for the reader to fill in.
    fn filled_in(word: &str) -> &str {
        match word {
            "PORT" | "PID" => "80",
            "URL" | "HOST" | "PACKAGE" => "x",
            other => other,
        }
    }

    #[test]
    fn the_command_of_each_symptom_is_one_that_we_have() {
        for symptom in symptoms::ALL {
            let command = symptom.facts.decide.whyrst;
            let (_, ours) = command.rsplit_once("whyrst ").unwrap_or_else(|| panic!("{}: {command}", symptom.id));
            let words = ["whyrst"].into_iter().chain(ours.split(' ')).map(filled_in);
            Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{}: {command}: {error}", symptom.id));
        }
    }
}
