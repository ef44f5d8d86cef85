//! Packets and kernel events joined: which `tcp_send_reset` event belongs to a RST that was seen.
//!
//! The traps (docs/internals/reasons.md#traps-of-the-send-event): a listener's event does not name the peer, active
//! events are recorded just after the packet and reply events just before it, and an event's time
//! is the sender's while the packet's may be the receiver's, one path delay later.

use alloc::boxed::Box;

use crate::flow::FlowKey;
use crate::kernel::KernelWord;
use crate::kernel::{KernelReset, RstReason};
use crate::outcome::{Outcome, OutcomeKind};
use crate::recording::{Recording, Silence, Told};
use crate::segment::{Endpoint, Flags};
use crate::socket;
use crate::time::{Span, Timestamp};

/// An event may be recorded this long after its packet was captured.
const EVENT_AFTER_PACKET: Span = Span::from_millis(50);
/// The path may take this long from the sender to the capture point.
const LONGEST_PATH: Span = Span::from_secs(2);

impl Recording {
    /// Notes what this recording says of the first RST of `outcome`.
    pub fn note_word(&self, outcome: &mut Outcome) {
        let word = self.word(outcome);
        outcome.note_kernel(word);
    }

    /// What this recording says of the first RST of `outcome`.
    pub fn word(&self, outcome: &Outcome) -> KernelWord {
        let sender = outcome.connection().endpoint(outcome.sender());
        let receiver = outcome.connection().endpoint(outcome.receiver());
        if outcome.kind() == OutcomeKind::FailedConnect || !self.covers(sender, outcome.time()) {
            return KernelWord::NotAsked;
        }
        let event = self.named(sender, receiver, outcome).or_else(|| self.by_listener(sender, outcome));
        match event {
            Some(event) => KernelWord::Sent(event.clone()),
            None if self.lost > 0 || self.silence == Silence::MeansNothing => KernelWord::NotAsked,
            None => KernelWord::SentNone,
        }
    }

    /// Adds what was told live of the same RST: the sockets and processes of those ends that were asked.
    pub fn account_for(&self, outcome: &mut Outcome) {
        let ends = (outcome.connection().endpoint(outcome.sender()), outcome.connection().endpoint(outcome.receiver()));
        let before = Span::from_nanos(-LONGEST_PATH.nanos());
        let (earliest, latest) = (outcome.time().plus(before), outcome.time().plus(LONGEST_PATH));
        let same = |told: &&Told| {
            let event = &told.reset.event;
            let told_ends = match event.told {
                socket::Told::Sent(_) => (event.local, event.remote),
                socket::Told::Received => (event.remote, event.local),
            };
            told.more == 0 && told_ends == ends && earliest <= event.time && event.time <= latest
        };
        let Some(Told { reset, .. }) = self.told.iter().find(same) else { return };
        for event in [Some(&reset.event), reset.peer.as_ref()].into_iter().flatten() {
            let (_, side) = FlowKey::of(event.local, event.remote);
            outcome.incarnation_mut().accounts[side.index()] = Some(Box::new(event.account.clone()));
        }
    }

    fn covers(&self, sender: Endpoint, time: Timestamp) -> bool {
        self.addresses.contains(&sender.ip) && self.from <= time && time <= self.to.plus(LONGEST_PATH)
    }

    /// The first event of this very connection: the first RST is what the verdict is about.
    fn named(&self, sender: Endpoint, receiver: Endpoint, outcome: &Outcome) -> Option<&KernelReset> {
        let latest = outcome.time().plus(EVENT_AFTER_PACKET);
        let earliest = Span::from_nanos(-LONGEST_PATH.nanos());
        let earliest = outcome.connection().first.plus(earliest).max(outcome.time().plus(earliest));
        let mut events = self.resets.iter().filter(|event| event.local == sender && event.remote == Some(receiver));
        events.find(|event| earliest <= event.time && event.time <= latest && could_be(event, outcome))
    }

    /// The last event of a listener on that port before the RST. A listener only ever replies: with
    /// a bare RST, or to a SYN with RST+ACK at sequence number 0 (docs/internals/resets.md).
    fn by_listener(&self, sender: Endpoint, outcome: &Outcome) -> Option<&KernelReset> {
        let time = outcome.time();
        let rst = &outcome.rst()?.record;
        if rst.flags.has(Flags::ACK) && rst.seq.raw() != 0 {
            return None;
        }
        let (earliest, latest) = (time.plus(Span::from_nanos(-LONGEST_PATH.nanos())), time.plus(EVENT_AFTER_PACKET));
        let by_listener = |event: &&KernelReset| event.remote.is_none() && event.local.port == sender.port;
        self.resets.iter().rev().filter(by_listener).find(|event| earliest <= event.time && event.time <= latest)
    }
}

/// A kernel that answers a segment for which it has no connection sends a bare RST, or RST+ACK at
/// number 0 (`tcp_v4_send_reset`). A RST+ACK elsewhere is somebody else's, forged before it.
fn could_be(event: &KernelReset, outcome: &Outcome) -> bool {
    let answers = matches!(event.reason, Some(RstReason::NoSocket | RstReason::TcpFlags));
    let first = outcome.rst().map(|rst| &rst.record);
    !answers || first.is_none_or(|rst| !rst.flags.has(Flags::ACK) || rst.seq.raw() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::SocketReset;
    use crate::socket::{Account, SocketEvent};
    use crate::testing::conversation;

    #[test]
    fn what_was_told_live_of_the_same_rst_is_added_and_of_no_other() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            0.500 C < S RA 1:1(0) ack 1";
        let outcome = conversation(text).outcome();
        let told = |after: Span| {
            let event = SocketEvent {
                time: outcome.time().plus(after),
                told: socket::Told::Received,
                local: outcome.connection().endpoint(outcome.receiver()),
                remote: outcome.connection().endpoint(outcome.sender()),
                trigger: None,
                account: Account { netns: 7, ..Account::default() },
            };
            let told = Told { reset: SocketReset { event, peer: None, unsent: false }, more: 0 };
            let recording = Recording { told: alloc::vec![told], ..Recording::default() };
            let mut outcome = outcome.clone();
            recording.account_for(&mut outcome);
            [outcome.receiver(), outcome.sender()].map(|side| outcome.account(side).map(|account| account.netns))
        };
        assert_eq!(told(Span::from_millis(3)), [Some(7), None]);
        assert_eq!(told(Span::from_secs(9)), [None, None], "the same two ports, used again");
    }
}
