//! The worst that a file can do: bombs, floods, ends of ranges. Memory is bounded whatever comes.

use std::fs;
use std::io::{self, Read, Seek, Write};

use whyrst_capture::{Capture, CaptureSet, Compression, LinkType, Reason, Step};

use crate::containers::{KINDS, compress};
use crate::support::containers::{self as wrap, Order, Pcap, Timed, timed};
use crate::support::{Kept, frames, notes, open, read, steps};

const ETHERNET: u16 = 1;

/// Frames read up to the end, without keeping any.
fn count(capture: &mut Capture) -> u64 {
    while !matches!(capture.next().unwrap(), Step::End) {}
    capture.counts().frames
}

/// The largest amount of memory that the process ever had, in octets. Tests that ask for it measure
/// what they added at most. It may fall a little: the kernel notes a peak only when memory is given
/// back, and counts pages for each processor (`get_mm_hiwater_rss`).
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// A pcap header and then `left` zeros, which are empty frames of 1970.
struct Zeros {
    header: io::Cursor<Vec<u8>>,
    left: u64,
}

impl Zeros {
    fn new(left: u64) -> Self {
        Self { header: io::Cursor::new(wrap::pcap_header(Order::Little, Pcap::Micro, ETHERNET)), left }
    }
}

impl Read for Zeros {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.header.read(into)?;
        if count > 0 {
            return Ok(count);
        }
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        into[..count].fill(0);
        self.left -= count as u64;
        Ok(count)
    }
}

/// What `compress` gives, without all of it in memory.
fn bomb(kind: Compression, size: u64) -> Vec<u8> {
    fn pack<W: Write>(mut encoder: W, size: u64) -> W {
        io::copy(&mut Zeros::new(size), &mut encoder).unwrap();
        encoder
    }
    match kind {
        Compression::Gzip => {
            pack(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()), size).finish().unwrap()
        }
        Compression::Deflate => {
            pack(flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast()), size).finish().unwrap()
        }
        Compression::Zstd => pack(zstd::Encoder::new(Vec::new(), 1).unwrap(), size).finish().unwrap(),
        Compression::Lz4 => pack(lz4_flex::frame::FrameEncoder::new(Vec::new()), size).finish().unwrap(),
        Compression::Xz => pack(liblzma::write::XzEncoder::new(Vec::new(), 0), size).finish().unwrap(),
        Compression::Bzip2 => {
            pack(bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best()), size).finish().unwrap()
        }
    }
}

const BOMB: u64 = 192 * 1024 * 1024;

#[test]
fn a_decompression_bomb_of_each_kind_needs_no_memory() {
    for kind in KINDS {
        let packed = bomb(kind, BOMB);
        assert!(packed.len() < 2 * 1024 * 1024, "{kind}: {}", packed.len());
        let before = peak();
        assert_eq!(count(&mut open(&packed).unwrap()), BOMB / 16, "{kind}");
        let added = peak().saturating_sub(before);
        assert!(added < BOMB / 2, "{kind}: {added} more octets than before");
    }
}

#[test]
fn a_bomb_in_a_tar_in_a_bomb_needs_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let packed = bomb(Compression::Gzip, BOMB);
    let tar = crate::sets::tar(&[("bomb.pcap.gz", packed)]);
    let path = folder.path().join("bomb.tar.xz");
    fs::write(&path, compress(Compression::Xz, &tar)).unwrap();
    let before = peak();
    let mut set = CaptureSet::open(&[&path]);
    while !matches!(set.next().unwrap(), Step::End) {}
    assert_eq!(set.counts().frames, BOMB / 16);
    let added = peak().saturating_sub(before);
    assert!(added < BOMB / 2, "{added} more octets than before");
}

