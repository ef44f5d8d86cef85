//! Two events of one RST, and several RSTs of one connection, made into one.
//!
//! On a loopback both ends report the same RST, the receiver often first (an abort is traced after
//! its segment went out). A reset for data after a close is reported as received too, although no RST
//! came (`tcp_rcv_state_process` resets its own socket). So events wait a moment for their other
//! half. Further answers to segments that were still on their way are counted, not reported again.
//!
//! Between a RST and the tracing of who sent it that task may lose its processor. So what was received from
//! an address that is this host's waits longer: reported alone, it would pass for a firewall's.
//!
//! Where this host's NAT lies between its two ends (a published port, the address of a service), these call their
//! connection by different ends. The numbers of the RST lead from one to the other ([`Numbers`]), and so does what
//! the host's table says NAT made of one end's ([`Wire`]).
//!
//! The facts behind it: docs/internals/probe.md#two-events-one-reset.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;

use whyrst_core::connection::TcpState;
use whyrst_core::kernel::RstReason;
use whyrst_core::segment::{Endpoint, Flags};
use whyrst_core::socket::SocketReset;
use whyrst_core::socket::{SocketEvent, Told, Wire};
use whyrst_core::time::{Span, Timestamp};

use crate::folding::Key;
use crate::numbers::{Numbers, are_ends_of_one};

/// How long the other half may take: it is traced within microseconds, on a busy machine later.
const PATIENCE: Span = Span::from_millis(4);
/// The same, where the other half must come.
const LONG_PATIENCE: Span = Span::from_millis(100);
/// What the other end reports after the sender was reported belongs to it within this time.
const LATE_HALF: Span = Span::from_secs(1);
/// Events that wait at once. Each may hold the command lines of six processes.
const MOST_WAITING: usize = 512;
/// Addresses of this host that are remembered.
const ADDRESSES: usize = 1_024;
/// A further RST this long after the first still belongs to it: two maximum segment lifetimes as
/// Linux has them (`TCP_TIMEWAIT_LEN`).
const MEMORY: Span = Span::from_secs(60);
/// Connections remembered for that.
const REMEMBERED: usize = 8_192;

/// A connection from one end.
type End = (Endpoint, Endpoint);

#[derive(Debug, Default)]
pub(crate) struct Pairing {
    waiting: VecDeque<Waiting>,
    /// How many were taken from the front of `waiting`, so that places stay valid.
    taken: usize,
    places: HashMap<End, usize>,
    reported: HashMap<End, Timestamp>,
    /// Of those, who sent.
    sent: HashMap<End, Timestamp>,
    oldest: VecDeque<(Timestamp, End)>,
    later: u64,
    /// When resets were sent whose other end did not report them, and with which numbers.
    alone: VecDeque<(Timestamp, Option<Numbers>)>,
    /// Addresses of this host, in any namespace, as far as they were met.
    own: BTreeSet<IpAddr>,
}

/// The half of a reset whose other half was reported.
#[derive(Debug)]
pub(crate) enum OtherHalf {
    /// It is here, and waits no longer.
    Waits(Box<SocketEvent>, Key),
    /// Its reset was reported already.
    Reported,
    /// It is on another host, or nobody reported it.
    Missing,
}

#[derive(Debug)]
struct Waiting {
    event: Option<SocketEvent>,
    peer: Option<SocketEvent>,
    since: Timestamp,
    end: End,
    key: Key,
}

impl Pairing {
    /// RSTs that belong to resets that were reported already.
    pub(crate) const fn later(&self) -> u64 {
        self.later
    }

