//! What only `/proc` says of other users' processes, read by a thread of its own: whoever takes events and packets needs
//! no capability then. The thread keeps the two that reading takes and opens files for reading, nothing else.
//!
//! Reading may take for ever: `/proc/PID/cmdline` waits for the lock of that process's memory, which a process that hangs
//! in the kernel may hold (`proc_pid_cmdline_read`, `access_remote_vm`). Who asks goes on without the answer then.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use whyrst_privileges::{Duty, restrict};

use crate::cgroup::hierarchy;
use crate::counters::OutRsts;
use crate::layout::{BORN_SHIFT, Who};
use crate::probe::{CUT, spaced};

/// Bytes of a command line that are kept; `execve` takes up to six megabytes of them.
const MOST_ARGS: usize = 4_096;
/// What `/proc` says of one process is there within microseconds; on a machine that starves, later.
const PATIENCE: Duration = Duration::from_millis(250);
/// Counters of all namespaces.
const LONG_PATIENCE: Duration = Duration::from_secs(1);
/// In a flood the same processes are asked about again and again.
const FRESH: Duration = Duration::from_millis(100);
/// Processes that are remembered for that.
const REMEMBERED: usize = 256;

/// Of whom, or what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Question {
    Process(Who),
    OutRsts,
}

#[derive(Debug)]
enum Answer {
    /// `None` when it is gone.
    Process(Option<Living>),
    OutRsts(OutRsts),
}

/// Asks on behalf of a thread that may not.
#[derive(Debug)]
pub(crate) struct Procfs {
    asked: Option<(SyncSender<Question>, Receiver<Answer>)>,
    /// What is still being read; nothing else is asked until it is.
    unanswered: Cell<Option<Question>>,
    /// Of whom that has to be said.
    silent: Cell<Option<u32>>,
    recent: RefCell<HashMap<Who, (Instant, Option<Living>)>>,
}

/// What `/proc` says of a process that is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Living {
    pub(crate) comm: Option<String>,
    pub(crate) cmdline: Option<String>,
    pub(crate) cgroup: Option<String>,
    pub(crate) uid: Option<u32>,
}

impl Procfs {
    /// To be called while capabilities and system calls are still there. Where it cannot ask, nothing is known.
    pub(crate) fn start() -> Self {
        let (asking, asked) = sync_channel(1);
        let (answering, answers) = sync_channel(1);
        let thread = std::thread::Builder::new().name("proc".to_owned());
        let started = thread.spawn(move || {
            // Who may not restrict itself reads all the same; the thread that watches says it of both.
            let _ = restrict(Duty::ReadProcesses);
            answer(&asked, &answering);
        });
        Self {
            asked: started.is_ok().then_some((asking, answers)),
            unanswered: Cell::new(None),
            silent: Cell::new(None),
            recent: RefCell::default(),
        }
    }

    /// What is known of the process called `who`.
    pub(crate) fn process(&self, who: Who) -> Option<Living> {
        if let Some((at, living)) = self.recent.borrow().get(&who)
            && at.elapsed() < FRESH
        {
            return living.clone();
        }
        let Some(Answer::Process(living)) = self.ask(Question::Process(who), PATIENCE) else { return None };
        let mut recent = self.recent.borrow_mut();
        if recent.len() >= REMEMBERED {
            recent.clear();
        }
        recent.insert(who, (Instant::now(), living.clone()));
        living
    }

    /// What every namespace's kernel counted.
    pub(crate) fn out_rsts(&self) -> Option<OutRsts> {
        match self.ask(Question::OutRsts, LONG_PATIENCE)? {
            Answer::OutRsts(counts) => Some(counts),
            Answer::Process(_) => None,
        }
    }

    /// The process that `/proc` keeps silent about, once.
    pub(crate) const fn take_silent(&self) -> Option<u32> {
        self.silent.replace(None)
    }

    fn ask(&self, question: Question, patience: Duration) -> Option<Answer> {
        let (asking, answers) = self.asked.as_ref()?;
        // It came too late for who asked.
        if self.unanswered.get().is_some() && answers.try_recv().is_ok() {
            self.unanswered.set(None);
        }
        if self.unanswered.get().is_some() || asking.try_send(question).is_err() {
            return None;
        }
        let answer = answers.recv_timeout(patience);
        if answer.is_err() {
            self.unanswered.set(Some(question));
            if let Question::Process(who) = question {
                self.silent.set(Some(who.pid));
            }
        }
        answer.ok()
    }
}

