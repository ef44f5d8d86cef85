//! What the kernel side reports and what it only counts: connections with certain ports and addresses.
//!
//! Both ends of a connection have the same two of each, so neither end is reported without the other. Who owns
//! a socket is known only here, so programs are no filter of the kernel's.

use std::net::IpAddr;

/// `MAX_FILTERS` of `bpf/probe.bpf.c`.
const MOST: usize = 8;

/// Ports and networks; none of a kind lets all pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelFilter {
    ports: Vec<u16>,
    networks: Vec<(IpAddr, u32)>,
}

/// The same as the kernel side has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Constants {
    pub(crate) port_count: u32,
    pub(crate) ports: [u32; MOST],
    pub(crate) network_count: u32,
    pub(crate) networks: [u32; MOST * 4],
    pub(crate) masks: [u32; MOST * 4],
}

impl KernelFilter {
    /// Connections with one of `ports`, and with one of `networks` (an address and how many of its first
    /// bits count) at either end. What the kernel side has no room for it does not filter.
    pub fn of(ports: &[u16], networks: impl IntoIterator<Item = (IpAddr, u32)>) -> Self {
        let networks: Vec<_> = networks.into_iter().collect();
        let ports = if ports.len() > MOST { Vec::new() } else { ports.to_vec() };
        Self { ports, networks: if networks.len() > MOST { Vec::new() } else { networks } }
    }

    pub(crate) fn constants(&self) -> Constants {
        let count = |len: usize| u32::try_from(len).unwrap_or_default();
        let mut all = Constants {
            port_count: count(self.ports.len()),
            network_count: count(self.networks.len()),
            ..Constants::default()
        };
        for (place, port) in all.ports.iter_mut().zip(&self.ports) {
            *place = u32::from(*port);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_cut_where_it_ends() {
        let filter = KernelFilter::of(&[443], [("10.1.2.3".parse().unwrap(), 8), ("2001:db8::1".parse().unwrap(), 32)]);
        let all = filter.constants();
        assert_eq!((all.port_count, all.ports[0], all.network_count), (1, 443, 2));
        let bytes = |words: &[u32]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>();
        assert_eq!(bytes(&all.networks[..4]), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0]);
        assert_eq!(bytes(&all.masks[..4])[12..], [0xff, 0, 0, 0]);
        assert_eq!(bytes(&all.masks[4..8]), [[0xff; 4], [0; 4], [0; 4], [0; 4]].concat());
    }

    #[test]
    fn all_addresses_and_too_many_ports_are_no_filter() {
        let all = KernelFilter::of(&[1; 9], [("::".parse().unwrap(), 0)]).constants();
        assert_eq!((all.port_count, all.masks[..4] == [0; 4]), (0, true));
    }
}
