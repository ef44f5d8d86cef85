//! What is wanted or unavoidable: scans and health checks. Named so that it can be set aside.
//!
//! A scan tries many ports and lives of the answers; a health check opens, sends nothing, resets,
//! and comes back at a steady interval (load balancers' half-open TCP monitors do that).

use alloc::vec::Vec;

use super::found::{Incident, IncidentKind, Subject};
use super::member::Member;
use super::pool::{Pool, common_length, distinct, intervals, runs};
use crate::cause::Severity;
use crate::connection::Phase;
use crate::time::Span;
use crate::verdict::Origin;

/// Attempts of one scan follow each other within this time; slow scans wait longer and are missed.
const SCAN_PAUSE: Span = Span::from_secs(60);
/// So many different ports or hosts are no client's doing.
const SCAN_PORTS: u64 = 10;
/// So many checks show a rhythm.
const CHECKS_FROM: usize = 4;
/// Schedulers are late by so much.
const CHECK_SLACK: Span = Span::from_millis(100);
/// Nobody checks more often.
const CHECK_INTERVAL: Span = Span::from_millis(500);

/// One host, many ports.
pub(super) fn scans(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    let probe = |one: &Member| one.octets == 0 && one.origin != Origin::Path && one.phase != Phase::Closed;
    for (client, members) in pool.groups(|one| probe(one).then_some(one.client.ip)) {
        for run in runs(pool.members, &members, SCAN_PAUSE) {
            if distinct(run.iter().map(|at| pool.members[*at].server)) >= SCAN_PORTS {
                let incident = pool.take(IncidentKind::Scan, Subject::Host(client), run);
                found.push(Incident { severity: Severity::Scan, ..incident });
            }
        }
    }
}

/// One host and one service, nothing sent, reset by the client, at a steady interval.
pub(super) fn health_checks(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    let check = |one: &Member| one.octets == 0 && one.by_client && one.origin != Origin::Path && !one.refusal;
    for ((client, server), members) in pool.groups(|one| check(one).then_some((one.client.ip, one.server))) {
        let interval = common_length(intervals(pool.members, &members), CHECK_SLACK);
        let Some(interval) = interval.filter(|interval| *interval >= CHECK_INTERVAL) else { continue };
        if members.len() >= CHECKS_FROM {
            let incident = pool.take(IncidentKind::HealthCheck, Subject::Between(client, server), &members);
            found.push(Incident { rhythm: Some(interval), severity: Severity::Benign, ..incident });
        }
    }
}
