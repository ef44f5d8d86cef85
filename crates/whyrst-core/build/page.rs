//! The texts of a cause as they stand in `catalogue/<id>/en.md` and `zh.md`: plain Markdown, read strictly.
//!
//! ```text
//! # TITLE
//!
//! The explanation, one paragraph.
//!
//! ## What the programs see
//!
//! One paragraph.
//!
//! ## Special cases
//!
//! - `data-crossed-fin`: the title where the answer to that question is yes
//!
//! ## What proves it
//!
//! One paragraph: a counter, a system call, a log line or a setting.
//!
//! ## What to do
//!
//! 1. The first step.
//! ```
//!
//! A line of English goes on in the next one, indented in lists as Markdown wants it. Chinese puts no blank
//! between words, so there each paragraph and each item is one line.

use std::fmt;

/// A page, as far as it is written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The heading.
    pub(crate) title: Option<String>,
    /// The paragraph below it.
    pub(crate) explanation: Option<String>,
    /// What the programs see.
    pub(crate) effect: Option<String>,
    /// Titles of special cases.
    pub(crate) variants: Vec<Variant>,
    /// What proves it outside of a capture.
    pub(crate) confirm: Option<String>,
    /// What to do, step by step.
    pub(crate) advice: Vec<String>,
}

/// The title of a special case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    /// Where it stands.
    pub(crate) line: usize,
    /// The question whose yes makes it one.
    pub(crate) question: String,
    /// The title.
    pub(crate) title: String,
}

/// What a page needs to know of its language.
#[derive(Debug)]
pub(crate) struct Language {
    effect: &'static str,
    variants: &'static str,
    confirm: &'static str,
    advice: &'static str,
    colon: &'static str,
    wraps: bool,
}

/// `en.md`: it is whole.
pub(crate) const ENGLISH: Language = Language {
    effect: "What the programs see",
    variants: "Special cases",
    confirm: "What proves it",
    advice: "What to do",
    colon: ": ",
    wraps: true,
};

/// `zh.md`: any part may be missing.
pub(crate) const CHINESE: Language = Language {
    effect: "程序看到什么",
    variants: "特例",
    confirm: "如何证实",
    advice: "如何处理",
    colon: "：",
    wraps: false,
};

/// A page that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The line, from 1.
    pub(crate) line: usize,
    /// What should be there.
    pub(crate) expected: String,
    /// What is there; empty at the end of the page.
    pub(crate) found: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: expected {}", self.line, self.expected)?;
        match self.found.as_str() {
            "" => write!(out, ", but the page ends"),
            found => write!(out, ", found {found:?}"),
        }
    }
}

/// The English page: nothing but special cases may be missing.
pub(crate) fn english(text: &str) -> Result<Page, Fault> {
    let page = read(text, &ENGLISH)?;
    let section = |heading: &str| format!("a section \"## {heading}\"");
    let missing = [
        (page.title.is_none(), "a title \"# ...\"".to_owned()),
        (page.explanation.is_none(), "an explanation below the title".to_owned()),
        (page.effect.is_none(), section(ENGLISH.effect)),
        (page.confirm.is_none(), section(ENGLISH.confirm)),
        (page.advice.is_empty(), section(ENGLISH.advice)),
    ];
    match missing.into_iter().find(|(is_missing, _)| *is_missing) {
        Some((_, expected)) => Err(Fault { line: text.lines().count() + 1, expected, found: String::new() }),
        None => Ok(page),
    }
}

/// The Chinese page, or what there is of it.
pub(crate) fn chinese(text: &str) -> Result<Page, Fault> {
    read(text, &CHINESE)
}

fn read(text: &str, language: &Language) -> Result<Page, Fault> {
    let mut lines = Lines::of(text, language.wraps);
    let mut page = Page { title: lines.heading("# "), ..Page::default() };
    page.explanation = lines.paragraph();
    if lines.section(language.effect) {
        page.effect = Some(lines.paragraph().ok_or_else(|| lines.fault("a paragraph"))?);
    }
    if lines.section(language.variants) {
        page.variants = lines.items()?.iter().map(|item| variant(item, language)).collect::<Result<_, _>>()?;
    }
    if lines.section(language.confirm) {
        page.confirm = Some(lines.paragraph().ok_or_else(|| lines.fault("a paragraph"))?);
    }
    if lines.section(language.advice) {
        page.advice = lines.steps()?.into_iter().map(|step| step.text).collect();
    }
    let headings = [language.effect, language.variants, language.confirm, language.advice];
    let expected = || format!("\"## {}\", in this order and once each", headings.join("\", \"## "));
    if lines.is_over() { Ok(page) } else { Err(lines.fault(&expected())) }
}

/// An item of a list: its first line and its text.
pub(crate) struct Item {
    pub(crate) line: usize,
    text: String,
}

impl Item {
    fn fault(&self, expected: &str) -> Fault {
        Fault { line: self.line, expected: expected.to_owned(), found: self.text.clone() }
    }

