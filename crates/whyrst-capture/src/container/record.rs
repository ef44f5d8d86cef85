//! Records as the containers find them: where a frame lies in the window, who captured it and when.

use std::ops::Range;

use whyrst_core::time::Timestamp;

use super::Ledger;
use crate::counts::Reason;
use crate::link::LinkType;
use crate::note::Note;
use crate::unsaid::Unsaid;
use crate::window::Window;

/// A record longer than this is taken for damage. Generous: Wireshark's limit for most link layers
/// is 256 KiB, and super-packets with IPv6 jumbo payloads exceed that.
pub(crate) const MAX_RECORD: u32 = 16 * 1024 * 1024;

/// One record that was found, and where its frame lies in the window.
#[derive(Debug)]
pub(crate) struct RawRecord {
    pub(crate) time: Timestamp,
    pub(crate) interface: u16,
    pub(crate) link: LinkType,
    /// Bytes that were on the wire, never less than were captured.
    pub(crate) original: u32,
    pub(crate) frame: Range<usize>,
    /// What its source did not say.
    pub(crate) unsaid: Unsaid,
}

/// What one attempt to find a record brought.
#[derive(Debug)]
pub(crate) enum Found {
    Record(RawRecord),
    PassedOver(Reason),
    Idle,
    End,
}

/// The input ends inside a record that needs `needed` bytes: the frame is passed over, and said.
/// An end between records is no such thing.
pub(super) fn cut_or_end(window: &mut Window, needed: usize, present: usize, ledger: &mut Ledger) -> Found {
    if present == 0 {
        return Found::End;
    }
    window.advance(present);
    ledger.counts.frames += 1;
    let frame = ledger.counts.frames;
    ledger.notes.add_single(Note::Cut { frame, needed: needed as u64, present: present as u64 });
    Found::PassedOver(Reason::RecordCut)
}
