//! Ctrl-C and SIGTERM. The first one ends the reading, so that what is known is still said; a second
//! one ends the program as usual. A daemon ends by [`LONGEST`] after the first one, whatever hangs then: a disk, a
//! terminal that takes nothing, a thread. Other commands may take longer to say what they know, but not to wait for
//! somebody who takes it: after so long without a byte that got away they end too.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};
use whyrst_capture::Stop;
use whyrst_output::Writing;
use whyrst_privileges::{Duty, is_restricted, restrict};

use crate::output;

/// How long a daemon may take to end.
const LONGEST: Duration = Duration::from_millis(2_900);
/// How often it is looked whether something gets away.
const AGAIN: Duration = Duration::from_millis(50);
/// Exit status of a command that could not do it.
const FAILED: i32 = 2;

/// Whether somebody wants it to end.
#[derive(Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Heeds both signals from now on.
    pub(crate) fn heed() -> io::Result<Self> {
        Self::and_end(|| {
            wait_until_nobody_takes_it();
            output::remark_if_taken("interrupted: nobody takes what is written");
        })
    }

    /// The same, and makes sure of the end: for what runs until it is told to stop.
    pub(crate) fn heed_to_the_end() -> io::Result<Self> {
        Self::and_end(|| {
            std::thread::sleep(LONGEST);
            output::remark_if_taken("it did not end within three seconds of the signal: something hangs");
        })
    }

    /// Heeds both signals; when one came and `patience` returns, the process ends, whatever it does.
    fn and_end(patience: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let came = Arc::new(AtomicBool::new(false));
        // A pipe: what the handler writes into a socket it sends, which a thread that watches may not.
        let (mut told, tells) = io::pipe()?;
        for signal in [SIGINT, SIGTERM] {
            // The order matters: the first asks whether one came before, the second remembers.
            flag::register_conditional_default(signal, Arc::clone(&came))?;
            flag::register(signal, Arc::clone(&came))?;
            low_level::pipe::register(signal, tells.try_clone()?)?;
        }
        std::thread::Builder::new().name("stop".to_owned()).spawn(move || {
            // Held open here: who waits is woken by a signal and by nothing else.
            let _tells = tells;
            // A reader that `serve --live` started is restricted already, and may not restrict itself.
            if let Err(error) = restrict(Duty::Wait)
                && !is_restricted()
            {
                output::remark(&error);
            }
            if told.read_exact(&mut [0]).is_ok() {
                patience();
                low_level::exit(FAILED);
            }
        })?;
        Ok(Self(came))
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

/// Returns when what is written gets nowhere: at once where nobody has opened the other end of a pipe yet.
fn wait_until_nobody_takes_it() {
    let mut stands = (Writing::Nothing, Instant::now());
    loop {
        match Writing::now() {
            Writing::Opens => return,
            now if now == Writing::Nothing || now != stands.0 => stands = (now, Instant::now()),
            _ if stands.1.elapsed() >= LONGEST => return,
            Writing::Nothing | Writing::Since(_) => {}
        }
        std::thread::sleep(AGAIN);
    }
}
