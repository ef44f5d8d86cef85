//! Recordings of `whyrst watch --record` explained once more: the kernel's account of each reset, with
//! socket and process, judged by the same causes. No packet is needed.

use anyhow::{Result, bail};
use whyrst_capture::recording;
use whyrst_core::deaths::Deaths;
use whyrst_core::recording::Told;
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::summary::Reading;
use whyrst_core::report::{Context, Explanation};
use whyrst_core::tracker::Counts;
use whyrst_core::verdict::Judge;
use whyrst_model::Report;

use super::reporter::{Reporter, Totals, Writer};
use super::workers::{BATCH, Workers};
use super::{Closing, Read, Witnesses, places, read_events, zone};
use crate::Completion;
use crate::args::Explain;
use crate::output;
use crate::window::Window;

/// Whether all that is to be explained are recordings; mixed with captures they belong beside them.
pub(super) fn are_meant(arguments: &Explain) -> Result<bool> {
    let recordings = arguments.files.iter().filter(|path| recording::is_recording(path)).count();
    if recordings == 0 {
        return Ok(false);
    }
    if recordings < arguments.files.len() || arguments.events.is_some() || !arguments.vantage.is_empty() {
        bail!("a recording of kernel events stands alone, or beside captures as --events FILE");
    }
    let of_packets = [
        (arguments.annotate.is_some(), "--annotate"),
        (
            arguments.filter.as_ref().is_some_and(|filter| filter.anywhere.is_none()),
            "src, dst, less or icmp in --filter",
        ),
        (arguments.tui, "--tui"),
    ];
    match of_packets.iter().find(|(is_given, _)| *is_given) {
        Some((_, option)) => bail!("{option} needs packets, and a recording of kernel events has none"),
        None => Ok(true),
    }
}

pub(super) fn run(arguments: &Explain) -> Result<Completion> {
    let names: Vec<String> = arguments.files.iter().map(|path| escape_name(&path.display().to_string())).collect();
    // An outcome without packets names no file: each recording has a reporter of its own.
    let reporters = names.iter().map(|name| reporter(arguments, name)).collect::<Result<Vec<_>>>()?;
    let [first, ..] = reporters.as_slice() else { bail!("there is no recording") };
    let (mut totals, mut writer) =
        (Totals::new(arguments), Writer::new(arguments, places(arguments, &arguments.files)?, None)?);
    let (mut notes, mut resets) = (Vec::new(), 0);
    for (path, reporter) in arguments.files.iter().zip(&reporters) {
        let recording = read_events(path)?;
        if recording.lost > 0 {
            notes.push(format!("{} events were lost or only counted while it was recorded", recording.lost));
        }
        if recording.told.is_empty() && !recording.resets.is_empty() {
            bail!("{} holds events without their sockets: explain a capture with --events {0}", path.display());
        }
        let workers = Workers::new(reporter, totals, writer);
        let mut deaths = Deaths::default();
        for events in recording.told.chunks(BATCH) {
            report_batch(&workers, events, &mut deaths);
        }
        (totals, writer) = workers.into_parts();
        resets += recording.told.iter().map(|event| event.more.max(1)).sum::<u64>();
    }
    let reading = Reading { files: names.clone(), notes, ..Reading::default() };
    let counts = Counts { connections: resets, reset_connections: resets, ..Counts::default() };
    let read = Read { reading, counts, unread: 0 };
    let closing = Closing { arguments, reporter: first, totals, writer, read };
    closing.finish_with(Completion::Clean, &names)
}

fn reporter<'a>(arguments: &'a Explain, name: &str) -> Result<Reporter<'a>> {
    let language = output::language(&arguments.common, arguments.format.spoken());
    let zone = zone(&arguments.tz)?;
    let window = Window::of(arguments, &zone)?;
    let context = Context { files: vec![name.to_owned()], zone, language };
    let witnesses = Witnesses::logs_of(arguments, &context.zone)?;
    let ends = arguments.ends_filter();
    Ok(Reporter { context, style: output::style(&arguments.common), witnesses, window, ends, arguments })
}

/// Reports a batch.
fn report_batch(workers: &Workers<'_>, events: &[Told], deaths: &mut Deaths) {
    let mut judge = Judge::default();
    let outcome = |event: &Told| {
        let mut outcome = Box::new(event.reset.outcome());
        deaths.note(&mut outcome);
        outcome
    };
    let outcomes = events.iter().filter(|event| event.more == 0).map(outcome).collect();
    workers.report(outcomes, &mut judge);
    for Told { reset, more } in events.iter().filter(|event| event.more > 0) {
        let outcome = reset.outcome();
        let judgement = judge.judge(&outcome);
        let Some(text) = workers.reporter.more(&outcome, &judgement, *more) else { continue };
        workers.totals.now(|totals| totals.count(&outcome, &judgement, *more));
        let explanation = Explanation::judged(&outcome, judgement, &workers.reporter.context);
        let row = Report { count: *more, ..explanation.record() };
        workers.writer.now(|writer| writer.print_counted(&text, &row));
    }
}
