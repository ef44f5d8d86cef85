//! The TCP header (RFC 9293 section 3.1) and its options, read laxly: a segment needs its first 20
//! bytes; options and payload are read as far as they are there, and what is missing is marked.

use whyrst_core::observation::LinkAddress;
use whyrst_core::segment::{Assumed, Endpoint, Flags, OptionSet, Options, Segment, Timestamps};
use whyrst_core::seq::Seq;
use whyrst_core::service::{Greeting, Moment};

use crate::bytes::{array_at, be16_at, be32_at};
use crate::checksum;
use crate::counts::{Counts, Reason};
use crate::ip::{Header, Payload};

const HEADER: usize = 20;
const FLAGS_AT: usize = 13;

#[inline]
pub(crate) fn segment<'a>(ip: &Header, payload: Payload<'a>, counts: &mut Counts) -> Result<Segment<'a>, Reason> {
    let Some(fixed) = payload.captured.first_chunk::<HEADER>() else {
        return Err(cut_header(payload, counts));
    };
    let size = usize::from(fixed[12] >> 4) * 4;
    if size < HEADER || size > payload.len {
        return Err(Reason::MalformedTcp);
    }
    let half = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
    let number = |at: usize| u32::from_be_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    let len = payload.len - size;
    let flags = Flags::from_bits(fixed[FLAGS_AT]);
    let captured = payload.captured.get(size..).unwrap_or_default();
    counts.cut_payloads += u64::from(captured.len() < len);
    Ok(Segment {
        src: Endpoint::new(ip.src, half(0)),
        dst: Endpoint::new(ip.dst, half(2)),
        seq: Seq::new(number(4)),
        ack: Seq::new(number(8)),
        flags,
        window: half(14),
        checksum: half(16),
        checksum_right: checksum::is_right(flags, ip, &payload),
        ip: ip.facts,
        options: options(payload.captured, size, counts),
        assumed: Assumed::NOTHING,
        len: u32::try_from(len).unwrap_or(u32::MAX),
        payload: captured,
        trailer: payload.trailer,
    })
}

/// The same as far as it tells of a service. `None` is for what is no segment, and counts nothing.
pub(crate) fn greeting(ip: &Header, payload: Payload<'_>, link: Option<LinkAddress>, at: Moment) -> Option<Greeting> {
    let fixed = payload.captured.first_chunk::<HEADER>()?;
    let size = usize::from(fixed[12] >> 4) * 4;
    if size < HEADER || size > payload.len {
        return None;
    }
    let half = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
    let number = |at: usize| Seq::new(u32::from_be_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]));
    let flags = Flags::from_bits(fixed[FLAGS_AT]);
    let controls = u32::from(flags.has(Flags::SYN)) + u32::from(flags.has(Flags::FIN));
    let len = u32::try_from(payload.len - size).unwrap_or(u32::MAX);
    let ports = [half(0), half(2)];
    let (src, dst) = (Endpoint::new(ip.src, ports[0]), Endpoint::new(ip.dst, ports[1]));
    let end = number(4).add(len.wrapping_add(controls));
    Some(Greeting { src, dst, seq: number(4), end, ack: number(8), flags, ttl: ip.facts.ttl, link, at })
}

/// A segment without window and checksum would have to make them up, so none is made. But a RST
/// among what is lost is worth a word: the flags may be there.
#[cold]
fn cut_header(payload: Payload<'_>, counts: &mut Counts) -> Reason {
    if payload.len < HEADER {
        return Reason::MalformedTcp;
    }
    let flags = payload.captured.get(FLAGS_AT).map(|&bits| Flags::from_bits(bits));
    counts.cut_resets += u64::from(flags.is_some_and(|flags| flags.has(Flags::RST)));
    Reason::TcpHeaderCut
}

/// The option area between the fixed header and `size`, as far as it is captured.
#[inline]
fn options(tcp: &[u8], size: usize, counts: &mut Counts) -> Options {
    let mut options = Options::default();
    let area = &tcp[HEADER..size.min(tcp.len())];
    if area.is_empty() && size == HEADER {
        return options;
    }
    match only_timestamps(area) {
        Some(timestamps) => options.note_timestamps(timestamps),
        None => options.read_all(area),
    }
    if tcp.len() < size {
        options.set.insert(OptionSet::CUT);
    }
    counts.cut_options += u64::from(options.set.has(OptionSet::CUT));
    options
}

