//! The records of the kernel side as they lie in memory: the Rust side of `bpf/event.h`.
//!
//! Both sides say where each field stands: the header in a list of `AT` and `SIZE`, which are
//! assertions of the C compiler, this file beside each field. A test holds the two lists against each
//! other. That a structure has no padding but what is named is what deriving `IntoBytes` proves.

use std::mem::offset_of;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// States that a socket's flight recorder keeps.
pub(crate) const STEPS: usize = 8;
/// Addresses of a call stack at most.
pub(crate) const STACK: usize = 24;
/// Bytes of a command line at most.
pub(crate) const ARGS: usize = 120;
/// Bytes of a task's name.
const COMM: usize = 16;

/// A number that is not known.
pub(crate) const NOT_KNOWN: u32 = u32::MAX;

/// The facts are those of a live socket.
pub(crate) const HAS_SOCKET: u32 = 1;
/// The RST answers a segment.
pub(crate) const HAS_TRIGGER: u32 = 2;
pub(crate) const HAS_LIFE: u32 = 4;
/// Life and facts are of a socket that is gone.
pub(crate) const FROM_CLOSED: u32 = 8;
/// A process holds the socket: the current task acts on it.
pub(crate) const OWNED: u32 = 16;
/// The current task is ending.
pub(crate) const EXITING: u32 = 32;
/// A listener answered; the owner is its owner.
pub(crate) const LISTENER: u32 = 64;
/// No process has the socket open any more.
pub(crate) const ORPHAN: u32 = 128;
/// Who ended was chosen because memory ran out.
pub(crate) const OOM_KILLED: u32 = 256;

/// What of a step is the state; the rest is when.
pub(crate) const STATE_BITS: u32 = 4;
/// When a process was born is counted in 2^20 ns.
pub(crate) const BORN_SHIFT: u32 = 20;
/// A window in which equal resets are counted is 2^30 ns, 1.07 s.
pub(crate) const WINDOW_SHIFT: u32 = 30;
/// The marks that make resets of one form: [`HAS_TRIGGER`], [`FROM_CLOSED`] and [`LISTENER`].
pub(crate) const FORM_MARKS: u32 = HAS_TRIGGER | FROM_CLOSED | LISTENER;
/// Where the flags of the segment that is answered stand in a form.
pub(crate) const FORM_FLAGS: u32 = 16;
/// Those flags: FIN, SYN, RST and ACK.
pub(crate) const FORM_FLAG_BITS: u32 = 0x17;

