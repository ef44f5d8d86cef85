//! A service that stopped: connections that it reset, connects that it refused, and when it was back.
//!
//! A host refuses with RST while nobody listens (RFC 9293 section 3.5.2, group 1) and accepts again
//! as soon as somebody does, so the SYN-ACKs before and after tell how long the service was away. A refusal amid
//! acceptances is no sign that a process ended: a full queue refuses too, and so does one dead backend of several.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::found::{Incident, IncidentKind, Subject};
use super::member::Member;
use super::pool::Pool;
use crate::cause::Severity;
use crate::segment::Endpoint;
use crate::time::Span;

/// Connections that a service reset so long before it first refused belong to its end.
const DYING: Span = Span::from_secs(10);
/// Refusals without any sign that the service was ever there.
const ABSENT_FROM: usize = 3;
/// A process that ends is not back earlier: starting another one and binding its port takes longer.
const SHORTEST_RESTART: Span = Span::from_millis(100);
/// Fewer may be restarts.
const INTERMITTENT_FROM: usize = 3;
/// Turns that are further apart are not of one story: the service may have been started anew in between.
const TURNS_WITHIN: Span = Span::from_secs(60);
/// A refusal and a reset, or two refusals, make an outage.
const OUTAGE_FROM: usize = 2;

/// Services that refuse and accept in turn, while their listener was there: one of several backends does not listen, a
/// queue is full at times, or a rule refuses some.
pub(super) fn intermittent(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    for (server, refusals) in pool.groups(|one| one.refusal.then_some(one.server)) {
        let episodes = episodes(pool.members, &refusals);
        for turns in episodes.chunk_by(|one, next| is_soon_after(pool.members, one, next)) {
            if is_intermittent(pool.members, turns) {
                found.push(pool.take(IncidentKind::Intermittent, Subject::Service(server), &turns.concat()));
            }
        }
    }
}

/// Services that accepted before they refused, or after.
pub(super) fn outages(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    let resets = pool.groups(|one| (!one.refusal && !one.by_client).then_some(one.server));
    for (server, refusals) in pool.groups(|one| (one.refusal && !one.up).then_some(one.server)) {
        let mut resets = resets.get(&server).map_or(&[][..], Vec::as_slice);
        let episodes = episodes(pool.members, &refusals);
        if is_unclear(&episodes) {
            continue;
        }
        for episode in episodes {
            found.extend(outage(pool, server, &mut resets, episode));
        }
    }
}

/// Services that refuse and were never seen to accept.
pub(super) fn absent(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    let accepts = |one: &&Member| one.shows_presence();
    let present: BTreeSet<Endpoint> = pool.members.iter().filter(accepts).map(|one| one.server).collect();
    for (server, refusals) in pool.groups(|one| one.refusal.then_some(one.server)) {
        // Where nothing is known of what was only counted, "never" is not known either.
        let later = pool.beyond.of(server).filter(|later| !later.present);
        let Some(later) = later.filter(|_| refusals.len() >= ABSENT_FROM && !present.contains(&server)) else {
            continue;
        };
        let incident = pool.take(IncidentKind::ServiceAbsent, Subject::Service(server), &refusals);
        found.push(Incident {
            connections: incident.connections + later.refused,
            refused: incident.refused + later.refused,
            last: incident.last.max(later.last),
            ..incident
        });
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

/// Whether two episodes may be of one story.
fn is_soon_after(all: &[Member], one: &[usize], next: &[usize]) -> bool {
    let ends = one.last().zip(next.first());
    ends.is_some_and(|(last, first)| all[*first].time.since(all[*last].time) <= TURNS_WITHIN)
}

/// Again and again, and one of the refusals proves that its listener was there. Where their verdict is that a rule
/// refuses on purpose, that says more.
fn is_intermittent(all: &[Member], episodes: &[&[usize]]) -> bool {
    let refusals = || episodes.iter().copied().flatten().map(|at| &all[*at]);
    let on_purpose = || refusals().any(|one| one.severity == Severity::Policy);
    episodes.len() >= INTERMITTENT_FROM && refusals().any(|one| one.up) && !on_purpose()
}

/// Again and again a single refusal between two acceptances: that may be restarts or no outage at all.
fn is_unclear(episodes: &[&[usize]]) -> bool {
    let single = episodes.iter().filter(|episode| episode.len() == 1).count();
    episodes.len() >= INTERMITTENT_FROM && single * 2 > episodes.len()
}

/// What `resets` an outage took, and what came before them, is of no later one, and is cut off.
fn outage(pool: &mut Pool<'_>, server: Endpoint, resets: &mut &[usize], refusals: &[usize]) -> Option<Incident> {
    let all = pool.members;
    let (first, last) = (&all[*refusals.first()?], &all[*refusals.last()?]);
    let back = refusals.iter().rev().find_map(|at| all[*at].back).filter(|moment| moment.time > last.time);
    if first.accepted.is_none() && back.is_none() {
        return None;
    }
    let away = first.accepted.zip(back).map(|(before, after)| after.time.since(before.time));
    if away.is_some_and(|away| away < SHORTEST_RESTART) {
        return None;
    }
    // Whoever answered SYNs between a reset and the refusal did not end with that reset.
    let dying = first.time.plus(Span::from_nanos(-DYING.nanos()));
    let since = first.accepted.map_or(dying, |moment| moment.time.max(dying));
    let from = resets.partition_point(|at| all[*at].time < since);
    let (passed, later) = resets.split_at(resets.partition_point(|at| all[*at].time <= last.time));
    *resets = later;
    // Who answers on others after it began to refuse did not end: only nobody listens any more.
    let ended = |one: &Member| one.served.is_none_or(|served| served < first.time);
    let dying = passed.get(from..).unwrap_or_default().iter().filter(|at| !pool.taken[**at] && ended(&all[**at]));
    let members: Vec<usize> = dying.chain(refusals).copied().collect();
    let kind = if members.len() > refusals.len() { IncidentKind::ServiceDied } else { IncidentKind::ServiceDown };
    (members.len() >= OUTAGE_FROM).then(|| Incident {
        accepted: first.accepted,
        back,
        ..pool.take(kind, Subject::Service(server), &members)
    })
}
