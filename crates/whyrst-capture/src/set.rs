//! Several captures of one vantage, read as one: the files of a rotated capture, a directory, an
//! archive. The order of reading is the order of time, whatever the names are; files that were
//! recorded at the same time are merged frame by frame. What cannot be read is said, and the rest
//! is read.

mod findings;

use std::collections::HashMap;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use whyrst_core::observation::Interface;
use whyrst_core::time::Timestamp;

use crate::archive::{self, Location, Section, Stream};
use crate::capture::{Capture, Step};
use crate::chunk::Chunk;
use crate::container::Found;
use crate::counts::Counts;
use crate::error::{OpenError, ReadError};
use crate::filter::Filter;
use crate::link::LinkType;
use crate::note::Notes;
use crate::source::Stop;
use findings::{Begins, Findings, Item, Origin};

/// Captures that are being read as one.
///
/// ```no_run
/// use whyrst_capture::{CaptureSet, Step};
///
/// let mut set = CaptureSet::open(&["ring/", "later.pcap.xz"]);
/// loop {
///     match set.next() {
///         Ok(Step::Observation(seen)) => println!("{}:{}", set_name(seen.frame.file()), seen.frame),
///         Ok(Step::End) => break,
///         Ok(_) => {}
///         Err(error) => eprintln!("{error}"), // the other files are still read
///     }
/// }
/// # fn set_name(file: u32) -> u32 { file }
/// ```
#[derive(Debug)]
pub struct CaptureSet {
    items: Vec<Item>,
    /// Files that were not opened yet, the next one last.
    waiting: Vec<usize>,
    open: Vec<Open>,
    /// Which of `open` the last step came from.
    last: usize,
    closed: Vec<Reading>,
    closed_octets: u64,
    failures: Vec<OpenError>,
    others: Vec<OpenError>,
    options: Options,
    /// Archives that were read as far as somewhere, to be read on from there.
    archives: HashMap<Arc<Path>, Arc<Stream>>,
    /// An error that came after frames that were delivered.
    late_error: Option<ReadError>,
    /// Bytes of each file that may be read, by its number, when the set is read again.
    limits: Option<HashMap<u32, u64>>,
}

/// What every capture of the set is given when it is opened.
#[derive(Debug, Default)]
struct Options {
    patience: Option<Duration>,
    user_links: Vec<(LinkType, LinkType)>,
    filter: Option<Arc<Filter>>,
    stop: Stop,
}

#[derive(Debug)]
struct Open {
    capture: Capture,
    item: usize,
    /// What comes next in it, found but not yet delivered.
    ahead: Option<Found>,
    /// One more than the highest number of its interfaces can be known when it is closed.
    first_interface: u16,
}

/// What was read of one file.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Number of the file: its place in [`CaptureSet::names`].
    pub file: u32,
    /// What was counted.
    pub counts: Counts,
    /// What must be said.
    pub notes: Notes,
    /// Bytes of the (decompressed) capture.
    pub octets: u64,
}

/// Bytes of a chunk whose frames are copied into it, and frames.
const COPIED: usize = 256 * 1024;
const COPIED_FRAMES: usize = 4_096;
/// Captures that overlap beyond this number are not merged but read one after the other.
const MAX_OPEN: usize = 32;

impl CaptureSet {
    /// Looks at all `paths`: files, named pipes, directories (recursively), tar archives (also
    /// compressed) and zip archives; `-` is standard input. Never fails as a whole:
    /// [`Self::failures`] says what cannot be read. A single file is not opened before it is read.
    pub fn open<P: AsRef<Path>>(paths: &[P]) -> Self {
        Self::of(Findings::of(paths))
    }

    fn of(Findings { items, failures, others }: Findings) -> Self {
        let mut waiting: Vec<usize> = (0..items.len()).collect();
        let key = |&at: &usize| (items[at].begins, &items[at].name);
        waiting.sort_by(|a, b| key(b).cmp(&key(a)));
        Self {
            items,
            waiting,
            open: Vec::new(),
            last: 0,
            closed: Vec::new(),
            closed_octets: 0,
            failures,
            others,
            options: Options::default(),
            archives: HashMap::new(),
            late_error: None,
            limits: None,
        }
    }

