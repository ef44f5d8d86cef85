//! What is to be said at once: what was lost, what was only counted, a clock that was set. The moment it happens, and
//! then once a second while it goes on.

use std::fmt;
use std::time::{Duration, Instant};

use whyrst_core::time::Span;

/// So often at most.
const PAUSE: Duration = Duration::from_secs(1);

/// Something that limits what is reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Warning {
    /// So many events did not fit into the ring buffer: they are counted, what they were is not known.
    Lost(u64),
    /// So many resets were unlike every one that was reported, and too many to be reported one by one.
    OnlyCounted(u64),
    /// The wall clock was set: by this much, or back where it is below zero.
    ClockSet(Span),
    /// The wall clock is later than times can be told (2262-04-11).
    ClockTooLate,
    /// `/proc` has not answered about this process: until it does, nothing more is read of any.
    ProcessSilent(u32),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        match *self {
            Self::Lost(count) => write!(
                f,
                "{count} event{} did not fit into the ring buffer: counted, but not reported; until two seconds after \
                 it nothing is concluded from what was not seen",
                plural(count)
            ),
            Self::OnlyCounted(count) => write!(
                f,
                "{count} reset{} unlike those reported, too many to report one by one: only counted",
                plural(count)
            ),
            Self::ProcessSilent(pid) => write!(
                f,
                "/proc/{pid} does not answer: until it does, processes are named as far as the kernel side knows them"
            ),
            Self::ClockSet(by) if by < Span::ZERO => {
                write!(f, "the clock was set back by {}: times before and after do not compare", by.abs())
            }
            Self::ClockSet(by) => {
                write!(f, "the clock was set forward by {by}: times before and after do not compare")
            }
            Self::ClockTooLate => f.write_str("the clock is beyond 2262-04-11: times stand still there"),
        }
    }
}

/// A count that grows, and what of it was said.
#[derive(Debug, Default)]
struct Said {
    count: u64,
    at: Option<Instant>,
}

impl Said {
    /// What has come since it was last said, when that is long enough ago.
    fn due(&mut self, count: u64, now: Instant) -> Option<u64> {
        let fresh = count.saturating_sub(self.count);
        if fresh == 0 || self.at.is_some_and(|at| now.duration_since(at) < PAUSE) {
            return None;
        }
        *self = Self { count, at: Some(now) };
        Some(fresh)
    }
}

/// Decides what is to be said when.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    lost: Said,
    only_counted: Said,
    clock: Option<Warning>,
}

impl Warnings {
    /// To be said next.
    pub(crate) const fn note_clock(&mut self, warning: Warning) {
        self.clock = Some(warning);
    }

    /// What is to be said now, with these counts since the beginning.
    pub(crate) fn due(&mut self, lost: u64, only_counted: u64, now: Instant) -> Vec<Warning> {
        let counts = [
            self.lost.due(lost, now).map(Warning::Lost),
            self.only_counted.due(only_counted, now).map(Warning::OnlyCounted),
        ];
        self.clock.take().into_iter().chain(counts.into_iter().flatten()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_said_at_once_and_then_once_a_second_with_what_was_new() {
        let mut warnings = Warnings::default();
        let begin = Instant::now();
        let mut at = |millis: u64, lost| warnings.due(lost, 0, begin + Duration::from_millis(millis));
        assert_eq!(at(0, 0), []);
        assert_eq!(at(10, 3), [Warning::Lost(3)]);
        assert_eq!(at(500, 50), []);
        assert_eq!(at(1_010, 80), [Warning::Lost(77)]);
        assert_eq!(at(5_000, 80), []);
    }

    #[test]
    fn a_clock_that_was_set_back_is_said_without_a_negative_duration() {
        let said = Warning::ClockSet(Span::from_secs(-3_600)).to_string();
        assert!(said.contains("set back by") && !said.contains('-'), "{said}");
    }
}
