//! Records the fixtures: every scenario of the lab, both captures and the kernel's events.

use std::process::Command;

use anyhow::Result;

use crate::shell::{cargo, root, run, target};

/// Plays the scenarios of `ids`, or all, and keeps what they record under `fixtures/`.
pub fn record(ids: &[&str]) -> Result<()> {
    run(cargo().args(["build", "--quiet", "--package", "whyrst"]))?;
    let mut lab = Command::new(target().join("debug/whyrst"));
    lab.args(["lab", "run", "--quiet", "--keep"]).arg(root().join("fixtures"));
    if ids.is_empty() { run(lab.arg("--all")) } else { run(lab.args(ids)) }
}
