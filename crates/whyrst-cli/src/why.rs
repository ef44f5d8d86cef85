//! `whyrst why`: what a message of a program means.
//!
//! Whoever asks has a line and nothing else. It is looked up among the symptoms (`crates/whyrst-core/symptoms`).

use std::io::{self, IsTerminal, Read};

use anyhow::{Context, Result, bail};
use whyrst_core::report::why;
use whyrst_core::symptoms;
use whyrst_output::Places;

use crate::Completion;
use crate::args::{Format, Why};
use crate::output::{self, Output};

/// How much of standard input is looked at, some hundred lines of a log: each is held against every message.
const LONGEST_INPUT: u64 = 1 << 16;

pub(crate) fn run(arguments: &Why) -> Result<Completion> {
    let asked = match arguments.text.as_slice() {
        [] => from_input(arguments.common.quiet)?,
        [dash] if dash == "-" => from_input(arguments.common.quiet)?,
        words => words.join(" "),
    };
    let reading = symptoms::read(&asked);
    let (style, language) = (output::style(&arguments.common), output::language(&arguments.common, arguments.format));
    let text = match arguments.format {
        Format::Text => why::text(&asked, &reading, style, language),
        Format::Markdown => why::markdown(&asked, &reading, language),
        Format::Json => why::json(&asked, &reading, language),
    };
    let mut output = Output::open(&arguments.common, &mut Places::default())?;
    output.write(&text)?;
    output.finish()?;
    Ok(if reading.found.is_empty() { Completion::Unexplained } else { Completion::Clean })
}

/// The text on standard input, as far as it is looked at.
fn from_input(quiet: bool) -> Result<String> {
    let input = io::stdin();
    if input.is_terminal() {
        bail!("there is no message to explain: whyrst why 'TEXT', or a log on standard input");
    }
    let mut bytes = Vec::new();
    input.lock().take(LONGEST_INPUT + 1).read_to_end(&mut bytes).context("cannot read standard input")?;
    if bytes.len() as u64 > LONGEST_INPUT {
        bytes.pop();
        if !quiet {
            output::remark("standard input is longer than 64 KiB: the rest was not looked at");
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
