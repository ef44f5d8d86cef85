//! LZ4 frames one behind the other. The decoder ends a read at the end of each frame, and also,
//! without a word, where the input ends between two blocks of a frame; this distinguishes them.

use std::io::{self, BufRead, Read};

use lz4_flex::frame::FrameDecoder;

use crate::window::Window;

pub(super) struct Frames(FrameDecoder<Watched>);

/// Remembers whether the decoder wanted more than there was.
struct Watched {
    packed: Window,
    wanting: bool,
}

impl Frames {
    pub(super) fn new(packed: Window) -> Self {
        Self(FrameDecoder::new(Watched { packed, wanting: false }))
    }
}

impl Read for Frames {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.0.read(into)?;
            if count > 0 {
                return Ok(count);
            }
            let watched = self.0.get_mut();
            if watched.wanting {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the input ends inside a frame"));
            }
            if watched.packed.fill_buf()?.is_empty() {
                return Ok(0);
            }
        }
    }
}

impl Read for Watched {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.packed.read(into)?;
        self.wanting |= count == 0;
        Ok(count)
    }
}
