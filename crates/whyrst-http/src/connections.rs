//! Which connections are open, and which of them goes when there are too many.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::{CONNECTIONS, STALLED};

/// Those that are open.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<All>);

#[derive(Debug, Default)]
struct All {
    open: HashMap<u64, Arc<State>>,
    next: u64,
}

/// What is known of one.
#[derive(Debug)]
struct State {
    moved: Arc<Moved>,
    /// Whether a whole request ever came.
    asked: AtomicBool,
    /// Requests whose answer is being made: none or one.
    answering: AtomicU64,
    close: Arc<Notify>,
}

/// When bytes last moved.
#[derive(Debug)]
pub(crate) struct Moved {
    since: Instant,
    millis: AtomicU64,
}

impl Moved {
    fn now() -> Self {
        Self { since: Instant::now(), millis: AtomicU64::new(0) }
    }

    pub(crate) fn note(&self) {
        let millis = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.millis.store(millis, Ordering::Relaxed);
    }

    /// How long nothing has moved.
    fn silent(&self) -> Duration {
        self.since.elapsed().saturating_sub(Duration::from_millis(self.millis.load(Ordering::Relaxed)))
    }
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Open {
    connections: Arc<Connections>,
    number: u64,
    state: Arc<State>,
}

impl Connections {
    /// One more, if need be in the place of another; `None` when all others are being answered.
    pub(crate) fn open(self: &Arc<Self>) -> Option<Open> {
        let mut all = self.all();
        if all.open.len() >= CONNECTIONS {
            let goes = all.goes()?;
            // It is out of the count at once; its task ends in a moment.
            if let Some(state) = all.open.remove(&goes) {
                state.close.notify_one();
            }
        }
        let number = all.next;
        all.next += 1;
        let state = Arc::new(State {
            moved: Arc::new(Moved::now()),
            asked: AtomicBool::new(false),
            answering: AtomicU64::new(0),
            close: Arc::default(),
        });
        all.open.insert(number, Arc::clone(&state));
        Some(Open { connections: Arc::clone(self), number, state })
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl All {
    fn goes(&self) -> Option<u64> {
        let silent = |(_, state): &(&u64, &Arc<State>)| state.moved.silent();
        let longest = |may_go: &dyn Fn(&State) -> bool| {
            self.open.iter().filter(|(_, state)| may_go(state)).max_by_key(silent).map(|(number, _)| *number)
        };
        let is_answered = |state: &State| state.answering.load(Ordering::Relaxed) > 0;
        longest(&|state| !state.asked.load(Ordering::Relaxed))
            .or_else(|| longest(&|state| !is_answered(state)))
            .or_else(|| longest(&|state| state.moved.silent() >= STALLED))
    }
}

impl Open {
    pub(crate) fn moved(&self) -> Arc<Moved> {
        Arc::clone(&self.state.moved)
    }

    /// Told when it must go.
    pub(crate) fn closed(&self) -> Arc<Notify> {
        Arc::clone(&self.state.close)
    }

    /// While this is there, an answer is being made.
    pub(crate) fn answering(&self) -> Answering {
        self.state.asked.store(true, Ordering::Relaxed);
        self.state.answering.fetch_add(1, Ordering::Relaxed);
        Answering(Arc::clone(&self.state))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.connections.all().open.remove(&self.number);
    }
}

#[derive(Debug)]
pub(crate) struct Answering(Arc<State>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answering.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_has_waited_longest_goes_and_none_that_is_being_answered() {
        let connections = Arc::<Connections>::default();
        let first = connections.open();
        let mut kept: Vec<Open> = std::iter::from_fn(|| connections.open()).take(CONNECTIONS - 1).collect();
        std::thread::sleep(Duration::from_millis(5));
        let busy = first.as_ref().map(Open::answering);
        kept[1..].iter().for_each(|open| open.moved().note());
        let goes = kept[0].number;
        kept.extend(connections.open());
        assert!(!connections.all().open.contains_key(&goes), "the silent one");
        assert_eq!(connections.all().open.len(), CONNECTIONS);
        let answering: Vec<Answering> = kept.iter().map(Open::answering).collect();
        assert!(connections.open().is_none(), "all are being answered");
        drop((busy, answering));
        assert!(connections.open().is_some());
    }

    #[test]
    fn one_that_never_asked_goes_before_a_page_that_listens() {
        let connections = Arc::<Connections>::default();
        let listens = connections.open();
        drop(listens.as_ref().map(Open::answering));
        std::thread::sleep(Duration::from_millis(5));
        let kept: Vec<Open> = std::iter::from_fn(|| connections.open()).take(CONNECTIONS - 1).collect();
        let more = connections.open();
        let all = connections.all();
        assert!(listens.as_ref().is_some_and(|open| all.open.contains_key(&open.number)) && more.is_some());
        drop(all);
        drop(kept);
    }
}
