//! What the kernel itself says of a reset: its reason, and the event that carried it.
//!
//! Names mirror `enum sk_rst_reason` (`include/net/rstreason.h`) one by one. Numbers are not kept:
//! the enum grew in the middle, so a number means different things on different kernels.
//!
//! The facts behind it: docs/internals/reasons.md#the-reasons.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::segment::Endpoint;
use crate::time::Timestamp;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Why the kernel sent a RST, by the kernel's own name.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum RstReason { $($(#[$doc])* $variant,)+ }

        impl RstReason {
            /// Every reason known to this version.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name as the kernel prints it, without the `SK_RST_REASON_` prefix.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The reason of that name; `None` for one that a newer kernel added.
            pub fn from_name(name: &str) -> Option<Self> {
                let name = name.strip_prefix("SK_RST_REASON_").unwrap_or(name);
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

reasons! {
    /// A drop reason that has no RST reason of its own.
    NotSpecified = "NOT_SPECIFIED",
    /// No socket was found for the segment (`tcp_v4_rcv`).
    NoSocket = "NO_SOCKET",
    /// In SYN-SENT: an ACK that does not acknowledge our SYN.
    TcpInvalidAckSequence = "TCP_INVALID_ACK_SEQUENCE",
    /// In SYN-SENT: a SYN-ACK that echoes a timestamp we never sent.
    TcpRfc7323Paws = "TCP_RFC7323_PAWS",
    /// In SYN-RECEIVED: an ACK below our SYN.
    TcpTooOldAck = "TCP_TOO_OLD_ACK",
    /// In SYN-RECEIVED: an ACK above what we sent.
    TcpAckUnsentData = "TCP_ACK_UNSENT_DATA",
    /// A listener got a segment with ACK: it has no such connection. Nothing is wrong with the flags.
    TcpFlags = "TCP_FLAGS",
    /// An old ACK in SYN-RECEIVED; cannot be reached on 6.18.
    TcpOldAck = "TCP_OLD_ACK",
    /// Data after the receiving side was shut, or negative `TCP_LINGER2`.
    TcpAbortOnData = "TCP_ABORT_ON_DATA",
    /// Data or a SYN for a mini-socket in FIN-WAIT-2 (never a true TIME-WAIT).
    TcpTimewaitSocket = "TCP_TIMEWAIT_SOCKET",
    /// A second SYN during the handshake, or accept queue overflow with `tcp_abort_on_overflow=1`.
    InvalidSyn = "INVALID_SYN",
    /// `close()` with unread data.
    TcpAbortOnClose = "TCP_ABORT_ON_CLOSE",
    /// `TCP_LINGER2` below zero in FIN-WAIT-2; has nothing to do with `SO_LINGER`.
    TcpAbortOnLinger = "TCP_ABORT_ON_LINGER",
    /// Too many orphans, or TCP memory exhausted.
    TcpAbortOnMemory = "TCP_ABORT_ON_MEMORY",
    /// Five different things, `SO_LINGER` zero among them: only the call stack tells which.
    TcpState = "TCP_STATE",
    /// Keepalive probes went unanswered.
    TcpKeepaliveTimeout = "TCP_KEEPALIVE_TIMEOUT",
    /// Abort while the own FIN waited behind unsent data.
    TcpDisconnectWithData = "TCP_DISCONNECT_WITH_DATA",
    /// MPTCP: unspecified.
    MptcpEunspec = "MPTCP_RST_EUNSPEC",
    /// MPTCP: specific error.
    MptcpEmptcp = "MPTCP_RST_EMPTCP",
    /// MPTCP: lack of resources.
    MptcpEresource = "MPTCP_RST_ERESOURCE",
    /// MPTCP: administratively prohibited.
    MptcpEprohibit = "MPTCP_RST_EPROHIBIT",
    /// MPTCP: too much outstanding data.
    MptcpEwq2big = "MPTCP_RST_EWQ2BIG",
    /// MPTCP: unacceptable performance.
    MptcpEbadperf = "MPTCP_RST_EBADPERF",
    /// MPTCP: middlebox interference.
    MptcpEmiddlebox = "MPTCP_RST_EMIDDLEBOX",
    /// A code the kernel could not map.
    Error = "ERROR",
}

impl fmt::Display for RstReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One `tcp:tcp_send_reset` event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KernelReset {
    /// When the event was recorded, on the wall clock of the host.
    pub time: Timestamp,
    /// The reason; `None` when this kernel gives none or a name unknown to us.
    pub reason: Option<RstReason>,
    /// The reason exactly as the kernel printed it.
    pub reason_name: String,
    /// Socket state at the event, `UNKNOWN` without a socket. For active resets usually already CLOSE.
    pub state: String,
    /// The host's own end.
    pub local: Endpoint,
    /// The peer. `None` when a listener answered: the event does not carry it then.
    pub remote: Option<Endpoint>,
    /// Kernel functions that led to the event, innermost first; empty when not recorded.
    pub stack: Vec<String>,
    /// Name of the task that was running. It made the reset only if the stack reaches a system call.
    pub comm: String,
    /// Its process id.
    pub pid: u32,
}

impl KernelReset {
    /// Whether `symbol` is in the call stack.
    pub fn went_through(&self, symbol: &str) -> bool {
        self.stack.iter().any(|frame| frame == symbol)
    }
}

/// What the kernel of the end that sent the RST says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KernelWord {
    /// Nobody asked it.
    NotAsked,
    /// It was asked and sent no such RST: a firewall on that host or something on the path did.
    SentNone,
    /// A host that only forwards the connection made it: it left a network namespace that has neither end's address
    /// and had not come into it.
    MadeInTransit,
    /// It sent the RST, and this is why.
    Sent(KernelReset),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_found_by_its_own_name() {
        for reason in RstReason::ALL {
            assert_eq!(RstReason::from_name(reason.name()), Some(*reason));
        }
        assert_eq!(RstReason::from_name("SK_RST_REASON_NO_SOCKET"), Some(RstReason::NoSocket));
        assert_eq!(RstReason::from_name("A_NEWER_KERNEL"), None);
    }
}
