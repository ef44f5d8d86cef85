//! Any octets as the options of a TCP header.

#![no_main]

use libfuzzer_sys::fuzz_target;
use whyrst_capture::{Counts, LinkType, Record, Unsaid};
use whyrst_core::observation::{Frame, Interface, Seen};
use whyrst_core::segment::OptionSet;
use whyrst_core::time::Timestamp;

const IPV4: [u8; 20] = [0x45, 0, 0, 0, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];

fuzz_target!(|options: &[u8]| {
    let words = options.len().div_ceil(4).min(10);
    let mut frame = IPV4.to_vec();
    frame.extend([0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, (5 + words as u8) << 4, 0x10, 1, 0, 0, 0, 0, 0]);
    frame.extend(&options[..options.len().min(40)]);
    let original = 40 + 4 * words as u32;
    frame[2..4].copy_from_slice(&(original as u16).to_be_bytes());
    let record = Record {
        frame: Frame::new(0, 1),
        time: Timestamp::default(),
        interface: Interface(0),
        link: LinkType::RAW,
        original,
        bytes: &frame,
        unsaid: Unsaid::NOTHING,
    };
    let seen = record.observe(&mut Counts::default()).expect("the header is whole").what;
    let Seen::Segment(segment) = seen else { panic!("it is TCP") };
    assert_eq!(segment.len, 0);
    assert!(segment.options.window_scale.is_none_or(|scale| scale <= 14));
    assert_eq!(segment.options.timestamps.is_some(), segment.options.set.has(OptionSet::TIMESTAMPS));
});
