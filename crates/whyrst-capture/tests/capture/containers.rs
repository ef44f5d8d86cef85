//! The same frames give the same observations, whatever they are wrapped in.

use std::io::Write;

use crate::support::containers::{self as wrap, Order, Pcap, Timed, timed};
use crate::support::{Kept, frames, notes, read};
use whyrst_capture::{Compression, Reason};

const ETHERNET: u16 = 1;
const ORDERS: [Order; 2] = [Order::Little, Order::Big];

fn sample() -> Vec<Timed> {
    timed(frames::all())
}

/// What the sample must give, everywhere.
fn expected() -> Vec<Kept> {
    read(&wrap::pcap(Order::Little, Pcap::Micro, ETHERNET, &sample())).0
}

#[test]
fn the_plain_pcap_gives_what_was_put_in() {
    let (steps, capture) = read(&wrap::pcap(Order::Little, Pcap::Micro, ETHERNET, &sample()));
    assert_eq!(capture.counts().segments, 3);
    assert_eq!(capture.counts().icmp_errors, 1);
    assert_eq!(steps[2], Kept::PassedOver(3, Reason::NotTcp));
    assert_eq!(steps[3], Kept::PassedOver(4, Reason::Arp));
    let Kept::Seen { nanos, what, .. } = &steps[1] else { panic!("{:?}", steps[1]) };
    assert_eq!(*nanos, 1_700_000_001_123_457_000);
    assert!(what.contains("len: 18,"), "{what}");
}

#[test]
fn every_kind_of_pcap_gives_the_same() {
    for order in ORDERS {
        for kind in [Pcap::Micro, Pcap::Nano, Pcap::Modified] {
            let (steps, capture) = read(&wrap::pcap(order, kind, ETHERNET, &sample()));
            assert_eq!(steps, expected(), "{order:?} {kind:?}");
            assert_eq!(notes(&capture), [""; 0]);
        }
    }
}

#[test]
fn every_resolution_of_pcapng_gives_the_same() {
    const RESOLUTION: u16 = 9;
    const OFFSET: u16 = 14;
    for order in ORDERS {
        for (resolution, offset, ticks) in [
            (6u8, 0u64, (|micros| micros) as fn(u64) -> u64),
            (9, 0, |micros| micros * 1_000),
            (9, 1_600_000_000, |micros| (micros - 1_600_000_000_000_000) * 1_000),
            (7, (-50i64).cast_unsigned(), |micros| (micros + 50_000_000) * 10),
            // Microseconds are no multiples of binary ticks: one more, and round down.
            (0x80 | 32, 0, |micros| (u128::from(micros) << 32).div_ceil(1_000_000) as u64),
        ] {
            let options =
                [wrap::option(order, RESOLUTION, &[resolution]), wrap::option(order, OFFSET, &order.u64(offset))];
            let mut file = [wrap::section(order), wrap::interface(order, ETHERNET, 0, &options.concat())].concat();
            for frame in sample() {
                file.extend(wrap::enhanced(order, 0, ticks(frame.micros), &frame.octets));
            }
            let (steps, _) = read(&file);
            assert_eq!(steps, expected(), "{order:?} {resolution} {offset}");
        }
    }
}

#[test]
fn all_packet_blocks_give_the_same() {
    for order in ORDERS {
        let mut file = [wrap::section(order), wrap::interface(order, ETHERNET, 0, &[])].concat();
        for (number, frame) in sample().iter().enumerate() {
            file.extend(match number % 2 {
                0 => wrap::enhanced(order, 0, frame.micros, &frame.octets),
                _ => wrap::obsolete(order, 0, frame.micros, &frame.octets),
            });
        }
        assert_eq!(read(&file).0, expected());
    }
}

