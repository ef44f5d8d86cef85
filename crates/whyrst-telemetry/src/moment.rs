//! Both clocks at once: the steady one says what is due, the other stands in rows.
//!
//! Whoever drives this hands in the time, so that ten minutes of a simulated fleet need not take
//! ten minutes.

use std::time::{Duration, Instant, SystemTime};

/// A moment on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub(crate) steady: Instant,
    pub(crate) wall: SystemTime,
}

impl Moment {
    /// This one.
    pub fn now() -> Self {
        Self { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// The one at which the steady clock shows `steady` and the one on the wall `wall`.
    pub const fn at(steady: Instant, wall: SystemTime) -> Self {
        Self { steady, wall }
    }

    /// So much later.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        Self { steady: self.steady + time, wall: self.wall + time }
    }
}
