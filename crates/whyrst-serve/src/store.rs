//! Everything that was told: whole lines in files without a name, one small row of each in memory.
//!
//! Memory and disk are bounded: beyond [`Limits`] the oldest lines are forgotten, a segment of them at
//! a time, and that is counted and said.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::watch;
use whyrst_core::filter::Filter;

use crate::input::{self, Again, DROPPED_KEPT};
use crate::query::{self, Order, View};
use crate::row::{Names, Place, Row, RowObject, SourceId};

/// Rows of one segment.
const SEGMENT: usize = 50_000;
/// Orders of rows that are remembered: one for each page that scrolls.
const ORDERS: usize = 8;
/// Remarks kept of one source.
const REMARKS: usize = 100;
/// Incidents kept of one source: a person reads a dozen.
const INCIDENTS: usize = 1_000;

/// What may be kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Resets.
    pub rows: usize,
    /// Octets of their lines, on disk.
    pub octets: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: 1_000_000, octets: 8 << 30 }
    }
}

/// Where lines come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// Captures named on the command line.
    Capture,
    /// A capture dropped onto the page.
    Dropped,
    /// A file of JSON lines, written by `explain` or `watch`.
    Recording,
    /// This host.
    Live,
}

/// How far a source is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub(crate) enum State {
    /// It arrives, or is read: octets so far, and of how many where that is known.
    Arriving {
        octets: u64,
        of: Option<u64>,
    },
    Reading {
        octets: u64,
        of: Option<u64>,
    },
    /// It tells what happens now.
    Live,
    Done,
    Failed {
        cause: String,
    },
}

#[derive(Debug, Serialize)]
struct Source {
    name: String,
    kind: SourceKind,
    #[serde(flatten)]
    state: State,
    resets: u64,
    remarks: Vec<String>,
    /// Remarks that are not kept.
    more_remarks: u64,
    /// Its `whyrst.summary/1`, when it came.
    summary: Option<Box<RawValue>>,
    incidents: Vec<Box<RawValue>>,
    /// How its captures can be read once more.
    #[serde(skip)]
    again: Again,
}

/// Rows and the file that has their lines.
#[derive(Debug)]
struct Segment {
    rows: Vec<Row>,
    spool: File,
    octets: u64,
}

#[derive(Debug, Default)]
struct Kept {
    names: Names,
    segments: VecDeque<Segment>,
    /// Number of the first row that is kept.
    first: u64,
    /// Lines that were forgotten.
    forgotten: u64,
    places: HashMap<u64, u64>,
    sources: Vec<Source>,
    octets: u64,
}

/// What a remembered order belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Asked {
    generation: u64,
    filter: Filter,
    order: Order,
}

/// Everything that was told.
#[derive(Debug)]
pub struct Store {
    limits: Limits,
    kept: RwLock<Kept>,
    orders: Mutex<VecDeque<(Asked, Arc<Vec<u64>>)>>,
    /// Rises with every change.
    generation: watch::Sender<u64>,
}

/// What every page shows above the list.
#[derive(Serialize)]
struct Overview<'a> {
    version: &'static str,
    generation: u64,
    rows: u64,
    forgotten: u64,
    sources: &'a [Source],
}

/// Some rows of a list.
#[derive(Serialize)]
struct Page<'a> {
    generation: u64,
    rows: u64,
    offset: usize,
    /// Where the row that was looked for stands in the whole list.
    at: Option<usize>,
    list: Vec<RowObject<'a>>,
}

/// Which part of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice {
    pub(crate) offset: usize,
    pub(crate) limit: usize,
    /// A reset whose place is wanted as well.
    pub(crate) find: Option<u64>,
}

#[derive(Deserialize)]
struct Schema<'a> {
    schema: &'a str,
}

impl Store {
    /// An empty one.
    pub fn new(limits: Limits) -> Self {
        Self { limits, kept: RwLock::default(), orders: Mutex::default(), generation: watch::Sender::new(0) }
    }

    /// Begins a source; its lines follow.
    pub fn begin(&self, name: &str, kind: SourceKind) -> SourceId {
        let state = match kind {
            SourceKind::Live => State::Live,
            SourceKind::Dropped => State::Arriving { octets: 0, of: None },
            SourceKind::Capture | SourceKind::Recording => State::Reading { octets: 0, of: None },
        };
        let id = {
            let mut kept = self.write();
            kept.sources.push(Source {
                name: name.to_owned(),
                kind,
                state,
                resets: 0,
                remarks: Vec::new(),
                more_remarks: 0,
                summary: None,
                incidents: Vec::new(),
                again: Again::Never,
            });
            SourceId(kept.sources.len() - 1)
        };
        self.changed();
        id
    }

