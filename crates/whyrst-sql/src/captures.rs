//! Tables over captures.
//!
//! `packets` is read by several partitions, each a group of files that follow one another; columns that
//! nobody asked for are not built, and a packet that a condition excludes becomes no row. Resets,
//! connections and incidents come from one tracker over all files in the order of time, as
//! `whyrst explain` reads them, so a query and a report never disagree: plain files are read twice, first for
//! what is worth following ([`whyrst_core::census`]).

use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use jiff::tz::TimeZone;
use whyrst_capture::{CaptureSet, Step, sighting};
use whyrst_core::census::{Census, Noted};
use whyrst_core::flow::FlowHasher;
use whyrst_core::incident::Incidents;
use whyrst_core::language::Language;
use whyrst_core::observation::{Observation, Seen};
use whyrst_core::outcome::Outcome;
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::{Context, Explanation, incident};
use whyrst_core::service::tells_of_service;
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::verdict::judge;
use whyrst_store::Table;
use whyrst_store::packets::{Comparison, Condition, PacketRows};
use whyrst_store::rows::{Row, Rows, connection_report};

use crate::reading::Reading;
use crate::scan::{Out, Part, ScanExec};

/// Packets of one batch.
const BATCH: usize = 8_192;
/// Octets of a connection in the tracker, with its share of the tables.
const OCTETS_PER_CONNECTION: usize = 1_200;
/// Packets after which a scan asks whether anybody still listens.
const PATIENCE: u64 = 4_096;

/// What a scan may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Partitions of a scan of packets.
    pub(crate) jobs: usize,
    /// Octets for connections that are followed.
    pub(crate) memory: usize,
}

/// One table over captures.
#[derive(Debug)]
pub(crate) struct Captures {
    pub(crate) table: Table,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) bounds: Bounds,
    pub(crate) reading: Arc<Reading>,
}

#[async_trait::async_trait]
impl TableProvider for Captures {
    fn schema(&self) -> SchemaRef {
        self.table.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let pushed = |filter: &&Expr| {
            if self.table == Table::Packets && condition(filter).is_some() {
                TableProviderFilterPushDown::Exact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        };
        Ok(filters.iter().map(pushed).collect())
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let whole = self.schema();
        let schema = projection.map_or_else(|| Ok(Arc::clone(&whole)), |wanted| whole.project(wanted).map(Arc::new))?;
        let mut shown = format!("{} of {} captures", self.table.name(), self.files.len());
        let parts: Vec<Arc<dyn Part>> = if self.table == Table::Packets {
            let conditions: Vec<Condition> = filters.iter().filter_map(condition).collect();
            if !conditions.is_empty() {
                let words: Vec<String> = filters.iter().map(ToString::to_string).collect();
                shown = format!("{shown}, where=[{}]", words.join(", "));
            }
            let packets = |files: &[PathBuf]| -> Arc<dyn Part> {
                Arc::new(Packets { files: files.to_vec(), conditions: conditions.clone() })
            };
            groups(&self.files, self.bounds.jobs).map(packets).collect()
        } else {
            vec![Arc::new(Tracked { table: self.table, files: self.files.clone(), memory: self.bounds.memory })]
        };
        Ok(Arc::new(ScanExec::new(parts, schema, limit, shown, Arc::clone(&self.reading))))
    }
}

/// Files that follow one another, in as many groups as there are threads.
fn groups(files: &[PathBuf], jobs: usize) -> impl Iterator<Item = &[PathBuf]> {
    files.chunks(files.len().div_ceil(jobs.max(1)).max(1))
}

/// What can be looked at before a row is built.
fn condition(filter: &Expr) -> Option<Condition> {
    match filter {
        Expr::Column(column) => Condition::on(&column.name, Comparison::Equal, 1),
        Expr::Not(inner) => match &**inner {
            Expr::Column(column) => Condition::on(&column.name, Comparison::Equal, 0),
            _ => None,
        },
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (Expr::Column(column), Expr::Literal(value, _)) = (&**left, &**right) else { return None };
            Condition::on(&column.name, comparison(*op)?, number(value)?)
        }
        _ => None,
    }
}

const fn comparison(operator: Operator) -> Option<Comparison> {
    Some(match operator {
        Operator::Eq => Comparison::Equal,
        Operator::NotEq => Comparison::Unequal,
        Operator::Lt => Comparison::Less,
        Operator::LtEq => Comparison::AtMost,
        Operator::Gt => Comparison::Greater,
        Operator::GtEq => Comparison::AtLeast,
        _ => return None,
    })
}

