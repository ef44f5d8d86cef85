//! What can go wrong with rows and their files.

use std::io;
use std::path::PathBuf;

use arrow_schema::ArrowError;
#[cfg(feature = "parquet")]
use parquet::errors::ParquetError;
#[cfg(feature = "parquet")]
use whyrst_output::WriteError;

use crate::schema::Table;

/// Why rows could not be made, written or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A JSON object is not as its schema says.
    #[error("cannot make a row of {}: {cause}", table.name())]
    Row {
        /// The row's table.
        table: Table,
        /// What is wrong.
        cause: ArrowError,
    },
    /// The system said no.
    #[error("cannot {what} {}: {cause}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A file may not be written, or cannot.
    #[cfg(feature = "parquet")]
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Not Parquet, or damaged.
    #[cfg(feature = "parquet")]
    #[error("cannot {what} {}: {cause}", path.display())]
    Parquet {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What is wrong.
        cause: ParquetError,
    },
    /// Parquet, but not of whyrst.
    #[cfg(feature = "parquet")]
    #[error("cannot read {}: it does not say which table of whyrst it is", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// A column has another type than its table says.
    #[error("cannot read rows of {}: column {column} is {found}, expected {expected}", table.name())]
    Type {
        /// The table.
        table: Table,
        /// The column.
        column: &'static str,
        /// Its type.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// Rows came in an order that no tracker must be fed with.
    #[error(
        "row {row} ({source_name} frame {frame}) is {behind_ns} ns older than the row before it of the same connection: \
         the engine did not keep the order of time. Spark: sort within each group, as whyrst_spark.diagnose does; \
         Ballista: set ballista.planner.adaptive.enabled=false or ballista.scheduler.max_partitions_per_task=1; \
         Sail: group by bucket (applyInArrow), do not rely on sortWithinPartitions"
    )]
    Order {
        /// Its number, from 1.
        row: u64,
        /// The capture.
        source_name: String,
        /// The frame.
        frame: u64,
        /// How far it is behind.
        behind_ns: i64,
    },
    /// A row holds what no packet can.
    #[error("row {row}: {column} is {value}, which no packet can have")]
    Value {
        /// Its number in its batch, from 1.
        row: u64,
        /// The column.
        column: &'static str,
        /// What it holds.
        value: String,
    },
    /// The stream of rows is damaged or of another kind.
    #[error("cannot read rows: {0}")]
    Stream(#[from] ArrowError),
}
