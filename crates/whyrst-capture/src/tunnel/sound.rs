//! Whether what may be an IP packet is one.

/// Whether an IP packet whose header contradicts nothing begins at `at`: for places that are guessed.
pub(super) fn is_sound(payload: &[u8], at: usize) -> bool {
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

/// The header checksum of RFC 791, over `size` bytes.
fn checksum_holds(packet: &[u8], size: usize) -> bool {
    let Some(header) = packet.get(..size).filter(|_| size >= 20) else { return false };
    let sum: u32 = header.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    folded == 0xffff || folded == 0x1_fffe
}
