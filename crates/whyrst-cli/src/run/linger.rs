//! Connections that a command leaves behind: closed, without a process, and not yet at their end.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns};
use whyrst_core::time::Span;
use whyrst_probe::SocketList;

use crate::args::Run;
use crate::output;

/// How often it is asked whether they have ended.
const PAUSE: Duration = Duration::from_millis(50);
/// Namespaces of one command that are looked at.
const MOST: usize = 16;

/// Waits for them, as long as that was asked for.
pub(super) struct Lingering {
    most: Duration,
    until: Instant,
    asked: Option<Instant>,
    said: bool,
    quiet: bool,
}

impl Lingering {
    /// The command has just ended.
    pub(super) fn begin(arguments: &Run) -> Self {
        let most = arguments.linger;
        Self { most, until: Instant::now() + most, asked: None, said: false, quiet: arguments.common.quiet }
    }

    /// Waits no longer.
    pub(super) fn give_up(&mut self) {
        self.until = Instant::now();
    }

    /// Whether there is still something to wait for: `orphans` counts it, or does not know.
    pub(super) fn goes_on(&mut self, orphans: impl FnOnce() -> Option<usize>) -> bool {
        let now = Instant::now();
        let is_over = now >= self.until;
        if self.most.is_zero() {
            return false;
        }
        if !is_over && self.asked.is_some_and(|asked| now.duration_since(asked) < PAUSE) {
            return true;
        }
        self.asked = Some(now);
        match orphans() {
            Some(0) => false,
            Some(left) if is_over => {
                self.say(&format!("{}: resets from now on are not reported (--linger)", live_on(left)));
                false
            }
            Some(left) => {
                if !std::mem::replace(&mut self.said, true) {
                    let most = Span::from_nanos(i64::try_from(self.most.as_nanos()).unwrap_or(i64::MAX));
                    self.say(&format!("{}: waiting at most {most} for a reset (--linger)", live_on(left)));
                }
                true
            }
            None => {
                self.say("cannot tell whether connections of the command live on: not waiting for them (--linger)");
                false
            }
        }
    }

    fn say(&self, words: &str) {
        if !self.quiet {
            output::remark(words);
        }
    }
}

fn live_on(count: usize) -> String {
    match count {
        1 => "1 connection of the command lives on without a process".to_owned(),
        count => format!("{count} connections of the command live on without a process"),
    }
}

/// The network namespaces that the command's processes were seen in.
pub(super) struct Namespaces {
    seen: BTreeSet<u64>,
    /// `None` for one whose sockets may not be listed.
    lists: Vec<Option<SocketList>>,
}

impl Namespaces {
    /// Begins with that of this process: the command begins there, and may have ended before anybody looks.
    pub(super) fn of_this_process() -> Self {
        let own = fs::metadata("/proc/self/ns/net").map(|data| data.ino()).unwrap_or_default();
        Self { seen: [own].into(), lists: vec![SocketList::here().ok()] }
    }

    /// Takes the namespace of this process to those that are looked at.
    pub(super) fn note(&mut self, pid: &str) {
        let path = format!("/proc/{pid}/ns/net");
        let Ok(inode) = fs::metadata(&path).map(|data| data.ino()) else { return };
        if self.lists.len() < MOST && self.seen.insert(inode) {
            self.lists.push(File::open(&path).ok().and_then(|handle| list_in(&handle)));
        }
    }

    /// What lists their sockets; `None` where one of them cannot be listed.
    pub(super) fn lists(&self) -> Option<Vec<&SocketList>> {
        self.lists.iter().map(Option::as_ref).collect()
    }
}

/// Entering a namespace concerns one thread; it ends with it.
fn list_in(handle: &File) -> Option<SocketList> {
    std::thread::scope(|scope| {
        let entering = scope.spawn(|| setns(handle, CloneFlags::CLONE_NEWNET).and_then(|()| SocketList::here()).ok());
        entering.join().ok().flatten()
    })
}
