//! One record of the ring buffer, made into what the rest of this crate works with: optional where a
//! number stands for none, addresses as addresses, steps in order.

use std::net::{IpAddr, Ipv6Addr};

use whyrst_core::segment::Endpoint;
use zerocopy::FromBytes as _;

use crate::layout::{
    FORM_FLAG_BITS, FORM_FLAGS, FORM_MARKS, NOT_KNOWN, RawEvent, RawFacts, RawLife, RawSettings, RawTuple, STACK,
    STATE_BITS, STEPS, Who,
};

/// `struct event`.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    pub(crate) at: u64,
    pub(crate) tracepoint: Tracepoint,
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
    pub(crate) closed_at: u64,
    pub(crate) life: Life,
    /// Addresses, innermost first.
    pub(crate) stack: Vec<u64>,
}

/// Which tracepoint it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tracepoint {
    Sent,
    Received,
}

impl Tracepoint {
    /// By its number in `bpf/event.h`.
    pub(crate) const fn of(number: u32) -> Option<Self> {
        match number {
            1 => Some(Self::Sent),
            2 => Some(Self::Received),
            _ => None,
        }
    }

    /// That number.
    pub(crate) const fn number(self) -> u32 {
        match self {
            Self::Sent => 1,
            Self::Received => 2,
        }
    }
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
    /// That ended the closer, when it was ending.
    pub(crate) closer_signal: Option<u8>,
    /// When a segment was last sent again.
    pub(crate) retransmitted: Option<u64>,
    /// The last error that the program got, and when.
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
        let (raw, stack) = RawEvent::read_from_prefix(bytes).ok()?;
        Some(Self {
            at: raw.at,
            tracepoint: Tracepoint::of(raw.kind)?,
            reason: known(raw.reason),
            marks: raw.marks,
            state: raw.state,
            tuple: raw.tuple.into(),
            trigger: raw.trigger(),
            current: raw.current,
            owner: raw.owner,
            killer: raw.killer,
            comm: until_zero(&raw.comm),
            syscall: raw.syscall,
            exit_code: raw.exit_code,
            facts: raw.facts.into(),
            settings: raw.settings.into(),
            closed_at: raw.closed_at,
            life: raw.life.into(),
            stack: raw.stack(stack)?,
        })
    }

    pub(crate) const fn has(&self, mark: u32) -> bool {
        self.marks & mark != 0
    }

    /// What it has in common with others of its form, as `aggregate_of` of `bpf/probe.bpf.c` has it.
    pub(crate) fn form(&self) -> u32 {
        self.marks & FORM_MARKS | (u32::from(self.trigger.flags) & FORM_FLAG_BITS) << FORM_FLAGS
    }
}

impl RawEvent {
    fn trigger(&self) -> Trigger {
        Trigger {
            seq: self.trigger_seq,
            ack: self.trigger_ack,
            len: self.trigger_len,
            window: self.trigger_window,
            flags: self.trigger_flags,
            ttl: self.trigger_ttl,
        }
    }

    /// The call stack, whose bytes follow; `None` when they are not all there.
    fn stack(&self, bytes: &[u8]) -> Option<Vec<u64>> {
        let frames = (usize::try_from(self.stack_len).ok()? / size_of::<u64>()).min(STACK);
        let (addresses, _) = bytes.get(..frames * size_of::<u64>())?.as_chunks();
        Some(addresses.iter().map(|address| u64::from_ne_bytes(*address)).filter(|address| *address != 0).collect())
    }
}

impl From<RawTuple> for Tuple {
    fn from(raw: RawTuple) -> Self {
        Self {
            local: Endpoint::new(canonical(raw.local), raw.local_port),
            remote: Endpoint::new(canonical(raw.remote), raw.remote_port),
            netns: raw.netns,
        }
    }
}

impl From<RawFacts> for Facts {
    fn from(raw: RawFacts) -> Self {
        Self {
            unread: raw.unread,
            unsent: raw.unsent,
            unacked: raw.unacked,
            linger: u32::try_from(raw.linger).ok(),
            snd_nxt: raw.snd_nxt,
            rcv_nxt: raw.rcv_nxt,
            retransmits: raw.retransmits,
            received_ago: known(raw.received_ago),
            sent_ago: known(raw.sent_ago),
            error: raw.error,
            bytes_received: raw.bytes_received,
            bytes_acked: raw.bytes_acked,
            cgroup: raw.cgroup,
            probes: raw.probes,
            peer_closed: raw.peer_closed,
            linger2_negative: raw.linger2_negative,
        }
    }
}

impl From<RawSettings> for Settings {
    fn from(raw: RawSettings) -> Self {
        let set = |number: u32| (number != 0).then_some(number);
        Self {
            send_timeout: set(raw.send_timeout),
            receive_timeout: set(raw.receive_timeout),
            user_timeout: set(raw.user_timeout),
            keepalive: set(raw.keepalive),
        }
    }
}

impl From<RawLife> for Life {
    fn from(raw: RawLife) -> Self {
        let taken = usize::from(raw.taken);
        let steps = (taken.saturating_sub(STEPS)..taken).map(|step| raw.steps[step % STEPS]);
        Self {
            closer: raw.closer,
            steps: steps.map(|step| (step >> STATE_BITS, (step & ((1 << STATE_BITS) - 1)) as u8)).collect(),
            opened: match raw.opened {
                1 => Opened::Actively,
                2 => Opened::Passively,
                3 => Opened::Listener,
                _ => Opened::Unseen,
            },
            closer_exits: raw.closer_exits,
            closer_signal: Some(raw.closer_signal).filter(|signal| *signal != 0),
            retransmitted: (raw.retransmitted != 0).then_some(raw.retransmitted),
            failed: (raw.failed != 0).then_some((raw.error, raw.failed)),
        }
    }
}

/// An address as the kernel side has it, IPv4 mapped.
pub(crate) fn canonical(address: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(address).to_canonical()
}

/// A number, unless it is the one that stands for none.
pub(crate) fn known(number: u32) -> Option<u32> {
    (number != NOT_KNOWN).then_some(number)
}

/// A C string.
pub(crate) fn until_zero(text: &[u8]) -> String {
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    String::from_utf8_lossy(&text[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    const WITHOUT_STACK: usize = size_of::<RawEvent>();
    /// `sizeof(struct event)`.
    const SIZE: usize = WITHOUT_STACK + 8 * STACK;
    const LIFE: usize = offset_of!(RawEvent, life);

    fn bytes() -> Vec<u8> {
        let mut bytes = vec![0; SIZE];
        bytes[8] = 1;
        bytes[12..16].fill(0xff);
        bytes
    }

    #[test]
    fn a_record_is_read_to_its_last_byte_and_no_further() {
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
        assert_eq!((event.tracepoint, event.reason), (Tracepoint::Sent, None));
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
}
