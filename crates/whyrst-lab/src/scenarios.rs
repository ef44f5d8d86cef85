//! Every scenario there is, one file for each cause in `scenarios/`. The build script finds them; the
//! order is that of the catalogue.

use whyrst_core::cause::Cause;
use whyrst_core::causes;
use whyrst_core::report::catalogue::Reproducible;

use crate::code;
use crate::scenario::{Reproduction, Scenario};

include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// How the cause of that id is shown to be real; `None` without such a cause.
pub fn reproduction(cause: &str) -> Option<&'static Reproduction> {
    BY_CAUSE.iter().find(|(id, _)| *id == cause).map(|(_, reproduction)| reproduction)
}

/// What the page of `cause` says of the lab.
pub fn reproducible(cause: &Cause) -> Reproducible {
    match reproduction(cause.id) {
        Some(Reproduction::Lab([first, ..])) if code::possible(first).is_ok() => Reproducible::AsPrograms,
        Some(Reproduction::Lab(_)) => Reproducible::Yes,
        Some(Reproduction::NotReproducible(reason)) => Reproducible::No(reason),
        None => Reproducible::No("nobody has written a scenario of it yet"),
    }
}

/// Every scenario of every cause, in the order of the catalogue.
pub fn scenarios() -> impl Iterator<Item = &'static Scenario> {
    causes::ALL.iter().filter_map(|cause| reproduction(cause.id)).flat_map(Reproduction::scenarios)
}

/// The scenario of that id.
pub fn scenario(id: &str) -> Option<&'static Scenario> {
    scenarios().find(|scenario| scenario.id == id)
}

/// The ids of the causes that have a file, in the order of its name.
#[cfg(test)]
fn with_a_file() -> impl Iterator<Item = &'static str> {
    BY_CAUSE.iter().map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_file_and_every_file_a_cause() {
        let mut wanted: Vec<&str> = causes::ALL.iter().map(|cause| cause.id).collect();
        let mut found: Vec<&str> = with_a_file().collect();
        wanted.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, wanted);
    }
}
