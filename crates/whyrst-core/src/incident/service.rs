//! A service that stopped: connections that it reset, connects that it refused, and when it was back.
//!
//! A host refuses with RST while nobody listens (RFC 9293 section 3.5.2, group 1) and accepts again
//! as soon as somebody does, so the SYN-ACKs before and after tell how long the service was away.

use alloc::vec::Vec;

use super::found::{Incident, IncidentKind, Subject};
use super::member::Member;
use super::pool::Pool;
use crate::segment::Endpoint;
use crate::time::Span;

/// Connections that a service reset so long before it first refused belong to its end.
const DYING: Span = Span::from_secs(10);
/// Refusals without any sign that the service was ever there.
const ABSENT_FROM: usize = 3;
/// A program that ends and is started anew is away for longer.
const AMID: Span = Span::from_secs(1);
/// A refusal and a reset, or two refusals, make an outage.
const OUTAGE_FROM: usize = 2;

/// Services that accepted before they refused, or after.
pub(super) fn outages(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    let resets = pool.groups(|one| (!one.refusal && !one.by_client).then_some(one.server));
    for (server, refusals) in pool.groups(|one| one.refusal.then_some(one.server)) {
        let mut resets = resets.get(&server).map_or(&[][..], Vec::as_slice);
        for episode in episodes(pool.members, &refusals) {
            found.extend(outage(pool, server, &mut resets, episode));
        }
    }
}

/// Services that refuse and were never seen to accept.
pub(super) fn absent(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    let never_there = |one: &Member| one.refusal && one.accepted.is_none() && one.back.is_none();
    for (server, refusals) in pool.groups(|one| never_there(one).then_some(one.server)) {
        if refusals.len() >= ABSENT_FROM {
            found.push(pool.take(IncidentKind::ServiceAbsent, Subject::Service(server), &refusals));
        }
    }
}

/// Refusals with no accept between them.
fn episodes<'m>(all: &[Member], refusals: &'m [usize]) -> Vec<&'m [usize]> {
    let together = |one: &usize, next: &usize| {
        let accepted = all[*next].accepted.map(|moment| moment.time);
        accepted.is_none_or(|time| time <= all[*one].time)
    };
    refusals.chunk_by(together).collect()
}

/// What `resets` an outage took, and what came before them, is of no later one, and is cut off.
fn outage(pool: &mut Pool<'_>, server: Endpoint, resets: &mut &[usize], refusals: &[usize]) -> Option<Incident> {
    let all = pool.members;
    let (first, last) = (&all[*refusals.first()?], &all[*refusals.last()?]);
    let back = refusals.iter().rev().find_map(|at| all[*at].back).filter(|moment| moment.time > last.time);
    if first.accepted.is_none() && back.is_none() {
        return None;
    }
    // Refused amid acceptances: one backend of several, or a full queue, and no service that was away.
    let soon_before = first.accepted.is_some_and(|moment| first.time.since(moment.time) <= AMID);
    if soon_before && back.is_some_and(|moment| moment.time.since(last.time) <= AMID) {
        return None;
    }
    // Whoever answered SYNs between a reset and the refusal did not end with that reset.
    let dying = first.time.plus(Span::from_nanos(-DYING.nanos()));
    let since = first.accepted.map_or(dying, |moment| moment.time.max(dying));
    let from = resets.partition_point(|at| all[*at].time < since);
    let (passed, later) = resets.split_at(resets.partition_point(|at| all[*at].time <= last.time));
    *resets = later;
    let dying = passed.get(from..).unwrap_or_default().iter().filter(|at| !pool.taken[**at]);
    let members: Vec<usize> = dying.chain(refusals).copied().collect();
    let kind = if members.len() > refusals.len() { IncidentKind::ServiceDied } else { IncidentKind::ServiceDown };
    (members.len() >= OUTAGE_FROM).then(|| Incident {
        accepted: first.accepted,
        back,
        ..pool.take(kind, Subject::Service(server), &members)
    })
}
