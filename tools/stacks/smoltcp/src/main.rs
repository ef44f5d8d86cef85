//! smoltcp as the other end of a TCP connection, for `cargo xtask stacks`: each port ends connections in its own way.
//!
//! Its sockets belong to the program: what ends a connection is `close` or `abort`, and a socket that the program drops
//! leaves a connection that the stack no longer knows.

use std::os::fd::AsRawFd as _;
use std::time::Duration as Wait;

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Medium, TunTapInterface, wait};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr};

const ABORTS: u16 = 7001;
const LEAVES_UNREAD: u16 = 7002;
const CLOSES: u16 = 7003;
const ANSWERS: u16 = 7004;
const PEER: u16 = 7010;
const BUFFER: usize = 4_096;
const ANSWER: &[u8] = b"answer\n";

fn main() {
    let role = std::env::args().nth(1);
    let serves = match role.as_deref() {
        Some("serve") => true,
        Some("connect") => false,
        _ => {
            eprintln!("usage: smoltcp-stack serve|connect");
            std::process::exit(2);
        }
    };
    let mut tap = TunTapInterface::new("tap0", Medium::Ethernet).expect("tap0 is there");
    let mut config = Config::new(EthernetAddress([2, 0, 0, 0, 0, 2]).into());
    config.random_seed = u64::from(std::process::id());
    let mut interface = Interface::new(config, &mut tap, Instant::now());
    interface.update_ip_addrs(|own| own.push(IpCidr::new(IpAddress::v4(10, 77, 0, 2), 24)).expect("room for one"));
    let mut sockets = SocketSet::new(Vec::new());
    let mut handles: Vec<(u16, SocketHandle)> = if serves {
        (ABORTS..=ANSWERS).map(|port| (port, sockets.add(listening(port)))).collect()
    } else {
        let handle = sockets.add(empty());
        let peer = (IpAddress::v4(10, 77, 0, 1), PEER);
        sockets.get_mut::<Socket>(handle).connect(interface.context(), peer, 49_152).expect("a fresh socket connects");
        vec![(PEER, handle)]
    };
    loop {
        interface.poll(Instant::now(), &mut tap, &mut sockets);
        for (port, handle) in &mut handles {
            serve(*port, sockets.get_mut(*handle));
            if *port == CLOSES && sockets.get::<Socket>(*handle).state() == State::FinWait2 {
                // A program that is done with a connection gives its socket and its buffers to the next.
                sockets.remove(*handle);
                *handle = sockets.add(listening(*port));
            }
        }
        interface.poll(Instant::now(), &mut tap, &mut sockets);
        let delay = interface.poll_delay(Instant::now(), &sockets);
        let most = smoltcp::time::Duration::from(Wait::from_millis(50));
        wait(tap.as_raw_fd(), Some(delay.map_or(most, |delay| delay.min(most)))).expect("tap0 stays");
    }
}

fn empty() -> Socket<'static> {
    Socket::new(SocketBuffer::new(vec![0; BUFFER]), SocketBuffer::new(vec![0; BUFFER]))
}

fn listening(port: u16) -> Socket<'static> {
    let mut socket = empty();
    socket.listen(port).expect("a fresh socket listens");
    socket
}

/// What the program at this port does now.
fn serve(port: u16, socket: &mut Socket<'_>) {
    if !socket.can_recv() {
        if socket.is_active() && !socket.may_recv() && socket.may_send() {
            socket.close();
        }
        return;
    }
    if port == LEAVES_UNREAD {
        return socket.close();
    }
    let _ = socket.recv(|data| (data.len(), ()));
    match port {
        ABORTS | PEER => socket.abort(),
        _ => {
            let _ = socket.send_slice(ANSWER);
        }
    }
    if port == CLOSES {
        socket.close();
    }
}