#[test]
fn a_name_as_long_as_a_bomb_needs_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("names.tar");
    // A hole in the file is most of the name.
    let mut file = fs::File::create(&path).unwrap();
    file.write_all(&crate::sets::tar_header("@LongLink", b'L', BOMB)).unwrap();
    file.write_all(&[b'n'; 10_000]).unwrap();
    file.seek(io::SeekFrom::Start(512 + BOMB)).unwrap();
    let capture = wrap::pcap(Order::Little, Pcap::Micro, ETHERNET, &timed(frames::all()));
    file.write_all(&crate::sets::tar(&[("short", capture)])).unwrap();
    let before = peak();
    let set = CaptureSet::open(&[&path]);
    let added = peak().saturating_sub(before);
    let name = set.names().next().unwrap().rsplit('/').next().unwrap();
    assert_eq!((set.failures().len(), name.len()), (0, 4_096));
    assert!(added < BOMB / 2, "{added} more octets than before");
}

#[test]
fn an_xz_header_that_asks_for_four_gigabytes_is_refused() {
    let plain = wrap::pcap(Order::Little, Pcap::Micro, ETHERNET, &timed(frames::all()));
    let mut packed = compress(Compression::Xz, &plain);
    // The block header: size, flags, LZMA2, one octet of properties, the dictionary; then its CRC32.
    assert_eq!(packed[14..16], [0x21, 1]);
    packed[16] = 40;
    let mut crc = flate2::Crc::new();
    crc.update(&packed[12..20]);
    packed[20..24].copy_from_slice(&crc.sum().to_le_bytes());
    let error = open(&packed).unwrap_err().to_string();
    assert!(error.starts_with("cannot decompress test: "), "{error}");
    assert!(error.contains("memory"), "{error}");
}

#[test]
fn ten_thousand_interfaces_are_told_apart() {
    let mut file = wrap::section(Order::Little);
    for _ in 0..10_000 {
        file.extend(wrap::interface(Order::Little, ETHERNET, 0, &[]));
    }
    for interface in (0..10_000).rev() {
        file.extend(wrap::enhanced(Order::Little, interface, 7, &frames::rst()));
    }
    let (steps, capture) = read(&file);
    assert_eq!((steps.len(), capture.interfaces().len()), (10_000, 10_000));
    assert!(matches!(steps[0], Kept::Seen { interface: 9_999, .. }));
    assert!(matches!(steps[9_999], Kept::Seen { interface: 0, .. }));
}

#[test]
fn many_sections_with_many_interfaces_stay_bounded() {
    let section = [wrap::section(Order::Big), wrap::interface(Order::Big, ETHERNET, 0, &[]).repeat(1_000)].concat();
    let mut capture = open(&section.repeat(200)).unwrap();
    assert_eq!(count(&mut capture), 0);
    assert_eq!(capture.interfaces().len(), 65_536);
    assert_eq!(notes(&capture).len(), 1);
}

/// IPv4 in IPv4, `depth` times around the packet of a RST.
fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(frames::rst()[14..54].to_vec(), |inner, _| {
        let mut header = frames::rst()[14..34].to_vec();
        header[2..4].copy_from_slice(&((20 + inner.len()) as u16).to_be_bytes());
        header[9] = 4;
        [header, inner].concat()
    })
}

#[test]
fn tunnels_are_looked_through_up_to_a_depth_and_counted_beyond() {
    let packets = (0..8).map(nested).chain([nested(3_000)]).collect();
    let (steps, capture) = read(&wrap::pcap(Order::Little, Pcap::Micro, 101, &timed(packets)));
    let depth = steps.iter().take_while(|step| matches!(step, Kept::Seen { .. })).count();
    assert_eq!(depth, 5);
    assert_eq!(capture.counts().passed_over(Reason::NestedTooDeep), 4);
}

#[test]
fn timestamps_at_the_ends_of_the_range_are_kept_within_it() {
    let ends = [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX];
    for resolution in [0u8, 6, 9, 12, 0x80, 0xa0, 0xff] {
        let options = [wrap::option(Order::Little, 9, &[resolution]), wrap::option(Order::Little, 14, &[0xff; 8])];
        let mut file = wrap::section(Order::Little);
        file.extend(wrap::interface(Order::Little, ETHERNET, 0, &options.concat()));
        for ticks in ends {
            file.extend(wrap::enhanced(Order::Little, 0, ticks, &frames::rst()));
        }
        assert_eq!(read(&file).0.len(), ends.len());
    }
    let last = Timed { micros: u64::from(u32::MAX) * 1_000_000 + 999_999, octets: frames::rst() };
    let (steps, _) = read(&wrap::pcap(Order::Big, Pcap::Nano, ETHERNET, &[last]));
    assert!(matches!(steps[0], Kept::Seen { nanos: 4_294_967_295_999_999_000, .. }));
}

