//! Tables over recordings: the JSON lines of `whyrst watch` and `whyrst explain`.
//!
//! What `whyrst watch --record` writes is refused: without the socket and its process, a reason and a call stack
//! fit several causes equally well.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use serde_json::Value;
use whyrst_core::report::escape::escape_name;
use whyrst_store::Table;
use whyrst_store::rows::Rows;

use crate::captures::external;
use crate::reading::Reading;
use crate::scan::{Out, Part, ScanExec};

/// Longest line that is read: a report with all its evidence has some ten thousand octets.
const LONGEST: u64 = 16 << 20;
/// What the first line of `whyrst watch --record` says that it is.
const EVENTS: &str = "whyrst.events/1";

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
        let part = |path: &PathBuf| -> Arc<dyn Part> { Arc::new(Recorded { table: self.table, path: path.clone() }) };
        let parts = self.files.iter().map(part).collect();
        let shown = format!("{} of {} recordings", self.table.name(), self.files.len());
        Ok(Arc::new(ScanExec::new(parts, schema, limit, shown, Arc::clone(&self.reading))))
    }
}

/// One recording.
#[derive(Debug)]
struct Recorded {
    table: Table,
    path: PathBuf,
}

impl Part for Recorded {
    fn run(&self, out: &mut Out) -> Result<()> {
        let name = escape_name(&self.path.display().to_string());
        let done = self.read(&name, out);
        // The rest is still read, as it is of captures.
        if let Err(DataFusionError::IoError(cause)) = done {
            out.reading.failed(&format!("cannot read {name}: {cause}"));
            return Ok(());
        }
        done
    }
}

impl Recorded {
    fn read(&self, name: &str, out: &mut Out) -> Result<()> {
        let mut rows = Rows::of(self.table).map_err(external)?;
        let mut lines = Reader { reader: BufReader::new(File::open(&self.path)?), line: Vec::new(), number: 0 };
        let mut passed_over = 0u64;
        while lines.advance(name)? {
            out.reading.advance(lines.line.len() as u64);
            let object: Option<Value> = serde_json::from_slice(&lines.line).ok();
            let Some(object) = object else {
                passed_over += 1;
                continue;
            };
            let schema = object.get("schema").and_then(Value::as_str).unwrap_or_default();
            if schema == EVENTS {
                out.reading.failed(&format!(
                    "{name} holds events for `whyrst explain --events`, which are no rows: neither socket nor process \
                     is in them; `whyrst watch --format json -o FILE` writes rows"
                ));
                return Ok(());
            }
            if Table::of_json(schema) == Some(self.table) && !rows.push(&object) && !flush(&mut rows, out)? {
                return Ok(());
            }
        }
        if passed_over > 0 {
            out.reading.failed(&format!("{passed_over} lines of {name} are damaged and were passed over"));
        }
        flush(&mut rows, out)?;
        Ok(())
    }
}

fn flush(rows: &mut Rows, out: &mut Out) -> Result<bool> {
    rows.take().map_err(external)?.map_or(Ok(true), |batch| out.send_of(&batch))
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

/// What a file of JSON lines is to us.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lines {
    Rows,
    /// Of `whyrst watch --record`.
    Events,
    /// Something else may be JSON as well.
    Foreign,
}

impl Lines {
    /// By the first octets of a file.
    pub(crate) fn of(beginning: &[u8]) -> Self {
        let has = |words: &str| beginning.windows(words.len()).any(|octets| octets == words.as_bytes());
        if !beginning.trim_ascii_start().starts_with(b"{\"") || !has("\"whyrst.") {
            Self::Foreign
        } else if has(EVENTS) {
            Self::Events
        } else {
            Self::Rows
        }
    }
}
