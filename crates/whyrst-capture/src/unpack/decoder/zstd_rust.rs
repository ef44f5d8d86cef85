//! Zstandard without C, for targets that have no compiler for it: frames one behind the other, and those that are to be
//! skipped (RFC 8878, sections 3.1 and 3.1.2).

use std::io::{self, BufRead, ErrorKind, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::window::Window;

/// What a frame may ask for, as with the C library: 128 MiB.
const WINDOW: u64 = 1 << 27;

pub(super) struct Frames {
    packed: Window,
    decoder: FrameDecoder,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Between,
    Within,
}

impl Frames {
    pub(super) fn new(packed: Window) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW);
        Self { packed, decoder, state: State::Between }
    }

    /// Begins the next frame, or skips it.
    fn begin(&mut self) -> io::Result<()> {
        match self.decoder.init(&mut self.packed) {
            Ok(()) => self.state = State::Within,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let length = u64::from(length);
                if io::copy(&mut (&mut self.packed).take(length), &mut io::sink())? < length {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, "the input ends inside a frame"));
                }
            }
            Err(error) => return Err(damaged(&error)),
        }
        Ok(())
    }

    /// The frame has ended: what came out of it must be that of its checksum.
    fn end(&mut self) -> io::Result<()> {
        self.state = State::Between;
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(said), Some(is)) if said != is => {
                Err(io::Error::new(ErrorKind::InvalidData, "its content is not that of its checksum"))
            }
            _ => Ok(()),
        }
    }
}

impl Read for Frames {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.state == State::Between {
                if self.packed.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.begin()?;
                continue;
            }
            let count = self.decoder.read(into)?;
            if count > 0 {
                return Ok(count);
            }
            if self.decoder.is_finished() {
                self.end()?;
            } else {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.packed, one).map_err(|error| damaged(&error))?;
            }
        }
    }
}

fn damaged(error: &FrameDecoderError) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error.to_string())
}

#[cfg(all(test, feature = "zstd"))]
mod tests {
    use super::*;
    use crate::source::Waiting;

    fn drained(packed: &[u8]) -> (Vec<u8>, bool) {
        let window = Window::new(Box::new(Waiting(io::Cursor::new(packed.to_vec()))));
        let mut out = Vec::new();
        let ended = Frames::new(window).read_to_end(&mut out).is_ok();
        (out, ended)
    }

    #[test]
    fn it_reads_what_the_c_library_packs_and_notices_what_is_damaged() {
        let plain: Vec<u8> = (0..700_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect();
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).expect("memory");
        encoder.include_checksum(true).expect("a setting");
        io::Write::write_all(&mut encoder, &plain).expect("memory");
        let frame = encoder.finish().expect("memory");
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let several = [&frame[..], &skipped, &frame].concat();
        assert!(drained(&several) == ([&plain[..], &plain].concat(), true));
        for cut in [1, 5, frame.len() / 2, frame.len() - 1, frame.len() + 4] {
            assert!(!drained(&several[..cut]).1, "cut at {cut}");
        }
        let mut other = frame.clone();
        *other.last_mut().expect("a checksum") ^= 1;
        assert!(!drained(&other).1);
    }
}
