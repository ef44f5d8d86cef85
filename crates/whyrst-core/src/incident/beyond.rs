//! Outcomes that came when there was no more room to compare them: how many, and of the services that the others were
//! about, what became of their connects. An incident that says "never" or "so many" must hold for these as well.

use alloc::collections::BTreeMap;

use super::member::Member;
use crate::segment::Endpoint;
use crate::time::Timestamp;

/// Services that are told apart.
const SERVICES: usize = 4_096;

/// What was only counted.
#[derive(Debug, Default)]
pub(super) struct Beyond {
    total: u64,
    services: BTreeMap<Endpoint, Later>,
    /// Of some service nothing is known.
    overflowed: bool,
}

/// What one service did later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Later {
    /// Connects that it refused, for the same cause as far as that is known.
    pub(super) refused: u64,
    /// The last one.
    pub(super) last: Timestamp,
    /// It accepted a connection, or reset one.
    pub(super) present: bool,
}

impl Beyond {
    pub(super) fn add(&mut self, member: &Member) {
        self.total += 1;
        if self.services.len() >= SERVICES && !self.services.contains_key(&member.server) {
            self.overflowed = true;
            return;
        }
        let later = self.services.entry(member.server).or_default();
        later.present |= member.shows_presence();
        if member.refusal {
            later.refused += 1;
            later.last = later.last.max(member.time);
        }
    }

    /// How many.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// What is known of a service; `None` where anything may have been.
    pub(super) fn of(&self, server: Endpoint) -> Option<Later> {
        match self.services.get(&server) {
            Some(later) => Some(*later),
            None => (!self.overflowed).then(Later::default),
        }
    }
}
