//! `explain` of a log, with no capture: the messages in it, each with its page, as `whyrst why` answers. Which connection
//! it was and what its packets show needs a capture beside it.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use whyrst_capture::logs::{looks_like_log, read_symptoms};
use whyrst_core::report::why;
use whyrst_output::Places;

use crate::Completion;
use crate::args::{Explain, ReportFormat};
use crate::output::{self, Output};

/// The logs, where nothing else is to be explained.
pub(super) fn meant(arguments: &Explain) -> Result<Option<Vec<PathBuf>>> {
    let is_stdin = |path: &&PathBuf| path.as_os_str() == "-";
    let of_stdin = arguments.files.iter().chain(&arguments.log_file).chain(&arguments.events).filter(is_stdin).count();
    if of_stdin > 1 {
        bail!("standard input (-) can be read as one of the captures, logs and events only");
    }
    if arguments.files.is_empty() && arguments.vantage.is_empty() {
        return Ok(Some(arguments.log_file.clone()));
    }
    let logs = arguments.files.iter().filter(|path| looks_like_log(path)).count();
    match logs {
        0 => Ok(None),
        _ if logs < arguments.files.len() => {
            bail!("give logs alone, or captures with each log as --log-file FILE")
        }
        _ => Ok(Some(arguments.files.iter().chain(&arguments.log_file).cloned().collect())),
    }
}

pub(super) fn run(arguments: &Explain, logs: &[PathBuf]) -> Result<Completion> {
    let of_packets = [
        (arguments.summary, "--summary"),
        (arguments.parquet.is_some(), "--parquet"),
        (arguments.annotate.is_some(), "--annotate"),
        (arguments.tui, "--tui"),
        (arguments.wireshark, "--wireshark"),
        (arguments.events.is_some(), "--events"),
    ];
    if let Some((_, option)) = of_packets.iter().find(|(is_given, _)| *is_given) {
        bail!("{option} needs packets: give the capture as well, with --log-file for the log");
    }
    let (style, language) =
        (output::style(&arguments.common), output::language(&arguments.common, arguments.format.spoken()));
    let mut places = Places::beside(logs);
    let mut output = Output::open(&arguments.common, &mut places)?;
    let mut completion = Completion::Clean;
    for path in logs {
        let name = path.display();
        let found = match path.to_str() {
            Some("-") => read_symptoms(std::io::stdin()),
            _ => File::open(path).and_then(read_symptoms),
        };
        let found = found.with_context(|| format!("cannot read the log {name}"))?;
        let reading = found.reading();
        let text = match arguments.format {
            ReportFormat::Text => why::text(&found.first, &reading, style, language),
            ReportFormat::Markdown => why::markdown(&found.first, &reading, language),
            ReportFormat::Json => why::json(&found.first, &reading, language),
            ReportFormat::Html => bail!("a page needs a capture: explain the log {name} as text, markdown or json"),
        };
        output.write(&text)?;
        if reading.found.is_empty() {
            completion = Completion::Unexplained;
        }
    }
    output.finish()?;
    if !arguments.common.quiet {
        output::remark("a log alone names no packets: give the capture as well, with --log-file for the log");
    }
    Ok(completion)
}
