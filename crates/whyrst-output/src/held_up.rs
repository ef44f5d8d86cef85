//! Whether something that is written gets away at the moment. A pipe that nobody opens or reads, a terminal that stands
//! still: write(2) and open(2) wait for ever then, and a signal only makes them begin anew. Whoever hears the signal can ask
//! here whether the command would hear it too.

use std::sync::atomic::{AtomicU64, Ordering};

/// Calls that began and that ended, and openings among them.
static BEGAN: AtomicU64 = AtomicU64::new(0);
static ENDED: AtomicU64 = AtomicU64::new(0);
static OPENING: AtomicU64 = AtomicU64::new(0);

/// What this process writes at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Writing {
    /// Nothing.
    Nothing,
    /// It waits until somebody opens the other end of a pipe: nothing was written yet.
    Opens,
    /// It is in a call that writes; so many have ended before. With the same number later, none has ended since.
    Since(u64),
}

impl Writing {
    /// At this moment.
    pub fn now() -> Self {
        let ended = ENDED.load(Ordering::SeqCst);
        if OPENING.load(Ordering::SeqCst) > 0 {
            Self::Opens
        } else if BEGAN.load(Ordering::SeqCst) > ended {
            Self::Since(ended)
        } else {
            Self::Nothing
        }
    }
}

/// A call that writes, until the value is dropped.
struct Call;

impl Drop for Call {
    fn drop(&mut self) {
        ENDED.fetch_add(1, Ordering::SeqCst);
    }
}

/// Makes a call that writes.
pub fn writing<T>(call: impl FnOnce() -> T) -> T {
    BEGAN.fetch_add(1, Ordering::SeqCst);
    let _call = Call;
    call()
}

/// Opens what may have to wait for somebody.
pub(crate) fn opening<T>(call: impl FnOnce() -> T) -> T {
    OPENING.fetch_add(1, Ordering::SeqCst);
    let opened = call();
    OPENING.fetch_sub(1, Ordering::SeqCst);
    opened
}
