//! What waits to be taken over the network: a bounded queue, in memory or in a folder.
//!
//! In a folder every batch is a file from the moment that it is made until it was taken, so that what a process
//! leaves behind its successor sends. Nothing is lost below the bound; beyond it the oldest batches go first, and
//! how many resets were in them is counted. A file's name says all that must be known of it:
//! `00000000000000000042-logs-17`, the number, what it is, how many resets.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::TelemetryError;

/// What is in a batch, and so where it goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Logs,
    Metrics,
    Resets,
    Aggregates,
    Windows,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Logs, Self::Metrics, Self::Resets, Self::Aggregates, Self::Windows];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Metrics => "metrics",
            Self::Resets => "resets",
            Self::Aggregates => "aggregates",
            Self::Windows => "windows",
        }
    }
}

/// One request's body.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) kind: Kind,
    /// Resets, or rows, in it.
    pub(crate) items: u64,
    pub(crate) body: Vec<u8>,
}

/// A batch that waits.
#[derive(Debug)]
struct Waiting {
    number: u64,
    kind: Kind,
    items: u64,
    size: u64,
    /// Its body, where there is no folder.
    body: Vec<u8>,
}

impl Waiting {
    fn name(&self) -> String {
        format!("{:020}-{}-{}", self.number, self.kind.name(), self.items)
    }

    /// Of a file that an outbox has written.
    fn of(name: &str, size: u64) -> Option<Self> {
        let mut parts = name.split('-');
        let (number, kind, items) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?.parse().ok()?);
        let kind = Kind::ALL.into_iter().find(|known| known.name() == kind)?;
        parts.next().is_none().then_some(Self { number, kind, items, size, body: Vec::new() })
    }
}

#[derive(Debug)]
pub(crate) struct Outbox {
    waiting: VecDeque<Waiting>,
    folder: Option<PathBuf>,
    most: u64,
    size: u64,
    next: u64,
}

impl Outbox {
    /// In memory, of at most `most` bytes.
    pub(crate) fn in_memory(most: u64) -> Self {
        Self { waiting: VecDeque::new(), folder: None, most, size: 0, next: first_number() }
    }

    /// In `folder`, which is made when it is not there; what lies in it is sent first.
    pub(crate) fn in_folder(folder: &Path, most: u64) -> Result<Self, TelemetryError> {
        let open = || -> io::Result<Self> {
            fs::create_dir_all(folder)?;
            let mut found = Vec::new();
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let name = entry.file_name();
                let name = name.to_string_lossy();
                match Waiting::of(&name, entry.metadata()?.len()) {
                    Some(waiting) => found.push(waiting),
                    None if is_half(&name) => fs::remove_file(entry.path())?,
                    None => {}
                }
            }
            found.sort_by_key(|waiting| waiting.number);
            let size = found.iter().map(|waiting| waiting.size).sum();
            let next = found.last().map_or(0, |last| last.number + 1).max(first_number());
            Ok(Self { waiting: found.into(), folder: Some(folder.to_owned()), most, size, next })
        };
        open().map_err(|cause| TelemetryError::Buffer { folder: folder.to_owned(), cause })
    }

    /// Bytes that wait.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Resets, or rows, that wait.
    pub(crate) fn left(&self) -> u64 {
        self.waiting.iter().map(|waiting| waiting.items).sum()
    }

    /// Whether what waits outlives the process.
    pub(crate) const fn is_kept(&self) -> bool {
        self.folder.is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes `batch`; how many resets had to go for it.
    pub(crate) fn push(&mut self, batch: Batch) -> u64 {
        let Batch { kind, items, body } = batch;
        let size = body.len() as u64;
        if size > self.most {
            return items;
        }
        let mut lost = 0;
        while self.size + size > self.most && !self.waiting.is_empty() {
            lost += self.pop();
        }
        let mut waiting = Waiting { number: self.next, kind, items, size, body };
        self.next += 1;
        if let Some(folder) = &self.folder {
            let body = std::mem::take(&mut waiting.body);
            if write(folder, &waiting.name(), &body).is_err() {
                return lost + items;
            }
        }
        self.size += size;
        self.waiting.push_back(waiting);
        lost
    }

    /// The oldest batch, which its file may not hold any more.
    pub(crate) fn first(&self) -> Option<io::Result<Batch>> {
        let first = self.waiting.front()?;
        let body = match &self.folder {
            Some(folder) => fs::read(folder.join(first.name())),
            None => Ok(first.body.clone()),
        };
        Some(body.map(|body| Batch { kind: first.kind, items: first.items, body }))
    }

    /// The number of the oldest batch: the same for the same batch, also after a restart, and no other's.
    pub(crate) fn number(&self) -> u64 {
        self.waiting.front().map_or(0, |first| first.number)
    }

    /// Takes the oldest batch away; how many resets were in it.
    pub(crate) fn pop(&mut self) -> u64 {
        let Some(first) = self.waiting.pop_front() else { return 0 };
        if let Some(folder) = &self.folder {
            // One that somebody else removed is gone as well.
            let _ = fs::remove_file(folder.join(first.name()));
        }
        self.size -= first.size;
        first.items
    }
}

