//! Resynchronising with a damaged capture: byte by byte, or word by word, up to a place that
//! looks like a record. What was passed over is noted, with the damaged frame's number.

use std::io;

use super::{Found, Ledger};
use crate::counts::Reason;
use crate::note::Note;
use crate::window::{Have, Window};

/// Whether the reader is out of step with the records, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resync {
    /// Where records may begin: at multiples of so many bytes.
    step: usize,
    /// Fewer bytes than this are no record.
    shortest: usize,
    /// Bytes passed over since the damage.
    lost: Option<u64>,
}

/// What stands at one place of a damaged file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Candidate {
    /// What looks like a record.
    Record,
    /// Something else.
    Nothing,
    /// More bytes are needed, and have not come yet.
    NotYetKnown,
}

impl Resync {
    pub(super) const fn new(step: usize, shortest: usize) -> Self {
        Self { step, shortest, lost: None }
    }

    #[inline]
    pub(super) const fn is_lost(&self) -> bool {
        self.lost.is_some()
    }

    /// The record at the front of the window has a length that cannot be true.
    #[cold]
    pub(super) fn lose(&mut self, length: u64, window: &mut Window, ledger: &mut Ledger) -> Found {
        window.advance(self.step);
        self.lost = Some(self.step as u64);
        ledger.counts.frames += 1;
        let frame = ledger.counts.frames;
        ledger.notes.add(Note::AbsurdLength { frame, length });
        Found::PassedOver(Reason::RecordDamaged)
    }

    /// Moves on to what looks like a record by `candidate`, or to the end; false when the source is
    /// idle first.
    #[cold]
    pub(super) fn find(
        &mut self,
        window: &mut Window,
        ledger: &mut Ledger,
        candidate: impl Fn(&mut Window) -> io::Result<Candidate>,
    ) -> io::Result<bool> {
        let frame = ledger.counts.frames;
        while let Some(skipped) = self.lost {
            let found = match window.have(self.shortest)? {
                Have::All => candidate(window)?,
                Have::Idle => Candidate::NotYetKnown,
                Have::Only(rest) => {
                    window.advance(rest);
                    ledger.notes.add(Note::NeverResumed { frame, skipped: skipped + rest as u64 });
                    self.lost = None;
                    break;
                }
            };
            match found {
                Candidate::NotYetKnown => return Ok(false),
                Candidate::Nothing => {
                    window.advance(self.step);
                    self.lost = Some(skipped + self.step as u64);
                }
                Candidate::Record => {
                    ledger.notes.add(Note::Resumed { frame, skipped });
                    self.lost = None;
                }
            }
        }
        Ok(true)
    }
}
