//! `watch --packets`: what the wire shows beside what the kernel reports.
//!
//! The last packets of each connection are kept. A RST that was received is judged by them as
//! `explain` would judge a capture, against that connection's own TTL and identifications. A RST
//! that left this host and that its TCP did not report was made by a firewall, or by a program
//! with a raw socket; one that came in on another device was only passed on.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use whyrst_capture::Counts;
use whyrst_core::flow::{FlowKey, Side};
use whyrst_core::kernel::KernelWord;
use whyrst_core::observation::Seen;
use whyrst_core::outcome::{Basis, Outcome};
use whyrst_core::segment::{Endpoint, Flags, Segment};
use whyrst_core::seq::Seq;
use whyrst_core::socket::Told;
use whyrst_core::time::{Span, Timestamp};
use whyrst_core::verdict::judge;
use whyrst_probe::{Direction, Firewall, Hook, Live, Packet, Packets, RejectRule, SocketReset, now};

use super::flows::{Flows, Reach, record};

/// RSTs that are remembered for a purpose: beyond it nothing is concluded from a RST that is not among them.
const MOST_RESETS: usize = 32_768;
/// Resets that wait: beyond it each is judged by its own connection alone, as the others' packets take time.
const MOST_BESIDE_SIBLINGS: usize = 64;
/// Resets held back for their packets; beyond it they are reported without.
const MOST_HELD: usize = 1_024;
/// Services whose firewall's resets are told apart in a second, and resets that are reported one by one in it.
const MOST_SERVICES: usize = 256;
/// A RST that was received waits so long for what its supposed sender does next.
const HOLD: Span = Span::from_millis(60);
/// A RST that this host sent waits so long for its own packet, which the ring of packets holds back a little.
const JOIN: Span = Span::from_millis(20);
/// The kernel's event of a RST may come so much later than its packet.
const EVENT: Span = Span::from_millis(250);
/// So long it is remembered which RSTs were reported and which were only passed on.
const MEMORY: Span = Span::from_secs(5);
/// Further RSTs of a connection that was reported are counted (two maximum segment lifetimes).
const LATER: Span = Span::from_secs(60);
/// So many of one service are reported one by one in a second.
const REPORTED_SINGLY: u64 = 5;
const SECOND: Span = Span::from_secs(1);

/// The ends of a segment, source first.
type Ends = (Endpoint, Endpoint);

/// What is known of the wire.
#[derive(Debug)]
pub(super) struct SecondSource {
    packets: Packets,
    flows: Flows,
    /// RSTs that left this host and have no event yet.
    suspects: VecDeque<Suspect>,
    /// RSTs that came from elsewhere into a namespace, by their numbers, which no NAT changes.
    passing: HashMap<(u32, Seq, Seq), Timestamp>,
    /// RSTs that the kernel reported.
    reported: HashMap<Ends, Timestamp>,
    /// RSTs that it did not report, and that were reported for that.
    unsent: HashMap<Ends, Timestamp>,
    folds: HashMap<Endpoint, Fold>,
    folding_since: Timestamp,
    held: VecDeque<(Timestamp, Box<SocketReset>)>,
    /// Resets that this host sent, until their packets have come.
    joining: VecDeque<(Timestamp, Box<SocketReset>)>,
    /// RSTs that could not be judged because events were lost.
    undecided: u64,
    later: u64,
    /// When packets were lost last, and how many had been by then.
    lost: (Timestamp, u64),
    /// When a RST could not be remembered last.
    overflowed: Timestamp,
    /// RSTs of firewalls that were only counted: too many services at once.
    only_counted: u64,
}

#[derive(Clone, Copy, Debug)]
struct Suspect {
    time: Timestamp,
    netns: u32,
    ends: Ends,
    numbers: (u32, Seq, Seq),
}

#[derive(Debug, Default)]
struct Fold {
    reported: u64,
    more: u64,
    like: Option<(Outcome, u32)>,
}

/// Something that only the wire shows.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) outcome: Outcome,
    pub(super) netns: u32,
    /// How many more there were in how long, when they are only counted.
    pub(super) more: Option<(u64, Span)>,
    /// Where it left this host without its TCP.
    pub(super) left: Option<u32>,
}

impl SecondSource {
    pub(super) fn new(packets: Packets) -> Self {
        Self {
            packets,
            flows: Flows::default(),
            suspects: VecDeque::new(),
            passing: HashMap::new(),
            reported: HashMap::new(),
            unsent: HashMap::new(),
            folds: HashMap::new(),
            folding_since: now(),
            held: VecDeque::new(),
            joining: VecDeque::new(),
            undecided: 0,
            later: 0,
            lost: (Timestamp::default(), 0),
            overflowed: Timestamp::default(),
            only_counted: 0,
        }
    }

