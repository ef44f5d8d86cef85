//! Why the lab does not play `data-not-captured`.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible(
    "it says what a capture lacks, not what happened: `data-after-close` leads to it when that data is left out",
);
