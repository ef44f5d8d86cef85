//! Tunnels over UDP, by port (IANA, "Service Name and Transport Protocol Port Number Registry").

use super::l2tp;
use super::sound::is_sound;
use crate::bytes::be16_at;
use crate::counts::Reason;
use crate::link::Walk;

const HEADER: usize = 8;

mod port {
    pub(super) const L2TP: u16 = 1701;
    pub(super) const GTP_U: u16 = 2152;
    pub(super) const TEREDO: u16 = 3544;
    pub(super) const VXLAN: u16 = 4789;
    pub(super) const VXLAN_GPE: u16 = 4790;
    pub(super) const CAPWAP_DATA: u16 = 5247;
    pub(super) const GENEVE: u16 = 6081;
    pub(super) const MPLS: u16 = 6635;
    /// Not registered for it, but what Linux took before there was a number, and takes to this day.
    pub(super) const VXLAN_OF_LINUX: u16 = 8472;
}

pub(super) fn above(payload: &[u8]) -> Result<usize, Reason> {
    let port = |at| be16_at(payload, at).ok_or(Reason::NotTcp);
    match (port(0)?, port(2)?) {
        (_, port::VXLAN | port::VXLAN_OF_LINUX) => vxlan(payload),
        (_, port::VXLAN_GPE) => vxlan_gpe(payload),
        (_, port::GENEVE) => geneve(payload),
        (_, port::MPLS) => Walk::new(payload).mpls(HEADER),
        (_, port::GTP_U) | (port::GTP_U, _) => gtp(payload),
        (_, port::L2TP) | (port::L2TP, _) => l2tp(payload),
        (_, port::TEREDO) | (port::TEREDO, _) => teredo(payload),
        (_, port::CAPWAP_DATA) | (port::CAPWAP_DATA, _) => capwap(payload),
        _ => Err(Reason::NotTcp),
    }
}

/// Whether a port of the header at the front of `payload` is one of the above.
pub(super) fn is_known(payload: &[u8]) -> bool {
    use port::{CAPWAP_DATA, GENEVE, GTP_U, L2TP, MPLS, TEREDO, VXLAN, VXLAN_GPE, VXLAN_OF_LINUX};
    const BOTH_WAYS: [u16; 4] = [GTP_U, L2TP, TEREDO, CAPWAP_DATA];
    const TO_ONLY: [u16; 5] = [VXLAN, VXLAN_OF_LINUX, VXLAN_GPE, GENEVE, MPLS];
    let port = |at| be16_at(payload, at).unwrap_or_default();
    let (from, to) = (port(0), port(2));
    BOTH_WAYS.contains(&from) || BOTH_WAYS.contains(&to) || TO_ONLY.contains(&to)
}

/// The byte at `at` behind the UDP header.
fn octet(payload: &[u8], at: usize) -> Result<u8, Reason> {
    payload.get(HEADER + at).copied().ok_or(Reason::NotTcp)
}

fn half(payload: &[u8], at: usize) -> Result<u16, Reason> {
    be16_at(payload, HEADER + at).ok_or(Reason::NotTcp)
}

/// RFC 7348.
fn vxlan(payload: &[u8]) -> Result<usize, Reason> {
    const VALID: u8 = 0x08;
    if octet(payload, 0)? & VALID == 0 {
        return Err(Reason::NotTcp);
    }
    Walk::new(payload).ethernet(HEADER + 8)
}

/// draft-ietf-nvo3-vxlan-gpe.
fn vxlan_gpe(payload: &[u8]) -> Result<usize, Reason> {
    const NEXT_PROTOCOL: u8 = 0x04;
    if octet(payload, 0)? & NEXT_PROTOCOL == 0 {
        return vxlan(payload);
    }
    Walk::new(payload).next_protocol(octet(payload, 3)?, HEADER + 8)
}

