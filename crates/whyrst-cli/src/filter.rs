//! Which resets `watch` shows. Every filter must fit; of its values one is enough. Both ends count:
//! a filter on `nginx` shows what nginx sends and what it receives.
//!
//! What nothing can match is refused, and what nothing matches now is said: an empty screen would pass for a quiet host.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use nix::sys::statfs::{NSFS_MAGIC, statfs};
use whyrst_core::filter::Filter as Words;
use whyrst_core::flow::Side;
use whyrst_core::outcome::Outcome;
use whyrst_core::report::Explanation;
use whyrst_core::segment::Endpoint;
use whyrst_core::socket::{Account, Process, Translation, Wire};
use whyrst_core::verdict::Judgement;
use whyrst_model::listed::ListedReport;
use whyrst_probe::{
    EndsOfInterest, Interest, KernelFilter, NAMED_NAMESPACES, cgroup_mount_point, may_translate, network_namespaces,
};

use crate::args::{Network, Place, Ports, Watch, has_step};
use crate::causes;

/// Bytes of a program's name that the kernel keeps (`TASK_COMM_LEN` without its zero).
const LONGEST_COMM: usize = 15;

/// Whether the two ends of a connection may have different names on this host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Nat {
    None,
    Possible,
}

#[derive(Debug)]
pub(crate) struct Filter {
    pids: Vec<u32>,
    comms: Vec<String>,
    ports: Vec<Ports>,
    not_ports: Vec<Ports>,
    networks: Vec<Network>,
    cgroups: Vec<String>,
    netns: Vec<u32>,
    causes: Vec<String>,
    not_causes: Vec<String>,
    /// `--filter`.
    words: Option<Words>,
    remarks: Vec<String>,
    nat: Nat,
}

impl Filter {
    /// What was asked for.
    ///
    /// # Errors
    ///
    /// For what nothing can ever match: a cause that is not in the catalogue, a process or a namespace that is not there.
    pub(crate) fn of(arguments: &Watch) -> Result<Self> {
        for id in arguments.cause.iter().chain(&arguments.not_cause).filter(|id| *id != "unexplained") {
            causes::find(id)?;
        }
        let mut remarks = Vec::new();
        let filter = Self {
            pids: arguments.pid.iter().map(|pid| process(*pid)).collect::<Result<_>>()?,
            comms: arguments.comm.iter().map(|name| comm(name, &mut remarks)).collect(),
            ports: arguments.port.clone(),
            not_ports: arguments.not_port.clone(),
            networks: networks(&arguments.addr, &mut remarks)?,
            cgroups: arguments.cgroup.iter().map(|path| cgroup(path)).collect(),
            netns: arguments.netns.iter().map(|name| netns(name)).collect::<Result<_>>()?,
            causes: arguments.cause.clone(),
            not_causes: arguments.not_cause.clone(),
            words: arguments.filter.clone(),
            remarks: Vec::new(),
            nat: if may_translate() { Nat::Possible } else { Nat::None },
        };
        remarks.extend(filter.without_match());
        Ok(Self { remarks, ..filter })
    }

    /// What whoever asked is to be told at once.
    pub(crate) fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The part that the kernel side can do: what both ends of a connection have alike. Namespace, program and cgroup
    /// are those of one end, and often the other one knows why; behind NAT so are ports and addresses.
    pub(crate) fn in_kernel(&self) -> KernelFilter {
        if self.nat == Nat::Possible {
            return KernelFilter::default();
        }
        KernelFilter::default()
            .with_ports(self.ports.iter().map(Ports::range))
            .without_ports(self.not_ports.iter().map(Ports::range))
            .with_networks(self.networks.iter().map(Network::prefix))
    }

