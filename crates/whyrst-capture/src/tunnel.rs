//! Packets within packets: where the inner IP packet begins in the payload of an outer one.
//! Tunnels that have a protocol number are known by it; those over UDP by their registered port,
//! which anybody may use for something else, so their inner packet must be whole and sound.

mod gre;
mod udp;

use crate::counts::Reason;
use crate::ip::protocol;
use crate::link::Walk;

/// Where in the payload of protocol `carrier` another IP packet begins; an error when it carries none.
#[cold]
pub(crate) fn inner(carrier: u8, payload: &[u8]) -> Result<usize, Reason> {
    match carrier {
        // RFC 2003 and 4213, and the number of the older IPIP.
        protocol::IPV4 | protocol::IPV6 | protocol::IPIP => Ok(0),
        protocol::GRE => gre::above(payload),
        protocol::UDP => udp::above(payload),
        protocol::L2TP => l2tp_v3(payload, 0),
        // RFC 4023.
        protocol::MPLS => Walk::new(payload).mpls(0),
        // RFC 3378: four bits of version, the rest is reserved.
        protocol::ETHERIP => Walk::new(payload).ethernet(2),
        _ => Err(Reason::NotTcp),
    }
}

/// Whether the first octets of a payload of `carrier` may be those of a tunnel.
pub(crate) fn may_be(carrier: u8, payload: &[u8]) -> bool {
    use protocol::{ETHERIP, GRE, IPIP, IPV4, IPV6, L2TP, MPLS, UDP};
    match carrier {
        IPV4 | IPV6 | IPIP | GRE | L2TP | MPLS | ETHERIP => true,
        UDP => udp::is_known(payload),
        _ => false,
    }
}

/// A session of L2TPv3 (RFC 3931 section 4.1) that begins at `at`. How long cookie and sublayer are
/// was agreed on when it was set up, so the sizes that are used are tried.
fn l2tp_v3(payload: &[u8], at: usize) -> Result<usize, Reason> {
    const CONTROL: [u8; 4] = [0; 4];
    let session = payload.get(at..at + 4).ok_or(Reason::NotTcp)?;
    if session == CONTROL {
        return Err(Reason::NotTcp);
    }
    let sizes = [4, 8, 12, 16].into_iter();
    let mut offsets =
        sizes.flat_map(|size| [Walk::new(payload).ethernet(at + size), Walk::new(payload).ppp(at + size)]);
    offsets.find_map(|offset| offset.ok().filter(|&offset| is_sound(payload, offset))).ok_or(Reason::NotTcp)
}

/// Whether an IP packet whose header contradicts nothing begins at `at`: for places that are guessed.
fn is_sound(payload: &[u8], at: usize) -> bool {
    let Some(packet) = payload.get(at..) else { return false };
    match packet {
        [first, ..] if first >> 4 == 4 => checksum_holds(packet, usize::from(first & 0x0f) * 4),
        [first, ..] if first >> 4 == 6 => {
            let length =
                packet.get(4..6).map_or(usize::MAX, |length| usize::from(u16::from_be_bytes([length[0], length[1]])));
            length <= packet.len().saturating_sub(40)
        }
        _ => false,
    }
}

/// The header checksum of RFC 791, over `size` octets.
fn checksum_holds(packet: &[u8], size: usize) -> bool {
    let Some(header) = packet.get(..size).filter(|_| size >= 20) else { return false };
    let sum: u32 = header.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    folded == 0xffff || folded == 0x1_fffe
}

#[cfg(test)]
mod tests;
