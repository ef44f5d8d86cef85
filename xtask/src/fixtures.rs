//! Records the fixtures: every scenario of the lab, both captures and the kernel's events.

use std::process::Command;

use anyhow::Result;

use crate::shell::{root, run, whyrst};

/// Plays the scenarios of `ids`, or all, and keeps what they record under `fixtures/`.
pub fn record(ids: &[&str]) -> Result<()> {
    let mut lab = Command::new(whyrst()?);
    lab.args(["lab", "run", "--quiet", "--keep"]).arg(root().join("fixtures"));
    if ids.is_empty() { run(lab.arg("--all")) } else { run(lab.args(ids)) }
}
