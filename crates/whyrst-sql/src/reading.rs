//! What all scans of one run have in common: how far they are, and what has to be said of what they
//! read. A query may read its files more than once; whatever is wrong with them is said once.

use std::collections::HashSet;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use whyrst_core::report::escape::escape_name;

/// Work that is over sooner shows no progress.
const SILENT_FOR: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(200);

/// Shared by all scans.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    octets: AtomicU64,
    incomplete: AtomicBool,
    said: Mutex<HashSet<String>>,
}

impl Reading {
    /// So many more octets of captures and recordings were read.
    pub(crate) fn advance(&self, octets: u64) {
        self.octets.fetch_add(octets, Ordering::Relaxed);
    }

    /// Something that must be said, and hurts no result.
    pub(crate) fn remark(&self, text: &str) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.insert(text.to_owned()) {
            remark(text);
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

    /// Shows how far the scans are, until it is dropped: on a terminal, when it takes more than a second.
    pub(crate) async fn show(self: Arc<Self>) {
        if !std::io::stderr().is_terminal() {
            return std::future::pending().await;
        }
        tokio::time::sleep(SILENT_FOR).await;
        let bar = Shown(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()));
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {bytes} read  {bytes_per_sec}") {
            bar.0.set_style(style);
        }
        loop {
            bar.0.set_position(self.octets.load(Ordering::Relaxed));
            tokio::time::sleep(TICK).await;
        }
    }
}

/// Is taken away with whoever shows it.
struct Shown(ProgressBar);

impl Drop for Shown {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A remark on standard error.
#[expect(clippy::print_stderr, reason = "this is where remarks are made")]
pub(crate) fn remark(text: &str) {
    eprintln!("whyrst sql: {}", escape_name(text));
}
