//! One lab at a time on this machine.

use std::fs::File;
use std::time::{Duration, Instant};

/// The kernel's trace has every reset of the machine, and all labs use the same addresses: labs that
/// play at once would get each other's events. So each play waits for its turn, not longer than others last.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "holds the lock until it is dropped")] Option<File>);

impl Turn {
    const PATIENCE: Duration = Duration::from_secs(30);

    /// A lock on the folder for temporary files, which every user may open and nobody locks.
    #[must_use]
    pub fn take() -> Self {
        let began = Instant::now();
        let Ok(folder) = File::open(std::env::temp_dir()) else { return Self(None) };
        while folder.try_lock().is_err() && began.elapsed() < Self::PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
        }
        Self(Some(folder))
    }
}
