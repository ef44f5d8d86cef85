//! The bytes of an archive by their position. A plain file can be read anywhere. What a decompressor
//! delivers only goes forward: to go back, the archive is opened once more.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, ErrorKind};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::compression::Compression;
use crate::source::{Filled, Source, Waiting};
use crate::system;
use crate::unpack::unpacked;
use crate::window::Window;

/// An archive that is open.
pub(crate) enum Stream {
    File(File),
    Unpacked(Mutex<Forward>),
}

/// What a decompressor delivers.
pub(crate) struct Forward {
    window: Window,
    at: u64,
}

impl Stream {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::of(File::open(path)?)
    }

    /// `file`, decompressed where need be. It stands at its beginning.
    pub(super) fn of(file: File) -> io::Result<Self> {
        let mut first = [0; Compression::MAGIC];
        let present = read_up_to(&mut first, |at, into| read_at(&file, at, into))?;
        let Some(kind) = Compression::of(&first[..present]) else { return Ok(Self::File(file)) };
        let unpacked = unpacked(kind, Window::new(Box::new(Waiting(file))), false)?;
        Ok(Self::Unpacked(Mutex::new(Forward { window: Window::new(unpacked), at: 0 })))
    }

    /// The first `count` bytes, or as many as there are.
    pub(super) fn first(&self, count: usize) -> io::Result<Vec<u8>> {
        self.beginning(0..count as u64, count)
    }

    /// The first `count` bytes of `range`, or as many as there are.
    pub(super) fn beginning(&self, range: Range<u64>, count: usize) -> io::Result<Vec<u8>> {
        let count = usize::try_from(range.end - range.start).unwrap_or(count).min(count);
        let mut bytes = vec![0; count];
        let present = read_up_to(&mut bytes, |at, into| match self.fill(range.start + at, into)? {
            Filled::Octets(count) => Ok(count),
            Filled::Idle | Filled::End | Filled::Damaged(..) => Ok(0),
        })?;
        bytes.truncate(present);
        Ok(bytes)
    }

    /// Some of what begins at `at`; the end when that was passed.
    pub(super) fn fill(&self, at: u64, into: &mut [u8]) -> io::Result<Filled> {
        match self {
            Self::File(file) => read_at(file, at, into).map(Filled::octets_or_end),
            Self::Unpacked(forward) => lock(forward).fill(at, into),
        }
    }

    /// Goes on to `at`, which may be the end but not beyond it.
    pub(crate) fn skip_to(&self, at: u64) -> io::Result<()> {
        match self {
            Self::File(file) if file.metadata()?.len() < at => Err(damaged("it ends inside a member")),
            Self::File(_) => Ok(()),
            Self::Unpacked(forward) => lock(forward).skip_to(at),
        }
    }

    /// Whether what begins at `at` can still be read, by one more reader.
    pub(crate) fn reaches(self: &Arc<Self>, at: u64) -> bool {
        match &**self {
            Self::File(_) => true,
            Self::Unpacked(forward) => Arc::strong_count(self) == 1 && lock(forward).at <= at,
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => f.debug_tuple("File").field(file).finish(),
            Self::Unpacked(forward) => f.debug_tuple("Unpacked").field(&lock(forward).at).finish(),
        }
    }
}

impl Forward {
    fn fill(&mut self, at: u64, into: &mut [u8]) -> io::Result<Filled> {
        if at < self.at {
            return Ok(Filled::End);
        }
        self.skip_to(at)?;
        let ahead = self.window.fill_buf()?;
        let count = ahead.len().min(into.len());
        into[..count].copy_from_slice(&ahead[..count]);
        self.advance(count);
        Ok(match self.window.damage.take_if(|_| count == 0) {
            Some((kind, cause)) => Filled::Damaged(kind, cause),
            None => Filled::octets_or_end(count),
        })
    }

    fn skip_to(&mut self, at: u64) -> io::Result<()> {
        while self.at < at {
            let ahead = self.window.fill_buf()?.len();
            if ahead == 0 {
                return Err(damaged("it ends inside a member"));
            }
            self.advance(usize::try_from(at - self.at).unwrap_or(usize::MAX).min(ahead));
        }
        Ok(())
    }

    fn advance(&mut self, count: usize) {
        self.window.consume(count);
        self.at += count as u64;
    }
}

/// Bytes in a row of an archive: the content of one member. When a stream that only goes forward
/// has gone on, it ends.
pub(crate) struct Section {
    stream: Arc<Stream>,
    left: Range<u64>,
}

impl Section {
    pub(crate) fn new(stream: &Arc<Stream>, range: Range<u64>) -> Self {
        Self { stream: Arc::clone(stream), left: range }
    }
}

impl Source for Section {
    fn fill(&mut self, into: &mut [u8], _patience: Duration) -> io::Result<Filled> {
        let room = usize::try_from(self.left.end - self.left.start).unwrap_or(usize::MAX).min(into.len());
        if room == 0 {
            return Ok(Filled::End);
        }
        let filled = self.stream.fill(self.left.start, &mut into[..room])?;
        if let Filled::Octets(count) = filled {
            self.left.start += count as u64;
        }
        Ok(filled)
    }
}

pub(super) fn damaged(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

fn lock(forward: &Mutex<Forward>) -> MutexGuard<'_, Forward> {
    forward.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `File::read_at` that a signal does not interrupt.
fn read_at(file: &File, at: u64, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match system::read_at(file, at, into) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// Fills `into` by as many calls of `read` as it takes, each with how much there is already. Says how much came.
fn read_up_to(into: &mut [u8], read: impl Fn(u64, &mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
    let mut present = 0;
    while present < into.len() {
        match read(present as u64, &mut into[present..])? {
            0 => break,
            count => present += count,
        }
    }
    Ok(present)
}
