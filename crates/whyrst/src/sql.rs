//! `whyrst sql`: runs `whyrst-sql`, which lies beside this program or on the PATH, as git does with
//! its commands. A query engine is a hundred megabytes; whoever does not need it need not have it.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Error, Result, anyhow};

use crate::Completion;
use crate::args::Sql;

const PROGRAM: &str = "whyrst-sql";

pub(crate) fn run(sql: &Sql) -> Result<Completion> {
    // Looked for before: `exec` gives SIGPIPE its default back, and then a closed standard error would kill the message.
    let program = beside().or_else(on_path).ok_or_else(missing)?;
    // On success nothing comes back.
    let cause = Command::new(&program).args(&sql.arguments).exec();
    Err(match cause.kind() {
        ErrorKind::NotFound => missing(),
        _ => Error::new(cause).context(format!("cannot run {}", program.display())),
    })
}

fn beside() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    Some(own.with_file_name(PROGRAM)).filter(|program| program.is_file())
}

fn on_path() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(PROGRAM)).find(|program| program.is_file())
}

fn missing() -> Error {
    let own = std::env::current_exe().ok();
    let place = own.as_deref().and_then(|own| own.parent()).map(|folder| folder.display().to_string());
    let place = place.unwrap_or_else(|| "the folder of whyrst".to_owned());
    anyhow!(
        "`whyrst sql` needs the program {PROGRAM}, which is neither in {place} nor on the PATH: it is a package of its \
         own, since its query engine is large (from the sources: cargo install --path crates/whyrst-sql); without it, \
         `whyrst explain --summary` tells the top causes and services"
    )
}
