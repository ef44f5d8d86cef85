//! Unix: a pipe is opened without waiting for who writes to it, and waited for with patience.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc::O_NONBLOCK;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::source::{Filled, Opened, Source};

/// The file, and whether somebody may still write to it as to a pipe.
pub(crate) fn open(path: &Path) -> io::Result<Opened> {
    // A pipe that nobody writes to yet is open at once and waited for like one that is silent: who waits in `open`
    // hears no signal (fifo(7)).
    let file = File::options().read(true).custom_flags(O_NONBLOCK).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let live = kind.is_fifo() || kind.is_socket() || kind.is_char_device();
    Ok(if live { Opened::Live(Box::new(Live(file))) } else { Opened::File(file) })
}

/// Standard input, whatever it is.
pub(crate) fn standard_input() -> io::Result<Box<dyn Source>> {
    Ok(Box::new(Live(io::stdin().as_fd().try_clone_to_owned()?.into())))
}

pub(crate) fn read_at(file: &File, at: u64, into: &mut [u8]) -> io::Result<usize> {
    file.read_at(into, at)
}

/// A pipe, terminal or socket that somebody still writes to.
struct Live(File);

impl Source for Live {
    fn fill(&mut self, into: &mut [u8], patience: Duration) -> io::Result<Filled> {
        if !readable(&self.0, patience)? {
            return Ok(Filled::Idle);
        }
        match self.0.read(into) {
            Err(error) if is_for_a_moment(&error) => Ok(Filled::Idle),
            read => read.map(Filled::octets_or_end),
        }
    }
}

fn is_for_a_moment(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock)
}

/// Whether a read would not wait. A signal ends the waiting early: the caller may want to look.
fn readable(file: &File, patience: Duration) -> io::Result<bool> {
    let timeout = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
    match poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLIN)], timeout) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
