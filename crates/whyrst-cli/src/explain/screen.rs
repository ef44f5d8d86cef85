//! `explain --tui`: the captures are read on one thread and looked at on another.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::Result;
use whyrst_capture::CaptureSet;

use super::reporter::{Reporter, Totals, Writer};
use super::workers::Workers;
use super::{Closing, Run, bytes_to_read, jobs, places, random};
use crate::Completion;
use crate::args::Explain;
use crate::interrupt::Interrupt;
use crate::output;
use crate::progress::{Audience, Progress};
use crate::tui::{App, Entry, Going, Screen};

/// How long a key or a reset may wait to be seen.
const PATIENCE: Duration = Duration::from_millis(50);

pub(super) fn show(
    arguments: &Explain,
    captures: &mut CaptureSet,
    reporter: &Reporter<'_>,
    interrupt: &Interrupt,
) -> Result<Completion> {
    let (sender, receiver) = mpsc::channel();
    let workers = Workers::new(
        reporter,
        Totals::new(arguments),
        Writer::new(arguments, places(arguments, captures.paths())?, Some(sender))?,
    );
    let language = reporter.context.language;
    let mut progress = Progress::new(bytes_to_read(arguments, captures), Audience::Nobody);
    let gauge = progress.gauge();
    let mut app = App::new(reporter.context.files.join(" "), language.pick("reading", "正在读取"), language);
    let mut screen = Screen::open(output::style(&arguments.common))?;
    let closing = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let run = Run { arguments, workers: &workers, interrupt, seed: random(), jobs: jobs(arguments) };
            let read = run.read(captures, &mut progress);
            let (totals, writer) = workers.into_parts();
            // The screen learns that all was read when nobody can send any more.
            let closing = Closing { arguments, reporter, totals, writer, read };
            closing.finish_on_screen(captures)
        });
        let looking = look(&mut screen, &mut app, &receiver, interrupt, || {
            let (read, total) = (gauge.0.load(Ordering::Relaxed), gauge.1);
            match total {
                Some(total) if total > 0 => {
                    format!("{} {} %", language.pick("reading", "正在读取"), (read * 100 / total).min(100))
                }
                _ => format!("{}{} MB", language.pick("reading, ", "正在读取，"), read / 1_000_000),
            }
        });
        if !matches!(looking, Ok(Seen::All)) {
            interrupt.raise();
        }
        drop(receiver);
        let ended = reader.join();
        looking.map(|seen| (seen, ended))
    });
    let (seen, ended) = closing?;
    let Ok(ended) = ended else { anyhow::bail!("reading the captures failed") };
    let (outcome, incidents, remarks) = ended?;
    if seen == Seen::All {
        // Who sees no reset at once sees why; the lines are written once more when the screen is gone.
        let remarks = [output::waiting(), remarks].join("\n");
        app.finish(incidents, remarks.trim().to_owned());
        while !interrupt.came() && screen.turn(&mut app, PATIENCE)? == Going::On {}
    }
    Ok(outcome)
}

/// Why the screen stopped waiting for resets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Seen {
    All,
    Enough,
}

fn look(
    screen: &mut Screen,
    app: &mut App,
    receiver: &Receiver<Entry>,
    interrupt: &Interrupt,
    state: impl Fn() -> String,
) -> Result<Seen> {
    loop {
        if interrupt.came() {
            return Ok(Seen::Enough);
        }
        app.says(state());
        if screen.turn(app, PATIENCE / 5)? == Going::Away {
            return Ok(Seen::Enough);
        }
        match receiver.recv_timeout(PATIENCE / 5) {
            Ok(entry) => {
                app.add(entry);
                receiver.try_iter().take(1_000).for_each(|entry| app.add(entry));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(Seen::All),
        }
    }
}