    /// Whether another event may begin to wait.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < MOST_WAITING
    }

    /// Whether an event of the socket with these ends is the other half of one that waits.
    pub(crate) fn awaits(&mut self, local: Endpoint, remote: Endpoint) -> bool {
        self.waiting_at((remote, local)).is_some_and(|waiting| waiting.peer.is_none())
    }

    /// The clock was set: what is remembered has times of before.
    pub(crate) fn forget(&mut self) {
        self.reported.clear();
        self.sent.clear();
        self.oldest.clear();
        self.alone.clear();
    }

    /// Counts a further RST of a connection whose own reset was not reported.
    pub(crate) const fn count_later(&mut self) {
        self.later += 1;
    }

    pub(crate) fn take(&mut self, event: SocketEvent, key: Key) {
        let end = (event.local, event.remote);
        if self.own.len() < ADDRESSES {
            self.own.insert(event.local.ip);
        }
        let of_sender = self.sent.get(&(end.1, end.0)).copied();
        match &event.told {
            Told::Received => match self.waiting_at((end.1, end.0)) {
                Some(sent) if is_sent(sent) && sent.peer.is_none() => sent.peer = Some(event),
                // Its sender could not wait and was reported without it.
                _ if of_sender.is_some_and(|reported| event.time.since(reported).abs() < LATE_HALF) => {}
                _ => {
                    self.wait(event, end, key);
                    self.remember(end);
                }
            },
            Told::Sent(_) => self.sent(event, end, key),
        }
    }

    fn sent(&mut self, event: SocketEvent, end: End, key: Key) {
        if is_abort_on_data(&event) && self.waiting_at(end).is_some_and(|other| !is_sent(other)) {
            self.remove(end);
            self.reported.remove(&end);
            self.sent.remove(&end);
        }
        if self.is_later(&event, end) {
            self.later += 1;
            return;
        }
        match self.waiting_at((end.1, end.0)) {
            Some(received) if !is_sent(received) => {
                received.peer = received.event.replace(event);
                received.key = key;
                let place = self.places.remove(&(end.1, end.0)).unwrap_or_default();
                self.waiting[place - self.taken].end = end;
                self.places.insert(end, place);
            }
            _ => self.wait(event, end, key),
        }
        self.remember(end);
        if let Some(reported) = self.reported.get(&end) {
            self.sent.insert(end, *reported);
        }
    }

    fn wait(&mut self, event: SocketEvent, end: End, key: Key) {
        self.places.insert(end, self.taken + self.waiting.len());
        self.waiting.push_back(Waiting { since: event.time, event: Some(event), peer: None, end, key });
    }

    /// The next reset that has waited long enough at `now`. What waits longer does not keep what came after it.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<(SocketReset, Key)> {
        self.forget_taken();
        let at = self.due(now)?;
        let waiting = &mut self.waiting[at];
        let (event, peer, key) = (waiting.event.take()?, waiting.peer.take(), waiting.key.clone());
        if self.places.get(&waiting.end) == Some(&(self.taken + at)) {
            self.places.remove(&waiting.end);
        }
        if peer.is_none() && event.told != Told::Received {
            self.note_alone(&event);
        }
        self.forget_taken();
        let unsent = peer.is_none() && event.told == Told::Received && is_own(&event);
        Some((SocketReset { event, peer, unsent }, key))
    }

    fn forget_taken(&mut self) {
        while self.waiting.front().is_some_and(|first| first.event.is_none()) {
            self.waiting.pop_front();
            self.taken += 1;
        }
    }

    /// The place of the first that has waited long enough: nothing younger than the common patience has.
    fn due(&self, now: Timestamp) -> Option<usize> {
        let old = self.waiting.iter().take_while(|waiting| now.since(waiting.since) >= PATIENCE);
        old.enumerate()
            .find(|(_, waiting)| {
                waiting.event.as_ref().is_some_and(|event| now.since(waiting.since) >= self.patience(waiting, event))
            })
            .map(|(at, _)| at)
    }

    /// What became of the other half of `event`, which was reported alone, where NAT makes `wire` of its ends.
    pub(crate) fn other_half(&mut self, event: &SocketEvent, wire: Wire) -> OtherHalf {
        let other = (wire.remote, wire.local);
        let received = event.told == Told::Received;
        let found = self.waiting_at(other).filter(|waiting| waiting.peer.is_none() && is_sent(waiting) == received);
        if let Some(waiting) = found {
            let (half, key) = (waiting.event.take(), waiting.key.clone());
            self.places.remove(&other);
            return half.map_or(OtherHalf::Missing, |half| OtherHalf::Waits(Box::new(half), key));
        }
        let reported = self.sent.get(&other).filter(|_| received);
        if reported.is_some_and(|reported| event.time.since(*reported).abs() < LATE_HALF) {
            OtherHalf::Reported
        } else {
            OtherHalf::Missing
        }
    }

    /// Whether this host sent a RST at that time that nobody here is known to have received: it may be one that was
    /// received under another name.
    pub(crate) fn may_have_sent(&self, time: Timestamp) -> bool {
        let near = |sent: &Timestamp| sent.since(time).abs() < LONG_PATIENCE;
        let waits = |waiting: &Waiting| is_sent(waiting) && waiting.peer.is_none() && near(&waiting.since);
        self.alone.iter().any(|(sent, _)| near(sent)) || self.waiting.iter().any(waits)
    }

    fn note_alone(&mut self, event: &SocketEvent) {
        while self.alone.front().is_some_and(|(first, _)| event.time.since(*first) > LATE_HALF) {
            self.alone.pop_front();
        }
        // That many at once are as good as all.
        if self.alone.len() < ADDRESSES {
            self.alone.push_back((event.time, Numbers::of(event)));
        }
    }

    /// The other half of `event`, which was reported alone, by the numbers of the RST: what NAT lies between the two,
    /// and in which namespace, does not matter.
    pub(crate) fn half_with_its_numbers(&mut self, event: &SocketEvent) -> OtherHalf {
        let is_other = |waiting: &&mut Waiting| {
            let half = waiting.event.as_ref().filter(|_| waiting.peer.is_none());
            half.is_some_and(|half| are_ends_of_one(event, half))
        };
        if let Some(waiting) = self.waiting.iter_mut().find(is_other) {
            let (half, key, end) = (waiting.event.take(), waiting.key.clone(), waiting.end);
            self.places.remove(&end);
            return half.map_or(OtherHalf::Missing, |half| OtherHalf::Waits(Box::new(half), key));
        }
        let is_reported = self.alone.iter().any(|(_, rst)| rst.is_some_and(|rst| rst.are_of(event)));
        if is_reported { OtherHalf::Reported } else { OtherHalf::Missing }
    }

    fn patience(&self, waiting: &Waiting, event: &SocketEvent) -> Span {
        let must_come = waiting.peer.is_none() && event.told == Told::Received && self.own.contains(&event.remote.ip);
        if must_come { LONG_PATIENCE } else { PATIENCE }
    }

    /// Whether any waits.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn waiting_at(&mut self, end: End) -> Option<&mut Waiting> {
        let place = self.places.get(&end)?.checked_sub(self.taken)?;
        self.waiting.get_mut(place).filter(|waiting| waiting.event.is_some())
    }

    fn remove(&mut self, end: End) {
        if let Some(waiting) = self.waiting_at(end) {
            waiting.event = None;
        }
        self.places.remove(&end);
    }

    /// An answer to another segment of a connection whose reset was reported. A SYN begins anew.
    fn is_later(&self, event: &SocketEvent, end: End) -> bool {
        let begins = begins_anew(event);
        let aborts = event.trigger.is_none() && !is_echo(event);
        let known = [end, (end.1, end.0)].iter().filter_map(|end| self.reported.get(end)).max();
        !begins && !aborts && known.is_some_and(|reported| event.time.since(*reported) < MEMORY)
    }

    fn remember(&mut self, end: End) {
        let Some(time) = self.waiting.back().map(|waiting| waiting.since) else { return };
        self.reported.insert(end, time);
        self.oldest.push_back((time, end));
        if self.oldest.len() > REMEMBERED
            && let Some((time, end)) = self.oldest.pop_front()
            && self.reported.get(&end) == Some(&time)
        {
            self.reported.remove(&end);
            self.sent.remove(&end);
        }
    }
}

