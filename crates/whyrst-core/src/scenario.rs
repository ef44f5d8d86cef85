//! How to make a cause happen: data that only the lab interprets.
//!
//! A scenario is a story with actors (processes on hosts), a wire between the hosts, steps in
//! order and what each call must return. It says nothing about how namespaces or wires work.

/// How a cause is shown to be real.
#[derive(Debug)]
pub enum Reproduction {
    /// The lab plays these; the first one carries the id of its cause.
    Lab(&'static [Scenario]),
    /// It cannot be played here, for the reason given.
    NotReproducible(&'static str),
}

/// One experiment.
#[derive(Debug)]
pub struct Scenario {
    /// `whyrst lab run` takes this id; kebab-case, unique over all causes.
    pub id: &'static str,
    /// What happens, as one sentence of a story.
    pub story: &'static str,
}
