//! The JSON Schema of every record, in `docs/schema/`: made of the types in `crates/whyrst-model`. Of the schemas, the
//! columns of tables.
//!
//! The types have their schemas behind a feature that only this command turns on, in a build of that one crate.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::columns;
use crate::shell::{self, Scratch, cargo, root};
use crate::stubs;

/// Where the tables' columns are described for people.
const PAGE: &str = "docs/rows.md";

/// Writes every schema and what is made of them, and removes the schemas of records that are no more.
pub fn write() -> Result<()> {
    let schemas = generated()?;
    let folder = folder();
    for stale in schemas_in(&folder)?.into_keys().filter(|name| !schemas.contains_key(name)) {
        fs::remove_file(folder.join(&stale)).with_context(|| format!("cannot remove {stale}"))?;
    }
    for (path, text) in files(&schemas)? {
        let folder = path.parent().unwrap_or(&folder);
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    println!("schema: {} records in {}", schemas.len(), folder.display());
    Ok(())
}

/// Fails when a schema is not that of its type, or a table's columns are not those of its record.
pub fn check() -> Result<()> {
    let schemas = generated()?;
    let mut stale: Vec<String> =
        schemas_in(&folder())?.into_keys().filter(|name| !schemas.contains_key(name)).collect();
    for (path, text) in files(&schemas)? {
        if fs::read_to_string(&path).unwrap_or_default() != text {
            stale.push(path.strip_prefix(root()).unwrap_or(&path).display().to_string());
        }
    }
    if !stale.is_empty() {
        bail!("{stale:?} are stale: run `cargo xtask schema` and commit");
    }
    println!("schema: {} records are fresh", schemas.len());
    Ok(())
}

/// Everything that is made of the types, with its text.
fn files(schemas: &BTreeMap<String, String>) -> Result<Vec<(PathBuf, String)>> {
    let mut files: Vec<_> = schemas.iter().map(|(name, text)| (folder().join(name), text.clone())).collect();
    let read = |path: &Path| fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    let mut page = read(&root().join(PAGE))?;
    for table in &columns::TABLES {
        let schema = schemas.get(&format!("{}.json", table.schema)).context("a table without a record")?;
        let schema = serde_json::from_str(schema)?;
        let path = root().join("crates/whyrst-store/columns").join(table.file).with_extension("txt");
        let text = columns::renewed(table, &read(&path)?, &schema)?;
        page = between_marks(&page, table.file, &columns::documented(&text, &schema)?)?;
        files.push((path, text));
    }
    files.push((root().join(PAGE), page));
    let (module, types) = stubs::of(schemas)?;
    let package = root().join("python/whyrst");
    files.push((package.join("records.py"), module));
    files.push((package.join("records.pyi"), types));
    Ok(files)
}

/// `page` with `text` between the marks that `name` has in it.
fn between_marks(page: &str, name: &str, text: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- columns of {name} -->\n"), "<!-- end -->");
    let (before, rest) = page.split_once(&begin).with_context(|| format!("{PAGE} has no place for {name}"))?;
    let (_, after) = rest.split_once(end).with_context(|| format!("{PAGE} has no end of {name}"))?;
    Ok(format!("{before}{begin}{text}{end}{after}"))
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
