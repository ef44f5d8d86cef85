//! What is remembered of each service (an address and port that answers SYNs) beyond a single
//! connection: that it accepted, that it refused, that it came back.
//!
//! This is how a refused connect can be told as "the service had been there until 12:00:03".

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::IpAddr;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::observation::{Frame, LinkAddress, Observation};
use crate::segment::{Endpoint, Flags, Segment};
use crate::seq::Seq;
use crate::time::{Span, Timestamp};

/// A frame and when it was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// When.
    pub time: Timestamp,
    /// In which frame.
    pub frame: Frame,
}

impl Moment {
    /// Of what was seen then and there.
    pub const fn of(observation: &Observation<'_>) -> Self {
        Self { time: observation.time, frame: observation.frame }
    }
}

/// A SYN or SYN-ACK, as far as it tells of a service beyond its own connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Greeting {
    /// Who sent it.
    pub src: Endpoint,
    /// To whom.
    pub dst: Endpoint,
    /// SEG.SEQ.
    pub seq: Seq,
    /// The number after it.
    pub end: Seq,
    /// SEG.ACK, whether or not the flags make it significant.
    pub ack: Seq,
    /// Control bits.
    pub flags: Flags,
    /// TTL or hop limit.
    pub ttl: Option<u8>,
    /// Whom it came from on the link.
    pub link: Option<LinkAddress>,
    /// Where and when it was seen.
    pub at: Moment,
}

impl Greeting {
    /// The same of a whole segment.
    pub fn of(segment: &Segment<'_>, link: Option<LinkAddress>, at: Moment) -> Self {
        let Segment { src, dst, seq, ack, flags, ip, .. } = *segment;
        Self { src, dst, seq, end: segment.end(), ack, flags, ttl: ip.ttl, link, at }
    }
}

/// One service, as one moment sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Service {
    /// The last SYN-ACK it sent.
    pub accepted: Option<Moment>,
    /// TTL or hop limit of that SYN-ACK.
    pub accepted_ttl: Option<u8>,
    /// The last SYN-ACK to a SYN that offered ECN.
    pub accepted_ecn: Option<Moment>,
    /// The first SYN-ACK after it had refused.
    pub recovered: Option<Moment>,
    /// The last SYN it refused.
    pub refused: Option<Moment>,
    /// SYNs refused since it last accepted.
    pub refusals: u32,
    /// The last SYN-ACK before it refused first of those.
    pub accepted_before_refusals: Option<Moment>,
    /// The first of those refusals.
    pub refusing_since: Option<Timestamp>,
    /// Connections asked of it so far: those that it accepted and those that it refused.
    pub asked: u64,
    /// Those that it accepted.
    pub answered: u64,
    /// SYNs without data that it refused.
    pub refused_plain: u32,
    /// SYNs with data that it refused.
    pub refused_with_data: u32,
    /// How it takes turns.
    pub turns: Turns,
    /// The host of the last client that it accepted.
    accepted_host: Option<IpAddr>,
    /// From which addresses on the link its SYN-ACKs come.
    pub links: Links,
    /// How far away its host is by the SYN-ACKs of its other ports, where this one never sent any and all of those agree.
    pub host: Option<Distance>,
}

/// How far a host is from the capture: its SYN-ACKs arrive with one TTL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Distance {
    /// The TTL or hop limit.
    pub ttl: u8,
    /// A SYN-ACK that shows it.
    pub at: Moment,
}

/// What the SYN-ACKs of a host show of its distance.
#[derive(Clone, Copy, Debug)]
enum Host {
    At(Distance),
    /// Several hosts answer for this address: a router forwards some of its ports.
    Several,
}

/// The last two addresses on the link that a service's SYN-ACKs came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Links {
    /// The last one.
    pub now: Option<LinkAddress>,
    /// The one before, where it is another.
    pub before: Option<LinkAddress>,
    /// How often, lately, they came from the one before again: a host that takes an address over keeps it.
    pub returns: u32,
    /// When the last one changed.
    changed: Option<Timestamp>,
}

impl Links {
    fn note(&mut self, link: LinkAddress, time: Timestamp) {
        if self.now == Some(link) {
            return;
        }
        let lately = self.changed.is_some_and(|changed| time.since(changed) <= ONE_GAME);
        self.returns = if lately { self.returns + u32::from(self.before == Some(link)) } else { 0 };
        self.changed = self.now.map(|_| time);
        (self.before, self.now) = (self.now, Some(link));
    }
}

