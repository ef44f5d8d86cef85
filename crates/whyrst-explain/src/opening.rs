//! Where captures come from: paths, bytes, readers.

use std::io::{Cursor, Read};
use std::path::Path;

use whyrst_capture::CaptureSet;

use crate::error::ReadError;
use crate::explained::Explained;
use crate::options::Options;

impl Options {
    /// Explains the capture at `path`: a file, or a directory or archive of captures that are read as one.
    pub fn explain(self, path: impl AsRef<Path>) -> Result<Explained, ReadError> {
        self.explain_all(&[path])
    }

    /// The same with several files of one capture point, which are read as one in the order of time.
    pub fn explain_all<P: AsRef<Path>>(self, paths: &[P]) -> Result<Explained, ReadError> {
        let named: Vec<String> = paths.iter().map(|path| path.as_ref().display().to_string()).collect();
        let captures = CaptureSet::open(paths);
        self.explain_set(captures, named.join(", "))
    }

    /// Explains a capture in memory. Its `source` is `bytes` unless it is [`called`](Self::called) something.
    pub fn explain_bytes(self, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Explained, ReadError> {
        self.explain_as(Cursor::new(bytes), "bytes")
    }

    /// Explains a capture that `reader` reads, once and to its end. Its `source` is `reader` unless it is
    /// [`called`](Self::called) something.
    pub fn explain_reader(self, reader: impl Read + Send + 'static) -> Result<Explained, ReadError> {
        self.explain_as(reader, "reader")
    }

    fn explain_as(self, reader: impl Read + Send + 'static, name: &str) -> Result<Explained, ReadError> {
        let name = self.called.as_deref().unwrap_or(name);
        let captures = CaptureSet::from_reader(reader, name).map_err(|error| ReadError::from(&error))?;
        let named = name.to_owned();
        self.explain_set(captures, named)
    }

    fn explain_set(mut self, mut captures: CaptureSet, named: String) -> Result<Explained, ReadError> {
        if let Some(filter) = self.filter.take_if(|filter| !filter.is_of_connections()) {
            captures.look_only_at(filter);
        }
        Explained::begin(captures, named, self)
    }
}
