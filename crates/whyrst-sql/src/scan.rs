//! A leaf of a plan: parts that read something each on a thread of its own and send rows.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties, SendableRecordBatchStream,
};
use tokio::sync::mpsc::Sender;

use crate::reading::Reading;

/// Batches that wait for whoever takes them.
const WAITING: usize = 2;

/// One partition of a scan.
pub(crate) trait Part: fmt::Debug + Send + Sync {
    /// Reads, and sends what it finds, until nobody wants more.
    fn run(&self, out: &mut Out) -> Result<()>;
}

/// Where a part sends its rows.
pub(crate) struct Out {
    sender: Sender<Result<RecordBatch>>,
    /// Rows that are still wanted.
    left: usize,
    /// The columns that are wanted.
    pub(crate) schema: SchemaRef,
    pub(crate) reading: Arc<Reading>,
}

impl Out {
    /// Sends rows; false when nobody wants more.
    pub(crate) fn send(&mut self, batch: RecordBatch) -> bool {
        let rows = batch.num_rows().min(self.left);
        self.left -= rows;
        self.sender.blocking_send(Ok(batch.slice(0, rows))).is_ok() && self.left > 0
    }

    /// Sends the wanted columns of whole rows.
    pub(crate) fn send_of(&mut self, batch: &RecordBatch) -> Result<bool> {
        let places = self.schema.fields().iter().map(|field| batch.schema().index_of(field.name()));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        Ok(self.send(batch.project(&places)?))
    }

    /// Whether nobody wants more: to be asked now and then by who finds little to send.
    pub(crate) fn is_closed(&self) -> bool {
        self.left == 0 || self.sender.is_closed()
    }
}

/// The leaf.
#[derive(Debug)]
pub(crate) struct ScanExec {
    parts: Vec<Arc<dyn Part>>,
    /// What `--explain` shows of it.
    shown: String,
    /// Rows that are wanted of each part at most.
    limit: Option<usize>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    reading: Arc<Reading>,
}

impl ScanExec {
    /// Over these parts, each of which gives rows of `schema`, of which at most `limit` are wanted.
    pub(crate) fn new(
        parts: Vec<Arc<dyn Part>>,
        schema: SchemaRef,
        limit: Option<usize>,
        shown: String,
        reading: Arc<Reading>,
    ) -> Self {
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(parts.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Self { parts, shown, limit, schema, properties, reading }
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScanExec: {}, partitions={}", self.shown, self.parts.len())?;
        let columns: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, ", columns=[{}]", columns.join(", "))?;
        self.limit.map_or(Ok(()), |limit| write!(f, ", limit={limit}"))
    }
}

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &'static str {
        "ScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("a scan has no children") }
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() { Ok(self) } else { internal_err!("a scan has no children") }
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), WAITING);
        let mut out = Out {
            sender: builder.tx(),
            left: self.limit.unwrap_or(usize::MAX),
            schema: Arc::clone(&self.schema),
            reading: Arc::clone(&self.reading),
        };
        let part = Arc::clone(&self.parts[partition]);
        builder.spawn_blocking(move || part.run(&mut out));
        Ok(builder.build())
    }
}