/// What most segments carry: two NOPs and timestamps (RFC 7323 appendix A).
#[inline]
fn only_timestamps(area: &[u8]) -> Option<Timestamps> {
    let area: &[u8; 12] = area.try_into().ok()?;
    if area[..4] != [1, 1, kind::TIMESTAMPS, 10] {
        return None;
    }
    let number = |at: usize| u32::from_be_bytes([area[at], area[at + 1], area[at + 2], area[at + 3]]);
    Some(Timestamps { value: number(4), echo: number(8) })
}

/// Whether the option area has only well-formed options of the common kinds: reading it would find
/// nothing to count.
pub(crate) fn are_common(mut area: &[u8]) -> bool {
    if are_usual_of_syn(area) {
        return true;
    }
    loop {
        area = match area {
            [] | [kind::END, ..] => return true,
            [kind::NOP, rest @ ..]
            | [kind::SACK_PERMITTED, 2, rest @ ..]
            | [kind::WINDOW_SCALE, 3, _, rest @ ..]
            | [kind::MSS, 4, _, _, rest @ ..]
            | [kind::TIMESTAMPS, 10, _, _, _, _, _, _, _, _, rest @ ..] => rest,
            [kind::SACK, length @ (10 | 18 | 26 | 34), rest @ ..] => match rest.get(usize::from(*length) - 2..) {
                Some(rest) => rest,
                None => return false,
            },
            _ => return false,
        };
    }
}

/// What Linux and most others begin a connection with.
fn are_usual_of_syn(area: &[u8]) -> bool {
    let Ok(area): Result<&[u8; 20], _> = area.try_into() else { return false };
    area[..2] == [kind::MSS, 4]
        && area[4..8] == [kind::SACK_PERMITTED, 2, kind::TIMESTAMPS, 10]
        && area[16..19] == [kind::NOP, kind::WINDOW_SCALE, 3]
}

/// Option kinds (IANA, "TCP Option Kind Numbers").
mod kind {
    pub(super) const END: u8 = 0;
    pub(super) const NOP: u8 = 1;
    pub(super) const MSS: u8 = 2;
    pub(super) const WINDOW_SCALE: u8 = 3;
    pub(super) const SACK_PERMITTED: u8 = 4;
    pub(super) const SACK: u8 = 5;
    pub(super) const TIMESTAMPS: u8 = 8;
    pub(super) const MD5: u8 = 19;
    pub(super) const AO: u8 = 29;
    pub(super) const MPTCP: u8 = 30;
    pub(super) const FAST_OPEN: u8 = 34;
}

/// Reading into the core's type.
trait ReadOptions {
    fn read_all(&mut self, area: &[u8]);
    fn read_one(&mut self, kind: u8, body: &[u8]);
    fn read_mptcp(&mut self, body: &[u8]) -> OptionSet;
    fn note_timestamps(&mut self, timestamps: Timestamps);
}

impl ReadOptions for Options {
    fn read_all(&mut self, mut area: &[u8]) {
        while let [first, rest @ ..] = area {
            match (*first, rest) {
                (kind::END, _) => return,
                (kind::NOP, _) => area = rest,
                (kind, [length, ..]) if (2..=area.len()).contains(&usize::from(*length)) => {
                    let (option, after) = area.split_at(usize::from(*length));
                    self.read_one(kind, &option[2..]);
                    area = after;
                }
                _ => return self.set.insert(OptionSet::CUT),
            }
        }
    }

    /// An option of the wrong length is passed over and the area marked.
    fn read_one(&mut self, kind: u8, body: &[u8]) {
        let present = match (kind, body.len()) {
            (kind::MSS, 2) => {
                self.mss = be16_at(body, 0);
                OptionSet::MSS
            }
            (kind::WINDOW_SCALE, 1) => {
                self.window_scale = Some(body[0].min(14));
                OptionSet::WINDOW_SCALE
            }
            (kind::SACK_PERMITTED, 0) => OptionSet::SACK_PERMITTED,
            (kind::SACK, 8 | 16 | 24 | 32) => {
                self.sack_edge = highest_edge(body);
                OptionSet::SACK
            }
            (kind::TIMESTAMPS, 8) => {
                self.timestamps =
                    be32_at(body, 0).zip(be32_at(body, 4)).map(|(value, echo)| Timestamps { value, echo });
                OptionSet::TIMESTAMPS
            }
            (kind::MD5, 16) => OptionSet::MD5,
            (kind::AO, _) => OptionSet::AO,
            (kind::MPTCP, _) => self.read_mptcp(body),
            (kind::FAST_OPEN, _) => OptionSet::FAST_OPEN,
            (kind::MSS | kind::WINDOW_SCALE | kind::SACK_PERMITTED | kind::SACK | kind::TIMESTAMPS | kind::MD5, _) => {
                OptionSet::CUT
            }
            _ => OptionSet::OTHER,
        };
        self.set.insert(present);
    }

