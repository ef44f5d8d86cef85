//! One capture, frame by frame: what the rest of whyrst sees of this crate.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use whyrst_core::observation::{Frame, Interface, Observation, Seen};
use whyrst_core::time::Timestamp;

use crate::ahead::{Blocks, ReadAhead};
use crate::chunk::{Chunk, Held};
use crate::compression::Compression;
use crate::container::{Container, Found, InterfaceInfo, Ledger, RawRecord};
use crate::cooked::Cooked;
use crate::counts::{Counts, Reason};
use crate::dissect;
use crate::error::{OpenError, ReadError};
use crate::filter::Filter;
use crate::fragments::Fragments;
use crate::ip;
use crate::link::{LinkType, UserLinks, cooked_interface, ip_offset};
use crate::note::{Note, Notes};
use crate::printed;
use crate::record::Record;
use crate::source::{Opened, Source, Stop, Waiting};
use crate::system;
use crate::unpack::unpacked;
use crate::window::Window;

/// A capture that is being read.
pub struct Capture {
    name: String,
    file: u32,
    /// Number of the file's first interface within the set of files.
    first_interface: u16,
    window: Window,
    container: Container,
    ledger: Ledger,
    cooked: Cooked,
    fragments: Fragments,
    compression: Option<Compression>,
    live: bool,
    /// Bytes of the file when it was opened; `None` where that means nothing.
    expected: Option<u64>,
    /// What frames of the link layers for private use are.
    user_links: UserLinks,
    filter: Option<Filtering>,
    ahead: Option<ReadAhead>,
}

/// What comes next in a capture.
#[derive(Debug)]
pub enum Step<'a> {
    /// Something about TCP.
    Observation(Observation<'a>),
    /// A frame that shows nothing about TCP, or not enough.
    PassedOver(Frame, Reason),
    /// A live source had nothing for a while. Ask again.
    Idle,
    /// The capture is over.
    End,
}

/// As [`Step`], before the frame is taken apart.
#[derive(Debug)]
pub enum Pulled<'a> {
    /// A frame.
    Record(Record<'a>),
    /// A record that holds no frame that could be read.
    PassedOver(Frame, Reason),
    /// A live source had nothing for a while. Ask again.
    Idle,
    /// The capture is over.
    End,
}

/// What is looked at.
#[derive(Debug)]
struct Filtering {
    filter: Arc<Filter>,
    /// Of what was taken apart for the filter alone.
    counts: Counts,
}

/// Of a smaller file nothing is left to be read ahead.
const WORTH_READING_AHEAD: u64 = 1024 * 1024;

/// Bytes of a file when it was opened; `None` where that means nothing.
fn size(opened: &File) -> Option<u64> {
    opened.metadata().ok().filter(Metadata::is_file).map(|data| data.len())
}

impl Capture {
    /// Opens the file at `path`, number `file` of a set. A named pipe is read as it grows.
    pub fn open(path: &Path, file: u32) -> Result<Self, OpenError> {
        Self::open_or_stop(path, file, &Stop::default())
    }

    /// The same; a named pipe is waited for until `stop` is wanted.
    pub(crate) fn open_or_stop(path: &Path, file: u32, stop: &Stop) -> Result<Self, OpenError> {
        let name = path.display().to_string();
        let opened = system::open(path).map_err(|cause| match cause.kind() {
            io::ErrorKind::IsADirectory => OpenError::Directory { name: name.clone() },
            _ => OpenError::Io { name: name.clone(), cause },
        })?;
        let opened = match opened {
            Opened::File(opened) => opened,
            Opened::Live(opened) => return Self::begin_live(opened, name, file, stop),
        };
        let expected = size(&opened);
        let mut capture = Self::begin_file(opened, name, file, u64::MAX)?;
        capture.expected = expected.filter(|_| capture.compression.is_none() && !capture.is_text());
        Ok(capture)
    }

    /// Opens a file once more and reads no more than the (decompressed) `bytes` that were read of it
    /// before: it may have grown.
    pub(crate) fn open_again(path: &Path, file: u32, octets: u64) -> Result<Self, OpenError> {
        let name = path.display().to_string();
        match system::open(path) {
            Ok(Opened::File(opened)) => Self::begin_file(opened, name, file, octets),
            Ok(Opened::Live(opened)) => Self::begin_in(Window::new(opened), name, file, false, octets),
            Err(cause) => Err(OpenError::Io { name, cause }),
        }
    }