/// Whether a reset had ended the connection of `event` already: its socket left without a FIN of its own, and not for
/// want of answers (`tcp_write_err`). Where that reset was lost or only counted, this one tells half of the story.
pub(crate) fn follows_a_reset(event: &SocketEvent) -> bool {
    let Some(socket) = event.account.socket.as_ref().filter(|socket| socket.gone.is_some()) else { return false };
    let was_open = matches!(socket.last_open_state(), Some(TcpState::Established | TcpState::CloseWait));
    // Nobody was told of another error than that a RST came.
    let by_reset = [0, libc::ECONNRESET.unsigned_abs(), libc::EPIPE.unsigned_abs()].contains(&socket.error);
    was_open && by_reset && event.trigger.is_some() && !begins_anew(event)
}

fn begins_anew(event: &SocketEvent) -> bool {
    event.trigger.is_some_and(|trigger| trigger.flags.has(Flags::SYN))
}

/// Both ends have one address, or one that leads back: the RST cannot have come from elsewhere.
fn is_own(event: &SocketEvent) -> bool {
    event.local.ip == event.remote.ip || event.remote.ip.is_loopback()
}

fn is_sent(waiting: &Waiting) -> bool {
    waiting.event.as_ref().is_some_and(|event| matches!(event.told, Told::Sent(_)))
}

