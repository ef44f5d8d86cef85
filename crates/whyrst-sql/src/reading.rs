//! What all scans of one run have in common: how far they are, and what has to be said of what they
//! read. A query may read its files more than once; whatever is wrong with them is said once.

use std::collections::HashSet;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use whyrst_core::report::escape::escape_name;
use whyrst_output::{Places, said};

/// Work that is over sooner shows no progress.
const SILENT_FOR: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(200);

/// Shared by all scans.
#[derive(Debug)]
pub(crate) struct Reading {
    octets: AtomicU64,
    incomplete: AtomicBool,
    said: Mutex<HashSet<String>>,
    places: Mutex<Places>,
    bar: ProgressBar,
}

impl Reading {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::hidden();
        Self {
            octets: AtomicU64::new(0),
            incomplete: AtomicBool::new(false),
            said: Mutex::default(),
            places: Mutex::default(),
            bar,
        }
    }

    /// So many more octets of captures and recordings were read.
    pub(crate) fn advance(&self, octets: u64) {
        self.octets.fetch_add(octets, Ordering::Relaxed);
    }

    /// These files are read.
    pub(crate) fn reads(&self, files: impl Iterator<Item = PathBuf>) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).read(files);
    }

    /// Where results may go: over nothing that is read.
    pub(crate) fn places(&self) -> Places {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something that must be said, and hurts no result.
    pub(crate) fn remark(&self, text: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.insert(text.to_owned()) {
            self.bar.suspend(|| remark(text));
        }
    }

    /// Some input could not be read: the result is that of the rest.
    pub(crate) fn failed(&self, text: &str) {
        self.incomplete.store(true, Ordering::Relaxed);
        self.remark(text);
    }

    /// Whether [`Self::failed`] was called.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.incomplete.load(Ordering::Relaxed)
    }

    /// Shows how far the scans are: on a terminal, when it takes more than a second. Never ends by itself.
    pub(crate) async fn show(&self) {
        if !std::io::stderr().is_terminal() {
            return std::future::pending().await;
        }
        tokio::time::sleep(SILENT_FOR).await;
        if self.bar.is_finished() {
            return std::future::pending().await;
        }
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {bytes} read  {bytes_per_sec}") {
            self.bar.set_style(style);
        }
        self.bar.set_draw_target(ProgressDrawTarget::stderr());
        loop {
            self.bar.set_position(self.octets.load(Ordering::Relaxed));
            tokio::time::sleep(TICK).await;
        }
    }

    /// Results come now: progress is no more shown.
    pub(crate) fn hush(&self) {
        self.bar.finish_and_clear();
    }
}

/// A remark on standard error.
pub(crate) fn remark(text: &str) {
    said::line(format_args!("whyrst sql: {}", escape_name(text)));
}
