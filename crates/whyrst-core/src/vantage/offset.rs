//! How far two points' clocks are apart, learned from segments that both recorded.
//!
//! A segment is never seen at the far point before it left the near one. So a segment from A to B
//! says "the offset of B's clock is at most the difference of the two times", and one from B to A
//! "at least" (the reasoning of NTP, RFC 5905 section 8, without asking for equal delays). Clocks
//! drift: the further away in time a segment is, the less it says, by 500 parts per million, the most
//! that `adjtimex` lets a clock be slewed (Linux `MAXFREQ`); quartz is better by far.

use alloc::collections::BTreeMap;

use crate::joined::Offset;
use crate::time::{Span, Timestamp};

/// Parts per million by which two clocks may run apart.
const DRIFT_PPM: i64 = 500;
/// Segments further away than this say nothing that is worth having.
const REACH: i64 = 600;

/// Capture files round to microseconds, and two taps are never read at the same instant.
const JITTER: i64 = 50_000;

/// The way that a segment went between two points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// From the first point to the second.
    There,
    /// Back.
    Back,
}

/// What is known of the clocks of two points.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// By second of the first clock: the least difference on the way there and the greatest on the
    /// way back, each with the moment it is from.
    seconds: BTreeMap<i64, (Option<Sample>, Option<Sample>)>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Timestamp,
    difference: i64,
}

impl Clocks {
    /// A segment that was recorded at `first` and at `second`, each by its own clock.
    pub(super) fn saw(&mut self, way: Way, first: Timestamp, second: Timestamp) {
        let sample = Sample { at: first, difference: second.since(first).nanos() };
        let (there, back) = self.seconds.entry(first.nanos().div_euclid(1_000_000_000)).or_default();
        let (best, better): (_, fn(i64, i64) -> bool) = match way {
            Way::There => (there, |new, old| new < old),
            Way::Back => (back, |new, old| new > old),
        };
        if best.is_none_or(|best| better(sample.difference, best.difference)) {
            *best = Some(sample);
        }
    }

    /// The difference, second clock less first, when the first shows `at`. `None` when only one
    /// direction was seen, or when a clock was set in between.
    pub(super) fn at(&self, at: Timestamp) -> Option<Offset> {
        let second = at.nanos().div_euclid(1_000_000_000);
        let near = self.seconds.range(second - REACH..=second + REACH).map(|(_, samples)| samples);
        let (mut least, mut most) = (None::<i64>, None::<i64>);
        for (there, back) in near {
            if let Some(sample) = there {
                let bound = sample.difference.saturating_add(drift(sample.at, at));
                most = Some(most.map_or(bound, |most| most.min(bound)));
            }
            if let Some(sample) = back {
                let bound = sample.difference.saturating_sub(drift(sample.at, at));
                least = Some(least.map_or(bound, |least| least.max(bound)));
            }
        }
        let (least, most) = (least?, most?);
        if least > most.saturating_add(JITTER) {
            return None;
        }
        let half = most.saturating_sub(least).max(0) / 2;
        Some(Offset { by: Span::from_nanos(least.min(most).saturating_add(half)), uncertainty: Span::from_nanos(half) })
    }
}

const fn drift(one: Timestamp, other: Timestamp) -> i64 {
    one.since(other).abs().nanos() / 1_000_000 * DRIFT_PPM
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: i64) -> Timestamp {
        Timestamp::from_nanos(millis * 1_000_000)
    }

    #[test]
    fn both_directions_bound_the_offset() {
        let mut clocks = Clocks::default();
        clocks.saw(Way::There, ms(1_000), ms(5_010));
        clocks.saw(Way::There, ms(1_050), ms(5_055));
        clocks.saw(Way::Back, ms(1_060), ms(5_052));
        let offset = clocks.at(ms(1_055)).expect("both directions");
        // 3992 to 4005 ms
        assert!((offset.by.nanos() - 3_998_500_000).abs() < 10_000, "{offset:?}");
        assert!((offset.uncertainty.nanos() - 6_500_000).abs() < 10_000, "{offset:?}");
    }

    #[test]
    fn one_direction_bounds_nothing() {
        let mut clocks = Clocks::default();
        clocks.saw(Way::There, ms(0), ms(10));
        assert_eq!(clocks.at(ms(0)), None);
    }

    #[test]
    fn a_clock_that_was_set_is_not_believed() {
        let mut clocks = Clocks::default();
        clocks.saw(Way::There, ms(0), ms(10));
        clocks.saw(Way::Back, ms(20), ms(5_000));
        assert_eq!(clocks.at(ms(10)), None);
    }

    #[test]
    fn what_was_seen_long_ago_says_less() {
        let mut clocks = Clocks::default();
        clocks.saw(Way::There, ms(0), ms(1));
        clocks.saw(Way::Back, ms(1), ms(1));
        let near = clocks.at(ms(0)).expect("both");
        let far = clocks.at(ms(100_000)).expect("both");
        assert!(far.uncertainty > near.uncertainty);
        assert_eq!(far.uncertainty.nanos() / 1_000_000, 50);
        assert_eq!(clocks.at(ms(2_000_000)), None);
    }

    #[test]
    fn drift_of_a_quartz_is_followed() {
        let mut clocks = Clocks::default();
        // The second clock gains 50 ppm; a segment each way every second, 1 ms on the way.
        for second in 0..3_600 {
            let gained = |millis: i64| Timestamp::from_nanos(millis * 1_000_000 + millis * 50);
            clocks.saw(Way::There, ms(second * 1_000), gained(second * 1_000 + 1));
            clocks.saw(Way::Back, ms(second * 1_000 + 501), gained(second * 1_000 + 500));
        }
        for second in [0, 1_800, 3_599] {
            let offset = clocks.at(ms(second * 1_000)).expect("a steady drift is no step");
            let truth = second * 1_000 * 50;
            assert!((offset.by.nanos() - truth).abs() <= offset.uncertainty.nanos() + 1_000, "{second}: {offset:?}");
            assert!(offset.uncertainty.nanos() < 2_000_000, "{offset:?}");
        }
    }
}
