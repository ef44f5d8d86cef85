//! `whyrst watch`: every reset of this host, as it happens.

mod screen;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use whyrst_capture::recording;
use whyrst_core::kernel::Recording;
use whyrst_core::socket::Told;
use whyrst_probe::{Item, Live, give_back_privileges, now};

use crate::args::{Format, Watch};
use crate::filter::Filter;
use crate::interrupt::Interrupt;
use crate::output::{self, Output};
use crate::telling::{Telling, say_missing};
use crate::{Outcome, explain};

/// How long a signal may go unnoticed.
const PATIENCE: Duration = Duration::from_millis(100);
/// What belongs to resets that happened before the signal may still come.
const LAST_WORDS: Duration = Duration::from_millis(20);

pub(crate) fn run(arguments: &Watch) -> Result<Outcome> {
    if arguments.tui {
        return screen::run(arguments);
    }
    let filter = Filter::of(arguments)?;
    let mut output = Output::stream(&arguments.common)?;
    let interrupt = Interrupt::heed().context("cannot heed signals")?;
    let mut live = Live::start()?;
    say_missing(live.missing());
    if !arguments.common.quiet && arguments.format == Format::Text {
        output::remark("watching every reset of this host; Ctrl-C ends");
    }
    let (common, zone) = (&arguments.common, explain::zone(&arguments.tz)?);
    let language = output::language(common, arguments.format);
    let mut telling = Telling::new(arguments.format, common.verbose, output::style(common), zone, language);
    let mut recorder = arguments.record.as_deref().map(Recorder::open).transpose()?;
    let mut timing = Timing::new(arguments);
    if let Err(error) = give_back_privileges() {
        output::remark(&error);
    }
    while !timing.is_over() && !interrupt.came() {
        timing.watch(&mut live, |item| {
            if let (Some(recorder), Item::Reset(reset)) = (&mut recorder, item) {
                recorder.take(reset);
            }
            match telling.item(item, |ending, cause| filter.shows(ending) && filter.wants(cause)) {
                Some(text) => output.write(&text).and_then(|()| output.flush()),
                None => Ok(()),
            }
        })?;
        if timing.summary_is_due() {
            output.write(&telling.summary(&live))?;
            output.flush()?;
        }
    }
    std::thread::sleep(LAST_WORDS);
    for item in live.drain() {
        if let Some(text) = telling.item(&item, |ending, cause| filter.shows(ending) && filter.wants(cause)) {
            output.write(&text)?;
        }
    }
    if let Some(recorder) = recorder {
        recorder.finish(live.lost())?;
    }
    if !arguments.common.quiet {
        output.write(&telling.summary(&live))?;
    }
    output.finish()?;
    Ok(Outcome::Clean)
}

/// When to stop and when to sum up.
struct Timing {
    end: Option<Instant>,
    every: Option<Duration>,
    summed: Instant,
}

impl Timing {
    fn new(arguments: &Watch) -> Self {
        let began = Instant::now();
        Self {
            end: arguments.duration.map(|seconds| began + Duration::from_secs(seconds)),
            every: arguments.summary_every.map(|seconds| Duration::from_secs(seconds.max(1))),
            summed: began,
        }
    }

    fn is_over(&self) -> bool {
        self.end.is_some_and(|end| Instant::now() >= end)
    }

    fn summary_is_due(&mut self) -> bool {
        let due = self.every.is_some_and(|every| self.summed.elapsed() >= every);
        if due {
            self.summed = Instant::now();
        }
        due
    }

    fn watch(&self, live: &mut Live, mut take: impl FnMut(&Item) -> Result<()>) -> Result<()> {
        let left = self.end.map_or(PATIENCE, |end| end.saturating_duration_since(Instant::now()).min(PATIENCE));
        match live.next(left)? {
            Some(item) => take(&item),
            None => Ok(()),
        }
    }
}

/// Keeps the events for a recording, whose first line tells what it covers and so is written last.
struct Recorder {
    recording: Recording,
    file: File,
    name: String,
}

impl Recorder {
    fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::create(path).with_context(|| format!("cannot write {name}"))?;
        Ok(Self { recording: Recording { from: now(), ..Recording::default() }, file, name })
    }

    fn take(&mut self, reset: &whyrst_probe::Reset) {
        let Told::Sent(word) = &reset.event.told else { return };
        if !self.recording.addresses.contains(&word.local.ip) {
            self.recording.addresses.push(word.local.ip);
        }
        self.recording.resets.push(word.clone());
    }

    fn finish(mut self, lost: u64) -> Result<()> {
        self.recording.to = now();
        self.recording.lost = lost;
        recording::write(BufWriter::new(self.file), &self.recording)
            .with_context(|| format!("cannot write {}", self.name))
    }
}
