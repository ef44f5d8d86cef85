//! Resets made on the path, of which the endpoints know nothing: one device, or one rule, at work.
//!
//! That a RST was not made by its supposed sender is judged for each outcome alone
//! (`evidence/path.rs`); here only such outcomes are counted together.

use alloc::vec::Vec;

use super::found::{Incident, IncidentKind, Subject};
use super::pool::{Pool, distinct, runs};
use crate::time::Span;
use crate::verdict::Origin;

/// A rule that is put in place hits all flows at their next packet.
const AT_ONCE: Span = Span::from_secs(1);
/// Fewer may be chance.
const PUSHED_FROM: usize = 3;
/// Two are a pattern when the path made both.
const AGAIN_FROM: usize = 2;

/// Bursts over several pairs of hosts, then whatever else the path resets.
pub(super) fn resets(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    for ((), members) in pool.groups(|one| (one.origin == Origin::Path).then_some(())) {
        for run in runs(pool.members, &members, AT_ONCE) {
            let pairs = distinct(run.iter().map(|at| (pool.members[*at].client.ip, pool.members[*at].server.ip)));
            if run.len() >= PUSHED_FROM && pairs > 1 && run.len() * 2 > members.len() {
                found.push(pool.take(IncidentKind::PolicyPushed, Subject::Path, run));
            }
        }
    }
    let by_server = pool.groups(|one| (one.origin == Origin::Path).then_some(one.server));
    for (server, members) in by_server {
        if members.len() >= AGAIN_FROM {
            found.push(pool.take(IncidentKind::PathResets, Subject::Service(server), &members));
        }
    }
}
