//! Protocol numbers of IP (IANA), and the IPv6 extension headers among them.

pub(crate) const HOP_BY_HOP: u8 = 0;
pub(crate) const ICMP: u8 = 1;
pub(crate) const IPV4: u8 = 4;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const IPV6: u8 = 41;
pub(crate) const ROUTING: u8 = 43;
pub(crate) const FRAGMENT: u8 = 44;
pub(crate) const GRE: u8 = 47;
pub(crate) const AUTHENTICATION: u8 = 51;
pub(crate) const IPIP: u8 = 94;
pub(crate) const ETHERIP: u8 = 97;
pub(crate) const L2TP: u8 = 115;
pub(crate) const MPLS: u8 = 137;
pub(crate) const ICMP6: u8 = 58;
pub(crate) const DESTINATION: u8 = 60;
pub(crate) const MOBILITY: u8 = 135;
pub(crate) const HIP: u8 = 139;
pub(crate) const SHIM6: u8 = 140;
