//! Whose resets matter most: under a flood of others, theirs are reported all the same.
//!
//! Nothing is left out for it. The other end of a connection may belong to somebody else, and often knows why.

use std::collections::BTreeSet;

use whyrst_core::socket::Account;

use crate::event::Event;

/// Namespaces, processes and cgroups of those that somebody asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Inodes of network namespaces.
    pub namespaces: BTreeSet<u32>,
    /// Process ids of owners.
    pub pids: BTreeSet<u32>,
    /// Ids of the cgroups that sockets were opened in.
    pub cgroups: BTreeSet<u64>,
}

impl Interest {
    /// Whether `event` is of one of them.
    pub(crate) fn has(&self, event: &Event) -> bool {
        self.namespaces.contains(&event.tuple.netns)
            || self.pids.contains(&event.owner.pid)
            || self.cgroups.contains(&event.facts.cgroup)
    }

    /// The same of what became of an event.
    pub(crate) fn has_account(&self, account: &Account) -> bool {
        self.namespaces.contains(&account.netns)
            || account.process.as_ref().is_some_and(|process| self.pids.contains(&process.pid))
            || self.cgroups.contains(&account.cgroup)
    }
}
