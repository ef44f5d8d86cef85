//! A moment as people write it: `--since` and `--until`.
//!
//! A time that names its offset (RFC 3339) or its zone (RFC 9557) is one moment. Without them it is a time of day on a
//! clock, and which clock that is has to be said: the one that the report's own times are of (`--tz`). What part of it
//! was not understood is an error, never left out: half a time is another time.

use core::fmt;
use core::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp as Moment, Zoned};

use crate::time::Timestamp;

/// A moment, as it was written.
#[derive(Clone, Debug)]
pub enum When {
    /// One moment.
    At(Timestamp),
    /// A date and a time of day, of a clock that is not named.
    Clock(DateTime),
    /// How long ago.
    Ago(Span),
}

/// Which of two moments is meant where a clock shows one time twice, as it is set back in autumn: nothing that was asked
/// for is to be left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bound {
    /// From then on.
    Since,
    /// Before it.
    Until,
}

/// What was written is no moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoMoment;

impl fmt::Display for NoMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "expected 2026-01-31, 2026-01-31T22:00 (of --tz), 2026-01-31T22:00:00Z, or how long ago: 12h, 30m, 1d",
        )
    }
}

impl core::error::Error for NoMoment {}

impl FromStr for When {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        let text = text.trim();
        let zoned = || text.parse::<Zoned>().ok().map(|zoned| zoned.timestamp());
        if let Some(moment) = text.parse::<Moment>().ok().or_else(zoned) {
            return ours(moment).map(Self::At).ok_or(NoMoment);
        }
        // The parser of civil times passes over an offset or a zone; these must not be lost.
        if names_no_zone(text)
            && let Ok(clock) = text.parse::<DateTime>()
        {
            return Ok(Self::Clock(clock));
        }
        text.parse::<Span>().map(|span| Self::Ago(span.abs())).map_err(|_| NoMoment)
    }
}

/// `2026-01-31`, or with a time of day that nothing follows.
fn names_no_zone(text: &str) -> bool {
    let time = text.split_once(['T', 't', ' ']).map_or("", |(_, time)| time);
    time.chars().all(|character| character.is_ascii_digit() || matches!(character, ':' | '.' | ','))
}

fn ours(moment: Moment) -> Option<Timestamp> {
    i64::try_from(moment.as_nanosecond()).ok().map(Timestamp::from_nanos)
}

impl When {
    /// The moment, as seen from `now`, where clocks show the time of `zone`.
    pub fn moment(&self, bound: Bound, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, NoMoment> {
        let moment = match self {
            Self::At(time) => return Ok(*time),
            Self::Clock(clock) => {
                let either = zone.to_ambiguous_timestamp(*clock);
                match bound {
                    Bound::Since => either.earlier(),
                    Bound::Until => either.later(),
                }
            }
            Self::Ago(span) => Moment::from_nanosecond(now.nanos().into())
                .and_then(|now| now.to_zoned(zone.clone()).checked_sub(*span))
                .map(|then| then.timestamp()),
        };
        moment.ok().and_then(ours).ok_or(NoMoment)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use jiff::tz::Offset;

    use super::*;

    const NOW: &str = "2026-10-26T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        ours(text.parse().unwrap()).unwrap()
    }

    fn moment(text: &str, zone: &TimeZone) -> Timestamp {
        text.parse::<When>().unwrap().moment(Bound::Since, zone, at(NOW)).unwrap()
    }

    fn berlin() -> TimeZone {
        // POSIX.1-2017 section 8.3, as the end of each file of tzdata has it.
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    #[test]
    fn a_time_without_a_zone_keeps_its_time_of_day_and_is_of_the_clock_that_is_named() {
        let east = TimeZone::fixed(Offset::constant(2));
        for (text, in_utc, in_east) in [
            ("2026-10-25T23:45:00", "2026-10-25T23:45:00Z", "2026-10-25T21:45:00Z"),
            ("2026-10-25 23:45", "2026-10-25T23:45:00Z", "2026-10-25T21:45:00Z"),
            ("2026-10-25T23:45:00.5", "2026-10-25T23:45:00.5Z", "2026-10-25T21:45:00.5Z"),
            ("2026-10-25", "2026-10-25T00:00:00Z", "2026-10-24T22:00:00Z"),
        ] {
            assert_eq!(moment(text, &TimeZone::UTC), at(in_utc), "{text}");
            assert_eq!(moment(text, &east), at(in_east), "{text}");
        }
    }

    #[test]
    fn a_time_with_an_offset_is_one_moment() {
        for text in ["2026-10-25T23:45:00Z", "2026-10-26T01:45:00+02:00", "2026-10-25T18:45-05"] {
            assert_eq!(moment(text, &berlin()), at("2026-10-25T23:45:00Z"), "{text}");
        }
    }

    #[test]
    fn a_time_that_comes_twice_leaves_nothing_out() {
        let twice: When = "2026-10-25T02:30".parse().unwrap();
        let [since, until] = [Bound::Since, Bound::Until].map(|bound| twice.moment(bound, &berlin(), at(NOW)).unwrap());
        assert_eq!((since, until), (at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z")));
    }

    #[test]
    fn days_and_weeks_ago_are_as_good_as_hours() {
        for (text, then) in [
            ("12h", "2026-10-26T00:00:00Z"),
            ("1d", "2026-10-25T12:00:00Z"),
            ("1d 12h", "2026-10-25T00:00:00Z"),
            ("2 days ago", "2026-10-24T12:00:00Z"),
            ("1w", "2026-10-19T12:00:00Z"),
            ("90m", "2026-10-26T10:30:00Z"),
        ] {
            assert_eq!(moment(text, &TimeZone::UTC), at(then), "{text}");
        }
        // The same time of yesterday, which was an hour further away.
        assert_eq!(moment("2d", &berlin()), at("2026-10-24T11:00:00Z"));
    }

    #[test]
    fn what_is_not_understood_is_refused_and_never_half_of_it_used() {
        for text in [
            "last night",
            "",
            "23:45",
            "2026-10-25T",
            "2026-10-25T25:00",
            "2026-10-25T23:45+99:00",
            "12",
            "2026-10-25T23:45:00[Nowhere/Land]",
            "2026-10-25T23:45:00 or so",
            "2026-10-25TZ",
            "9999-01-01T00:00:00Z",
        ] {
            let read = text.parse::<When>();
            assert!(read.is_err(), "{text}: {read:?}");
        }
        let far: When = "9999-01-01".parse().unwrap();
        assert!(far.moment(Bound::Since, &TimeZone::UTC, at(NOW)).is_err());
        assert!(NoMoment.to_string().contains("1d"));
    }
}
