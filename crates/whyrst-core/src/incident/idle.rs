//! Resets after the same time of silence: a timeout, and its length.
//!
//! Timers are set to round values and fire at them; people and programs do not. Three silences of
//! the same length before a reset of the same service are a timer's work.

use alloc::vec::Vec;

use super::found::{Incident, IncidentKind, Subject};
use super::member::Member;
use super::pool::Pool;
use crate::cause::Severity;
use crate::connection::Phase;
use crate::rst::ResetKind;
use crate::time::Span;

/// Shorter silences are ordinary pauses.
const IDLE_FROM: Span = Span::from_secs(3);
/// Timers of user-space servers are looked at once a second or so.
const SLACK: Span = Span::from_millis(250);
/// Fewer may be chance.
const PEAK_FROM: usize = 3;

/// Services whose connections die after one certain silence.
pub(super) fn timeouts(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    // Who has closed and refuses what comes late waits for no timer: its silence is the other end's.
    let late = |one: &Member| one.phase == Phase::Closing && one.kind == ResetKind::Passive && one.by_client;
    let idle = |one: &Member| one.idle >= IDLE_FROM && !one.refusal && !late(one) && one.severity != Severity::Scan;
    let groups = pool.groups(|one| idle(one).then_some((one.server, one.by_client)));
    for ((server, _), members) in groups {
        if let Some((length, peak)) = peak(pool.members, members) {
            let incident = pool.take(IncidentKind::IdleTimeout, Subject::Service(server), &peak);
            found.push(Incident { rhythm: Some(length), ..incident });
        }
    }
}

/// The largest set of members with the same silence, when it is most of them.
fn peak(all: &[Member], mut members: Vec<usize>) -> Option<(Span, Vec<usize>)> {
    members.sort_by_key(|at| all[*at].idle);
    let length = |at: usize| all[members[at]].idle;
    let (mut best, mut start) = (0..0, 0);
    for end in 0..members.len() {
        while length(end).nanos().saturating_sub(length(start).nanos()) > slack(length(start)) {
            start += 1;
        }
        if end + 1 - start > best.len() {
            best = start..end + 1;
        }
    }
    let most = best.len() >= PEAK_FROM && best.len() * 2 > members.len();
    most.then(|| (length(best.start + best.len() / 2), members[best].to_vec()))
}

/// A fiftieth of the silence, or what user-space timers are late by.
fn slack(length: Span) -> i64 {
    (length.nanos() / 50).max(SLACK.nanos())
}
