//! Why the lab does not play `redirect-without-listener`.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible(
    "the redirected SYN is seen on the loopback device alone, and the lab captures the wire; \
     `nft add rule ip nat output tcp dport 5432 redirect to :15001` and `tcpdump -i any` show it on any host",
);
