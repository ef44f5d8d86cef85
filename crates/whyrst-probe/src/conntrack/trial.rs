//! Whether a network namespace tracks connections: one datagram on its loopback tells.

use std::io;
use std::net::UdpSocket;

use whyrst_core::segment::Endpoint;

use super::entry::Ends;

/// Two sockets on the loopback of this thread's namespace, which stay in it.
#[derive(Debug)]
pub(super) struct Trial {
    from: UdpSocket,
    /// Takes what is sent, so that nobody answers that nobody is there.
    _to: UdpSocket,
    ends: Ends,
}

impl Trial {
    pub(super) fn open() -> io::Result<Self> {
        let (from, to) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
        from.connect(to.local_addr()?)?;
        let [source, destination] = [from.local_addr()?, to.local_addr()?];
        let ends = (Endpoint::new(source.ip(), source.port()), Endpoint::new(destination.ip(), destination.port()));
        Ok(Self { from, _to: to, ends })
    }

    pub(super) fn send(&self) -> io::Result<Ends> {
        self.from.send(&[]).map(|_| self.ends)
    }
}
