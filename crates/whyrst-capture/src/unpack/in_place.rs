//! Where it is read, for who has no threads.

use std::io::{self, ErrorKind, Read};
use std::time::Duration;

use super::decoder::{decoder, ended};
use crate::compression::Compression;
use crate::source::{Filled, Source};
use crate::window::Window;

/// A decompressor that is asked when somebody reads.
pub(crate) struct Unpacked {
    kind: Compression,
    decoder: io::Result<Box<dyn Read + Send>>,
}

impl Unpacked {
    pub(crate) fn start(kind: Compression, packed: Window) -> Self {
        Self { kind, decoder: decoder(kind, packed) }
    }
}

impl Source for Unpacked {
    fn fill(&mut self, into: &mut [u8], _patience: Duration) -> io::Result<Filled> {
        let gone = || io::Error::other("the decompressor stopped");
        let read = match &mut self.decoder {
            Ok(decoder) => decoder.read(into),
            Err(error) => Err(std::mem::replace(error, gone())),
        };
        match read {
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(Filled::Idle),
            Err(error) => ended(self.kind, error),
            Ok(count) => Ok(Filled::octets_or_end(count)),
        }
    }
}
