//! On a thread of its own, so that unpacking overlaps with the analysis. Two chunks travel back and forth; memory does
//! not depend on the size of the capture.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use super::decoder::{decoder, ended};
use crate::compression::Compression;
use crate::source::{Filled, Source};
use crate::window::Window;

const CHUNK: usize = 256 * 1024;
const CHUNKS: usize = 4;

/// The near end of a decompressing thread. The thread ends when this is dropped.
pub(crate) struct Unpacked {
    kind: Compression,
    full: Receiver<io::Result<Decompressed>>,
    empty: SyncSender<Vec<u8>>,
    current: Decompressed,
    live: bool,
}

/// Decompressed bytes; none means the end.
struct Decompressed {
    octets: Vec<u8>,
    from: usize,
    to: usize,
}

impl Unpacked {
    /// Starts the thread. A `live` source is one that may be idle.
    pub(crate) fn start(kind: Compression, packed: Window, live: bool) -> io::Result<Self> {
        let (full_in, full) = sync_channel(CHUNKS);
        let (empty, empty_out) = sync_channel(CHUNKS);
        thread::Builder::new().name(format!("un{kind}")).spawn(move || unpack(kind, packed, &full_in, &empty_out))?;
        Ok(Self { kind, full, empty, current: Decompressed { octets: Vec::new(), from: 0, to: 0 }, live })
    }

    /// The next chunk; `None` while a live source is idle.
    fn receive(&self, patience: Duration) -> Option<io::Result<Decompressed>> {
        let received =
            if self.live { self.full.recv_timeout(patience) } else { self.full.recv().map_err(RecvTimeoutError::from) };
        match received {
            Ok(chunk) => Some(chunk),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(io::Error::other("the decompressor stopped"))),
        }
    }

    fn next_chunk(&mut self, patience: Duration) -> io::Result<Filled> {
        match self.receive(patience) {
            None => Ok(Filled::Idle),
            Some(Ok(chunk)) => {
                let count = chunk.to;
                let done = std::mem::replace(&mut self.current, chunk);
                // The thread makes a new one when this does not reach it.
                let _ = self.empty.try_send(done.octets);
                Ok(if count == 0 { Filled::End } else { Filled::Octets(count) })
            }
            Some(Err(error)) => ended(self.kind, error),
        }
    }
}

impl Source for Unpacked {
    fn fill(&mut self, into: &mut [u8], patience: Duration) -> io::Result<Filled> {
        if self.current.from == self.current.to {
            let filled = self.next_chunk(patience)?;
            if !matches!(filled, Filled::Octets(_)) {
                return Ok(filled);
            }
        }
        let chunk = &mut self.current;
        let count = into.len().min(chunk.to - chunk.from);
        into[..count].copy_from_slice(&chunk.octets[chunk.from..chunk.from + count]);
        chunk.from += count;
        Ok(Filled::Octets(count))
    }
}

/// The thread: decompresses until the end, an error, or nobody listens.
fn unpack(kind: Compression, packed: Window, full: &SyncSender<io::Result<Decompressed>>, empty: &Receiver<Vec<u8>>) {
    let mut decoder = match decoder(kind, packed) {
        Ok(decoder) => decoder,
        Err(error) => return drop(full.send(Err(error))),
    };
    loop {
        let mut octets = match empty.try_recv() {
            Ok(octets) if octets.len() == CHUNK => octets,
            Ok(_) | Err(TryRecvError::Empty) => vec![0; CHUNK],
            Err(TryRecvError::Disconnected) => return,
        };
        let read = decoder.read(&mut octets);
        let last = !matches!(read, Ok(1..));
        if full.send(read.map(|to| Decompressed { octets, from: 0, to })).is_err() || last {
            return;
        }
    }
}
