//! The last packets of each connection on this host, and which connections a service has.
//!
//! A RST is judged by its own connection's packets, and beside what the service's other connections said and did: who
//! logged in with the same name, what died after the same silence. Both are bounded, and what is missing is said.

use std::collections::{HashMap, VecDeque};

use whyrst_capture::{Counts, LinkType, Record, Unsaid};
use whyrst_core::flow::{FlowKey, Side};
use whyrst_core::observation::{Frame, Interface};
use whyrst_core::outcome::{Basis, Outcome, OutcomeKind};
use whyrst_core::segment::Endpoint;
use whyrst_core::seq::Seq;
use whyrst_core::time::Timestamp;
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_probe::{Coverage, Packet};

/// The first packets of a connection are kept: how it began.
const FIRST: usize = 8;
/// And the last ones.
const LAST: usize = 40;
/// Packets kept in all, some 300 bytes each; beyond it the quietest connections are forgotten.
const MOST: usize = 32_768;
/// Connections of one service that a RST of it is judged beside: the latest ones.
const SIBLINGS: usize = 32;
/// Services whose connections are known.
const MOST_SERVICES: usize = 4_096;

/// A connection in its network namespace.
type Name = (u32, FlowKey);

/// Every connection whose packets are kept.
#[derive(Debug, Default)]
pub(super) struct Flows {
    known: HashMap<Name, Flow>,
    /// The latest connections of each service, by the address that was asked for in their SYN.
    services: HashMap<(u32, Endpoint), VecDeque<FlowKey>>,
    kept: usize,
    /// Connections forgotten before their time.
    forgotten: u64,
}

/// One connection's packets.
#[derive(Debug, Default)]
struct Flow {
    packets: VecDeque<Packet>,
    /// Packets that were not kept, between the first and the last.
    left_out: u64,
    /// How many of all were written to a file.
    written: u64,
    all: u64,
    syn: Option<Seq>,
    service: Option<Endpoint>,
    touched: Timestamp,
}

/// How much is looked at for a RST.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    /// The connection alone: there are too many resets to look at more.
    Alone,
    /// And the other connections of its service.
    BesideSiblings,
}

impl Flows {
    pub(super) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Keeps a packet from the first of these ends to the second; `syn` is its number where it is a SYN.
    pub(super) fn take(&mut self, packet: Packet, (from, to): (Endpoint, Endpoint), syn: Option<Seq>) {
        let name = (packet.netns, FlowKey::of(from, to).0);
        let flow = self.known.entry(name).or_default();
        if syn.is_some() && flow.syn != syn {
            self.kept -= flow.packets.len();
            *flow = Flow { syn, service: Some(to), ..Flow::default() };
            self.list(name, to);
        }
        let Some(flow) = self.known.get_mut(&name) else { return };
        self.kept += flow.take(packet);
        if self.kept > MOST {
            self.forget_the_quietest();
        }
    }

    fn list(&mut self, (netns, key): Name, service: Endpoint) {
        if self.services.len() >= MOST_SERVICES && !self.services.contains_key(&(netns, service)) {
            self.services.clear();
        }
        let siblings = self.services.entry((netns, service)).or_default();
        siblings.retain(|other| *other != key);
        siblings.push_back(key);
        if siblings.len() > SIBLINGS {
            siblings.pop_front();
        }
    }

    fn forget_the_quietest(&mut self) {
        let mut touched: Vec<Timestamp> = self.known.values().map(|flow| flow.touched).collect();
        let middle = touched.len() / 2;
        let (_, median, _) = touched.select_nth_unstable(middle);
        let median = *median;
        let before = self.known.len();
        self.known.retain(|_, flow| flow.touched > median);
        self.forgotten += (before - self.known.len()) as u64;
        self.kept = self.known.values().map(|flow| flow.packets.len()).sum();
    }