    /// One capture that is read from `reader`, waiting for it where need be, and called `name`.
    pub fn from_reader(reader: impl Read + Send + 'static, name: &str) -> Result<Self, OpenError> {
        let capture = Capture::from_reader(reader, name, 0)?;
        let item = Item { name: name.to_owned(), origin: Origin::Reader, begins: Begins::Unknown };
        let mut set = Self::of(Findings { items: vec![item], ..Findings::default() });
        set.waiting.clear();
        set.open.push(Open { capture, item: 0, ahead: None, first_interface: 0 });
        Ok(set)
    }

    /// What comes next in the order of time. After an error the other files can still be read.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend from its own buffer")]
    pub fn next(&mut self) -> Result<Step<'_>, ReadError> {
        let Some(at) = self.earliest()? else { return Ok(Step::End) };
        let open = &mut self.open[at];
        Ok(match open.ahead.take() {
            Some(found) => open.capture.deliver(found),
            None => Step::Idle,
        })
    }

    /// Fills `chunk` with the frames that come next, in the same order; false at the end of all. For
    /// sets that are not live. After an error the other files can still be read.
    pub fn next_chunk(&mut self, chunk: &mut Chunk) -> Result<bool, ReadError> {
        chunk.held.clear();
        if let Some(error) = self.late_error.take() {
            return Err(error);
        }
        let Some(at) = self.earliest()? else { return Ok(false) };
        if let ([open], true) = (self.open.as_mut_slice(), self.waiting.is_empty()) {
            let found = open.ahead.take().unwrap_or(Found::Idle);
            open.capture.fill(found, chunk)?;
            chunk.ahead = open.capture.ahead();
        } else {
            chunk.ahead = None;
            self.copy_into(chunk, at);
        }
        chunk.position = self.position();
        Ok(true)
    }

    /// Frame by frame: the next one may be another file's.
    fn copy_into(&mut self, chunk: &mut Chunk, mut at: usize) {
        chunk.buffer.clear();
        loop {
            let open = &mut self.open[at];
            if let Some(Found::Record(place)) = open.ahead.take() {
                open.capture.hold_copy(place, chunk);
            }
            if chunk.buffer.len() >= COPIED || chunk.held.len() >= COPIED_FRAMES {
                return;
            }
            match self.earliest() {
                Ok(Some(next)) => at = next,
                Ok(None) => return,
                Err(error) => {
                    self.late_error = Some(error);
                    return;
                }
            }
        }
    }

    /// The same captures to be read once more, as far as they were read; `None` when that is not
    /// possible, or dearer than to follow everything at once.
    pub fn again(&self) -> Option<Self> {
        let items = self.items.iter().map(Item::again).collect::<Option<Vec<_>>>()?;
        let mut again = Self::of(Findings { items, ..Findings::default() });
        again.options.user_links.clone_from(&self.options.user_links);
        again.options.filter.clone_from(&self.options.filter);
        again.limits = Some(self.readings().map(|reading| (reading.file, reading.octets)).collect());
        Some(again)
    }

    /// Whether there is a pipe or a device among them, which may fall silent ([`Step::Idle`]).
    pub fn may_fall_silent(&self) -> bool {
        self.items.iter().any(Item::may_fall_silent)
    }

    /// Whether [`Self::again`] would find all captures: files that are plain, or cheap to unpack.
    pub fn can_be_read_again(&self) -> bool {
        self.items.iter().all(Item::is_cheap_to_read_again)
    }

    /// Names of the files, by the number in [`Frame::file`](whyrst_core::observation::Frame::file):
    /// in the order in which they were given or found.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.items.iter().map(|item| item.name.as_str())
    }

    /// The files on disk that are read; `-` is standard input.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.items.iter().filter_map(|item| match &item.origin {
            Origin::StandardInput => Some(Path::new("-")),
            Origin::File(path) => Some(path.as_path()),
            Origin::Member { archive, .. } => Some(archive),
            Origin::Reader => None,
        })
    }

    /// What was named and could not be read, or not wholly. More may come while the set is read.
    pub fn failures(&self) -> &[OpenError] {
        &self.failures
    }

    /// Files in directories and archives that are no captures.
    pub fn others(&self) -> &[OpenError] {
        &self.others
    }

    /// What was read of each file so far, in the order of reading.
    pub fn readings(&self) -> impl Iterator<Item = Reading> {
        self.closed.iter().cloned().chain(self.open.iter().map(Open::reading))
    }

    /// What was counted in all files so far.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        self.closed.iter().for_each(|reading| sum += &reading.counts);
        self.open.iter().for_each(|open| sum += open.capture.counts());
        sum
    }

    /// How many bytes of the (decompressed) captures have been read.
    pub fn position(&self) -> u64 {
        self.closed_octets + self.open.iter().map(|open| open.capture.position()).sum::<u64>()
    }

    /// Whether what is read now is a pipe or a device, which may fall silent ([`Step::Idle`]).
    pub fn is_live(&self) -> bool {
        self.open.iter().any(|open| open.capture.is_live())
    }

    /// How long a live source may be silent before [`Step::Idle`].
    pub fn idle_after(&mut self, patience: Duration) {
        self.options.patience = Some(patience);
        self.open.iter_mut().for_each(|open| open.capture.idle_after(patience));
    }

    /// Frames of `user`, one of `USER0` to `USER15`, are frames of `link`. To be said before the first step.
    pub fn treat_user_link_as(&mut self, user: LinkType, link: LinkType) {
        self.options.user_links.push((user, link));
        self.open.iter_mut().for_each(|open| open.capture.treat_user_link_as(user, link));
    }

    /// What `filter` leaves out is passed over. To be said before the first step.
    pub fn look_only_at(&mut self, filter: Filter) {
        let filter = Some(Arc::new(filter));
        self.open.iter_mut().for_each(|open| open.capture.look_only_at(filter.clone()));
        self.options.filter = filter;
    }

    /// Nobody waits for a pipe to begin when `stop` is wanted. To be said before the first step.
    pub fn stop_waiting(&mut self, stop: Stop) {
        self.options.stop = stop;
    }

    /// In the order of reading: of when they begin.
    pub(crate) fn order_of_reading(&self) -> impl Iterator<Item = u32> {
        self.waiting.iter().rev().filter_map(|at| u32::try_from(*at).ok())
    }

    /// Opens one of them by its number, whatever else is open.
    pub(crate) fn open_alone(&mut self, file: u32) -> Result<Capture, OpenError> {
        self.open_item(file as usize)
    }

    /// The open capture whose next step is due; `None` at the end of all.
    #[inline]
    fn earliest(&mut self) -> Result<Option<usize>, ReadError> {
        loop {
            if let Some(last) = self.open.get_mut(self.last)
                && last.ahead.is_none()
            {
                last.ahead = match last.capture.find() {
                    Ok(Found::Idle) => return Ok(Some(self.last)),
                    Ok(Found::End) => {
                        self.close(self.last);
                        continue;
                    }
                    Ok(found) => Some(found),
                    Err(error) => {
                        self.close(self.last);
                        return Err(error);
                    }
                };
            }
            let first = match self.open.as_slice() {
                [_] => Some(0),
                several => (0..several.len()).min_by_key(|&at| several[at].time()),
            };
            match first {
                None if self.waiting.is_empty() => return Ok(None),
                Some(at) if !self.another_begins_before(self.open[at].time()) => {
                    self.last = at;
                    return Ok(Some(at));
                }
                _ => self.open_next(),
            }
        }
    }

    /// Whether a file that is not open begins before `time`, and there is room for it.
    #[inline]
    fn another_begins_before(&self, time: Timestamp) -> bool {
        self.waiting.last().is_some_and(|&at| {
            self.open.len() < MAX_OPEN
                && match self.items[at].begins {
                    Begins::Never => true,
                    Begins::At(begin) => begin < time,
                    Begins::Unknown => false,
                }
        })
    }

    /// Opens the next file that can be opened, and makes it the last.
    #[cold]
    fn open_next(&mut self) {
        let Some(item) = self.waiting.pop() else { return };
        match self.open_item(item) {
            Ok(mut capture) => {
                let first_interface = self.free_interface();
                capture.number_interfaces_from(Interface(first_interface));
                if let Some(patience) = self.options.patience {
                    capture.idle_after(patience);
                }
                for (user, link) in &self.options.user_links {
                    capture.treat_user_link_as(*user, *link);
                }
                capture.look_only_at(self.options.filter.clone());
                self.last = self.open.len();
                self.open.push(Open { capture, item, ahead: None, first_interface });
            }
            Err(error) => self.failures.push(error),
        }
    }

    fn open_item(&mut self, at: usize) -> Result<Capture, OpenError> {
        // Checked against the limit of files when they were found.
        let file = u32::try_from(at).unwrap_or(u32::MAX);
        let item = &self.items[at];
        let name = || item.name.clone();
        match &item.origin {
            Origin::StandardInput => Capture::stdin_or_stop(file, &self.options.stop),
            Origin::Reader => Err(OpenError::Io { name: name(), cause: std::io::Error::other("it was read already") }),
            Origin::File(path) => match &self.limits {
                Some(limits) => Capture::open_again(path, file, limits.get(&file).copied().unwrap_or(0)),
                None => Capture::open_or_stop(path, file, &self.options.stop),
            },
            Origin::Member { archive, location: Location::Zip(entry) } => archive::open_zipped(archive, entry)
                .map_err(|cause| OpenError::Io { name: name(), cause })
                .and_then(|content| Capture::from_source(content, name(), file)),
            Origin::Member { archive, location: Location::Tar(range) } => {
                let content = reach(&mut self.archives, archive, range.clone())
                    .map_err(|cause| OpenError::Archive { name: name(), after: 0, cause })?;
                Capture::from_source(Box::new(content), name(), file)
            }
        }
    }

    /// Files that were recorded one after the other share the numbers of their interfaces; files
    /// that overlap do not: the same packet in both is not sent twice.
    fn free_interface(&self) -> u16 {
        self.open.iter().map(Open::end_of_interfaces).max().unwrap_or(0)
    }

    #[cold]
    fn close(&mut self, at: usize) {
        let open = self.open.swap_remove(at);
        self.closed_octets += open.capture.position();
        self.closed.push(open.reading());
        // All others have found what comes next in them.
        self.last = 0;
    }
}

