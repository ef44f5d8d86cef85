//! Packets within packets: where the inner IP packet begins in the payload of an outer one.
//! Tunnels that have a protocol number are known by it; those over UDP by their registered port,
//! which anybody may use for something else, so their inner packet must be whole and sound.

mod gre;
mod l2tp;
mod sound;
mod udp;

use crate::counts::Reason;
use crate::link::Walk;
use crate::protocol;

/// Where in the payload of protocol `carrier` another IP packet begins; an error when it carries none.
#[cold]
pub(crate) fn inner(carrier: u8, payload: &[u8]) -> Result<usize, Reason> {
    match carrier {
        // RFC 2003 and 4213, and the number of the older IPIP.
        protocol::IPV4 | protocol::IPV6 | protocol::IPIP => Ok(0),
        protocol::GRE => gre::above(payload),
        protocol::UDP => udp::above(payload),
        protocol::L2TP => l2tp::v3(payload, 0),
        // RFC 4023.
        protocol::MPLS => Walk::new(payload).mpls(0),
        // RFC 3378: four bits of version, the rest is reserved.
        protocol::ETHERIP => Walk::new(payload).ethernet(2),
        _ => Err(Reason::NotTcp),
    }
}

/// Whether the first bytes of a payload of `carrier` may be those of a tunnel.
pub(crate) fn may_be(carrier: u8, payload: &[u8]) -> bool {
    use protocol::{ETHERIP, GRE, IPIP, IPV4, IPV6, L2TP, MPLS, UDP};
    match carrier {
        IPV4 | IPV6 | IPIP | GRE | L2TP | MPLS | ETHERIP => true,
        UDP => udp::is_known(payload),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