#[test]
fn a_simple_packet_has_the_time_of_the_frame_before_and_that_is_said() {
    let order = Order::Little;
    let first = &sample()[0];
    let mut file = [wrap::section(order), wrap::interface(order, ETHERNET, 60, &[])].concat();
    file.extend(wrap::enhanced(order, 0, first.micros, &first.octets));
    file.extend(wrap::block(order, 3, &[&order.u32(1_000)[..], &first.octets[..60]].concat()));
    let (steps, capture) = read(&file);
    let Kept::Seen { nanos, what, .. } = &steps[1] else { panic!("{steps:?}") };
    assert_eq!(*nanos, 1_700_000_000_123_456_000);
    assert!(what.contains("set: OptionSet(32"), "cut at the snap length: {what}");
    assert_eq!(capture.counts().untimed, 1);
}

#[test]
fn a_clock_that_is_set_back_or_beyond_all_times_is_said() {
    let order = Order::Little;
    let hour = 3_600_000_000;
    let begin = [wrap::section(order), wrap::interface(order, ETHERNET, 0, &[])].concat();
    let file = |times: &[u64]| {
        let blocks = times.iter().flat_map(|micros| wrap::enhanced(order, 0, *micros, &frames::syn()));
        [begin.clone(), blocks.collect()].concat()
    };
    let counts = |times: &[u64]| {
        let (_, capture) = read(&file(times));
        (capture.counts().turned_back, capture.counts().undatable)
    };
    let now = 1_700_000_000_000_000;
    assert_eq!(counts(&[now, now + 5, now + 2, now + hour]), (0, 0), "a little out of order is usual");
    assert_eq!(counts(&[now, now - hour, now - hour + 1]), (1, 0));
    assert_eq!(counts(&[now, 10_000_000_000_000_000]), (0, 1), "the year 2286");
}

#[test]
fn interfaces_of_later_sections_are_others() {
    let mut file = Vec::new();
    for order in ORDERS {
        file.extend(wrap::section(order));
        for name in ["eth0", "eth1"] {
            file.extend(wrap::interface(order, ETHERNET, 0, &wrap::option(order, 2, name.as_bytes())));
        }
        file.extend(wrap::enhanced(order, 1, 5, &frames::syn()));
        file.extend(wrap::enhanced(order, 0, 6, &frames::rst()));
        file.extend(wrap::enhanced(order, 2, 7, &frames::rst()));
    }
    let (steps, capture) = read(&file);
    let interfaces = steps.iter().map(|step| match step {
        Kept::Seen { interface, .. } => Ok(*interface),
        Kept::PassedOver(_, reason) => Err(*reason),
    });
    let unknown = Err(Reason::UnknownInterface);
    assert_eq!(interfaces.collect::<Vec<_>>(), [Ok(1), Ok(0), unknown, Ok(3), Ok(2), unknown]);
    let names: Vec<_> = capture.interfaces().iter().map(|interface| interface.name.as_str()).collect();
    assert_eq!(names, ["eth0", "eth1", "eth0", "eth1"]);
}

#[test]
fn the_any_device_is_as_many_interfaces_as_it_names() {
    const LINUX_SLL2: u16 = 276;
    let cooked = |index: u8| [&[8, 0, 0, 0, 0, 0, 0, index, 0, 1, 0, 6][..], &[0; 8], &frames::syn()[14..]].concat();
    let frames = [2, 3, 2].map(|index| wrap::Timed { micros: 1, octets: cooked(index) });
    let (steps, capture) = read(&wrap::pcap(Order::Little, Pcap::Micro, LINUX_SLL2, &frames));
    let interfaces = steps.iter().map(|step| match step {
        Kept::Seen { interface, .. } => *interface,
        Kept::PassedOver(_, reason) => panic!("{reason}"),
    });
    assert_eq!(interfaces.collect::<Vec<_>>(), [1, 2, 1]);
    assert_eq!(capture.interfaces()[2].name, "interface 3");
}

