//! Any octets as a capture: they are read to the end, and the counts add up.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use whyrst_capture::{Capture, Step};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut capture) = Capture::from_reader(Cursor::new(bytes.to_vec()), "fuzz", 0) else { return };
    let mut steps = 0;
    loop {
        match capture.next().expect("memory can be read") {
            Step::Observation(_) | Step::PassedOver(..) => steps += 1,
            Step::Idle => {}
            Step::End => break,
        }
    }
    let counts = capture.counts();
    let passed_over: u64 = counts.reasons().map(|(_, frames)| frames).sum();
    assert_eq!(counts.frames, steps);
    assert_eq!(counts.frames, counts.segments + counts.icmp_errors + passed_over);
});