/// Numbers go on where an earlier process can have ended at most: a receiver that remembers them would
/// take a number that comes again for a batch that comes again.
fn first_number() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or_default()
}

/// Half of a batch whose writer was interrupted.
fn is_half(name: &str) -> bool {
    name.strip_prefix('.').is_some_and(|name| Waiting::of(name, 0).is_some())
}

/// It appears under its name when it is complete.
fn write(folder: &Path, name: &str, body: &[u8]) -> io::Result<()> {
    let half = folder.join(format!(".{name}"));
    File::create(&half)?.write_all(body)?;
    fs::rename(&half, folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(items: u64, size: usize) -> Batch {
        Batch { kind: Kind::Logs, items, body: vec![7; size] }
    }

    fn all(outbox: &mut Outbox) -> Vec<u64> {
        std::iter::from_fn(|| (!outbox.is_empty()).then(|| outbox.pop())).collect()
    }

    #[test]
    fn below_the_bound_nothing_goes_and_beyond_it_the_oldest() {
        let folder = tempfile::tempdir().unwrap();
        for mut outbox in [Outbox::in_memory(100), Outbox::in_folder(folder.path(), 100).unwrap()] {
            assert_eq!(outbox.push(batch(1, 50)) + outbox.push(batch(2, 50)), 0);
            assert_eq!(outbox.size(), 100);
            assert_eq!(outbox.push(batch(3, 60)), 3, "both had to go");
            assert_eq!(outbox.push(batch(4, 101)), 4, "larger than the bound: it goes itself, and no other for it");
            assert_eq!(outbox.push(batch(5, 100)), 3);
            assert_eq!(outbox.first().unwrap().unwrap().body.len(), 100);
            assert_eq!(all(&mut outbox), [5]);
            assert_eq!(outbox.size(), 0);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_successor_sends_what_was_left() {
        let folder = tempfile::tempdir().unwrap();
        let mut before = Outbox::in_folder(folder.path(), 1_000).unwrap();
        for items in 1..=12 {
            before.push(batch(items, 10));
        }
        before.pop();
        drop(before);
        let half = folder.path().join(".00000000000000000099-logs-3");
        fs::write(&half, "x").unwrap();
        let others = ["README", ".profile", ".1-notes-2"].map(|name| folder.path().join(name));
        for other in &others {
            fs::write(other, "not ours").unwrap();
        }
        let mut after = Outbox::in_folder(folder.path(), 1_000).unwrap();
        assert_eq!(after.size(), 110);
        after.push(batch(13, 10));
        assert_eq!(after.first().unwrap().unwrap().body, [7; 10]);
        assert_eq!(all(&mut after), (2..=13).collect::<Vec<_>>());
        assert!(others.iter().all(|other| other.exists()) && !half.exists());
    }

    #[test]
    fn no_number_comes_again_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Outbox::in_folder(folder.path(), 100).unwrap();
        let number = |mut outbox: Outbox| {
            outbox.push(batch(1, 10));
            let number = outbox.number();
            outbox.pop();
            number
        };
        let first = number(open());
        assert!(first < number(open()) && first < number(Outbox::in_memory(100)));
    }

    #[test]
    fn a_file_that_is_gone_is_no_empty_batch() {
        let folder = tempfile::tempdir().unwrap();
        let mut outbox = Outbox::in_folder(folder.path(), 100).unwrap();
        outbox.push(batch(1, 10));
        fs::remove_file(fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path()).unwrap();
        assert!(outbox.first().unwrap().is_err());
    }
}
