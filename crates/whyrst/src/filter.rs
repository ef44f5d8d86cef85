//! Which resets `watch` shows. Every filter must fit; of its values one is enough. Both ends count:
//! a filter on `nginx` shows what nginx sends and what it receives.

use std::os::unix::fs::MetadataExt;

use anyhow::{Context as _, Result};
use whyrst_core::flow::Side;
use whyrst_core::outcome::Outcome;
use whyrst_core::socket::{Account, Process};
use whyrst_probe::KernelFilter;

use crate::args::{Network, Watch};
use crate::causes;

#[derive(Debug)]
pub(crate) struct Filter {
    pids: Vec<u32>,
    comms: Vec<String>,
    ports: Vec<u16>,
    networks: Vec<Network>,
    cgroups: Vec<String>,
    netns: Vec<u32>,
    causes: Vec<String>,
}

impl Filter {
    pub(crate) fn of(arguments: &Watch) -> Result<Self> {
        for id in arguments.cause.iter().filter(|id| *id != "unexplained") {
            causes::find(id)?;
        }
        Ok(Self {
            pids: arguments.pid.clone(),
            comms: arguments.comm.clone(),
            ports: arguments.port.clone(),
            networks: arguments.addr.clone(),
            cgroups: arguments.cgroup.iter().map(|path| format!("/{}", path.trim_matches('/'))).collect(),
            netns: arguments.netns.iter().map(|name| netns(name)).collect::<Result<_>>()?,
            causes: arguments.cause.clone(),
        })
    }

    /// The part that the kernel side can do: what both ends of a connection have alike.
    pub(crate) fn in_kernel(&self) -> KernelFilter {
        KernelFilter::of(&self.ports, self.networks.iter().map(Network::prefix))
    }

    /// Whether the ends are those that were asked for.
    pub(crate) fn shows(&self, outcome: &Outcome) -> bool {
        let ends = Side::BOTH.map(|side| outcome.connection().endpoint(side));
        let accounts = || Side::BOTH.iter().filter_map(|side| outcome.account(*side));
        let process = |fits: &dyn Fn(&Process) -> bool| accounts().flat_map(processes).any(fits);
        fits(&self.ports, |port| ends.iter().any(|end| end.port == *port))
            && fits(&self.networks, |network| ends.iter().any(|end| network.has(end.ip)))
            && fits(&self.netns, |netns| accounts().any(|account| account.netns == *netns))
            && fits(&self.pids, |pid| process(&|process| process.pid == *pid))
            && fits(&self.comms, |comm| process(&|process| process.comm == *comm))
            && fits(&self.cgroups, |path| {
                process(&|process| process.cgroup.as_deref().is_some_and(|own| lies_in(own, path)))
            })
    }

    /// Whether the verdict is one that was asked for.
    pub(crate) fn wants(&self, cause: &str) -> bool {
        fits(&self.causes, |wanted| wanted == cause)
    }
}

fn fits<T>(values: &[T], fits: impl Fn(&T) -> bool) -> bool {
    values.is_empty() || values.iter().any(fits)
}

fn processes(account: &Account) -> impl Iterator<Item = &Process> {
    [&account.process, &account.closer, &account.maker].into_iter().flatten()
}

fn lies_in(own: &str, path: &str) -> bool {
    path == "/" || own.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The inode of a network namespace, given as such or by a path.
fn netns(name: &str) -> Result<u32> {
    if let Ok(inode) = name.trim_start_matches("net:[").trim_end_matches(']').parse() {
        return Ok(inode);
    }
    let data = std::fs::metadata(name).with_context(|| format!("cannot find the network namespace {name}"))?;
    u32::try_from(data.ino()).with_context(|| format!("{name} is no network namespace"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cgroup_holds_what_lies_below_it_and_nothing_beside_it() {
        assert!(lies_in("/system.slice/nginx.service", "/system.slice"));
        assert!(lies_in("/system.slice", "/system.slice"));
        assert!(!lies_in("/system.slice-b", "/system.slice"));
        assert!(lies_in("/a", "/"));
    }

    #[test]
    fn a_namespace_is_named_by_inode_or_by_path() {
        assert_eq!(netns("4026531840").unwrap(), 4_026_531_840);
        assert_eq!(netns("net:[4026531840]").unwrap(), 4_026_531_840);
        assert!(netns("/proc/self/ns/net").unwrap() > 0);
        assert!(netns("/nonexistent/ns").unwrap_err().to_string().contains("/nonexistent/ns"));
    }
}
