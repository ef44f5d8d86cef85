//! The texts of a symptom as they stand in `symptoms/<id>/en.md` and `zh.md`: plain Markdown, read strictly.
//!
//! ```text
//! # TITLE
//!
//! What it means, one paragraph.
//!
//! ## Causes, commonest first
//!
//! 1. `close-unread`: how that comes about here
//!
//! ## Why in this order
//!
//! One paragraph.
//!
//! ## What tells them apart
//!
//! One paragraph, about the commands of symptom.rs.
//! ```
//!
//! What no connection brought about has no causes and no order. Both languages are whole.

use crate::page::{Fault, Lines};

/// A page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The heading.
    pub(crate) title: String,
    /// The paragraph below it.
    pub(crate) meaning: String,
    /// Causes of the catalogue, commonest first.
    pub(crate) causes: Vec<Cause>,
    /// The ground for their order.
    pub(crate) order: String,
    /// What to look for in what the commands print.
    pub(crate) tell: String,
}

/// A cause in the words of this symptom.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    /// Where it stands.
    pub(crate) line: usize,
    /// The folder in `catalogue/`.
    pub(crate) id: String,
    /// How it comes about here.
    pub(crate) words: String,
}

/// What a page needs to know of its language.
#[derive(Debug)]
pub(crate) struct Language {
    causes: &'static str,
    order: &'static str,
    tell: &'static str,
    colon: &'static str,
    wraps: bool,
}

/// `en.md`.
pub(crate) const ENGLISH: Language = Language {
    causes: "Causes, commonest first",
    order: "Why in this order",
    tell: "What tells them apart",
    colon: ": ",
    wraps: true,
};

/// `zh.md`.
pub(crate) const CHINESE: Language =
    Language {
        causes: "原因，常见的在前", order: "为什么是这个顺序", tell: "如何区分", colon: "：", wraps: false
    };

/// Reads a page of that language.
pub(crate) fn read(text: &str, language: &Language) -> Result<Page, Fault> {
    let mut lines = Lines::of(text, language.wraps);
    let title = lines.heading("# ").ok_or_else(|| lines.fault("a title \"# ...\""))?;
    let meaning = lines.paragraph().ok_or_else(|| lines.fault("what it means, below the title"))?;
    let mut causes = Vec::new();
    let mut order = String::new();
    if lines.section(language.causes) {
        let form = format!("1. `cause`{}words", language.colon);
        for step in lines.steps()? {
            let (id, words) = step.about(&form, language.colon)?;
            causes.push(Cause { line: step.line, id, words });
        }
        order = section(&mut lines, language.order)?;
    }
    let tell = section(&mut lines, language.tell)?;
    if lines.is_over() {
        Ok(Page { title, meaning, causes, order, tell })
    } else {
        Err(lines.fault("the end of the page"))
    }
}

fn section(lines: &mut Lines<'_>, heading: &str) -> Result<String, Fault> {
    if !lines.section(heading) {
        return Err(lines.fault(&format!("a section \"## {heading}\"")));
    }
    lines.paragraph().ok_or_else(|| lines.fault("a paragraph"))
}
