//! Packets within packets: where the inner IP packet begins behind IP-in-IP (RFC 2003, 4213), GRE
//! (RFC 2784, 2890), VXLAN (RFC 7348) and Geneve (RFC 8926).

use crate::bytes::be16_at;
use crate::ip::protocol;
use crate::link::{LinkType, ip_offset};

const VXLAN_PORT: u16 = 4789;
const GENEVE_PORT: u16 = 6081;
const UDP_HEADER: usize = 8;

/// Where in the payload of protocol `carrier` another IP packet begins; `None` when it carries none.
pub(crate) fn inner(carrier: u8, payload: &[u8]) -> Option<usize> {
    match carrier {
        protocol::IPV4 | protocol::IPV6 => Some(0),
        protocol::GRE => above_gre(payload),
        protocol::UDP => above_udp(payload),
        _ => None,
    }
}

/// Version 0 only: version 1 is PPTP, which carries PPP.
fn above_gre(payload: &[u8]) -> Option<usize> {
    const CHECKSUM: u16 = 0x8000;
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const VERSION: u16 = 0x0007;
    let flags = be16_at(payload, 0)?;
    if flags & (ROUTING | VERSION) != 0 {
        return None;
    }
    let optional = [CHECKSUM, KEY, SEQUENCE].into_iter().filter(|flag| flags & flag != 0).count();
    above_type(payload, be16_at(payload, 2)?, 4 + 4 * optional)
}

fn above_udp(payload: &[u8]) -> Option<usize> {
    let header = payload.get(UDP_HEADER..UDP_HEADER + 8)?;
    match be16_at(payload, 2)? {
        VXLAN_PORT if header[0] & 0x08 != 0 => above_ethernet(payload, UDP_HEADER + 8),
        GENEVE_PORT if header[0] >> 6 == 0 => {
            let options = usize::from(header[0] & 0x3f) * 4;
            above_type(payload, be16_at(header, 2)?, UDP_HEADER + 8 + options)
        }
        _ => None,
    }
}

fn above_type(payload: &[u8], ethertype: u16, at: usize) -> Option<usize> {
    const TRANSPARENT_ETHERNET: u16 = 0x6558;
    match ethertype {
        0x0800 | 0x86dd => Some(at),
        TRANSPARENT_ETHERNET => above_ethernet(payload, at),
        _ => None,
    }
}

fn above_ethernet(payload: &[u8], at: usize) -> Option<usize> {
    ip_offset(LinkType::ETHERNET, payload.get(at..)?).ok().map(|offset| at + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gre_is_passed_with_its_optional_fields() {
        assert_eq!(inner(protocol::GRE, &[0, 0, 8, 0]), Some(4));
        assert_eq!(inner(protocol::GRE, &[0xb0, 0, 0x86, 0xdd]), Some(16));
        assert_eq!(inner(protocol::GRE, &[0x30, 1, 0x88, 0x0b]), None);
        let mut bridged = [0u8; 18];
        bridged[2..4].copy_from_slice(&[0x65, 0x58]);
        bridged[16..].copy_from_slice(&[8, 0]);
        assert_eq!(inner(protocol::GRE, &bridged), Some(18));
    }

    #[test]
    fn vxlan_and_geneve_are_known_by_port_and_header() {
        let mut vxlan = [0u8; 30];
        vxlan[2..4].copy_from_slice(&VXLAN_PORT.to_be_bytes());
        vxlan[8] = 0x08;
        vxlan[28..].copy_from_slice(&[8, 0]);
        assert_eq!(inner(protocol::UDP, &vxlan), Some(30));
        vxlan[8] = 0;
        assert_eq!(inner(protocol::UDP, &vxlan), None);
        let mut geneve = [0u8; 16];
        geneve[2..4].copy_from_slice(&GENEVE_PORT.to_be_bytes());
        geneve[8] = 1;
        geneve[10..12].copy_from_slice(&[0x86, 0xdd]);
        assert_eq!(inner(protocol::UDP, &geneve), Some(20));
        assert_eq!(inner(protocol::UDP, &geneve[..15]), None);
    }
}
