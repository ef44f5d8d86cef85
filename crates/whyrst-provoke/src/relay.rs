//! One connection: carries bytes both ways until an end closes, or its trouble strikes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::tally::Tally;
use crate::trouble::Trouble;

/// What waits to be passed on, each way, at most.
const BUFFER: usize = 16 << 10;

/// How often it is looked whether the proxy ends.
const AGAIN: Duration = Duration::from_millis(500);

/// How a connection came to its end.
#[derive(Debug)]
pub(crate) enum Ended {
    /// An end closed or broke off; the other was told in the same way, as far as a proxy can.
    ByItself,
    /// Its trouble is due, and the client's socket waits for it.
    Struck(TcpStream),
}

/// One direction.
struct Pipe {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// The sender has said FIN.
    over: bool,
    /// The receiver has been told.
    told: bool,
}

impl Pipe {
    fn new() -> Self {
        Self { buffer: vec![0; BUFFER].into(), start: 0, end: 0, over: false, told: false }
    }

    const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Takes from one end what it gives: how much that was.
    fn fill(&mut self, mut from: &TcpStream) -> io::Result<usize> {
        (self.start, self.end) = (0, from.read(&mut self.buffer)?);
        self.over = self.end == 0;
        Ok(self.end)
    }

    /// Gives the other end what it takes.
    fn drain(&mut self, mut to: &TcpStream) -> io::Result<()> {
        while !self.is_empty() {
            match to.write(&self.buffer[self.start..self.end]) {
                Ok(taken) => self.start += taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        if self.over && !self.told {
            self.told = true;
            to.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }
}

/// Carries until the end.
pub(crate) fn carry(
    client: TcpStream,
    server: &TcpStream,
    trouble: Option<&Trouble>,
    tally: &mut Tally,
    stop: &AtomicBool,
) -> io::Result<Ended> {
    client.set_nonblocking(true)?;
    server.set_nonblocking(true)?;
    let (mut there, mut back) = (Pipe::new(), Pipe::new());
    let is_over = |there: &Pipe, back: &Pipe| there.told && back.told;
    while !is_over(&there, &back) && !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        let due = trouble.and_then(|trouble| tally.strikes_in(trouble, now)).filter(|_| back.is_empty());
        if due == Some(Duration::ZERO) {
            return Ok(Ended::Struck(client));
        }
        let ready = wait(&client, server, &there, &back, due.unwrap_or(AGAIN).min(AGAIN))?;
        let now = Instant::now();
        if ready.client_speaks {
            // An end that closes is no request.
            let speaks = trouble.is_some_and(|it| tally.strikes_request(it, now)) && says_something(&client);
            if speaks && back.is_empty() {
                return Ok(Ended::Struck(client));
            }
            match there.fill(&client)? {
                0 => {}
                count => tally.client_said(count, now),
            }
        }
        if ready.server_speaks {
            match back.fill(server)? {
                0 => {}
                count => tally.server_said(count, now),
            }
        }
        there.drain(server)?;
        back.drain(&client)?;
    }
    Ok(Ended::ByItself)
}

struct Ready {
    client_speaks: bool,
    server_speaks: bool,
}

/// Until an end has something to say, or takes what waits for it.
fn wait(client: &TcpStream, server: &TcpStream, there: &Pipe, back: &Pipe, most: Duration) -> io::Result<Ready> {
    let wanted = |own: &Pipe, other: &Pipe| {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::POLLIN, own.is_empty() && !own.over);
        flags.set(PollFlags::POLLOUT, !other.is_empty());
        flags
    };
    let mut fds = [PollFd::new(client.as_fd(), wanted(there, back)), PollFd::new(server.as_fd(), wanted(back, there))];
    // Rounded up: to wake too early means to look again and again.
    let ms = PollTimeout::try_from(most.as_millis() + 1).unwrap_or(PollTimeout::MAX);
    match poll(&mut fds, ms) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let broken = PollFlags::POLLIN | PollFlags::POLLERR | PollFlags::POLLHUP;
    let speaks = |fd: &PollFd<'_>, pipe: &Pipe| {
        fd.revents().is_some_and(|events| events.intersects(broken)) && pipe.is_empty() && !pipe.over
    };
    Ok(Ready { client_speaks: speaks(&fds[0], there), server_speaks: speaks(&fds[1], back) })
}

fn says_something(client: &TcpStream) -> bool {
    client.peek(&mut [0]).is_ok_and(|count| count > 0)
}
