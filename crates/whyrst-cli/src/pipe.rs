//! `whyrst pipe`: packet rows out of captures, resets out of packet rows, as Arrow IPC streams on
//! standard input and output. This is all that a distributed engine needs to know of whyrst: it
//! brings the rows of a connection together and in order, the tracker is the same.

use std::collections::HashMap;
use std::io::{self, BufReader, BufWriter, Stdout, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use jiff::tz::TimeZone;
use whyrst_capture::{CaptureSet, Step};
use whyrst_core::language::Language;
use whyrst_core::observation::{Observation, Seen};
use whyrst_core::outcome::Outcome;
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::{Context, Explanation};
use whyrst_core::segment::Flags;
use whyrst_core::service::tells_of_service;
use whyrst_core::time::Timestamp;
use whyrst_core::tracker::Limits;
use whyrst_store::Table;
use whyrst_store::flows::FlowRows;
use whyrst_store::packets::{PacketRows, Sources, flow_name};
use whyrst_store::rows::Rows;
use whyrst_store::track::{Covered, Heed, RowTracker};

use crate::Completion;
use crate::args::{Pipe, PipeCommand, PipeFlows, PipeScan, PipeTable, PipeTrack};
use crate::explain::limits;
use crate::memory::Budget;
use crate::output;

/// Packets of one batch: some 2 MB.
const BATCH: usize = 16_384;

type Writer = StreamWriter<BufWriter<Stdout>>;

pub(crate) fn run(pipe: &Pipe) -> Result<Completion> {
    match &pipe.command {
        PipeCommand::Scan(scan) => run_scan(scan),
        PipeCommand::Flows(flows) => run_flows(flows),
        PipeCommand::Track(track) => run_track(track),
        PipeCommand::Schema(schema) => {
            let schema = match schema.table {
                PipeTable::Rows(table) => table.schema(),
                PipeTable::Flows => FlowRows::schema(),
            };
            finish(StreamWriter::try_new(BufWriter::new(io::stdout()), &schema)?)?;
            Ok(Completion::Clean)
        }
    }
}

fn run_scan(scan: &PipeScan) -> Result<Completion> {
    let schema = Table::Packets.schema();
    let wanted = scan.columns.iter().map(|name| {
        schema.index_of(name).map_err(|_| anyhow!("--columns {name}: the table packets has no such column"))
    });
    let wanted = wanted.collect::<Result<Vec<_>>>()?;
    let schema = if wanted.is_empty() { schema } else { schema.project(&wanted)?.into() };
    let flows = scan.flows.as_deref().map(Flows::read).transpose()?;
    let mut rows = PacketRows::of(schema.clone());
    let mut writer = StreamWriter::try_new(BufWriter::new(io::stdout()), &schema)?;
    let outcome = each(&scan.files, |name, seen| {
        if (scan.signs && !is_sign(&seen.what)) || flows.as_ref().is_some_and(|flows| !flows.want(&seen.what)) {
            return Ok(());
        }
        rows.push(name, seen);
        if rows.len() < BATCH { Ok(()) } else { write(&mut writer, &rows.take()?) }
    })?;
    if !rows.is_empty() {
        write(&mut writer, &rows.take()?)?;
    }
    finish(writer)?;
    Ok(outcome)
}

fn run_flows(flows: &PipeFlows) -> Result<Completion> {
    let mut writer = StreamWriter::try_new(BufWriter::new(io::stdout()), &FlowRows::schema())?;
    let mut outcome = Completion::Clean;
    for file in &flows.files {
        // An archive holds several captures, whose packets come in the order of time.
        let mut sources: HashMap<String, FlowRows> = HashMap::new();
        let read = each(std::slice::from_ref(file), |name, seen| {
            let Some(rows) = sources.get_mut(name) else {
                sources.entry(name.to_owned()).or_default().push(seen);
                return Ok(());
            };
            if rows.push(seen) { Ok(()) } else { take_flows(rows, name, &mut writer) }
        })?;
        for (source, rows) in &mut sources {
            take_flows(rows, source, &mut writer)?;
        }
        outcome = outcome.max(read);
    }
    finish(writer)?;
    Ok(outcome)
}

fn take_flows(rows: &mut FlowRows, source: &str, writer: &mut Writer) -> Result<()> {
    rows.take(source)?.map_or(Ok(()), |batch| write(writer, &batch))
}

/// Hands out everything that was seen in captures, with the name of its file; says what could not be read.
fn each(files: &[PathBuf], mut take: impl FnMut(&str, &Observation<'_>) -> Result<()>) -> Result<Completion> {
    let mut captures = CaptureSet::open(files);
    // The names are known before the first frame.
    let names: Vec<String> = captures.names().map(escape_name).collect();
    let mut outcome = Completion::Clean;
    loop {
        match captures.next() {
            Ok(Step::Observation(seen)) => {
                let name = names.get(seen.frame.file() as usize).map_or("-", String::as_str);
                take(name, &seen)?;
            }
            Ok(Step::PassedOver(..) | Step::Idle) => {}
            Ok(Step::End) => break,
            Err(error) => {
                output::complain(&error.into());
                outcome = Completion::Incomplete;
            }
        }
    }
    for failure in captures.failures() {
        output::complain(&anyhow!("{failure}"));
        outcome = Completion::Incomplete;
    }
    Ok(outcome)
}

/// Numbers of flows, in order.
struct Flows(Vec<i64>);

impl Flows {
    fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let (numbers, rest) = bytes.as_chunks();
        if !rest.is_empty() {
            bail!("{} does not hold numbers of 8 bytes each", path.display());
        }
        let mut numbers: Vec<i64> = numbers.iter().map(|number| i64::from_le_bytes(*number)).collect();
        numbers.sort_unstable();
        Ok(Self(numbers))
    }

    fn want(&self, seen: &Seen<'_>) -> bool {
        let (src, dst) = match seen {
            Seen::Segment(segment) if tells_of_service(segment.flags) => return true,
            Seen::Segment(segment) => (segment.src, segment.dst),
            Seen::Icmp(error) => (error.src, error.dst),
        };
        self.0.binary_search(&flow_name(src, dst)).is_ok()
    }
}

/// What decides whether a connection is worth following.
fn is_sign(seen: &Seen<'_>) -> bool {
    match seen {
        Seen::Segment(segment) => segment.flags.has(Flags::SYN) || segment.flags.has(Flags::RST),
        Seen::Icmp(_) => true,
    }
}

fn run_track(track: &PipeTrack) -> Result<Completion> {
    let covered = track.covered.as_deref().map(read_covered).transpose()?.unwrap_or_default();
    // The same result on every worker: nothing here is looked up by who chose the keys.
    let limits = Limits { hash_seed: 0, ..limits(Budget::of(track.memory)) };
    let mut tracker = RowTracker::new(limits, covered);
    let input = StreamReader::try_new(BufReader::new(io::stdin()), None).context("cannot read rows")?;
    let mut lines = Lines::new()?;
    for batch in input {
        let batch = batch.context("cannot read rows")?;
        let overheard = overheard(&batch)?;
        let mut done = Ok(());
        tracker.push(
            &batch,
            |row| if overheard[row] { Heed::Overhear } else { Heed::Follow },
            |outcome, sources| {
                if done.is_ok() {
                    done = lines.write(&outcome, sources);
                }
            },
        )?;
        done?;
    }
    let mut done = Ok(());
    let counts = tracker.finish(|outcome, sources| {
        if done.is_ok() {
            done = lines.write(&outcome, sources);
        }
    });
    done?;
    lines.finish()?;
    if counts.forgotten > 0 {
        output::remark(&format!("{} connections were forgotten to stay within --memory", counts.forgotten));
    }
    Ok(Completion::Clean)
}

/// Which rows only say something of a service.
fn overheard(batch: &RecordBatch) -> Result<Vec<bool>> {
    let Some(column) = batch.column_by_name("overheard") else { return Ok(vec![false; batch.num_rows()]) };
    let Some(column) = column.as_boolean_opt() else {
        bail!("column overheard is {}, expected Boolean", column.data_type());
    };
    Ok((0..column.len()).map(|row| column.is_valid(row) && column.value(row)).collect())
}

/// `FROM TO` a line.
fn read_covered(path: &Path) -> Result<Covered> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let stretch = |(number, line): (usize, &str)| {
        let ends = line.split_once(' ').and_then(|(from, to)| Some((from.parse().ok()?, to.trim().parse().ok()?)));
        let (from, to) =
            ends.with_context(|| format!("line {} of {} is no \"FROM TO\"", number + 1, path.display()))?;
        Ok((Timestamp::from_nanos(from), Timestamp::from_nanos(to)))
    };
    Ok(Covered::of(text.lines().enumerate().map(stretch).collect::<Result<_>>()?))
}

/// Endings on their way out.
struct Lines {
    rows: Rows,
    writer: Writer,
}

impl Lines {
    fn new() -> Result<Self> {
        let writer = StreamWriter::try_new(BufWriter::new(io::stdout()), &Table::Resets.schema())?;
        Ok(Self { rows: Rows::of(Table::Resets)?, writer })
    }

    fn write(&mut self, outcome: &Outcome, sources: &Sources) -> Result<()> {
        let context = Context { files: sources.names().to_vec(), zone: TimeZone::UTC, language: Language::English };
        self.rows.push(&Explanation::new(outcome, &context).record())?;
        if self.rows.is_full() { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        self.rows.take()?.map_or(Ok(()), |batch| write(&mut self.writer, &batch))
    }

    fn finish(mut self) -> Result<()> {
        self.flush()?;
        finish(self.writer)
    }
}

fn write(writer: &mut Writer, batch: &RecordBatch) -> Result<()> {
    writer.write(batch).context("cannot write to standard output")
}

/// Only a stream that ends so is complete.
fn finish(mut writer: Writer) -> Result<()> {
    writer.finish().context("cannot write to standard output")?;
    writer.into_inner()?.flush().context("cannot write to standard output")
}
