//! Everything that was told: whole lines in spools, one small row of each in memory.
//!
//! Both are bounded: beyond [`Limits`] the oldest lines are forgotten, a segment of them at a time, and that is
//! counted and said.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use whyrst_core::filter::Filter;
use whyrst_model::time::Timestamp;

use crate::query::{self, Order, View};
use crate::row::{Names, Place, Row, RowObject, SourceId};

/// Segments that the rows are kept in when there are as many as may be kept.
const SEGMENTS: usize = 20;
/// Orders of rows that are remembered: one for each page that scrolls.
const ORDERS: usize = 8;
/// Remarks kept of one source.
const REMARKS: usize = 100;
/// Incidents kept of one source: a person reads a dozen.
const INCIDENTS: usize = 1_000;

/// Where whole lines lie, one behind the other.
pub trait Spool: Sized {
    /// An empty one.
    ///
    /// # Errors
    /// When there is no room for it.
    fn begin() -> io::Result<Self>;

    /// Takes `octets` behind all that it has, which are so many: `at`.
    ///
    /// # Errors
    /// When there is no room for them.
    fn append(&mut self, octets: &[u8], at: u64) -> io::Result<()>;

    /// Gives what lies at `at` again.
    ///
    /// # Errors
    /// When it is not there any more.
    fn read(&self, into: &mut [u8], at: u64) -> io::Result<()>;
}

/// What may be kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Resets.
    pub rows: usize,
    /// Octets of their lines.
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
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum State {
    /// It arrives.
    Arriving {
        /// Octets so far.
        octets: u64,
        /// Of how many, where that is known.
        of: Option<u64>,
    },
    /// It is read.
    Reading {
        /// Octets so far.
        octets: u64,
        /// Of how many, where that is known.
        of: Option<u64>,
    },
    /// It tells what happens now.
    Live,
    /// It has said everything.
    Done,
    /// It cannot go on.
    Failed {
        /// Why not.
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
}

/// Rows and the spool that has their lines.
#[derive(Debug)]
struct Segment<S> {
    rows: Vec<Row>,
    spool: S,
    octets: u64,
}

/// Everything that was told.
#[derive(Debug)]
pub struct Kept<S> {
    limits: Limits,
    /// Rows of one segment.
    segment: usize,
    /// Rises with every change.
    generation: u64,
    orders: Mutex<VecDeque<(Asked, Arc<Vec<u64>>)>>,
    names: Names,
    segments: VecDeque<Segment<S>>,
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
pub struct Slice {
    /// The first row.
    pub offset: usize,
    /// So many rows.
    pub limit: usize,
    /// A reset whose place is wanted as well.
    pub find: Option<u64>,
}

/// A connection to be looked for again in its capture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connection {
    /// One end.
    pub client: SocketAddr,
    /// The other.
    pub server: SocketAddr,
    /// When its reset or its failed connect was told.
    pub time: Timestamp,
}

#[derive(Deserialize)]
struct Schema<'a> {
    schema: &'a str,
}

impl<S: Spool> Kept<S> {
    /// An empty one.
    pub fn within(limits: Limits) -> Self {
        Self {
            limits,
            segment: limits.rows.div_ceil(SEGMENTS).max(1),
            generation: 0,
            orders: Mutex::default(),
            names: Names::default(),
            segments: VecDeque::new(),
            first: 0,
            forgotten: 0,
            places: HashMap::new(),
            sources: Vec::new(),
            octets: 0,
        }
    }

    /// Rises with every change.
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Begins a source; its lines follow.
    pub fn begin(&mut self, name: &str, kind: SourceKind) -> SourceId {
        let state = match kind {
            SourceKind::Live => State::Live,
            SourceKind::Dropped => State::Arriving { octets: 0, of: None },
            SourceKind::Capture | SourceKind::Recording => State::Reading { octets: 0, of: None },
        };
        self.sources.push(Source {
            name: name.to_owned(),
            kind,
            state,
            resets: 0,
            remarks: Vec::new(),
            more_remarks: 0,
            summary: None,
            incidents: Vec::new(),
        });
        self.generation += 1;
        SourceId::of(self.sources.len() - 1)
    }

