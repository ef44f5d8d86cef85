//! One connection: carries bytes both ways until an end closes or breaks off, or its trouble strikes.
//!
//! A FIN is passed on as a FIN and a RST as a RST, so that neither end sees of the other what a proxy made up. What had
//! been carried when an end broke off lies with the other kernel by then, as far as that had room for it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::Linger;

use crate::tally::Tally;
use crate::trouble::Drawn;

/// What waits to be passed on, each way, at most.
const BUFFER: usize = 16 << 10;

/// How often it is looked whether the proxy ends.
const AGAIN: Duration = Duration::from_millis(500);

/// How a connection came to its end.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Both ends have closed, or one broke off; the other was told in the same way.
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
    drawn: Option<&Drawn>,
    tally: &mut Tally,
    stop: &AtomicBool,
) -> Ended {
    match carry_on(&client, server, drawn, tally, stop) {
        Ok(Due::Never) => Ended::ByItself,
        Ok(Due::Now) => Ended::Struck(client),
        Err(_) => {
            // Whichever it was: the one that broke off is gone already, and the other is told by its `close()`.
            break_off(&client);
            break_off(server);
            Ended::ByItself
        }
    }
}

/// From here on `close()` sends RST.
pub(crate) fn break_off(stream: &TcpStream) {
    // Where it fails the socket is gone, and nobody is there to be told.
    let _ = setsockopt(stream, Linger, &nix::libc::linger { l_onoff: 1, l_linger: 0 });
}

/// Whether the trouble of a connection is due.
enum Due {
    Now,
    Never,
}

fn carry_on(
    client: &TcpStream,
    server: &TcpStream,
    drawn: Option<&Drawn>,
    tally: &mut Tally,
    stop: &AtomicBool,
) -> io::Result<Due> {
    client.set_nonblocking(true)?;
    server.set_nonblocking(true)?;
    let (mut there, mut back) = (Pipe::new(), Pipe::new());
    let is_over = |there: &Pipe, back: &Pipe| there.told && back.told;
    while !is_over(&there, &back) && !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        let trouble = drawn.and_then(Drawn::trouble);
        let due = trouble.and_then(|trouble| tally.strikes_in(trouble, now)).filter(|_| back.is_empty());
        if due == Some(Duration::ZERO) {
            return Ok(Due::Now);
        }
        let ready = wait(client, server, &there, &back, due.unwrap_or(AGAIN).min(AGAIN))?;
        let now = Instant::now();
        if ready.client_speaks {
            // It may have been called off meanwhile. An end that closes is no request.
            let trouble = drawn.and_then(Drawn::trouble);
            let speaks = trouble.is_some_and(|it| tally.strikes_request(it, now)) && says_something(client);
            if speaks && back.is_empty() {
                return Ok(Due::Now);
            }
            match there.fill(client)? {
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
        back.drain(client)?;
    }
    Ok(Due::Never)
}

struct Ready {
    client_speaks: bool,
    server_speaks: bool,
}

/// Until an end has something to say, takes what waits for it, or breaks off.
fn wait(client: &TcpStream, server: &TcpStream, there: &Pipe, back: &Pipe, most: Duration) -> io::Result<Ready> {
    // It was told the end, so POLLHUP may only mean that its own FIN waits behind data: it is asked once that is wanted.
    let is_done = |own: &Pipe, other: &Pipe| other.told && (own.over || !own.is_empty());
    let wanted = |own: &Pipe, other: &Pipe| {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::POLLIN, own.is_empty() && !own.over);
        flags.set(PollFlags::POLLOUT, !other.is_empty());
        flags
    };
    let ends = [(client, there, back), (server, back, there)];
    let asked = ends.iter().filter(|(_, own, other)| !is_done(own, other));
    let mut fds: Vec<PollFd<'_>> =
        asked.map(|(end, own, other)| PollFd::new(end.as_fd(), wanted(own, other))).collect();
    // Rounded up: to wake too early means to look again and again.
    let ms = PollTimeout::try_from(most.as_millis() + 1).unwrap_or(PollTimeout::MAX);
    match poll(&mut fds, ms) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => return Err(errno.into()),
    }
    let mut told = fds.iter().map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
    let mut speaks = |own: &Pipe, other: &Pipe| {
        let events = if is_done(own, other) { PollFlags::empty() } else { told.next().unwrap_or(PollFlags::empty()) };
        says(events, own)
    };
    Ok(Ready { client_speaks: speaks(there, back)?, server_speaks: speaks(back, there)? })
}

/// Whether an end has something to be read: data, its FIN, or the error that it broke off with.
fn says(events: PollFlags, own: &Pipe) -> io::Result<bool> {
    let broken = PollFlags::POLLERR | PollFlags::POLLHUP;
    if own.is_empty() && !own.over {
        return Ok(events.intersects(PollFlags::POLLIN | broken));
    }
    // It would be said again and again, and nothing is to be read that would end it.
    if events.intersects(broken) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(false) }
}

fn says_something(client: &TcpStream) -> bool {
    client.peek(&mut [0]).is_ok_and(|count| count > 0)
}
