//! `whyrst check`: what on this host will cause resets.
use crate::Outcome;
use crate::args::Check;
use anyhow::Result;
pub(crate) fn run(_arguments: &Check) -> Result<Outcome> {
    anyhow::bail!("not yet")
}
