//! Parts of pages that a command writes: what stands between two marks.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::shell::root;

/// The page as it is, and as it is with `text` between its marks.
pub fn with(page: &str, [begin, end]: [&str; 2], text: &str) -> Result<(String, String)> {
    let path = root().join(page);
    let old = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let Some((before, rest)) = old.split_once(begin) else { bail!("{} has lost the mark {begin}", path.display()) };
    let Some((_, after)) = rest.split_once(end) else { bail!("{} has lost the mark {end}", path.display()) };
    let new = format!("{before}{begin}\n\n{}\n\n{end}{after}", text.trim_end());
    Ok((old, new))
}

/// Puts `text` between two marks of a page.
pub fn put(page: &str, marks: [&str; 2], text: &str) -> Result<()> {
    let (_, new) = with(page, marks, text)?;
    let path = root().join(page);
    fs::write(&path, new).with_context(|| format!("cannot write {}", path.display()))?;
    println!("written to {}", path.display());
    Ok(())
}