/// Refusals that are further apart are no turns of one game: the service may have been started anew in between.
const ONE_GAME: Span = Span::from_secs(60);

/// How often a service went from accepting to refusing and back, lately.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Turns {
    /// How often it began to refuse after it had accepted.
    pub begun: u32,
    /// Connections accepted between two turns.
    pub accepted: Runs,
    /// Connections refused in one turn.
    pub refused: Runs,
    /// How often it refused the very host that it had accepted right before. Where some hosts are accepted and others
    /// refused, a rule tells them apart, and nobody takes turns.
    pub same_host: u32,
    /// Accepted since it last refused.
    accepting: u32,
}

/// The lengths of some runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Runs {
    shortest: u32,
    longest: u32,
}

impl Runs {
    /// The length of all of them, where it is the same.
    pub fn same(self) -> Option<u32> {
        (self.shortest > 0 && self.shortest == self.longest).then_some(self.longest)
    }

    fn add(&mut self, length: u32) {
        self.shortest = if self.shortest == 0 { length } else { self.shortest.min(length) };
        self.longest = self.longest.max(length);
    }
}

/// Whether a SYN carried data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SynData {
    /// None, as nearly all.
    None,
    /// Some (RFC 7413).
    Some,
}

/// A service that refused accepted again.
#[derive(Clone, Copy, Debug)]
struct Recovery {
    server: Endpoint,
    refused_from: Timestamp,
    at: Moment,
}

/// Recoveries remembered: those of the last seconds are asked for.
const RECOVERIES: usize = 256;

/// All services seen, up to a bound.
#[derive(Debug)]
pub struct Services {
    known: HashMap<Endpoint, Service, FixedState>,
    hosts: HashMap<IpAddr, Host, FixedState>,
    limit: usize,
    /// The SYN-ACKs that came last, by a fingerprint of flow and sequence number: one that is sent
    /// again, or captured twice, is no new answer.
    recent: Vec<u64>,
    /// The SYNs that came last and offered ECN, by a fingerprint of flow and the number that
    /// acknowledges them.
    asked_ecn: Vec<u64>,
    recoveries: VecDeque<Recovery>,
}

/// SYNs and SYN-ACKs remembered.
const RECENT: usize = 4_096;

/// Whether it tells something of a service beyond its own connection: see [`Services::heard`].
pub const fn tells_of_service(flags: Flags) -> bool {
    flags.is_syn_ack() || asks_ecn(flags)
}

/// RFC 3168 section 6.1.1.
const fn asks_ecn(flags: Flags) -> bool {
    flags.is_syn() && flags.has(Flags::ECE.with(Flags::CWR))
}

/// Tells one SYN or SYN-ACK from another.
const fn fingerprint(flow: u64, seq: Seq) -> u64 {
    flow.rotate_left(32) ^ seq.raw() as u64
}

#[expect(clippy::cast_possible_truncation, reason = "only the low bits name the place")]
const fn place(fingerprint: u64) -> usize {
    fingerprint as usize % RECENT
}

impl Service {
    /// Whether a SYN-ACK that arrives with this TTL says anything new of how far its host is.
    fn is_news(&self, ttl: Option<u8>) -> bool {
        self.accepted.is_none() || self.accepted_ttl != ttl
    }

    /// It answered a SYN of `host` with SYN-ACK, which arrived with this TTL. Since when it had refused, where it did.
    fn accepts(&mut self, host: IpAddr, at: Moment, ttl: Option<u8>) -> Option<Timestamp> {
        let mut refused_from = None;
        if self.refusals > 0 {
            self.recovered = Some(at);
            self.turns.refused.add(self.refusals);
            refused_from = self.refusing_since;
        }
        self.turns.accepting = self.turns.accepting.saturating_add(1);
        self.answered += 1;
        self.accepted = Some(at);
        self.accepted_ttl = ttl;
        self.accepted_host = Some(host);
        self.refusals = 0;
        self.asked += 1;
        refused_from
    }
}

impl Services {
    /// Remembers at most `limit` services; `seed` keys the hash, since addresses are chosen by strangers.
    pub fn new(limit: usize, seed: u64) -> Self {
        Self {
            known: HashMap::with_hasher(FixedState::with_seed(seed)),
            hosts: HashMap::with_hasher(FixedState::with_seed(seed)),
            limit,
            recent: alloc::vec![0; RECENT],
            asked_ecn: alloc::vec![0; RECENT],
            recoveries: VecDeque::new(),
        }
    }

