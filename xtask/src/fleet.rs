//! A simulated fleet into a real ClickHouse engine (`tools/fleet`), and its part of docs/scale.md.
//!
//! Not a step of `cargo xtask test`: a release build, then as long as this machine needs for ten thousand hosts.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::pages;
use crate::shell::{cargo, root};
use crate::telemetry;

const MARKS: [&str; 2] = ["<!-- begin of what cargo xtask fleet writes -->", "<!-- end of it -->"];
const PAGE: &str = "docs/scale.md";
const AGENTS: &str = "10000";
const MINUTES: &str = "10";

/// `--agents N`, `--minutes N`; only the figures of the full size go into the page.
pub fn run(words: &[&str]) -> Result<()> {
    let (mut agents, mut minutes) = (AGENTS, MINUTES);
    for pair in words.chunks(2) {
        match pair {
            ["--agents", value] => agents = value,
            ["--minutes", value] => minutes = value,
            _ => bail!("usage: cargo xtask fleet [--agents {AGENTS}] [--minutes {MINUTES}]"),
        }
    }
    telemetry::install()?;
    let said = play(cargo().args(["run", "--quiet", "--release", "--package", "fleet", "--"]).args([agents, minutes]))?;
    print!("{said}");
    if (agents, minutes) == (AGENTS, MINUTES) { pages::put(PAGE, MARKS, &said) } else { Ok(()) }
}

/// What the simulation prints; it fails where anything was lost.
fn play(command: &mut Command) -> Result<String> {
    command.arg(telemetry::python()).arg(root().join("fixtures")).stderr(Stdio::inherit());
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("{command:?} ended with {}", output.status);
    }
    String::from_utf8(output.stdout).context("the simulation prints UTF-8")
}
