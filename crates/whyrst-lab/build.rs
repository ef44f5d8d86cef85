//! Finds the scenarios: each file in `scenarios/` becomes a module, and all of them one list by the ids of
//! their causes. So a new cause needs its file there and no line anywhere else.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("scenarios");
    println!("cargo::rerun-if-changed={}", folder.display());
    let modules = modules(&files(&folder)?)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("scenarios.rs"), modules)?;
    Ok(())
}

/// The Rust files in `folder`, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    Ok(files)
}

/// A module for each file, and `BY_CAUSE`, which has what each of them says of its cause.
fn modules(files: &[PathBuf]) -> Result<String, Box<dyn Error>> {
    let (mut modules, mut list) = (String::new(), String::new());
    for file in files {
        let utf8 = || format!("{} is not a name in UTF-8", file.display());
        let path = file.to_str().ok_or_else(utf8)?;
        let name = file.file_stem().and_then(|name| name.to_str()).ok_or_else(utf8)?;
        writeln!(modules, "#[path = {path:?}]\nmod {name};")?;
        writeln!(list, "    ({:?}, {name}::REPRODUCTION),", name.replace('_', "-"))?;
    }
    Ok(format!("{modules}\nstatic BY_CAUSE: &[(&str, Reproduction)] = &[\n{list}];\n"))
}
