//! Why the lab does not play `fin-ack-not-captured`.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible(
    "it says what a capture lacks, not what happened: `fin-wait2-timer` leads to it when that ACK is left out",
);
