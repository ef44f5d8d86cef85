//! The query engine, with the bounds that it keeps and the tables that it is asked about.

use std::sync::Arc;

use anyhow::{Context as _, Error, Result};
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::plan_err;
use datafusion::datasource::ViewTable;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::datasource::provider_as_source;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder};
use datafusion::physical_plan::displayable;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext, col};
use datafusion::scalar::ScalarValue;
use whyrst_model::time::Timestamp;
use whyrst_store::Table;

use crate::captures::{Bounds, Captures};
use crate::inputs::Inputs;
use crate::problem::Problem;
use crate::reading::Reading;
use crate::recordings::Recordings;

/// Rows that belong together, for `@pair-ends`: everything that was named. Engines that hold the rows of many
/// links or fleets make these two tables themselves.
const LINKED: [(&str, &str); 2] = [
    (
        "linked_endings",
        "select *, 'all' as link, cast(time as bigint) as time_ns
         from (select * from resets_apart union all select * from failed_connects_apart)",
    ),
    ("linked_packets", "select *, 'all' as link, cast(time as bigint) as time_ns from packets"),
];

/// How several captures are judged.
#[derive(Clone, Copy)]
enum Judged {
    /// As one, as `whyrst explain` does: files of a rotated set.
    Together,
    /// Each for itself, as each is a source: what one end's packets say must not lean on the other's before the
    /// two are held against each other.
    Apart,
}

/// Which rows there are, by their time.
pub(crate) struct Window {
    pub(crate) since: Option<Timestamp>,
    /// Exclusive.
    pub(crate) until: Option<Timestamp>,
}

/// Answers queries.
pub(crate) struct Engine {
    context: SessionContext,
    bounds: Bounds,
    reading: Arc<Reading>,
}

impl Engine {
    /// Half of `memory` is for queries, which spill to disk beyond it; half for connections that are followed.
    pub(crate) fn new(memory: usize, jobs: usize, reading: Arc<Reading>) -> Result<Self> {
        let pool = Arc::new(FairSpillPool::new(memory / 2));
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(pool).build_arc().context("cannot start the engine")?;
        let mut config = SessionConfig::new().with_target_partitions(jobs).with_information_schema(true);
        let options = config.options_mut();
        // What is wrong is pointed at, in the words of the query.
        options.sql_parser.collect_spans = true;
        options.execution.time_zone = Some("UTC".into());
        // What each sort keeps for merging what it spilled must fit several times.
        let share = memory / 2 / (8 * jobs.max(1));
        options.execution.sort_spill_reservation_bytes = share.min(options.execution.sort_spill_reservation_bytes);
        // Only the rows that a condition lets pass are taken out of a Parquet file.
        options.execution.parquet.pushdown_filters = true;
        let context = SessionContext::new_with_config_rt(config, runtime);
        let bounds = Bounds { jobs, memory: memory / 2 };
        for table in Table::ALL {
            let function = Function { table, bounds, reading: Arc::clone(&reading) };
            context.register_udtf(table.name(), Arc::new(function));
        }
        Ok(Self { context, bounds, reading })
    }

    /// Makes the tables of all inputs.
    pub(crate) async fn open(&self, inputs: &Inputs, window: &Window) -> Result<()> {
        self.reading.reads(inputs.files());
        for bucket in &inputs.buckets {
            self.context.register_object_store(&bucket.url, Arc::clone(&bucket.store));
        }
        for other in &inputs.others {
            self.reading
                .remark(&format!("passed over: {} is no capture, recording or Parquet of whyrst", other.display()));
        }
        for table in Table::ALL {
            let provider = provider(table, inputs, Judged::Together, self.bounds, &self.reading)?;
            self.context.register_table(table.name(), window.over(table, provider)?)?;
        }
        let apart = [(Table::Resets, "resets_apart"), (Table::FailedConnects, "failed_connects_apart")];
        for (table, name) in apart {
            let provider = provider(table, inputs, Judged::Apart, self.bounds, &self.reading)?;
            self.context.register_table(name, window.over(table, provider)?)?;
        }
        for (name, query) in LINKED {
            let view = self.context.sql(query).await?.into_view();
            self.context.register_table(name, view)?;
        }
        // The view holds on to them; nobody else is to ask them.
        for (_, name) in apart {
            self.context.deregister_table(name)?;
        }
        Ok(())
    }

