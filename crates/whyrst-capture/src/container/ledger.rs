//! What a capture's report needs beside its frames: counts, notes and interfaces.

use whyrst_core::time::{Span, Timestamp};

use crate::counts::Counts;
use crate::link::LinkType;
use crate::note::Notes;

/// What is kept of an interface for the report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InterfaceInfo {
    /// Name by the file; the description where there is no name; empty where there is neither.
    pub name: String,
    /// Its link layer.
    pub link: LinkType,
}

/// What was counted and noted while reading.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) counts: Counts,
    /// The number that the last frame has by whoever printed it; 0 where frames are counted.
    pub(crate) number: u64,
    pub(crate) notes: Notes,
    pub(crate) interfaces: Vec<InterfaceInfo>,
}

/// Interfaces are merged a little out of order; a clock that is set back goes further.
const SET_BACK: Span = Span::from_secs(-1);

impl Ledger {
    /// The number of the last frame.
    #[inline]
    pub(crate) const fn last_number(&self) -> u64 {
        if self.number == 0 { self.counts.frames } else { self.number }
    }

    /// Counts what is odd about the time of a frame; that of the frame ahead was `before`.
    #[inline]
    pub(crate) fn note_time(&mut self, before: Timestamp, time: Timestamp) {
        let at_the_end = time.nanos() == i64::MAX || time.nanos() == i64::MIN;
        self.counts.undatable += u64::from(at_the_end);
        self.counts.turned_back += u64::from(time.since(before) < SET_BACK);
    }
}