    /// What is reported whatever floods the host.
    pub(crate) fn interest(&self) -> Interest {
        Interest {
            namespaces: self.netns.iter().copied().collect(),
            pids: self.pids.iter().copied().collect(),
            ends: match self.nat {
                Nat::Possible => EndsOfInterest {
                    ports: self.ports.iter().map(Ports::range).collect(),
                    networks: self.networks.iter().map(Network::prefix).collect(),
                },
                Nat::None => EndsOfInterest::default(),
            },
            ..Interest::default()
        }
    }

    /// The network namespaces that were asked for.
    pub(crate) fn namespaces(&self) -> &[u32] {
        &self.netns
    }

    /// Whether this is what was asked for.
    pub(crate) fn shows(&self, report: &Explanation<'_>) -> bool {
        let in_words = || self.words.as_ref().is_none_or(|words| fits_words(words, report));
        self.fits_ends(report.outcome) && self.wants(&report.judgement) && in_words()
    }

    /// Whether the ends are those that were asked for.
    fn fits_ends(&self, outcome: &Outcome) -> bool {
        let ends = names(outcome);
        let accounts = || Side::BOTH.iter().filter_map(|side| outcome.account(*side));
        let process = |fits: &dyn Fn(&Process) -> bool| accounts().flat_map(processes).any(fits);
        let has_port = |ports: &Ports| ends.iter().any(|end| ports.has(end.port));
        fits(&self.ports, has_port)
            && !self.not_ports.iter().any(has_port)
            && fits(&self.networks, |network| ends.iter().any(|end| network.has(end.ip)))
            && fits(&self.netns, |netns| accounts().any(|account| account.netns == *netns))
            && fits(&self.pids, |pid| process(&|process| process.pid == *pid))
            && fits(&self.comms, |comm| process(&|process| process.comm == *comm))
            && fits(&self.cgroups, |path| {
                process(&|process| process.cgroup.as_deref().is_some_and(|own| lies_in(own, path)))
            })
    }

    /// Whether the verdict is one that was asked for.
    fn wants(&self, judgement: &Judgement) -> bool {
        fits(&self.causes, |wanted| has_step(judgement, wanted))
            && !self.not_causes.iter().any(|unwanted| has_step(judgement, unwanted))
    }

    /// What of the filters fits nothing that is there now.
    fn without_match(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.comms.is_empty() {
            let running = running();
            let absent = self.comms.iter().filter(|comm| !running.contains(*comm));
            remarks.extend(
                absent.map(|comm| format!("no process is named {comm} now: nothing is shown until one starts")),
            );
        }
        let root = cgroup_mount_point();
        let is_there = |path: &&String| root.as_ref().is_none_or(|root| root.join(&path[1..]).is_dir());
        let absent = self.cgroups.iter().filter(|path| !is_there(path));
        remarks.extend(absent.map(|path| format!("there is no cgroup {path} now: nothing is shown until it is made")));
        remarks
    }
}

/// Everything that one of the two calls an end: behind NAT the service that was asked for, and who answered.
fn names(outcome: &Outcome) -> Vec<Endpoint> {
    let translated = Side::BOTH.iter().filter_map(|side| match outcome.account(*side)?.translation {
        Translation::To(Wire { local, remote }) => Some([local, remote]),
        Translation::Unknown | Translation::Untranslated => None,
    });
    let own = Side::BOTH.map(|side| outcome.connection().endpoint(side));
    own.into_iter().chain(translated.flatten()).collect()
}

/// Whether a report is one that `--filter` asks for.
pub(crate) fn fits_words(words: &Words, report: &Explanation<'_>) -> bool {
    words.fits(&ListedReport::from(report.record()))
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

/// A process that is there: its sockets are its group's, so a thread would match nothing.
fn process(pid: u32) -> Result<u32> {
    let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else {
        bail!("--pid {pid}: there is no such process");
    };
    let group: Option<u32> = status.lines().find_map(|line| line.strip_prefix("Tgid:")?.trim().parse().ok());
    match group {
        Some(group) if group != pid => bail!("--pid {pid}: that is a thread of process {group}, which has the sockets"),
        _ => Ok(pid),
    }
}

/// As much of a name as the kernel keeps.
fn comm(name: &str, remarks: &mut Vec<String>) -> String {
    if name.len() <= LONGEST_COMM {
        return name.to_owned();
    }
    let kept = String::from_utf8_lossy(&name.as_bytes()[..LONGEST_COMM]).into_owned();
    remarks.push(format!("--comm {name}: the kernel keeps {LONGEST_COMM} bytes of a name, so {kept} is looked for"));
    kept
}

/// The names of all that run.
fn running() -> BTreeSet<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path().join("comm"));
    let names = processes.filter_map(|comm| fs::read(comm).ok());
    names.map(|name| String::from_utf8_lossy(&name).trim_end_matches('\n').to_owned()).collect()
}

