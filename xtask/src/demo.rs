//! The README's pictures of the terminal and the page: `tools/demo` draws them from what the lab records now.

use anyhow::Result;

use crate::shell::{self, cargo, root};
use crate::web;

/// Builds what the pictures show, and draws them.
pub fn run() -> Result<()> {
    let whyrst = shell::whyrst()?;
    web::install()?;
    shell::run(
        cargo()
            .args(["run", "--quiet", "--package", "demo", "--"])
            .arg(whyrst)
            .arg(web::folder())
            .arg(root().join("docs/images")),
    )
}
