//! How much memory a command may use ([`Budget`] shares it out).
//!
//! Where no bound is given: no more than [`MOST`], and no more than a quarter of what there is, of the machine or of the
//! control group (a container's limit) that this process is in.

use std::fs;
use std::path::Path;

pub(crate) use whyrst_explain::budget::Budget;

const MOST: u64 = 2 << 30;

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
