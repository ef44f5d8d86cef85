//! The same reset between the same two ends, again and again: a retry loop, a race that is lost
//! every so often, a request that always fails.

use alloc::vec::Vec;

use super::found::{Incident, IncidentKind, Subject};
use super::pool::{Pool, common_length, intervals};
use crate::cause::Severity;
use crate::time::Span;

/// Fewer may be chance.
const REPEATED_FROM: usize = 3;
/// So many have three intervals: two may be alike by chance.
const RHYTHM_FROM: usize = 4;
/// What follows faster is one burst, and no timer.
const SHORTEST: Span = Span::from_millis(100);

/// One host, one service, one cause.
pub(super) fn repeated(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    let matters =
        pool.groups(|one| (one.severity != Severity::Benign).then_some((one.client.ip, one.server, one.cause)));
    for ((client, server, _), members) in matters {
        if members.len() >= REPEATED_FROM {
            let rhythm = common_length(intervals(pool.members, &members), Span::ZERO)
                .filter(|rhythm| members.len() >= RHYTHM_FROM && *rhythm >= SHORTEST);
            let incident = pool.take(IncidentKind::Repeated, Subject::Between(client, server), &members);
            found.push(Incident { rhythm, ..incident });
        }
    }
}