    pub(super) const fn packets(&self) -> &Packets {
        &self.packets
    }

    /// Takes in what has come, and what the kernel reported meanwhile.
    pub(super) fn read(&mut self, live: &mut Live) {
        let time = now();
        for ends in live.take_sent_ends() {
            self.reported.insert(ends, time);
        }
        if self.packets.lost() > self.lost.1 {
            self.lost = (time, self.packets.lost());
        }
        // No more than a turn of each socket that has something: it is bounded by their buffers.
        let mut come = Vec::new();
        self.packets.drain(|packet| come.push(packet));
        for packet in come {
            self.take(packet);
        }
        self.forget_resets(time);
    }

    fn forget_resets(&mut self, time: Timestamp) {
        for memory in [&mut self.reported, &mut self.unsent] {
            self.overflowed = self.overflowed.max(forget(memory, time));
        }
        self.overflowed = self.overflowed.max(forget(&mut self.passing, time));
    }

    fn take(&mut self, packet: Packet) {
        let record = record(&packet, 1);
        let Ok(observation) = record.observe(&mut Counts::default()) else { return };
        let Seen::Segment(segment) = observation.what else { return };
        if segment.flags.has(Flags::RST) {
            self.reset(&packet, &segment);
        }
        let (ends, syn) = ((segment.src, segment.dst), segment.flags.is_syn().then_some(segment.seq));
        self.flows.take(packet, ends, syn);
    }

    fn reset(&mut self, packet: &Packet, segment: &Segment<'_>) {
        match packet.direction {
            Direction::In => {
                self.passing.insert((packet.netns, segment.seq, segment.ack), packet.time);
            }
            Direction::Out if self.suspects.len() >= MOST_RESETS => self.undecided += 1,
            Direction::Out => self.suspects.push_back(Suspect {
                time: packet.time,
                netns: packet.netns,
                ends: (segment.src, segment.dst),
                numbers: (packet.netns, segment.seq, segment.ack),
            }),
        }
    }

    /// Keeps a reset until its packets have come; gives back what they cannot be told of.
    pub(super) fn hold(&mut self, reset: Box<SocketReset>) -> Option<Box<SocketReset>> {
        let foreign = reset.event.told == Told::Received && reset.peer.is_none() && !reset.unsent;
        let queue = match reset.event.told {
            Told::Received if foreign => &mut self.held,
            Told::Sent(_) => &mut self.joining,
            Told::Received => return Some(reset),
        };
        if queue.len() >= MOST_HELD {
            return Some(reset);
        }
        queue.push_back((reset.event.time, reset));
        None
    }

    /// Resets of this host that have waited for their packets, with what those show where all of them were kept: what
    /// the ends said, and what single packets tell, beside what the sockets know.
    fn joined(&mut self, time: Timestamp) -> Vec<Found> {
        let mut joined = Vec::new();
        while self.joining.front().is_some_and(|(since, _)| time.since(*since) >= JOIN) {
            let Some((_, reset)) = self.joining.pop_front() else { break };
            let outcome = self.sent(&reset).unwrap_or_else(|| reset.outcome());
            joined.push(Found { outcome, netns: reset.event.account.netns, more: None, left: None });
        }
        joined
    }

    /// What all packets of a connection show of a RST that this host sent.
    fn sent(&self, reset: &SocketReset) -> Option<Outcome> {
        let event = &reset.event;
        let outcome = self.seen_outcome(event.account.netns, event.local, event.remote)?;
        let outcome = (outcome.basis() == Basis::Packets).then(|| reset.beside(outcome))?;
        // Packets must not make less sure of how the RST was made than the socket is.
        let how = |outcome: &Outcome| judge(outcome).mechanism_confidence();
        (how(&outcome) >= how(&reset.outcome())).then_some(outcome)
    }

    /// Resets that have waited long enough at `time`, with what their packets show. Where the RST
    /// left this very host, its TCP gets the time to say so.
    fn due(&mut self, live: &Live, time: Timestamp) -> Vec<Found> {
        let mut due = Vec::new();
        while let Some((since, reset)) = self.held.front() {
            let ends = (reset.event.remote, reset.event.local);
            // What only passed through here, on its way to a container, was made elsewhere.
            let left = self.suspects.iter().find(|one| one.ends == ends && !self.passing.contains_key(&one.numbers));
            let left = left.map(|suspect| suspect.netns);
            if time.since(*since) < if left.is_some() { EVENT } else { HOLD } {
                break;
            }
            let Some((_, reset)) = self.held.pop_front() else { break };
            let mut outcome = self.received(&reset).unwrap_or_else(|| reset.outcome());
            let left = left.filter(|_| !self.reported.contains_key(&ends) && self.sees_all_resets(live, time));
            if let Some(netns) = left {
                outcome.note_kernel(self.word(netns, &outcome));
                self.unsent.insert(ends, time);
            }
            self.suspects.retain(|suspect| suspect.ends != ends);
            due.push(Found { outcome, netns: reset.event.account.netns, more: None, left });
        }
        due
    }

