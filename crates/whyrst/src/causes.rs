//! `whyrst causes`: the catalogue.

use anyhow::{Result, bail};
use whyrst_core::cause::Cause;
use whyrst_core::causes;
use whyrst_core::language::Language;
use whyrst_core::report::catalogue;
use whyrst_core::report::style::Style;
use whyrst_lab::reproducible;
use whyrst_output::Places;

use crate::Completion;
use crate::args::{Causes, Format};
use crate::output::{self, Output};

pub(crate) fn run(arguments: &Causes) -> Result<Completion> {
    let style = output::style(&arguments.common);
    let language = output::language(&arguments.common, arguments.format);
    let text = match (&arguments.id, arguments.format) {
        (None, Format::Text) => catalogue::list(style, language),
        (None, format) => {
            let between = if format == Format::Markdown { "\n" } else { "" };
            let pages = causes::ALL.iter().map(|cause| page(cause, format, style, language));
            pages.collect::<Vec<_>>().join(between)
        }
        (Some(id), format) => page(find(id)?, format, style, language),
    };
    let mut output = Output::open(&arguments.common, &mut Places::default())?;
    output.write(&text)?;
    output.finish()?;
    Ok(Completion::Clean)
}

fn page(cause: &'static Cause, format: Format, style: Style, language: Language) -> String {
    match format {
        Format::Text => catalogue::page(cause, reproducible(cause), style, language),
        Format::Markdown => catalogue::markdown(cause, reproducible(cause), language),
        Format::Json => catalogue::json(cause, reproducible(cause), language) + "\n",
    }
}

/// The cause of that id; what is nearly an id is suggested.
pub(crate) fn find(id: &str) -> Result<&'static Cause> {
    if let Some(cause) = causes::find(id) {
        return Ok(cause);
    }
    match nearest(id, causes::ALL.iter().map(|cause| cause.id)) {
        Some(near) => bail!("there is no cause \"{id}\"; did you mean {near}? `whyrst causes` lists them"),
        None => bail!("there is no cause \"{id}\"; `whyrst causes` lists them"),
    }
}

/// The known name that needs the fewest changes to become `id`, when they are few.
pub(crate) fn nearest<'a>(id: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let close = |name: &str| name.contains(id) || distance(id, name) <= 1 + id.len() / 4;
    known.filter(|name| !id.is_empty() && close(name)).min_by_key(|name| distance(id, name))
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_id_is_suggested() {
        let known = ["closed-port", "close-unread", "linger-zero"];
        assert_eq!(nearest("closedport", known.into_iter()), Some("closed-port"));
        assert_eq!(nearest("unread", known.into_iter()), Some("close-unread"));
        assert_eq!(nearest("qqqqqqqq", known.into_iter()), None);
    }
}
