//! Why telemetry cannot begin. What fails later is counted and said, and ends nothing.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use thiserror::Error;

/// Operation, object and cause.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The address for metrics cannot be had.
    #[error("cannot serve metrics on {address}: {cause}")]
    Listen {
        /// Which one.
        address: SocketAddr,
        /// What the kernel says.
        cause: io::Error,
    },
    /// A thread cannot be started.
    #[error("cannot start the thread for {name}: {cause}")]
    Thread {
        /// What it was for.
        name: &'static str,
        /// What the kernel says.
        cause: io::Error,
    },
    /// A local log does not take messages.
    #[error("cannot write to {name} at {place}: {cause}")]
    Log {
        /// Which log.
        name: &'static str,
        /// Its socket or address.
        place: String,
        /// What the kernel says.
        cause: io::Error,
    },
    /// The folder for what waits cannot be used.
    #[error("cannot keep what waits in {}: {cause}", folder.display())]
    Buffer {
        /// Which one.
        folder: PathBuf,
        /// What the kernel says.
        cause: io::Error,
    },
    /// Something that is no URL that can be posted to.
    #[error("cannot send to \"{url}\": {because}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        because: &'static str,
    },
}
