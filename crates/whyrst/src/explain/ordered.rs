//! Work that several threads share and that must happen in order.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Something that is used by one thread after the other, in the order of numbers from 0 on. Every
/// number must come once.
#[derive(Debug)]
pub(super) struct Ordered<T> {
    turn: Mutex<Turn<T>>,
    moved: Condvar,
}

#[derive(Debug)]
struct Turn<T> {
    next: u64,
    what: T,
}

impl<T> Ordered<T> {
    pub(super) const fn new(what: T) -> Self {
        Self { turn: Mutex::new(Turn { next: 0, what }), moved: Condvar::new() }
    }

    /// Waits for the turn of `number`, and does `work`.
    pub(super) fn at<R>(&self, number: u64, work: impl FnOnce(&mut T) -> R) -> R {
        let waiting = self.moved.wait_while(lock(&self.turn), |turn| turn.next != number);
        let turn = waiting.unwrap_or_else(PoisonError::into_inner);
        let mut passing = Passing { turn, moved: &self.moved };
        work(&mut passing.turn.what)
    }

    /// Does `work` at once, whoever's turn it is.
    pub(super) fn now<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut lock(&self.turn).what)
    }

    /// The thing itself, when all threads are done.
    pub(super) fn into_inner(self) -> T {
        self.turn.into_inner().unwrap_or_else(PoisonError::into_inner).what
    }
}

/// Passes the turn on, also when the work panics: who waits must not wait for ever.
struct Passing<'a, T> {
    turn: MutexGuard<'a, Turn<T>>,
    moved: &'a Condvar,
}

impl<T> Drop for Passing<'_, T> {
    fn drop(&mut self) {
        self.turn.next += 1;
        self.moved.notify_all();
    }
}

/// The lock, whoever panicked with it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_in_the_order_of_numbers_whatever_thread_comes_first() {
        let list = Ordered::new(Vec::new());
        std::thread::scope(|scope| {
            for thread in (0..4u64).rev() {
                let list = &list;
                scope.spawn(move || (thread..100).step_by(4).for_each(|n| list.at(n, |list| list.push(n))));
            }
        });
        assert_eq!(list.into_inner(), (0..100).collect::<Vec<_>>());
    }
}