    /// `greeting` was seen, of a connection that is followed or of another. `flow` is its flow's name.
    pub fn heard(&mut self, greeting: &Greeting, flow: u64) {
        if greeting.flags.is_syn_ack() {
            self.answered(greeting, flow);
        } else if asks_ecn(greeting.flags) {
            let fingerprint = fingerprint(flow, greeting.end);
            self.asked_ecn[place(fingerprint)] = fingerprint;
        }
    }

    fn answered(&mut self, greeting: &Greeting, flow: u64) {
        let (server, at) = (greeting.src, greeting.at);
        let own = fingerprint(flow, greeting.seq);
        if core::mem::replace(&mut self.recent[place(own)], own) == own {
            return;
        }
        let asked = fingerprint(flow, greeting.ack);
        let offered_ecn = self.asked_ecn[place(asked)] == asked;
        // One search for all that a SYN-ACK says: there is one of each connection of the capture.
        let Some(service) = self.entry(server) else { return };
        // What a router forwards it has received before.
        if let Some(link) = greeting.link.filter(|link| *link != LinkAddress::OWN) {
            service.links.note(link, at.time);
        }
        if offered_ecn {
            service.accepted_ecn = Some(at);
        }
        let is_new = service.is_news(greeting.ttl);
        let refused_from = service.accepts(greeting.dst.ip, at, greeting.ttl);
        self.recovers(server, refused_from, at);
        self.is_as_far(server.ip, greeting.ttl.filter(|_| is_new), at);
    }

    /// `server` answered a SYN of `host` with SYN-ACK, which arrived with this TTL.
    pub fn accepted(&mut self, server: Endpoint, host: IpAddr, at: Moment, ttl: Option<u8>) {
        if let Some(service) = self.entry(server) {
            let is_new = service.is_news(ttl);
            let refused_from = service.accepts(host, at, ttl);
            self.recovers(server, refused_from, at);
            self.is_as_far(server.ip, ttl.filter(|_| is_new), at);
        }
    }

    /// A SYN-ACK of `host` arrived with this TTL.
    fn is_as_far(&mut self, host: IpAddr, ttl: Option<u8>, at: Moment) {
        let Some(ttl) = ttl.filter(|_| self.hosts.len() < self.limit || self.hosts.contains_key(&host)) else { return };
        let known = self.hosts.entry(host).or_insert(Host::At(Distance { ttl, at }));
        if matches!(known, Host::At(distance) if distance.ttl != ttl) {
            *known = Host::Several;
        }
    }

    /// `server` accepted, and had refused from then on.
    fn recovers(&mut self, server: Endpoint, refused_from: Option<Timestamp>, at: Moment) {
        let Some(refused_from) = refused_from else { return };
        if self.recoveries.len() >= RECOVERIES {
            self.recoveries.pop_front();
        }
        self.recoveries.push_back(Recovery { server, refused_from, at });
    }

    /// When `server` first accepted again after it had refused at `time`.
    pub fn recovered_after(&self, server: Endpoint, time: Timestamp) -> Option<Moment> {
        // They stand in the order of time, but for packets that overtook each other.
        let from = self.recoveries.partition_point(|one| one.at.time <= time);
        let of_it = |one: &&Recovery| one.refused_from <= time && one.server == server;
        self.recoveries.range(from..).find(of_it).map(|one| one.at)
    }

    /// `server` answered a SYN of `host` with RST.
    pub fn refused(&mut self, server: Endpoint, host: IpAddr, at: Moment, data: SynData) {
        if let Some(service) = self.entry(server) {
            if service.refused.is_some_and(|last| at.time.since(last.time) > ONE_GAME) {
                service.turns = Turns { accepting: service.turns.accepting, ..Turns::default() };
            }
            if service.refusals == 0 {
                service.accepted_before_refusals = service.accepted;
                service.refusing_since = Some(at.time);
                if service.turns.accepting > 0 {
                    service.turns.begun = service.turns.begun.saturating_add(1);
                    service.turns.accepted.add(service.turns.accepting);
                    service.turns.accepting = 0;
                    service.turns.same_host += u32::from(service.accepted_host == Some(host));
                }
            }
            let counted = match data {
                SynData::None => &mut service.refused_plain,
                SynData::Some => &mut service.refused_with_data,
            };
            *counted = counted.saturating_add(1);
            service.refused = Some(at);
            service.refusals = service.refusals.saturating_add(1);
            service.asked += 1;
        }
    }

