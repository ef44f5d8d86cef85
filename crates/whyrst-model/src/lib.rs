//! The public types of whyrst: what other crates, files and programs build on.
//!
//! A [`Report`] is the one definition of the record that whyrst writes for a reset. JSON, its JSON
//! Schema, table columns and log records are made from it, and older files are read with it. The same holds for the
//! other objects that carry a `schema` member.
//!
//! Below the records are the terms that they and the tracker share: [`time`], [`seq`]uence numbers, [`segment`]s,
//! [`flow`]s, and the closed word lists in [`vocabulary`].
//!
//! The crate is `no_std` and does no input or output. With the feature `schema` each record has its JSON Schema
//! (`schemars::JsonSchema`); `docs/schema` is made of it. What the tracker calls for each packet is `#[inline]`, since the
//! tracker is another crate.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[macro_use]
mod owned;
#[macro_use]
pub mod vocabulary;

pub mod beside;
pub mod catalogue;
pub mod connection;
pub mod flow;
pub mod host;
pub mod incident;
pub mod lab;
pub mod language;
pub mod listed;
pub mod provoke;
pub mod recording;
pub mod report;
pub mod segment;
pub mod seq;
pub mod summary;
pub mod symptom;
mod text;
pub mod time;
pub mod watch;

pub use report::Report;
pub use text::Text;
