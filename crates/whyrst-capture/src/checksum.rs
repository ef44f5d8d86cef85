//! Is the TCP checksum right (RFC 9293 section 3.1)? A host drops a segment whose checksum is wrong, so such a RST has no
//! effect.
//!
//! Only a few segments of a connection are looked at, those with SYN, FIN or RST: a capture has many more others, and one
//! that is right shows that this sender's checksums can be compared at this place. Where a network card completes the
//! checksum after the capture point, the field holds the sum of the pseudo-header alone (Linux `CHECKSUM_PARTIAL`,
//! include/linux/skbuff.h; without the length where the card splits the segment) or 0: that says nothing.

use std::net::IpAddr;

use whyrst_core::segment::Flags;

use crate::bytes::be16_at;
use crate::ip::{Header, Payload};
use crate::protocol;

/// Longer segments are not summed up: a FIN may have the rest of a merged burst before it.
const LONGEST: usize = 2_048;
/// Where the field stands in the header.
const FIELD_AT: usize = 16;
/// What a right checksum makes of the whole.
const WHOLE: u16 = 0xffff;

/// `None` where the segment is not looked at, or where the field says nothing.
#[inline]
pub(crate) fn is_right(flags: Flags, ip: &Header, tcp: &Payload<'_>) -> Option<bool> {
    const LOOKED_AT: u8 = Flags::SYN.bits() | Flags::FIN.bits() | Flags::RST.bits();
    if flags.bits() & LOOKED_AT == 0 { None } else { judged(ip, tcp) }
}

fn judged(ip: &Header, tcp: &Payload<'_>) -> Option<bool> {
    let whole = tcp.captured.len() == tcp.len && tcp.len <= LONGEST && ip.is_plain();
    let field = be16_at(tcp.captured, FIELD_AT).filter(|_| whole)?;
    let addresses = sum_of_address(ip.src) + sum_of_address(ip.dst) + u64::from(protocol::TCP);
    let pseudo_header = addresses + tcp.len as u64;
    let right = folded(pseudo_header + sum(tcp.captured)) == WHOLE;
    let left_to_card = [0, folded(addresses), folded(pseudo_header)].contains(&field);
    (right || !left_to_card).then_some(right)
}

fn sum_of_address(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => sum(&address.octets()),
        IpAddr::V6(address) => sum(&address.octets()),
    }
}

/// In units of 32 bits: folding makes the same of them as of 16 (RFC 1071 section 2).
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    let number = |word: &[u8; 4]| u64::from(u32::from_be_bytes(*word));
    words.iter().map(number).sum::<u64>() + number(&last)
}

/// The one's complement sum in 16 bits.
#[expect(clippy::cast_possible_truncation, reason = "the loop ends when 16 bits hold it")]
const fn folded(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A RST from 10.96.0.10 to 10.244.1.24 whose field is `field`, `captured` bytes of it captured.
    fn judge(field: u16, captured: usize) -> Option<bool> {
        let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0x40, 0, 63, 6, 0, 0, 10, 96, 0, 10, 10, 244, 1, 24];
        packet.extend([0x1f, 0x90, 0x9c, 0x40, 0, 0, 0x13, 0xbb, 0, 0, 0, 0, 0x50, 4, 0, 0]);
        packet.extend(field.to_be_bytes());
        packet.extend([0, 0]);
        let header = Header::read(&packet).unwrap();
        let payload = header.payload(&packet[..20 + captured], 40).unwrap();
        is_right(Flags::RST, &header, &payload)
    }

    #[test]
    fn a_checksum_is_right_wrong_or_left_to_the_network_card() {
        let addresses = 10 * 256 + 96 + 10 + 10 * 256 + 244 + 256 + 24 + 6;
        let ports_and_rest = 0x1f90 + 0x9c40 + 0x13bb + 0x5004;
        let right = !folded(addresses + 20 + ports_and_rest);
        assert_eq!(judge(right, 20), Some(true));
        assert_eq!(judge(right ^ 0x1234, 20), Some(false));
        let says_nothing = [0, folded(addresses), folded(addresses + 20)];
        for field in says_nothing {
            assert_eq!(judge(field, 20), None, "{field:#x}");
        }
        assert_eq!(judge(right, 19), None);
    }

    #[test]
    fn the_sum_of_an_odd_number_of_bytes_is_padded() {
        assert_eq!(folded(sum(&[0x12, 0x34, 0x56, 0x78, 0x9a])), folded(0x1234 + 0x5678 + 0x9a00));
        assert_eq!(folded(sum(&[0xff; 64])), WHOLE);
    }
}
