//! Which kind of archive a file is.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use super::stream::Stream;
use super::{tar, zip};

/// A format of archives that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    Tar,
    Zip,
}

impl Format {
    /// By the first bytes of the file, decompressed where need be. Only a regular file is looked
    /// into: a pipe cannot be read twice.
    pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
        if !std::fs::metadata(path)?.is_file() {
            return Ok(None);
        }
        let mut file = File::open(path)?;
        let mut magic = Vec::new();
        (&file).take(zip::MAGIC).read_to_end(&mut magic)?;
        if zip::begins(&magic) {
            return Ok(Some(Self::Zip));
        }
        file.rewind()?;
        let first = Stream::of(file)?.first(tar::BLOCK)?;
        Ok(tar::begins(&first).then_some(Self::Tar))
    }
}
