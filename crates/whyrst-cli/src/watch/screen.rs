//! `watch --tui`: the resets of this host on the whole terminal, as they happen.

use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::unistd::gethostname;
use whyrst_core::language::Language;
use whyrst_core::report::escape::escape_name;
use whyrst_output::Places;
use whyrst_probe::{Live, give_back_privileges};

use super::Timing;
use crate::args::{Format, Watch};
use crate::filter::Filter;
use crate::interrupt::Interrupt;
use crate::live_reporter::{LiveReporter, say_missing};
use crate::output;
use crate::sinks::{self, Quiet};
use crate::tui::{self, App, Going, Screen};
use crate::{Completion, explain};

/// How long a key may wait for the kernel.
const PATIENCE: Duration = Duration::from_millis(20);
/// Events that are taken in before the keys are heeded again.
const AT_ONCE: usize = 1_000;

pub(super) fn run(arguments: &Watch) -> Result<Completion> {
    tui::check()?;
    let filter = Filter::of(arguments)?;
    for remark in filter.remarks() {
        output::remark(remark);
    }
    let interrupt = Interrupt::heed().context("cannot heed signals")?;
    let mut live = Live::start_with(&super::kernel_filter(arguments, &filter))?;
    live.prefer(filter.interest());
    let style = output::style(&arguments.common);
    let language = output::language(&arguments.common, Format::Text);
    let mut reporter =
        LiveReporter::new(&live, Format::Text, &arguments.common, explain::zone(&arguments.tz)?, language);
    let mut places = Places::default();
    let mut recorder =
        arguments.record.as_deref().map(|path| super::Recorder::open(&places.place(path)?)).transpose()?;
    let timing = Timing::new(arguments);
    let host = gethostname()
        .map_or_else(|_| language.pick("this host", "本机").into(), |name| name.to_string_lossy().into_owned());
    let host = escape_name(&host);
    let title = match language {
        Language::English => format!("resets of {host}"),
        Language::Chinese => format!("{host} 的重置"),
    };
    let mut app = App::new(title, language.pick("live", "实时"), language);
    let mut screen = Screen::open(style)?;
    say_missing(live.missing());
    if let Err(error) = give_back_privileges() {
        output::remark(&error);
    }
    if let Some(plan) = arguments.sinks.plan()? {
        let language = output::language(&arguments.common, Format::Json);
        reporter.pass_on(sinks::start(&plan, Quiet::of(&arguments.common))?, language);
    }
    while !timing.is_over() && !interrupt.came() {
        let mut patience = PATIENCE;
        for _ in 0..AT_ONCE {
            let Some(item) = live.next(patience)? else { break };
            patience = Duration::ZERO;
            if let Some(recorder) = &mut recorder {
                recorder.take(&item)?;
            }
            if let Some(entry) = reporter.entry(&item, |report| filter.shows(report)) {
                app.add(entry);
            }
        }
        for remark in reporter.update_totals(&live) {
            output::remark(&remark);
        }
        let unreported = live.lost() + live.only_counted();
        if unreported > 0 {
            app.says(match language {
                Language::English => format!("live, {unreported} only counted"),
                Language::Chinese => format!("实时，{unreported} 个只计数"),
            });
        }
        if screen.turn(&mut app, Duration::ZERO)? == Going::Away {
            break;
        }
    }
    drop(screen);
    for remark in reporter.finish(&live) {
        output::remark(&remark);
    }
    if let Some(recorder) = recorder {
        recorder.finish(live.lost() + live.only_counted())?;
    }
    if !arguments.common.quiet {
        let mut output = crate::output::Output::open(&arguments.common, &mut places)?;
        output.write(&reporter.summary(&live))?;
        output.finish()?;
    }
    Ok(Completion::Clean)
}
