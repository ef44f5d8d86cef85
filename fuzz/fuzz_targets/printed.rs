//! Any text behind a line that makes a capture of it, or before one: it is read to the end, frames only count up, and the
//! counts add up.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use whyrst_capture::{Capture, Step};
use whyrst_core::tracker::{Limits, Tracker};

/// By the first byte, a line of each form comes first.
const FIRST: [&str; 5] = [
    "",
    "12:00:00.1 IP 10.0.0.1.40000 > 10.0.0.2.80: Flags [S], seq 7, win 5, options [mss 1460], length 0\n",
    "    1 0.000000 10.0.0.1 → 10.0.0.2 TCP 74 40000 → 80 [SYN] Seq=0 Win=64240 Len=0 MSS=1460\n",
    "{\"_source\":{\"layers\":{\"frame\":{\"frame.number\":\"1\"},\"ip\":{\"ip.src\":\"10.0.0.1\",\"ip.dst\":\"10.0.0.2\"},\
     \"tcp\":{\"tcp.srcport\":\"40000\",\"tcp.dstport\":\"80\",\"tcp.flags\":\"0x2\"}}}}\n",
    "<packet><field name=\"num\" show=\"1\"/><field name=\"frame.number\" show=\"1\"/>\
     <field name=\"ip.src\" show=\"10.0.0.1\"/><field name=\"ip.dst\" show=\"10.0.0.2\"/>\
     <field name=\"tcp.srcport\" show=\"40000\"/><field name=\"tcp.dstport\" show=\"80\"/>\
     <field name=\"tcp.flags\" show=\"0x2\"/></packet>\n",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let text = [FIRST[usize::from(*first) % FIRST.len()].as_bytes(), rest].concat();
    let Ok(mut capture) = Capture::from_reader(Cursor::new(text), "fuzz", 0) else { return };
    let mut tracker = Tracker::new(Limits { connections: 16, ..Limits::default() });
    let (mut steps, mut last) = (0, 0);
    loop {
        match capture.next().expect("memory can be read") {
            Step::Observation(seen) => {
                assert!(seen.frame.number() > last, "numbers only grow");
                last = seen.frame.number();
                tracker.observe(&seen);
                steps += 1;
            }
            Step::PassedOver(..) => steps += 1,
            Step::Idle => {}
            Step::End => break,
        }
    }
    tracker.finish();
    while tracker.poll().is_some() {}
    let counts = capture.counts();
    let passed_over: u64 = counts.reasons().map(|(_, frames)| frames).sum();
    assert_eq!(counts.frames, steps);
    assert_eq!(counts.frames, counts.segments + counts.icmp_errors + passed_over);
});
