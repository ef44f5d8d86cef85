//! Why the lab does not play `fw-reject-local-output`.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible(
    "no packet of it passes a network device: `whyrst lab run fw-reject-output-local` plays it and shows just that",
);
