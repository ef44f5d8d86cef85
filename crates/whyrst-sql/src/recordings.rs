//! Tables over recordings: the JSON lines of `whyrst watch` and `whyrst explain`, and what `whyrst watch --record` kept.
//!
//! Of the latter, events without the socket and its process are no rows: a reason and a call stack fit several causes
//! equally well. The lab keeps such beside its captures.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use jiff::tz::TimeZone;
use whyrst_capture::recording::{self, Omitted};
use whyrst_core::incident::Incidents;
use whyrst_core::language::Language;
use whyrst_core::recording::Told;
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::{Context, Explanation, incident};
use whyrst_core::verdict::judge;
use whyrst_model::Report;
use whyrst_store::Table;
use whyrst_store::rows::{Line, Row, Rows};

use crate::captures::external;
use crate::reading::Reading;
use crate::scan::{Out, Part, ScanExec};

/// Longest line that is read: a report with all its evidence has some ten thousand octets.
const LONGEST: u64 = 16 << 20;
/// What every schema of ours begins with.
const OURS: &str = "whyrst.";

/// One table over recordings.
#[derive(Debug)]
pub(crate) struct Recordings {
    pub(crate) table: Table,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) reading: Arc<Reading>,
}

#[async_trait::async_trait]
impl TableProvider for Recordings {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let whole = self.schema();
        let schema = projection.map_or_else(|| Ok(Arc::clone(&whole)), |wanted| whole.project(wanted).map(Arc::new))?;
        // What resets have in common is found over all files.
        let at_once = if self.table == Table::Incidents { self.files.len().max(1) } else { 1 };
        let part =
            |files: &[PathBuf]| -> Arc<dyn Part> { Arc::new(Recorded { table: self.table, files: files.to_vec() }) };
        let parts = self.files.chunks(at_once).map(part).collect();
        let shown = format!("{} of {} recordings", self.table.name(), self.files.len());
        Ok(Arc::new(ScanExec::new(parts, schema, limit, shown, Arc::clone(&self.reading))))
    }
}

/// Recordings that are read one after the other.
#[derive(Debug)]
struct Recorded {
    table: Table,
    files: Vec<PathBuf>,
}

impl Part for Recorded {
    fn run(&self, out: &mut Out) -> Result<()> {
        let mut telling = Telling::new(self.table)?;
        for path in &self.files {
            let name = escape_name(&path.display().to_string());
            let done = if recording::is_recording(path) {
                telling.judge(path, &name, out)
            } else {
                telling.read(path, &name, out)
            };
            match done {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                // The rest is still read, as it is of captures.
                Err(DataFusionError::IoError(cause)) => out.reading.failed(&format!("cannot read {name}: {cause}")),
                Err(error) => return Err(error),
            }
        }
        telling.finish(out)
    }
}

/// From recordings to the rows of one table.
struct Telling {
    table: Table,
    rows: Rows,
    /// Of what is judged here.
    incidents: Incidents,
    /// The first recording that is judged here.
    first: Option<Context>,
}

impl Telling {
    fn new(table: Table) -> Result<Self> {
        let rows = Rows::of(table).map_err(external)?;
        Ok(Self { table, rows, incidents: Incidents::default(), first: None })
    }

    /// Reports, which are rows as they are; false when nobody wants more.
    fn read(&mut self, path: &Path, name: &str, out: &mut Out) -> Result<bool> {
        let mut lines = Reader { reader: BufReader::new(File::open(path)?), line: Vec::new(), number: 0 };
        let mut passed_over = 0u64;
        while lines.advance(name)? {
            out.reading.advance(lines.line.len() as u64);
            match self.rows.push_line(&lines.line).map_err(external)? {
                Line::Taken if self.rows.is_full() && !self.flush(out)? => return Ok(false),
                Line::Taken | Line::Other => {}
                Line::Damaged => passed_over += 1,
            }
        }
        if passed_over > 0 {
            out.reading.failed(&format!("{passed_over} lines of {name} are damaged and were passed over"));
        }
        Ok(true)
    }

