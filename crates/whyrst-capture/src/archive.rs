//! Archives of captures: a tar, plain or compressed, or a zip. Members are read where they are, as
//! a stream, never unpacked to disk or memory; an archive within an archive is not looked into.

mod tar;
mod zip;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::compression::{Compression, Unpacked};
use crate::source::{Source, Waiting};
use crate::window::Window;

pub(crate) use tar::{Content, Entry, Tar};

/// More members than this are not looked for.
pub(crate) const MAX_MEMBERS: usize = 100_000;

/// A file in an archive.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) place: Place,
}

/// Where in the archive.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// So many members of a tar stand before it.
    Tar(usize),
    /// What a zip's directory says of it.
    Zip(zip::Entry),
}

/// What kind of archive a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Tar,
    Zip,
}

impl Kind {
    /// By the first octets of the file, decompressed where need be. Only a regular file is looked
    /// into: a pipe cannot be read twice.
    pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
        if !std::fs::metadata(path)?.is_file() {
            return Ok(None);
        }
        let mut file = File::open(path)?;
        let mut magic = [0; 4];
        let present = read_some(&mut file, &mut magic)?;
        if zip::begins(&magic[..present]) {
            return Ok(Some(Self::Zip));
        }
        file.seek(SeekFrom::Start(0))?;
        let (mut window, _) = unpacked(Box::new(Waiting(file)))?;
        window.wait_for(tar::BLOCK)?;
        Ok(tar::begins(window.ahead()).then_some(Self::Tar))
    }
}

/// A window on what `source` holds when it is decompressed, and how it was compressed.
pub(crate) fn unpacked(source: Box<dyn Source>) -> io::Result<(Window, Option<Compression>)> {
    let mut window = Window::new(source);
    window.wait_for(6)?;
    let compression = Compression::of(window.ahead());
    if let Some(kind) = compression {
        window = Window::new(Box::new(Unpacked::start(kind, window, false)?));
    }
    Ok((window, compression))
}

/// Opens the tar at `path`, at its first member.
pub(crate) fn open_tar(path: &Path) -> io::Result<Arc<Mutex<Tar>>> {
    let (window, _) = unpacked(Box::new(Waiting(File::open(path)?)))?;
    Ok(Arc::new(Mutex::new(Tar::new(window))))
}

/// The members of the zip at `path`, by its directory.
pub(crate) fn list_zip(path: &Path) -> io::Result<Vec<Member>> {
    let entries = zip::directory(&mut File::open(path)?)?;
    Ok(entries.into_iter().map(|(name, entry)| Member { name, place: Place::Zip(entry) }).collect())
}

/// The content of one member of the zip at `path`.
pub(crate) fn open_zipped(path: &Path, entry: zip::Entry) -> io::Result<Box<dyn Source>> {
    zip::open(File::open(path)?, entry)
}

/// As many octets as there are, up to the size of `into`.
fn read_some(file: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut present = 0;
    while present < into.len() {
        match file.read(&mut into[present..]) {
            Ok(0) => break,
            Ok(count) => present += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(present)
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
