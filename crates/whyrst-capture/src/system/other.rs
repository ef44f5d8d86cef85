//! Elsewhere, as in a browser's WebAssembly: no file is live, and a file has one place where it is read.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::source::{Opened, Source, Waiting};

pub(crate) fn open(path: &Path) -> io::Result<Opened> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    File::open(path).map(Opened::File)
}

/// Standard input, which is waited for.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
pub(crate) fn standard_input() -> io::Result<Box<dyn Source>> {
    Ok(Box::new(Waiting(io::stdin())))
}

/// By the place that the file has: two threads that read one file would disturb each other.
pub(crate) fn read_at(mut file: &File, at: u64, into: &mut [u8]) -> io::Result<usize> {
    file.seek(SeekFrom::Start(at))?;
    file.read(into)
}
