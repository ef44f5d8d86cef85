//! Resets that the kernel side only counted, because there were very many like them.
//!
//! Above [`REPORTED_IN_FULL`] events of one tracepoint in a second and on one processor, an event is reported in
//! full only when none like it was yet in that second; all others are added to a count. There is room for so many
//! kinds (`aggregates`); beyond it services and owners are not distinguished (`crowds`), and what did not fit into the
//! ring is counted so too. So a flood costs no more than the counting, and nothing is lost from the counts.

use whyrst_core::segment::Endpoint;

use crate::event::{Tracepoint, canonical, known};
use crate::layout::{RawAggregate, WINDOW_SHIFT};

/// `REPORTED_IN_FULL` of `bpf/probe.bpf.c`.
pub(crate) const REPORTED_IN_FULL: u64 = 1_000;

/// `struct aggregate`: what makes resets equal for the kernel side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Aggregate {
    /// All zeros when there were too many services to distinguish.
    pub(crate) service: Endpoint,
    pub(crate) netns: u32,
    pub(crate) tracepoint: Tracepoint,
    pub(crate) reason: Option<u32>,
    pub(crate) state: u32,
    pub(crate) owner: u32,
    /// Some of its marks, and the flags of the segment that is answered.
    pub(crate) form: u32,
    pub(crate) window: u64,
}

impl Aggregate {
    /// `None` when it is none of this version.
    pub(crate) fn of(raw: RawAggregate) -> Option<Self> {
        Some(Self {
            service: Endpoint::new(canonical(raw.service), u16::try_from(raw.port).ok()?),
            netns: raw.netns,
            tracepoint: Tracepoint::of(raw.kind)?,
            reason: known(raw.reason),
            state: raw.state,
            owner: raw.owner,
            form: raw.form,
            window: raw.window,
        })
    }
}

/// The window that a moment of `CLOCK_MONOTONIC` lies in.
pub(crate) const fn window(at: u64) -> u64 {
    at >> WINDOW_SHIFT
}

/// A program that began in one window may still count in it a moment after its end: it may have lost its processor.
const GRACE: u64 = 50_000_000;

/// The first window that may still be counted in, at a moment of `CLOCK_MONOTONIC`.
pub(crate) const fn open_window(at: u64) -> u64 {
    window(at.saturating_sub(GRACE))
}

/// How many events came in the window that is now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EventRate {
    window: u64,
    count: u64,
    /// The last window in which the kernel side may have begun to count.
    aggregating: Option<u64>,
}

impl EventRate {
    pub(crate) fn note(&mut self, at: u64) {
        let now = window(at);
        if now != self.window {
            (self.window, self.count) = (now, 0);
        }
        self.count += 1;
        if self.count >= REPORTED_IN_FULL {
            self.aggregating = Some(now);
        }
    }

    /// In a busy window the kernel side does not wake its reader for each event.
    pub(crate) const fn is_busy(&self) -> bool {
        self.count > 128
    }

    /// Whether the other half of an event of a moment ago may have been counted instead of reported.
    pub(crate) fn may_be_aggregated(&self, now: u64) -> bool {
        self.aggregating.is_some_and(|last| window(now) <= last + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_the_kernel_side_writes_it() {
        let service = std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets();
        let raw = RawAggregate {
            service,
            port: 80,
            netns: 7,
            kind: 2,
            reason: u32::MAX,
            state: 2,
            owner: 812,
            form: 3,
            pad: 0,
            window: 9,
        };
        let aggregate = Aggregate::of(raw).unwrap();
        assert_eq!(aggregate.service, Endpoint::new([127, 0, 0, 1].into(), 80));
        assert_eq!((aggregate.tracepoint, aggregate.reason), (Tracepoint::Received, None));
        assert_eq!((aggregate.netns, aggregate.state, aggregate.owner, aggregate.window), (7, 2, 812, 9));
        assert_eq!(aggregate.form, 3);
        assert_eq!(Aggregate::of(RawAggregate { kind: 9, ..raw }), None);
    }

    #[test]
    fn aggregating_is_remembered_for_one_more_window() {
        let mut rate = EventRate::default();
        for at in 0..REPORTED_IN_FULL {
            assert!(!rate.may_be_aggregated(at));
            rate.note(at);
        }
        assert!(rate.may_be_aggregated(1 << WINDOW_SHIFT) && !rate.may_be_aggregated(2 << WINDOW_SHIFT));
        rate.note(1 << WINDOW_SHIFT);
        assert!(!rate.is_busy());
    }
}