/// An MPTCP subflow answers a RST with one of its own (`mptcp_subflow_reset`;
/// docs/internals/mptcp.md#resets-of-subflows).
fn is_echo(event: &SocketEvent) -> bool {
    matches!(&event.told, Told::Sent(word) if word.reason == Some(RstReason::MptcpEunspec))
}

fn is_abort_on_data(event: &SocketEvent) -> bool {
    matches!(&event.told, Told::Sent(word) if word.reason == Some(RstReason::TcpAbortOnData))
}

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_core::kernel::KernelReset;
    use whyrst_core::seq::Seq;
    use whyrst_core::socket::{Account, SocketFacts, Step, Trigger};

    fn end(port: u16) -> Endpoint {
        Endpoint::new([10, 0, 0, 1].into(), port)
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_nanos(micros * 1_000)
    }

    fn received(time: i64, local: u16, remote: u16) -> SocketEvent {
        let account = Account::default();
        SocketEvent {
            time: at(time),
            told: Told::Received,
            local: end(local),
            remote: end(remote),
            trigger: None,
            account,
        }
    }

    fn sent(time: i64, local: u16, remote: u16, reason: RstReason, trigger: Option<u8>) -> SocketEvent {
        let word = KernelReset {
            time: at(time),
            reason: Some(reason),
            reason_name: reason.name().into(),
            state: "CLOSE".into(),
            local: end(local),
            remote: Some(end(remote)),
            stack: vec![],
            comm: String::new(),
            pid: 0,
        };
        let (seq, ack) = (Seq::default(), Seq::default());
        let trigger =
            trigger.map(|flags| Trigger { seq, ack, len: 0, window: 0, flags: Flags::from_bits(flags), ttl: 64 });
        SocketEvent { told: Told::Sent(word), trigger, ..received(time, local, remote) }
    }

    fn paired(events: Vec<SocketEvent>) -> (Vec<SocketReset>, u64) {
        let mut pairing = Pairing::default();
        for event in events {
            pairing.take(event, Key::default());
        }
        let resets = std::iter::from_fn(|| pairing.next(at(1_000_000))).map(|(reset, _)| reset).collect();
        (resets, pairing.later())
    }

    const ABORT: RstReason = RstReason::TcpAbortOnClose;
    const ACK: u8 = 0x10;

    #[test]
    fn both_ends_are_one_reset_in_either_order() {
        for events in
            [vec![received(0, 1, 2), sent(9, 2, 1, ABORT, None)], vec![sent(0, 2, 1, ABORT, None), received(9, 1, 2)]]
        {
            let (resets, _) = paired(events);
            assert_eq!(resets.len(), 1);
            assert!(matches!(resets[0].event.told, Told::Sent(_)));
            assert_eq!(resets[0].peer.as_ref().map(|peer| peer.local.port), Some(1));
        }
    }

    #[test]
    fn an_abort_on_data_was_not_received_by_its_sender() {
        let (resets, _) =
            paired(vec![received(0, 2, 1), sent(1, 2, 1, RstReason::TcpAbortOnData, Some(ACK)), received(9, 1, 2)]);
        assert_eq!(resets.len(), 1);
        assert_eq!((resets[0].event.local.port, resets[0].peer.is_some()), (2, true));
    }

    #[test]
    fn answers_to_late_segments_are_counted_and_a_syn_begins_anew() {
        let late = sent(50, 2, 1, RstReason::NoSocket, Some(ACK));
        let anew = sent(60, 2, 1, RstReason::NoSocket, Some(0x02));
        let (resets, later) = paired(vec![sent(0, 2, 1, ABORT, None), late, anew]);
        assert_eq!((resets.len(), later), (2, 1));
    }

    #[test]
    fn a_reset_of_another_connection_is_another_reset() {
        let (resets, later) = paired(vec![sent(0, 2, 1, ABORT, None), received(1, 3, 2), sent(2, 4, 1, ABORT, None)]);
        assert_eq!((resets.len(), later), (3, 0));
    }

    #[test]
    fn from_an_address_of_its_own_silence_means_a_firewall() {
        assert!(paired(vec![received(0, 1, 2)]).0[0].unsent);
        let elsewhere = SocketEvent { remote: Endpoint::new([10, 9, 9, 9].into(), 80), ..received(0, 1, 80) };
        assert!(!paired(vec![elsewhere]).0[0].unsent);
    }

    #[test]
    fn a_half_that_comes_late_is_no_reset_of_its_own() {
        let mut pairing = Pairing::default();
        let next = |pairing: &mut Pairing, millis: i64| pairing.next(at(millis * 1_000)).map(|(reset, _)| reset);
        // The sender lost its processor before it was traced.
        pairing.take(received(0, 1, 2), Key::default());
        assert!(next(&mut pairing, 50).is_none(), "reported alone it would pass for a firewall's");
        pairing.take(sent(60_000, 2, 1, ABORT, None), Key::default());
        let reset = next(&mut pairing, 200).unwrap();
        assert!(matches!(reset.event.told, Told::Sent(_)) && reset.peer.is_some() && !reset.unsent);
        // The receiver did.
        pairing.take(sent(300_000, 3, 1, ABORT, None), Key::default());
        assert!(next(&mut pairing, 310).is_some());
        pairing.take(received(320_000, 1, 3), Key::default());
        assert!(next(&mut pairing, 1_000).is_none() && !pairing.is_waiting());
    }

    /// What 1 calls 8 is 2, by NAT.
    fn behind_nat(event: &SocketEvent) -> Wire {
        let other = |port| if port == 8 { 2 } else { 8 };
        Wire { local: end(1), remote: end(other(event.remote.port)) }
    }

    #[test]
    fn what_nat_made_of_an_end_leads_to_the_other() {
        let mut pairing = Pairing::default();
        // The receiver is reported first, the sender waits.
        pairing.take(received(0, 1, 8), Key::default());
        pairing.take(sent(2_000, 2, 1, ABORT, None), Key::default());
        let event = pairing.next(at(100_000)).unwrap().0.event;
        assert!(pairing.may_have_sent(event.time));
        let OtherHalf::Waits(half, _) = pairing.other_half(&event, behind_nat(&event)) else { panic!("it waits") };
        assert!(matches!(half.told, Told::Sent(_)));
        assert!(pairing.next(at(200_000)).is_none(), "it was taken");
        // The sender was reported before its receiver reported it.
        pairing.take(sent(300_000, 2, 1, ABORT, None), Key::default());
        assert!(pairing.next(at(310_000)).is_some());
        let late = received(320_000, 1, 8);
        assert!(matches!(pairing.other_half(&late, behind_nat(&late)), OtherHalf::Reported));
        // Nobody here sent it.
        let foreign = received(330_000, 3, 8);
        let wire = Wire { local: end(3), remote: end(2) };
        assert!(matches!(pairing.other_half(&foreign, wire), OtherHalf::Missing));
        assert!(pairing.may_have_sent(at(330_000)) && !pairing.may_have_sent(at(900_000)));
    }

    /// An answer to a late segment of a connection that left in `state` with `error`.
    fn answer(state: TcpState, error: u32, flags: u8) -> SocketEvent {
        let mut event = sent(50, 2, 1, RstReason::NoSocket, Some(flags));
        let steps = vec![Step { time: at(0), state }, Step { time: at(40), state: TcpState::Closed }];
        event.account.socket = Some(SocketFacts { steps, error, gone: Some(at(40)), ..SocketFacts::default() });
        event
    }

    #[test]
    fn a_socket_that_left_without_a_fin_had_been_reset_before() {
        let econnreset = libc::ECONNRESET.unsigned_abs();
        assert!(follows_a_reset(&answer(TcpState::Established, 0, ACK)));
        assert!(follows_a_reset(&answer(TcpState::CloseWait, econnreset, ACK)));
        assert!(!follows_a_reset(&answer(TcpState::FinWait2, 0, ACK)), "it had closed in order");
        assert!(!follows_a_reset(&answer(TcpState::Established, libc::ETIMEDOUT.unsigned_abs(), ACK)), "it gave up");
        assert!(!follows_a_reset(&answer(TcpState::Established, 0, 0x02)), "a SYN begins anew");
        assert!(!follows_a_reset(&sent(0, 2, 1, ABORT, None)), "the reset itself");
    }

    #[test]
    fn waiting_has_a_bound_and_other_halves_still_find_their_place() {
        let mut pairing = Pairing::default();
        for port in 1..=u16::try_from(MOST_WAITING).unwrap() {
            assert!(pairing.has_room());
            pairing.take(received(0, port, 9_000), Key::default());
        }
        assert!(!pairing.has_room());
        assert!(pairing.awaits(end(9_000), end(7)) && !pairing.awaits(end(9_000), end(8_000)));
        pairing.take(sent(9, 9_000, 7, ABORT, None), Key::default());
        assert!(!pairing.awaits(end(9_000), end(7)), "it is complete");
        assert_eq!(pairing.waiting.len(), MOST_WAITING);
    }

    #[test]
    fn what_waits_for_its_sender_does_not_keep_what_came_after_it() {
        let mut pairing = Pairing::default();
        pairing.take(received(0, 1, 2), Key::default());
        pairing.take(sent(100, 3, 4, ABORT, None), Key::default());
        let (reset, _) = pairing.next(at(5_000)).expect("it has waited long enough");
        assert_eq!(reset.event.local.port, 3);
        assert!(pairing.next(at(5_000)).is_none());
        let (reset, _) = pairing.next(at(101_000)).expect("so has the other one now");
        assert_eq!(reset.event.local.port, 1);
        assert!(pairing.next(at(101_000)).is_none() && !pairing.is_waiting());
    }

    #[test]
    fn nothing_is_reported_before_its_time() {
        let mut pairing = Pairing::default();
        pairing.take(sent(0, 2, 1, ABORT, None), Key::default());
        assert!(pairing.next(at(1_000)).is_none() && pairing.is_waiting());
        assert!(pairing.next(at(4_000)).is_some() && !pairing.is_waiting());
    }
}