/// Answers until nobody asks any more.
fn answer(asked: &Receiver<Question>, answering: &SyncSender<Answer>) {
    for question in asked {
        let answer = match question {
            Question::Process(who) => Answer::Process(Living::of(who)),
            Question::OutRsts => Answer::OutRsts(OutRsts::now()),
        };
        if answering.send(answer).is_err() {
            return;
        }
    }
}

impl Living {
    /// `None` when it is gone: a number that is in use again belongs to somebody else.
    fn of(who: Who) -> Option<Self> {
        let folder = PathBuf::from(format!("/proc/{}", who.pid));
        let stat = fs::read_to_string(folder.join("stat")).ok()?;
        if !is_born(who, started(&stat)?) {
            return None;
        }
        let read = |file: &str| fs::read(folder.join(file)).ok();
        Some(Self {
            comm: read("comm").map(|comm| String::from_utf8_lossy(&comm).trim_end().to_owned()),
            cmdline: command_line(&folder.join("cmdline")),
            cgroup: read("cgroup").and_then(|text| hierarchy(&String::from_utf8_lossy(&text))),
            uid: fs::metadata(&folder).ok().map(|data| data.uid()),
        })
    }
}

/// Its arguments, as far as they are kept; that there are more is said at their end.
fn command_line(path: &Path) -> Option<String> {
    let mut args = Vec::new();
    File::open(path).ok()?.take(MOST_ARGS as u64 + 1).read_to_end(&mut args).ok()?;
    let cmdline = spaced(&args[..args.len().min(MOST_ARGS)]);
    let cut = if args.len() > MOST_ARGS { CUT } else { "" };
    (!cmdline.is_empty()).then(|| cmdline + cut)
}

/// Hundredths of a second since boot: field 22 of `/proc/PID/stat`. The second, the name, may hold
/// anything.
fn started(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// Whether `who` was started in that hundredth of a second. Both numbers are cut short, and the
/// smaller one wraps.
fn is_born(who: Who, hundredths: u64) -> bool {
    const NANOS: u64 = 10_000_000;
    let first = (hundredths * NANOS) >> BORN_SHIFT;
    let last = ((hundredths + 1) * NANOS) >> BORN_SHIFT;
    #[expect(clippy::cast_possible_truncation, reason = "as the kernel side has it")]
    let since = who.born.wrapping_sub(first as u32);
    u64::from(since) <= last - first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_command_line_is_cut_and_says_so() {
        let folder = std::env::temp_dir().join(format!("whyrst-cmdline-{}", std::process::id()));
        let of = |len: usize| {
            fs::write(&folder, [b"java\0".as_slice(), &vec![b'x'; len]].concat()).unwrap();
            command_line(&folder).unwrap()
        };
        assert_eq!(of(3), "java xxx");
        assert!(of(MOST_ARGS - 5).ends_with('x'));
        let long = of(120_000);
        assert!(long.len() == MOST_ARGS + CUT.len() && long.ends_with(CUT), "{}", long.len());
        fs::remove_file(&folder).unwrap();
    }

    #[test]
    fn a_name_with_brackets_does_not_hide_the_start() {
        let stat = "812 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20 21";
        assert_eq!(started(stat), Some(4242));
        assert_eq!(started("812 nothing"), None);
    }

    #[test]
    fn a_process_is_recognised_by_when_it_was_started() {
        let nanos = 4_242_u64 * 10_000_000 + 7_000_000;
        let born = |nanos: u64| Who { pid: 1, born: u32::try_from((nanos >> 20) & 0xffff_ffff).unwrap() };
        assert!(is_born(born(nanos), 4_242));
        assert!(!is_born(born(nanos + 20_000_000), 4_242) && !is_born(born(nanos - 20_000_000), 4_242));
        let months = (1_u64 << 52) + 3_000_000;
        assert!(is_born(born(months), months / 10_000_000), "the number wraps after 52 days");
    }
}
