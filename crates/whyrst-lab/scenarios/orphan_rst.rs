//! Why the lab does not play `orphan-rst`.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible(
    "it says what a capture lacks, not what happened: every scenario leads to it when only its RST is kept",
);
