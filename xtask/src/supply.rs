//! What others wrote and we give away: whether it may be (cargo-deny, by `deny.toml`), and the texts of its licences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell::{self, cargo, root};

const CARGO_DENY: &str = "0.20.2";
const CARGO_CYCLONEDX: &str = "0.5.9";
/// What is linked into what is given away: the package, where its workspace is, and its options.
const GIVEN: [(&str, &str, &[&str]); 4] = [
    ("whyrst-cli", ".", &["--features", "tls"]),
    ("whyrst-mcp", "crates/whyrst-mcp", &[]),
    ("whyrst-python", "python", &[]),
    ("whyrst-sql", "crates/whyrst-sql", &[]),
];
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// How the names of files begin that hold a licence.
const TEXTS: [&str; 6] = ["license", "licence", "copying", "notice", "unlicense", "copyright"];
/// Longer ones hold something else.
const LONGEST: u64 = 128 << 10;

/// Licences, sources and bans of all workspaces that are given away; advisories where their database can be reached.
pub fn deny() -> Result<()> {
    let program = shell::published("cargo-deny", CARGO_DENY, &["--no-default-features"])?;
    let deny = |workspace: &str| {
        let mut command = Command::new(&program);
        command.arg("--manifest-path").arg(root().join(workspace).join("Cargo.toml"));
        command.arg("--config").arg(root().join("deny.toml")).args(["--log-level", "error"]);
        command
    };
    for (_, workspace, _) in GIVEN {
        shell::run(deny(workspace).args(["check", "bans", "licenses", "sources"]))?;
    }
    let fetched = deny(".").args(["fetch", "db"]).output().context("cannot run cargo-deny")?;
    if !fetched.status.success() {
        let said = String::from_utf8_lossy(&fetched.stderr);
        println!(
            "advisories were NOT checked, their database cannot be reached: {}",
            said.lines().next().unwrap_or("?")
        );
        return Ok(());
    }
    let advised = |workspace: &str| shell::run(deny(workspace).args(["--offline", "check", "advisories"]));
    GIVEN.iter().try_for_each(|(_, workspace, _)| advised(workspace))
}

/// A package of somebody else.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
}

/// What is known of it.
struct About {
    licence: String,
    authors: Vec<String>,
    folder: PathBuf,
}

/// Writes the texts of all licences of what is linked into what we give away.
pub fn licences(path: &Path) -> Result<()> {
    let text = licence_texts()?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}