    /// What is known of `server` now.
    pub fn of(&self, server: Endpoint) -> Service {
        let service = self.known.get(&server).copied().unwrap_or_default();
        let host = || match self.hosts.get(&server.ip)? {
            Host::At(distance) => Some(*distance),
            Host::Several => None,
        };
        Service { host: if service.accepted.is_none() { host() } else { None }, ..service }
    }

    /// Each service with the number of connections that were asked of it.
    pub fn asked(&self) -> impl Iterator<Item = (Endpoint, u64)> + '_ {
        self.known.iter().map(|(server, service)| (*server, service.asked))
    }

    /// Services beyond the bound are not remembered: a scan of a whole network must not cost memory.
    fn entry(&mut self, server: Endpoint) -> Option<&mut Service> {
        if self.known.len() >= self.limit && !self.known.contains_key(&server) {
            return None;
        }
        Some(self.known.entry(server).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: IpAddr = IpAddr::V4(core::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn turns_are_those_of_one_game_and_a_rule_that_knows_hosts_takes_none() {
        let (server, other) = (Endpoint::new(HOST, 80), "10.0.0.9".parse().unwrap());
        let turns = |refused: IpAddr, step: i64| {
            let mut services = Services::new(10, 0);
            for turn in 0..3 {
                services.accepted(server, HOST, at(turn * step), Some(64));
                services.refused(server, refused, at(turn * step + 1), SynData::None);
            }
            let turns = services.of(server).turns;
            (turns.begun, turns.same_host)
        };
        assert_eq!(turns(HOST, 2), (3, 3));
        assert_eq!(turns(other, 2), (3, 0));
        assert_eq!(turns(HOST, 3_600), (1, 1));
    }

    #[test]
    fn an_address_that_moves_once_does_not_return() {
        let link = |last: u8| LinkAddress::new([2, 0, 0, 0, 0, last]);
        let returns = |seen: &[(u8, i64)]| {
            let mut links = Links::default();
            for (from, seconds) in seen {
                links.note(link(*from), at(*seconds).time);
            }
            links.returns
        };
        assert_eq!(returns(&[(1, 0), (1, 1), (2, 2), (2, 3)]), 0);
        assert_eq!(returns(&[(1, 0), (2, 1), (1, 2), (2, 3)]), 2);
        assert_eq!(returns(&[(1, 0), (2, 1), (1, 3_600)]), 0, "it was moved, and moved back");
        assert_eq!(returns(&[(1, 0), (2, 1), (3, 2)]), 0);
    }

    fn at(seconds: i64) -> Moment {
        Moment { time: Timestamp::from_nanos(seconds * 1_000_000_000), frame: Frame::new(0, seconds.unsigned_abs()) }
    }

    #[test]
    fn a_service_that_stops_and_returns_is_remembered() {
        let server = Endpoint::new("10.0.0.2".parse().unwrap(), 80);
        let mut services = Services::new(10, 0);
        services.accepted(server, HOST, at(1), Some(64));
        services.refused(server, HOST, at(2), SynData::None);
        services.refused(server, HOST, at(3), SynData::None);
        assert_eq!(services.of(server).refusals, 2);
        assert_eq!(services.of(server).recovered, None);
        services.accepted(server, HOST, at(4), Some(64));
        services.accepted(server, HOST, at(5), Some(64));
        let now = services.of(server);
        assert_eq!(
            (now.recovered, now.refused, now.accepted, now.refusals),
            (Some(at(4)), Some(at(3)), Some(at(5)), 0)
        );
    }

    #[test]
    fn a_syn_ack_that_comes_again_is_no_new_answer() {
        let text = "0 C > S S 0:0(0)\n1 C < S SA 0:0(0) ack 1\n2 C:7 > S S 0:0(0)\n2.001 C:7 < S R 0:0(0) ack 1
            3 C < S SA 0:0(0) ack 1";
        let outcome = crate::testing::conversation(text).outcomes().remove(0);
        let seconds = |moment: Option<Moment>| moment.map(|at| at.time.nanos() / 1_000_000_000 - crate::testing::START);
        assert_eq!(seconds(outcome.service_later().accepted), Some(1));
        assert_eq!(outcome.service_later().recovered, None);
    }

    #[test]
    fn the_number_of_services_is_bounded() {
        let mut services = Services::new(1, 0);
        services.accepted(Endpoint::new("10.0.0.1".parse().unwrap(), 80), HOST, at(1), Some(64));
        services.accepted(Endpoint::new("10.0.0.2".parse().unwrap(), 80), HOST, at(1), Some(64));
        assert_eq!(services.known.len(), 1);
    }
}