    /// Takes lines of the JSON contract; says how many of them are something else.
    ///
    /// # Errors
    /// When there is no room for them.
    pub fn take<'a>(&mut self, source: SourceId, lines: impl IntoIterator<Item = &'a str>) -> io::Result<u64> {
        let mut strange = 0;
        for line in lines {
            strange += u64::from(!self.take_line(source, line)?);
        }
        self.forget_beyond();
        self.generation += 1;
        Ok(strange)
    }

    /// Replaces the incidents of a source: `whyrst.incident/1` lines.
    pub fn set_incidents(&mut self, source: SourceId, lines: Vec<String>) {
        let incidents = lines.into_iter().filter_map(|line| RawValue::from_string(line).ok()).collect();
        self.with(source, |source| source.incidents = incidents);
    }

    /// Says something about a source.
    pub fn remark(&mut self, source: SourceId, text: &str) {
        self.with(source, |source| {
            if source.remarks.len() < REMARKS {
                source.remarks.push(text.to_owned());
            } else {
                source.more_remarks += 1;
            }
        });
    }

    /// Says how far a source is.
    pub fn set_state(&mut self, source: SourceId, state: State) {
        self.with(source, |source| source.state = state);
    }

    /// What every page shows above the list, as JSON.
    pub fn overview(&self) -> String {
        let overview = Overview {
            version: env!("CARGO_PKG_VERSION"),
            generation: self.generation,
            rows: self.rows(),
            forgotten: self.forgotten,
            sources: &self.sources,
        };
        serde_json::to_string(&overview).unwrap_or_default()
    }

    /// What the rows that fit have in common.
    pub fn view(&self, filter: &Filter) -> View {
        query::view(self.all().map(|(_, row)| row), filter, &self.names)
    }

    /// `limit` rows from `offset` on, as JSON.
    pub fn page(&self, filter: &Filter, order: Order, slice: Slice) -> String {
        let Slice { offset, limit, find } = slice;
        let asked = Asked { generation: self.generation, filter: filter.clone(), order };
        let numbers = self.order(&asked);
        let found = find.and_then(|id| self.places.get(&id));
        let at = found.and_then(|wanted| numbers.iter().position(|number| number == wanted));
        let slice = numbers.iter().skip(offset).take(limit);
        let list = slice.filter_map(|number| Some(self.row(*number)?.object(&self.names))).collect();
        let page = Page { generation: asked.generation, rows: numbers.len() as u64, offset, at, list };
        serde_json::to_string(&page).unwrap_or_default()
    }

    /// The whole line of one reset.
    pub fn line(&self, id: u64) -> Option<io::Result<String>> {
        let number = *self.places.get(&id)?;
        let segment = self.segments.get(self.segment_of(number)?)?;
        let Place { offset, octets } = self.row(number)?.place;
        let mut line = vec![0; octets as usize];
        let read = segment.spool.read(&mut line, offset);
        Some(read.and_then(|()| String::from_utf8(line).map_err(io::Error::other)))
    }

    /// Where a reset is to be looked for again: its connection, and who told it.
    pub fn connection(&self, id: u64) -> Option<(Connection, SourceId)> {
        let row = self.row(*self.places.get(&id)?)?;
        Some((Connection { client: row.client, server: row.server, time: row.time }, row.told_by))
    }

    /// Sorted anew only when something changed.
    fn order(&self, asked: &Asked) -> Arc<Vec<u64>> {
        let known = lock(&self.orders).iter().find(|(other, _)| other == asked).map(|(_, order)| Arc::clone(order));
        known.unwrap_or_else(|| {
            let order = Arc::new(query::sorted(self.all(), &asked.filter, asked.order, &self.names));
            let mut orders = lock(&self.orders);
            orders.truncate(ORDERS - 1);
            orders.push_front((asked.clone(), Arc::clone(&order)));
            order
        })
    }

    fn with(&mut self, source: SourceId, change: impl FnOnce(&mut Source)) {
        if let Some(source) = self.sources.get_mut(source.place()) {
            change(source);
        }
        self.generation += 1;
    }

    /// Whether the line is one that is kept or shown.
    fn take_line(&mut self, source: SourceId, line: &str) -> io::Result<bool> {
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
        match (self.sources.get_mut(source.place()), object) {
            (Some(source), Ok(object)) => {
                put(source, object);
                true
            }
            _ => false,
        }
    }

    fn take_reset(&mut self, source: SourceId, line: &str) -> io::Result<bool> {
        let Ok(octets) = u32::try_from(line.len()) else { return Ok(false) };
        if self.segments.back().is_none_or(|segment| segment.rows.len() >= self.segment) {
            self.segments.push_back(Segment { rows: Vec::new(), spool: S::begin()?, octets: 0 });
        }
        let number = self.first + self.rows();
        let Some(segment) = self.segments.back_mut() else { return Ok(false) };
        let place = Place { offset: segment.octets, octets };
        let Some(mut row) = Row::parse(line, &mut self.names, place, source) else { return Ok(false) };
        segment.spool.append(line.as_bytes(), segment.octets)?;
        segment.octets += u64::from(octets);
        self.octets += u64::from(octets);
        // The same connection twice in one moment: the second has a name of its own.
        while self.places.contains_key(&row.id) {
            row.id = row.id.wrapping_add(1);
        }
        self.places.insert(row.id, number);
        if let Some(source) = self.sources.get_mut(source.place()) {
            source.resets += row.count;
        }
        segment.rows.push(row);
        Ok(true)
    }

    fn forget_beyond(&mut self) {
        let limits = self.limits;
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
        let full = self.segments.len().saturating_sub(1) as u64 * self.segment as u64;
        full + self.segments.back().map_or(0, |segment| segment.rows.len() as u64)
    }

    fn all(&self) -> impl Iterator<Item = (u64, &Row)> {
        (self.first..).zip(self.segments.iter().flat_map(|segment| &segment.rows))
    }

    fn segment_of(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok().map(|at| at / self.segment)
    }

    fn row(&self, number: u64) -> Option<&Row> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.segments.get(at / self.segment)?.rows.get(at % self.segment)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::identity;

    impl Spool for Vec<u8> {
        fn begin() -> io::Result<Self> {
            Ok(Self::new())
        }

        fn append(&mut self, octets: &[u8], at: u64) -> io::Result<()> {
            assert_eq!(at, self.len() as u64);
            self.extend(octets);
            Ok(())
        }

        fn read(&self, into: &mut [u8], at: u64) -> io::Result<()> {
            let at = usize::try_from(at).map_err(io::Error::other)?;
            into.copy_from_slice(&self[at..at + into.len()]);
            Ok(())
        }
    }

    fn line(second: u32) -> String {
        include_str!("../tests/reset.json")
            .trim_end()
            .replace("2026-01-01T00:00:00", &format!("2026-01-01T00:00:{second:02}"))
    }

    #[test]
    fn the_oldest_rows_are_forgotten_and_counted_and_the_others_are_found() {
        let mut kept: Kept<Vec<u8>> = Kept::within(Limits { rows: 20, octets: u64::MAX });
        let source = kept.begin("a.pcap", SourceKind::Capture);
        let lines: Vec<String> = (0..30).map(line).collect();
        assert_eq!(kept.take(source, lines.iter().map(String::as_str)).expect("memory"), 0);
        assert_eq!((kept.rows(), kept.forgotten), (20, 10));
        let page =
            kept.page(&Filter::parse("").expect("a filter"), Order::Oldest, Slice { offset: 0, limit: 1, find: None });
        let page: serde_json::Value = serde_json::from_str(&page).expect("JSON");
        let id = identity(page["list"][0]["id"].as_str().expect("an id")).expect("an id");
        assert_eq!(kept.line(id).expect("it is kept").expect("it is read"), lines[10]);
        let (connection, told_by) = kept.connection(id).expect("it is kept");
        assert_eq!((connection.server.port(), told_by), (8888, source));
    }

    #[test]
    fn what_is_no_line_of_the_contract_is_counted() {
        let mut kept: Kept<Vec<u8>> = Kept::within(Limits::default());
        let source = kept.begin("a.jsonl", SourceKind::Recording);
        let strange = kept.take(source, ["", "{", r#"{"schema":"whyrst.reset/1"}"#, r#"{"schema":"other/1"}"#]);
        assert_eq!((strange.expect("memory"), kept.rows()), (4, 0));
    }
}
