//! Why the lab does not play `backlog-full-refused`.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible(
    "Linux drops a SYN that its accept queue has no room for: only other stacks refuse it",
);
