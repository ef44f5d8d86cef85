//! Time as captures tell it: nanoseconds of the capturing host's wall clock.
//!
//! The core never reads a clock. A [`Timestamp`] always comes with an observation, may go
//! backwards from one frame to the next (captures do), and is only ever compared with others of
//! the same capture.

use core::fmt;

/// A moment, in nanoseconds since 1970-01-01 00:00 UTC (wall clock, not monotonic).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From nanoseconds since the epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is; negative when the capture's clock went back.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This moment moved by `span`, held at the ends of the range.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

/// A signed distance between two [`Timestamp`]s, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span(i64);

impl Span {
    /// No distance at all.
    pub const ZERO: Self = Self(0);

    /// From nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// From milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// From seconds.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Milliseconds as a fraction, for machine output.
    #[expect(clippy::cast_precision_loss, reason = "output only; a span that long has no use for the last digits")]
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The distance without its direction.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }
}

/// Three significant parts at most, in the unit a person would choose: `36 us`, `161.9 ms`, `5.0 s`.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        match nanos {
            0..1_000 => write!(f, "{nanos} ns"),
            1_000..1_000_000 => write!(f, "{} us", (nanos + 500) / 1_000),
            1_000_000..1_000_000_000 => tenths(f, nanos, 1_000_000, "ms"),
            1_000_000_000..120_000_000_000 => tenths(f, nanos, 1_000_000_000, "s"),
            _ => write!(f, "{} min {} s", nanos / 60_000_000_000, nanos / 1_000_000_000 % 60),
        }
    }
}

fn tenths(f: &mut fmt::Formatter<'_>, nanos: u64, unit: u64, name: &str) -> fmt::Result {
    let tenths = (nanos + unit / 20) / (unit / 10);
    write!(f, "{}.{} {name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_span_is_shown_in_the_unit_a_person_would_choose() {
        assert_eq!(Span::from_nanos(36_400).to_string(), "36 us");
        assert_eq!(Span::from_nanos(161_925_000).to_string(), "161.9 ms");
        assert_eq!(Span::from_millis(5_000).to_string(), "5.0 s");
        assert_eq!(Span::from_secs(350).to_string(), "5 min 50 s");
        assert_eq!(Span::from_nanos(-12).to_string(), "-12 ns");
    }

    #[test]
    fn the_ends_of_the_range_do_not_overflow() {
        let first = Timestamp::from_nanos(i64::MIN);
        let last = Timestamp::from_nanos(i64::MAX);
        assert_eq!(last.since(first), Span::from_nanos(i64::MAX));
        assert_eq!(first.since(last), Span::from_nanos(i64::MIN));
        assert_eq!(Span::from_nanos(i64::MIN).abs(), Span::from_nanos(i64::MAX));
        assert_eq!(last.plus(Span::from_secs(1)), last);
    }
}
