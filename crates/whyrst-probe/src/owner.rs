//! Whose socket it is: the process, its command line, cgroup, container and unit.
//!
//! The probe remembers who had to do with sockets, also when the process is gone. What it does not
//! know is read from `/proc` while the process lives; of those that held sockets before the probe
//! was loaded, at once.

use std::collections::HashMap;

use whyrst_core::socket::Process;

use crate::cgroup::{Cgroups, container, unit};
use crate::layout::Who;
use crate::probe::{Probe, Remembered};
use crate::procfs::{Living, Procfs};

/// Looks up what belongs to a process.
#[derive(Debug)]
pub(crate) struct Owners {
    procfs: Procfs,
    cgroups: Cgroups,
    /// Processes that had sockets before the probe was loaded.
    adopted: HashMap<Who, Living>,
}

impl Owners {
    /// Asks `/proc` about every process whose sockets were adopted: it may be gone when it matters.
    pub(crate) fn adopting(probe: &Probe, procfs: Procfs) -> Self {
        let nameless = probe.processes().into_iter().filter(|(_, process)| process.cmdline.is_none());
        let adopted = nameless.filter_map(|(who, _)| Some((who, procfs.process(who)?))).collect();
        Self { procfs, cgroups: Cgroups::default(), adopted }
    }

    /// Who reads what only `/proc` says.
    pub(crate) const fn procfs(&self) -> &Procfs {
        &self.procfs
    }

    /// The process called `who`; `None` when it is nobody.
    pub(crate) fn process(&mut self, who: Who, probe: &Probe) -> Option<Process> {
        if who.pid == 0 {
            return None;
        }
        let remembered = probe.process(who);
        let living = self.procfs.process(who).or_else(|| self.adopted.get(&who).cloned()).unwrap_or_default();
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
