//! Why the lab does not play `rst-instead-of-fin`.

use crate::scenario::Reproduction;

pub(super) const REPRODUCTION: Reproduction = Reproduction::NotReproducible(
    "on Linux only SO_LINGER {on, 0} or unread data make these packets, and those are causes of their own",
);
