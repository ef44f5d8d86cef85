//! Where results go, and how complaints are made.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Error, Result};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use unicode_width::UnicodeWidthStr as _;
use whyrst_core::language::Language;
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::style::Style;
use whyrst_core::report::text::{Detail, Ladder, View};
use whyrst_output::{Place, Places, WriteError, WrittenFile, said, writing};

use crate::args::{Color, Common, Format, Lang};

const BUFFER: usize = 64 * 1024;

/// Standard output, or a file.
#[derive(Debug)]
pub(crate) enum Output {
    /// Standard output.
    Standard(BufWriter<Stdout>),
    /// What `-o` names.
    File(BufWriter<WrittenFile>),
    /// Nobody reads along.
    Nowhere,
}

impl Output {
    /// Opens what `-o` names: a file that appears under its name when it is complete.
    pub(crate) fn open(common: &Common, places: &mut Places) -> Result<Self> {
        Self::to(common, places, Place::whole)
    }

    /// For what is written as it happens: the file of `-o` is there from the beginning.
    pub(crate) fn stream(common: &Common, places: &mut Places) -> Result<Self> {
        Self::to(common, places, Place::growing)
    }

    fn to(
        common: &Common,
        places: &mut Places,
        open: impl Fn(&Place) -> Result<WrittenFile, WriteError>,
    ) -> Result<Self> {
        let Some(path) = &common.output else {
            return Ok(Self::Standard(BufWriter::with_capacity(BUFFER, io::stdout())));
        };
        Ok(Self::File(BufWriter::with_capacity(BUFFER, open(&places.place(path)?)?)))
    }

    /// Writes `text`.
    pub(crate) fn write(&mut self, text: &str) -> Result<()> {
        match self {
            Self::Standard(writer) => {
                writing(|| writer.write_all(text.as_bytes())).context("cannot write to standard output")
            }
            Self::File(writer) => {
                writer.write_all(text.as_bytes()).with_context(|| unwritable(writer.get_ref().path()))
            }
            Self::Nowhere => Ok(()),
        }
    }

    /// Passes on what was written so far: a person or a program waits for it.
    pub(crate) fn flush(&mut self) -> Result<()> {
        match self {
            Self::Standard(writer) => writing(|| writer.flush()).context("cannot write to standard output"),
            Self::File(writer) => writer.flush().with_context(|| unwritable(writer.get_ref().path())),
            Self::Nowhere => Ok(()),
        }
    }

    /// Completes the output.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.flush()?;
        let Self::File(writer) = self else { return Ok(()) };
        let path = writer.get_ref().path().to_owned();
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error).with_context(|| unwritable(&path))?;
        Ok(file.finish()?)
    }
}

/// Colour for what goes to `-o` or standard output.
pub(crate) fn style(common: &Common) -> Style {
    let wanted = match common.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            common.output.is_none() && io::stdout().is_terminal() && !no_color
        }
    };
    if wanted { Style::Ansi } else { Style::Plain }
}

/// Columns of what goes to `-o` or standard output: COLUMNS where that is set, those of the terminal, or 80.
pub(crate) fn columns(common: &Common) -> usize {
    let wanted = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    let terminal = || {
        let is_terminal = common.output.is_none() && io::stdout().is_terminal();
        is_terminal.then(crossterm::terminal::size).and_then(Result::ok).map(|(columns, _)| usize::from(columns))
    };
    wanted.or_else(terminal).unwrap_or(View::PIPED.width)
}

/// How a report on a terminal is to look.
pub(crate) fn view(common: &Common, ladder: Ladder) -> View {
    let detail = if common.verbose { Detail::Whole } else { Detail::Screen };
    View { ladder, detail, width: columns(common) }
}

/// What is said while a screen covers the terminal; `None` when it is said at once.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);

/// From now on complaints and remarks wait.
pub(crate) fn hold_back() {
    *held() = Some(Vec::new());
}

/// What waits to be said, a line each.
pub(crate) fn waiting() -> String {
    held().as_ref().map_or_else(String::new, |lines| lines.join("\n"))
}

/// Says what had to wait.
pub(crate) fn let_go() {
    let waiting = held().take();
    waiting.into_iter().flatten().for_each(|line| say(&line));
}

fn held() -> MutexGuard<'static, Option<Vec<String>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The language to write in: what `--lang` says, or for people the language of the environment. Machine
/// output does not change with the environment of whoever asks for it.
pub(crate) fn language(common: &Common, format: Format) -> Language {
    language_of(common.lang, format)
}

/// The same, where there are no other common options.
pub(crate) fn language_of(wanted: Option<Lang>, format: Format) -> Language {
    match (wanted, format) {
        (Some(Lang::En), _) | (None, Format::Json) => Language::English,
        (Some(Lang::Zh), _) => Language::Chinese,
        (None, Format::Text | Format::Markdown) => of_environment(|name| std::env::var(name).ok()),
    }
}

/// POSIX: the first of these that is set and not empty decides.
fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Language {
    let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
    locale.and_then(|locale| Language::of_locale(&locale)).unwrap_or_default()
}

/// One line on standard error: what, where, why.
pub(crate) fn complain(error: &Error) {
    remark(&format!("{error:#}"));
}

/// One remark on standard error.
pub(crate) fn remark(text: &str) {
    let line = escape_name(text);
    match &mut *held() {
        Some(waiting) => waiting.push(line),
        None => say(&line),
    }
}

/// The same where that does not have to wait, for who ends the program.
pub(crate) fn remark_if_taken(text: &str) {
    let stderr = io::stderr();
    let mut ready = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    if poll(&mut ready, PollTimeout::ZERO).is_ok_and(|ready| ready > 0) {
        remark(text);
    }
}

fn say(line: &str) {
    said::line(format_args!("whyrst: {line}"));
}

/// `text` filled with blanks up to `width` columns of a terminal: a Chinese character takes two.
pub(crate) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// `whyrst ... | head` is no failure.
pub(crate) fn is_closed_pipe(error: &Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn unwritable(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language_with(variables: &[(&str, &str)]) -> Language {
        of_environment(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        assert_eq!(language_with(&[("LANG", "zh_CN.UTF-8")]), Language::Chinese);
        assert_eq!(language_with(&[("LC_MESSAGES", "zh_SG"), ("LANG", "en_US.UTF-8")]), Language::Chinese);
        assert_eq!(language_with(&[("LC_ALL", "C"), ("LANG", "zh_CN.UTF-8")]), Language::English);
        assert_eq!(language_with(&[("LC_ALL", ""), ("LANG", "zh_CN.UTF-8")]), Language::Chinese);
        assert_eq!(language_with(&[("LANG", "zh_TW.UTF-8")]), Language::English);
        assert_eq!(language_with(&[]), Language::English);
    }
}
