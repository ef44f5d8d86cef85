//! `whyrst-sql`, what `whyrst sql` runs: captures, recordings and Parquet as tables, asked in SQL.
//!
//! [`inputs`] looks at what was named, `captures` and `recordings` make tables of it, `engine` has the bounds and
//! runs queries, `output` writes rows, and `problem` points at what is wrong with a query. It is a
//! program of its own because the engine is a hundred megabytes that nobody needs who does not ask in SQL.
//!
//! Exit status: 0 done, 2 could not do it, or some input could not be read and the result is that of the rest.

mod captures;
mod engine;
mod inputs;
mod output;
mod problem;
mod queries;
mod reading;
mod recordings;
mod scan;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::{Parser, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::engine::{Engine, Window};
use crate::inputs::Inputs;
use crate::output::Sink;
use crate::reading::Reading;

/// Asks captures, recordings and Parquet in SQL.
#[derive(Debug, Parser)]
#[command(name = "whyrst sql", bin_name = "whyrst sql", version, max_term_width = 100)]
#[command(
    after_help = "Tables: resets, failed_connects, incidents, connections, packets, each over all files named. Files are
captures, recordings (JSON lines of `whyrst watch` and `explain`), and Parquet of
`whyrst explain --parquet`; folders of them, globs in quotes, and s3://BUCKET/KEY (AWS_ENDPOINT_URL,
AWS_ACCESS_KEY_ID and their like are heeded). A table can be named over other files as well:
resets('other/*.pcap').

Examples:
  whyrst sql @top-causes /var/lib/whyrst/          top causes by service
  whyrst sql @top-causes --since 12h s3://traces/rows/
  whyrst sql \"select service, count(*) from resets group by 1\" trace.pcapng
  whyrst sql \"describe resets\"                     its columns
  whyrst sql --list                                the queries that are shipped"
)]
struct Arguments {
    /// A query, or @NAME for one that is shipped
    #[arg(required_unless_present = "list", value_name = "SQL")]
    query: Option<String>,

    /// What to ask
    #[arg(value_name = "FILE|DIR|GLOB|s3://...")]
    files: Vec<String>,

    /// List the queries that are shipped
    #[arg(long)]
    list: bool,

    /// Show the text of the query, to start from
    #[arg(long, conflicts_with_all = ["explain", "list"])]
    show: bool,

    /// Only rows from this time on: a date, a time such as 2026-01-31T22:00:00Z, or how long ago, such as 12h
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,

    /// Only rows before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Timestamp>,

    /// Show how the query would be run, instead of running it
    #[arg(long)]
    explain: bool,

    /// How to write the result
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,

    /// Write to this file instead of standard output; it appears under its name when complete
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Memory for the query, which beyond it spills to disk, and for connections that are followed
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = parse_size)]
    memory: u64,

    /// Threads; as many as there are processors when not said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,

    /// How much may be fetched from a bucket to be read here: captures and recordings, not Parquet
    #[arg(long, value_name = "SIZE", default_value = "10GiB", value_parser = parse_size)]
    fetch_limit: u64,
}

/// How results are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For a person
    Table,
    /// With a header line
    Csv,
    /// One object a line
    Json,
    /// A Parquet file; needs -o
    Parquet,
}

/// 128 and the number of SIGINT, as shells say it.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            problem::complain(&error);
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let text = arguments.query.as_deref().unwrap_or_default();
    let query = match text.strip_prefix('@') {
        Some(name) => queries::named(name)?,
        None => text,
    };
    let sink = Sink::open(arguments.format, arguments.output.as_deref())?;
    if arguments.list || arguments.show {
        sink.text(&if arguments.list { queries::list() } else { query.to_owned() })?;
        return Ok(ExitCode::SUCCESS);
    }
    let jobs = arguments.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, Into::into), usize::from);
    let memory = usize::try_from(arguments.memory).unwrap_or(usize::MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(jobs).enable_all().build();
    let runtime = runtime.context("cannot start threads")?;
    let reading = Arc::new(Reading::new());
    let asked = ask(arguments, query, sink, Engine::new(memory, jobs, Arc::clone(&reading))?, &reading);
    let done = runtime.block_on(async {
        tokio::select! {
            done = asked => done.map(|()| ExitCode::SUCCESS),
            () = reading.show() => Ok(ExitCode::SUCCESS),
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(INTERRUPTED)),
        }
    });
    reading.hush();
    // Nobody waits for threads that are still reading.
    runtime.shutdown_background();
    done.map(|code| if reading.is_incomplete() { ExitCode::from(2) } else { code })
}

async fn ask(arguments: &Arguments, query: &str, sink: Sink, engine: Engine, reading: &Reading) -> Result<()> {
    let inputs = Inputs::of(&arguments.files, arguments.fetch_limit).await?;
    // Without files there are no tables, rather than empty ones: a query may name files itself.
    if !arguments.files.is_empty() {
        engine.open(&inputs, &Window { since: arguments.since, until: arguments.until }).await?;
    }
    if arguments.explain {
        return sink.text(&engine.explain(query).await?);
    }
    sink.rows(engine.query(query).await?, reading).await
}

/// A moment, or how long before now; dates are those of UTC, as all times in rows.
fn moment(text: &str) -> Result<Timestamp, String> {
    let exact = text
        .parse()
        .ok()
        .or_else(|| text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp()));
    let ago = || Timestamp::now().checked_sub(text.parse::<SignedDuration>().ok()?).ok();
    exact.or_else(ago).ok_or_else(|| "expected 2026-01-31, 2026-01-31T22:00:00Z, or how long ago: 12h, 30m".to_owned())
}

/// `512MiB`, `2GiB`, `100000`.
fn parse_size(text: &str) -> Result<u64> {
    let split = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        _ => bail!("expected a size such as 512MiB or 2GiB"),
    };
    let number: u64 = digits.parse().context("expected a size such as 512MiB or 2GiB")?;
    number.checked_mul(1 << shift).context("too large")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_moment_is_a_date_a_time_or_how_long_ago() {
        assert_eq!(moment("2026-01-31").unwrap(), moment("2026-01-31T01:00:00+01:00").unwrap());
        let ago = Timestamp::now().duration_since(moment("12h").unwrap());
        assert!((ago.as_hours(), ago.as_secs() % 3600) < (12, 60), "{ago}");
        assert!(moment("yesterday").is_err());
    }
}
