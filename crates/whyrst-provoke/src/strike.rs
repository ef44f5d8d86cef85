//! How each cause is made to happen to a client's connection, with the calls that a program would make.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::TcpRepair;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, setsockopt, socket};

use crate::cause::Cause;
use crate::relay::break_off;

/// The rest of a request follows within so long.
const REST: Duration = Duration::from_millis(5);

/// A request that does not end is not waited for longer, nor for more than this.
const LONGEST: Duration = Duration::from_millis(300);
const MOST: usize = 16 << 20;

/// More of a request than is looked at.
const LOOK: usize = 64 << 10;

const ANSWER: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// What was done.
#[derive(Debug)]
pub(crate) struct Struck {
    /// Bytes of the client that were left unread, where any were.
    pub(crate) unread: Option<u64>,
    pub(crate) words: String,
}

/// Does it to the connection, which is over for this process then.
pub(crate) fn strike(cause: Cause, client: TcpStream, stop: &AtomicBool) -> io::Result<Struck> {
    client.set_nonblocking(true)?;
    match cause {
        Cause::CloseUnread => {
            let unread = unread(&client);
            drop(client);
            Ok(left("closed", unread))
        }
        Cause::ExitUnread => exit_unread(client),
        Cause::EarlyAnswer => early_answer(client),
        Cause::LingerZero | Cause::AppIdleTimeout => {
            read_everything(&client, stop);
            break_off(&client);
            let unread = unread(&client);
            drop(client);
            Ok(match unread {
                0 => Struck { unread: None, words: "closed with SO_LINGER {1, 0}".into() },
                // The kernel asks for unread data before it asks for SO_LINGER (tcp_close), so it is close-unread then.
                _ => left("closed with SO_LINGER {1, 0}, in the middle of a request that did not end,", unread),
            })
        }
        Cause::DataAfterClose | Cause::StaleConnection => {
            drop(client);
            Ok(Struck { unread: None, words: "closed (FIN); what the client says next is reset".into() })
        }
        Cause::HalfOpenListener => {
            setsockopt(&client, TcpRepair, &1)?;
            drop(client);
            Ok(Struck { unread: None, words: "forgot it without a packet; what the client says next is reset".into() })
        }
        Cause::ClosedPort | Cause::ListenerClosePending => Err(io::Error::other("it concerns the port")),
    }
}

fn left(done: &str, unread: usize) -> Struck {
    let more = if unread == LOOK { " or more" } else { "" };
    Struck { unread: Some(unread as u64), words: format!("{done} with {unread} bytes unread{more}") }
}

/// A process that takes no notice of the connection holds it alone, and is killed: the kernel closes for it.
fn exit_unread(client: TcpStream) -> io::Result<Struck> {
    let unread = unread(&client);
    let mut holder = Command::new("sleep").arg("60").stdin(Stdio::from(OwnedFd::from(client))).spawn()?;
    holder.kill()?;
    holder.wait()?;
    Ok(left("its process was killed", unread))
}

fn early_answer(mut client: TcpStream) -> io::Result<Struck> {
    let there = unread(&client);
    let mut part = vec![0; (there / 2).min(LOOK)];
    let read = client.read(&mut part)?;
    client.write_all(ANSWER)?;
    let left = unread(&client);
    drop(client);
    Ok(Struck {
        unread: Some(left as u64),
        words: format!("read {read} bytes, answered 413, and closed with {left} bytes unread"),
    })
}

/// How much waits to be read, as far as it is looked.
fn unread(client: &TcpStream) -> usize {
    let mut look = vec![0; LOOK];
    let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
    recv(client.as_raw_fd(), &mut look, flags).unwrap_or_default()
}

/// Until nothing more comes: what were left unread would make another cause of it. A client that never pauses is not
/// heard to its end.
fn read_everything(mut client: &TcpStream, stop: &AtomicBool) {
    let mut buffer = vec![0; LOOK];
    let (began, mut taken) = (Instant::now(), 0);
    while began.elapsed() < LONGEST && taken < MOST && !stop.load(Ordering::Relaxed) {
        match client.read(&mut buffer) {
            Ok(count @ 1..) => taken += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                use std::os::fd::AsFd;
                let mut fds = [PollFd::new(client.as_fd(), PollFlags::POLLIN)];
                let timeout = PollTimeout::try_from(REST).unwrap_or(PollTimeout::ZERO);
                if poll(&mut fds, timeout) != Ok(1) {
                    return;
                }
            }
            Ok(0) | Err(_) => return,
        }
    }
}

/// Whether this process may use `TCP_REPAIR`.
pub(crate) fn may_repair() -> bool {
    let flags = SockFlag::SOCK_CLOEXEC;
    socket(AddressFamily::Inet, SockType::Stream, flags, None).is_ok_and(|it| setsockopt(&it, TcpRepair, &1).is_ok())
}

/// Ends a connection in order, as far as that goes.
pub(crate) fn end_in_order(client: &TcpStream, stop: &AtomicBool) {
    if client.set_nonblocking(true).is_ok() {
        read_everything(client, stop);
    }
    let _ = client.shutdown(Shutdown::Both);
}
