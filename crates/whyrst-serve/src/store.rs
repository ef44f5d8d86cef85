//! What all requests ask and all readers fill: the page's rows, with their lines in files that have no name.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::watch;
use whyrst_core::filter::Filter;
use whyrst_page::{Connection, Kept, Limits, Order, Slice, SourceId, SourceKind, Spool, State, View};

use crate::input::{Again, DROPPED_KEPT};

/// A file without a name: it is gone when nobody has it open, also when this server is killed.
#[derive(Debug)]
struct Nameless(File);

impl Spool for Nameless {
    fn begin() -> io::Result<Self> {
        tempfile::tempfile().map(Self)
    }

    fn append(&mut self, octets: &[u8], at: u64) -> io::Result<()> {
        self.0.write_all_at(octets, at)
    }

    fn read(&self, into: &mut [u8], at: u64) -> io::Result<()> {
        self.0.read_exact_at(into, at)
    }
}

/// Everything that was told.
#[derive(Debug)]
pub struct Store {
    kept: RwLock<Kept<Nameless>>,
    /// How each source can be read once more, by its number.
    inputs: Mutex<Vec<Again>>,
    /// Rises with every change.
    generation: watch::Sender<u64>,
}

impl Store {
    /// An empty one.
    pub fn new(limits: Limits) -> Self {
        let kept = RwLock::new(Kept::within(limits));
        Self { kept, inputs: Mutex::default(), generation: watch::Sender::new(0) }
    }

    /// Begins a source; its lines follow.
    pub fn begin(&self, name: &str, kind: SourceKind) -> SourceId {
        self.change(|kept| kept.begin(name, kind))
    }

    /// How a source can be read again from now on; of what was dropped, only the latest.
    pub(crate) fn keep_input(&self, source: SourceId, again: Again) {
        let mut inputs = self.inputs();
        if inputs.len() <= source.place() {
            inputs.resize_with(source.place() + 1, Again::default);
        }
        inputs[source.place()] = again;
        let is_dropped = |again: &&mut Again| matches!(again, Again::Dropped(..));
        for oldest in inputs.iter_mut().rev().filter(is_dropped).skip(DROPPED_KEPT) {
            *oldest = Again::Never;
        }
    }

    /// Where a reset is to be looked for again, and what `of` makes of its source.
    pub(crate) fn again<T>(&self, id: u64, of: impl FnOnce(&Again) -> T) -> Option<(Connection, T)> {
        let (connection, source) = self.read().connection(id)?;
        let inputs = self.inputs();
        Some((connection, of(inputs.get(source.place()).unwrap_or(&Again::Never))))
    }

    /// Takes lines of the JSON contract; says how many of them are something else.
    ///
    /// # Errors
    /// When the disk has no room for them.
    pub fn take<'a>(&self, source: SourceId, lines: impl IntoIterator<Item = &'a str>) -> io::Result<u64> {
        self.change(|kept| kept.take(source, lines))
    }

    /// Replaces the incidents of a source: `whyrst.incident/1` lines.
    pub fn set_incidents(&self, source: SourceId, lines: Vec<String>) {
        self.change(|kept| kept.set_incidents(source, lines));
    }

    /// Says something about a source.
    pub fn remark(&self, source: SourceId, text: &str) {
        self.change(|kept| kept.remark(source, text));
    }

    /// A source that cannot go on.
    pub fn fail(&self, source: SourceId, cause: &str) {
        self.set_state(source, State::Failed { cause: cause.to_owned() });
    }

    /// A source that has said everything.
    pub fn finish(&self, source: SourceId) {
        self.set_state(source, State::Done);
    }

    pub(crate) fn set_state(&self, source: SourceId, state: State) {
        self.change(|kept| kept.set_state(source, state));
    }

    /// Rises with every change.
    pub(crate) fn generations(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    pub(crate) fn overview(&self) -> String {
        self.read().overview()
    }

    pub(crate) fn view(&self, filter: &Filter) -> View {
        self.read().view(filter)
    }

    pub(crate) fn page(&self, filter: &Filter, order: Order, slice: Slice) -> String {
        self.read().page(filter, order, slice)
    }

    /// The whole line of one reset.
    pub(crate) fn line(&self, id: u64) -> Option<io::Result<String>> {
        self.read().line(id)
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept<Nameless>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Kept<Nameless>) -> T) -> T {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let answer = change(&mut kept);
        let generation = kept.generation();
        drop(kept);
        // Another change may have been told already.
        self.generation.send_modify(|told| *told = generation.max(*told));
        answer
    }

    fn inputs(&self) -> MutexGuard<'_, Vec<Again>> {
        self.inputs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
