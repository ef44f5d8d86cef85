//! The one buffer through which a capture passes: read in large pieces, looked at where it lies.
//!
//! `have(n)` makes the next `n` bytes contiguous; what was taken stays in place until then. A
//! `read()` of 128 KiB at a time costs less than mapping the file and, unlike a mapping, survives
//! a file that is truncated meanwhile. The buffer grows only for a record that is larger. Where the source has its
//! bytes in [blocks](Block), the window takes these as they are.

use std::io::{self, BufRead, Read};
use std::mem;
use std::ops::Range;
use std::time::Duration;

use crate::compression::Compression;
use crate::source::{Block, Filled, Source, Stop};

const SIZE: usize = 128 * 1024;
const PATIENCE: Duration = Duration::from_millis(250);

/// Whether the bytes asked for are there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Have {
    /// All of them.
    All,
    /// Not yet; more may come.
    Idle,
    /// Only so many, and no more will come.
    Only(usize),
}

pub(crate) struct Window {
    source: Box<dyn Source>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
    /// Bytes that the source ever delivered.
    read: u64,
    /// Bytes beyond which it is not asked for more.
    most: u64,
    /// Nothing is read: what is not here already is [`Have::Idle`].
    sealed: bool,
    /// How long a live source is waited for.
    pub(crate) patience: Duration,
    /// Who waits for the beginning of a capture may want to stop.
    pub(crate) stop: Stop,
    /// Why the source ended before its time.
    pub(crate) damage: Option<(Compression, String)>,
}

impl Window {
    pub(crate) fn new(source: Box<dyn Source>) -> Self {
        Self {
            source,
            buffer: vec![0; SIZE],
            start: 0,
            end: 0,
            ended: false,
            read: 0,
            most: u64::MAX,
            sealed: false,
            patience: PATIENCE,
            stop: Stop::default(),
            damage: None,
        }
    }

    /// Ends after `most` bytes, whatever the source has beyond them.
    pub(crate) fn end_after(&mut self, most: u64) {
        self.most = most;
        let beyond = self.read.saturating_sub(most);
        self.end -= usize::try_from(beyond).map_or(self.end, |beyond| beyond.min(self.end - self.start));
        self.read -= beyond;
    }

    /// Makes the next `count` bytes (at least one) contiguous in [`Self::ahead`].
    #[inline]
    pub(crate) fn have(&mut self, count: usize) -> io::Result<Have> {
        if self.end - self.start >= count { Ok(Have::All) } else { self.fill_up_to(count) }
    }

    /// As [`Self::have`], however long it takes, or until that is stopped.
    pub(crate) fn wait_for(&mut self, count: usize) -> io::Result<Have> {
        loop {
            match self.have(count)? {
                Have::Idle if self.stop.is_wanted() => {
                    return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted before it began"));
                }
                Have::Idle => {}
                have => return Ok(have),
            }
        }
    }

    /// What is there already.
    #[inline]
    pub(crate) fn ahead(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Where that begins, as the places of what is taken are counted.
    #[inline]
    pub(crate) const fn start(&self) -> usize {
        self.start
    }

    /// Takes the next bytes, which must be there; their place holds until the next `have`.
    #[inline]
    pub(crate) fn advance(&mut self, count: usize) -> Range<usize> {
        debug_assert!(count <= self.end - self.start, "taken without having");
        let from = self.start;
        self.start = (from + count).min(self.end);
        from..self.start
    }

    /// The bytes that were taken.
    #[inline]
    pub(crate) fn taken(&self, place: Range<usize>) -> &[u8] {
        &self.buffer[place]
    }

    /// Says that nothing is to be read or moved: what was taken stays in place until [`Self::hand_over`].
    pub(crate) const fn seal(&mut self) {
        self.sealed = true;
    }

    /// Gives the buffer with all that was taken away for `other`, and goes on with that.
    pub(crate) fn hand_over(&mut self, other: &mut Vec<u8>) {
        let left = &self.buffer[self.start..self.end];
        other.resize(other.len().max(SIZE).max(left.len()), 0);
        other[..left.len()].copy_from_slice(left);
        (self.start, self.end) = (0, left.len());
        mem::swap(&mut self.buffer, other);
        self.sealed = false;
    }

    /// Bytes read so far.
    pub(crate) const fn octets_read(&self) -> u64 {
        self.read
    }

    #[cold]
    fn fill_up_to(&mut self, count: usize) -> io::Result<Have> {
        loop {
            let present = self.end - self.start;
            if present >= count {
                return Ok(Have::All);
            }
            if self.ended {
                return Ok(Have::Only(present));
            }
            if self.sealed {
                return Ok(Have::Idle);
            }
            if self.take_block()? {
                continue;
            }
            self.make_room(count);
            if !self.fill()? {
                return Ok(Have::Idle);
            }
        }
    }

    /// Moves what is left to the front. Twice the size asked for, so that what is moved is never
    /// more than what can be read: the work stays linear whatever the lengths in the file are.
    fn make_room(&mut self, count: usize) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < 2 * count {
            self.buffer.resize(2 * count, 0);
        }
    }

