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
pub(crate) const ORPHAN: u32 = 128;

/// `STATE_BITS` of `bpf/event.h`.
const STATE_BITS: u32 = 4;

/// `struct event`.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    pub(crate) at: u64,
    pub(crate) kind: Kind,
    pub(crate) reason: Option<u32>,
    marks: u32,
    pub(crate) state: u32,
    pub(crate) tuple: Tuple,
    pub(crate) trigger: Trigger,
    pub(crate) current: Who,
    pub(crate) owner: Who,
    /// Who sent the signal that ends the current task.
    pub(crate) killer: Who,
    /// Name of the current task.
    pub(crate) comm: String,
    pub(crate) syscall: i64,
    pub(crate) exit_code: i32,
    pub(crate) facts: Facts,
    pub(crate) settings: Settings,
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

impl Tuple {
    /// One that is a key of a map.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        Reader(bytes).tuple()
    }
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

/// `struct who`: a process, told from others that had its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Who {
    /// 0: nobody.
    pub(crate) pid: u32,
    /// When it was started, in units of 2^20 ns since boot; it wraps.
    pub(crate) born: u32,
}

impl Who {
    /// As the kernel side has it.
    pub(crate) fn key(self) -> [u8; 8] {
        let mut key = [0; 8];
        key[..4].copy_from_slice(&self.pid.to_ne_bytes());
        key[4..].copy_from_slice(&self.born.to_ne_bytes());
        key
    }

    /// The inverse of [`Who::key`].
    pub(crate) fn of_key(key: [u8; 8]) -> Self {
        let mut reader = Reader(&key);
        reader.who().unwrap_or_default()
    }
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
    /// Ticks of the kernel's clock.
    pub(crate) received_ago: Option<u32>,
    /// Ticks of the kernel's clock.
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
    pub(crate) linger2_negative: u8,
}

/// `struct settings`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Milliseconds, as the next two.
    pub(crate) send_timeout: Option<u32>,
    pub(crate) receive_timeout: Option<u32>,
    pub(crate) user_timeout: Option<u32>,
    /// Seconds.
    pub(crate) keepalive: Option<u32>,
}