fn number(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::Int64(number) | ScalarValue::TimestampNanosecond(number, _) => *number,
        ScalarValue::Boolean(truth) => truth.map(i64::from),
        _ => None,
    }
}

/// Captures on the way through a scan, with what has to be said of them.
struct Source {
    captures: CaptureSet,
    names: Vec<String>,
    position: u64,
    steps: u64,
}

impl Source {
    fn open(files: &[PathBuf]) -> Self {
        Self::of(CaptureSet::open(files))
    }

    fn of(captures: CaptureSet) -> Self {
        // The names are known before the first frame.
        let names = captures.names().map(escape_name).collect();
        Self { captures, names, position: 0, steps: 0 }
    }

    /// Hands out everything that was seen, in the order of time, until `each` says false.
    fn each(
        &mut self,
        out: &mut Out,
        mut each: impl FnMut(&Observation<'_>, &[String], &mut Out) -> Result<bool>,
    ) -> Result<()> {
        loop {
            self.steps += 1;
            if self.steps.is_multiple_of(PATIENCE) {
                self.advance(out);
                if out.is_closed() {
                    return Ok(());
                }
            }
            match self.captures.next() {
                Ok(Step::Observation(seen)) => {
                    if !each(&seen, &self.names, out)? {
                        return Ok(());
                    }
                }
                Ok(Step::PassedOver(..) | Step::Idle) => {}
                Ok(Step::End) => break,
                Err(error) => out.reading.failed(&error.to_string()),
            }
        }
        self.advance(out);
        self.say(&out.reading);
        Ok(())
    }

    fn advance(&mut self, out: &Out) {
        let position = self.captures.position();
        out.reading.advance(position - self.position);
        self.position = position;
    }

    fn say(&self, reading: &Reading) {
        for failure in self.captures.failures() {
            reading.failed(&failure.to_string());
        }
        for other in self.captures.others() {
            reading.remark(&format!("passed over: {other}"));
        }
        for file in self.captures.readings() {
            let name = self.names.get(file.file as usize).map_or("-", String::as_str);
            for note in &file.notes {
                reading.remark(&format!("{name}: {note}"));
            }
            if file.notes.more() > 0 {
                reading.remark(&format!("{name}: {} more of such remarks", file.notes.more()));
            }
        }
        for (count, remark) in self.captures.counts().remarks() {
            reading.remark(&format!("{count} {remark}"));
        }
    }
}

/// Packets of a group of files.
#[derive(Debug)]
struct Packets {
    files: Vec<PathBuf>,
    conditions: Vec<Condition>,
}

impl Part for Packets {
    fn run(&self, out: &mut Out) -> Result<()> {
        let mut rows = PacketRows::of(Arc::clone(&out.schema));
        Source::open(&self.files).each(out, |seen, names, out| {
            if !self.conditions.iter().all(|condition| condition.holds(seen)) {
                return Ok(true);
            }
            rows.push(names.get(seen.frame.file() as usize).map_or("-", String::as_str), seen);
            Ok(rows.len() < BATCH || out.send(rows.take()?))
        })?;
        if !rows.is_empty() && !out.is_closed() {
            out.send(rows.take()?);
        }
        Ok(())
    }
}

/// What a tracker finds in files.
#[derive(Debug)]
struct Tracked {
    table: Table,
    files: Vec<PathBuf>,
    memory: usize,
}

impl Part for Tracked {
    fn run(&self, out: &mut Out) -> Result<()> {
        let mut source = Source::open(&self.files);
        let hash_seed = random();
        let names = FlowHasher::new(hash_seed);
        let twice = self.table != Table::Connections && source.captures.can_be_read_again();
        let noted = if twice { self.noted(&mut source, &names, out)? } else { Noted::everything() };
        if let Some(again) = source.captures.again().filter(|_| twice) {
            source = Source::of(again);
        }
        let connections = (self.memory / OCTETS_PER_CONNECTION).max(16);
        let tracker = Tracker::new(Limits { connections, hash_seed, ..Limits::default() });
        let context = Context { files: source.names.clone(), zone: TimeZone::UTC, language: Language::English };
        let rows = Rows::of(self.table).map_err(external)?;
        Tracking { table: self.table, context, tracker, incidents: Incidents::default(), rows, noted, names }
            .run(&mut source, out)
    }
}

impl Tracked {
    /// The first look: which connections are worth following.
    fn noted(&self, source: &mut Source, names: &FlowHasher, out: &mut Out) -> Result<Noted> {
        let mut census = Census::new(self.memory / 2, self.memory / 4);
        source.each(out, |seen, _, _| {
            match &seen.what {
                Seen::Segment(segment) => census.saw(&sighting(segment, seen.time, names)),
                Seen::Icmp(_) => census.pass(seen.time),
            }
            Ok(true)
        })?;
        Ok(census.finish())
    }
}

/// A key that a stranger cannot know.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

struct Tracking {
    table: Table,
    context: Context,
    tracker: Tracker,
    incidents: Incidents,
    rows: Rows,
    noted: Noted,
    names: FlowHasher,
}

impl Tracking {
    fn run(mut self, source: &mut Source, out: &mut Out) -> Result<()> {
        if self.table == Table::Connections {
            self.tracker.keep_connections();
        }
        source.each(out, |seen, _, out| {
            self.observe(seen);
            self.take(out)
        })?;
        if out.is_closed() {
            return Ok(());
        }
        self.tracker.finish();
        if !self.take(out)? {
            return Ok(());
        }
        if self.table == Table::Incidents {
            for found in self.incidents.found() {
                self.rows.push(&incident::record(&found, &self.context)).map_err(external)?;
            }
        }
        self.flush(out)?;
        let forgotten = self.tracker.counts().forgotten;
        if forgotten > 0 {
            out.reading.remark(&format!("{forgotten} connections were forgotten to stay within --memory"));
        }
        Ok(())
    }

