//! The JSON Schema of every record, in `docs/schema/`: made of the types in `crates/whyrst-model`.
//!
//! The types have their schemas behind a feature that only this command turns on, in a build of that one crate.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell::{self, Scratch, cargo, root};

/// Writes every schema, and removes those of records that are no more.
pub fn write() -> Result<()> {
    let wanted = generated()?;
    let folder = folder();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for stale in schemas_in(&folder)?.into_keys().filter(|name| !wanted.contains_key(name)) {
        fs::remove_file(folder.join(&stale)).with_context(|| format!("cannot remove {stale}"))?;
    }
    for (name, text) in &wanted {
        fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    println!("schema: {} records in {}", wanted.len(), folder.display());
    Ok(())
}

/// Fails when a schema is not that of its type.
pub fn check() -> Result<()> {
    let (wanted, found) = (generated()?, schemas_in(&folder())?);
    let names = wanted.keys().chain(found.keys());
    let mut stale: Vec<&String> = names.filter(|name| wanted.get(*name) != found.get(*name)).collect();
    stale.sort();
    stale.dedup();
    if !stale.is_empty() {
        bail!("docs/schema/ is stale ({stale:?}): run `cargo xtask schema` and commit");
    }
    println!("schema: {} records are fresh", wanted.len());
    Ok(())
}

/// The schemas by the names of their files.
fn generated() -> Result<BTreeMap<String, String>> {
    let fresh = Scratch::new("schema")?;
    let options = ["run", "--quiet", "--package", "whyrst-model", "--features", "schema", "--example", "schema"];
    shell::run(cargo().args(options).arg("--").arg(fresh.path()))?;
    schemas_in(fresh.path())
}

fn schemas_in(folder: &Path) -> Result<BTreeMap<String, String>> {
    if !folder.is_dir() {
        return Ok(BTreeMap::new());
    }
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let text = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path())?))
    };
    entries.map(text).collect::<Result<_>>().with_context(|| format!("cannot read {}", folder.display()))
}

fn folder() -> PathBuf {
    root().join("docs/schema")
}
