//! Packets and kernel events joined: which `tcp_send_reset` event belongs to a RST that was seen.
//!
//! The traps are those of CATALOGUE section 4: a listener's event does not name the peer, active
//! events are recorded just after the packet and reply events just before it, and an event's time
//! is the sender's while the packet's may be the receiver's, one path delay later.

use crate::ending::{Ending, EndingKind, KernelWord};
use crate::kernel::{KernelReset, Recording, RstReason};
use crate::segment::{Endpoint, Flags};
use crate::time::{Span, Timestamp};

/// An event may be recorded this long after its packet was captured.
const EVENT_AFTER_PACKET: Span = Span::from_millis(50);
/// The path may take this long from the sender to the capture point.
const LONGEST_PATH: Span = Span::from_secs(2);

impl Recording {
    /// What this recording says of the first RST of `ending`.
    pub fn word(&self, ending: &Ending) -> KernelWord {
        let sender = ending.connection.endpoint(ending.sender());
        let receiver = ending.connection.endpoint(ending.receiver());
        if ending.kind == EndingKind::FailedConnect || !self.covers(sender, ending.time()) {
            return KernelWord::NotAsked;
        }
        let event = self.named(sender, receiver, ending).or_else(|| self.by_listener(sender, ending));
        match event {
            Some(event) => KernelWord::Sent(event.clone()),
            None if self.lost > 0 => KernelWord::NotAsked,
            None => KernelWord::SentNone,
        }
    }

    fn covers(&self, sender: Endpoint, time: Timestamp) -> bool {
        self.addresses.contains(&sender.ip) && self.from <= time && time <= self.to.plus(LONGEST_PATH)
    }

    /// The first event of this very connection: the first RST is what the verdict is about.
    fn named(&self, sender: Endpoint, receiver: Endpoint, ending: &Ending) -> Option<&KernelReset> {
        let latest = ending.time().plus(EVENT_AFTER_PACKET);
        let earliest = Span::from_nanos(-LONGEST_PATH.nanos());
        let earliest = ending.connection.first.plus(earliest).max(ending.time().plus(earliest));
        let mut events = self.resets.iter().filter(|event| event.local == sender && event.remote == Some(receiver));
        events.find(|event| earliest <= event.time && event.time <= latest && could_be(event, ending))
    }

    /// The last event of a listener on that port before the RST. A listener only ever replies: with
    /// a bare RST, or to a SYN with RST+ACK at sequence number 0 (CATALOGUE section 1).
    fn by_listener(&self, sender: Endpoint, ending: &Ending) -> Option<&KernelReset> {
        let time = ending.time();
        let rst = &ending.rst()?.record;
        if rst.flags.has(Flags::ACK) && rst.seq.raw() != 0 {
            return None;
        }
        let (earliest, latest) = (time.plus(Span::from_nanos(-LONGEST_PATH.nanos())), time.plus(EVENT_AFTER_PACKET));
        let by_listener = |event: &&KernelReset| event.remote.is_none() && event.local.port == sender.port;
        self.resets.iter().rev().filter(by_listener).find(|event| earliest <= event.time && event.time <= latest)
    }
}

/// A kernel that answers a segment for which it has no connection sends a bare RST, or RST+ACK at
/// number 0 (CATALOGUE section 1). A RST+ACK elsewhere is somebody else's, forged before it.
fn could_be(event: &KernelReset, ending: &Ending) -> bool {
    let answers = matches!(event.reason, Some(RstReason::NoSocket | RstReason::TcpFlags));
    let first = ending.rst().map(|rst| &rst.record);
    !answers || first.is_none_or(|rst| !rst.flags.has(Flags::ACK) || rst.seq.raw() == 0)
}
