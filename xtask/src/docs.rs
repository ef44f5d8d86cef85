//! The book: pages generated from the causes and their fixtures, its table of contents, and whether
//! its links lead somewhere. `cargo xtask book` makes HTML of it.

mod article;
mod links;
mod pages;
mod translation;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use whyrst_core::language::Language;

use crate::accuracy;
use crate::shell::{self, root, target};

/// Pinned, so that the book looks the same everywhere.
const MDBOOK: &str = "0.5.4";

/// Writes every generated page and removes those of causes that are no more.
pub fn write() -> Result<()> {
    let pages = generated()?;
    for stale in on_disk()?.into_keys().filter(|name| !pages.contains_key(name)) {
        fs::remove_file(folder().join(&stale)).with_context(|| format!("cannot remove {stale}"))?;
    }
    for (name, text) in &pages {
        let path = folder().join(name);
        let parent = path.parent().unwrap_or(&path);
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        fs::write(&path, text).with_context(|| format!("cannot write {name}"))?;
    }
    println!("docs: {} pages in {}", pages.len(), folder().display());
    links::check(&root())?;
    translation::check(&root())
}

/// Fails when a page is not what the catalogue and the fixtures say now, or a link leads nowhere.
pub fn check() -> Result<()> {
    let (wanted, found) = (generated()?, on_disk()?);
    let names = wanted.keys().chain(found.keys());
    let mut stale: Vec<&String> = names.filter(|name| wanted.get(*name) != found.get(*name)).collect();
    stale.sort();
    stale.dedup();
    if !stale.is_empty() {
        bail!("docs/ is stale ({stale:?}): run `cargo xtask docs` and commit");
    }
    println!("docs: {} pages are fresh", wanted.len());
    links::check(&root())?;
    translation::check(&root())
}

/// Makes HTML of the book, in `target/book`.
pub fn book() -> Result<()> {
    let out = target().join("book");
    let mdbook = shell::published("mdbook", MDBOOK, &["--no-default-features"])?;
    shell::run(Command::new(mdbook).arg("build").arg("--dest-dir").arg(&out).arg(root()))?;
    println!("book: {}", out.join("index.html").display());
    Ok(())
}

/// Every generated page by its path in `docs/`.
fn generated() -> Result<BTreeMap<String, String>> {
    shell::whyrst()?;
    let mut pages = BTreeMap::new();
    for language in Language::ALL {
        pages.extend(pages::of_causes(&root().join("fixtures"), language)?);
        pages.extend(pages::of_symptoms(language));
        let name = language.pick("article.md", "zh/article.md");
        pages.insert(name.into(), article::page(&root().join("fixtures"), language)?);
    }
    pages.insert("limits.md".into(), pages::limits());
    pages.insert("steps.md".into(), pages::steps());
    pages.insert("accuracy.md".into(), accuracy::of_fixtures()?);
    pages.insert("SUMMARY.md".into(), pages::summary(&folder())?);
    Ok(pages)
}

/// What is there of the generated pages: all of `causes/` and `symptoms/` in each language, and those beside them that
/// are generated.
fn on_disk() -> Result<BTreeMap<String, String>> {
    let mut names = Vec::new();
    let folders = Language::ALL.map(|language| [pages::causes_folder(language), pages::symptoms_folder(language)]);
    for of in folders.concat() {
        names.extend(markdown_in(&folder().join(of))?.into_iter().map(|name| format!("{of}/{name}")));
    }
    let beside =
        ["limits.md", "steps.md", "accuracy.md", "article.md", "zh/article.md", "SUMMARY.md"].map(str::to_owned);
    let there = names.into_iter().chain(beside).filter(|name| folder().join(name).is_file());
    there.map(|name| Ok((name.clone(), fs::read_to_string(folder().join(&name))?))).collect()
}

/// Names of the Markdown files in `folder`, in order; none when it is not there.
fn markdown_in(folder: &Path) -> Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()
        .with_context(|| format!("cannot list {}", folder.display()))?;
    names.retain(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"));
    names.sort();
    Ok(names)
}

fn folder() -> PathBuf {
    root().join("docs")
}
