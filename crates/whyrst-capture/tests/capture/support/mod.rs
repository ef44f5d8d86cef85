//! What the tests have in common: frames, the same frames in every container, and a reading of a
//! capture that can be compared.

pub(crate) mod containers;
pub(crate) mod frames;

use std::io::Cursor;

use whyrst_capture::{Capture, OpenError, Reason, Step};
use whyrst_core::observation::Seen;

/// One step, as far as it can be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kept {
    Seen { frame: u64, nanos: i64, interface: u16, what: String },
    PassedOver(u64, Reason),
}

impl Kept {
    pub(crate) fn frame(&self) -> u64 {
        match self {
            Self::Seen { frame, .. } | Self::PassedOver(frame, _) => *frame,
        }
    }
}

pub(crate) fn open(bytes: &[u8]) -> Result<Capture, OpenError> {
    Capture::from_reader(Cursor::new(bytes.to_vec()), "test", 0)
}

/// All steps up to the end.
pub(crate) fn steps(capture: &mut Capture) -> Vec<Kept> {
    let mut steps = Vec::new();
    loop {
        steps.push(match capture.next().expect("a reading without errors of the system") {
            Step::Observation(seen) => Kept::Seen {
                frame: seen.frame.number(),
                nanos: seen.time.nanos(),
                interface: seen.interface.0,
                what: show(&seen.what),
            },
            Step::PassedOver(frame, reason) => Kept::PassedOver(frame.number(), reason),
            Step::Idle => continue,
            Step::End => return steps,
        });
    }
}

fn show(seen: &Seen<'_>) -> String {
    format!("{seen:?}")
}

pub(crate) fn read(bytes: &[u8]) -> (Vec<Kept>, Capture) {
    let mut capture = open(bytes).expect("a capture");
    let steps = steps(&mut capture);
    let counts = capture.counts();
    let passed_over: u64 = counts.reasons().map(|(_, frames)| frames).sum();
    assert_eq!(counts.frames, counts.segments + counts.icmp_errors + passed_over, "the counts add up");
    assert_eq!(counts.frames, steps.len() as u64, "each frame is one step");
    (steps, capture)
}

pub(crate) fn notes(capture: &Capture) -> Vec<String> {
    capture.notes().iter().map(ToString::to_string).collect()
}
