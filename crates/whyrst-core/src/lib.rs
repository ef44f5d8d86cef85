//! Why was this TCP connection reset? The pure part of the answer.
//!
//! The path of one reset: an [`observation`] goes into the tracker, which keeps a connection per
//! pair of endpoints; when a RST ends one, the questions of `evidence` are asked about it, the
//! rules in `causes` turn the answers into a verdict, and `report` puts that into words.
//!
//! This crate is `no_std`: it has no clock, no file, no socket, no environment. Whatever it knows
//! was handed to it, so the same input always gives the same verdict.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod acceptance;
pub mod asked;
#[cfg(test)]
mod beyond_linux;
#[cfg(test)]
mod cases;
pub mod cause;
pub mod causes;
pub mod census;
pub mod claim;
pub mod connection;
pub mod deaths;
pub mod evidence;
pub mod farewell;
pub mod filter;
pub mod half;
pub mod harm;
pub mod history;
pub mod incident;
pub mod joined;
pub mod kernel;
pub mod letters;
pub mod live;
pub mod nearest;
pub mod observation;
pub mod outcome;
mod prelude;
pub mod probers;
#[cfg(test)]
mod properties;
pub mod reception;
pub mod recording;
pub mod report;
pub mod rst;
pub mod said;
pub mod service;
pub mod severity;
pub mod siblings;
pub mod sighting;
pub mod socket;
pub mod speech;
pub mod stack;
pub mod symptom;
pub mod symptoms;
pub mod tampering;
#[cfg(test)]
mod testing;
pub mod timeouts;
pub mod tracker;
pub mod trigger;
pub mod twins;
pub mod vantage;
pub mod verdict;
pub mod when;
pub mod whole;
pub mod witness;
pub mod words;
pub mod zeek;

pub use whyrst_model::{flow, language, segment, seq, time};
