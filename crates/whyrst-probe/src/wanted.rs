//! What the kernel side tells of and what it only counts: connections with certain ports and addresses.
//!
//! Both ends of a connection have the same two of each, so neither end is told without the other. Who owns
//! a socket is known only here, so programs are no filter of the kernel's.

use std::net::IpAddr;

/// `WANTED` of `bpf/probe.bpf.c`.
const MOST: usize = 8;

/// Ports and networks; none of a kind wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    ports: Vec<u16>,
    networks: Vec<(IpAddr, u32)>,
}

/// The same as the kernel side has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Constants {
    pub(crate) ports_wanted: u32,
    pub(crate) ports: [u32; MOST],
    pub(crate) networks_wanted: u32,
    pub(crate) networks: [u32; MOST * 4],
    pub(crate) masks: [u32; MOST * 4],
}

impl Wanted {
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
            ports_wanted: count(self.ports.len()),
            networks_wanted: count(self.networks.len()),
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
            for (word, octets) in (address & mask).to_be_bytes().chunks_exact(4).enumerate() {
                all.networks[at * 4 + word] = u32::from_ne_bytes([octets[0], octets[1], octets[2], octets[3]]);
            }
            for (word, octets) in mask.to_be_bytes().chunks_exact(4).enumerate() {
                all.masks[at * 4 + word] = u32::from_ne_bytes([octets[0], octets[1], octets[2], octets[3]]);
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
        let wanted = Wanted::of(&[443], [("10.1.2.3".parse().unwrap(), 8), ("2001:db8::1".parse().unwrap(), 32)]);
        let all = wanted.constants();
        assert_eq!((all.ports_wanted, all.ports[0], all.networks_wanted), (1, 443, 2));
        let octets = |words: &[u32]| words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>();
        assert_eq!(octets(&all.networks[..4]), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0]);
        assert_eq!(octets(&all.masks[..4])[12..], [0xff, 0, 0, 0]);
        assert_eq!(octets(&all.masks[4..8]), [[0xff; 4], [0; 4], [0; 4], [0; 4]].concat());
    }

    #[test]
    fn all_addresses_and_too_many_ports_are_no_filter() {
        let all = Wanted::of(&[1; 9], [("::".parse().unwrap(), 0)]).constants();
        assert_eq!((all.ports_wanted, all.masks[..4] == [0; 4]), (0, true));
    }
}
