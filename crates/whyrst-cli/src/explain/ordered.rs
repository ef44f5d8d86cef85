//! Work that several threads share and that must happen in order.
//!
//! Each piece has a number. [`Ordered::at`] waits for its turn, with something else to do meanwhile;
//! [`Ordered::leave`] leaves the piece to whichever thread comes to its turn, and waits for nothing but
//! a line that has become too long.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Pieces that may lie in line: beyond, who brings one more waits. They hold memory.
const LONGEST: u64 = 8;

/// Something that is used by one thread after the other, in the order of numbers from 0 on. Every
/// number must come once.
#[derive(Debug)]
pub(super) struct Ordered<T, I = ()> {
    line: Mutex<Line<I>>,
    moved: Condvar,
    what: Mutex<T>,
}

#[derive(Debug)]
struct Line<I> {
    /// The number whose turn it is.
    next: u64,
    /// Somebody works at it.
    busy: bool,
    /// What was left, from number `next` on (while nobody works).
    left: VecDeque<Option<I>>,
}

impl<T, I> Ordered<T, I> {
    pub(super) const fn new(what: T) -> Self {
        let line = Line { next: 0, busy: false, left: VecDeque::new() };
        Self { line: Mutex::new(line), moved: Condvar::new(), what: Mutex::new(what) }
    }

    /// Waits for the turn of `number`, and does `work`. While it waits it does what `meanwhile` has to do:
    /// false is nothing.
    pub(super) fn at<R>(&self, number: u64, work: impl FnOnce(&mut T) -> R, mut meanwhile: impl FnMut() -> bool) -> R {
        while !self.is_turn_of(number) {
            if !meanwhile() {
                drop(self.wait_while(|line| line.next != number));
            }
        }
        let _turn = Turn { ordered: self };
        work(&mut lock(&self.what))
    }

    /// Leaves `item` until it is the turn of `number`. `work` is done on it then, and on what others left
    /// whose turn comes meanwhile.
    pub(super) fn leave(&self, number: u64, item: I, mut work: impl FnMut(&mut T, u64, I)) {
        let mut line = self.wait_while(|line| number >= line.next + LONGEST);
        line.put(number, item);
        drop(line);
        while let Some((number, item)) = self.take() {
            let _turn = Turn { ordered: self };
            work(&mut lock(&self.what), number, item);
        }
    }

    /// Does `work` at once, whoever's turn it is.
    pub(super) fn now<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut lock(&self.what))
    }

    /// The thing itself, when all threads are done.
    pub(super) fn into_inner(self) -> T {
        self.what.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_turn_of(&self, number: u64) -> bool {
        let mut line = lock(&self.line);
        let is_it = !line.busy && line.next == number;
        line.busy |= is_it;
        is_it
    }

    /// What was left for this turn.
    fn take(&self) -> Option<(u64, I)> {
        let mut line = lock(&self.line);
        if line.busy {
            return None;
        }
        let item = line.left.front_mut()?.take()?;
        line.busy = true;
        Some((line.next, item))
    }

    fn wait_while(&self, condition: impl Fn(&Line<I>) -> bool) -> MutexGuard<'_, Line<I>> {
        let line = self.moved.wait_while(lock(&self.line), |line| condition(line));
        line.unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I> Line<I> {
    #[expect(clippy::cast_possible_truncation, reason = "the line is short")]
    fn put(&mut self, number: u64, item: I) {
        let place = number.saturating_sub(self.next) as usize;
        if self.left.len() <= place {
            self.left.resize_with(place + 1, || None);
        }
        self.left[place] = Some(item);
    }
}

/// Passes the turn on, also when the work panics: who waits must not wait for ever.
struct Turn<'a, T, I> {
    ordered: &'a Ordered<T, I>,
}

impl<T, I> Drop for Turn<'_, T, I> {
    fn drop(&mut self) {
        let mut line = lock(&self.ordered.line);
        line.busy = false;
        line.next += 1;
        line.left.pop_front();
        self.ordered.moved.notify_all();
    }
}

/// The lock, whoever panicked with it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four threads, each with every fourth number.
    fn by_four(work: impl Fn(u64) + Sync) {
        std::thread::scope(|scope| {
            for thread in (0..4u64).rev() {
                let work = &work;
                scope.spawn(move || (thread..100).step_by(4).for_each(work));
            }
        });
    }

    #[test]
    fn work_happens_in_the_order_of_numbers_whatever_thread_comes_first() {
        let list = Ordered::<_>::new(Vec::new());
        by_four(|n| list.at(n, |list| list.push(n), || false));
        assert_eq!(list.into_inner(), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_left_is_done_in_the_order_of_numbers() {
        let list = Ordered::new(Vec::new());
        by_four(|n| list.leave(n, n * 2, |list, number, item| list.push((number, item))));
        assert_eq!(list.into_inner(), (0..100).map(|n| (n, n * 2)).collect::<Vec<_>>());
    }

    #[test]
    fn who_waits_has_something_else_to_do() {
        let list = Ordered::<_>::new(Vec::new());
        let done = Mutex::new(0);
        by_four(|n| {
            let mut other = 3;
            let meanwhile = || {
                let goes_on = other > 0;
                *lock(&done) += u32::from(goes_on);
                other = i32::max(0, other - 1);
                goes_on
            };
            list.at(n, |list| list.push(n), meanwhile);
        });
        assert!(*lock(&done) > 0);
        assert_eq!(list.into_inner(), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_panic_lets_the_others_go_on() {
        let list = Ordered::new(Vec::new());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            list.leave(0, 0, |_: &mut Vec<u64>, _, _| panic!("as asked"));
        }));
        assert!(panicked.is_err());
        list.leave(1, 1, |list, _, item| list.push(item));
        assert_eq!(list.into_inner(), [1]);
    }
}
