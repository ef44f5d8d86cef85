//! Why the lab does not play `health-check` yet.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible("x");