    /// What the packets show of a RST that was received; `None` when it was not among them.
    fn received(&self, reset: &SocketReset) -> Option<Outcome> {
        let event = &reset.event;
        let mut outcome = self.seen_outcome(event.account.netns, event.remote, event.local)?;
        let (_, local) = FlowKey::of(event.local, event.remote);
        outcome.incarnation_mut().accounts[local.index()] = Some(Box::new(event.account.clone()));
        Some(outcome)
    }

    /// The last outcome of the connection, when the RST that began it came from `sender`.
    fn seen_outcome(&self, netns: u32, sender: Endpoint, receiver: Endpoint) -> Option<Outcome> {
        let waiting = self.joining.len() + self.held.len();
        let reach = if waiting > MOST_BESIDE_SIBLINGS { Reach::Alone } else { Reach::BesideSiblings };
        self.flows.outcome(netns, (sender, receiver), reach, self.lost.0)
    }

    /// What is to be reported at `time`.
    pub(super) fn found(&mut self, live: &Live, time: Timestamp) -> Vec<Found> {
        let mut found = self.due(live, time);
        found.extend(self.joined(time));
        found.extend(self.unsent(live, time));
        found
    }

    /// RSTs that left this host without its TCP.
    fn unsent(&mut self, live: &Live, time: Timestamp) -> Vec<Found> {
        let mut found = Vec::new();
        while self.suspects.front().is_some_and(|suspect| time.since(suspect.time) >= EVENT) {
            let Some(suspect) = self.suspects.pop_front() else { break };
            if self.reported.contains_key(&suspect.ends) || self.passing.contains_key(&suspect.numbers) {
                continue;
            }
            if !self.sees_all_resets(live, time) {
                self.undecided += 1;
                continue;
            }
            found.extend(self.without_event(suspect, time));
        }
        if time.since(self.folding_since) >= SECOND {
            found.extend(self.folded(time));
        }
        found
    }

    /// Whether it means something that a RST is not among those that are remembered.
    fn sees_all_resets(&self, live: &Live, time: Timestamp) -> bool {
        live.sees_all_resets() && time.since(self.overflowed) > MEMORY
    }

    fn without_event(&mut self, suspect: Suspect, time: Timestamp) -> Option<Found> {
        let before = self.unsent.insert(suspect.ends, time);
        if before.is_some_and(|before| time.since(before) < LATER) {
            self.later += 1;
            return None;
        }
        let service = if suspect.ends.0.port <= suspect.ends.1.port { suspect.ends.0 } else { suspect.ends.1 };
        if self.folds.len() >= MOST_SERVICES && !self.folds.contains_key(&service) {
            self.only_counted += 1;
            return None;
        }
        let fold = self.folds.entry(service).or_default();
        fold.reported += 1;
        if fold.reported > REPORTED_SINGLY && fold.like.is_some() {
            fold.more += 1;
            return None;
        }
        let mut outcome = self.seen_outcome(suspect.netns, suspect.ends.0, suspect.ends.1)?;
        outcome.note_kernel(self.word(suspect.netns, &outcome));
        self.folds.entry(service).or_default().like = Some((outcome.clone(), suspect.netns));
        Some(Found { outcome, netns: suspect.netns, more: None, left: Some(suspect.netns) })
    }

    fn folded(&mut self, time: Timestamp) -> Vec<Found> {
        let within = time.since(self.folding_since);
        self.folding_since = time;
        let folds = std::mem::take(&mut self.folds).into_values().filter(|fold| fold.more > 0);
        let more = folds.filter_map(|fold| {
            let (outcome, netns) = fold.like?;
            Some(Found { outcome, netns, more: Some((fold.more, within)), left: None })
        });
        more.collect()
    }

    /// Everything that still waits.
    pub(super) fn finish(&mut self, live: &mut Live) -> Vec<Found> {
        self.read(live);
        self.found(live, now().plus(LATER))
    }

    /// The packets of a connection that were not written yet, oldest first.
    pub(super) fn unwritten(&mut self, netns: u32, outcome: &Outcome) -> Vec<Packet> {
        self.flows.unwritten(netns, outcome)
    }

