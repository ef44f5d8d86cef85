//! What can keep a proxy from beginning, each as one line.

use std::io;
use std::net::SocketAddr;

use crate::cause::Cause;

/// A proxy cannot begin, or a toxic cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ProvokeError {
    /// The address is taken, is not this host's, or its port is another user's.
    #[error("cannot listen on {listen}: {cause}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
    /// The name of the upstream leads nowhere.
    #[error("cannot find the upstream {upstream}: {cause}")]
    Upstream {
        /// Host and port.
        upstream: String,
        /// What the system said.
        cause: io::Error,
    },
    /// A proxy that leads to itself would fill up with its own connections.
    #[error("the upstream leads back to the proxy itself, {0}")]
    Itself(SocketAddr),
    /// So many connections need more descriptors than this process may have.
    #[error(
        "{connections} connections need {needed} open files, and this process may have {most}: ask for fewer \
         (--connections), or raise the limit (ulimit -Hn)"
    )]
    Files {
        /// Connections at a time.
        connections: usize,
        /// What they take.
        needed: u64,
        /// `RLIMIT_NOFILE`.
        most: u64,
    },
    /// Only a time makes sense.
    #[error("{cause} is due after a time, such as 2s, not after requests or bytes")]
    NeedsTime {
        /// Which cause.
        cause: Cause,
    },
    /// A port is open or closed, for everybody.
    #[error("{cause} concerns the port, and so every connection: it has no share")]
    NoShare {
        /// Which cause.
        cause: Cause,
    },
    /// `TCP_REPAIR` is not for everybody.
    #[error("{cause} needs CAP_NET_ADMIN (TCP_REPAIR): run it as root")]
    NeedsPrivilege {
        /// Which cause.
        cause: Cause,
    },
    /// The address of the control API is not loopback.
    #[error("the control API is for this host alone: {0} is not a loopback address")]
    ControlBeyond(SocketAddr),
    /// A name is taken.
    #[error("there is a toxic named \"{0}\" already")]
    Taken(String),
    /// More than anybody needs.
    #[error("no more than {0} toxics at a time")]
    TooMany(usize),
    /// A thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(io::Error),
}
