//! Time as captures tell it: nanoseconds of the capturing host's wall clock.
//!
//! The core never reads a clock. A [`Timestamp`] always comes with an observation, may go
//! backwards from one frame to the next (captures do), and is only ever compared with others of
//! the same capture.
//!
//! In records a moment is RFC 3339 in UTC with nanoseconds, `2026-01-31T12:00:00.123456789Z`; read is whatever
//! RFC 3339 allows, to the nanosecond.

use core::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, in nanoseconds since 1970-01-01 00:00 UTC (wall clock, not monotonic).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

borrows_nothing!(Timestamp);

impl Timestamp {
    /// From nanoseconds since the epoch.
    #[inline]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the epoch.
    #[inline]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// RFC 3339 in UTC with nanoseconds, as records have it.
    pub fn utc(self) -> impl fmt::Display {
        Utc(self)
    }

    /// How long after `earlier` this is; negative when the capture's clock went back.
    #[inline]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This moment moved by `span`, held at the ends of the range.
    #[must_use]
    #[inline]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

struct Utc(Timestamp);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.nanos();
        match jiff::Timestamp::from_nanosecond(i128::from(nanos)) {
            Ok(moment) => write!(f, "{moment:.9}"),
            // Cannot happen: 64 bits of nanoseconds end in 2262, jiff in 9999.
            Err(_) => write!(f, "{nanos}"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Utc(*self))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    /// A moment beyond the range of 64 bits of nanoseconds (1677 to 2262) is held at its end.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rfc3339;

        impl Visitor<'_> for Rfc3339 {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time as in RFC 3339")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
                let moment: jiff::Timestamp = text.parse().map_err(E::custom)?;
                let nanos = moment.as_nanosecond().clamp(i64::MIN.into(), i64::MAX.into());
                i64::try_from(nanos).map(Timestamp).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Rfc3339)
    }
}

/// For `#[serde(with)]`: a moment without the zeros at its end, as recordings have it.
pub(crate) mod shortest {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Timestamp;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
    pub(crate) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        let moment = jiff::Timestamp::from_nanosecond(i128::from(time.nanos())).map_err(serde::ser::Error::custom)?;
        serializer.collect_str(&moment)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::deserialize(deserializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> alloc::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "format": "date-time",
            "description": "A moment as in RFC 3339, in UTC with nanoseconds: `2026-01-31T12:00:00.123456789Z`.",
        })
    }
}

/// A signed distance between two [`Timestamp`]s, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span(i64);

impl Span {
    /// No distance at all.
    pub const ZERO: Self = Self(0);

    /// From nanoseconds.
    #[inline]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// From microseconds.
    #[inline]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// From milliseconds.
    #[inline]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// From seconds.
    #[inline]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds.
    #[inline]
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
    #[inline]
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
    fn moments_are_utc_with_nanoseconds() {
        for (nanos, text) in [
            (1_769_860_800_123_456_789, "2026-01-31T12:00:00.123456789Z"),
            (0, "1970-01-01T00:00:00.000000000Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
        ] {
            let moment = Timestamp::from_nanos(nanos);
            assert_eq!(moment.utc().to_string(), text);
            assert_eq!(serde_json::to_value(moment).unwrap(), text);
            assert_eq!(serde_json::from_value::<Timestamp>(text.into()).unwrap(), moment);
        }
    }

    #[test]
    fn any_form_of_rfc_3339_is_read_and_held_at_the_ends_of_the_range() {
        let read = |text: &str| serde_json::from_value::<Timestamp>(text.into());
        assert_eq!(read("1970-01-01T01:00:00.5+01:00").unwrap(), Timestamp::from_nanos(500_000_000));
        assert_eq!(read("9999-01-01T00:00:00Z").unwrap(), Timestamp::from_nanos(i64::MAX));
        assert!(read("yesterday").is_err());
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