#[test]
fn more_interfaces_than_can_be_numbered_share_the_last_number() {
    let order = Order::Little;
    let one = [wrap::section(order), wrap::interface(order, ETHERNET, 0, &[])].concat();
    let mut file = one.repeat(66_000);
    file.extend(wrap::enhanced(order, 0, 5, &frames::syn()));
    let (steps, capture) = read(&file);
    assert!(matches!(steps[..], [Kept::Seen { interface: u16::MAX, .. }]));
    assert_eq!(notes(&capture), ["more than 65536 interfaces: the later ones are treated as one"]);
}

#[test]
fn a_packet_of_an_interface_beyond_those_that_are_kept_is_said_to_be_that() {
    let order = Order::Little;
    let mut file = wrap::section(order);
    file.extend(wrap::interface(order, ETHERNET, 0, &[]).repeat(65_537));
    for interface in [65_535, 65_536, 65_537] {
        file.extend(wrap::enhanced(order, interface, 5, &frames::syn()));
    }
    let (steps, _) = read(&file);
    let passed_over = |step: &Kept| match step {
        Kept::Seen { .. } => None,
        Kept::PassedOver(_, reason) => Some(*reason),
    };
    let found: Vec<_> = steps.iter().map(passed_over).collect();
    assert_eq!(found, [None, Some(Reason::InterfaceBeyond), Some(Reason::UnknownInterface)]);
}

#[test]
fn other_blocks_are_passed_over_and_numbered_as_wireshark_numbers_them() {
    let order = Order::Big;
    let custom = order.u32(32_473);
    let mut file = [wrap::section(order), wrap::interface(order, ETHERNET, 0, &[])].concat();
    for (kind, body) in [(0x77, &b"what?"[..]), (4, &[0; 4]), (10, &[0; 8]), (0xbad, &custom), (9, b"A=1\n\n")] {
        file.extend(wrap::block(order, kind, body));
    }
    let drops = [&order.u32(0)[..], &[0; 8], &wrap::option(order, 5, &order.u64(12)), &[0; 4]].concat();
    file.extend(wrap::block(order, 5, &drops));
    file.extend(wrap::block(order, 5, &drops));
    file.extend(wrap::enhanced(order, 0, 5, &frames::syn()));
    let (steps, capture) = read(&file);
    assert_eq!(steps[..2], [Kept::PassedOver(1, Reason::NotAPacket), Kept::PassedOver(2, Reason::NotAPacket)]);
    assert_eq!(steps[2].frame(), 3);
    assert_eq!((capture.counts().unknown_blocks, capture.counts().dropped), (1, 12));
}

#[test]
fn a_file_header_alone_is_a_capture_without_frames() {
    for file in [wrap::pcap(Order::Big, Pcap::Nano, ETHERNET, &[]), wrap::section(Order::Big)] {
        let (steps, capture) = read(&file);
        assert_eq!((steps.len(), notes(&capture).len()), (0, 0));
    }
}

#[test]
fn snoop_gives_the_same_and_the_drops_that_it_tells_of() {
    let (steps, capture) = read(&wrap::snoop(&sample()));
    assert_eq!(steps, expected());
    assert_eq!(capture.counts().dropped, 3);
    assert_eq!(notes(&capture), [""; 0]);
}

#[test]
fn a_damaged_snoop_record_costs_itself_and_the_next_only() {
    let mut file = wrap::snoop(&timed(std::iter::repeat_n(frames::rst(), 9).collect()));
    let record = (file.len() - 16) / 9;
    file[16 + 3 * record + 8] = 0xff;
    let (steps, capture) = read(&file);
    assert_eq!(steps.len(), 9, "{:?}", notes(&capture));
    assert_eq!(steps[3], Kept::PassedOver(4, Reason::RecordDamaged));
}

