//! Connections that the table forgot before it could be asked: the entry of a refused connect goes with its RST
//! (`nf_conntrack_tcp_packet` in `nf_conntrack_proto_tcp.c`).
//!
//! The kernel tells who listens of every entry that goes. Of those only the ones whose connection never had an answer
//! come through, by a filter in the kernel; a RST that refuses is no answer to it. Each message costs the kernel something,
//! so nothing is listened to before the table did not know a connection.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::AsRawFd as _;

use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_netfilter::conntrack::{ConntrackAttribute, ConntrackMessage, ProtoTuple, Protocol, Tuple};
use netlink_packet_netfilter::{NetfilterMessage, NetfilterMessageInner};
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{MsgFlags, NetlinkAddr, bind, recv};
use socket2::{Domain, SockFilter, Socket, Type};

use super::{ANSWER, Ends, Entry, entry};

/// `NFNLGRP_CONNTRACK_DESTROY` of linux/netfilter/nfnetlink.h, as a bit of `nl_groups`.
const DESTROYED: u32 = 1 << (3 - 1);
/// Entries that are remembered: a reset is told within moments of its RST.
const REMEMBERED: usize = 4_096;
/// Messages of some two kilobytes each, until somebody looks.
const WAITING: usize = 2 << 20;

/// Entries that went without an answer, the latest of them.
#[derive(Debug)]
pub(super) struct Forgotten {
    events: Socket,
    hears: bool,
    /// By the ends of either side.
    entries: HashMap<Ends, Entry>,
    order: VecDeque<Ends>,
}

impl Forgotten {
    /// A socket that hears nothing yet.
    pub(super) fn open() -> io::Result<Self> {
        let protocol = libc::NETLINK_NETFILTER.into();
        let events = Socket::new(Domain::from(libc::AF_NETLINK), Type::RAW, Some(protocol))?;
        events.set_nonblocking(true)?;
        events.attach_filter(&unanswered())?;
        // Beyond the limit of the system where that is allowed, else up to it.
        if nix::sys::socket::setsockopt(&events, nix::sys::socket::sockopt::RcvBufForce, &WAITING).is_err() {
            events.set_recv_buffer_size(WAITING)?;
        }
        Ok(Self { events, hears: false, entries: HashMap::new(), order: VecDeque::new() })
    }

    pub(super) const fn hears(&self) -> bool {
        self.hears
    }

    /// The entry that `ends` belonged to. Who asks for the first time has it listen from now on.
    pub(super) fn find(&mut self, ends: Ends) -> Option<Entry> {
        if self.hears {
            self.take_in();
        } else {
            self.hears = bind(self.events.as_raw_fd(), &NetlinkAddr::new(0, DESTROYED)).is_ok();
        }
        self.entries.get(&ends).copied()
    }

    /// Takes what the kernel told meanwhile; what was too much for the buffer is unknown.
    pub(super) fn take_in(&mut self) {
        let mut message = [0; ANSWER];
        for _ in 0..REMEMBERED {
            match recv(self.events.as_raw_fd(), &mut message, MsgFlags::MSG_DONTWAIT) {
                Ok(len) => {
                    if let Some(entry) = destroyed(&message[..len]) {
                        self.remember(entry);
                    }
                }
                Err(Errno::ENOBUFS | Errno::EINTR) => {}
                Err(_) => return,
            }
        }
    }

    fn remember(&mut self, entry: Entry) {
        while self.order.len() >= REMEMBERED {
            // Both sides of an entry were noted together.
            for ends in self.order.drain(..2) {
                self.entries.remove(&ends);
            }
        }
        for ends in [entry.original, entry.reply] {
            self.entries.insert(ends, entry);
            self.order.push_back(ends);
        }
    }
}

/// What went, if it was a TCP connection.
fn destroyed(message: &[u8]) -> Option<Entry> {
    let message = NetlinkMessage::<NetfilterMessage>::deserialize(message).ok()?;
    let NetlinkPayload::InnerMessage(NetfilterMessage {
        inner: NetfilterMessageInner::Conntrack(ConntrackMessage::Delete(attributes)),
        ..
    }) = message.payload
    else {
        return None;
    };
    entry(&attributes).filter(|_| is_tcp(&attributes))
}

fn is_tcp(attributes: &[ConntrackAttribute]) -> bool {
    attributes.iter().any(|attribute| match attribute {
        ConntrackAttribute::CtaTupleOrig(tuple) => tuple.iter().any(|part| match part {
            Tuple::Proto(parts) => parts.contains(&ProtoTuple::Protocol(Protocol::Tcp)),
            _ => false,
        }),
        _ => false,
    })
}

/// Lets messages through whose `CTA_STATUS` has no `IPS_SEEN_REPLY`, and those that have none at all
/// (Documentation/networking/filter.rst, extension nlattr).
fn unanswered() -> [SockFilter; 9] {
    // linux/filter.h
    const LOAD_NUMBER: u16 = 0x00;
    const LOAD_X_NUMBER: u16 = 0x01;
    const LOAD_WORD: u16 = 0x20;
    const LOAD_WORD_AT_X: u16 = 0x40;
    const A_TO_X: u16 = 0x07;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const JUMP_IF_BITS: u16 = 0x45;
    const RETURN: u16 = 0x06;
    const FIND_ATTRIBUTE: u32 = 0xffff_f000 + 12;
    // The headers of netlink and of netfilter, and that of an attribute.
    const HEADERS: u32 = 16 + 4;
    const OF_ATTRIBUTE: u32 = 4;
    // linux/netfilter/nfnetlink_conntrack.h, nf_conntrack_common.h
    const CTA_STATUS: u32 = 3;
    const IPS_SEEN_REPLY: u32 = 1 << 1;
    let plain = |code, number| SockFilter::new(code, 0, 0, number);
    [
        plain(LOAD_NUMBER, HEADERS),
        plain(LOAD_X_NUMBER, CTA_STATUS),
        plain(LOAD_WORD, FIND_ATTRIBUTE),
        SockFilter::new(JUMP_IF_EQUAL, 3, 0, 0),
        plain(A_TO_X, 0),
        plain(LOAD_WORD_AT_X, OF_ATTRIBUTE),
        SockFilter::new(JUMP_IF_BITS, 1, 0, IPS_SEEN_REPLY),
        plain(RETURN, u32::MAX),
        plain(RETURN, 0),
    ]
}