    /// The subtype is in the upper four bits of the first byte; the reason code of `MP_TCPRST` is
    /// the second (RFC 8684 section 3.6).
    fn read_mptcp(&mut self, body: &[u8]) -> OptionSet {
        let mut set = OptionSet::MPTCP;
        match body.first().map(|first| first >> 4) {
            Some(0) => set.insert(OptionSet::MP_CAPABLE),
            Some(1) => set.insert(OptionSet::MP_JOIN),
            Some(7) => set.insert(OptionSet::MP_FASTCLOSE),
            Some(8) => {
                set.insert(OptionSet::MP_TCPRST);
                self.mptcp_reason = body.get(1).copied();
            }
            _ => {}
        }
        set
    }

    #[inline]
    fn note_timestamps(&mut self, timestamps: Timestamps) {
        self.set.insert(OptionSet::TIMESTAMPS);
        self.timestamps = Some(timestamps);
    }
}

/// Right edge of the highest of the SACK blocks (RFC 2018 section 3).
fn highest_edge(blocks: &[u8]) -> Option<Seq> {
    let edges = blocks.chunks_exact(8).filter_map(|block| array_at(block, 4));
    edges.map(|edge| Seq::new(u32::from_be_bytes(edge))).reduce(Seq::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(area: &[u8]) -> Options {
        let mut options = Options::default();
        options.read_all(area);
        options
    }

    #[test]
    fn the_options_of_a_syn_are_read() {
        let options = read(&[2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7]);
        assert_eq!(options.mss, Some(1460));
        assert_eq!(options.window_scale, Some(7));
        assert_eq!(options.timestamps, Some(Timestamps { value: 1, echo: 0 }));
        assert!(options.set.has(OptionSet::SACK_PERMITTED));
        assert!(!options.set.has(OptionSet::CUT));
    }

    #[test]
    fn the_highest_sack_edge_counts_around_the_wrap() {
        let blocks = [[0xff, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xf0], [0, 0, 0, 1, 0, 0, 0, 9]].concat();
        let options = read(&[&[5, 18][..], &blocks].concat());
        assert_eq!(options.sack_edge, Some(Seq::new(9)));
    }

    #[test]
    fn a_malformed_area_keeps_what_was_readable_and_is_marked() {
        for tail in [&[8u8, 10, 0][..], &[8, 0], &[8], &[3, 1, 7], &[2, 3, 1]] {
            let options = read(&[&[2, 4, 5, 0xb4], tail].concat());
            assert_eq!(options.mss, Some(1460));
            assert!(options.set.has(OptionSet::CUT), "{tail:?}");
        }
    }

    #[test]
    fn what_follows_the_end_of_options_is_not_read() {
        assert!(read(&[1, 0, 2, 4, 5, 0xb4]).set.is_empty());
    }

    #[test]
    fn what_is_common_needs_no_mark() {
        let areas: [&[u8]; 6] = [
            &[2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7],
            &[1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9],
            &[1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0],
            &[2, 3, 1],
            &[0, 99],
            &[3, 3],
        ];
        for area in areas {
            assert_eq!(are_common(area), !read(area).set.has(OptionSet::CUT), "{area:?}");
        }
        assert!(!are_common(&[30, 3, 0]));
    }

    #[test]
    fn a_reset_of_multipath_tcp_gives_its_reason() {
        let options = read(&[30, 12, 0x70, 0, 1, 2, 3, 4, 5, 6, 7, 8, 30, 4, 0x80, 3]);
        let set = options.set;
        assert!(set.has(OptionSet::MPTCP) && set.has(OptionSet::MP_FASTCLOSE) && set.has(OptionSet::MP_TCPRST));
        assert_eq!(options.mptcp_reason, Some(3));
        let joins = read(&[30, 12, 0x10, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(joins.set.has(OptionSet::MP_JOIN) && !joins.set.has(OptionSet::MP_CAPABLE));
    }

    #[test]
    fn unknown_kinds_are_other() {
        let options = read(&[253, 4, 0xf9, 0x89, 30, 3, 0]);
        assert!(options.set.has(OptionSet::OTHER) && options.set.has(OptionSet::MPTCP));
    }
}