    /// The last outcome of the connection, when the RST that began it came from `sender`. Packets were lost last at
    /// `lost`.
    pub(super) fn outcome(
        &self,
        netns: u32,
        (sender, receiver): (Endpoint, Endpoint),
        reach: Reach,
        lost: Timestamp,
    ) -> Option<Outcome> {
        let (key, from) = FlowKey::of(sender, receiver);
        let flow = self.known.get(&(netns, key))?;
        let mut tracker = Tracker::new(Limits { connections: 64, services: 64, ..Limits::default() });
        tracker.keep_logins();
        // Its own frames bear its numbers in a file of `--pcap` that has this connection alone.
        let mut packets: Vec<(&Packet, u64)> = flow.packets.iter().zip(1..).collect();
        if reach == Reach::BesideSiblings {
            packets.extend(self.siblings(netns, key, flow).flat_map(Flow::unbroken).zip(flow.all + 1..));
            packets.sort_by_key(|(packet, _)| packet.time);
        }
        for (packet, number) in packets {
            if let Ok(observation) = record(packet, number).observe(&mut Counts::default()) {
                tracker.observe(&observation);
            }
        }
        tracker.finish();
        let own = |outcome: &Outcome| {
            let ends = Side::BOTH.map(|side| outcome.connection().endpoint(side));
            outcome.kind() == OutcomeKind::Reset && FlowKey::of(ends[0], ends[1]).0 == key
        };
        let outcomes = std::iter::from_fn(|| tracker.poll()).filter(own);
        let mut outcome = outcomes.last().filter(|outcome| outcome.sender() == from)?;
        if !flow.is_whole(lost) {
            outcome.incarnation_mut().basis = Basis::Sample;
        }
        Some(outcome)
    }

    /// The other connections of its service.
    fn siblings(&self, netns: u32, key: FlowKey, flow: &Flow) -> impl Iterator<Item = &Flow> {
        let listed = flow.service.and_then(|service| self.services.get(&(netns, service)));
        let others = listed.into_iter().flatten().filter(move |other| **other != key);
        others.filter_map(move |other| self.known.get(&(netns, *other)))
    }

    /// The packets of a connection that were not written yet, oldest first.
    pub(super) fn unwritten(&mut self, netns: u32, outcome: &Outcome) -> Vec<Packet> {
        let ends = Side::BOTH.map(|side| outcome.connection().endpoint(side));
        let Some(flow) = self.known.get_mut(&(netns, FlowKey::of(ends[0], ends[1]).0)) else { return Vec::new() };
        let new = usize::try_from(flow.all - flow.written).unwrap_or(usize::MAX).min(flow.packets.len());
        flow.written = flow.all;
        flow.packets.iter().skip(flow.packets.len() - new).cloned().collect()
    }
}

impl Flow {
    /// Keeps a packet; how many more are kept now.
    fn take(&mut self, packet: Packet) -> usize {
        self.touched = packet.time;
        self.all += 1;
        self.packets.push_back(packet);
        if self.packets.len() <= FIRST + LAST {
            return 1;
        }
        self.packets.remove(FIRST);
        self.left_out += 1;
        0
    }

    /// Whether nothing since its beginning is missing; packets were lost last at `lost`.
    fn is_whole(&self, lost: Timestamp) -> bool {
        let begins_after = self.packets.front().is_some_and(|first| first.time > lost);
        begins_after
            && self.left_out == 0
            && self.syn.is_some()
            && self.packets.iter().all(|packet| packet.coverage == Coverage::Complete)
    }

    /// The packets without a gap between them: a gap would look like silence.
    fn unbroken(&self) -> impl Iterator<Item = &Packet> {
        self.packets.iter().skip(if self.left_out == 0 { 0 } else { FIRST })
    }
}

pub(super) fn record(packet: &Packet, number: u64) -> Record<'_> {
    Record {
        frame: Frame::new(0, number),
        time: packet.time,
        interface: Interface::default(),
        link: LinkType::RAW,
        original: length(&packet.bytes),
        bytes: &packet.bytes,
        unsaid: Unsaid::NOTHING,
    }
}

/// Bytes that were on the wire, by the IP header: of a packet only the beginning is kept.
pub(super) fn length(bytes: &[u8]) -> u32 {
    let at =
        |place: usize| bytes.get(place..place + 2).map_or(0, |two| u32::from(u16::from_be_bytes([two[0], two[1]])));
    let by_header = match bytes.first().map(|byte| byte >> 4) {
        Some(4) => at(2),
        Some(6) => at(4) + 40,
        _ => 0,
    };
    by_header.max(u32::try_from(bytes.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_on_the_wire_is_that_of_the_ip_header() {
        let mut v4 = [0; 40];
        (v4[0], v4[2], v4[3]) = (0x45, 5, 220);
        assert_eq!(length(&v4), 1_500);
        let mut v6 = [0; 60];
        (v6[0], v6[5]) = (0x60, 20);
        assert_eq!(length(&v6), 60);
        assert_eq!(length(&[]), 0);
    }
}
