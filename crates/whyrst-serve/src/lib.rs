//! The local page: what `whyrst explain` and `whyrst watch` tell, to be searched, counted and looked
//! at in a browser; and the same page as one file with its data in it.
//!
//! The path of one reset: a line of the JSON contract comes from a child that reads captures
//! ([`Analyst`]), from a recording, or from the live host. [`Store`] keeps the line in a file that has
//! no name and a row of it in memory, from which `whyrst-page` answers what the page asks; `api` hands
//! the answers out; `guard` decides who may ask. The page's sources are in `web/`, what is built of them in
//! `web/dist/`, which is checked in so that nobody needs Node.js to build whyrst.

mod again;
mod analyst;
mod answers;
mod api;
mod assets;
mod guard;
pub mod html;
mod input;
mod lines;
mod server;
mod store;
mod upload;

pub use analyst::Analyst;
pub use server::{Links, Options, ServeError, Served};
pub use store::Store;
pub use whyrst_page::{Limits, SourceId, SourceKind};
