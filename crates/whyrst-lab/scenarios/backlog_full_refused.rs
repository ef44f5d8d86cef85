//! Why the lab does not play `backlog-full-refused` yet.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible("x");
