//! Whose socket it is: the process, its command line, cgroup, container and unit.
//!
//! The probe remembers who had to do with sockets, also when the process is gone. What it does not
//! know is read from `/proc` while the process lives; of those that held sockets before the probe
//! was loaded, at once.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use whyrst_core::socket::Process;

use crate::cgroup::{Cgroups, container, hierarchy, unit};
use crate::layout::{BORN_SHIFT, Who};
use crate::probe::{CUT, Probe, Remembered, spaced};

/// Bytes of a command line that are kept; `execve` takes up to six megabytes of them.
const MOST_ARGS: usize = 4_096;

/// Looks up what belongs to a process.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    cgroups: Cgroups,
    /// Processes that had sockets before the probe was loaded.
    adopted: HashMap<Who, Living>,
}

/// What `/proc` says of a process that is there.
#[derive(Clone, Debug, Default)]
struct Living {
    comm: Option<String>,
    cmdline: Option<String>,
    cgroup: Option<String>,
    uid: Option<u32>,
}

impl Owners {
    /// Asks `/proc` about every process whose sockets were adopted: it may be gone when it matters.
    pub(crate) fn adopting(probe: &Probe) -> Self {
        let nameless = probe.processes().into_iter().filter(|(_, process)| process.cmdline.is_none());
        let adopted = nameless.filter_map(|(who, _)| Some((who, Living::of(who)?))).collect();
        Self { cgroups: Cgroups::default(), adopted }
    }

    /// The process called `who`; `None` when it is nobody.
    pub(crate) fn process(&mut self, who: Who, probe: &Probe) -> Option<Process> {
        if who.pid == 0 {
            return None;
        }
        let remembered = probe.process(who);
        let living = Living::of(who).or_else(|| self.adopted.get(&who).cloned()).unwrap_or_default();
        let of_memory = |get: fn(&Remembered) -> Option<String>| remembered.as_ref().and_then(get);
        let number = remembered.as_ref().map_or(0, |process| process.cgroup);
        let cgroup = living.cgroup.or_else(|| self.cgroups.path(number));
        Some(Process {
            pid: who.pid,
            comm: living.comm.or_else(|| of_memory(|process| Some(process.comm.clone()))).unwrap_or_default(),
            // A dying process has none any more.
            cmdline: living.cmdline.or_else(|| of_memory(|process| process.cmdline.clone())),
            uid: remembered.as_ref().and_then(|process| process.uid).or(living.uid),
            container: cgroup.as_deref().and_then(container),
            unit: cgroup.as_deref().and_then(unit),
            cgroup,
            ..Process::default()
        })
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
