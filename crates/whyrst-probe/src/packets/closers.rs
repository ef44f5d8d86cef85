//! Closing many packet sockets: the kernel waits for each until no processor can be in it any more (`packet_release`,
//! `synchronize_net`), some ten milliseconds. Waits of several threads are one.
//!
//! The threads are started while that is still permitted, can do nothing but close, and sleep until the end.

use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use whyrst_privileges::{Duty, restrict};

/// So few one thread closes by itself within a moment.
const FEW: usize = 16;
/// Sockets for each thread, and threads at most.
const SHARE: usize = 8;
const MOST: usize = 96;
/// They do next to nothing.
const STACK: usize = 64 << 10;

/// Threads that wait for something to close.
#[derive(Debug)]
pub(super) struct Closers {
    hands: Option<Sender<OwnedFd>>,
    threads: Vec<JoinHandle<()>>,
}

impl Closers {
    pub(super) fn for_so_many(sockets: usize) -> Self {
        let (hands, takes) = channel();
        let takes = Arc::new(Mutex::new(takes));
        let count = if sockets <= FEW { 0 } else { (sockets / SHARE).min(MOST) };
        let thread = |_| {
            let takes = Arc::clone(&takes);
            Builder::new().name("closing".to_owned()).stack_size(STACK).spawn(move || close_all(&takes)).ok()
        };
        // Where no thread can be had, the sockets are closed one after the other.
        let threads: Vec<_> = (0..count).filter_map(thread).collect();
        Self { hands: (!threads.is_empty()).then_some(hands), threads }
    }

    /// Returns when all are closed.
    pub(super) fn close(&mut self, sockets: impl Iterator<Item = OwnedFd>) {
        let hands = self.hands.take();
        for socket in sockets {
            if let Some(hands) = &hands {
                // Who is not there any more gives it back, and here it is closed.
                let _ = hands.send(socket);
            }
        }
        drop(hands);
        for thread in self.threads.drain(..) {
            let _ = thread.join(); // a panic has been printed
        }
    }
}

fn close_all(takes: &Mutex<Receiver<OwnedFd>>) {
    // Where that is refused, it still does nothing else.
    let _ = restrict(Duty::Wait);
    loop {
        let next = takes.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(socket) = next else { return };
        drop(socket);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn many_are_closed_when_it_returns() {
        let (mut ours, theirs): (Vec<_>, Vec<_>) = (0..100).map(|_| UnixStream::pair().unwrap()).unzip();
        let mut closers = Closers::for_so_many(theirs.len());
        assert_eq!(closers.threads.len(), 12);
        closers.close(theirs.into_iter().map(OwnedFd::from));
        for one in &mut ours {
            one.set_nonblocking(true).unwrap();
            assert_eq!(one.read(&mut [0]).unwrap(), 0, "its other end is closed");
        }
    }
}
