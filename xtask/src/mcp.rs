//! `crates/whyrst-mcp`, a workspace of its own: built, tested, and asked by the protocol's official Python client.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::apart::Apart;
use crate::shell::{self, root, target};

const PACKAGE: Apart = Apart("whyrst-mcp");
/// The official client.
const CLIENT: &str = "mcp==2.3.0";

/// Quick when everything is there already.
pub fn install() -> Result<()> {
    client_python().map(drop)
}

/// Builds and tests it.
pub fn run() -> Result<()> {
    let whyrst = shell::whyrst()?;
    shell::run(PACKAGE.cargo().args(["fmt", "--check"]))?;
    shell::run(PACKAGE.cargo().args(["test", "--quiet"]))?;
    shell::run(PACKAGE.cargo().args(["build", "--quiet"]))?;
    // Beside each other, as they are installed.
    let beside = target().join("mcp/bin");
    fs::create_dir_all(&beside).with_context(|| format!("cannot make {}", beside.display()))?;
    let programs = [(whyrst, "whyrst"), (PACKAGE.built("debug"), "whyrst-mcp")];
    for (built, name) in &programs {
        let copy = beside.join(name);
        // What runs cannot be written to; what was removed runs on.
        let _ = fs::remove_file(&copy);
        fs::copy(built, &copy).with_context(|| format!("cannot copy {}", built.display()))?;
    }
    let client = PACKAGE.folder().join("tests/client.py");
    shell::run(Command::new(client_python()?).arg(client).arg(beside.join("whyrst")).arg(root().join("fixtures")))
}

/// The program as it is given to others, into `target/dist`.
pub fn release() -> Result<()> {
    PACKAGE.release()
}

/// A Python that has the client.
fn client_python() -> Result<PathBuf> {
    shell::python("mcp", &[CLIENT])
}
