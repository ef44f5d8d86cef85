//! The listener, and the two causes that concern it.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::error::ProvokeError;

/// How long connections gather in the queue of a listener that is about to be closed, after the first of them.
pub(crate) const GATHER: Duration = Duration::from_millis(100);

/// Listens; the port may have been this process's a moment ago (the standard library sets `SO_REUSEADDR`).
pub(crate) fn listen(address: SocketAddr) -> Result<TcpListener, ProvokeError> {
    let failed = |cause| ProvokeError::Listen { listen: address, cause };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// Waits for somebody to come, not longer than said.
pub(crate) fn somebody_waits(listener: &TcpListener, most: Duration) -> bool {
    let mut fds = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::try_from(most).unwrap_or(PollTimeout::MAX)).is_ok_and(|ready| ready > 0)
}
