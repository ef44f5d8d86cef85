//! Whether every link of the book, and of the pages beside it, leads to a file and a heading that are
//! there. Links into the web are left alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::markdown_in;

/// Fails with a list of the links that lead nowhere.
pub(super) fn check(root: &Path) -> Result<()> {
    let (mut dead, mut count) = (Vec::new(), 0);
    for page in pages(root)? {
        let text = read(&page)?;
        for link in links(&text).filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            count += 1;
            if let Err(why) = leads(&page, link) {
                dead.push(format!("{}: {link}: {why:#}", page.strip_prefix(root).unwrap_or(&page).display()));
            }
        }
    }
    if !dead.is_empty() {
        bail!("{} links lead nowhere:\n  {}", dead.len(), dead.join("\n  "));
    }
    println!("docs: {count} links lead somewhere");
    Ok(())
}

fn pages(root: &Path) -> Result<Vec<PathBuf>> {
    let folders = [
        "",
        "docs",
        "docs/causes",
        "docs/symptoms",
        "docs/internals",
        "docs/zh",
        "docs/zh/causes",
        "docs/zh/symptoms",
        "fuzz",
    ];
    let folders = folders.map(|folder| root.join(folder));
    let pages = folders.iter().map(|folder| {
        let names = markdown_in(folder)?;
        Ok(names.into_iter().map(|name| folder.join(name)).collect::<Vec<_>>())
    });
    Ok(pages.collect::<Result<Vec<_>>>()?.concat())
}

fn read(page: &Path) -> Result<String> {
    fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))
}

/// What stands between `](` and `)`, outside of code.
fn links(text: &str) -> impl Iterator<Item = &str> {
    prose(text).flat_map(|line| line.split("](").skip(1)).filter_map(|rest| rest.split([')', ' ']).next())
}

/// The lines outside of fenced code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

fn leads(page: &Path, link: &str) -> Result<()> {
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let folder = page.parent().context("a page is in a folder")?;
    let target = if file.is_empty() { page.to_path_buf() } else { folder.join(file) };
    if !target.exists() {
        bail!("there is no such file");
    }
    if let Some(anchor) = anchor
        && !prose(&read(&target)?).filter_map(heading).any(|heading| slug(heading) == anchor)
    {
        bail!("there is no such heading");
    }
    Ok(())
}

fn heading(line: &str) -> Option<&str> {
    line.strip_prefix('#').map(|rest| rest.trim_start_matches('#')).and_then(|rest| rest.strip_prefix(' '))
}

/// As GitHub and mdBook make them.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|one| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|one| if one == ' ' { '-' } else { one }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_outside_of_code_only() {
        let text = "a [b](c.md) [d](e.md#f)\n```\n[x](y.md)\n```\n[z](#here)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["c.md", "e.md#f", "#here"]);
    }

    #[test]
    fn headings_become_anchors_as_on_the_web() {
        assert_eq!(slug("Hostile input, and `bounds`"), "hostile-input-and-bounds");
        assert_eq!(heading("## What is read"), Some("What is read"));
        assert_eq!(heading("#hashtag"), None);
    }

    #[test]
    fn what_is_not_there_is_said() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
        assert!(leads(&page, "ARCHITECTURE.md").is_ok());
        assert!(leads(&page, "ARCHITECTURE.md#the-path-of-one-reset").is_ok());
        assert!(leads(&page, "ARCHITECTURE.md#nothing").is_err());
        assert!(leads(&page, "nothing.md").is_err());
    }
}
