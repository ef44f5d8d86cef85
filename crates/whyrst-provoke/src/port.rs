//! The listener, which the two causes that concern the port take away.

use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{Backlog, listen as listen_again};

use crate::error::ProvokeError;

/// How long connections gather in the queue of a listener that is about to be closed, after the first of them.
pub(crate) const GATHER: Duration = Duration::from_millis(100);

/// Listens; the port may have been this process's a moment ago (the standard library sets `SO_REUSEADDR`).
///
/// The queue is as long as the kernel allows (`net.core.somaxconn`): the 128 of the standard library are too few for a
/// burst of a load test, whose clients would try their SYN again after seconds.
pub(crate) fn listen(address: SocketAddr) -> Result<TcpListener, ProvokeError> {
    let failed = |cause| ProvokeError::Listen { listen: address, cause };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listen_again(&listener, Backlog::MAXALLOWABLE).map_err(|errno| failed(errno.into()))?;
    listener.set_nonblocking(true).map_err(failed)?;
    Ok(listener)
}

/// Waits for somebody to come, not longer than said.
pub(crate) fn somebody_waits(listener: &TcpListener, most: Duration) -> bool {
    let mut fds = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::try_from(most).unwrap_or(PollTimeout::MAX)).is_ok_and(|ready| ready > 0)
}

/// Whether who connects to `upstream` would reach `listen`: also where either is every address of this host.
pub(crate) fn leads_to(upstream: SocketAddr, listen: SocketAddr) -> bool {
    let (to, here) = (upstream.ip().to_canonical(), listen.ip().to_canonical());
    let reaches = if here.is_unspecified() {
        to.is_unspecified() || is_local(to)
    } else {
        // connect(2) to the unspecified address is to loopback.
        to == here || (to.is_unspecified() && here.is_loopback() && to.is_ipv4() == here.is_ipv4())
    };
    // An IPv4 listener takes no IPv6; an IPv6 one takes both.
    upstream.port() == listen.port() && reaches && (here.is_ipv6() || to.is_ipv4())
}

/// The kernel binds to no address of others.
fn is_local(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_that_leads_back_is_known_by_all_names_of_this_host() {
        let leads = |upstream: &str, listen: &str| {
            leads_to(upstream.parse().expect("an address"), listen.parse().expect("an address"))
        };
        for (upstream, listen) in [
            ("127.0.0.1:9000", "127.0.0.1:9000"),
            ("127.0.0.1:9000", "0.0.0.0:9000"),
            ("127.0.0.2:9000", "0.0.0.0:9000"),
            ("0.0.0.0:9000", "127.0.0.1:9000"),
            ("0.0.0.0:9000", "0.0.0.0:9000"),
            ("[::1]:9000", "[::]:9000"),
            ("127.0.0.1:9000", "[::]:9000"),
        ] {
            assert!(leads(upstream, listen), "{upstream} leads to {listen}");
        }
        for (upstream, listen) in [
            ("127.0.0.1:9001", "0.0.0.0:9000"),
            ("127.0.0.2:9000", "127.0.0.1:9000"),
            ("192.0.2.1:9000", "0.0.0.0:9000"),
            ("[::1]:9000", "0.0.0.0:9000"),
        ] {
            assert!(!leads(upstream, listen), "{upstream} does not lead to {listen}");
        }
    }
}
