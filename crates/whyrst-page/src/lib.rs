//! What a page of resets asks, whoever answers: `whyrst serve`, or the same code as WebAssembly in the page itself.
//!
//! [`Kept`] takes lines of the JSON contract. The lines go into a [`Spool`], which is a file on a host and something
//! else in a browser; a `row` of each stays in memory. `query` filters, counts and sorts rows, `issues` groups them.
//! There is no clock, file or socket here, and it is built for `wasm32-unknown-unknown`.

mod issues;
mod kept;
mod query;
mod row;

pub use kept::{Connection, Kept, Limits, Slice, SourceKind, Spool, State};
pub use query::{Order, View};
pub use row::{SourceId, identity};
