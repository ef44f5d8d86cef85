//! Resets in the order of the kernel's time.
//!
//! Processors write into the ring as they come, two ends are joined, and one of them waits longer than another: what
//! is complete first need not have happened first. So each is held until it is [`HOLD`] old; by then nearly all that
//! happened before it are here. What comes later than that is handed out late: the reader sees it by its time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use whyrst_core::socket::SocketReset;
use whyrst_core::time::{Span, Timestamp};

/// So old is a reset when it is handed out, at least.
pub(crate) const HOLD: Span = Span::from_millis(5);

/// Resets that are held at once; more are not reported one by one while it is full.
const MOST: usize = 512;

/// What is held.
#[derive(Debug, Default)]
pub(crate) struct Order {
    held: BinaryHeap<Reverse<Held>>,
    /// Of those with one time, the first that came is the first that goes.
    number: u64,
}

#[derive(Debug)]
struct Held {
    time: Timestamp,
    number: u64,
    reset: Box<SocketReset>,
}

impl Order {
    pub(crate) fn push(&mut self, reset: SocketReset) {
        self.number += 1;
        self.held.push(Reverse(Held { time: reset.event.time, number: self.number, reset: Box::new(reset) }));
    }

    /// Whether another one may be held.
    pub(crate) fn has_room(&self) -> bool {
        self.held.len() < MOST
    }

    /// The oldest, when it is old enough at `now`.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<Box<SocketReset>> {
        let is_due = self.held.peek().is_some_and(|Reverse(first)| now.since(first.time) >= HOLD);
        is_due.then(|| self.held.pop()).flatten().map(|Reverse(first)| first.reset)
    }

    /// How long until there is a next one; `None` where none is held.
    pub(crate) fn left(&self, now: Timestamp) -> Option<Span> {
        self.held.peek().map(|Reverse(first)| Span::from_nanos(HOLD.nanos() - now.since(first.time).nanos()))
    }

    /// All, oldest first.
    pub(crate) fn flush(&mut self) -> impl Iterator<Item = Box<SocketReset>> + '_ {
        std::iter::from_fn(|| self.held.pop().map(|Reverse(first)| first.reset))
    }
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.number) == (other.time, other.number)
    }
}

impl Eq for Held {}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Held {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.time, self.number).cmp(&(other.time, other.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_core::segment::Endpoint;
    use whyrst_core::socket::{Account, SocketEvent, Told};

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_nanos(micros * 1_000)
    }

    fn reset(time: i64, port: u16) -> SocketReset {
        let end = Endpoint::new([10, 0, 0, 1].into(), port);
        let event = SocketEvent {
            time: at(time),
            told: Told::Received,
            local: end,
            remote: end,
            trigger: None,
            account: Account::default(),
        };
        SocketReset { event, peer: None, unsent: false }
    }

    fn ports(resets: impl Iterator<Item = Box<SocketReset>>) -> Vec<u16> {
        resets.map(|reset| reset.event.local.port).collect()
    }

    #[test]
    fn what_happened_first_is_handed_out_first_once_it_is_old_enough() {
        let mut order = Order::default();
        for (time, port) in [(300, 3), (100, 1), (200, 2), (200, 4)] {
            order.push(reset(time, port));
        }
        assert!(order.next(at(5_099)).is_none());
        assert_eq!(order.left(at(5_099)), Some(Span::from_nanos(1_000)));
        assert_eq!(ports(std::iter::from_fn(|| order.next(at(5_250)))), [1, 2, 4]);
        // Later than the hold allows: it is handed out all the same.
        order.push(reset(50, 5));
        assert_eq!(ports(order.flush()), [5, 3]);
        assert_eq!(order.left(at(9_000)), None);
    }

    #[test]
    fn it_has_a_bound() {
        let mut order = Order::default();
        for port in 1..=u16::try_from(MOST).unwrap() {
            assert!(order.has_room());
            order.push(reset(0, port));
        }
        assert!(!order.has_room());
    }
}
