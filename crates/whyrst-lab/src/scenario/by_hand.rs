//! What a program does not do through the usual calls: socket options, and segments made by hand.

use whyrst_core::segment::Flags;

use super::Host;

/// A socket option, by the name that the kernel gives it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SocketOption {
    /// `TCP_LINGER2` in seconds; below zero there is no FIN-WAIT-2.
    Linger2(i32),
    /// `TCP_USER_TIMEOUT` in milliseconds.
    UserTimeout(i32),
    /// `TCP_DEFER_ACCEPT` in seconds.
    DeferAccept(i32),
    /// `SO_SNDBUF` in octets.
    SendBuffer(i32),
    /// `SO_RCVBUF` in octets.
    ReceiveBuffer(i32),
    /// `SO_REUSEPORT`.
    ReusePort,
    /// `SO_LINGER {1, N}` with `N` seconds.
    Linger(i32),
    /// `TCP_FASTOPEN_CONNECT`: `connect` only remembers whom, and the first `write` sends SYN and data together.
    FastOpen,
    /// `TCP_MD5SIG`: segments to and from that host are signed with this key.
    Md5Key(Host, &'static str),
}

/// A TCP segment made by hand. It comes from [`Host::Silent`], of which no kernel knows, so that none interferes,
/// unless [`HandMade::sent_by`] says otherwise.
/// Numbers count from the first number of either end, as in a capture's relative numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HandMade {
    /// Whose address it comes from.
    pub from: Host,
    /// Its source port.
    pub from_port: u16,
    /// Whose address.
    pub to: Host,
    /// TCP port there.
    pub to_port: u16,
    /// Control bits; ACK is added by [`HandMade::ack`].
    pub flags: Flags,
    /// Relative sequence number.
    pub seq: i32,
    /// Relative acknowledgment number. The segment waits until the other end's first number is known.
    pub ack: Option<i32>,
    /// Payload octets.
    pub bytes: u16,
    /// `TSval`, and what is added to the other end's last `TSval` to make the echo.
    pub stamps: Option<(u32, i32)>,
}

impl HandMade {
    /// A SYN from `from_port` to that port of `to`.
    pub const fn syn(from_port: u16, to: Host, to_port: u16) -> Self {
        Self {
            from: Host::Silent,
            from_port,
            to,
            to_port,
            flags: Flags::SYN,
            seq: 0,
            ack: None,
            bytes: 0,
            stamps: None,
        }
    }

    /// It comes from the address of `host`, whose kernel answers as well.
    #[must_use]
    pub const fn sent_by(self, host: Host) -> Self {
        Self { from: host, ..self }
    }

    /// The same ends, with these control bits and this relative sequence number.
    #[must_use]
    pub const fn then(self, flags: Flags, seq: i32) -> Self {
        Self { flags, seq, ack: None, bytes: 0, ..self }
    }

    /// It acknowledges up to this relative number.
    #[must_use]
    pub const fn ack(self, ack: i32) -> Self {
        Self { flags: self.flags.with(Flags::ACK), ack: Some(ack), ..self }
    }

    /// It carries so many octets.
    #[must_use]
    pub const fn carrying(self, bytes: u16) -> Self {
        Self { bytes, ..self }
    }

    /// It carries timestamps: `value`, and the echo of the other end's last one plus `wrong_by`.
    #[must_use]
    pub const fn stamped(self, value: u32, wrong_by: i32) -> Self {
        Self { stamps: Some((value, wrong_by)), ..self }
    }
}
