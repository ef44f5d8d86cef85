//! Connections that were destroyed in the table before it could be asked: the entry of a refused connect goes with its RST
//! (`nf_conntrack_tcp_packet` in `nf_conntrack_proto_tcp.c`).
//!
//! The kernel notifies its subscribers (`NFNLGRP_CONNTRACK_DESTROY`) of every entry that goes. Of those only the ones whose connection never had an answer
//! come through, by a filter in the kernel; a RST that refuses is no answer to it. But the kernel makes each message
//! before it is filtered, which costs it some 10 us for every connection of the host. So nothing is subscribed to before
//! the table did not know a connection, nor long after that, nor while many connections end.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant};

use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_netfilter::conntrack::{ConntrackAttribute, ConntrackMessage, ProtoTuple, Protocol, Tuple};
use netlink_packet_netfilter::{NetfilterMessage, NetfilterMessageInner};
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{MsgFlags, NetlinkAddr, bind, recv};
use socket2::{Domain, SockFilter, Socket, Type};

use super::entry::{ANSWER, Ends, Entry};

/// `NFNLGRP_CONNTRACK_DESTROY` of linux/netfilter/nfnetlink.h, as a bit of `nl_groups`.
const DESTROYED: u32 = 1 << (3 - 1);
/// Entries that are remembered: a reset is reported within moments of its RST.
const REMEMBERED: usize = 4_096;
/// Messages of some two kilobytes each, until somebody looks.
const WAITING: usize = 2 << 20;
/// Entries of a table whose notifications are subscribed to. After its connection has ended an entry stays for ten seconds and more
/// (`nf_conntrack_tcp_timeout_close`), so of these no more than a thousand go in a second: a hundredth of a processor.
const FEW: u64 = 10_000;
/// Entries that may go in a second without an answer: these do not stay.
const OFTEN: u32 = 1_000;
/// So long after somebody asked, or after too many went, it is as if nothing had been.
const SOON: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);

/// The notifications that are being received.
#[derive(Debug)]
struct Subscription {
    /// When somebody last asked for what was not in the table.
    asked: Instant,
    /// The second that is now, and how many went in it.
    second: Instant,
    went: u32,
}

/// Entries that went without an answer, the latest of them.
#[derive(Debug)]
pub(super) struct Destroyed {
    events: Socket,
    subscription: Option<Subscription>,
    /// Too many went at that time.
    overloaded: Option<Instant>,
    /// By the ends of either side.
    entries: HashMap<Ends, Entry>,
    order: VecDeque<Ends>,
}

impl Destroyed {
    /// A socket that is not subscribed yet.
    pub(super) fn open() -> io::Result<Self> {
        let protocol = libc::NETLINK_NETFILTER.into();
        let events = Socket::new(Domain::from(libc::AF_NETLINK), Type::RAW, Some(protocol))?;
        events.set_nonblocking(true)?;
        events.attach_filter(&unanswered())?;
        // Beyond the limit of the system where that is allowed, else up to it.
        if nix::sys::socket::setsockopt(&events, nix::sys::socket::sockopt::RcvBufForce, &WAITING).is_err() {
            events.set_recv_buffer_size(WAITING)?;
        }
        Ok(Self { events, subscription: None, overloaded: None, entries: HashMap::new(), order: VecDeque::new() })
    }

    pub(super) const fn is_subscribed(&self) -> bool {
        self.subscription.is_some()
    }

    /// The entry that `ends` belonged to. Who asks for the first time has it subscribe; `entries` says how
    /// many the table has.
    pub(super) fn find(&mut self, ends: Ends, entries: impl Fn() -> u64) -> Option<Entry> {
        let now = Instant::now();
        if let Some(subscription) = &mut self.subscription {
            subscription.asked = now;
            self.receive_all(entries);
        } else if self.overloaded.is_none_or(|since| now.duration_since(since) > SOON) && entries() <= FEW {
            let subscribed = bind(self.events.as_raw_fd(), &NetlinkAddr::new(0, DESTROYED)).is_ok();
            self.subscription = subscribed.then_some(Subscription { asked: now, second: now, went: 0 });
        }
        self.entries.get(&ends).copied()
    }

    /// Takes what the kernel sent meanwhile, and unsubscribes where that costs too much or nobody asks.
    pub(super) fn receive_all(&mut self, entries: impl Fn() -> u64) {
        let went = self.receive();
        let Some(subscription) = &mut self.subscription else { return };
        subscription.went = subscription.went.saturating_add(went);
        let overloaded = subscription.went > OFTEN || (subscription.second.elapsed() > SECOND && entries() > FEW);
        if subscription.second.elapsed() > SECOND {
            (subscription.second, subscription.went) = (Instant::now(), 0);
        }
        if overloaded {
            self.overloaded = Some(Instant::now());
        }
        // Where leaving the group fails it stays subscribed.
        if (overloaded || subscription.asked.elapsed() > SOON)
            && bind(self.events.as_raw_fd(), &NetlinkAddr::new(0, 0)).is_ok()
        {
            self.subscription = None;
            self.forget();
        }
    }

    /// How many messages there were.
    fn receive(&mut self) -> u32 {
        let mut went = 0;
        let mut message = [0; ANSWER];
        while went < OFTEN {
            match recv(self.events.as_raw_fd(), &mut message, MsgFlags::MSG_DONTWAIT) {
                Ok(len) => {
                    if let Some(entry) = destroyed(&message[..len]) {
                        self.remember(entry);
                    }
                }
                // Some did not fit: of the same ends there may have been another since.
                Err(Errno::ENOBUFS) => self.forget(),
                Err(_) => break,
            }
            went += 1;
        }
        went
    }

    fn forget(&mut self) {
        self.entries.clear();
        self.order.clear();
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
    Entry::of(&attributes).filter(|_| is_tcp(&attributes))
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

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_core::segment::Endpoint;

    fn entry(port: u16) -> Entry {
        let end = |address: [u8; 4], port| Endpoint::new(address.into(), port);
        let (client, service, pod) = (end([10, 1, 0, 2], port), end([10, 96, 0, 1], 80), end([10, 1, 0, 3], 8_080));
        Entry { original: (client, service), reply: (pod, client) }
    }

    #[test]
    fn of_what_went_the_latest_is_remembered_by_either_side() {
        let mut destroyed = Destroyed::open().unwrap();
        let ports = u16::try_from(REMEMBERED).unwrap();
        (0..ports).for_each(|port| destroyed.remember(entry(port)));
        assert_eq!(destroyed.order.len(), REMEMBERED);
        assert_eq!(destroyed.entries.get(&entry(ports - 1).reply), Some(&entry(ports - 1)));
        assert_eq!(destroyed.entries.get(&entry(0).original), None);
    }

    #[test]
    fn a_busy_table_is_not_subscribed_to() {
        let mut destroyed = Destroyed::open().unwrap();
        assert_eq!(destroyed.find(entry(1).original, || FEW + 1), None);
        assert!(!destroyed.is_subscribed());
        destroyed.remember(entry(1));
        destroyed.subscription = Some(Subscription { asked: Instant::now(), second: Instant::now(), went: OFTEN + 1 });
        destroyed.receive_all(|| 0);
        assert!(!destroyed.is_subscribed(), "too many went");
        assert_eq!(destroyed.find(entry(1).original, || 0), None, "what was received before may not hold any more");
        assert!(!destroyed.is_subscribed(), "not again so soon");
    }
}
