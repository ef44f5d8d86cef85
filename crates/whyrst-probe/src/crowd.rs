//! Resets that the kernel side only counted, because there were very many like them.
//!
//! Above [`TOLD_IN_FULL`] events of one kind in a second and on one processor, an event is told in
//! full only when none like it was yet in that second; all others are added to a count. So a flood
//! costs no more than the counting, and nothing is lost from the counts.

use whyrst_core::segment::Endpoint;

use crate::event::{Kind, canonical, known};
use crate::layout::{RawAlike, WINDOW_SHIFT};

/// `TOLD_IN_FULL` of `bpf/probe.bpf.c`.
pub(crate) const TOLD_IN_FULL: u64 = 1_000;

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
    /// `None` when it is none of this version.
    pub(crate) fn of(raw: RawAlike) -> Option<Self> {
        Some(Self {
            service: Endpoint::new(canonical(raw.service), u16::try_from(raw.port).ok()?),
            netns: raw.netns,
            kind: Kind::of(raw.kind)?,
            reason: known(raw.reason),
            state: raw.state,
            owner: raw.owner,
            window: raw.window,
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
        let service = std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets();
        let raw = RawAlike { service, port: 80, netns: 7, kind: 2, reason: u32::MAX, state: 2, owner: 812, window: 9 };
        let alike = Alike::of(raw).unwrap();
        assert_eq!(alike.service, Endpoint::new([127, 0, 0, 1].into(), 80));
        assert_eq!((alike.kind, alike.reason), (Kind::Received, None));
        assert_eq!((alike.netns, alike.state, alike.owner, alike.window), (7, 2, 812, 9));
        assert_eq!(Alike::of(RawAlike { kind: 9, ..raw }), None);
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
