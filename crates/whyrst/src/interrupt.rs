//! Ctrl-C and SIGTERM. The first one ends the reading, so that what is known is still said; a second
//! one ends the program as usual. A daemon ends by [`LONGEST`] after the first one, whatever hangs then: a disk, a
//! terminal that takes nothing, a thread.

use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use whyrst_capture::Stop;
use whyrst_privileges::{Duty, restrict};

use crate::output;

/// How long a daemon may take to end.
const LONGEST: Duration = Duration::from_millis(2_900);
/// Exit status of a command that could not do it.
const FAILED: i32 = 2;

/// Whether somebody wants it to end.
#[derive(Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Heeds both signals from now on.
    pub(crate) fn heed() -> io::Result<Self> {
        let came = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // The order matters: the first asks whether one came before, the second remembers.
            flag::register_conditional_default(signal, Arc::clone(&came))?;
            flag::register(signal, Arc::clone(&came))?;
        }
        Ok(Self(came))
    }

    /// The same, and makes sure of the end: for what runs until it is told to stop.
    pub(crate) fn heed_to_the_end() -> io::Result<Self> {
        let interrupt = Self::heed()?;
        // A pipe: what the handler writes into a socket it sends, which a thread that watches may not.
        let (mut told, tells) = io::pipe()?;
        for signal in [SIGINT, SIGTERM] {
            low_level::pipe::register(signal, tells.try_clone()?)?;
        }
        std::thread::Builder::new().name("stop".to_owned()).spawn(move || {
            // Held open here: who waits is woken by a signal and by nothing else.
            let _tells = tells;
            if let Err(error) = restrict(Duty::Wait) {
                output::remark(&error);
            }
            if told.read_exact(&mut [0]).is_ok() {
                std::thread::sleep(LONGEST);
                if takes_words(io::stderr().as_fd()) {
                    output::remark("it did not end within three seconds of the signal: something hangs");
                }
                low_level::exit(FAILED);
            }
        })?;
        Ok(interrupt)
    }

    /// For who waits for something that may never begin.
    pub(crate) fn stop(&self) -> Stop {
        Stop::when(Arc::clone(&self.0))
    }

    /// As if one had come: the person left the screen.
    pub(crate) fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether one came.
    pub(crate) fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whether writing would not wait.
fn takes_words(stream: BorrowedFd<'_>) -> bool {
    poll(&mut [PollFd::new(stream, PollFlags::POLLOUT)], PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}
