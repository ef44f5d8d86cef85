//! Connections that were reset as soon as the client had said which name it wanted: what they have in
//! common is the name, not an address. Filters that look into TLS or HTTP work like that (docs/internals/forgery.md).
//!
//! That other connections with this name went through cannot be seen here, since only outcomes are
//! compared; that the same servers reset other names as well would speak against it, and is looked at.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::found::{Incident, IncidentKind, NameId, Subject};
use super::member::Member;
use super::pool::Pool;
use crate::connection::Phase;

/// Fewer may be chance.
const RESET_FROM: usize = 3;
/// With one address it could as well be the server that does it.
const HOSTS_FROM: usize = 2;

/// Names after which connections to several addresses were reset, where these addresses reset no other name.
pub(super) fn same(pool: &mut Pool<'_>, found: &mut Vec<Incident>) {
    let names = names_by_host(pool.members);
    for (name, members) in pool.groups(stopped_at) {
        let hosts: BTreeSet<IpAddr> = members.iter().map(|at| pool.members[*at].server.ip).collect();
        let alone = hosts.iter().all(|host| names.get(host) == Some(&Names::One(name)));
        if members.len() >= RESET_FROM && hosts.len() >= HOSTS_FROM && alone {
            found.push(pool.take(IncidentKind::SameName, Subject::Name(name), &members));
        }
    }
}

/// The names after which an address reset.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    One(NameId),
    Several,
}

fn names_by_host(all: &[Member]) -> BTreeMap<IpAddr, Names> {
    let mut names = BTreeMap::new();
    for (host, name) in all.iter().filter_map(|one| Some((one.server.ip, stopped_at(one)?))) {
        let known = names.entry(host).or_insert(Names::One(name));
        if *known != Names::One(name) {
            *known = Names::Several;
        }
    }
    names
}

/// The name, where the client had said it and the server had not answered when the RST came.
fn stopped_at(one: &Member) -> Option<NameId> {
    let open = matches!(one.phase, Phase::Established | Phase::Closing);
    one.name.filter(|_| open && one.server_octets == 0)
}
