//! Why the lab does not play `reset-not-captured`.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible(
    "it says what a capture lacks: the server's end of `injected-rst-client-only` is such a capture",
);
