//! Why the lab does not play `retransmit-giveup`.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible(
    "Linux sends no reset when it gives up retransmitting; the stacks that do are not in the lab",
);
