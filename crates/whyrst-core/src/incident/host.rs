//! A host that ends many connections together.
//!
//! When a process ends, the kernel closes all its sockets in one go (`do_exit` → `exit_files`), and
//! those with unread data are aborted. When a host comes back without its sockets, it answers
//! whatever arrives for them with RST (RFC 9293 section 3.5.2, group 1; RFC 9293 section 3.5.1 on
//! half-open connections), on all ports alike.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::found::{Incident, IncidentKind, Subject};
use super::member::Member;
use super::pool::{Pool, distinct, runs};
use crate::cause::Severity;
use crate::rst::ResetKind;
use crate::time::Span;
use crate::verdict::Origin;

/// The sockets of an ending process are closed one after the other without waiting.
const AT_ONCE: Span = Span::from_millis(200);
/// Fewer may be chance.
const TOGETHER_FROM: usize = 3;
/// What surrounds a burst must be so much sparser, or it is simply how that host works.
const QUIET_AROUND: Span = Span::from_secs(10);
/// Peers notice at their next segment: keep-alives and requests come within minutes.
const NOTICED_WITHIN: Span = Span::from_secs(300);

/// Hosts that no longer know connections on several ports.
pub(super) fn forgotten(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    let forgot = |one: &Member| (one.forgot && one.origin != Origin::Path).then(|| one.sender().ip);
    for (host, members) in pool.groups(forgot) {
        for run in runs(pool.members, &members, NOTICED_WITHIN) {
            let ports = distinct(run.iter().map(|at| pool.members[*at].sender().port));
            if run.len() >= TOGETHER_FROM && ports > 1 && !accepted_meanwhile(pool.members, run) {
                found.push(pool.take(IncidentKind::HostForgot, Subject::Host(host), run));
            }
        }
    }
}

/// It answered a SYN between the first of these resets and a later one: it was up, and had not lost everything at once.
fn accepted_meanwhile(all: &[Member], run: &[usize]) -> bool {
    let Some(first) = run.first().map(|at| all[*at].time) else { return false };
    let answered = |one: &Member| one.accepted.is_some_and(|moment| moment.time > first);
    run.iter().map(|at| &all[*at]).any(|one| !one.by_client && answered(one))
}

/// Hosts that abort several connections at one moment: of one service, or of one client.
pub(super) fn aborted_together(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    // Who is turned away in words was not cut off by a process that ended.
    let aborted = |one: &Member| {
        let noticed = one.severity != Severity::Benign && !one.turned_away;
        one.kind == ResetKind::Active && one.origin != Origin::Path && noticed
    };
    let key = |one: &Member| aborted(one).then(|| owner(one));
    for (owner, members) in pool.groups(key) {
        for run in runs(pool.members, &members, AT_ONCE) {
            if run.len() >= TOGETHER_FROM && stands_out(pool.members, &members, run) {
                found.push(pool.take(IncidentKind::AbortedTogether, subject(owner), run));
            }
        }
    }
}

/// A service by its port; of a client only the host, since each of its connections has a port of its own.
fn owner(one: &Member) -> (IpAddr, Option<u16>) {
    (one.sender().ip, (!one.by_client).then_some(one.server.port))
}

fn subject((ip, port): (IpAddr, Option<u16>)) -> Subject {
    port.map_or(Subject::Host(ip), |port| Subject::Service(crate::segment::Endpoint::new(ip, port)))
}

/// A host that aborts all day long has no incident. Members are in the order of time.
fn stands_out(all: &[Member], members: &[usize], run: &[usize]) -> bool {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return false };
    let from = all[*first].time.plus(Span::from_nanos(-QUIET_AROUND.nanos()));
    let to = all[*last].time.plus(QUIET_AROUND);
    let near = members.partition_point(|at| all[*at].time <= to) - members.partition_point(|at| all[*at].time < from);
    (near - run.len()) * 3 <= run.len()
}
