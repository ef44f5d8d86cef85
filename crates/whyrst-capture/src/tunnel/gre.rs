//! GRE: version 0 (RFC 2784, 2890), which also carries NVGRE (RFC 7637), ERSPAN I to III
//! (draft-foschiano-erspan) and WCCP redirection (draft-wilson-wrec-wccp-v2); and version 1, PPTP
//! (RFC 2637).

use crate::bytes::be16_at;
use crate::counts::Reason;
use crate::link::{Walk, ethertype};

const CHECKSUM: u16 = 0x8000;
const ROUTING: u16 = 0x4000;
const KEY: u16 = 0x2000;
const SEQUENCE: u16 = 0x1000;
const ACKNOWLEDGMENT: u16 = 0x0080;
const VERSION: u16 = 0x0007;

mod carried {
    pub(super) const ERSPAN_III: u16 = 0x22eb;
    pub(super) const WCCP: u16 = 0x883e;
    pub(super) const ERSPAN: u16 = 0x88be;
}

pub(super) fn above(payload: &[u8]) -> Result<usize, Reason> {
    let flags = be16_at(payload, 0).ok_or(Reason::IpHeaderCut)?;
    let carried = be16_at(payload, 2).ok_or(Reason::IpHeaderCut)?;
    match flags & VERSION {
        0 if flags & ROUTING == 0 => version_0(payload, flags, carried),
        1 if carried == ethertype::PPP => pptp(payload, flags),
        _ => Err(Reason::NotTcp),
    }
}

fn version_0(payload: &[u8], flags: u16, carried: u16) -> Result<usize, Reason> {
    let at = 4 + 4 * optional(flags, &[CHECKSUM, KEY, SEQUENCE]);
    let mut walk = Walk::new(payload);
    match carried {
        // Type I has no header of its own, and no sequence number.
        carried::ERSPAN if flags & SEQUENCE == 0 => walk.ethernet(at),
        carried::ERSPAN => walk.ethernet(at + 8),
        carried::ERSPAN_III => walk.ethernet(at + erspan_iii_size(payload, at)?),
        carried::WCCP => wccp(payload, at),
        ..=ethertype::LONGEST_LENGTH => Err(Reason::NotTcp),
        kind => walk.above(kind, at),
    }
}

/// The last bit of the header announces eight more bytes.
fn erspan_iii_size(payload: &[u8], at: usize) -> Result<usize, Reason> {
    let more = payload.get(at + 11).ok_or(Reason::IpHeaderCut)? & 1 != 0;
    Ok(if more { 20 } else { 12 })
}

/// Version 2 has a redirect header of four bytes, version 1 has none.
fn wccp(payload: &[u8], at: usize) -> Result<usize, Reason> {
    match payload.get(at).ok_or(Reason::IpHeaderCut)? >> 4 {
        4 => Ok(at),
        _ => Ok(at + 4),
    }
}

/// Without a sequence number there is no payload.
fn pptp(payload: &[u8], flags: u16) -> Result<usize, Reason> {
    if flags & SEQUENCE == 0 {
        return Err(Reason::NotTcp);
    }
    Walk::new(payload).ppp(8 + 4 * optional(flags, &[SEQUENCE, ACKNOWLEDGMENT]))
}

/// How many of the optional fields are there.
fn optional(flags: u16, fields: &[u16]) -> usize {
    fields.iter().filter(|&field| flags & field != 0).count()
}