#[test]
fn absurd_lengths_cost_neither_memory_nor_the_way() {
    let mut file = wrap::pcap_header(Order::Little, Pcap::Micro, ETHERNET);
    for n in 0..200u32 {
        let mut record = wrap::pcap_record(Order::Little, Pcap::Micro, &timed(vec![frames::rst()])[0]);
        if n % 10 == 5 {
            record[8..12].copy_from_slice(&(u32::MAX - n).to_le_bytes());
        }
        file.extend(record);
    }
    let before = peak();
    let (steps, capture) = read(&file);
    assert_eq!(capture.counts().passed_over(Reason::RecordDamaged), 20);
    assert_eq!(steps.len(), 200);
    assert!(peak().saturating_sub(before) < 64 * 1024 * 1024);
}

/// Every container with the same frames.
fn containers(frames: &[Timed]) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("pcap", wrap::pcap(Order::Little, Pcap::Micro, ETHERNET, frames)),
        ("nanosecond pcap", wrap::pcap(Order::Big, Pcap::Nano, ETHERNET, frames)),
        ("modified pcap", wrap::pcap(Order::Little, Pcap::Modified, ETHERNET, frames)),
        ("pcapng", wrap::pcapng(Order::Little, ETHERNET, frames)),
        ("pcapng, big", wrap::pcapng(Order::Big, ETHERNET, frames)),
        ("snoop", wrap::snoop(frames)),
    ]
}

/// What a cut file gives is what the whole one begins with, and then one frame that is cut at most.
fn assert_begins_like(name: &str, whole: &[Kept], file: &[u8], length: usize) {
    let Ok(mut capture) = open(&file[..length]) else { return };
    let cut = steps(&mut capture);
    let same = cut.iter().zip(whole).take_while(|(a, b)| a == b).count();
    assert!(same + 1 >= cut.len(), "{name} cut at {length}");
    let ended = &cut[same..];
    assert!(
        ended.iter().all(|step| matches!(step, Kept::PassedOver(_, Reason::RecordCut))),
        "{name} {length} {ended:?}"
    );
}

#[test]
fn every_prefix_of_a_small_capture_in_every_container_gives_what_stands_before_the_cut() {
    for (name, file) in containers(&timed(frames::all())) {
        let whole = read(&file).0;
        (0..file.len()).for_each(|length| assert_begins_like(name, &whole, &file, length));
    }
}

#[test]
fn every_thousandth_octet_of_a_larger_capture_is_a_good_place_to_cut() {
    let many: Vec<Vec<u8>> = std::iter::repeat_n(frames::all(), 200).flatten().collect();
    for (name, file) in containers(&timed(many)) {
        let whole = read(&file).0;
        (0..file.len()).step_by(1_000).for_each(|length| assert_begins_like(name, &whole, &file, length));
    }
}

#[test]
fn a_compressed_capture_cut_anywhere_gives_a_beginning_of_it() {
    let plain = wrap::pcapng(Order::Little, ETHERNET, &timed(frames::all()));
    let whole = read(&plain).0;
    for kind in KINDS {
        let packed = compress(kind, &plain);
        (0..packed.len()).for_each(|length| assert_begins_like("compressed", &whole, &packed, length));
    }
}

#[test]
fn no_link_layer_breaks_on_any_octet() {
    let patterns = [vec![0; 300], vec![0xff; 300], (0..=255).cycle().take(300).collect(), frames::syn()];
    for link in 0..=300 {
        let many = timed(patterns.iter().flat_map(|whole| (0..whole.len()).map(|end| whole[..end].to_vec())).collect());
        let (steps, _) = read(&wrap::pcap(Order::Little, Pcap::Micro, link, &many));
        assert_eq!(steps.len(), many.len(), "{}", LinkType(link));
    }
}
