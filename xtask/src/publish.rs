//! What crates.io gets: crates that are complete, and the oldest compiler that builds them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{self, cargo, root, target};

/// Published from workspaces of their own: their dry run needs the others on crates.io, so they are only looked at.
const APART: [&str; 2] = ["crates/whyrst-sql", "crates/whyrst-mcp"];
/// What crates.io shows, or takes at most: <https://doc.rust-lang.org/cargo/reference/manifest.html>.
const WORDS: usize = 5;
const LONGEST_WORD: usize = 20;
const FILES: [&str; 3] = ["README.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Every crate has what crates.io wants and shows, and can be packed; nothing is sent and nothing compiled.
pub fn check() -> Result<()> {
    complete()?;
    shell::run(dry_run().arg("--no-verify"))
}

/// The same, and each is compiled as it would be downloaded.
pub fn verify() -> Result<()> {
    complete()?;
    shell::run(&mut dry_run())
}

/// With changes that are not committed: nothing leaves this machine.
fn dry_run() -> Command {
    let mut publish = cargo();
    publish.args(["publish", "--quiet", "--workspace", "--dry-run", "--allow-dirty"]);
    publish
}

fn complete() -> Result<()> {
    let mut wrong = Vec::new();
    let mut looked_at = 0;
    for workspace in [root()].into_iter().chain(APART.map(|folder| root().join(folder))) {
        for package in packages(&workspace)? {
            let name = package["name"].as_str().unwrap_or_default();
            wrong.extend(missing(&package)?.into_iter().map(|what| format!("{name}: {what}")));
            looked_at += 1;
        }
    }
    if !wrong.is_empty() {
        bail!("not ready for crates.io:\n  {}", wrong.join("\n  "));
    }
    println!("{looked_at} crates have what crates.io wants");
    Ok(())
}

/// The packages of a workspace that may be published.
fn packages(workspace: &Path) -> Result<Vec<Value>> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(workspace)
        .output()
        .context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata of {}: {}", workspace.display(), String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is JSON")?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    // An empty list of registries is `publish = false`.
    let published = packages.iter().filter(|package| package["publish"].as_array().is_none_or(|to| !to.is_empty()));
    Ok(published.cloned().collect())
}

/// What a package has not, or has wrong.
fn missing(package: &Value) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for field in ["description", "license", "repository", "readme", "rust_version"] {
        if package[field].as_str().is_none_or(str::is_empty) {
            wrong.push(format!("no {field}"));
        }
    }
    for field in ["keywords", "categories"] {
        let words: Vec<&str> = package[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if words.is_empty() || words.len() > WORDS {
            wrong.push(format!("{} {field}, and 1 to {WORDS} are shown", words.len()));
        }
        let long = words.iter().filter(|word| field == "keywords" && word.len() > LONGEST_WORD);
        wrong.extend(long.map(|word| format!("the keyword {word} is longer than {LONGEST_WORD} characters")));
    }
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        let (path, version) = (&dependency["path"], &dependency["req"]);
        if path.is_string() && dependency["kind"].is_null() && version == "*" {
            wrong.push(format!("{} by its path and without a version", dependency["name"]));
        }
    }
    let packed = packed(package)?;
    wrong.extend(FILES.iter().filter(|file| !packed.contains(**file)).map(|file| format!("{file} is not packed")));
    Ok(wrong)
}

/// The names of all files that are packed.
fn packed(package: &Value) -> Result<BTreeSet<String>> {
    let manifest = package["manifest_path"].as_str().context("a package has a manifest")?;
    let output = cargo()
        .args(["package", "--list", "--allow-dirty", "--manifest-path", manifest])
        .output()
        .context("cannot run cargo package")?;
    if !output.status.success() {
        bail!("cargo package --list of {manifest}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// Compiles each crate with the compiler that its `rust-version` promises; rustup brings it where it is not there.
pub fn oldest_compiler() -> Result<()> {
    let mut promised: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages(&root())? {
        let text = |field: &str| package[field].as_str().map(str::to_owned).context("a package without a version");
        promised.entry(text("rust_version")?).or_default().push(text("name")?);
    }
    for (version, crates) in promised {
        let install = ["toolchain", "install", "--profile", "minimal", "--no-self-update"];
        shell::run(Command::new("rustup").args(install).arg(&version))?;
        let mut check = Command::new("rustup");
        check.args(["run", &version, "cargo", "check", "--quiet", "--locked"]).current_dir(root());
        check.args(crates.iter().flat_map(|name| ["--package", name]));
        for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
            check.env_remove(name);
        }
        // In a folder of its own, so that nothing is built again for the other compiler.
        shell::run(check.env("CARGO_TARGET_DIR", target().join("oldest-compiler")))?;
        println!("Rust {version} compiles {}", crates.join(", "));
    }
    Ok(())
}