    /// `id`: text.
    pub(crate) fn about(&self, form: &str, colon: &str) -> Result<(String, String), Fault> {
        let (name, rest) = self.named(form)?;
        match rest.strip_prefix(colon).filter(|text| !text.is_empty()) {
            Some(text) => Ok((name, text.to_owned())),
            None => Err(self.fault(form)),
        }
    }

    /// What stands in backticks at the beginning, and the rest.
    fn named(&self, expected: &str) -> Result<(String, String), Fault> {
        let rest = self.text.strip_prefix('`').and_then(|rest| rest.split_once('`'));
        let (name, rest) = rest.ok_or_else(|| self.fault(expected))?;
        Ok((name.to_owned(), rest.to_owned()))
    }
}

fn variant(item: &Item, language: &Language) -> Result<Variant, Fault> {
    let (question, title) = item.about(&format!("- `question`{}title", language.colon), language.colon)?;
    Ok(Variant { line: item.line, question, title })
}

/// What is left of a page.
pub(crate) struct Lines<'a> {
    rest: std::iter::Peekable<std::str::Lines<'a>>,
    /// The number of the next line.
    line: usize,
    /// Whether a line goes on in the next one.
    wraps: bool,
}

impl<'a> Lines<'a> {
    /// All of `text`.
    pub(crate) fn of(text: &'a str, wraps: bool) -> Self {
        Lines { rest: text.lines().peekable(), line: 1, wraps }
    }

    /// Whether nothing but blank lines is left.
    pub(crate) fn is_over(&mut self) -> bool {
        self.skip_blank();
        self.rest.peek().is_none()
    }

    /// `expected` is not what comes next.
    pub(crate) fn fault(&mut self, expected: &str) -> Fault {
        let found = self.rest.peek().copied().unwrap_or_default().to_owned();
        Fault { line: self.line, expected: expected.to_owned(), found }
    }

    fn next_if(&mut self, is_wanted: impl Fn(&str) -> bool) -> Option<&'a str> {
        let next = self.rest.next_if(|line| is_wanted(line))?;
        self.line += 1;
        Some(next)
    }

    fn skip_blank(&mut self) {
        while self.next_if(str::is_empty).is_some() {}
    }

    /// The text of a heading.
    pub(crate) fn heading(&mut self, marker: &str) -> Option<String> {
        self.skip_blank();
        let line = self.next_if(|line| line.starts_with(marker))?;
        line.strip_prefix(marker).map(str::to_owned)
    }

    /// Whether the section of that heading begins here.
    pub(crate) fn section(&mut self, heading: &str) -> bool {
        self.skip_blank();
        self.next_if(|line| line.strip_prefix("## ") == Some(heading)).is_some()
    }

    /// Lines up to a blank one or to what begins something else.
    pub(crate) fn paragraph(&mut self) -> Option<String> {
        self.skip_blank();
        let first = self.next_if(is_prose)?;
        Some(self.continued(first, ""))
    }

    /// `first` and the lines that go on with it, which are indented by `indent`.
    fn continued(&mut self, first: &str, indent: &str) -> String {
        let mut text = first.to_owned();
        let goes_on = |line: &str| line.strip_prefix(indent).is_some_and(is_prose);
        while let Some(line) = self.wraps.then(|| self.next_if(goes_on)).flatten() {
            text.push(' ');
            text.push_str(&line[indent.len()..]);
        }
        text
    }

    fn items(&mut self) -> Result<Vec<Item>, Fault> {
        self.skip_blank();
        let mut items = Vec::new();
        while let Some(line) = self.next_if(|line| line.starts_with("- ")) {
            let at = self.line - 1;
            let text = self.continued(&line[2..], "  ");
            items.push(Item { line: at, text });
        }
        self.ended(items, "an item \"- ...\"")
    }

    /// The steps of a numbered list.
    pub(crate) fn steps(&mut self) -> Result<Vec<Item>, Fault> {
        self.skip_blank();
        let mut steps: Vec<Item> = Vec::new();
        loop {
            let marker = format!("{}. ", steps.len() + 1);
            let Some(line) = self.next_if(|line| line.starts_with(&marker)) else {
                return self.ended(steps, &format!("a step {marker:?}"));
            };
            let at = self.line - 1;
            let text = self.continued(&line[marker.len()..], "   ");
            steps.push(Item { line: at, text });
        }
    }

    /// A list is not empty, and ends at a blank line or with the page.
    fn ended<T>(&mut self, items: Vec<T>, expected: &str) -> Result<Vec<T>, Fault> {
        let is_over = self.rest.peek().is_none_or(|line| line.is_empty());
        if is_over && !items.is_empty() { Ok(items) } else { Err(self.fault(expected)) }
    }
}

/// Whether a line is text, and not the beginning of something else.
fn is_prose(line: &str) -> bool {
    let number = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let is_step = number.len() < line.len() && number.starts_with(". ");
    let is_list = ["- ", "* ", "+ "].iter().any(|marker| line.starts_with(marker));
    !line.is_empty() && !line.starts_with([' ', '\t', '#', '>', '|']) && !is_list && !is_step
}
