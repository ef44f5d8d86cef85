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
use jiff::Timestamp as Moment;
use jiff::tz::TimeZone;
use whyrst_core::when::{Bound, When};
use whyrst_model::time::Timestamp;
use whyrst_output::Places;

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

    /// Only rows from this time on: 2026-01-31, 2026-01-31T22:00 (of --tz), 2026-01-31T22:00:00Z, or how long ago: 12h,
    /// 1d
    #[arg(long, value_name = "TIME")]
    since: Option<When>,

    /// Only rows before this time
    #[arg(long, value_name = "TIME")]
    until: Option<When>,

    /// Time zone of --since and --until, such as Europe/Berlin, or `local` (that of TZ); times in rows are UTC
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    tz: TimeZone,

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
    if arguments.list || arguments.show {
        let sink = Sink::open(arguments.format, arguments.output.as_deref(), Places::default())?;
        sink.text(&if arguments.list { queries::list() } else { query.to_owned() })?;
        return Ok(ExitCode::SUCCESS);
    }
    let jobs = arguments.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, Into::into), usize::from);
    let memory = usize::try_from(arguments.memory).unwrap_or(usize::MAX);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(jobs).enable_all().build();
    let runtime = runtime.context("cannot start threads")?;
    let reading = Arc::new(Reading::new());
    let asked = ask(arguments, query, Engine::new(memory, jobs, Arc::clone(&reading))?, &reading);
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

async fn ask(arguments: &Arguments, query: &str, engine: Engine, reading: &Reading) -> Result<()> {
    let window = Window::of(arguments)?;
    let inputs = Inputs::of(&arguments.files, arguments.fetch_limit).await?;
    // Without files there are no tables, rather than empty ones: a query may name files itself.
    if !arguments.files.is_empty() {
        engine.open(&inputs, &window).await?;
    }
    // The query may name more files: what is read is known when it is planned.
    let frame = engine.query(query).await?;
    let sink = Sink::open(arguments.format, arguments.output.as_deref(), reading.places())?;
    if arguments.explain {
        return sink.text(&Engine::explain(frame).await?);
    }
    sink.rows(frame, reading).await
}

impl Window {
    fn of(arguments: &Arguments) -> Result<Self> {
        let now = i64::try_from(Moment::now().as_nanosecond()).context("this machine's clock is beyond 2262")?;
        let moment = |when: &Option<When>, bound, option| {
            let moment = when.as_ref().map(|when| when.moment(bound, &arguments.tz, Timestamp::from_nanos(now)));
            moment.transpose().with_context(|| format!("{option} is a time that no row can have"))
        };
        Ok(Self {
            since: moment(&arguments.since, Bound::Since, "--since")?,
            until: moment(&arguments.until, Bound::Until, "--until")?,
        })
    }
}

fn zone(name: &str) -> Result<TimeZone, jiff::Error> {
    if name.eq_ignore_ascii_case("local") { Ok(TimeZone::system()) } else { TimeZone::get(name) }
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
    fn a_time_without_a_zone_keeps_its_time_of_day_and_follows_tz() {
        let since = |words: &[&str]| {
            let arguments = Arguments::try_parse_from([&["whyrst sql", "select 1"], words].concat()).unwrap();
            Window::of(&arguments).unwrap().since.unwrap()
        };
        let utc = since(&["--since", "2026-10-25T23:45:00Z"]);
        assert_eq!(since(&["--since", "2026-10-25T23:45:00"]), utc);
        assert_eq!(since(&["--since", "2026-10-26T00:45", "--tz", "Europe/Berlin"]), utc);
        assert!(since(&["--since", "1d"]) < since(&["--since", "12h"]));
        assert!(Arguments::try_parse_from(["whyrst sql", "select 1", "--since", "yesterday"]).is_err());
    }
}
