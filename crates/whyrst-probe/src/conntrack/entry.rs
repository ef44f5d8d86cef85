//! One entry of the kernel's table of connections: the ends that each side of it has.

use std::net::IpAddr;

use netlink_packet_netfilter::conntrack::{ConntrackAttribute, IPTuple, ProtoTuple, Tuple};
use whyrst_core::segment::Endpoint;
use whyrst_core::socket::Wire;

/// Bytes of a message about one entry, which is some 300 bytes.
pub(super) const ANSWER: usize = 8_192;

/// The ends of a connection as a socket has them.
pub(super) type Ends = (Endpoint, Endpoint);

/// One entry: what the first packet had, and what its answer has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) original: Ends,
    pub(super) reply: Ends,
}

impl Entry {
    /// `None` when one of its sides is missing.
    pub(super) fn of(attributes: &[ConntrackAttribute]) -> Option<Self> {
        let original = attributes.iter().find_map(|attribute| match attribute {
            ConntrackAttribute::CtaTupleOrig(tuple) => ends(tuple),
            _ => None,
        });
        let reply = attributes.iter().find_map(|attribute| match attribute {
            ConntrackAttribute::CtaTupleReply(tuple) => ends(tuple),
            _ => None,
        });
        Some(Self { original: original?, reply: reply? })
    }

    /// The other side's names for the connection that one side calls `local` and `remote`.
    pub(super) fn seen_from(&self, local: Endpoint, remote: Endpoint) -> Option<Wire> {
        let ends = (local, remote);
        let other = if ends == self.original {
            self.reply
        } else if ends == self.reply {
            self.original
        } else {
            return None;
        };
        // What the other side sends comes from the remote end.
        Some(Wire { local: other.1, remote: other.0 })
    }
}

fn ends(tuple: &[Tuple]) -> Option<Ends> {
    let (mut source, mut destination): (Option<IpAddr>, Option<IpAddr>) = (None, None);
    let (mut from, mut to) = (None, None);
    for part in tuple {
        match part {
            Tuple::Ip(addresses) => addresses.iter().for_each(|address| match address {
                IPTuple::SourceAddress(ip) => source = Some(*ip),
                IPTuple::DestinationAddress(ip) => destination = Some(*ip),
                _ => {}
            }),
            Tuple::Proto(ports) => ports.iter().for_each(|port| match port {
                ProtoTuple::SourcePort(port) => from = Some(*port),
                ProtoTuple::DestinationPort(port) => to = Some(*port),
                _ => {}
            }),
            _ => {}
        }
    }
    Some((Endpoint::new(source?, from?), Endpoint::new(destination?, to?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(address: [u8; 4], port: u16) -> Endpoint {
        Endpoint::new(address.into(), port)
    }

    #[test]
    fn each_side_is_given_the_ends_of_the_other() {
        // A container asks a service through masquerading: the host's address and another port are on the wire.
        let (container, host, server) =
            (end([10, 1, 0, 2], 40_000), end([192, 0, 2, 1], 50_000), end([192, 0, 2, 9], 443));
        let masqueraded = Entry { original: (container, server), reply: (server, host) };
        assert_eq!(masqueraded.seen_from(container, server), Some(Wire { local: host, remote: server }));
        // A published port: the client's connection to the host goes to a container.
        let (client, published, inside) =
            (end([192, 0, 2, 7], 40_001), end([192, 0, 2, 1], 8_080), end([10, 1, 0, 3], 80));
        let forwarded = Entry { original: (client, published), reply: (inside, client) };
        assert_eq!(forwarded.seen_from(inside, client), Some(Wire { local: published, remote: client }));
        assert_eq!(forwarded.seen_from(inside, server), None);
        let plain = Entry { original: (client, server), reply: (server, client) };
        assert_eq!(plain.seen_from(client, server), Some(Wire { local: client, remote: server }));
    }
}
