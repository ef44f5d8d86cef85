//! Why the lab does not play `one-backend-dead` yet.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible("x");
