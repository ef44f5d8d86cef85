//! Why the lab does not play `path-mtu-black-hole` yet.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible("x");
