//! What is wrong with a query, with the place where it is wrong.

use std::fmt;
use std::io::IsTerminal as _;

use anyhow::Error;
use datafusion::error::DataFusionError;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode, SourceSpan};
use whyrst_core::report::escape::escape_name;
use whyrst_output::said;
use whyrst_store::Table;

/// A query that cannot be run.
#[derive(Debug)]
pub(crate) struct Problem {
    message: String,
    query: NamedSource<String>,
    place: Option<SourceSpan>,
    help: Option<String>,
}

impl Problem {
    /// What the engine has to say of `query`.
    pub(crate) fn of(error: &DataFusionError, query: &str) -> Self {
        let diagnostic = error.diagnostic();
        let message = diagnostic.map_or_else(|| error.strip_backtrace(), |diagnostic| diagnostic.message.clone());
        let span = diagnostic.and_then(|diagnostic| diagnostic.span);
        let place = span
            .map(|span| {
                let start = offset(query, span.start.line, span.start.column);
                let end = offset(query, span.end.line, span.end.column);
                SourceSpan::from((start, end.saturating_sub(start).max(1)))
            })
            .or_else(|| said_place(&message).map(|(line, column)| (offset(query, line, column), 1).into()));
        let notes = diagnostic.map(|diagnostic| {
            let notes = diagnostic.notes.iter().map(|note| note.message.clone());
            notes.chain(diagnostic.helps.iter().map(|help| help.message.clone())).collect::<Vec<_>>().join("; ")
        });
        let lacks = |table: &Table| {
            ["'", "."].iter().any(|before| message.contains(&format!("{before}{}' not found", table.name())))
        };
        let lacks_tables = Table::ALL.iter().any(lacks);
        let no_files = lacks_tables.then(|| "no files were named: they stand after the query".to_owned());
        let help = no_files.or_else(|| notes.filter(|notes| !notes.is_empty()));
        Self { message, query: NamedSource::new("query", query.to_owned()), place, help }
    }
}

/// The parser says `... at Line: 1, Column: 8`.
fn said_place(message: &str) -> Option<(u64, u64)> {
    let (_, place) = message.rsplit_once("Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    let digits = column.find(|character: char| !character.is_ascii_digit()).unwrap_or(column.len());
    Some((line.parse().ok()?, column[..digits].parse().ok()?))
}

/// Octets before a line and column, both counted from 1.
fn offset(text: &str, line: u64, column: u64) -> usize {
    let above: usize =
        text.split_inclusive('\n').take(usize::try_from(line).unwrap_or(1).saturating_sub(1)).map(str::len).sum();
    let before = text[above..].chars().take(usize::try_from(column).unwrap_or(1).saturating_sub(1)).map(char::len_utf8);
    above + before.sum::<usize>()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.query)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.place.map(|place| Box::new(std::iter::once(LabeledSpan::at(place, "here"))) as Box<dyn Iterator<Item = _>>)
    }
}

/// On standard error, with the place where there is one.
pub(crate) fn complain(error: &Error) {
    let Some(problem) = error.downcast_ref::<Problem>() else {
        said::line(format_args!("whyrst sql: {}", escape_name(&format!("{error:#}"))));
        return;
    };
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut text = String::new();
    if GraphicalReportHandler::new_themed(theme).render_report(&mut text, problem).is_err() {
        text = problem.to_string();
    }
    said::line(format_args!("whyrst sql: the query cannot be run\n{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_lines_and_columns() {
        assert_eq!(offset("select\n  x", 2, 3), 9);
        assert_eq!(offset("sélect x", 1, 8), 8);
        assert_eq!(said_place("Expected: x, found: y at Line: 3, Column: 14"), Some((3, 14)));
        assert_eq!(said_place("no place"), None);
    }
}
