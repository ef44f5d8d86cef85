//! Resets that the kernel side only counted, because there were very many like them.
//!
//! Above [`TOLD_IN_FULL`] events of one kind in a second and on one processor, an event is told in
//! full only when none like it was yet in that second; all others are added to a count. So a flood
//! costs no more than the counting, and nothing is lost from the counts.

use std::net::Ipv6Addr;

use whyrst_core::segment::Endpoint;

use crate::event::Kind;

/// `TOLD_IN_FULL` of `bpf/probe.bpf.c`.
pub(crate) const TOLD_IN_FULL: u64 = 1_000;
/// `WINDOW_SHIFT` of `bpf/event.h`: a window is 2^30 ns, 1.07 s.
const WINDOW_SHIFT: u32 = 30;

/// `struct alike`: what makes resets equal for the kernel side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Alike {
    /// All zeros when there were too many services to tell them apart.
    pub(crate) service: Endpoint,
    pub(crate) netns: u32,
    pub(crate) kind: Kind,
    pub(crate) reason: Option<u32>,
    pub(crate) state: u32,
    pub(crate) owner: u32,
    pub(crate) window: u64,
}

impl Alike {
    /// `sizeof(struct alike)`.
    pub(crate) const SIZE: usize = 48;

    pub(crate) fn parse(bytes: &[u8; Self::SIZE]) -> Option<Self> {
        let number = |at: usize| bytes[at..].first_chunk().map(|bytes| u32::from_ne_bytes(*bytes));
        let address = Ipv6Addr::from(*bytes.first_chunk::<16>()?).to_canonical();
        let kind = match number(24)? {
            1 => Kind::Sent,
            2 => Kind::Received,
            _ => return None,
        };
        Some(Self {
            service: Endpoint::new(address, u16::try_from(number(16)?).ok()?),
            netns: number(20)?,
            kind,
            reason: number(28).filter(|reason| *reason != u32::MAX),
            state: number(32)?,
            owner: number(36)?,
            window: u64::from_ne_bytes(*bytes[40..].first_chunk()?),
        })
    }
}

/// The window that a moment of `CLOCK_MONOTONIC` lies in.
pub(crate) const fn window(at: u64) -> u64 {
    at >> WINDOW_SHIFT
}

/// How many events came in the window that is now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    window: u64,
    count: u64,
    /// The last window in which the kernel side may have begun to count.
    crowded: Option<u64>,
}

impl Pace {
    pub(crate) fn note(&mut self, at: u64) {
        let now = window(at);
        if now != self.window {
            (self.window, self.count) = (now, 0);
        }
        self.count += 1;
        if self.count >= TOLD_IN_FULL {
            self.crowded = Some(now);
        }
    }

    /// In a busy window the kernel side does not wake its reader for each event.
    pub(crate) const fn is_busy(&self) -> bool {
        self.count > 128
    }

    /// Whether the other half of an event of a moment ago may have been counted instead of told.
    pub(crate) fn is_crowded(&self, now: u64) -> bool {
        self.crowded.is_some_and(|crowded| window(now) <= crowded + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_the_kernel_side_writes_it() {
        let mut bytes = [0; Alike::SIZE];
        bytes[10..16].copy_from_slice(&[0xff, 0xff, 127, 0, 0, 1]);
        for (at, number) in [(16, 80_u32), (20, 7), (24, 2), (28, u32::MAX), (32, 2), (36, 812)] {
            bytes[at..at + 4].copy_from_slice(&number.to_ne_bytes());
        }
        bytes[40..].copy_from_slice(&9_u64.to_ne_bytes());
        let alike = Alike::parse(&bytes).unwrap();
        assert_eq!(alike.service, Endpoint::new([127, 0, 0, 1].into(), 80));
        assert_eq!((alike.kind, alike.reason), (Kind::Received, None));
        assert_eq!((alike.netns, alike.state, alike.owner, alike.window), (7, 2, 812, 9));
        bytes[24] = 9;
        assert_eq!(Alike::parse(&bytes), None);
    }

    #[test]
    fn a_crowd_is_remembered_for_one_more_window() {
        let mut pace = Pace::default();
        for at in 0..TOLD_IN_FULL {
            assert!(!pace.is_crowded(at));
            pace.note(at);
        }
        assert!(pace.is_crowded(1 << WINDOW_SHIFT) && !pace.is_crowded(2 << WINDOW_SHIFT));
        pace.note(1 << WINDOW_SHIFT);
        assert!(!pace.is_busy());
    }
}
