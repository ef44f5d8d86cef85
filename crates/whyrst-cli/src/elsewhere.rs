//! Commands that are programs of their own, beside this one or on the PATH, as git does with its commands: `whyrst sql`
//! runs `whyrst-sql`, since a query engine is a hundred megabytes, and `whyrst mcp` runs `whyrst-mcp`, since an
//! asynchronous runtime and a protocol's crate are of no use to anything else. Whoever does not need them need not have
//! them.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Error, Result, anyhow};

use crate::Completion;
use crate::args::Elsewhere;

/// A program of its own.
pub(crate) struct Program {
    name: &'static str,
    /// Why it is not part of this one, and what does without it, as a message goes on.
    why: &'static str,
}

/// SQL over captures, recordings and Parquet.
pub(crate) const SQL: Program = Program {
    name: "whyrst-sql",
    why: "its query engine is large (from the sources: cargo install --path crates/whyrst-sql); without it, \
          `whyrst explain --summary` tells the top causes and services",
};

/// The server for agents.
pub(crate) const MCP: Program = Program {
    name: "whyrst-mcp",
    why: "nothing else needs what it is made of (from the sources: cargo install --path crates/whyrst-mcp); \
          without it, an agent can run `whyrst explain --format json FILE`",
};

impl Program {
    pub(crate) fn run(&self, words: &Elsewhere) -> Result<Completion> {
        // Looked for before: `exec` gives SIGPIPE its default back, and then a closed standard error would kill the
        // message.
        let program = self.beside().or_else(|| self.on_path()).ok_or_else(|| self.missing())?;
        // On success nothing comes back.
        let cause = Command::new(&program).args(&words.arguments).exec();
        Err(match cause.kind() {
            ErrorKind::NotFound => self.missing(),
            _ => Error::new(cause).context(format!("cannot run {}", program.display())),
        })
    }

    fn beside(&self) -> Option<PathBuf> {
        let own = std::env::current_exe().ok()?;
        Some(own.with_file_name(self.name)).filter(|program| program.is_file())
    }

    fn on_path(&self) -> Option<PathBuf> {
        let folders = std::env::var_os("PATH")?;
        std::env::split_paths(&folders).map(|folder| folder.join(self.name)).find(|program| program.is_file())
    }

    fn missing(&self) -> Error {
        let own = std::env::current_exe().ok();
        let place = own.as_deref().and_then(|own| own.parent()).map(|folder| folder.display().to_string());
        let place = place.unwrap_or_else(|| "the folder of whyrst".to_owned());
        let Self { name, why } = self;
        let command = name.replace('-', " ");
        anyhow!(
            "`{command}` needs the program {name}, which is neither in {place} nor on the PATH: it is a package of its \
             own, since {why}"
        )
    }
}
