//! The capture's clock, as far as it can be believed.
//!
//! Captures contain frames of the year 2100 and of the epoch, and clocks that step back when they
//! are corrected (docs/internals/captures.md#clocks). What waits for time to pass must not be ruined by one such
//! frame, so a jump counts only when several frames in a row agree about it.

use crate::time::{Span, Timestamp};

/// A longer step, forward or back, needs more than one witness.
const STEP: Span = Span::from_secs(600);
/// So many frames in a row must agree about a new time.
const WITNESSES: u8 = 3;

/// What time it is in the capture.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    now: Option<Timestamp>,
    claimed: Timestamp,
    witnesses: u8,
    /// How often it was set to a time far away.
    steps: u32,
}

impl Clock {
    /// A frame says that it is `time`.
    #[inline]
    pub(crate) fn saw(&mut self, time: Timestamp) {
        let Some(now) = self.now else {
            self.now = Some(time);
            return;
        };
        if time.since(now).abs() <= STEP {
            self.now = Some(now.max(time));
            self.witnesses = 0;
            return;
        }
        let agrees = self.witnesses > 0 && time.since(self.claimed).abs() <= STEP;
        self.witnesses = if agrees { self.witnesses + 1 } else { 1 };
        self.claimed = time;
        if self.witnesses >= WITNESSES {
            self.now = Some(time);
            self.witnesses = 0;
            self.steps = self.steps.saturating_add(1);
        }
    }

    /// Several frames say what time it is, the earliest and the latest time of them. False where one of them may say
    /// that it is a time far away: then nothing was done.
    #[inline]
    pub(crate) fn saw_all(&mut self, earliest: Timestamp, latest: Timestamp) -> bool {
        let Some(now) = self.now else { return false };
        let then = now.max(latest);
        if latest.since(now) > STEP || then.since(earliest) > STEP {
            return false;
        }
        self.now = Some(then);
        self.witnesses = 0;
        true
    }

    /// How often it was set to a time far away, forward or back.
    pub(crate) const fn steps(&self) -> u32 {
        self.steps
    }

    /// The host's own clock says that it is `time`.
    pub(super) fn set(&mut self, time: Timestamp) {
        self.now = Some(self.now.map_or(time, |now| now.max(time)));
    }

    /// The time, before the first frame the beginning of all times.
    pub(crate) fn now(&self) -> Timestamp {
        self.now.unwrap_or(Timestamp::from_nanos(i64::MIN))
    }

    /// How long ago `since` was. What was noted before the clock was set back has waited for ever.
    pub(super) fn elapsed(&self, since: Timestamp) -> Span {
        Self::between(since, self.now())
    }

    /// The same until another time.
    pub(super) fn between(since: Timestamp, until: Timestamp) -> Span {
        let elapsed = until.since(since);
        if elapsed.nanos() < -STEP.nanos() { Span::from_nanos(i64::MAX) } else { elapsed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    fn after(times: &[i64]) -> Timestamp {
        let mut clock = Clock::default();
        for time in times {
            clock.saw(at(*time));
        }
        clock.now()
    }

    #[test]
    fn one_frame_of_another_century_does_not_move_the_clock() {
        assert_eq!(after(&[1_000, 4_000_000_000, 1_001]), at(1_001));
        assert_eq!(after(&[1_000, 0, 1_001]), at(1_001));
        assert_eq!(after(&[10_000, 4_000_000_000, 0, 4_000_000_000, 10_001]), at(10_001));
    }

    #[test]
    fn a_first_frame_of_another_century_is_corrected_by_the_next_three() {
        assert_eq!(after(&[4_000_000_000, 1_000, 1_001, 1_002, 1_003]), at(1_003));
        assert_eq!(after(&[0, 1_000_000, 1_000_001, 1_000_002]), at(1_000_002));
    }

    #[test]
    fn a_long_silence_is_believed_after_three_frames() {
        assert_eq!(after(&[1_000, 90_000, 90_001, 90_002]), at(90_002));
    }

    #[test]
    fn the_clock_does_not_follow_small_steps_back() {
        assert_eq!(after(&[1_000, 999, 998]), at(1_000));
    }

    #[test]
    fn several_frames_at_once_move_it_as_they_would_one_by_one() {
        let cases: [&[i64]; 5] = [&[1_001, 1_002], &[900, 1_300, 1_100], &[1_600], &[1_601], &[300, 1_000]];
        for times in cases {
            let mut together = Clock::default();
            together.saw(at(1_000));
            together.saw(at(4_000_000_000));
            let mut each = together;
            for time in times {
                each.saw(at(*time));
            }
            let (earliest, latest) = (times.iter().min().unwrap(), times.iter().max().unwrap());
            if together.saw_all(at(*earliest), at(*latest)) {
                assert_eq!((together.now(), together.witnesses), (each.now(), each.witnesses), "{times:?}");
            } else {
                assert!(times.iter().any(|time| (time - 1_000).abs() > 600), "{times:?}");
            }
        }
    }

    #[test]
    fn what_waited_since_a_time_that_never_was_has_waited_for_ever() {
        let mut clock = Clock::default();
        clock.saw(at(1_000));
        assert_eq!(clock.elapsed(at(990)), Span::from_secs(10));
        assert_eq!(clock.elapsed(at(4_000_000_000)), Span::from_nanos(i64::MAX));
    }
}