impl Open {
    /// A frame without a time is due at once.
    #[inline]
    fn time(&self) -> Timestamp {
        match &self.ahead {
            Some(Found::Record(place)) => place.time,
            _ => Timestamp::from_nanos(i64::MIN),
        }
    }

    fn reading(&self) -> Reading {
        let file = u32::try_from(self.item).unwrap_or(u32::MAX);
        Reading {
            file,
            counts: self.capture.counts().clone(),
            notes: self.capture.notes().clone(),
            octets: self.capture.position(),
        }
    }

    /// Room for interfaces that are described later in the file.
    fn end_of_interfaces(&self) -> u16 {
        const ROOM: u16 = 256;
        self.first_interface.saturating_add(ROOM)
    }
}

/// The content at `range` of the tar `path`: read on from where a compressed archive was left, or, when
/// it is further on or still being read, from its beginning.
fn reach(
    archives: &mut HashMap<Arc<Path>, Arc<Stream>>,
    path: &Arc<Path>,
    range: Range<u64>,
) -> std::io::Result<Section> {
    let parked = archives.remove(path).filter(|stream| stream.reaches(range.start));
    let stream = match parked {
        Some(stream) => stream,
        None => Arc::new(Stream::open(path)?),
    };
    stream.skip_to(range.start)?;
    archives.insert(Arc::clone(path), Arc::clone(&stream));
    Ok(Section::new(&stream, range))
}
