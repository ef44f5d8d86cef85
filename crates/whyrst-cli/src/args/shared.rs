//! What several commands have in common: where output goes, in which form, in which language.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Options that every command understands.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Write to this file instead of standard output; it appears under its name when complete
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Colour: on a terminal, always, or never (`NO_COLOR` is honoured)
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,

    /// Language of reports and of the catalogue; when not given, that of the environment's locale
    /// (`LC_ALL`, `LC_MESSAGES`, `LANG`), and English for machine output
    #[arg(long, value_name = "LANG")]
    pub(crate) lang: Option<Lang>,

    /// Say nothing but results
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Say more: whole reports with everything that is open, and frames passed over, one by one
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A language that reports are written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Lang {
    /// English.
    En,
    /// Simplified Chinese (简体中文).
    Zh,
}

/// How results are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line.
    Json,
    /// For a ticket or a chat.
    Markdown,
}

/// How `explain` writes its reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON object a line.
    Json,
    /// For a ticket or a chat.
    Markdown,
    /// One file for a browser, opened without any network: give it a name with -o.
    Html,
}

impl ReportFormat {
    /// The format whose language it has: a page is for people.
    pub(crate) const fn spoken(self) -> Format {
        match self {
            Self::Text | Self::Html => Format::Text,
            Self::Markdown => Format::Markdown,
            Self::Json => Format::Json,
        }
    }
}

/// `512MiB`, `2GiB`, `100000`.
pub(in crate::args) fn parse_size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 7] =
        [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10), ("", 1)];
    let split = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let factor = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim())).map(|(_, factor)| *factor);
    match (digits.parse::<u64>(), factor) {
        (Ok(number), Some(factor)) => number.checked_mul(factor).ok_or_else(|| "too large".to_owned()),
        _ => Err("expected a size such as 512MiB or 2GiB".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("128MiB"), Ok(128 << 20));
        assert_eq!(parse_size("2g"), Ok(2 << 30));
        assert_eq!(parse_size("4096"), Ok(4096));
        assert!(parse_size("many").is_err());
        assert!(parse_size("99999999999GiB").is_err());
    }
}
