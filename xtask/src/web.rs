//! The page: its sources are compiled by Vite, and what comes of them is checked in beside them, so that
//! nobody needs Node.js to build whyrst; and the browser tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{self, Scratch, installed, root};

/// What Vite makes.
const FILES: [&str; 3] = ["index.html", "app.js", "app.css"];

/// The types of the records, which are made of `docs/schema`.
const RECORDS: &str = "src/records.ts";

/// Builds the page and puts it beside its sources.
pub fn write() -> Result<()> {
    install()?;
    records(&folder().join(RECORDS))?;
    build(&folder().join("dist"))?;
    println!("wrote {}", folder().join("dist").display());
    Ok(())
}

/// Builds the page and compares it with the one that is checked in.
pub fn check() -> Result<()> {
    install()?;
    let fresh = Scratch::new("page")?;
    let records_file = fresh.path().join("records.ts");
    records(&records_file)?;
    if fs::read(&records_file)? != fs::read(folder().join(RECORDS))? {
        bail!("crates/whyrst-serve/web/{RECORDS} is not what docs/schema says: run `cargo xtask web`");
    }
    build(fresh.path())?;
    for file in FILES {
        let read = |folder: &Path| fs::read(folder.join(file)).with_context(|| format!("cannot read {file}"));
        if read(fresh.path())? != read(&folder().join("dist"))? {
            bail!("crates/whyrst-serve/web/dist/{file} is not what its sources make: run `cargo xtask web`");
        }
    }
    println!("the page is what its sources make");
    Ok(())
}

/// The page in a real browser, from end to end.
pub fn end_to_end() -> Result<()> {
    install()?;
    let whyrst = shell::whyrst()?;
    shell::run(Command::new("node").current_dir(folder()).arg("e2e/run.mjs").arg(whyrst).arg(root().join("fixtures")))
}

/// What the lock file names, and nothing newer; quick when it is there already.
pub fn install() -> Result<()> {
    if !installed("npm") {
        bail!("node and npm are needed (Node.js 20 or newer)");
    }
    let (lock, done) = (folder().join("package-lock.json"), folder().join("node_modules/.package-lock.json"));
    let when = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    if when(&done).zip(when(&lock)).is_some_and(|(done, lock)| done >= lock) {
        return Ok(());
    }
    shell::run(Command::new("npm").current_dir(folder()).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
}

fn records(into: &Path) -> Result<()> {
    shell::run(Command::new("node").current_dir(folder()).arg("records.mjs").arg(into))
}

fn build(into: &Path) -> Result<()> {
    let tool = |name: &str| folder().join("node_modules/.bin").join(name);
    shell::run(Command::new(tool("tsc")).current_dir(folder()).arg("--noEmit"))?;
    shell::run(
        Command::new(tool("vite"))
            .current_dir(folder())
            .args(["build", "--logLevel", "warn", "--emptyOutDir", "--outDir"])
            .arg(into),
    )
}

pub fn folder() -> PathBuf {
    root().join("crates/whyrst-serve/web")
}
