//! Packets, connections, resets and incidents as typed rows: Arrow in memory, Parquet in files.
//!
//! [`schema`] has the columns of every table, made of the records in `whyrst-model`. [`rows`] makes rows of such records,
//! so that a row says what the report says; [`packets`] makes rows of what captures show, and observations of rows,
//! [`flows`] rows of what must be known before. [`parquet`] writes and reads files, [`track`] drives the tracker by
//! rows: what engines beyond one machine call.
//!
//! No query engine is in here: the default binary links this crate.

mod error;
pub mod flow;
pub mod flows;
pub mod packets;
#[cfg(feature = "parquet")]
pub mod parquet;
pub mod rows;
pub mod schema;
pub mod track;

pub use error::StoreError;
pub use schema::Table;