/// A path within the hierarchy, also where it was given with the hierarchy's own.
fn cgroup(path: &str) -> String {
    let mount = cgroup_mount_point();
    let inner = mount.as_deref().and_then(|mount| Path::new(path).strip_prefix(mount).ok());
    format!("/{}", inner.map_or_else(|| path.to_owned(), |inner| inner.display().to_string()).trim_matches('/'))
}

fn networks(places: &[Place], remarks: &mut Vec<String>) -> Result<Vec<Network>> {
    let mut networks = Vec::new();
    for place in places {
        match place {
            Place::Network(network) => networks.push(*network),
            Place::Host(name) => {
                let found = (name.as_str(), 0).to_socket_addrs().with_context(|| format!("--addr {name}"))?;
                let addresses: BTreeSet<IpAddr> = found.map(|address| address.ip()).collect();
                let words: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
                remarks.push(format!("--addr {name}: {}", words.join(", ")));
                networks.extend(addresses.into_iter().map(Network::of));
            }
        }
    }
    Ok(networks)
}

/// The inode of a network namespace, given as such, by its name or by a path.
fn netns(name: &str) -> Result<u32> {
    if let Ok(inode) = name.trim_start_matches("net:[").trim_end_matches(']').parse() {
        if !network_namespaces().contains(&inode) {
            bail!("--netns {name}: no process is in such a network namespace, and none of that number has a name");
        }
        return Ok(inode);
    }
    let named = NAMED_NAMESPACES.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists());
    let path = named.unwrap_or_else(|| name.into());
    let data = fs::metadata(&path).with_context(|| format!("cannot find the network namespace {name}"))?;
    let is_namespace = statfs(&path).is_ok_and(|system| system.filesystem_type() == NSFS_MAGIC);
    let inode = u32::try_from(data.ino()).ok().filter(|_| is_namespace);
    inode.with_context(|| format!("{name} is no network namespace"))
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
    fn a_namespace_is_named_by_inode_or_by_path_and_must_be_one() {
        let own = netns("/proc/self/ns/net").unwrap();
        assert_eq!(netns(&own.to_string()).unwrap(), own);
        assert_eq!(netns(&format!("net:[{own}]")).unwrap(), own);
        for (wrong, says) in [
            ("/nonexistent/ns", "/nonexistent/ns"),
            ("/etc/passwd", "no network namespace"),
            ("1", "no process is in such"),
        ] {
            assert!(netns(wrong).unwrap_err().to_string().contains(says), "{wrong}");
        }
    }

    #[test]
    fn a_process_that_is_not_there_is_refused() {
        assert_eq!(process(std::process::id()).unwrap(), std::process::id());
        assert!(process(u32::MAX).unwrap_err().to_string().contains("no such process"));
    }

    #[test]
    fn a_name_longer_than_the_kernel_keeps_is_cut_and_that_is_said() {
        let mut remarks = Vec::new();
        assert_eq!(comm("exactly-fifteen", &mut remarks), "exactly-fifteen");
        assert!(remarks.is_empty());
        assert_eq!(comm("gunicorn-worker-with-a-long-name", &mut remarks), "gunicorn-worker");
        assert!(remarks[0].contains("15 bytes"), "{remarks:?}");
    }
}
