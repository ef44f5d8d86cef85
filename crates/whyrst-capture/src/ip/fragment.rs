//! One fragment of an IP packet (RFC 791 section 3.2, RFC 8200 section 4.5), as it takes part in
//! putting the packet together.

use std::net::IpAddr;

use whyrst_core::segment::IpKind;

use super::header::{Header, Packet, Payload, fragment_header};
use crate::bytes::{be16_at, be32_at};
use crate::protocol;
use crate::tunnel;

/// What all fragments of a packet have in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Key {
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    pub(crate) id: u32,
    pub(crate) protocol: u8,
}

/// One fragment.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) key: Key,
    /// Where in the payload of the packet it belongs, in bytes.
    pub(crate) offset: usize,
    pub(crate) last: Last,
    /// Its IP header, without extension headers.
    pub(crate) header: &'a [u8],
    pub(crate) payload: &'a [u8],
    /// Whether what the packet carries may hold a TCP header that is not in the first fragment.
    pub(crate) keep: Keep,
}

/// Whether more fragments follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Last {
    Yes,
    No,
}

/// For what a fragment is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keep {
    /// It may hold a part of a TCP header.
    Always,
    /// Only with others that are kept.
    WithOthers,
}

/// The fragment that a packet is, if it is wholly captured.
pub(crate) fn piece(packet: Packet<'_>) -> Option<Piece<'_>> {
    let header = Header::read(packet.bytes).ok()?;
    let payload = header.payload(packet.bytes, packet.wire).ok()?;
    piece_of(&header, packet.bytes, payload).filter(|piece| piece.payload.len() == payload.len)
}

/// What is needed to put the packet together that this is a fragment of.
fn piece_of<'a>(ip: &Header, bytes: &'a [u8], payload: Payload<'a>) -> Option<Piece<'a>> {
    /// A TCP header with all its options.
    const LONGEST_TCP_HEADER: usize = 60;
    let (id, field, header) = match ip.facts.kind {
        IpKind::V4 { id, .. } => (u32::from(id?), be16_at(bytes, 6)?, bytes.get(..ip.size)?),
        // The fragment header is the last one: behind it a chain is not followed in a later fragment.
        IpKind::V6 { .. } => {
            let at = fragment_header(bytes)?;
            (be32_at(bytes, at + 4)?, be16_at(bytes, at + 2)?, bytes.get(..40)?)
        }
    };
    let (offset, more) = match ip.facts.kind {
        IpKind::V4 { .. } => (usize::from(field & 0x1fff) * 8, field & 0x2000 != 0),
        IpKind::V6 { .. } => (usize::from(field & 0xfff8), field & 1 != 0),
    };
    let keep = match ip.protocol {
        protocol::TCP if offset < LONGEST_TCP_HEADER => Keep::Always,
        carrier if offset == 0 && tunnel::may_be(carrier, payload.captured) => Keep::Always,
        _ => Keep::WithOthers,
    };
    Some(Piece {
        key: Key { src: ip.src, dst: ip.dst, id, protocol: ip.protocol },
        offset,
        last: if more { Last::No } else { Last::Yes },
        header,
        payload: payload.captured,
        keep,
    })
}
