//! Why the lab does not play `forgotten-at-fin`.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction =
    Reproduction::NotReproducible("Linux keeps FIN-WAIT-2: only other stacks forget a connection with their FIN");
