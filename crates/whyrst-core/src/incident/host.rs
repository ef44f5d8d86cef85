//! A host that ends many connections together.
//!
//! When a process ends, the kernel closes all its sockets in one go (`do_exit` → `exit_files`), and
//! those with unread data are aborted. When a host comes back without its sockets, it answers
//! whatever arrives for them with RST (RFC 9293 section 3.5.2, group 1; RFC 9293 section 3.5.1 on
//! half-open connections), on all ports alike.

use alloc::vec::Vec;
use core::net::IpAddr;

use super::{Incident, IncidentKind, Pool, Subject, Told, distinct, runs};
use crate::cause::Severity;
use crate::time::Span;
use crate::verdict::{Kind, Origin};

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
    let forgot = |told: &Told| (told.forgot && told.origin != Origin::Path).then(|| told.sender().ip);
    for (host, members) in pool.groups(forgot) {
        for run in runs(pool.told, &members, NOTICED_WITHIN) {
            let ports = distinct(run.iter().map(|at| pool.told[*at].sender().port));
            if run.len() >= TOGETHER_FROM && ports > 1 {
                found.push(pool.take(IncidentKind::HostForgot, Subject::Host(host), run));
            }
        }
    }
}

/// Hosts that abort several connections at one moment: of one service, or of one client.
pub(super) fn aborted_together(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    let aborted =
        |told: &Told| told.kind == Kind::Active && told.origin != Origin::Path && told.severity != Severity::Benign;
    let key = |told: &Told| aborted(told).then(|| owner(told));
    for (owner, members) in pool.groups(key) {
        for run in runs(pool.told, &members, AT_ONCE) {
            if run.len() >= TOGETHER_FROM && stands_out(pool.told, &members, run) {
                found.push(pool.take(IncidentKind::AbortedTogether, subject(owner), run));
            }
        }
    }
}

/// A service by its port; of a client only the host, since each of its connections has a port of its own.
fn owner(told: &Told) -> (IpAddr, Option<u16>) {
    (told.sender().ip, (!told.by_client).then_some(told.server.port))
}

fn subject((ip, port): (IpAddr, Option<u16>)) -> Subject {
    port.map_or(Subject::Host(ip), |port| Subject::Service(crate::segment::Endpoint::new(ip, port)))
}

/// A host that aborts all day long has no incident. Members are in the order of time.
fn stands_out(told: &[Told], members: &[usize], run: &[usize]) -> bool {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return false };
    let from = told[*first].time.plus(Span::from_nanos(-QUIET_AROUND.nanos()));
    let to = told[*last].time.plus(QUIET_AROUND);
    let near = members.partition_point(|at| told[*at].time <= to) - members.partition_point(|at| told[*at].time < from);
    (near - run.len()) * 3 <= run.len()
}
