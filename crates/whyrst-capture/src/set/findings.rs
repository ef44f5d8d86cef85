//! The captures that some paths stand for: files, what is in directories, what is in archives, and
//! when each of them begins. Nothing stays open but pipes.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use whyrst_core::time::Timestamp;

use crate::archive::{self, Format, Location, Member, Section};
use crate::capture::Capture;
use crate::compression::Compression;
use crate::error::OpenError;

/// As many as have a number of their own in a frame number.
pub(super) const MAX_FILES: usize = 1 << 20;
/// Directories in directories beyond this depth are not looked into.
const MAX_DEPTH: usize = 32;

/// A capture that can be opened.
#[derive(Debug)]
pub(super) struct Item {
    /// Name for people: the path, and in an archive the member's name behind it.
    pub(super) name: String,
    pub(super) origin: Origin,
    pub(super) begins: Begins,
}

/// Where the capture's bytes are.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    StandardInput,
    /// What a caller reads for us, open from the beginning.
    Reader,
    File(PathBuf),
    Member {
        archive: Arc<Path>,
        location: Location,
    },
}

/// When a capture begins, as the order of reading has it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Begins {
    /// It holds no frame with a time.
    Never,
    At(Timestamp),
    /// A pipe is read when everything else was.
    Unknown,
}

/// What was found, in the order in which it was found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) items: Vec<Item>,
    pub(super) failures: Vec<OpenError>,
    /// Files beside captures that are none.
    pub(super) others: Vec<OpenError>,
}

/// Whether somebody named a file, or it was met in a directory or archive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Name,
    Chance,
}

impl Findings {
    pub(super) fn of<P: AsRef<Path>>(paths: &[P]) -> Self {
        let mut findings = Self::default();
        for path in paths {
            let path = path.as_ref();
            if path.as_os_str() == "-" {
                findings.add("standard input".into(), Origin::StandardInput, Begins::Unknown);
            } else if path.is_dir() {
                findings.look_into_directory(path, 0);
            } else {
                findings.look_at(path, By::Name);
            }
        }
        if let [only] = findings.items.as_slice()
            && only.by() == By::Name
        {
            return findings;
        }
        findings.find_beginnings();
        findings
    }

    fn add(&mut self, name: String, origin: Origin, begins: Begins) {
        match self.items.len() {
            ..MAX_FILES => self.items.push(Item { name, origin, begins }),
            MAX_FILES => self.failures.push(OpenError::TooMany { name, limit: MAX_FILES }),
            _ => {}
        }
    }

    fn fail(&mut self, error: OpenError, by: By) {
        if by == By::Chance && error.is_no_capture() { self.others.push(error) } else { self.failures.push(error) }
    }

    /// In the order of names. Links to directories are not followed: they may lead around in circles.
    fn look_into_directory(&mut self, path: &Path, depth: usize) {
        let mut entries: Vec<(PathBuf, fs::FileType)> = match fs::read_dir(path) {
            Ok(entries) => {
                entries.flatten().filter_map(|entry| Some((entry.path(), entry.file_type().ok()?))).collect()
            }
            Err(cause) => return self.failures.push(OpenError::Io { name: path.display().to_string(), cause }),
        };
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (path, kind) in entries {
            if kind.is_dir() && depth < MAX_DEPTH {
                self.look_into_directory(&path, depth + 1);
            } else if path.is_file() {
                self.look_at(&path, By::Chance);
            }
        }
    }

    fn look_at(&mut self, path: &Path, by: By) {
        let name = path.display().to_string();
        match Format::of(path) {
            Ok(None) => self.add(name, Origin::File(path.to_owned()), by.into()),
            Ok(Some(Format::Tar)) => self.look_into_tar(path, &name),
            Ok(Some(Format::Zip)) => self.look_into_zip(path, &name),
            Err(cause) => self.fail(OpenError::Io { name, cause }, by),
        }
    }

