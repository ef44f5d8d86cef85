//! Times as logs write them. Many leave out the zone, which is then the one that a user names (`--tz`), and syslog
//! leaves out the year (RFC 3164 section 4.1.2), which is then the one that brings it nearest to the packets.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use whyrst_core::time::{Span, Timestamp};

/// When a line was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stamp {
    /// A moment, and how finely it is written.
    At(Timestamp, Span),
    /// The same, where no zone is written: it is that of the user.
    Zoneless(Timestamp, Span),
    /// A date without its year, which is 2024 here: one with a 29th of February.
    Yearless(DateTime, Span),
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const SECOND: i64 = 1_000_000_000;

impl Stamp {
    pub(super) const fn resolution(self) -> Span {
        match self {
            Self::At(_, resolution) | Self::Zoneless(_, resolution) | Self::Yearless(_, resolution) => resolution,
        }
    }

    /// Whether the user said in which zone it is.
    pub(super) const fn is_zoneless(self) -> bool {
        matches!(self, Self::Zoneless(..) | Self::Yearless(..))
    }

    /// The moment: in the year that brings it nearest to `near` where it names none.
    pub(super) fn resolve(self, near: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let civil = match self {
            Self::At(time, _) | Self::Zoneless(time, _) => return Some(time),
            Self::Yearless(civil, _) => civil,
        };
        let year = jiff::Timestamp::from_nanosecond(near.nanos().into()).ok()?.to_zoned(zone.clone()).year();
        let years = [year - 1, year, year + 1];
        let moments = years.into_iter().filter_map(|year| moment(civil.with().year(year).build().ok()?, zone));
        moments.min_by_key(|moment| moment.since(near).abs())
    }
}

fn moment(civil: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let at = zone.to_ambiguous_timestamp(civil).compatible().ok()?;
    i64::try_from(at.as_nanosecond()).ok().map(Timestamp::from_nanos)
}

/// What is left of a text.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    /// A number of `digits` digits.
    fn number(&mut self, digits: usize) -> Option<i16> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.bytes().all(|octet| octet.is_ascii_digit()).then(|| number.parse().ok())?
    }

    fn one_of(&mut self, wanted: &[char]) -> Option<char> {
        let first = self.0.chars().next().filter(|first| wanted.contains(first))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    fn month(&mut self) -> Option<i8> {
        let (name, rest) = self.0.split_at_checked(3)?;
        let at = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
        self.0 = rest;
        i8::try_from(at + 1).ok()
    }

    /// `03:12:07`, with a fraction where there is one.
    fn time_of_day(&mut self) -> Option<(i8, i8, i8, i32, Span)> {
        let hour = self.number(2)?;
        self.one_of(&[':'])?;
        let minute = self.number(2)?;
        self.one_of(&[':'])?;
        let second = self.number(2)?;
        let (mut nanos, mut unit) = (0, SECOND);
        let fraction =
            self.0.strip_prefix(['.', ',']).filter(|rest| rest.starts_with(|one: char| one.is_ascii_digit()));
        if let Some(fraction) = fraction {
            let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
            for octet in fraction.bytes().take(digits.min(9)) {
                unit /= 10;
                nanos += i64::from(octet - b'0') * unit;
            }
            self.0 = &fraction[digits..];
        }
        let small = |number: i16| i8::try_from(number).ok();
        let nanos = i32::try_from(nanos).ok()?;
        Some((small(hour)?, small(minute)?, small(second)?.min(59), nanos, Span::from_nanos(unit)))
    }

    /// `Z`, `+0100`, ` +01:00`.
    fn offset(&mut self) -> Option<TimeZone> {
        let rest = self.0.strip_prefix(' ').unwrap_or(self.0);
        // A word may begin with a Z as well.
        let is_word = |after: &str| after.starts_with(|next: char| next.is_alphanumeric());
        if let Some(after) = rest.strip_prefix('Z').filter(|after| !is_word(after)) {
            self.0 = after;
            return Some(TimeZone::UTC);
        }
        let negative = match rest.chars().next()? {
            '+' => 1,
            '-' => -1,
            _ => return None,
        };
        let mut digits = Rest(&rest[1..]);
        let hours = digits.number(2)?;
        digits.one_of(&[':']);
        let minutes = digits.number(2)?;
        let seconds = negative * (i32::from(hours) * 3600 + i32::from(minutes) * 60);
        let offset = jiff::tz::Offset::from_seconds(seconds).ok()?;
        self.0 = digits.0;
        Some(TimeZone::fixed(offset))
    }
}

/// A time in JSON: text, or seconds since 1970.
pub(super) fn of_value(value: &serde_json::Value, zone: &TimeZone) -> Option<Stamp> {
    if let Some(text) = value.as_str() {
        return at_beginning(text, zone).map(|(stamp, _)| stamp);
    }
    // zap's default: seconds as a floating point number, which holds microseconds.
    let seconds = value.as_f64().filter(|number| (1e8..1e10).contains(number))?;
    #[expect(clippy::cast_possible_truncation, reason = "between 1e14 and 1e16")]
    let micros = (seconds * 1e6) as i64;
    Some(Stamp::At(Timestamp::from_nanos(micros.checked_mul(1_000)?), Span::from_micros(1)))
}

/// A time at the beginning of `text`, and what follows it.
pub(super) fn at_beginning<'a>(text: &'a str, zone: &TimeZone) -> Option<(Stamp, &'a str)> {
    [numeric, common_log, bsd, klog].into_iter().find_map(|read| read(text, zone))
}

