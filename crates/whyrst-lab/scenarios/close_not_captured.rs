//! Why the lab does not play `close-not-captured`.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible(
    "it says what a capture lacks, not what happened: the lab's captures begin before the connection",
);
