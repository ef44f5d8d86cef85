//! Which hosts are refused by many services in a row: what a scan of ports leaves behind, and no client does.
//!
//! A client that is refused asks the same service again; a scanner asks the next one. So the refusals of each host are
//! counted as long as they follow each other closely, with the services that they came from.
//!
//! Bounded: `HOSTS` hosts, the first `SERVICES` different services of each. What has no room is no prober.

use core::hash::BuildHasher;
use core::net::IpAddr;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::segment::Endpoint;
use crate::time::{Span, Timestamp};

/// Hosts remembered.
const HOSTS: usize = 1_024;
/// Different services of one host that are told apart.
const SERVICES: usize = 32;
/// Refusals further apart belong to another run: slow scans wait longer and are missed.
const PAUSE: Span = Span::from_secs(60);

/// A run of refusals that one host met.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Probes {
    /// Different services that refused it, up to a bound.
    pub services: u32,
    /// Refusals.
    pub refusals: u32,
    /// Those by a service that is counted and had refused it before.
    pub again: u32,
    /// The first of them.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
}

#[derive(Debug)]
struct Run {
    probes: Probes,
    seen: [u64; SERVICES],
}

/// The hosts that were refused.
#[derive(Debug)]
pub(crate) struct Probers {
    hosts: HashMap<IpAddr, Run, FixedState>,
    hasher: FixedState,
}

impl Probers {
    /// `seed` keys the hashes, since addresses and ports are chosen by strangers.
    pub(crate) fn new(seed: u64) -> Self {
        let hasher = FixedState::with_seed(seed);
        Self { hosts: HashMap::with_hasher(hasher.clone()), hasher }
    }

    /// `service` refused a connect of `host`.
    pub(crate) fn refused(&mut self, host: IpAddr, service: Endpoint, time: Timestamp) {
        if self.hosts.len() >= HOSTS && !self.hosts.contains_key(&host) {
            return;
        }
        let name = self.hasher.hash_one(service);
        let run = self.hosts.entry(host).or_insert_with(|| Run::from(time));
        if time.since(run.probes.last) > PAUSE {
            *run = Run::from(time);
        }
        run.add(name, time);
    }

    /// The run of `host` that the moment belongs to, as far as it has come.
    pub(crate) fn of(&self, host: IpAddr, time: Timestamp) -> Option<Probes> {
        let probes = self.hosts.get(&host)?.probes;
        let begins = Timestamp::from_nanos(probes.first.nanos().saturating_sub(PAUSE.nanos()));
        (time >= begins && time <= probes.last.plus(PAUSE)).then_some(probes)
    }
}

impl Run {
    const fn from(time: Timestamp) -> Self {
        Self { probes: Probes { services: 0, refusals: 0, again: 0, first: time, last: time }, seen: [0; SERVICES] }
    }

    fn add(&mut self, name: u64, time: Timestamp) {
        self.probes.refusals = self.probes.refusals.saturating_add(1);
        self.probes.last = self.probes.last.max(time);
        if self.seen.iter().take(self.probes.services as usize).any(|one| *one == name) {
            self.probes.again = self.probes.again.saturating_add(1);
        } else if let Some(place) = self.seen.get_mut(self.probes.services as usize) {
            *place = name;
            self.probes.services += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: IpAddr = IpAddr::V4(core::net::Ipv4Addr::LOCALHOST);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    fn refused(services: impl Iterator<Item = u16>, step: i64) -> Probes {
        let mut probers = Probers::new(0);
        let mut time = 0;
        for port in services {
            probers.refused(HOST, Endpoint::new(HOST, port), at(time));
            time += step;
        }
        probers.of(HOST, at(time - step)).unwrap_or_default()
    }

    #[test]
    fn services_are_counted_once_and_in_one_run() {
        assert_eq!(refused(1..=20, 1).services, 20);
        assert_eq!(refused([80, 80, 80, 443].into_iter(), 1), Probes { last: at(3), again: 2, ..run(2, 4) });
        assert_eq!(refused(1..=20, 61).services, 1, "each begins a run of its own");
    }

    #[test]
    fn more_than_there_is_room_for_are_still_refusals() {
        let probes = refused(1..=100, 0);
        assert_eq!((probes.services, probes.refusals), (32, 100));
    }

    const fn run(services: u32, refusals: u32) -> Probes {
        Probes { services, refusals, again: 0, first: Timestamp::from_nanos(0), last: Timestamp::from_nanos(0) }
    }
}
