//! How much memory a command may use, and how its parts share it.
//!
//! Where no bound is given: no more than [`MOST`], and no more than a quarter of what there is, of the machine or of the
//! control group (a container's limit) that this process is in.

use std::fs;
use std::path::Path;

use whyrst_core::tracker::Limits;

const MOST: u64 = 2 << 30;

/// What the program needs itself: its code, and the chunks, reports and rows that are under way.
const PROGRAM: u64 = 20 << 20;
/// A connection with its records, as the tracker keeps it, and its share of the tables.
const PER_CONNECTION: u64 = 1_200;
/// A reset that waits to be reported, with the segments before and after it.
const PER_RESET: u64 = 4_096;
/// What is known of a service, with its share of the table.
const PER_SERVICE: u64 = 512;

/// The memory of one run. It bounds the whole process, so each part gets a share of it, which another does not use when
/// it is free: the shares of what is there at the same time make up the whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Budget(u64);

impl Budget {
    /// What `memory` leaves beside the program, and a quarter of it in any case.
    pub(crate) fn of(memory: u64) -> Self {
        Self(memory.saturating_sub(PROGRAM).max(memory / 4))
    }

    /// The same for each of several that are there at the same time.
    pub(crate) fn each_of(self, several: usize) -> Self {
        Self(self.0 / several.max(1) as u64)
    }

    /// Bytes of a first look, before anything is followed: when its table grows, the one half as large is there as well.
    pub(crate) fn first_look(self) -> usize {
        self.share(2)
    }

    /// Bytes for the names of the flows that are to be followed.
    pub(crate) fn noted(self) -> usize {
        self.share(8)
    }

    /// Bytes for counting connections beside a tracker.
    pub(crate) fn count(self) -> usize {
        self.share(8)
    }

    /// Bytes for comparing outcomes.
    pub(crate) fn incidents(self) -> usize {
        self.share(32)
    }

    /// Bytes of comments that wait until a capture is written once more with them.
    pub(crate) fn comments(self) -> usize {
        self.share(12)
    }

    /// Bytes of reports that wait for what stands above them; a text that grows takes up to twice as much.
    pub(crate) fn held_text(self) -> usize {
        self.share(24)
    }

    /// Bytes of rows that wait for their file.
    pub(crate) fn rows(self) -> usize {
        self.share(12)
    }

    /// Services that a summary counts one by one.
    pub(crate) fn services(self) -> usize {
        self.number(32, PER_SERVICE).clamp(1_024, 65_536)
    }

    /// Bytes for the segments that several capture points have of the same connections.
    pub(crate) fn segments(self) -> u64 {
        self.0 / 2
    }

    /// The bounds of a tracker, in which `held` resets wait for what their siblings do later.
    pub(crate) fn limits(self, held: usize) -> Limits {
        let unsettled = self.number(8, PER_RESET).clamp(256, 65_536);
        Limits {
            connections: self.number(2, PER_CONNECTION).max(16),
            services: self.services(),
            unsettled,
            held: held.min(unsettled / 2),
            closed: (unsettled / 4).clamp(256, 16_384),
            ..Limits::default()
        }
    }

    fn share(self, parts: u64) -> usize {
        self.number(parts, 1)
    }

    fn number(self, parts: u64, octets: u64) -> usize {
        usize::try_from(self.0 / parts / octets).unwrap_or(usize::MAX)
    }
}

/// What `--memory` is when nobody says it.
pub(crate) fn default() -> u64 {
    share_of(there_is())
}

/// Where nothing can be found out, [`MOST`] it is.
fn share_of(there_is: Option<u64>) -> u64 {
    there_is.map_or(MOST, |bytes| MOST.min(bytes / 4))
}

fn there_is() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let groups = fs::read_to_string("/proc/self/cgroup").ok();
    machine.into_iter().chain(groups.and_then(|text| least_limit(Path::new("/sys/fs/cgroup"), &text))).min()
}

/// `MemTotal:       24612345 kB`, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The least `memory.max` of the group and of those that it is in (control groups, version 2).
fn least_limit(mounted: &Path, groups: &str) -> Option<u64> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let limit = |folder: &Path| fs::read_to_string(folder.join("memory.max")).ok()?.trim().parse().ok();
    let group = mounted.join(own);
    group.ancestors().take_while(|folder| folder.starts_with(mounted)).filter_map(limit).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_what_there_is_and_two_gibibytes_at_most() {
        assert_eq!(total("MemTotal:        1048576 kB\nMemFree: 1 kB\n"), Some(1 << 30));
        assert_eq!([None, Some(1 << 30), Some(64 << 30)].map(share_of), [MOST, 256 << 20, MOST]);
    }

    #[test]
    fn shares_that_are_used_at_the_same_time_make_up_the_whole() {
        for memory in [64 << 20, 256 << 20, 2_u64 << 30] {
            let budget = Budget::of(memory);
            let limits = budget.limits(2_048);
            let followed = limits.connections as u64 * PER_CONNECTION
                + (limits.unsettled + limits.held) as u64 * PER_RESET
                + 2 * budget.services() as u64 * PER_SERVICE
                + (budget.noted().max(budget.count()) + budget.incidents() + budget.comments().max(budget.rows()))
                    as u64;
            assert!(PROGRAM + followed <= memory, "{memory}: {followed}");
        }
        assert_eq!(Budget::of(2 << 30).limits(0).services, 65_536, "who has memory is bounded as ever");
    }

    #[test]
    fn the_narrowest_group_counts() {
        let mounted = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir_all(mounted.path().join("pod/container")).expect("it is writable");
        for (group, limit) in [("pod", "536870912\n"), ("pod/container", "max\n")] {
            fs::write(mounted.path().join(group).join("memory.max"), limit).expect("it is writable");
        }
        assert_eq!(least_limit(mounted.path(), "1:cpu:/x\n0::/pod/container\n"), Some(512 << 20));
        assert_eq!(least_limit(mounted.path(), "0::/\n"), None);
    }
}
