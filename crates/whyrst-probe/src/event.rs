//! One record of the ring buffer, taken apart: the Rust side of `bpf/event.h`.
//!
//! Fields are read one after the other in the order of the C structures, which have no padding
//! that is not named, so no layout has to be trusted.

use std::net::{IpAddr, Ipv6Addr};

use whyrst_core::segment::Endpoint;

const STEPS: usize = 8;
const STACK: usize = 24;
/// `NOT_KNOWN` of `bpf/event.h`.
const NOT_KNOWN: u32 = u32::MAX;

pub(crate) const HAS_SOCKET: u32 = 1;
pub(crate) const HAS_TRIGGER: u32 = 2;
pub(crate) const HAS_LIFE: u32 = 4;
pub(crate) const FROM_GRAVE: u32 = 8;
pub(crate) const OWNED: u32 = 16;
pub(crate) const EXITING: u32 = 32;
pub(crate) const LISTENER: u32 = 64;

/// `struct event`.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    pub(crate) at: u64,
    #[expect(dead_code, reason = "part of the layout; a TIME-WAIT is found by its ports")]
    cookie: u64,
    pub(crate) kind: Kind,
    pub(crate) reason: Option<u32>,
    marks: u32,
    pub(crate) state: u32,
    pub(crate) tuple: Tuple,
    pub(crate) trigger: Trigger,
    pub(crate) current: Who,
    pub(crate) owner: Who,
    pub(crate) syscall: i64,
    pub(crate) exit_code: i32,
    pub(crate) facts: Facts,
    pub(crate) grave_at: u64,
    pub(crate) life: Life,
    /// Addresses, innermost first.
    pub(crate) stack: Vec<u64>,
}

/// Which tracepoint it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Sent,
    Received,
}

/// `struct tuple`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tuple {
    pub(crate) local: Endpoint,
    pub(crate) remote: Endpoint,
    pub(crate) netns: u32,
}

/// The segment that was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trigger {
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) len: u32,
    pub(crate) window: u16,
    pub(crate) flags: u8,
    pub(crate) ttl: u8,
}

/// `struct who`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Who {
    pub(crate) pid: u32,
    pub(crate) uid: Option<u32>,
    pub(crate) cgroup: u64,
    pub(crate) comm: String,
}

/// `struct facts`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) unread: u32,
    pub(crate) unsent: u32,
    pub(crate) unacked: u32,
    pub(crate) linger: Option<u32>,
    pub(crate) snd_nxt: u32,
    pub(crate) rcv_nxt: u32,
    pub(crate) retransmits: u32,
    /// Milliseconds.
    pub(crate) received_ago: Option<u32>,
    /// Milliseconds.
    pub(crate) sent_ago: Option<u32>,
    /// An errno, or 0.
    pub(crate) error: u32,
    pub(crate) bytes_received: u64,
    pub(crate) bytes_acked: u64,
    pub(crate) cgroup: u64,
    pub(crate) probes: u8,
    #[expect(dead_code, reason = "part of the layout; not told yet")]
    shutdown: u8,
    #[expect(dead_code, reason = "part of the layout; not told yet")]
    backlog: u16,
    #[expect(dead_code, reason = "part of the layout; not told yet")]
    max_backlog: u16,
    pub(crate) peer_closed: u8,
}

/// `struct life`.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) closer: Who,
    /// When which state was entered, oldest first.
    pub(crate) steps: Vec<(u64, u8)>,
    pub(crate) opened: Opened,
    pub(crate) closer_exits: u8,
}

/// How a socket came to be connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Opened {
    Unseen,
    Actively,
    Passively,
    Listener,
}

