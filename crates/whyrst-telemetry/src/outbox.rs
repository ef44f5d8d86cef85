//! What waits to be taken over the network: a bounded queue, in memory or in a folder.
//!
//! In a folder every batch is a file from the moment that it is made until it was taken, so that what a process
//! leaves behind its successor sends. Where the folder takes nothing (the disk is full), batches wait in memory. Nothing is lost below the bound; beyond it the oldest batches go first, and
//! how many resets were in them is counted. A file's name says all that must be known of it:
//! `00000000000000000042-logs-17`, the number, what it is, how many resets.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::libc;

use crate::error::TelemetryError;

/// Bytes that may wait in memory for one place.
pub(crate) const IN_MEMORY: u64 = 16 << 20;
/// Numbers are nanoseconds since 1970 or a little more; no file of ours has one beyond the year 2262.
const LAST_NUMBER: u64 = i64::MAX as u64;
/// Batches name processes and addresses: they are their owner's alone.
const PRIVATE: u32 = 0o600;

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

/// What is left at the end.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Left {
    /// A successor sends them.
    pub(crate) in_files: u64,
    /// They go with the process.
    pub(crate) in_memory: u64,
}

/// A batch that waits.
#[derive(Debug)]
struct Waiting {
    number: u64,
    kind: Kind,
    items: u64,
    size: u64,
    body: Body,
}

/// Where its body is.
#[derive(Debug)]
enum Body {
    File,
    Memory(Vec<u8>),
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
        let is_ours = parts.next().is_none() && number <= LAST_NUMBER;
        is_ours.then_some(Self { number, kind, items, size, body: Body::File })
    }

    const fn is_in_memory(&self) -> bool {
        matches!(self.body, Body::Memory(_))
    }
}

#[derive(Debug)]
pub(crate) struct Outbox {
    waiting: VecDeque<Waiting>,
    folder: Option<PathBuf>,
    most: u64,
    size: u64,
    /// Bytes of it in memory.
    in_memory: u64,
    next: u64,
    /// Resets that had to go and were not counted yet.
    lost: u64,
    /// The folder took nothing the last time.
    is_refused: bool,
    /// What is to be said of the folder.
    said: Vec<String>,
}

impl Outbox {
    /// In memory, of at most `most` bytes.
    pub(crate) fn in_memory(most: u64) -> Self {
        Self {
            waiting: VecDeque::new(),
            folder: None,
            most,
            size: 0,
            in_memory: 0,
            next: first_number(),
            lost: 0,
            is_refused: false,
            said: Vec::new(),
        }
    }

    /// In `folder`, which is made when it is not there; what lies in it is sent first.
    pub(crate) fn in_folder(folder: &Path, most: u64) -> Result<Self, TelemetryError> {
        let mut outbox = Self { folder: Some(folder.to_owned()), ..Self::in_memory(most) };
        let found = found_in(folder);
        let found = found.map_err(|cause| TelemetryError::Buffer { folder: folder.to_owned(), cause })?;
        outbox.next = found.last().map_or(0, |last| last.number + 1).max(outbox.next);
        outbox.size = found.iter().fold(0, |sum: u64, waiting| sum.saturating_add(waiting.size));
        outbox.waiting = found.into();
        outbox.make_room(0);
        Ok(outbox)
    }

