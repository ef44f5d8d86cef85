//! ICMP (RFC 792) and `ICMPv6` (RFC 4443) errors about TCP segments. They quote the beginning of
//! the segment, of old no more than ports and sequence number, so nothing else is taken from it: a
//! RST in a quote is not a RST.

use whyrst_core::observation::{IcmpError, IcmpKind};
use whyrst_core::segment::Endpoint;
use whyrst_core::seq::Seq;

use crate::bytes::{be16_at, be32_at};
use crate::counts::Reason;
use crate::ip::{self, Header, Payload};
use crate::protocol;

/// Bytes before the quote.
const HEADER: usize = 8;

pub(crate) fn error(outer: &Header, payload: Payload<'_>) -> Result<IcmpError, Reason> {
    let &[kind, code, ..] = payload.captured else {
        return Err(Reason::IcmpCut);
    };
    let kind = match outer.protocol {
        protocol::ICMP => kind_v4(kind, code),
        _ => kind_v6(kind, code),
    };
    let kind = kind.ok_or(Reason::IcmpNotAboutTcp)?;
    let quote = payload.captured.get(HEADER..).ok_or(Reason::IcmpCut)?;
    let (quoted, tcp) = ip::quoted(quote)?;
    let port = |at| be16_at(tcp, at).ok_or(Reason::IcmpCut);
    Ok(IcmpError {
        from: outer.src,
        kind,
        src: Endpoint::new(quoted.src, port(0)?),
        dst: Endpoint::new(quoted.dst, port(2)?),
        seq: be32_at(tcp, 4).map(Seq::new),
    })
}

/// `None` for what is no error (RFC 1122 section 3.2.2 lists those that are).
fn kind_v4(kind: u8, code: u8) -> Option<IcmpKind> {
    const UNREACHABLE: u8 = 3;
    const TIME_EXCEEDED: u8 = 11;
    Some(match (kind, code) {
        (UNREACHABLE, 0 | 1 | 6 | 7 | 8 | 11 | 12) => IcmpKind::HostUnreachable,
        (UNREACHABLE, 2) => IcmpKind::ProtocolUnreachable,
        (UNREACHABLE, 3) => IcmpKind::PortUnreachable,
        (UNREACHABLE, 4) => IcmpKind::TooBig,
        (UNREACHABLE, 9 | 10 | 13) => IcmpKind::Prohibited,
        (TIME_EXCEEDED, 0) => IcmpKind::TimeExceeded,
        // Source quench, redirect, parameter problem, and the other codes of the above.
        (UNREACHABLE | 4 | 5 | TIME_EXCEEDED | 12, _) => IcmpKind::Other { kind, code },
        _ => return None,
    })
}

/// `None` for what is no error: types from 128 on (RFC 4443 section 2.1).
fn kind_v6(kind: u8, code: u8) -> Option<IcmpKind> {
    const UNREACHABLE: u8 = 1;
    const TOO_BIG: u8 = 2;
    const TIME_EXCEEDED: u8 = 3;
    const PARAMETER: u8 = 4;
    Some(match (kind, code) {
        (UNREACHABLE, 0 | 2 | 3) => IcmpKind::HostUnreachable,
        (UNREACHABLE, 1 | 5 | 6) => IcmpKind::Prohibited,
        (UNREACHABLE, 4) => IcmpKind::PortUnreachable,
        (TOO_BIG, _) => IcmpKind::TooBig,
        (TIME_EXCEEDED, 0) => IcmpKind::TimeExceeded,
        // Unrecognised next header.
        (PARAMETER, 1) => IcmpKind::ProtocolUnreachable,
        (..128, _) => IcmpKind::Other { kind, code },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_say_the_same_things() {
        assert_eq!(kind_v4(3, 1), Some(IcmpKind::HostUnreachable));
        assert_eq!(kind_v6(1, 3), Some(IcmpKind::HostUnreachable));
        assert_eq!(kind_v4(3, 13), Some(IcmpKind::Prohibited));
        assert_eq!(kind_v6(1, 1), Some(IcmpKind::Prohibited));
        assert_eq!(kind_v4(3, 4), Some(IcmpKind::TooBig));
        assert_eq!(kind_v6(2, 0), Some(IcmpKind::TooBig));
        assert_eq!(kind_v4(11, 1), Some(IcmpKind::Other { kind: 11, code: 1 }));
    }

    #[test]
    fn an_echo_is_no_error() {
        assert_eq!(kind_v4(8, 0), None);
        assert_eq!(kind_v6(128, 0), None);
    }
}