/// `2026-11-30T03:12:07.100Z`, `2026-11-30 03:12:07,123`, `2026/11/30 03:12:07`, `2026/11/30-03:12:07.1`.
fn numeric<'a>(text: &'a str, zone: &TimeZone) -> Option<(Stamp, &'a str)> {
    let mut rest = Rest(text);
    let year = rest.number(4)?;
    let between = rest.one_of(&['-', '/'])?;
    let month = rest.number(2)?;
    rest.one_of(&[between])?;
    let day = rest.number(2)?;
    rest.one_of(&['T', ' ', '-'])?;
    finish(rest, (year, i8::try_from(month).ok()?, i8::try_from(day).ok()?), zone)
}

/// `30/Nov/2026:03:12:07 +0000`, and without the zone as `HAProxy` has it.
fn common_log<'a>(text: &'a str, zone: &TimeZone) -> Option<(Stamp, &'a str)> {
    let mut rest = Rest(text);
    let day = rest.number(2)?;
    rest.one_of(&['/'])?;
    let month = rest.month()?;
    rest.one_of(&['/'])?;
    let year = rest.number(4)?;
    rest.one_of(&[':'])?;
    finish(rest, (year, month, i8::try_from(day).ok()?), zone)
}

/// `Nov 30 03:12:07`, `Nov  3 03:12:07` (RFC 3164), and with the year as some write it.
fn bsd<'a>(text: &'a str, zone: &TimeZone) -> Option<(Stamp, &'a str)> {
    let mut rest = Rest(text);
    let month = rest.month()?;
    rest.one_of(&[' '])?;
    let day = if rest.one_of(&[' ']).is_some() { rest.number(1)? } else { rest.number(2)? };
    rest.one_of(&[' '])?;
    let mut with_year = Rest(rest.0);
    if let (Some(year), Some(_)) = (with_year.number(4), with_year.one_of(&[' '])) {
        return finish(with_year, (year, month, i8::try_from(day).ok()?), zone);
    }
    yearless(rest, month, i8::try_from(day).ok()?)
}

/// `E1130 03:12:07.123456`: Kubernetes' klog.
fn klog<'a>(text: &'a str, _zone: &TimeZone) -> Option<(Stamp, &'a str)> {
    let mut rest = Rest(text);
    rest.one_of(&['I', 'W', 'E', 'F'])?;
    let (month, day) = (rest.number(2)?, rest.number(2)?);
    rest.one_of(&[' '])?;
    yearless(rest, i8::try_from(month).ok()?, i8::try_from(day).ok()?)
}

fn yearless(mut rest: Rest<'_>, month: i8, day: i8) -> Option<(Stamp, &str)> {
    let (hour, minute, second, nanos, resolution) = rest.time_of_day()?;
    let civil = DateTime::new(2024, month, day, hour, minute, second, nanos).ok()?;
    Some((Stamp::Yearless(civil, resolution), rest.0))
}

fn finish<'a>(mut rest: Rest<'a>, (year, month, day): (i16, i8, i8), zone: &TimeZone) -> Option<(Stamp, &'a str)> {
    let (hour, minute, second, nanos, resolution) = rest.time_of_day()?;
    let civil = DateTime::new(year, month, day, hour, minute, second, nanos).ok()?;
    let offset = rest.offset();
    let time = moment(civil, offset.as_ref().unwrap_or(zone))?;
    let stamp = if offset.is_some() { Stamp::At(time, resolution) } else { Stamp::Zoneless(time, resolution) };
    Some((stamp, rest.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> Timestamp {
        let moment: jiff::Timestamp = text.parse().expect("a time");
        Timestamp::from_nanos(i64::try_from(moment.as_nanosecond()).expect("it fits"))
    }

    fn read(text: &str) -> Option<(Timestamp, &str)> {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let (stamp, rest) = at_beginning(text, &zone)?;
        Some((stamp.resolve(utc("2026-12-24T00:00:00Z"), &zone)?, rest))
    }

    #[test]
    fn the_forms_of_logs_are_read_and_the_zone_is_the_users_where_none_is_written() {
        let at = |text: &str| Some((utc(text), ""));
        assert_eq!(read("2026/11/30 03:12:07"), at("2026-11-30T02:12:07Z"));
        assert_eq!(read("2026-11-30T03:12:07.100Z"), at("2026-11-30T03:12:07.1Z"));
        assert_eq!(read("2026-11-30 03:12:07,5"), at("2026-11-30T02:12:07.5Z"));
        assert_eq!(read("30/Nov/2026:03:12:07 +0000"), at("2026-11-30T03:12:07Z"));
        assert_eq!(read("30/Nov/2026:03:12:07.100"), at("2026-11-30T02:12:07.1Z"));
        assert_eq!(read("2025/03/27-16:12:13.966003800"), at("2025-03-27T15:12:13.9660038Z"));
        assert_eq!(read("E1130 03:12:07.123456"), at("2026-11-30T02:12:07.123456Z"));
        assert_eq!(read("Nov 30 03:12:07"), at("2026-11-30T02:12:07Z"));
        assert_eq!(read("2026/11/30 03:12:07 Zone x"), Some((utc("2026-11-30T02:12:07Z"), " Zone x")));
        assert_eq!(read("2026-11-30T03:12:07+05:30 x"), Some((utc("2026-11-29T21:42:07Z"), " x")));
    }

    #[test]
    fn the_year_that_is_nearest_is_taken_and_nonsense_is_no_time() {
        assert_eq!(read("Jan  3 03:12:07").map(|(time, _)| time), Some(utc("2027-01-03T02:12:07Z")));
        for nonsense in ["", "2026", "2026-13-41T99:00:00Z", "Foo 30 03:12:07", "Nov 31 03:12:07", "9999999999-", "é"]
        {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }
}