    /// How a source can be read again from now on; of what was dropped, only the latest.
    pub(crate) fn keep_input(&self, source: SourceId, again: Again) {
        let kept = &mut *self.write();
        if let Some(source) = kept.sources.get_mut(source.0) {
            source.again = again;
        }
        let is_dropped = |source: &&mut Source| matches!(source.again, Again::Dropped(..));
        for oldest in kept.sources.iter_mut().rev().filter(is_dropped).skip(DROPPED_KEPT) {
            oldest.again = Again::Never;
        }
    }

    /// Where a reset is to be looked for again, and what `of` makes of its source.
    pub(crate) fn again<T>(&self, id: u64, of: impl FnOnce(&Again) -> T) -> Option<(input::Place, T)> {
        let kept = self.read();
        let row = kept.row(*kept.places.get(&id)?)?;
        let source = kept.sources.get(row.told_by.0)?;
        Some((input::Place { client: row.client, server: row.server, time: row.time }, of(&source.again)))
    }

    /// Takes lines of the JSON contract; says how many of them are something else.
    ///
    /// # Errors
    /// When the disk has no room for them.
    pub fn take<'a>(&self, source: SourceId, lines: impl IntoIterator<Item = &'a str>) -> io::Result<u64> {
        let mut strange = 0;
        {
            let mut kept = self.write();
            for line in lines {
                strange += u64::from(!kept.take(source, line)?);
            }
            kept.forget_beyond(&self.limits);
        }
        self.changed();
        Ok(strange)
    }

    /// Replaces the incidents of a source: `whyrst.incident/1` lines.
    pub fn set_incidents(&self, source: SourceId, lines: Vec<String>) {
        let incidents = lines.into_iter().filter_map(|line| RawValue::from_string(line).ok()).collect();
        self.with(source, |source| source.incidents = incidents);
    }

    /// Says something about a source.
    pub fn remark(&self, source: SourceId, text: &str) {
        self.with(source, |source| {
            if source.remarks.len() < REMARKS {
                source.remarks.push(text.to_owned());
            } else {
                source.more_remarks += 1;
            }
        });
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
        self.with(source, |source| source.state = state);
    }

    /// Rises with every change.
    pub(crate) fn generations(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    pub(crate) fn overview(&self) -> String {
        let kept = self.read();
        let overview = Overview {
            version: env!("CARGO_PKG_VERSION"),
            generation: *self.generation.borrow(),
            rows: kept.rows(),
            forgotten: kept.forgotten,
            sources: &kept.sources,
        };
        serde_json::to_string(&overview).unwrap_or_default()
    }

    pub(crate) fn view(&self, filter: &Filter) -> View {
        let kept = self.read();
        query::view(kept.all().map(|(_, row)| row), filter, &kept.names)
    }

    /// `limit` rows from `offset` on, as JSON.
    pub(crate) fn page(&self, filter: &Filter, order: Order, slice: Slice) -> String {
        let Slice { offset, limit, find } = slice;
        let asked = Asked { generation: *self.generation.borrow(), filter: filter.clone(), order };
        let numbers = self.order(&asked);
        let kept = self.read();
        let found = find.and_then(|id| kept.places.get(&id));
        let at = found.and_then(|wanted| numbers.iter().position(|number| number == wanted));
        let slice = numbers.iter().skip(offset).take(limit);
        let list = slice.filter_map(|number| Some(kept.row(*number)?.object(&kept.names))).collect();
        let page = Page { generation: asked.generation, rows: numbers.len() as u64, offset, at, list };
        serde_json::to_string(&page).unwrap_or_default()
    }

    /// The whole line of one reset.
    pub(crate) fn line(&self, id: u64) -> Option<io::Result<String>> {
        let kept = self.read();
        let number = *kept.places.get(&id)?;
        let segment = kept.segments.get(kept.segment_of(number)?)?;
        let Place { offset, octets } = kept.row(number)?.place;
        let mut line = vec![0; octets as usize];
        let read = segment.spool.read_exact_at(&mut line, offset);
        Some(read.and_then(|()| String::from_utf8(line).map_err(io::Error::other)))
    }

    /// Sorted anew only when something changed.
    fn order(&self, asked: &Asked) -> Arc<Vec<u64>> {
        let known = lock(&self.orders).iter().find(|(other, _)| other == asked).map(|(_, order)| Arc::clone(order));
        known.unwrap_or_else(|| {
            let order = {
                let kept = self.read();
                Arc::new(query::sorted(kept.all(), &asked.filter, asked.order, &kept.names))
            };
            let mut orders = lock(&self.orders);
            orders.truncate(ORDERS - 1);
            orders.push_front((asked.clone(), Arc::clone(&order)));
            order
        })
    }

    fn with(&self, source: SourceId, change: impl FnOnce(&mut Source)) {
        if let Some(source) = self.write().sources.get_mut(source.0) {
            change(source);
        }
        self.changed();
    }

    fn changed(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }

    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Whether the line is one that is kept or shown.
    fn take(&mut self, source: SourceId, line: &str) -> io::Result<bool> {
        let Ok(Schema { schema }) = serde_json::from_str(line) else { return Ok(false) };
        match schema {
            "whyrst.reset/1" | "whyrst.failed-connect/1" => self.take_reset(source, line),
            "whyrst.incident/1" => Ok(self.take_object(source, line, |source, object| {
                if source.incidents.len() < INCIDENTS {
                    source.incidents.push(object);
                }
            })),
            "whyrst.summary/1" => Ok(self.take_object(source, line, |source, object| source.summary = Some(object))),
            "whyrst.watch/1" => Ok(true),
            _ => Ok(false),
        }
    }

    fn take_object(&mut self, source: SourceId, line: &str, put: impl FnOnce(&mut Source, Box<RawValue>)) -> bool {
        let object = RawValue::from_string(line.to_owned());
        match (self.sources.get_mut(source.0), object) {
            (Some(source), Ok(object)) => {
                put(source, object);
                true
            }
            _ => false,
        }
    }

    fn take_reset(&mut self, source: SourceId, line: &str) -> io::Result<bool> {
        let Ok(octets) = u32::try_from(line.len()) else { return Ok(false) };
        if self.segments.back().is_none_or(|segment| segment.rows.len() >= SEGMENT) {
            self.segments.push_back(Segment { rows: Vec::new(), spool: tempfile::tempfile()?, octets: 0 });
        }
        let number = self.first + self.rows();
        let Some(segment) = self.segments.back_mut() else { return Ok(false) };
        let place = Place { offset: segment.octets, octets };
        let Some(mut row) = Row::parse(line, &mut self.names, place, source) else { return Ok(false) };
        segment.spool.write_all_at(line.as_bytes(), segment.octets)?;
        segment.octets += u64::from(octets);
        self.octets += u64::from(octets);
        // The same connection twice in one moment: the second has a name of its own.
        while self.places.contains_key(&row.id) {
            row.id = row.id.wrapping_add(1);
        }
        self.places.insert(row.id, number);
        if let Some(source) = self.sources.get_mut(source.0) {
            source.resets += row.count;
        }
        segment.rows.push(row);
        Ok(true)
    }

    fn forget_beyond(&mut self, limits: &Limits) {
        let too_many = |kept: &Self| kept.rows() > limits.rows as u64 || kept.octets > limits.octets;
        while self.segments.len() > 1 && too_many(self) {
            let Some(oldest) = self.segments.pop_front() else { return };
            for row in &oldest.rows {
                self.places.remove(&row.id);
                self.forgotten += row.count;
            }
            self.first += oldest.rows.len() as u64;
            self.octets -= oldest.octets;
        }
    }

    fn rows(&self) -> u64 {
        let full = self.segments.len().saturating_sub(1) as u64 * SEGMENT as u64;
        full + self.segments.back().map_or(0, |segment| segment.rows.len() as u64)
    }

    fn all(&self) -> impl Iterator<Item = (u64, &Row)> {
        (self.first..).zip(self.segments.iter().flat_map(|segment| &segment.rows))
    }

    fn segment_of(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok().map(|at| at / SEGMENT)
    }

    fn row(&self, number: u64) -> Option<&Row> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.segments.get(at / SEGMENT)?.rows.get(at % SEGMENT)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
