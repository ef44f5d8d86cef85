//! What is to happen to which connections: a cause, when, and how often.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::cause::{Cause, Moment};
use crate::error::ProvokeError;

/// How long a port stays closed where nothing else is said.
const CLOSED: Duration = Duration::from_secs(2);

/// How far a connection must have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// So many requests have passed.
    Requests(u64),
    /// So many bytes of the client have passed.
    Bytes(u64),
    /// It is so old; for [`Cause::AppIdleTimeout`], it has been silent for so long.
    Time(Duration),
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requests(count) => write!(f, "{count}-requests"),
            Self::Bytes(count) => write!(f, "{count}B"),
            Self::Time(time) => write!(f, "{}ms", time.as_millis()),
        }
    }
}

impl FromStr for After {
    type Err = String;

    /// `3-requests`, `64KiB`, `2s`, `500ms`.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected requests, bytes or a time, such as 3-requests, 64KiB or 2s, not {text:?}");
        let split = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(split);
        let number: u64 = digits.parse().map_err(|_| expected())?;
        let times = |factor: u64| number.checked_mul(factor).ok_or_else(|| format!("{text} is too large"));
        Ok(match unit {
            "-requests" | "-request" => Self::Requests(number),
            "B" => Self::Bytes(number),
            "KiB" => Self::Bytes(times(1 << 10)?),
            "MiB" => Self::Bytes(times(1 << 20)?),
            "GiB" => Self::Bytes(times(1 << 30)?),
            "ms" => Self::Time(Duration::from_millis(number)),
            "s" => Self::Time(Duration::from_millis(times(1_000)?)),
            "min" => Self::Time(Duration::from_millis(times(60_000)?)),
            _ => return Err(expected()),
        })
    }
}

/// Which part of the connections, in parts of a million.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share(u32);

impl Share {
    /// Every connection.
    pub const ALL: Self = Self(1_000_000);

    /// Of a number from 0 to 1; `None` for any other.
    pub fn of(part: f64) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and a million")]
        (0.0..=1.0).contains(&part).then(|| Self((part * 1_000_000.0).round() as u32))
    }

    /// As a number from 0 to 1.
    pub fn part(self) -> f64 {
        f64::from(self.0) / 1_000_000.0
    }

    /// Whether a drawn number is in it.
    pub(crate) const fn holds(self, drawn: u64) -> bool {
        drawn % 1_000_000 < self.0 as u64
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.part() * 100.0)
    }
}

impl FromStr for Share {
    type Err = String;

    /// `5%`, `0.5%`.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
        number
            .and_then(|percent| Self::of(percent / 100.0))
            .ok_or_else(|| format!("expected a share between 0% and 100%, such as 5%, not {text:?}"))
    }
}

/// What is to happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// Unique at its proxy.
    pub name: String,
    /// Which reset.
    pub cause: Cause,
    /// When it is due.
    pub after: After,
    /// To how many of the connections.
    pub share: Share,
    /// How long a port stays closed.
    pub lasting: Duration,
}

impl Trouble {
    /// The usual one: the first request of every connection, five seconds of silence, or the port after a second.
    pub fn new(cause: Cause) -> Self {
        let after = match cause.moment() {
            Moment::Request => After::Requests(0),
            Moment::Between => After::Requests(1),
            Moment::Silence => After::Time(Duration::from_secs(5)),
            Moment::Port => After::Time(Duration::from_secs(1)),
        };
        Self { name: cause.id().to_owned(), cause, after, share: Share::ALL, lasting: CLOSED }
    }

    /// The same when it makes sense.
    ///
    /// # Errors
    ///
    /// Where its parts do not go together.
    pub fn checked(self) -> Result<Self, ProvokeError> {
        let needs_time = matches!(self.cause.moment(), Moment::Silence | Moment::Port);
        if needs_time && !matches!(self.after, After::Time(_)) {
            return Err(ProvokeError::NeedsTime { cause: self.cause });
        }
        if self.cause.moment() == Moment::Port && self.share != Share::ALL {
            return Err(ProvokeError::NoShare { cause: self.cause });
        }
        if self.cause == Cause::HalfOpenListener && !crate::strike::may_repair() {
            return Err(ProvokeError::NeedsPrivilege { cause: self.cause });
        }
        Ok(self)
    }
}

/// A trouble that a connection or the port is to meet, unless it is called off before.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) trouble: Trouble,
    called_off: Arc<AtomicBool>,
}

impl Drawn {
    pub(crate) fn new(trouble: Trouble) -> Self {
        Self { trouble, called_off: Arc::default() }
    }

    /// It was removed, changed or reset: whoever has drawn it meets nothing.
    pub(crate) fn call_off(&self) {
        self.called_off.store(true, Ordering::Relaxed);
    }

    /// What is to be met, as long as it is.
    pub(crate) fn trouble(&self) -> Option<&Trouble> {
        (!self.called_off.load(Ordering::Relaxed)).then_some(&self.trouble)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        assert_eq!("3-requests".parse(), Ok(After::Requests(3)));
        assert_eq!("64KiB".parse(), Ok(After::Bytes(65_536)));
        assert_eq!("2s".parse(), Ok(After::Time(Duration::from_secs(2))));
        for wrong in ["", "3", "s", "-1s", "3 requests", "99999999999999999999s", "18446744073709551615GiB"] {
            assert!(wrong.parse::<After>().is_err(), "{wrong}");
        }
        assert_eq!("5%".parse::<Share>().map(Share::part), Ok(0.05));
        for wrong in ["5", "101%", "-1%", "NaN%", "%"] {
            assert!(wrong.parse::<Share>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_of_the_numbers_drawn() {
        let share = Share::of(0.05).expect("it is between 0 and 1");
        assert_eq!((0..1_000_000).filter(|drawn| share.holds(*drawn)).count(), 50_000);
    }

    #[test]
    fn what_does_not_go_together_says_so() {
        let of = |cause, after| Trouble { after, ..Trouble::new(cause) }.checked();
        assert!(of(Cause::AppIdleTimeout, After::Requests(3)).is_err());
        assert!(of(Cause::CloseUnread, After::Requests(3)).is_ok());
        let half = Trouble { share: Share::of(0.5).expect("a share"), ..Trouble::new(Cause::ClosedPort) };
        assert!(half.checked().is_err());
    }
}