    /// What `whyrst watch --record` keeps, judged once more as `whyrst explain` does; false when nobody wants more.
    fn judge(&mut self, path: &Path, name: &str, out: &mut Out) -> Result<bool> {
        let file = Counted { file: File::open(path)?, reading: Arc::clone(&out.reading) };
        let context = Context { files: vec![name.to_owned()], zone: TimeZone::UTC, language: Language::English };
        let mut done = Ok(true);
        let read = recording::each_reset(BufReader::new(file), name, |told| {
            done = self.take(told, &context, out);
            if matches!(done, Ok(true)) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        self.first.get_or_insert(context);
        match read {
            Ok(omitted) => say(name, omitted, &out.reading),
            Err(error) => out.reading.failed(&error.to_string()),
        }
        done
    }

    fn take(&mut self, told: &Told, context: &Context, out: &mut Out) -> Result<bool> {
        match self.table {
            Table::Resets => {
                let outcome = told.reset.outcome();
                let explanation = Explanation::new(&outcome, context);
                self.push(&Report { count: told.more.max(1), ..explanation.record() }, out)
            }
            Table::Incidents if told.more == 0 => {
                let outcome = told.reset.outcome();
                self.incidents.add(&outcome, &judge(&outcome));
                Ok(true)
            }
            // A kernel tells of resets alone.
            Table::Incidents | Table::Packets | Table::Connections | Table::FailedConnects => Ok(true),
        }
    }

    fn finish(mut self, out: &mut Out) -> Result<()> {
        if let Some(context) = self.first.take() {
            for found in self.incidents.found() {
                self.push(&incident::record(&found, &context), out)?;
            }
        }
        self.flush(out)?;
        Ok(())
    }

    fn push(&mut self, row: &impl Row, out: &mut Out) -> Result<bool> {
        self.rows.push(row).map_err(external)?;
        if self.rows.is_full() { self.flush(out) } else { Ok(true) }
    }

    fn flush(&mut self, out: &mut Out) -> Result<bool> {
        self.rows.take().map_err(external)?.map_or(Ok(true), |batch| out.send_of(&batch))
    }
}

/// What has to be said of a recording.
fn say(name: &str, omitted: Omitted, reading: &Reading) {
    let Omitted { without_sockets, lost, damaged_lines } = omitted;
    if without_sockets > 0 {
        reading.failed(&format!(
            "{name} holds {without_sockets} resets without their sockets, which are no verdicts: \
             `whyrst explain CAPTURE --events {name}` puts them beside packets"
        ));
    }
    if lost > 0 {
        reading.remark(&format!("{name}: {lost} events were lost or only counted while it was recorded"));
    }
    if damaged_lines > 0 {
        reading.failed(&format!("{damaged_lines} lines of {name} are damaged and were passed over"));
    }
}

/// A file whose octets count as read.
struct Counted {
    file: File,
    reading: Arc<Reading>,
}

impl Read for Counted {
    fn read(&mut self, octets: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(octets)?;
        self.reading.advance(read as u64);
        Ok(read)
    }
}

struct Reader {
    reader: BufReader<File>,
    line: Vec<u8>,
    number: u64,
}

impl Reader {
    /// The next line; false at the end.
    fn advance(&mut self, name: &str) -> Result<bool> {
        self.line.clear();
        self.number += 1;
        let read = self.reader.by_ref().take(LONGEST).read_until(b'\n', &mut self.line)?;
        if read as u64 == LONGEST && self.line.last() != Some(&b'\n') {
            let number = self.number;
            return Err(DataFusionError::Execution(format!("cannot read {name}: line {number} is longer than 16 MiB")));
        }
        Ok(read > 0)
    }
}

/// Whether a file that begins so is a recording: something else may be JSON as well.
pub(crate) fn begins(octets: &[u8]) -> bool {
    let ours = format!("\"{OURS}");
    let has = |words: &[u8]| octets.windows(words.len()).any(|some| some == words);
    recording::begins(octets) || (octets.trim_ascii_start().starts_with(b"{\"") && has(ours.as_bytes()))
}