/// RFC 8926.
fn geneve(payload: &[u8]) -> Result<usize, Reason> {
    let first = octet(payload, 0)?;
    if first >> 6 != 0 {
        return Err(Reason::NotTcp);
    }
    let options = usize::from(first & 0x3f) * 4;
    Walk::new(payload).above(half(payload, 2)?, HEADER + 8 + options)
}

/// 3GPP TS 29.281 section 5: user data, behind extension headers of which each says the next.
fn gtp(payload: &[u8]) -> Result<usize, Reason> {
    const VERSION_AND_PROTOCOL: u8 = 0xf0;
    const VERSION_1_GTP: u8 = 0x30;
    const OPTIONAL_FIELDS: u8 = 0x07;
    const EXTENSIONS: u8 = 0x04;
    const USER_DATA: u8 = 255;
    const MAX_EXTENSIONS: usize = 16;
    let flags = octet(payload, 0)?;
    if flags & VERSION_AND_PROTOCOL != VERSION_1_GTP || octet(payload, 1)? != USER_DATA {
        return Err(Reason::NotTcp);
    }
    if flags & OPTIONAL_FIELDS == 0 {
        return Ok(HEADER + 8);
    }
    let mut at = 12;
    for _ in 0..MAX_EXTENSIONS {
        if flags & EXTENSIONS == 0 || octet(payload, at - 1)? == 0 {
            return Ok(HEADER + at);
        }
        match usize::from(octet(payload, at)?) * 4 {
            0 => return Err(Reason::NotTcp),
            size => at += size,
        }
    }
    Err(Reason::NestedTooDeep)
}

/// RFC 2661 section 3.1, and version 3 over UDP (RFC 3931 section 4.1.2).
fn l2tp(payload: &[u8]) -> Result<usize, Reason> {
    const CONTROL: u16 = 0x8000;
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;
    const VERSION: u16 = 0x000f;
    let flags = half(payload, 0)?;
    match (flags & CONTROL, flags & VERSION) {
        (0, 2) => {}
        (0, 3) => return l2tp::v3(payload, HEADER + 4),
        _ => return Err(Reason::NotTcp),
    }
    let mut at = 6;
    at += if flags & LENGTH != 0 { 2 } else { 0 };
    at += if flags & SEQUENCE != 0 { 4 } else { 0 };
    if flags & OFFSET != 0 {
        at += 2 + usize::from(half(payload, at)?);
    }
    Walk::new(payload).ppp(HEADER + at)
}

/// RFC 4380 section 5.1.1: authentication and origin may stand before the IPv6 packet.
fn teredo(payload: &[u8]) -> Result<usize, Reason> {
    let mut at = 0;
    if half(payload, at)? == 1 {
        at += 4 + usize::from(octet(payload, 2)?) + usize::from(octet(payload, 3)?) + 8 + 1;
    }
    if half(payload, at)? == 0 {
        at += 8;
    }
    match octet(payload, at)? >> 4 {
        6 => Ok(HEADER + at),
        _ => Err(Reason::NotTcp),
    }
}

/// RFC 5415 section 4.3: the data of access points, as 802.3 or 802.11 frames; not when encrypted.
fn capwap(payload: &[u8]) -> Result<usize, Reason> {
    const PLAIN: u8 = 0;
    const NATIVE: u8 = 0x01;
    const FRAGMENT: u8 = 0x80;
    if octet(payload, 0)? != PLAIN {
        return Err(Reason::NotTcp);
    }
    let at = HEADER + usize::from(octet(payload, 1)? >> 3) * 4;
    if octet(payload, 3)? & FRAGMENT != 0 && half(payload, 6)? >> 3 != 0 {
        return Err(Reason::NotTcp);
    }
    if octet(payload, 2)? & NATIVE == 0 {
        return Walk::new(payload).ethernet(at);
    }
    let plain = Walk::new(payload).wlan(at).ok().filter(|&offset| is_sound(payload, offset));
    plain.map_or_else(|| Walk::new(payload).wlan_swapped(at), Ok)
}
