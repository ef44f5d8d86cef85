//! What is counted of one connection, and what that makes due.

use std::time::{Duration, Instant};

use crate::cause::Moment;
use crate::trouble::{After, Trouble};

/// Who spoke last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Turn {
    Nobody,
    Client,
    Server,
}

/// An answer is over when the upstream says no more for so long.
const QUIET: Duration = Duration::from_millis(20);

/// What has passed on a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tally {
    pub(crate) began: Instant,
    last: Instant,
    turn: Turn,
    pub(crate) requests: u64,
    pub(crate) client_bytes: u64,
    pub(crate) server_bytes: u64,
}

impl Tally {
    pub(crate) fn new(now: Instant) -> Self {
        Self { began: now, last: now, turn: Turn::Nobody, requests: 0, client_bytes: 0, server_bytes: 0 }
    }

    pub(crate) fn client_said(&mut self, bytes: usize, now: Instant) {
        self.requests += u64::from(self.turn != Turn::Client);
        self.client_bytes += bytes as u64;
        (self.turn, self.last) = (Turn::Client, now);
    }

    pub(crate) fn server_said(&mut self, bytes: usize, now: Instant) {
        self.server_bytes += bytes as u64;
        (self.turn, self.last) = (Turn::Server, now);
    }

    /// Whether what the client is saying now is what meets the trouble.
    pub(crate) fn strikes_request(&self, trouble: &Trouble, now: Instant) -> bool {
        trouble.cause.moment() == Moment::Request
            && match trouble.after {
                After::Requests(count) => self.requests >= count && self.turn != Turn::Client,
                After::Bytes(count) => self.client_bytes >= count,
                After::Time(time) => now.duration_since(self.began) >= time,
            }
    }

    /// How long nothing may move before the trouble strikes; `None` where silence alone brings it not.
    pub(crate) fn strikes_in(&self, trouble: &Trouble, now: Instant) -> Option<Duration> {
        let silent = now.duration_since(self.last);
        match (trouble.cause.moment(), trouble.after) {
            (Moment::Silence, After::Time(time)) => (self.turn != Turn::Client).then(|| time.saturating_sub(silent)),
            (Moment::Between, after) if self.turn == Turn::Server => {
                let quiet = QUIET.saturating_sub(silent);
                match after {
                    After::Requests(count) => (self.requests >= count).then_some(quiet),
                    After::Bytes(count) => (self.client_bytes >= count).then_some(quiet),
                    After::Time(time) => Some(quiet.max(time.saturating_sub(now.duration_since(self.began)))),
                }
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::Cause;

    #[test]
    fn the_request_after_those_that_pass_is_struck_as_it_begins() {
        let now = Instant::now();
        let mut tally = Tally::new(now);
        let trouble = Trouble { after: After::Requests(2), ..Trouble::new(Cause::CloseUnread) };
        for _ in 0..2 {
            assert!(!tally.strikes_request(&trouble, now));
            tally.client_said(10, now);
            assert!(!tally.strikes_request(&trouble, now), "the rest of a request that passes");
            tally.client_said(10, now);
            tally.server_said(5, now);
        }
        assert!(tally.strikes_request(&trouble, now));
        assert_eq!((tally.requests, tally.client_bytes, tally.server_bytes), (2, 40, 10));
    }

    #[test]
    fn between_requests_means_after_an_answer_and_a_silence() {
        let now = Instant::now();
        let mut tally = Tally::new(now);
        let trouble = Trouble::new(Cause::StaleConnection);
        tally.client_said(10, now);
        assert_eq!(tally.strikes_in(&trouble, now), None);
        tally.server_said(10, now);
        assert_eq!(tally.strikes_in(&trouble, now), Some(QUIET));
        assert_eq!(tally.strikes_in(&trouble, now + QUIET), Some(Duration::ZERO));
    }
}