    /// Plans a query.
    pub(crate) async fn query(&self, query: &str) -> Result<DataFrame> {
        let planned = self.context.sql(query).await;
        planned.map_err(|error| Error::new(Problem::of(&error, query)))
    }

    /// How a query would be run.
    pub(crate) async fn explain(frame: DataFrame) -> Result<String> {
        let plan = frame.create_physical_plan().await?;
        Ok(displayable(&*plan).indent(false).to_string())
    }
}

impl Window {
    fn over(&self, table: Table, provider: Arc<dyn TableProvider>) -> Result<Arc<dyn TableProvider>> {
        let literal = |time: Timestamp| {
            Expr::Literal(ScalarValue::TimestampNanosecond(Some(time.nanos()), Some("+00:00".into())), None)
        };
        let since = self.since.map(|time| col("time").gt_eq(literal(time)));
        let until = self.until.map(|time| col("time").lt(literal(time)));
        let Some(condition) = since.into_iter().chain(until).reduce(Expr::and) else { return Ok(provider) };
        let scan = LogicalPlanBuilder::scan(table.name(), provider_as_source(provider), None)?;
        Ok(Arc::new(ViewTable::new(scan.filter(condition)?.build()?, None)))
    }
}

/// One table over all inputs that have rows of it.
fn provider(
    table: Table,
    inputs: &Inputs,
    judged: Judged,
    bounds: Bounds,
    reading: &Arc<Reading>,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let mut found: Vec<Arc<dyn TableProvider>> = Vec::new();
    let captures = match judged {
        Judged::Together => vec![inputs.captures.clone()],
        Judged::Apart => inputs.captures.iter().map(|file| vec![file.clone()]).collect(),
    };
    for files in captures.into_iter().filter(|files| !files.is_empty()) {
        found.push(Arc::new(Captures { table, files, bounds, reading: Arc::clone(reading) }));
    }
    if !inputs.recordings.is_empty() {
        let files = inputs.recordings.clone();
        found.push(Arc::new(Recordings { table, files, reading: Arc::clone(reading) }));
    }
    let parquet = inputs.parquet.iter().filter(|(of, _)| *of == table);
    let urls = parquet.map(|(_, url)| ListingTableUrl::try_new(url.clone(), None));
    let urls = urls.collect::<Result<Vec<_>, _>>()?;
    if !urls.is_empty() {
        let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension("");
        // The schema of today: what an older file lacks is null, what a newer one has beyond is left out.
        let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options);
        found.push(Arc::new(ListingTable::try_new(config.with_schema(table.schema()))?));
    }
    let mut found = found.into_iter();
    let Some(first) = found.next() else { return Ok(Arc::new(EmptyTable::new(table.schema()))) };
    if found.len() == 0 {
        return Ok(first);
    }
    let scan = |provider| LogicalPlanBuilder::scan(table.name(), provider_as_source(provider), None);
    let all = found.try_fold(scan(first)?, |all, next| all.union(scan(next)?.build()?))?;
    Ok(Arc::new(ViewTable::new(all.build()?, None)))
}

/// `resets('*.pcap')`: the table over other files than those named on the command line.
#[derive(Debug)]
struct Function {
    table: Table,
    bounds: Bounds,
    reading: Arc<Reading>,
}

impl TableFunctionImpl for Function {
    fn call_with_args(&self, arguments: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>, DataFusionError> {
        let name = |argument: &Expr| match argument {
            Expr::Literal(ScalarValue::Utf8(Some(name)), _) => Some(name.clone()),
            _ => None,
        };
        let names: Option<Vec<String>> = arguments.exprs().iter().map(name).collect();
        let Some(names) = names.filter(|names| !names.is_empty()) else {
            return plan_err!("{}() takes names of files in quotes, such as '*.pcap'", self.table.name());
        };
        let inputs = Inputs::local(&names).map_err(|error| DataFusionError::Plan(format!("{error:#}")))?;
        self.reading.reads(inputs.files());
        provider(self.table, &inputs, Judged::Together, self.bounds, &self.reading)
    }
}