/// Structures with the size and the offsets that they have in C.
macro_rules! layouts {
    ($(
        $(#[$attribute:meta])*
        $name:ident is $c:literal of $size:literal {
            $($(#[$about:meta])* $field:ident: $type:ty = $at:literal,)+
        }
    )+) => {
        $(
            $(#[$attribute])*
            #[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes, KnownLayout)]
            #[repr(C)]
            pub(crate) struct $name {
                $($(#[$about])* pub(crate) $field: $type,)+
            }

            const _: () = {
                assert!(size_of::<$name>() == $size, $c);
                $(assert!(offset_of!($name, $field) == $at, concat!($c, ".", stringify!($field)));)+
            };
        )+

        /// Every field with its offset, and every structure with its size, by their names in C.
        #[cfg(test)]
        const LAYOUTS: &[(&str, &str, usize)] =
            &[$($(($c, stringify!($field), $at),)+ ($c, "", $size),)+];
    };
}

layouts! {
    /// A process, distinguished from others that had its number.
    #[derive(PartialEq, Eq, Hash, Default)]
    Who is "who" of 8 {
        /// 0: nobody.
        pid: u32 = 0,
        /// When it was started, in units of 2^20 ns since boot; it wraps.
        born: u32 = 4,
    }

    /// The two ends of a connection in a network namespace. IPv4 is mapped.
    RawTuple is "tuple" of 40 {
        local: [u8; 16] = 0,
        remote: [u8; 16] = 16,
        local_port: u16 = 32,
        remote_port: u16 = 34,
        netns: u32 = 36,
    }

    /// A socket's own numbers. Ticks are those of `HZ`.
    RawFacts is "facts" of 72 {
        unread: u32 = 0,
        unsent: u32 = 4,
        unacked: u32 = 8,
        /// Seconds; below zero none.
        linger: i32 = 12,
        snd_nxt: u32 = 16,
        rcv_nxt: u32 = 20,
        retransmits: u32 = 24,
        received_ago: u32 = 28,
        sent_ago: u32 = 32,
        error: u32 = 36,
        bytes_received: u64 = 40,
        bytes_acked: u64 = 48,
        cgroup: u64 = 56,
        probes: u8 = 64,
        shutdown: u8 = 65,
        backlog: u16 = 66,
        max_backlog: u16 = 68,
        peer_closed: u8 = 70,
        linger2_negative: u8 = 71,
    }

    /// What a program asked of its socket. 0: nothing.
    RawSettings is "settings" of 16 {
        send_timeout: u32 = 0,
        receive_timeout: u32 = 4,
        user_timeout: u32 = 8,
        keepalive: u32 = 12,
    }

    /// The flight recorder of one socket.
    RawLife is "life" of 104 {
        owner: Who = 0,
        closer: Who = 8,
        /// A ring of when and which state.
        steps: [u64; STEPS] = 16,
        retransmitted: u64 = 80,
        failed: u64 = 88,
        error: u16 = 96,
        taken: u8 = 98,
        opened: u8 = 99,
        closer_exits: u8 = 100,
        state: u8 = 101,
        /// That ended the closer, when it was ending.
        closer_signal: u8 = 102,
        pad: u8 = 103,
    }

    /// A socket that is gone.
    RawClosedSocket is "closed_socket" of 240 {
        /// Of this record; 0 while it is written. Odd where both ends had closed.
        number: u64 = 0,
        before: u64 = 8,
        at: u64 = 16,
        tuple: RawTuple = 24,
        life: RawLife = 64,
        facts: RawFacts = 168,
    }

    /// A process that had to do with a socket.
    RawProcess is "process" of 160 {
        cgroup: u64 = 0,
        uid: u32 = 8,
        parent: u32 = 12,
        /// Bytes of `text`; 0: only `/proc` knows.
        len: u32 = 16,
        comm: [u8; COMM] = 20,
        text: [u8; ARGS] = 36,
        pad: u32 = 156,
    }

    /// Somebody who listens or listened.
    RawListener is "listener" of 56 {
        owner: Who = 0,
        began: u64 = 8,
        /// 0: it listens.
        ended: u64 = 16,
        shared: u32 = 24,
        /// [`EXITING`] and [`OOM_KILLED`], of who ended it.
        ending: u32 = 28,
        closer: Who = 32,
        killer: Who = 40,
        exit_code: i32 = 48,
        pad: u32 = 52,
    }

    /// What makes resets equal that are only counted.
    RawAggregate is "aggregate" of 56 {
        service: [u8; 16] = 0,
        port: u32 = 16,
        netns: u32 = 20,
        kind: u32 = 24,
        reason: u32 = 28,
        state: u32 = 32,
        owner: u32 = 36,
        form: u32 = 40,
        pad: u32 = 44,
        window: u64 = 48,
    }

    /// A reset that was sent or received, up to its call stack, which is of any length.
    RawEvent is "event" of 336 {
        at: u64 = 0,
        kind: u32 = 8,
        reason: u32 = 12,
        marks: u32 = 16,
        state: u32 = 20,
        tuple: RawTuple = 24,
        trigger_seq: u32 = 64,
        trigger_ack: u32 = 68,
        trigger_len: u32 = 72,
        trigger_window: u16 = 76,
        trigger_flags: u8 = 78,
        trigger_ttl: u8 = 79,
        current: Who = 80,
        owner: Who = 88,
        killer: Who = 96,
        comm: [u8; COMM] = 104,
        syscall: i64 = 120,
        exit_code: i32 = 128,
        stack_len: u32 = 132,
        facts: RawFacts = 136,
        settings: RawSettings = 208,
        closed_at: u64 = 224,
        life: RawLife = 232,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const HEADER: &str = include_str!("../bpf/event.h");

    #[test]
    fn both_sides_have_every_field_at_the_same_place() {
        let mut here: BTreeSet<_> = LAYOUTS.iter().copied().collect();
        // What follows the fixed part is the stack.
        here.remove(&("event", "", size_of::<RawEvent>()));
        here.insert(("event", "stack", size_of::<RawEvent>()));
        here.insert(("event", "", size_of::<RawEvent>() + STACK * size_of::<u64>()));
        let there: BTreeSet<_> = HEADER.lines().filter_map(assertion).collect();
        assert_eq!(here, there);
    }

    /// `AT(tuple, netns, 36);` or `SIZE(tuple, 40);`.
    fn assertion(line: &str) -> Option<(&str, &str, usize)> {
        let (word, rest) = line.split_once('(')?;
        let words: Vec<&str> = rest.strip_suffix(");")?.split(", ").collect();
        match (word, words.as_slice()) {
            ("AT", [structure, field, at]) => Some((structure, field, at.parse().unwrap())),
            ("SIZE", [structure, size]) => Some((structure, "", size.parse().unwrap())),
            _ => None,
        }
    }

    #[test]
    fn both_sides_have_the_same_constants() {
        let constants = [
            ("HAS_SOCKET", HAS_SOCKET),
            ("HAS_TRIGGER", HAS_TRIGGER),
            ("HAS_LIFE", HAS_LIFE),
            ("FROM_CLOSED", FROM_CLOSED),
            ("OWNED", OWNED),
            ("EXITING", EXITING),
            ("LISTENER", LISTENER),
            ("ORPHAN", ORPHAN),
            ("OOM_KILLED", OOM_KILLED),
            ("STATE_BITS", STATE_BITS),
            ("BORN_SHIFT", BORN_SHIFT),
            ("WINDOW_SHIFT", WINDOW_SHIFT),
            ("FORM_MARKS", FORM_MARKS),
            ("FORM_FLAGS", FORM_FLAGS),
            ("FORM_FLAG_BITS", FORM_FLAG_BITS),
            ("NOT_KNOWN", NOT_KNOWN),
        ];
        for (name, value) in constants {
            assert_eq!(constant(name), Some(value), "{name}");
        }
    }

    /// `#define NAME 4`, or `NAME = 4,` of an enumeration.
    fn constant(name: &str) -> Option<u32> {
        let of_line = |line: &'static str| {
            let line = line.trim_start();
            let of_macro = line.strip_prefix("#define ").and_then(|rest| rest.strip_prefix(name)?.strip_prefix(' '));
            of_macro.or_else(|| line.strip_prefix(name)?.strip_prefix(" = "))
        };
        let value = HEADER.lines().find_map(of_line)?.split([',', ' ']).next()?;
        value.strip_prefix("0x").map_or_else(|| value.parse(), |digits| u32::from_str_radix(digits, 16)).ok()
    }
}