    /// Goes on in a block of the source with what is left; false where there is none, or too much is left.
    fn take_block(&mut self) -> io::Result<bool> {
        let present = self.end - self.start;
        if present > Block::HEADROOM || self.may_read() == 0 {
            return Ok(false);
        }
        let Some(Block { mut buffer, start }) = self.source.block()? else { return Ok(false) };
        buffer.truncate(start.saturating_add(self.may_read()));
        let came = buffer.len() - start;
        buffer[start - present..start].copy_from_slice(self.ahead());
        self.source.recycle(mem::replace(&mut self.buffer, buffer));
        (self.start, self.end) = (start - present, start + came);
        self.read += came as u64;
        self.ended |= came == 0;
        Ok(true)
    }

    /// How many bytes more may be asked for.
    fn may_read(&self) -> usize {
        usize::try_from(self.most - self.read).unwrap_or(usize::MAX)
    }

    /// One attempt at the source; false when it is idle.
    fn fill(&mut self) -> io::Result<bool> {
        let room = self.may_read().min(self.buffer.len() - self.end);
        if room == 0 {
            self.ended = true;
            return Ok(true);
        }
        let filled = self.source.fill(&mut self.buffer[self.end..][..room], self.patience);
        self.ended |= !matches!(filled, Ok(Filled::Octets(_) | Filled::Idle));
        match filled? {
            Filled::Octets(count) => {
                self.end += count;
                self.read += count as u64;
            }
            Filled::Idle => return Ok(false),
            Filled::End => {}
            Filled::Damaged(kind, cause) => self.damage = Some((kind, cause)),
        }
        Ok(true)
    }
}

/// For a decompressor on a thread of its own.
impl BufRead for Window {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.wait_for(1)?;
        Ok(self.ahead())
    }

    fn consume(&mut self, count: usize) {
        self.advance(count);
    }
}

impl Read for Window {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Waiting;

    /// Hands out one byte at a time.
    struct Trickle(Vec<u8>);

    impl Source for Trickle {
        fn fill(&mut self, into: &mut [u8], _patience: Duration) -> io::Result<Filled> {
            if self.0.is_empty() {
                return Ok(Filled::End);
            }
            into[0] = self.0.remove(0);
            Ok(Filled::Octets(1))
        }
    }

    #[test]
    fn octets_stay_in_place_until_more_are_wanted() {
        let mut window = Window::new(Box::new(Trickle((0..10).collect())));
        assert_eq!(window.have(4).unwrap(), Have::All);
        let place = window.advance(4);
        assert_eq!(window.taken(place), [0, 1, 2, 3]);
        assert_eq!(window.have(2).unwrap(), Have::All);
        assert_eq!(window.ahead(), [4, 5]);
        assert_eq!(window.have(7).unwrap(), Have::Only(6));
    }

    #[test]
    fn a_record_larger_than_the_buffer_is_made_contiguous() {
        let all: Vec<u8> = (0..=255).cycle().take(3 * SIZE).collect();
        let mut window = Window::new(Box::new(Waiting(io::Cursor::new(all.clone()))));
        window.have(100).unwrap();
        window.advance(100);
        assert_eq!(window.have(2 * SIZE).unwrap(), Have::All);
        assert_eq!(window.ahead()[..2 * SIZE], all[100..100 + 2 * SIZE]);
    }
}