#[test]
fn versions_of_old_say_the_lengths_the_other_way_round() {
    for (minor, swapped) in [(1, true), (2, true), (3, true), (3, false), (4, false)] {
        let mut file = wrap::pcap_header(Order::Big, Pcap::Micro, ETHERNET);
        file[6..8].copy_from_slice(&[0, minor]);
        for frame in sample() {
            let mut record = wrap::pcap_record(Order::Big, Pcap::Micro, &frame);
            let original = if swapped { 8..12 } else { 12..16 };
            record[original].copy_from_slice(&1_500u32.to_be_bytes());
            file.extend(record);
        }
        let (steps, capture) = read(&file);
        assert_eq!(steps.len(), sample().len(), "{minor} {swapped}: {:?}", notes(&capture));
        assert_eq!((capture.counts().segments, capture.counts().bad_lengths), (3, 0), "{minor} {swapped}");
        assert_eq!(notes(&capture), [""; 0]);
    }
}

pub(crate) const KINDS: [Compression; 5] =
    [Compression::Gzip, Compression::Zstd, Compression::Lz4, Compression::Xz, Compression::Bzip2];

#[test]
fn compressed_captures_give_the_same_also_in_several_pieces() {
    let plain = wrap::pcapng(Order::Little, ETHERNET, &sample());
    let (first, second) = plain.split_at(plain.len() / 2);
    for kind in KINDS {
        for packed in [compress(kind, &plain), [compress(kind, first), compress(kind, second)].concat()] {
            let (steps, capture) = read(&packed);
            assert_eq!(capture.compression(), Some(kind));
            assert_eq!(steps, expected(), "{kind}");
            assert_eq!(notes(&capture), [""; 0]);
        }
    }
}

#[test]
fn of_a_cut_compressed_capture_what_came_out_is_delivered() {
    let many = large();
    let plain = wrap::pcap(Order::Little, Pcap::Micro, ETHERNET, &many);
    for kind in KINDS {
        let packed = compress(kind, &plain);
        let (steps, capture) = read(&packed[..packed.len() * 3 / 4]);
        assert!(steps.len() > 1_000 && steps.len() < many.len(), "{kind}: {}", steps.len());
        let last = notes(&capture).pop().unwrap_or_default();
        assert!(last.starts_with(&format!("cannot decompress {kind} beyond ")), "{last}");
    }
}

#[test]
fn lz4_that_ends_between_two_blocks_of_a_frame_is_cut_all_the_same() {
    let many = large();
    let packed = compress(Compression::Lz4, &wrap::pcap(Order::Little, Pcap::Micro, ETHERNET, &many));
    // The frame ends in an end mark of four octets; what is before it is whole blocks.
    let (_, capture) = read(&packed[..packed.len() - 4]);
    assert!(notes(&capture)[0].ends_with("the input ends inside a frame"), "{:?}", notes(&capture));
}

#[test]
fn damage_inside_a_compressed_capture_is_said() {
    let many = large();
    let plain = wrap::pcap(Order::Little, Pcap::Micro, ETHERNET, &many);
    for kind in KINDS.into_iter().filter(|kind| *kind != Compression::Lz4) {
        let mut packed = compress(kind, &plain);
        let middle = packed.len() / 2;
        packed[middle..middle + 64].fill(0xa5);
        let (_, capture) = read(&packed);
        assert!(
            notes(&capture).iter().any(|note| note.starts_with("cannot decompress")),
            "{kind}: {:?}",
            capture.notes()
        );
    }
}

/// Frames that do not compress to nothing: noise stands behind the packets.
fn large() -> Vec<Timed> {
    let mut state = 1u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()
    };
    let mut many: Vec<_> = std::iter::repeat_n(sample(), 3_000).flatten().collect();
    for frame in &mut many {
        frame.octets.extend((0..10).flat_map(|_| noise()));
    }
    many
}

pub(crate) fn compress(kind: Compression, plain: &[u8]) -> Vec<u8> {
    match kind {
        Compression::Deflate => {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Xz => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Bzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Zstd => {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.include_checksum(true).unwrap();
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Lz4 => {
            let info = lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
    }
}
