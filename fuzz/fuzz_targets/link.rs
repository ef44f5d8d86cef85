//! Any octets as a frame of any link layer: the first two choose it, the third how much is cut off.

#![no_main]

use libfuzzer_sys::fuzz_target;
use whyrst_capture::{Counts, LinkType, Record, Unsaid};
use whyrst_core::observation::{Frame, Interface, Seen};
use whyrst_core::time::Timestamp;

fuzz_target!(|bytes: &[u8]| {
    let [a, b, cut, frame @ ..] = bytes else { return };
    let record = Record {
        frame: Frame::new(0, 1),
        time: Timestamp::default(),
        interface: Interface(0),
        link: LinkType(u16::from_be_bytes([*a & 1, *b])),
        original: frame.len() as u32 + u32::from(*cut),
        bytes: frame,
        unsaid: Unsaid::NOTHING,
    };
    if let Ok(Seen::Segment(segment)) = record.observe(&mut Counts::default()).map(|seen| seen.what) {
        assert!(segment.payload.len() <= segment.len as usize);
        assert!(segment.payload.len() < frame.len());
    }
});
