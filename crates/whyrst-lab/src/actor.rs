//! The actors: real processes that do what they are told, one step after the other.
//!
//! Every actor knows the whole scenario from before the fork; the conductor only sends it the
//! number of its next step. It answers with one message when it enters a system call and one when
//! it is back, so that a call that never returns is known too.

use std::io::IoSlice;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, sendmsg, socketpair};
use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use whyrst_core::time::Timestamp;

use crate::error::{LabError, Tried};
use crate::tap::timestamp_of;

pub(crate) mod calls;
pub(crate) mod process;
mod sockets;
mod stand_in;

/// What an actor tells the conductor.
#[derive(Serialize, Deserialize, Debug)]
pub(crate) enum Message {
    /// It enters a system call.
    Enters {
        /// The call, as a program would write it.
        text: String,
        /// Nanoseconds of the wall clock.
        at: i64,
    },
    /// It is back.
    Leaves {
        /// What the call returned.
        result: CallResult,
        /// Nanoseconds of the wall clock.
        at: i64,
    },
    /// The step is over. The result is that of its deciding call.
    Done(CallResult),
}

/// A return value, or the number of an errno.
pub(crate) type CallResult = Result<i64, i32>;

/// One end of the line between the conductor and an actor: datagrams that arrive whole.
#[derive(Debug)]
pub(crate) struct Line(OwnedFd);

impl Line {
    /// The conductor's end and the actor's end.
    pub(crate) fn pair() -> Result<(Self, Self), LabError> {
        socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)
            .map(|(ours, theirs)| (Self(ours), Self(theirs)))
            .tried(|| "make a line to an actor".into())
    }

    /// Sends without ever raising SIGPIPE.
    pub(crate) fn send(&self, bytes: &[u8]) -> nix::Result<()> {
        let slices = [IoSlice::new(bytes)];
        sendmsg::<()>(self.0.as_raw_fd(), &slices, &[], MsgFlags::MSG_NOSIGNAL, None).map(drop)
    }

    /// The next datagram; `None` when the other end is gone.
    pub(crate) fn receive(&self) -> nix::Result<Option<Vec<u8>>> {
        let mut buffer = vec![0; 4096];
        loop {
            match recv(self.0.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(0) => return Ok(None),
                Ok(len) => return Ok(Some(buffer[..len].to_vec())),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The wall clock, which packets carry too.
pub(crate) fn now() -> Timestamp {
    clock_gettime(ClockId::CLOCK_REALTIME).map(timestamp_of).unwrap_or_default()
}