    /// Bytes that wait.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Resets, or rows, that wait: those that outlive the process, and those that do not.
    pub(crate) fn left(&self) -> Left {
        let mut left = Left::default();
        for waiting in &self.waiting {
            let sum = if waiting.is_in_memory() { &mut left.in_memory } else { &mut left.in_files };
            *sum = sum.saturating_add(waiting.items);
        }
        left
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Resets that had to go since this was last asked.
    pub(crate) const fn take_lost(&mut self) -> u64 {
        std::mem::replace(&mut self.lost, 0)
    }

    /// What is to be said since this was last asked.
    pub(crate) fn take_said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    /// Takes `batch`. Where its folder does not, memory keeps it: the receiver may be there all the same.
    pub(crate) fn push(&mut self, batch: Batch) {
        let Batch { kind, items, body } = batch;
        let size = body.len() as u64;
        if size > self.most {
            self.lose(items);
            return;
        }
        self.make_room(size);
        let mut waiting = Waiting { number: self.next, kind, items, size, body: Body::Memory(body) };
        self.next += 1;
        if self.folder.is_some() {
            match self.write(&waiting) {
                Ok(()) => waiting.body = Body::File,
                Err(_) if size > IN_MEMORY => return self.lose(items),
                Err(_) => self.make_room_in_memory(size),
            }
        }
        self.size += size;
        if waiting.is_in_memory() {
            self.in_memory += size;
        }
        self.waiting.push_back(waiting);
    }

    /// The oldest batch, which its file may not hold any more.
    pub(crate) fn first(&self) -> Option<io::Result<Batch>> {
        let first = self.waiting.front()?;
        let body = match (&first.body, &self.folder) {
            (Body::Memory(body), _) => Ok(body.clone()),
            (Body::File, Some(folder)) => read(&folder.join(first.name()), first.size),
            (Body::File, None) => Err(io::ErrorKind::NotFound.into()),
        };
        Some(body.map(|body| Batch { kind: first.kind, items: first.items, body }))
    }

    /// The number of the oldest batch: the same for the same batch, also after a restart, and no other's.
    pub(crate) fn number(&self) -> u64 {
        self.waiting.front().map_or(0, |first| first.number)
    }

    /// Takes the oldest batch away; how many resets were in it.
    pub(crate) fn pop(&mut self) -> u64 {
        self.remove(0)
    }

    /// Before the end: what memory keeps goes into the folder, if that has room by now.
    pub(crate) fn settle(&mut self) {
        if self.folder.is_none() {
            return;
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        for one in waiting.iter_mut().filter(|one| one.is_in_memory()) {
            if self.write(one).is_err() {
                break;
            }
            one.body = Body::File;
            self.in_memory -= one.size;
        }
        self.waiting = waiting;
    }

    fn remove(&mut self, at: usize) -> u64 {
        let Some(gone) = self.waiting.remove(at) else { return 0 };
        match (&gone.body, &self.folder) {
            (Body::Memory(_), _) => self.in_memory -= gone.size,
            // One that somebody else removed is gone as well.
            (Body::File, Some(folder)) => fs::remove_file(folder.join(gone.name())).unwrap_or_default(),
            (Body::File, None) => {}
        }
        self.size -= gone.size;
        gone.items
    }

    /// The oldest go.
    fn make_room(&mut self, size: u64) {
        while self.size.saturating_add(size) > self.most && !self.waiting.is_empty() {
            let items = self.pop();
            self.lose(items);
        }
    }

    /// Of those in memory the oldest go.
    fn make_room_in_memory(&mut self, size: u64) {
        while self.in_memory + size > IN_MEMORY {
            let Some(oldest) = self.waiting.iter().position(Waiting::is_in_memory) else { return };
            let items = self.remove(oldest);
            self.lose(items);
        }
    }

    const fn lose(&mut self, items: u64) {
        self.lost = self.lost.saturating_add(items);
    }

    /// Writes it into the folder. That it is refused is said once, and that it is not any more.
    fn write(&mut self, waiting: &Waiting) -> io::Result<()> {
        let (Some(folder), Body::Memory(body)) = (&self.folder, &waiting.body) else { return Ok(()) };
        let written = write(folder, &waiting.name(), body);
        let name = folder.display();
        let said = match (&written, self.is_refused) {
            (Err(cause), false) => Some(format!(
                "cannot keep a batch in {name}: {cause}; batches wait in memory meanwhile, {} MiB at most",
                IN_MEMORY >> 20
            )),
            (Ok(()), true) => Some(format!("{name} takes batches again")),
            _ => None,
        };
        self.said.extend(said);
        self.is_refused = written.is_err();
        written
    }
}

/// What an earlier process left in `folder`, oldest first. Halves of batches go.
fn found_in(folder: &Path) -> io::Result<Vec<Waiting>> {
    fs::create_dir_all(folder)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (name, data) = (entry.file_name(), entry.metadata()?);
        let name = name.to_string_lossy();
        match Waiting::of(&name, data.len()) {
            // Nothing else was written by an outbox: no link, no pipe that would be waited for.
            Some(waiting) if data.is_file() => found.push(waiting),
            None if is_half(&name) => fs::remove_file(entry.path())?,
            _ => {}
        }
    }
    found.sort_by_key(|waiting| waiting.number);
    Ok(found)
}

/// Numbers go on where an earlier process can have ended at most: a receiver that remembers them would
/// take a number that comes again for a batch that comes again.
fn first_number() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or_default().min(LAST_NUMBER)
}

/// Half of a batch whose writer was interrupted.
fn is_half(name: &str) -> bool {
    name.strip_prefix('.').is_some_and(|name| Waiting::of(name, 0).is_some())
}