impl Event {
    /// `None` when the record is not one of this version.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        Reader(bytes).event()
    }

    pub(crate) const fn has(&self, mark: u32) -> bool {
        self.marks & mark != 0
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn event(mut self) -> Option<Event> {
        let (at, cookie) = (self.u64()?, self.u64()?);
        let kind = match self.u32()? {
            1 => Kind::Sent,
            2 => Kind::Received,
            _ => return None,
        };
        let (reason, marks, state) = (self.known()?, self.u32()?, self.u32()?);
        let (tuple, trigger) = (self.tuple()?, self.trigger()?);
        let (current, owner) = (self.who()?, self.who()?);
        let (syscall, exit_code, stack_len) = (self.i64()?, self.i32()?, self.u32()?);
        let (facts, grave_at, life) = (self.facts()?, self.u64()?, self.life()?);
        let frames = (usize::try_from(stack_len).ok()? / 8).min(STACK);
        let stack = (0..frames).map(|_| self.u64()).collect::<Option<Vec<_>>>()?;
        let stack = stack.into_iter().filter(|address| *address != 0).collect();
        Some(Event {
            at,
            cookie,
            kind,
            reason,
            marks,
            state,
            tuple,
            trigger,
            current,
            owner,
            syscall,
            exit_code,
            facts,
            grave_at,
            life,
            stack,
        })
    }

    fn tuple(&mut self) -> Option<Tuple> {
        let (local, remote) = (self.address()?, self.address()?);
        let (local_port, remote_port) = (self.u16()?, self.u16()?);
        let netns = self.u32()?;
        Some(Tuple { local: Endpoint::new(local, local_port), remote: Endpoint::new(remote, remote_port), netns })
    }

    fn address(&mut self) -> Option<IpAddr> {
        let octets: [u8; 16] = self.take()?;
        Some(Ipv6Addr::from(octets).to_canonical())
    }

    fn trigger(&mut self) -> Option<Trigger> {
        let (seq, ack, len, window) = (self.u32()?, self.u32()?, self.u32()?, self.u16()?);
        let [flags, ttl] = self.take()?;
        Some(Trigger { seq, ack, len, window, flags, ttl })
    }

    fn who(&mut self) -> Option<Who> {
        let (pid, uid, cgroup) = (self.u32()?, self.known()?, self.u64()?);
        let comm: [u8; 16] = self.take()?;
        let end = comm.iter().position(|byte| *byte == 0).unwrap_or(comm.len());
        Some(Who { pid, uid, cgroup, comm: String::from_utf8_lossy(&comm[..end]).into_owned() })
    }

    fn facts(&mut self) -> Option<Facts> {
        let (unread, unsent, unacked, linger) = (self.u32()?, self.u32()?, self.u32()?, self.i32()?);
        let (snd_nxt, rcv_nxt, retransmits) = (self.u32()?, self.u32()?, self.u32()?);
        let (received_ago, sent_ago, error) = (self.known()?, self.known()?, self.u32()?);
        let (bytes_received, bytes_acked, cgroup) = (self.u64()?, self.u64()?, self.u64()?);
        let [probes, shutdown] = self.take()?;
        let (backlog, max_backlog) = (self.u16()?, self.u16()?);
        let [peer_closed, _] = self.take()?;
        Some(Facts {
            unread,
            unsent,
            unacked,
            linger: u32::try_from(linger).ok(),
            snd_nxt,
            rcv_nxt,
            retransmits,
            received_ago,
            sent_ago,
            error,
            bytes_received,
            bytes_acked,
            cgroup,
            probes,
            shutdown,
            backlog,
            max_backlog,
            peer_closed,
        })
    }

    fn life(&mut self) -> Option<Life> {
        let (_owner, closer) = (self.who()?, self.who()?);
        let mut at = [0; STEPS];
        for time in &mut at {
            *time = self.u64()?;
        }
        let states: [u8; STEPS] = self.take()?;
        let [taken, opened, closer_exits, _] = self.take()?;
        self.u32()?;
        let taken = usize::from(taken);
        let steps = (taken.saturating_sub(STEPS)..taken).map(|step| (at[step % STEPS], states[step % STEPS])).collect();
        let opened = match opened {
            1 => Opened::Actively,
            2 => Opened::Passively,
            3 => Opened::Listener,
            _ => Opened::Unseen,
        };
        Some(Life { closer, steps, opened, closer_exits })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_ne_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_ne_bytes)
    }

    /// A number that may be not known; the outer `None` is a record that is too short.
    #[expect(clippy::option_option, reason = "two different things that may be missing")]
    fn known(&mut self) -> Option<Option<u32>> {
        self.u32().map(|number| (number != NOT_KNOWN).then_some(number))
    }

    fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_ne_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_ne_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.take().map(i64::from_ne_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `sizeof(struct event)`.
    const SIZE: usize = 584;

    fn bytes() -> Vec<u8> {
        let mut bytes = vec![0; SIZE];
        bytes[16] = 1;
        bytes[20..24].fill(0xff);
        bytes
    }

    #[test]
    fn a_record_is_read_to_its_last_octet_and_no_further() {
        let mut record = bytes();
        record[164] = 192; // stack_len: all 24 frames
        record[SIZE - 8..].fill(0x11);
        let event = Event::parse(&record).unwrap();
        assert_eq!(event.stack, [0x1111_1111_1111_1111]);
        assert!(Event::parse(&record[..SIZE - 1]).is_none());
    }

    #[test]
    fn what_is_not_known_is_none() {
        let event = Event::parse(&bytes()).unwrap();
        assert_eq!((event.kind, event.reason), (Kind::Sent, None));
        assert_eq!(event.life.opened, Opened::Unseen);
    }

    #[test]
    fn a_record_of_another_version_is_none() {
        let mut record = bytes();
        record[16] = 9;
        assert!(Event::parse(&record).is_none());
        assert!(Event::parse(&[]).is_none());
    }

    #[test]
    fn the_last_eight_steps_come_oldest_first() {
        let mut record = bytes();
        let life = 248;
        for step in 0..STEPS {
            record[life + 64 + step * 8] = u8::try_from(step).unwrap() + 1;
        }
        record[life + 64 + 64 + 8] = 10; // ten steps taken: the ring begins at the third
        let steps = Event::parse(&record).unwrap().life.steps;
        let times: Vec<u64> = steps.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [3, 4, 5, 6, 7, 8, 1, 2]);
    }
}
