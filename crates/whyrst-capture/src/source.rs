//! Where bytes come from. A source fills a buffer that is handed to it; a live one may also say
//! that for a while nothing came, so that the caller can print what has settled.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::compression::Compression;

/// What one attempt to fill a buffer brought.
pub(crate) enum Filled {
    /// So many bytes, at least one.
    Octets(usize),
    /// Nothing within the patience of the caller; more may come.
    Idle,
    /// Nothing more will come.
    End,
    /// Nothing more can come: the compressed stream is damaged.
    Damaged(Compression, String),
}

impl Filled {
    pub(crate) const fn octets_or_end(count: usize) -> Self {
        if count == 0 { Self::End } else { Self::Octets(count) }
    }
}

pub(crate) trait Source: Send {
    /// Fills some of `into`, which is not empty.
    fn fill(&mut self, into: &mut [u8], patience: Duration) -> io::Result<Filled>;

    /// What comes next in a buffer of its own, where that is how the source has it: empty at the end.
    fn block(&mut self) -> io::Result<Option<Block>> {
        Ok(None)
    }

    /// A buffer that is not needed any more.
    fn recycle(&mut self, _buffer: Vec<u8>) {}
}

/// Bytes of a source, from `start` on to the end of their buffer. Before them is room for what was left of the block
/// before, so that a record lies in one piece.
pub(crate) struct Block {
    pub(crate) buffer: Vec<u8>,
    pub(crate) start: usize,
}

impl Block {
    /// Bytes before those of a fresh block: as many as nearly every record has.
    pub(crate) const HEADROOM: usize = 64 * 1024;
}

/// Set when nobody wants to wait any more for something that may never begin.
#[derive(Clone, Default, Debug)]
pub struct Stop(Option<Arc<AtomicBool>>);

impl Stop {
    /// When `wanted` is set.
    pub const fn when(wanted: Arc<AtomicBool>) -> Self {
        Self(Some(wanted))
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.0.as_ref().is_some_and(|wanted| wanted.load(Ordering::Relaxed))
    }
}

/// A source that is simply waited for: a file, or any other reader.
pub(crate) struct Waiting<R>(pub(crate) R);

impl<R: Read + Send> Source for Waiting<R> {
    fn fill(&mut self, into: &mut [u8], _patience: Duration) -> io::Result<Filled> {
        loop {
            match self.0.read(into) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => return read.map(Filled::octets_or_end),
            }
        }
    }
}

/// A file that was opened.
pub(crate) enum Opened {
    /// One with an end.
    File(File),
    /// A pipe, socket or device, which may fall silent.
    #[cfg_attr(not(unix), expect(dead_code, reason = "no file is live there"))]
    Live(Box<dyn Source>),
}
