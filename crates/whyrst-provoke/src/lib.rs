//! A TCP proxy that makes a chosen reset happen to a real client, with real sockets: for tests, and for days on which
//! a service is put to the test.
//!
//! Connections are carried from [`Proxy`]'s listener to an upstream, untouched, until one meets its [`Trouble`]: the
//! [`Cause`] of the catalogue that is asked for, after so many requests, bytes or seconds, for a share of the
//! connections. What was done is told as a [`ProvokedReport`](whyrst_model::provoke::ProvokedReport). `whyrst run` or
//! `whyrst watch` beside it must name the same cause.
//!
//! One thread a connection, with two buffers of a fixed size; no more connections than said. It decodes nothing: a
//! request is what a client says first, or after an answer.

pub use crate::cause::{Cause, Moment, UnknownCause};
pub use crate::control::control;
pub use crate::error::ProvokeError;
pub use crate::proxy::{Counts, Proxy, Running, Sink};
pub use crate::trouble::{After, Share, Trouble};

mod cause;
mod control;
mod error;
mod files;
mod port;
mod proxy;
mod relay;
mod strike;
mod tally;
mod trouble;