    fn observe(&mut self, seen: &Observation<'_>) {
        match &seen.what {
            Seen::Segment(segment) if !self.noted.has(self.names.name(segment.src, segment.dst)) => {
                if tells_of_service(segment.flags) {
                    self.tracker.overhear(seen);
                } else {
                    self.tracker.pass(seen.time);
                }
            }
            _ => self.tracker.observe(seen),
        }
    }

    /// Takes what the tracker has; false when nobody wants more.
    fn take(&mut self, out: &mut Out) -> Result<bool> {
        while let Some(outcome) = self.tracker.poll() {
            if !self.tell(&outcome, out)? {
                return Ok(false);
            }
        }
        while let Some(connection) = self.tracker.poll_connection() {
            self.rows.push(&connection_report(&connection, &self.context)).map_err(external)?;
            if self.rows.is_full() && !self.flush(out)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn tell(&mut self, outcome: &Outcome, out: &mut Out) -> Result<bool> {
        match self.table {
            Table::Packets | Table::Connections => Ok(true),
            Table::Incidents => {
                self.incidents.add(outcome, &judge(outcome));
                Ok(true)
            }
            Table::Resets | Table::FailedConnects => {
                let explanation = Explanation::new(outcome, &self.context);
                let report = explanation.record();
                if report.table() == self.table {
                    self.rows.push(&report).map_err(external)?;
                }
                if self.rows.is_full() { self.flush(out) } else { Ok(true) }
            }
        }
    }

    fn flush(&mut self, out: &mut Out) -> Result<bool> {
        self.rows.take().map_err(external)?.map_or(Ok(true), |batch| out.send_of(&batch))
    }
}

pub(crate) fn external(error: impl std::error::Error + Send + Sync + 'static) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::{col, lit};

    #[test]
    fn conditions_on_numbers_truths_and_times_are_looked_at_before_a_row_is_built() {
        let time = Expr::Literal(ScalarValue::TimestampNanosecond(Some(5), Some("+00:00".into())), None);
        for wanted in [col("rst"), !col("syn"), col("dst_port").lt(lit(1024i64)), col("time").gt_eq(time)] {
            assert!(condition(&wanted).is_some(), "{wanted}");
        }
        // Of texts, and of two columns, rows are built first.
        for other in [col("src_ip").eq(lit("10.0.0.1")), col("src_port").eq(col("dst_port"))] {
            assert!(condition(&other).is_none(), "{other}");
        }
    }

    #[test]
    fn files_are_in_as_many_groups_as_there_are_threads() {
        let files: Vec<PathBuf> = (0..5).map(|number| format!("{number}.pcap").into()).collect();
        let sizes = |jobs| groups(&files, jobs).map(<[_]>::len).collect::<Vec<_>>();
        assert_eq!((sizes(2), sizes(8), sizes(1)), (vec![3, 2], vec![1; 5], vec![5]));
    }
}
