//! The filter in the kernel, in classic BPF (Documentation/networking/filter.rst): TCP headers only,
//! always those that open, close or reset, of the others a share.
//!
//! Offsets count from the IP header, which is what a datagram packet socket's filter sees. IPv6
//! extension headers are not walked, as tcpdump's `tcp[13]` does not.

use socket2::SockFilter;

/// One in so many ordinary segments; a power of two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Share(u32);

impl Share {
    pub(super) const ALL: Self = Self(1);
    const LEAST: Self = Self(1 << 12);

    pub(super) fn less(self) -> Self {
        Self((self.0 * 4).min(Self::LEAST.0))
    }

    pub(super) fn more(self) -> Self {
        Self((self.0 / 4).max(1))
    }
}

/// Bytes of a RST: its payload may say why (draft-ietf-tcpm-rst-diagnostic-payload).
const OF_A_RST: u32 = 512;
/// Bytes of other packets: both headers with all options, and how the first line of a request begins.
const OF_OTHERS: u32 = 160;

// linux/filter.h: places beyond the packet.
const BEYOND: u32 = 0xffff_f000;
const PACKET_TYPE: u32 = BEYOND + 4;
const INTERFACE: u32 = BEYOND + 8;
const RANDOM: u32 = BEYOND + 56;

const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
const LOAD_BYTE_AT_X: u16 = 0x50;
const LOAD_X_HEADER_LENGTH: u16 = 0xb1;
const AND: u16 = 0x54;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_BITS: u16 = 0x45;
const JUMP: u16 = 0x05;
const RETURN: u16 = 0x06;

const RST: u32 = 0x04;
const SYN_OR_FIN: u32 = 0x03;
/// The loopback device is the first of every namespace.
const LOOPBACK: u32 = 1;
const OUTGOING: u32 = libc::PACKET_OUTGOING as u32;
const TCP: u32 = libc::IPPROTO_TCP as u32;

/// Jumps count the instructions that they pass over.
pub(super) fn program(share: Share) -> Vec<SockFilter> {
    let plain = |code, k| SockFilter::new(code, 0, 0, k);
    vec![
        // 0: loopback shows each packet twice; once is enough
        plain(LOAD_WORD, INTERFACE),
        SockFilter::new(JUMP_IF_EQUAL, 0, 2, LOOPBACK),
        plain(LOAD_WORD, PACKET_TYPE),
        SockFilter::new(JUMP_IF_EQUAL, 19, 0, OUTGOING),
        // 4: which version?
        plain(LOAD_BYTE, 0),
        plain(AND, 0xf0),
        SockFilter::new(JUMP_IF_EQUAL, 5, 0, 0x40),
        SockFilter::new(JUMP_IF_EQUAL, 0, 15, 0x60),
        // 8: version 6, whose header has forty bytes
        plain(LOAD_BYTE, 6),
        SockFilter::new(JUMP_IF_EQUAL, 0, 13, TCP),
        plain(LOAD_BYTE, 53),
        plain(JUMP, 6),
        // 12: version 4, first fragments
        plain(LOAD_BYTE, 9),
        SockFilter::new(JUMP_IF_EQUAL, 0, 9, TCP),
        plain(LOAD_HALF, 6),
        SockFilter::new(JUMP_IF_BITS, 7, 0, 0x1fff),
        plain(LOAD_X_HEADER_LENGTH, 0),
        plain(LOAD_BYTE_AT_X, 13),
        // 18: the control bits
        SockFilter::new(JUMP_IF_BITS, 6, 0, RST),
        SockFilter::new(JUMP_IF_BITS, 4, 0, SYN_OR_FIN),
        plain(LOAD_WORD, RANDOM),
        plain(AND, share.0 - 1),
        SockFilter::new(JUMP_IF_EQUAL, 1, 0, 0),
        // 23
        plain(RETURN, 0),
        plain(RETURN, OF_OTHERS),
        plain(RETURN, OF_A_RST),
    ]
}