/// Writes which crates the program is made of, with versions, licences and sums: an SBOM as `CycloneDX` has it.
pub fn materials(path: &Path, seconds: u64) -> Result<()> {
    // Beside the manifest of each crate of the workspace, which is its only way.
    const NAME: &str = "whyrst-materials";
    let program = shell::published("cargo-cyclonedx", CARGO_CYCLONEDX, &[])?;
    let mut list = Command::new(program);
    list.arg("cyclonedx").arg("--manifest-path").arg(root().join("crates/whyrst-cli/Cargo.toml"));
    list.args(["--quiet", "--format", "json", "--spec-version", "1.5", "--features", "tls", "--target", "all"]);
    // The same sources make the same list: no other time, no random number.
    shell::run(list.args(["--override-filename", NAME]).env("SOURCE_DATE_EPOCH", seconds.to_string()))?;
    let written = written_beside_manifests(&format!("{NAME}.json"))?;
    let (ours, others): (Vec<_>, Vec<_>) =
        written.into_iter().partition(|path| path.ends_with(format!("whyrst-cli/{NAME}.json")));
    let [ours] = ours.as_slice() else { bail!("cargo-cyclonedx wrote no list for whyrst-cli") };
    let text = fs::read_to_string(ours).with_context(|| format!("cannot read {}", ours.display()))?;
    for file in others.iter().chain([ours]) {
        fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    let list: Value = serde_json::from_str(&text).context("a list of materials is JSON")?;
    let components = list["components"].as_array().map_or(0, Vec::len);
    if list["bomFormat"] != "CycloneDX" || components < 100 {
        bail!("cargo-cyclonedx names {components} crates");
    }
    // Wherever the sources lie.
    let text = text.replace(&root().display().to_string(), "/whyrst");
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("wrote {}: {components} crates", path.display());
    Ok(())
}

fn written_beside_manifests(name: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in ["crates", "tools"] {
        for entry in fs::read_dir(root().join(folder))? {
            found.push(entry?.path().join(name));
        }
    }
    found.push(root().join("xtask").join(name));
    found.retain(|path| path.is_file());
    Ok(found)
}

fn licence_texts() -> Result<String> {
    let mut packages = BTreeMap::new();
    for (program, workspace, options) in GIVEN {
        let known = known(workspace)?;
        for package in linked(program, workspace, options)? {
            let about = known.get(&(package.name.clone(), package.version.clone()));
            let (licence, authors, folder) = about.with_context(|| format!("nothing is known of {package:?}"))?.clone();
            packages.insert(package, About { licence, authors, folder });
        }
    }
    written(&packages)
}

type Known = BTreeMap<(String, String), (String, Vec<String>, PathBuf)>;

/// Every package of a workspace, whatever it is for.
fn known(workspace: &str) -> Result<Known> {
    let output = cargo()
        .args(["metadata", "--all-features", "--format-version", "1"])
        .current_dir(root().join(workspace))
        .output()?;
    if !output.status.success() {
        bail!("cargo metadata of {workspace}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata is JSON")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    let about = packages.iter().map(|package| {
        let folder = Path::new(&text(&package["manifest_path"])).parent().unwrap_or(Path::new("")).to_owned();
        let authors = package["authors"].as_array().into_iter().flatten().map(text).collect();
        ((text(&package["name"]), text(&package["version"])), (text(&package["license"]), authors, folder))
    });
    Ok(about.collect())
}

/// The packages that are linked into a program, ours left out.
fn linked(program: &str, workspace: &str, options: &[&str]) -> Result<BTreeSet<Package>> {
    let mut tree = cargo();
    tree.args(["tree", "--package", program, "--edges", "normal", "--target", TARGET, "--prefix", "none"])
        .args(options);
    let output = tree.current_dir(root().join(workspace)).output().context("cannot run cargo tree")?;
    if !output.status.success() {
        bail!("cargo tree of {program}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let said = String::from_utf8(output.stdout).context("cargo tree writes UTF-8")?;
    let packages = said.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        Some(Package { name: name.to_owned(), version: version.to_owned() })
    });
    Ok(packages.filter(|package| !package.name.starts_with("whyrst")).collect())
}

/// Each text once, with those whose it is above it.
fn written(packages: &BTreeMap<Package, About>) -> Result<String> {
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut without = Vec::new();
    for (package, about) in packages {
        let name = format!("{} {} ({})", package.name, package.version, about.licence);
        let texts = texts(&about.folder)?;
        if texts.is_empty() {
            if about.licence.is_empty() {
                bail!("{name} says nothing of its licence");
            }
            without.push(format!("{name}: {}", about.authors.join(", ")));
        }
        for text in texts {
            by_text.entry(text).or_default().push(name.clone());
        }
    }
    let mut out = String::from(
        "# Licences of what is linked into whyrst, its Python package, whyrst-mcp and whyrst-sql\n\nWritten by `cargo xtask licences`.\n\n",
    );
    if !without.is_empty() {
        out += "These packages bring no text of their licence; it is the standard one of what they name:\n\n";
        without.iter().try_for_each(|name| writeln!(out, "- {name}"))?;
        out.push('\n');
    }
    for (text, names) in &by_text {
        writeln!(out, "## {}\n", names.join(", "))?;
        text.lines().try_for_each(|line| writeln!(out, "    {line}"))?;
        out.push('\n');
    }
    Ok(out)
}

/// The licences in a package's folder.
fn texts(folder: &Path) -> Result<Vec<String>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_licence(path))
        .collect();
    paths.sort();
    let read = |path: &PathBuf| fs::read(path).map(|octets| String::from_utf8_lossy(&octets).trim().to_owned());
    paths.iter().map(read).collect::<std::io::Result<_>>().with_context(|| format!("cannot read {}", folder.display()))
}

fn is_licence(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let is_text = fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= LONGEST);
    is_text && TEXTS.iter().any(|begins| name.starts_with(begins))
}
