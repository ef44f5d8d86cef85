//! Programs that are workspaces of their own, with a target folder of their own: the same crates are built with other
//! features there.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell::{self, cargo, root, target};

/// One of them, by the name of its package and its program.
pub struct Apart(pub &'static str);

impl Apart {
    /// Where its sources are.
    pub fn folder(&self) -> PathBuf {
        root().join("crates").join(self.0)
    }

    /// Where its program is when it was built as `profile`.
    pub fn built(&self, profile: &str) -> PathBuf {
        self.target().join(profile).join(self.0)
    }

    fn target(&self) -> PathBuf {
        self.folder().join("target")
    }

    /// Cargo in its workspace.
    pub fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(self.folder()).env("CARGO_TARGET_DIR", self.target());
        command
    }

    /// The program as it is given to others, into `target/dist`.
    pub fn release(&self) -> Result<()> {
        shell::run(self.cargo().args(["build", "--quiet", "--release"]))?;
        let folder = target().join("dist");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let program = folder.join(self.0);
        fs::copy(self.built("release"), &program).with_context(|| format!("cannot copy {}", self.0))?;
        println!("wrote {}", program.display());
        Ok(())
    }
}