    fn look_into_zip(&mut self, path: &Path, name: &str) {
        match archive::list_zip(path) {
            Ok(members) => {
                let archive: Arc<Path> = path.into();
                for Member { name: member, location } in members {
                    let origin = Origin::Member { archive: Arc::clone(&archive), location };
                    self.add(format!("{name}/{member}"), origin, Begins::Never);
                }
            }
            Err(cause) => self.failures.push(OpenError::Archive { name: name.into(), after: 0, cause }),
        }
    }

    /// One pass finds the members and when they begin.
    fn look_into_tar(&mut self, path: &Path, name: &str) {
        let archive: Arc<Path> = path.into();
        let mut after = 0;
        let visited = archive::visit_tar(path, |member, content| {
            after += 1;
            self.look_at_member(&archive, format!("{name}/{}", member.name), member.location, content);
        });
        if let Err(cause) = visited {
            self.failures.push(OpenError::Archive { name: name.into(), after, cause });
        }
    }

    fn look_at_member(&mut self, archive: &Arc<Path>, name: String, location: Location, content: Section) {
        match Capture::from_source(Box::new(content), name.clone(), 0) {
            Ok(mut capture) => {
                let origin = Origin::Member { archive: Arc::clone(archive), location };
                self.add(name, origin, begins(&mut capture));
            }
            Err(error) => self.fail(error, By::Chance),
        }
    }

    /// Opens each capture for a moment. Those that cannot be opened are taken out.
    fn find_beginnings(&mut self) {
        for mut item in std::mem::take(&mut self.items) {
            let opened = match &item.origin {
                Origin::File(path) if is_regular(path) => Capture::open(path, 0),
                Origin::Member { archive, location: Location::Zip(entry) } => archive::open_zipped(archive, entry)
                    .map_err(|cause| OpenError::Io { name: item.name.clone(), cause })
                    .and_then(|source| Capture::from_source(source, item.name.clone(), 0)),
                _ => {
                    self.items.push(item);
                    continue;
                }
            };
            match opened {
                Ok(mut capture) => {
                    item.begins = begins(&mut capture);
                    self.items.push(item);
                }
                Err(error) => self.fail(error, item.by()),
            }
        }
    }
}

impl Item {
    /// A file that can be read twice at little more than the price of reading.
    pub(super) fn is_cheap_to_read_again(&self) -> bool {
        matches!(&self.origin, Origin::File(path) if is_regular(path) && is_cheap_to_unpack(path))
    }

    /// Whether somebody may still write to it as to a pipe.
    pub(super) fn may_fall_silent(&self) -> bool {
        match &self.origin {
            Origin::StandardInput => true,
            Origin::File(path) => path.exists() && !is_regular(path),
            Origin::Reader | Origin::Member { .. } => false,
        }
    }

    /// The same once more.
    pub(super) fn again(&self) -> Option<Self> {
        self.is_cheap_to_read_again().then(|| Self {
            name: self.name.clone(),
            origin: self.origin.clone(),
            begins: self.begins,
        })
    }

    /// Until its beginning is known, a file remembers there whether it was named.
    const fn by(&self) -> By {
        match (&self.origin, self.begins) {
            (Origin::File(_), Begins::Unknown) => By::Name,
            _ => By::Chance,
        }
    }
}

impl From<By> for Begins {
    fn from(by: By) -> Self {
        if by == By::Name { Self::Unknown } else { Self::Never }
    }
}

fn begins(capture: &mut Capture) -> Begins {
    capture.first_time().map_or(Begins::Never, Begins::At)
}

/// Plain, or compressed so that unpacking costs less than following every connection. What cannot be
/// opened costs nothing; the error comes when it is read.
fn is_cheap_to_unpack(path: &Path) -> bool {
    let mut first = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(8).read_to_end(&mut first));
    read.is_err() || matches!(Compression::of(&first), None | Some(Compression::Zstd | Compression::Lz4))
}

/// A pipe would lose what is read of it.
fn is_regular(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| data.is_file())
}
