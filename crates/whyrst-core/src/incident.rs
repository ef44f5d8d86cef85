//! What several outcomes have in common: a service that died, a host that forgot its connections,
//! a scan. One such sentence explains a hundred resets, and says which of them are only noise.
//!
//! An incident states what was seen of several connections together and never more: that a process
//! ended or that a rule was put in place is its likeliest reading, and is worded as one. The facts
//! that it is drawn from are in `member`; each outcome belongs to at most one incident.

mod beyond;
mod found;
mod host;
mod idle;
mod member;
mod name;
mod noise;
mod path;
mod pool;
mod repeated;
mod service;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use self::beyond::Beyond;
pub use self::found::{Counted, Incident, IncidentKind, NameId, Subject};
use self::member::Member;
use self::pool::Pool;
use crate::cause::Severity;
use crate::outcome::{Outcome, OutcomeKind};
use crate::verdict::Judgement;

/// Endings looked at together at most; a longer run is counted beyond it ([`Incidents::beyond`]).
const REMEMBERED: usize = 200_000;
/// And at least, however little memory there is: what an outage makes of a busy service.
const FEWEST: usize = 10_000;
/// Bytes that each takes: itself, and its places in the groups that the finders make.
const OCTETS_PER_MEMBER: usize = size_of::<Member>() + 128;
/// Different names told apart; what asks for others is compared by everything else.
const NAMES: usize = 65_536;

/// Collects outcomes and says at the end what they have in common.
#[derive(Debug)]
pub struct Incidents {
    members: Vec<Member>,
    /// So many are remembered.
    most: usize,
    beyond: Beyond,
    /// Names by what they are called, each with its number.
    names: BTreeMap<Box<str>, NameId>,
}

impl Default for Incidents {
    fn default() -> Self {
        Self { members: Vec::new(), most: REMEMBERED, beyond: Beyond::default(), names: BTreeMap::new() }
    }
}

impl Incidents {
    /// For comparing as many outcomes as have room in so many bytes.
    pub fn within(octets: usize) -> Self {
        Self { most: (octets / OCTETS_PER_MEMBER).clamp(FEWEST, REMEMBERED), ..Self::default() }
    }

    /// As many outcomes will come, about: those that are remembered are not moved as they become more.
    pub fn expect(&mut self, outcomes: usize) {
        self.members.reserve_exact(outcomes.min(self.most).saturating_sub(self.members.len()));
    }

    /// Takes in one outcome. Failed connects without a RST belong to no incident.
    pub fn add(&mut self, outcome: &Outcome, judgement: &Judgement) {
        if outcome.kind() != OutcomeKind::Reset {
            return;
        }
        if self.members.len() < self.most {
            let name = self.name_of(outcome);
            self.members.push(Member::new(outcome, judgement, name));
        } else {
            self.beyond.add(&Member::new(outcome, judgement, None));
        }
    }

    /// A name that is new gets the next number, up to a bound.
    fn name_of(&mut self, outcome: &Outcome) -> Option<NameId> {
        let asked = outcome.asked()?;
        if let Some(known) = self.names.get(&asked.name) {
            return Some(*known);
        }
        let next = u32::try_from(self.names.len()).ok().map(NameId).filter(|_| self.names.len() < NAMES)?;
        self.names.insert(asked.name.clone(), next);
        Some(next)
    }

    /// Endings that came after so many others that they were not compared.
    pub const fn beyond(&self) -> u64 {
        self.beyond.total()
    }

    /// What the outcomes so far have in common: faults before noise, then by time.
    pub fn found(&self) -> Vec<Incident> {
        let mut pool = Pool::new(&self.members, &self.beyond);
        let mut found = Vec::new();
        for find in FINDERS {
            find(&mut pool, &mut found);
        }
        let called: BTreeMap<NameId, &Box<str>> = self.names.iter().map(|(name, id)| (*id, name)).collect();
        for incident in &mut found {
            if let Subject::Name(id) = incident.subject {
                incident.name = called.get(&id).copied().cloned();
            }
        }
        found.sort_by_key(|incident| (noise(incident.severity), incident.first, incident.kind, incident.subject));
        found
    }
}

type Finder = fn(&mut Pool<'_>, &mut Vec<Incident>);

/// What claims most firmly comes first: an outcome that has found its incident is not asked again.
const FINDERS: [Finder; 11] = [
    noise::scans,
    noise::health_checks,
    service::intermittent,
    service::outages,
    name::same,
    path::resets,
    host::forgotten,
    host::aborted_together,
    idle::timeouts,
    service::absent,
    repeated::repeated,
];

/// What needs nobody's attention comes last.
const fn noise(severity: Severity) -> bool {
    matches!(severity, Severity::Benign | Severity::Scan)
}
