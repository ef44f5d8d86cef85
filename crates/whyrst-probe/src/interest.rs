//! Whose resets matter most: under a flood of others, theirs are reported all the same.
//!
//! Nothing is left out for it. The other end of a connection may belong to somebody else, and often knows why.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use whyrst_core::segment::Endpoint;
use whyrst_core::socket::SocketEvent;

use crate::event::Event;

/// Namespaces, processes and cgroups of those that somebody asked for, and their ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Inodes of network namespaces.
    pub namespaces: BTreeSet<u32>,
    /// Process ids of owners.
    pub pids: BTreeSet<u32>,
    /// Ids of the cgroups that sockets were opened in.
    pub cgroups: BTreeSet<u64>,
    /// Ports and networks of either end, where the kernel side does not choose by them.
    pub ends: EndsOfInterest,
}

/// Ends with one of these ports, and with an address in one of these networks; none of a kind means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndsOfInterest {
    /// Ports.
    pub ports: Vec<RangeInclusive<u16>>,
    /// An address and how many of its first bits count.
    pub networks: Vec<(IpAddr, u32)>,
}

impl EndsOfInterest {
    /// Where nothing was asked for, nothing is preferred.
    fn has(&self, ends: [Endpoint; 2]) -> bool {
        let has_port =
            self.ports.is_empty() || self.ports.iter().any(|ports| ends.iter().any(|end| ports.contains(&end.port)));
        let has_address = self.networks.is_empty()
            || self.networks.iter().any(|network| ends.iter().any(|end| lies_in(end.ip, *network)));
        !(self.ports.is_empty() && self.networks.is_empty()) && has_port && has_address
    }
}

fn lies_in(address: IpAddr, (network, bits): (IpAddr, u32)) -> bool {
    let (own, other, all) = match (address.to_canonical(), network.to_canonical()) {
        (IpAddr::V4(own), IpAddr::V4(other)) => (u128::from(own.to_bits()), u128::from(other.to_bits()), 32),
        (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
        _ => return false,
    };
    (own ^ other).checked_shr(all - bits.min(all)).unwrap_or_default() == 0
}

impl Interest {
    /// Whether `event` is of one of them.
    pub(crate) fn has(&self, event: &Event) -> bool {
        self.namespaces.contains(&event.tuple.netns)
            || self.pids.contains(&event.owner.pid)
            || self.cgroups.contains(&event.facts.cgroup)
            || self.ends.has([event.tuple.local, event.tuple.remote])
    }

    /// The same of what became of an event.
    pub(crate) fn has_told(&self, event: &SocketEvent) -> bool {
        let account = &event.account;
        self.namespaces.contains(&account.netns)
            || account.process.as_ref().is_some_and(|process| self.pids.contains(&process.pid))
            || self.cgroups.contains(&account.cgroup)
            || self.ends.has([event.local, event.remote])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(address: &str, port: u16) -> Endpoint {
        Endpoint::new(address.parse().unwrap(), port)
    }

    #[test]
    fn an_end_is_of_interest_by_its_port_and_its_network() {
        let ends = [end("10.1.2.3", 40_000), end("10.96.0.10", 80)];
        assert!(!EndsOfInterest::default().has(ends), "nothing was asked for");
        let ports = EndsOfInterest { ports: vec![8_000..=8_010, 80..=80], ..EndsOfInterest::default() };
        assert!(ports.has(ends) && !ports.has([end("10.1.2.3", 1), end("10.1.2.4", 443)]));
        let network =
            |address: &str, bits| EndsOfInterest { networks: vec![(address.parse().unwrap(), bits)], ..ports.clone() };
        assert!(network("10.96.0.0", 16).has(ends) && network("0.0.0.0", 0).has(ends));
        assert!(!network("10.97.0.0", 16).has(ends) && !network("::", 0).has(ends));
        assert!(network("10.96.0.10", 32).has([end("::ffff:10.96.0.10", 80), ends[0]]));
    }
}
