//! The outcomes that the finders look at, and what several finders ask of a group of them.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::beyond::Beyond;
use super::found::{Counted, Incident, IncidentKind, Subject};
use super::member::Member;
use crate::cause::Severity;
use crate::time::Span;

/// Frames kept of one incident.
const LISTED: usize = 8;
/// The outcomes that belong to no incident yet.
pub(super) struct Pool<'a> {
    pub(super) members: &'a [Member],
    /// What came after them.
    pub(super) beyond: &'a Beyond,
    pub(super) taken: Vec<bool>,
}

impl<'a> Pool<'a> {
    pub(super) fn new(members: &'a [Member], beyond: &'a Beyond) -> Self {
        Self { members, beyond, taken: alloc::vec![false; members.len()] }
    }

    /// Free outcomes by a common key, each group in the order of time.
    pub(super) fn groups<K: Ord>(&self, key: impl Fn(&Member) -> Option<K>) -> BTreeMap<K, Vec<usize>> {
        let free = self.members.iter().enumerate().filter(|(at, _)| !self.taken[*at]);
        let mut keyed: Vec<(K, usize)> = free.filter_map(|(at, member)| Some((key(member)?, at))).collect();
        let time = |at: usize| self.members[at].time;
        keyed.sort_by(|(one, at), (other, there)| one.cmp(other).then_with(|| time(*at).cmp(&time(*there))));
        let mut groups: Vec<(K, Vec<usize>)> = Vec::new();
        for (key, at) in keyed {
            match groups.last_mut().filter(|(last, _)| *last == key) {
                Some((_, members)) => members.push(at),
                None => groups.push((key, alloc::vec![at])),
            }
        }
        groups.into_iter().collect()
    }

    /// Makes an incident of `members`, which must not be empty, and takes them out of the pool.
    pub(super) fn take(&mut self, kind: IncidentKind, subject: Subject, members: &[usize]) -> Incident {
        let all = || members.iter().map(|at| &self.members[*at]);
        let incident = Incident {
            kind,
            subject,
            name: None,
            first: all().map(|one| one.time).min().unwrap_or_default(),
            last: all().map(|one| one.time).max().unwrap_or_default(),
            accepted: None,
            back: None,
            counted: if self.beyond.total() > 0 { Counted::AtLeast } else { Counted::All },
            connections: members.len() as u64,
            refused: all().filter(|one| one.refusal).count() as u64,
            clients: distinct(all().map(|one| one.client.ip)),
            services: distinct(all().map(|one| one.server)),
            hosts: distinct(all().map(|one| one.server.ip)),
            rhythm: None,
            causes: counted(all().map(|one| one.cause)),
            // A recording of kernel events has none.
            frames: all().map(|one| one.frame).filter(|frame| frame.number() > 0).take(LISTED).collect(),
            severity: all().map(|one| one.severity).min().unwrap_or(Severity::Fault),
            went_on: all().any(|one| one.went_on),
            forgot: all().any(|one| one.forgot),
        };
        for at in members {
            self.taken[*at] = true;
        }
        incident
    }
}

pub(super) fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> u64 {
    all.collect::<BTreeSet<T>>().len() as u64
}

fn counted(all: impl Iterator<Item = &'static str>) -> Vec<(&'static str, u64)> {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(cause, count)| (core::cmp::Reverse(*count), *cause));
    counts
}

/// The common length of several spans: their median, when none is further than a twentieth (or
/// `slack`) from it.
pub(super) fn common_length(mut spans: Vec<Span>, slack: Span) -> Option<Span> {
    spans.sort();
    let median = *spans.get(spans.len() / 2)?;
    let slack = slack.nanos().max(median.nanos() / 20);
    let near = |span: &Span| span.nanos().saturating_sub(median.nanos()).saturating_abs() <= slack;
    (median > Span::ZERO && spans.iter().all(near)).then_some(median)
}

/// The times from each member to the next.
pub(super) fn intervals(all: &[Member], members: &[usize]) -> Vec<Span> {
    members.windows(2).map(|pair| all[pair[1]].time.since(all[pair[0]].time)).collect()
}

/// Runs of members that follow each other within `gap`.
pub(super) fn runs<'m>(all: &[Member], members: &'m [usize], gap: Span) -> Vec<&'m [usize]> {
    members.chunk_by(|one, next| all[*next].time.since(all[*one].time) <= gap).collect()
}
