//! What the kernel side reports and what it only counts: connections with certain ports and addresses, and those of
//! certain network namespaces.
//!
//! Both ends of a connection have the same two ports and addresses, so neither end is reported without the other. NAT
//! breaks that: an end that has others is only counted, and nobody knows why the connection was reset. So where the kernel
//! may translate ([`crate::may_translate`]), ports and addresses are not for here. The ends may be in two namespaces: who asks for some here names those of both. Who owns a socket is known only
//! outside, so programs are no filter of the kernel's.

use std::net::IpAddr;
use std::ops::RangeInclusive;

/// `MAX_FILTERS` of `bpf/probe.bpf.c`.
const MOST: usize = 8;

/// Ports, networks and namespaces; none of a kind lets all pass. What the kernel side has no room for (more than eight
/// of a kind) it does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelFilter {
    ports: Vec<RangeInclusive<u16>>,
    not_ports: Vec<RangeInclusive<u16>>,
    networks: Vec<(IpAddr, u32)>,
    namespaces: Vec<u32>,
}

/// The same as the kernel side has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Constants {
    pub(crate) port_count: u32,
    pub(crate) ports: [u32; MOST],
    pub(crate) not_port_count: u32,
    pub(crate) not_ports: [u32; MOST],
    pub(crate) namespace_count: u32,
    pub(crate) namespaces: [u32; MOST],
    pub(crate) network_count: u32,
    pub(crate) networks: [u32; MOST * 4],
    pub(crate) masks: [u32; MOST * 4],
}

impl KernelFilter {
    /// Connections with one of `ports`, and with one of `networks` (an address and how many of its first
    /// bits count) at either end.
    pub fn of(ports: &[u16], networks: impl IntoIterator<Item = (IpAddr, u32)>) -> Self {
        Self::default().with_ports(ports.iter().map(|port| *port..=*port)).with_networks(networks)
    }

    /// Only connections with a port in one of these ranges at either end.
    #[must_use]
    pub fn with_ports(self, ports: impl IntoIterator<Item = RangeInclusive<u16>>) -> Self {
        Self { ports: as_many_as_fit(ports), ..self }
    }

    /// No connection with a port in one of these ranges at either end.
    #[must_use]
    pub fn without_ports(self, ports: impl IntoIterator<Item = RangeInclusive<u16>>) -> Self {
        Self { not_ports: as_many_as_fit(ports), ..self }
    }

    /// Only connections with an address in one of these networks at either end.
    #[must_use]
    pub fn with_networks(self, networks: impl IntoIterator<Item = (IpAddr, u32)>) -> Self {
        Self { networks: as_many_as_fit(networks), ..self }
    }

    /// Only what ends in these network namespaces report.
    #[must_use]
    pub fn with_namespaces(self, namespaces: impl IntoIterator<Item = u32>) -> Self {
        Self { namespaces: as_many_as_fit(namespaces), ..self }
    }

    pub(crate) fn constants(&self) -> Constants {
        let count = |len: usize| u32::try_from(len).unwrap_or_default();
        let mut all = Constants {
            port_count: count(self.ports.len()),
            not_port_count: count(self.not_ports.len()),
            namespace_count: count(self.namespaces.len()),
            network_count: count(self.networks.len()),
            ..Constants::default()
        };
        let range = |range: &RangeInclusive<u16>| u32::from(*range.start()) | u32::from(*range.end()) << 16;
        fill(&mut all.ports, self.ports.iter().map(range));
        fill(&mut all.not_ports, self.not_ports.iter().map(range));
        fill(&mut all.namespaces, self.namespaces.iter().copied());
        for (at, (address, bits)) in self.networks.iter().enumerate() {
            // IPv4 addresses are mapped: their prefix begins after 96 bits.
            let (address, bits) = match address {
                IpAddr::V4(v4) => (v4.to_ipv6_mapped().to_bits(), bits + 96),
                IpAddr::V6(v6) => (v6.to_bits(), *bits),
            };
            let mask = u128::MAX.checked_shl(128 - bits.min(128)).unwrap_or(0);
            for (word, bytes) in (address & mask).to_be_bytes().chunks_exact(4).enumerate() {
                all.networks[at * 4 + word] = u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
            for (word, bytes) in mask.to_be_bytes().chunks_exact(4).enumerate() {
                all.masks[at * 4 + word] = u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
        }
        all
    }
}

/// All of them, or none where the kernel side has no room for all: half a filter would hide what was asked for.
fn as_many_as_fit<T>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let values: Vec<T> = values.into_iter().collect();
    if values.len() > MOST { Vec::new() } else { values }
}

fn fill(places: &mut [u32; MOST], values: impl Iterator<Item = u32>) {
    for (place, value) in places.iter_mut().zip(values) {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_cut_where_it_ends() {
        let filter = KernelFilter::of(&[443], [("10.1.2.3".parse().unwrap(), 8), ("2001:db8::1".parse().unwrap(), 32)]);
        let all = filter.constants();
        assert_eq!((all.port_count, all.ports[0], all.network_count), (1, 443 * 0x1_0001, 2));
        let bytes = |words: &[u32]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>();
        assert_eq!(bytes(&all.networks[..4]), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0]);
        assert_eq!(bytes(&all.masks[..4])[12..], [0xff, 0, 0, 0]);
        assert_eq!(bytes(&all.masks[4..8]), [[0xff; 4], [0; 4], [0; 4], [0; 4]].concat());
    }

    #[test]
    fn a_range_of_ports_and_a_namespace_are_one_word_each() {
        let filter = KernelFilter::default().with_ports([8_000..=8_010]).without_ports([22..=22]).with_namespaces([7]);
        let all = filter.constants();
        assert_eq!((all.port_count, all.ports[0]), (1, 8_010 * 0x1_0000 + 8_000));
        assert_eq!((all.not_port_count, all.not_ports[0]), (1, 22 * 0x1_0001));
        assert_eq!((all.namespace_count, all.namespaces[0]), (1, 7));
    }

    #[test]
    fn all_addresses_and_too_many_ports_are_no_filter() {
        let all = KernelFilter::of(&[1; 9], [("::".parse().unwrap(), 0)]).constants();
        assert_eq!((all.port_count, all.masks[..4] == [0; 4]), (0, true));
    }
}