    /// Reads `most` bytes at most. A file that is worth it is read ahead.
    fn begin_file(opened: File, name: String, file: u32, most: u64) -> Result<Self, OpenError> {
        if size(&opened).is_none_or(|bytes| bytes < WORTH_READING_AHEAD) {
            return Self::begin_in(Window::new(Box::new(Waiting(opened))), name, file, false, most);
        }
        let blocks = Blocks::of(opened);
        let ahead = blocks.ahead();
        let capture = Self::begin_in(Window::new(Box::new(blocks)), name, file, false, most)?;
        // What is unpacked or printed is read by whoever does that.
        let is_plain = capture.compression.is_none() && !capture.is_text();
        Ok(Self { ahead: is_plain.then_some(ahead), ..capture })
    }

    /// What reads this capture ahead, where that is possible.
    pub(crate) fn ahead(&self) -> Option<ReadAhead> {
        self.ahead.clone()
    }

    /// Reads a capture from `reader`, waiting for it where need be.
    pub fn from_reader(
        reader: impl Read + Send + 'static,
        name: impl Into<String>,
        file: u32,
    ) -> Result<Self, OpenError> {
        Self::begin(Box::new(Waiting(reader)), name.into(), file)
    }

    /// Reads a capture from standard input as it grows.
    pub fn stdin(file: u32) -> Result<Self, OpenError> {
        Self::stdin_or_stop(file, &Stop::default())
    }

    /// The same; its beginning is waited for until `stop` is wanted.
    pub(crate) fn stdin_or_stop(file: u32, stop: &Stop) -> Result<Self, OpenError> {
        let name = "standard input".to_owned();
        match system::standard_input() {
            Ok(input) => Self::begin_live(input, name, file, stop),
            Err(cause) => Err(OpenError::Io { name, cause }),
        }
    }

    /// Reads a capture from the content of a file in an archive.
    pub(crate) fn from_source(source: Box<dyn Source>, name: String, file: u32) -> Result<Self, OpenError> {
        Self::begin(source, name, file)
    }

    fn begin(source: Box<dyn Source>, name: String, file: u32) -> Result<Self, OpenError> {
        Self::begin_in(Window::new(source), name, file, false, u64::MAX)
    }

    fn begin_live(source: Box<dyn Source>, name: String, file: u32, stop: &Stop) -> Result<Self, OpenError> {
        let mut window = Window::new(source);
        window.stop = stop.clone();
        Self::begin_in(window, name, file, true, u64::MAX)
    }

    /// Reads `most` bytes at most, when they are decompressed.
    fn begin_in(mut window: Window, name: String, file: u32, live: bool, most: u64) -> Result<Self, OpenError> {
        let io_error = |cause| OpenError::Io { name: name.clone(), cause };
        let stop = window.stop.clone();
        window.wait_for(4).map_err(io_error)?;
        let compression = Compression::of(window.ahead());
        if let Some(kind) = compression {
            window = Window::new(unpacked(kind, window, live).map_err(io_error)?);
            window.stop = stop;
        }
        let mut ledger = Ledger::default();
        window.wait_for(1).map_err(io_error)?;
        let text =
            if Container::begins(window.ahead()) { None } else { printed::recognise(&mut window).map_err(io_error)? };
        let container = if let Some(text) = text {
            let stop = window.stop.clone();
            window = Window::new(Box::new(printed::Reading::new(window, text)));
            window.stop = stop;
            window.end_after(most);
            Container::text(&mut ledger)
        } else {
            window.end_after(most);
            Container::open(&mut window, &name, &mut ledger)?
        };
        Ok(Self {
            name,
            file,
            first_interface: 0,
            window,
            container,
            ledger,
            cooked: Cooked::default(),
            fragments: Fragments::default(),
            compression,
            live,
            expected: None,
            user_links: UserLinks::default(),
            filter: None,
            ahead: None,
        })
    }

    /// How long a live source may be silent before [`Step::Idle`]; a quarter of a second at first.
    pub fn idle_after(&mut self, patience: Duration) {
        self.window.patience = patience;
    }

    /// Numbers the interfaces of this file from `first` on, for a set of several files.
    pub fn number_interfaces_from(&mut self, first: Interface) {
        self.first_interface = first.0;
    }

    /// Frames of `user`, a link layer for private use (`USER0` to `USER15`), are frames of `link`.
    pub fn treat_user_link_as(&mut self, user: LinkType, link: LinkType) {
        self.user_links.set(user, link);
    }

    /// What `filter` leaves out is passed over.
    pub(crate) fn look_only_at(&mut self, filter: Option<Arc<Filter>>) {
        self.filter = filter.map(|filter| Filtering { filter, counts: Counts::default() });
    }

