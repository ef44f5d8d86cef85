//! Why the lab does not play `duplicate-address`.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible(
    "the lab's second host takes an address over for good: two that answer ARP by turns have no part in its stories",
);
