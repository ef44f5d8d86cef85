//! `crates/whyrst-mcp`, a workspace of its own: built, tested, and asked by the protocol's official Python client.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell::{self, cargo, root, target};

/// The official client.
const CLIENT: &str = "mcp==2.3.0";

/// Quick when everything is there already.
pub fn install() -> Result<()> {
    client_python().map(drop)
}

/// Builds and tests it.
pub fn run() -> Result<()> {
    let whyrst = shell::whyrst()?;
    shell::run(in_its_workspace().args(["fmt", "--check"]))?;
    shell::run(in_its_workspace().args(["test", "--quiet"]))?;
    shell::run(in_its_workspace().args(["build", "--quiet"]))?;
    // Beside each other, as they are installed.
    let beside = target().join("mcp/bin");
    fs::create_dir_all(&beside).with_context(|| format!("cannot make {}", beside.display()))?;
    let programs = [(whyrst, "whyrst"), (its_target().join("debug/whyrst-mcp"), "whyrst-mcp")];
    for (built, name) in &programs {
        let copy = beside.join(name);
        // What runs cannot be written to; what was removed runs on.
        let _ = fs::remove_file(&copy);
        fs::copy(built, &copy).with_context(|| format!("cannot copy {}", built.display()))?;
    }
    let client = its_folder().join("tests/client.py");
    shell::run(Command::new(client_python()?).arg(client).arg(beside.join("whyrst")).arg(root().join("fixtures")))
}

/// The program as it is given to others, into `target/dist`.
pub fn release() -> Result<()> {
    shell::run(in_its_workspace().args(["build", "--quiet", "--release"]))?;
    let folder = target().join("dist");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let program = folder.join("whyrst-mcp");
    fs::copy(its_target().join("release/whyrst-mcp"), &program).context("cannot copy whyrst-mcp")?;
    println!("wrote {}", program.display());
    Ok(())
}

fn its_folder() -> PathBuf {
    root().join("crates/whyrst-mcp")
}

/// Beside that of everything else: the same crates are built with other features here.
fn its_target() -> PathBuf {
    its_folder().join("target")
}

fn in_its_workspace() -> Command {
    let mut command = cargo();
    command.current_dir(its_folder()).env("CARGO_TARGET_DIR", its_target());
    command
}

/// A Python that has the client.
fn client_python() -> Result<PathBuf> {
    shell::python("mcp", &[CLIENT])
}
