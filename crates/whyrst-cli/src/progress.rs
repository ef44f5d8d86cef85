//! Progress on standard error: on a terminal, when the work takes more than a second; and as lines for
//! a program that asked for them.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use whyrst_output::said;

const SILENT_FOR: Duration = Duration::from_secs(1);

/// A bar that appears late or never.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    lines: Option<Lines>,
    began: Instant,
    total: Option<u64>,
    /// Bytes that were read before everything was read once more.
    before: u64,
    last: u64,
    /// For who shows it otherwise.
    gauge: Arc<AtomicU64>,
}

impl Progress {
    /// For reading `total` bytes, where that is known.
    pub(crate) fn new(total: Option<u64>, audience: Audience) -> Self {
        let bar = (audience == Audience::Terminal).then(ProgressBar::hidden);
        let lines = (audience == Audience::Program).then(Lines::default);
        Self { bar, lines, began: Instant::now(), total, before: 0, last: 0, gauge: Arc::default() }
    }

    /// So many bytes have been read.
    pub(crate) fn at(&mut self, bytes: u64) {
        let bytes = self.before + bytes;
        self.last = bytes;
        if let Some(lines) = &mut self.lines {
            lines.at(bytes, self.total);
        }
        self.gauge.store(bytes, Ordering::Relaxed);
        let Some(bar) = &self.bar else { return };
        if bar.is_hidden() && self.began.elapsed() > SILENT_FOR {
            let template = match self.total {
                Some(total) => {
                    bar.set_length(total);
                    "  {bar:30} {bytes}/{total_bytes}  {bytes_per_sec}  eta {eta}"
                }
                None => "  {spinner} {bytes}  {bytes_per_sec}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(bytes);
    }

    /// Bytes that were read so far, for another thread to show, and all, where that is known.
    pub(crate) fn gauge(&self) -> (Arc<AtomicU64>, Option<u64>) {
        (Arc::clone(&self.gauge), self.total)
    }

    /// Everything is read once more.
    pub(crate) const fn begin_again(&mut self) {
        self.before = self.last;
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Lines of `progress OCTETS [OF]`, a few in a second.
#[derive(Debug, Default)]
struct Lines {
    written: Option<Instant>,
}

impl Lines {
    const EVERY: Duration = Duration::from_millis(200);

    fn at(&mut self, bytes: u64, total: Option<u64>) {
        if self.written.is_some_and(|written| written.elapsed() < Self::EVERY) {
            return;
        }
        self.written = Some(Instant::now());
        match total {
            Some(total) => said::line(format_args!("progress {bytes} {total}")),
            None => said::line(format_args!("progress {bytes}")),
        }
    }
}

/// Who would see the bar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Audience {
    /// A person.
    Terminal,
    /// A program that shows it in its own way.
    Program,
    /// Nobody.
    Nobody,
}

impl Audience {
    /// A person, when standard error is a terminal and results do not scroll there meanwhile.
    pub(crate) fn of(quiet: bool, results: Results) -> Self {
        let scrolling = results == Results::Meanwhile && std::io::stdout().is_terminal();
        if !quiet && std::io::stderr().is_terminal() && !scrolling { Self::Terminal } else { Self::Nobody }
    }
}

/// When results are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Results {
    /// While the input is read.
    Meanwhile,
    /// When all of it was read.
    AtTheEnd,
}
