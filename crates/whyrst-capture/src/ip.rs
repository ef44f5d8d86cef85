//! IPv4 (RFC 791) and IPv6 (RFC 8200), read laxly: what is cut off or contradictory is named, what
//! merely looks odd is read. The IP header decides how long the payload is, never the frame:
//! Ethernet pads short frames, and snap lengths cut long ones.

pub(crate) mod fragment;
mod header;

pub(crate) use header::{Fragment, Header, Packet, Payload, is_fragment, quoted};
