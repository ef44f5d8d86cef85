//! Why the lab does not play `syn-data-rejected` yet.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible("x");
