//! Compressed captures: recognised by magic number, decompressed on a thread of their own so that
//! it overlaps with the analysis. Two chunks travel back and forth; memory does not depend on the
//! size of the capture.

mod lz4;

use std::fmt;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

use bzip2::bufread::MultiBzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

use crate::source::{Filled, Source};
use crate::window::Window;

const CHUNK: usize = 256 * 1024;
const CHUNKS: usize = 4;
/// Octets that an xz stream may ask for: `xz -9` needs 65 MiB, but a header may say 4 GiB.
const XZ_MEMORY: u64 = 128 * 1024 * 1024;

/// A kind of compression that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compression {
    /// RFC 1952, one member or several.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// LZ4 frame format.
    Lz4,
    /// The .xz format, one stream or several.
    Xz,
    /// One stream or several.
    Bzip2,
    /// RFC 1951 without a frame, as it is in a zip.
    Deflate,
}

impl Compression {
    /// By the first octets of a file.
    pub(crate) fn of(first: &[u8]) -> Option<Self> {
        match first {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [0x04, 0x22, 0x4d, 0x18, ..] => Some(Self::Lz4),
            [0xfd, b'7', b'z', b'X', ..] => Some(Self::Xz),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            _ => None,
        }
    }

    fn decoder(self, packed: Window) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
            Self::Zstd => Box::new(zstd::Decoder::with_buffer(packed)?),
            Self::Lz4 => Box::new(lz4::Frames::new(packed)),
            Self::Xz => Box::new(XzDecoder::new_stream(packed, Stream::new_stream_decoder(XZ_MEMORY, CONCATENATED)?)),
            Self::Deflate => Box::new(flate2::bufread::DeflateDecoder::new(packed)),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(packed)),
        })
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
            Self::Deflate => "deflate",
        })
    }
}

/// The near end of a decompressing thread. The thread ends when this is dropped.
pub(crate) struct Unpacked {
    kind: Compression,
    full: Receiver<io::Result<Chunk>>,
    empty: SyncSender<Vec<u8>>,
    current: Chunk,
    live: bool,
}

/// Decompressed octets; none means the end.
struct Chunk {
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
        Ok(Self { kind, full, empty, current: Chunk { octets: Vec::new(), from: 0, to: 0 }, live })
    }

    /// The next chunk; `None` while a live source is idle.
    fn receive(&self, patience: Duration) -> Option<io::Result<Chunk>> {
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
            // The system's own errors pass through the decoders with their number.
            Some(Err(error)) if error.raw_os_error().is_some() => Err(error),
            Some(Err(error)) => Ok(Filled::Damaged(self.kind, error.to_string())),
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
fn unpack(kind: Compression, packed: Window, full: &SyncSender<io::Result<Chunk>>, empty: &Receiver<Vec<u8>>) {
    let mut decoder = match kind.decoder(packed) {
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
        if full.send(read.map(|to| Chunk { octets, from: 0, to })).is_err() || last {
            return;
        }
    }
}
