//! A frame is looked at in several ways, each of which reads no more than it needs: all of them must see the same.

use std::fs;

use whyrst_capture::{CaptureSet, Chunk, Counts, Look, Record, Taken, sighting};
use whyrst_core::flow::FlowHasher;
use whyrst_core::observation::{Observation, Seen};
use whyrst_core::service::{Greeting, Moment};

use crate::support::containers::{Order, Pcap, pcap, timed};
use crate::support::frames;

const ETHERNET: u16 = 1;

/// Every frame, cut at every place, and with every octet of it damaged in several ways.
fn damaged() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for whole in frames::all() {
        all.extend((0..=whole.len()).map(|len| whole[..len].to_vec()));
        for at in 0..whole.len() {
            for flipped in [0x01, 0x02, 0x04, 0x12, 0x40, 0xf0, 0xff] {
                let mut frame = whole.clone();
                frame[at] ^= flipped;
                all.push(frame);
            }
        }
    }
    all
}

#[test]
fn each_way_to_look_at_a_frame_sees_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.pcap");
    fs::write(&path, pcap(Order::Little, Pcap::Micro, ETHERNET, &timed(damaged()))).unwrap();
    let mut set = CaptureSet::open(&[path]);
    let (mut chunk, mut segments) = (Chunk::default(), 0);
    while set.next_chunk(&mut chunk).unwrap() {
        segments += chunk.records().filter(is_seen_alike).count();
    }
    assert!(segments > 1_000, "{segments} segments are too few to tell");
}

/// Whether it is a segment, which all ways must agree about.
fn is_seen_alike(record: &Record<'_>) -> bool {
    let names = FlowHasher::new(7);
    let (mut taking, mut looking) = (Counts::default(), Counts::default());
    let taken = record.take(&mut taking);
    let looked = record.look(&names, &mut looking);
    assert_eq!(format!("{looking:?}"), format!("{taking:?}"), "frame {}", record.frame);
    assert_eq!(format!("{:?}", record.glance(&names)), format!("{looked:?}"), "frame {}", record.frame);
    let Taken::Observation(Observation { what: Seen::Segment(segment), link, .. }) = taken else {
        assert!(!matches!(looked, Look::Segment(_)), "frame {}", record.frame);
        assert_eq!(record.greeting(), None, "frame {}", record.frame);
        return false;
    };
    let Look::Segment(seen) = looked else { panic!("frame {}: {looked:?}", record.frame) };
    assert_eq!(seen, sighting(&segment, record.time, &names), "frame {}", record.frame);
    let at = Moment { time: record.time, frame: record.frame };
    assert_eq!(record.greeting(), Some(Greeting::of(&segment, link, at)), "frame {}", record.frame);
    true
}