/// It appears under its name when it is complete. What cannot be completed leaves nothing behind.
fn write(folder: &Path, name: &str, body: &[u8]) -> io::Result<()> {
    let half = folder.join(format!(".{name}"));
    // `create_new` follows no link that somebody has put there.
    let mut file = File::options().write(true).create_new(true).mode(PRIVATE).open(&half)?;
    let written = file.write_all(body).and_then(|()| fs::rename(&half, folder.join(name)));
    if written.is_err() {
        // The first error is the one to be told.
        fs::remove_file(&half).unwrap_or_default();
    }
    written
}

/// No more than was written, whatever lies there now.
fn read(path: &Path, size: u64) -> io::Result<Vec<u8>> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    let mut body = Vec::new();
    file.take(size).read_to_end(&mut body)?;
    Ok(body)
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
            let mut lost_for = |batch| {
                outbox.push(batch);
                (outbox.take_lost(), outbox.size())
            };
            assert_eq!((lost_for(batch(1, 50)), lost_for(batch(2, 50))), ((0, 50), (0, 100)));
            assert_eq!(lost_for(batch(3, 60)), (3, 60), "both had to go");
            assert_eq!(lost_for(batch(4, 101)), (4, 60), "larger than the bound: it goes itself, and no other for it");
            assert_eq!(lost_for(batch(5, 100)), (3, 100));
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

    #[test]
    fn names_that_no_outbox_wrote_are_no_batches() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["18446744073709551615-logs-1", "00000000000000000001-logs-2", "00000000000000000002-logs-3"];
        let [beyond, link, huge] = names.map(|name| folder.path().join(name));
        fs::write(&beyond, "x").unwrap();
        std::os::unix::fs::symlink("/dev/zero", link).unwrap();
        File::create(&huge).unwrap().set_len(1 << 40).unwrap();
        let counts = folder.path().join("00000000000000000003-logs-18446744073709551615");
        fs::write(counts, "x").unwrap();
        let mut outbox = Outbox::in_folder(folder.path(), 1_000).unwrap();
        assert_eq!(outbox.take_lost(), 3, "a terabyte is beyond the bound");
        outbox.push(batch(1, 10));
        assert_eq!(outbox.left().in_files, u64::MAX, "as many as can be counted");
        assert_eq!(outbox.first().unwrap().unwrap().body, b"x");
        assert!(beyond.exists() && !huge.exists());
    }

    /// In a mount namespace of this thread: a file system of 64 KiB, which 60 KiB fill.
    fn on_a_full_disk(run: impl FnOnce(&Path) + Send + 'static) {
        use nix::mount::{MsFlags, mount};
        std::thread::spawn(|| {
            let folder = tempfile::tempdir().unwrap();
            let none = None::<&str>;
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNS).unwrap();
            mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
            mount(Some("whyrst"), folder.path(), Some("tmpfs"), MsFlags::empty(), Some("size=64k")).unwrap();
            fs::write(folder.path().join("full"), vec![0; 60 << 10]).unwrap();
            run(folder.path());
            nix::mount::umount(folder.path()).unwrap();
        })
        .join()
        .unwrap();
    }

    #[test]
    #[ignore = "needs root and BPF"]
    fn where_the_disk_is_full_batches_wait_in_memory_and_no_half_stays() {
        on_a_full_disk(|folder| {
            let files = || fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
            let mut outbox = Outbox::in_folder(folder, 1 << 30).unwrap();
            outbox.push(batch(1, 20_000));
            outbox.push(batch(2, 20_000));
            assert_eq!(outbox.take_lost(), 0);
            assert_eq!(files(), ["full"], "no half of a batch stays");
            let said = outbox.take_said();
            assert!(said.len() == 1 && said[0].contains("No space left on device"), "{said:?}");
            assert_eq!(outbox.first().unwrap().unwrap().body.len(), 20_000, "it can be sent");
            // Memory is bounded as well.
            for items in 3..=4 {
                outbox.push(batch(items, usize::try_from(IN_MEMORY - 30_000).unwrap()));
            }
            assert_eq!((outbox.take_lost(), outbox.left()), (1 + 2 + 3, Left { in_files: 0, in_memory: 4 }));
            outbox.pop();
            outbox.push(batch(5, 20_000));
            fs::remove_file(folder.join("full")).unwrap();
            outbox.settle();
            assert_eq!(outbox.left(), Left { in_files: 5, in_memory: 0 });
            assert_eq!(outbox.take_said().len(), 1, "it takes batches again");
            assert_eq!(files().len(), 1);
        });
    }
}