/// `struct life`.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) closer: Who,
    /// When which state was entered, oldest first.
    pub(crate) steps: Vec<(u64, u8)>,
    pub(crate) opened: Opened,
    pub(crate) closer_exits: u8,
    /// When a segment was last sent again.
    pub(crate) retransmitted: Option<u64>,
    /// The last error that the program was told of, and when.
    pub(crate) failed: Option<(u16, u64)>,
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
        let at = self.u64()?;
        let kind = match self.u32()? {
            1 => Kind::Sent,
            2 => Kind::Received,
            _ => return None,
        };
        let (reason, marks, state) = (self.known()?, self.u32()?, self.u32()?);
        let (tuple, trigger) = (self.tuple()?, self.trigger()?);
        let (current, owner, killer, comm) = (self.who()?, self.who()?, self.who()?, self.name()?);
        let (syscall, exit_code, stack_len) = (self.i64()?, self.i32()?, self.u32()?);
        let (facts, settings, grave_at, life) = (self.facts()?, self.settings()?, self.u64()?, self.life()?);
        let frames = (usize::try_from(stack_len).ok()? / 8).min(STACK);
        let stack = (0..frames).map(|_| self.u64()).collect::<Option<Vec<_>>>()?;
        let stack = stack.into_iter().filter(|address| *address != 0).collect();
        Some(Event {
            at,
            kind,
            reason,
            marks,
            state,
            tuple,
            trigger,
            current,
            owner,
            killer,
            comm,
            syscall,
            exit_code,
            facts,
            settings,
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
        Some(Who { pid: self.u32()?, born: self.u32()? })
    }

    fn name(&mut self) -> Option<String> {
        let name: [u8; 16] = self.take()?;
        Some(until_zero(&name))
    }

    fn settings(&mut self) -> Option<Settings> {
        let mut set = || self.u32().map(|number| (number != 0).then_some(number));
        Some(Settings { send_timeout: set()?, receive_timeout: set()?, user_timeout: set()?, keepalive: set()? })
    }

    fn facts(&mut self) -> Option<Facts> {
        let (unread, unsent, unacked, linger) = (self.u32()?, self.u32()?, self.u32()?, self.i32()?);
        let (snd_nxt, rcv_nxt, retransmits) = (self.u32()?, self.u32()?, self.u32()?);
        let (received_ago, sent_ago, error) = (self.known()?, self.known()?, self.u32()?);
        let (bytes_received, bytes_acked, cgroup) = (self.u64()?, self.u64()?, self.u64()?);
        let [probes, shutdown] = self.take()?;
        let (backlog, max_backlog) = (self.u16()?, self.u16()?);
        let [peer_closed, linger2_negative] = self.take()?;
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
            linger2_negative,
        })
    }

    fn life(&mut self) -> Option<Life> {
        let (_owner, closer) = (self.who()?, self.who()?);
        let mut ring = [0; STEPS];
        for step in &mut ring {
            *step = self.u64()?;
        }
        let (retransmitted, failed, error) = (self.u64()?, self.u64()?, self.u16()?);
        let [taken, opened, closer_exits, _state, _, _] = self.take()?;
        let taken = usize::from(taken);
        let steps = (taken.saturating_sub(STEPS)..taken).map(|step| ring[step % STEPS]);
        let opened = match opened {
            1 => Opened::Actively,
            2 => Opened::Passively,
            3 => Opened::Listener,
            _ => Opened::Unseen,
        };
        Some(Life {
            closer,
            steps: steps.map(|step| (step >> STATE_BITS, (step & 0xf) as u8)).collect(),
            opened,
            closer_exits,
            retransmitted: (retransmitted != 0).then_some(retransmitted),
            failed: (failed != 0).then_some((error, failed)),
        })
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

/// A C string.
pub(crate) fn until_zero(text: &[u8]) -> String {
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    String::from_utf8_lossy(&text[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHOUT_STACK: usize = 336;
    /// `sizeof(struct event)`.
    const SIZE: usize = WITHOUT_STACK + 8 * STACK;
    const LIFE: usize = 232;

    fn bytes() -> Vec<u8> {
        let mut bytes = vec![0; SIZE];
        bytes[8] = 1;
        bytes[12..16].fill(0xff);
        bytes
    }

    #[test]
    fn a_record_is_read_to_its_last_octet_and_no_further() {
        let mut record = bytes();
        record[132] = 192; // stack_len: all 24 frames
        record[SIZE - 8..].fill(0x11);
        let event = Event::parse(&record).unwrap();
        assert_eq!(event.stack, [0x1111_1111_1111_1111]);
        assert!(Event::parse(&record[..SIZE - 1]).is_none());
    }

    #[test]
    fn a_record_without_a_stack_ends_before_it() {
        assert!(Event::parse(&bytes()[..WITHOUT_STACK]).unwrap().stack.is_empty());
        assert!(Event::parse(&bytes()[..WITHOUT_STACK - 1]).is_none());
    }

    #[test]
    fn what_is_not_known_is_none() {
        let event = Event::parse(&bytes()).unwrap();
        assert_eq!((event.kind, event.reason), (Kind::Sent, None));
        assert_eq!((event.life.opened, event.life.failed), (Opened::Unseen, None));
        assert_eq!((event.settings.keepalive, event.owner), (None, Who::default()));
    }

    #[test]
    fn a_record_of_another_version_is_none() {
        let mut record = bytes();
        record[8] = 9;
        assert!(Event::parse(&record).is_none());
        assert!(Event::parse(&[]).is_none());
    }

    #[test]
    fn the_last_eight_steps_come_oldest_first() {
        let mut record = bytes();
        for step in 0..STEPS {
            // The lowest four bits are the state.
            record[LIFE + 16 + step * 8] = ((u8::try_from(step).unwrap() + 1) << 4) | 7;
        }
        record[LIFE + 98] = 10; // ten steps taken: the ring begins at the third
        let steps = Event::parse(&record).unwrap().life.steps;
        let times: Vec<u64> = steps.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [3, 4, 5, 6, 7, 8, 1, 2]);
        assert!(steps.iter().all(|(_, state)| *state == 7));
    }

    #[test]
    fn a_process_is_known_by_the_octets_of_its_key() {
        let who = Who { pid: 812, born: 77 };
        assert_eq!(Who::of_key(who.key()), who);
    }
}
