//! The kernel's own count of resets sent, to hold against what the probe saw: `Tcp: OutRsts` of
//! each network namespace. Netfilter's rejects are in neither (docs/internals/counters.md#outrsts-as-a-check-of-the-probe).

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// `OutRsts` by network namespace.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OutRsts {
    counts: BTreeMap<u32, u64>,
}

/// What became of one namespace's resets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SelfCheck {
    /// Its inode.
    pub netns: u32,
    /// Resets sent that the probe saw.
    pub seen: u64,
    /// Resets sent by the kernel's count.
    pub counted: u64,
}

impl OutRsts {
    /// Asks every namespace that has a process.
    pub fn now() -> Self {
        let mut counts = BTreeMap::new();
        let Ok(processes) = fs::read_dir("/proc") else { return Self::default() };
        for process in processes.flatten().filter(|process| is_pid(&process.file_name())) {
            let path = process.path();
            let Some(netns) = fs::metadata(path.join("ns/net")).ok().and_then(|data| u32::try_from(data.ino()).ok())
            else {
                continue;
            };
            if !counts.contains_key(&netns) {
                counts.extend(
                    fs::read_to_string(path.join("net/snmp"))
                        .ok()
                        .and_then(|text| out_rsts(&text))
                        .map(|count| (netns, count)),
                );
            }
        }
        Self { counts }
    }

    /// What the kernel counted since `before`, beside what was seen, where both can be had.
    pub fn since(&self, before: &Self, seen: &BTreeMap<u32, u64>) -> Vec<SelfCheck> {
        let both =
            self.counts.iter().filter_map(|(netns, now)| Some((*netns, now.checked_sub(*before.counts.get(netns)?)?)));
        both.map(|(netns, counted)| SelfCheck { netns, counted, seen: seen.get(&netns).copied().unwrap_or_default() })
            .filter(|check| check.counted > 0 || check.seen > 0)
            .collect()
    }
}

fn is_pid(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
}

/// The value under `OutRsts` in the two `Tcp:` lines of `/proc/net/snmp`.
fn out_rsts(text: &str) -> Option<u64> {
    let mut tcp = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = (tcp.next()?, tcp.next()?);
    let at = names.split(' ').position(|name| name == "OutRsts")?;
    values.split(' ').nth(at)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_stands_under_its_name() {
        let text = "Ip: A\nIp: 1\nTcp: RtoMin OutRsts InCsumErrors\nTcp: 200 17 0\nUdp: X\nUdp: 2\n";
        assert_eq!(out_rsts(text), Some(17));
        assert_eq!(out_rsts("Tcp: RtoMin\nTcp: 200\n"), None);
    }

    #[test]
    fn a_namespace_that_is_new_or_gone_is_not_compared() {
        let counts = |all: &[(u32, u64)]| OutRsts { counts: all.iter().copied().collect() };
        let seen = BTreeMap::from([(1, 4), (2, 9)]);
        let checks = counts(&[(1, 10), (3, 5)]).since(&counts(&[(1, 6), (2, 0)]), &seen);
        assert_eq!(checks, [SelfCheck { netns: 1, seen: 4, counted: 4 }]);
    }
}
