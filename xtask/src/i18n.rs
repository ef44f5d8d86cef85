//! What the catalogue says in English only, because a cause's `zh.md` is missing or lacks a part.
//!
//! Whoever writes a cause need not know Chinese, so a gap fails no test. It is listed here, and fails a release.

use anyhow::{Result, bail};
use whyrst_core::causes::ALL;

/// Prints the gaps of each cause.
pub fn list() {
    println!("{}", gaps());
}

/// Fails when there is a gap.
pub fn check() -> Result<()> {
    if ALL.iter().any(|cause| !cause.untranslated.is_empty()) {
        bail!("{}", gaps());
    }
    list();
    Ok(())
}

/// A line for each cause with gaps, then how many there are.
fn gaps() -> String {
    let gaps = ALL.iter().filter(|cause| !cause.untranslated.is_empty());
    let lines = gaps.map(|cause| format!("catalogue/{}/zh.md: {}\n", cause.id, cause.untranslated.join(", ")));
    let count: usize = ALL.iter().map(|cause| cause.untranslated.len()).sum();
    format!("{}i18n: {} causes, {count} parts without Chinese", lines.collect::<String>(), ALL.len())
}