    /// Whether the filter leaves this frame out. What no filter can judge, because it is a fragment
    /// or shows no TCP, goes its usual way.
    fn is_left_out(&mut self, place: &RawRecord) -> bool {
        let Some(Filtering { filter, counts }) = &mut self.filter else { return false };
        let offset = ip_offset(place.link, self.window.taken(place.frame.clone())).ok();
        let Some(bytes) = offset.and_then(|offset| self.window.taken(place.frame.clone()).get(offset..)) else {
            return false;
        };
        !ip::is_fragment(bytes)
            && dissect::packet(bytes, place.original as usize, counts)
                .is_ok_and(|seen| !filter.matches(&seen, place.original))
    }

    /// What comes next. After the end, the end comes again.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend from its own buffer")]
    pub fn next(&mut self) -> Result<Step<'_>, ReadError> {
        let found = self.find()?;
        Ok(self.deliver(found))
    }

    /// What was found, taken apart. It must be the last that was found.
    #[inline]
    pub(crate) fn deliver(&mut self, found: Found) -> Step<'_> {
        match found {
            Found::Record(place) => {
                let record = place.record(self.frame(), self.first_interface, &self.window);
                let packet = record.packet().and_then(|packet| {
                    if !ip::is_fragment(packet.bytes) {
                        return Ok(packet);
                    }
                    self.fragments.put_together(packet, record.time, &mut self.ledger.counts)
                });
                let counts = &mut self.ledger.counts;
                let seen = packet.and_then(|packet| record.unsaid.packet(packet.bytes, packet.wire, counts));
                match seen {
                    Ok(what) => self.ledger.count(record.showing(what)),
                    Err(reason) => self.ledger.pass_over(&record, reason),
                }
            }
            Found::PassedOver(reason) => Step::PassedOver(self.frame(), reason),
            Found::Idle => Step::Idle,
            Found::End => Step::End,
        }
    }

    /// Fills `chunk` with what lies in the window, beginning with what was found last.
    pub(crate) fn fill(&mut self, found: Found, chunk: &mut Chunk) -> Result<(), ReadError> {
        self.window.seal();
        let mut next = found;
        loop {
            match next {
                Found::Record(place) => {
                    let plain = place.link == LinkType::ETHERNET && self.filter.is_none();
                    self.hold(place, chunk);
                    if plain {
                        self.fill_quickly(chunk);
                    }
                }
                Found::PassedOver(_) => {}
                // The end comes again.
                Found::Idle | Found::End => break,
            }
            next = self.find()?;
        }
        self.window.hand_over(&mut chunk.buffer);
        Ok(())
    }

    /// Frames of a link layer that needs no more thought.
    fn fill_quickly(&mut self, chunk: &mut Chunk) {
        let (file, first) = (self.file, self.first_interface);
        self.container.find_whole(&mut self.window, &mut self.ledger, |place, number| {
            chunk.held.push(Held {
                frame: Frame::new(file, number),
                time: place.time,
                start: place.frame.start,
                len: u32::try_from(place.frame.len()).unwrap_or(u32::MAX),
                original: place.original,
                interface: Interface(first.saturating_add(place.interface)),
                link: place.link,
                unsaid: place.unsaid,
            });
        });
    }

    /// What was found is kept in `chunk`, its bytes where they are.
    #[inline]
    fn hold(&mut self, place: RawRecord, chunk: &mut Chunk) {
        let start = place.frame.start;
        let record = place.record(self.frame(), self.first_interface, &self.window);
        chunk.held.push(Held::of(&record, start));
        if !record.link.is_read() {
            self.ledger.note_link(&record);
        }
    }

    /// What was found is kept in `chunk` with its bytes.
    pub(crate) fn hold_copy(&mut self, place: RawRecord, chunk: &mut Chunk) {
        let record = place.record(self.frame(), self.first_interface, &self.window);
        chunk.push(&record);
        if !record.link.is_read() {
            self.ledger.note_link(&record);
        }
    }

    /// When the first frame was captured that says so; `None` where none of the first records does.
    pub(crate) fn first_time(&mut self) -> Option<Timestamp> {
        const ATTEMPTS: usize = 1_000;
        for _ in 0..ATTEMPTS {
            match self.find() {
                Ok(Found::Record(place)) => return Some(place.time),
                Ok(Found::PassedOver(_)) => {}
                Ok(Found::Idle | Found::End) | Err(_) => return None,
            }
        }
        None
    }

    /// As [`Self::next`], without taking the frame apart: for who copies or filters frames. Only
    /// `frames` and what is passed over here is counted.
    #[inline]
    pub fn next_record(&mut self) -> Result<Pulled<'_>, ReadError> {
        Ok(match self.find()? {
            Found::Record(place) => Pulled::Record(place.record(self.frame(), self.first_interface, &self.window)),
            Found::PassedOver(reason) => Pulled::PassedOver(self.frame(), reason),
            Found::Idle => Pulled::Idle,
            Found::End => Pulled::End,
        })
    }

    /// The name by which it was opened.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the printed text of a capture: its frames are made of what was printed.
    pub const fn is_text(&self) -> bool {
        matches!(self.container, Container::Text(_))
    }

    /// How the file is compressed.
    pub const fn compression(&self) -> Option<Compression> {
        self.compression
    }

    /// Whether it is a pipe or a device, which may fall silent ([`Step::Idle`]).
    pub const fn is_live(&self) -> bool {
        self.live
    }

    /// How many bytes of the (decompressed) capture have been read.
    pub const fn position(&self) -> u64 {
        self.window.octets_read()
    }

    /// The bytes as they lie in a pcapng file, from its first section on; `None` for another container.
    /// For a capture of which nothing was read yet.
    pub(crate) fn into_blocks(self) -> Option<Window> {
        matches!(self.container, Container::PcapNg(_)).then_some(self.window)
    }

    /// What was counted so far.
    pub const fn counts(&self) -> &Counts {
        &self.ledger.counts
    }

    /// What must be said, so far.
    pub const fn notes(&self) -> &Notes {
        &self.ledger.notes
    }

    /// The interfaces met so far. The index is that of [`Observation::interface`], less the first.
    pub fn interfaces(&self) -> &[InterfaceInfo] {
        &self.ledger.interfaces
    }

    fn frame(&self) -> Frame {
        Frame::new(self.file, self.ledger.last_number())
    }

    /// The next record, where it lies.
    #[inline]
    pub(crate) fn find(&mut self) -> Result<Found, ReadError> {
        match self.container.find(&mut self.window, &mut self.ledger) {
            Ok(Found::Record(mut place)) => {
                place.link = self.user_links.resolve(place.link);
                if place.link == LinkType::LINUX_SLL2 {
                    self.number_cooked_interface(&mut place);
                }
                if self.filter.is_some() && self.is_left_out(&place) {
                    self.ledger.counts.pass_over(Reason::LeftOut);
                    return Ok(Found::PassedOver(Reason::LeftOut));
                }
                Ok(Found::Record(place))
            }
            Ok(Found::Idle) => Ok(Found::Idle),
            Ok(Found::PassedOver(reason)) => {
                self.ledger.counts.pass_over(reason);
                Ok(Found::PassedOver(reason))
            }
            Ok(Found::End) => {
                self.note_the_end();
                Ok(Found::End)
            }
            Err(cause) => Err(self.error(cause)),
        }
    }

    fn number_cooked_interface(&mut self, place: &mut RawRecord) {
        if let Some(index) = cooked_interface(self.window.taken(place.frame.clone())) {
            place.interface = self.cooked.number(place.interface, index, &mut self.ledger);
        }
    }

    /// Why the end came, if it came early.
    #[cold]
    fn note_the_end(&mut self) {
        let after = self.window.octets_read();
        self.ledger.counts.unassembled += self.fragments.finish();
        if let Some((kind, cause)) = self.window.damage.take() {
            self.ledger.notes.add_single(Note::Compression { kind, after, cause });
        }
        if let Some(opened) = self.expected.take().filter(|&opened| after < opened) {
            self.ledger.notes.add_single(Note::Shrank { opened, read: after });
        }
    }

    #[cold]
    fn error(&self, cause: io::Error) -> ReadError {
        ReadError { name: self.name.clone(), frame: self.ledger.counts.frames, cause }
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture").field("name", &self.name).field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

impl Ledger {
    #[inline]
    fn count<'a>(&mut self, observation: Observation<'a>) -> Step<'a> {
        match observation.what {
            Seen::Segment(_) => self.counts.segments += 1,
            Seen::Icmp(_) => self.counts.icmp_errors += 1,
        }
        Step::Observation(observation)
    }

    fn pass_over<'a>(&mut self, record: &Record<'_>, reason: Reason) -> Step<'a> {
        self.counts.pass_over(reason);
        if reason == Reason::UnsupportedLinkType {
            self.note_link(record);
        }
        Step::PassedOver(record.frame, reason)
    }

    /// Once for each link layer.
    #[cold]
    fn note_link(&mut self, record: &Record<'_>) {
        let is_this = |note: &Note| matches!(note, Note::UnsupportedLink { link, .. } if *link == record.link);
        if !self.notes.iter().any(is_this) {
            self.notes.add(Note::UnsupportedLink { frame: record.frame.number(), link: record.link });
        }
    }
}

impl RawRecord {
    #[inline]
    fn record(self, frame: Frame, first_interface: u16, window: &Window) -> Record<'_> {
        Record {
            frame,
            time: self.time,
            interface: Interface(first_interface.saturating_add(self.interface)),
            link: self.link,
            original: self.original,
            bytes: window.taken(self.frame),
            unsaid: self.unsaid,
        }
    }
}
