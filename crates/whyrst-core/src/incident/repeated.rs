//! The same reset between the same two ends, again and again: a retry loop, a race that is lost
//! every so often, a request that always fails.

use alloc::vec::Vec;

use super::found::{Incident, IncidentKind, Subject};
use super::pool::{Pool, common_length, intervals};
use crate::cause::Severity;
use crate::time::Span;

/// Fewer may be chance.
const REPEATED_FROM: usize = 3;
/// Retry timers are late by so much.
const SLACK: Span = Span::from_millis(50);

/// One host, one service, one cause.
pub(super) fn repeated(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    let matters =
        pool.groups(|one| (one.severity != Severity::Benign).then_some((one.client.ip, one.server, one.cause)));
    for ((client, server, _), members) in matters {
        if members.len() >= REPEATED_FROM {
            let rhythm = common_length(intervals(pool.members, &members), SLACK);
            let incident = pool.take(IncidentKind::Repeated, Subject::Between(client, server), &members);
            found.push(Incident { rhythm, ..incident });
        }
    }
}