    /// Rules of that namespace's firewall that answer with RST and may have met this connection, as the firewall prints
    /// them, without what they had counted when they were read.
    pub(super) fn rules(&self, netns: u32, outcome: &Outcome) -> Vec<String> {
        self.rules_that_meet(netns, outcome).map(RejectRule::unnumbered).collect()
    }

    fn rules_that_meet(&self, netns: u32, outcome: &Outcome) -> impl Iterator<Item = &RejectRule> {
        let ports = Side::BOTH.map(|side| outcome.connection().endpoint(side).port.to_string());
        let rules = self.packets.firewall(netns).into_iter().flat_map(|firewall| &firewall.rules);
        rules.filter(move |rule| may_meet(&rule.text, &ports))
    }

    /// What is known of a RST that left this namespace without its TCP.
    fn word(&self, netns: u32, outcome: &Outcome) -> KernelWord {
        let ends = Side::BOTH.map(|side| outcome.connection().endpoint(side).ip);
        let is_end = |firewall: &Firewall| ends.iter().any(|ip| firewall.addresses.contains(ip));
        let forwards = self.packets.firewall(netns).is_some_and(|firewall| {
            // Behind DNAT the address is the router's own, and still it forwards.
            !firewall.addresses.is_empty() && !is_end(firewall) || self.only_forwarding_rules(netns, outcome)
        });
        if forwards { KernelWord::MadeInTransit } else { KernelWord::SentNone }
    }

    /// Whether all rules that may have met it look at what is forwarded.
    fn only_forwarding_rules(&self, netns: u32, outcome: &Outcome) -> bool {
        let mut hooks = self.rules_that_meet(netns, outcome).map(|rule| rule.hook).peekable();
        hooks.peek().is_some() && hooks.all(|hook| hook == Some(Hook::Forward))
    }

    /// What must be said at the end.
    pub(super) fn remarks(&self) -> Vec<String> {
        let said = [
            (self.only_counted, "more RSTs left this host without its TCP, of too many services to report each"),
            (self.later, "more RSTs left this host without its TCP, on connections already reported"),
            (self.packets.lost(), "packets were not seen: their buffer was full"),
            (self.flows.forgotten(), "connections' packets were forgotten: too many at once"),
            (self.undecided, "RSTs of this host may have been a firewall's: events of TCP were lost"),
        ];
        said.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }
}

/// Forgets what is too old, where there is too much; when something younger had to be forgotten, that was now.
fn forget<K: Eq + Hash>(resets: &mut HashMap<K, Timestamp>, now: Timestamp) -> Timestamp {
    if resets.len() <= MOST_RESETS {
        return Timestamp::default();
    }
    resets.retain(|_, at| now.since(*at) < MEMORY);
    if resets.len() <= MOST_RESETS / 2 {
        return Timestamp::default();
    }
    resets.clear();
    now
}

/// A rule for single ports names them; sets and ranges are not taken apart, so they may meet any.
fn may_meet(rule: &str, ports: &[String; 2]) -> bool {
    let mut words = rule.split([' ', ',']).skip_while(|word| !word.trim_start_matches('-').ends_with("port"));
    match words.nth(1) {
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => ports.iter().any(|own| own == port),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_for_another_port_did_not_meet_it() {
        let ports = ["40000".to_owned(), "25".to_owned()];
        assert!(may_meet("tcp dport 25 counter packets 1 bytes 60 reject with tcp reset", &ports));
        assert!(!may_meet("tcp dport 80 reject with tcp reset", &ports));
        assert!(may_meet("tcp dport { 80, 443 } reject with tcp reset", &ports));
        assert!(may_meet("[1:60] -A INPUT -p tcp -m tcp --dport 25 -j REJECT --reject-with tcp-reset", &ports));
        assert!(may_meet("ct state invalid reject with tcp reset", &ports));
    }

    #[test]
    fn more_resets_than_are_remembered_are_forgotten_and_that_is_known() {
        let at = |secs: i64| Timestamp::from_nanos(secs * 1_000_000_000);
        let many = i64::try_from(MOST_RESETS).unwrap() + 1;
        let mut young: HashMap<i64, Timestamp> = (0..many).map(|number| (number, at(100))).collect();
        assert_eq!(forget(&mut young, at(101)), at(101));
        assert!(young.is_empty());
        let mut old: HashMap<i64, Timestamp> = (0..many).map(|number| (number, at(100 + number % 2 * 60))).collect();
        old.retain(|number, _| number % 2 == 0 || *number < 9);
        old.extend((many..2 * many).map(|number| (number, at(100))));
        assert_eq!(forget(&mut old, at(161)), Timestamp::default(), "only what is too old was forgotten");
        assert_eq!(old.len(), 4);
    }
}
