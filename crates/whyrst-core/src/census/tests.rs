use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::flow::{FlowHasher, FlowKey};
use crate::history::History;
use crate::observation::{Frame, Interface, Observation, Seen};
use crate::outcome::Outcome;
use crate::segment::{Assumed, Endpoint, IpFacts, IpKind, Options, Segment};
use crate::service::tells_of_service;
use crate::testing::START;
use crate::tracker::{Limits, Tracker};

fn beat_of(seconds: i64) -> Timestamp {
    Timestamp::from_nanos((START + seconds) * 1_000_000_000)
}

/// `flow` at `seconds`: flags and sequence number, from the low side.
fn seen(census: &mut Census, flow: u64, seconds: i64, flags: Flags, seq: u32) {
    let from = if flags.is_syn_ack() { Side::High } else { Side::Low };
    census.saw(&Sighting { flow, time: beat_of(seconds), seq: Seq::new(seq), flags, from });
}

const SYN: Flags = Flags::SYN;
const ACK: Flags = Flags::ACK;
const RST: Flags = Flags::RST;

#[test]
fn only_what_has_a_rst_or_an_unanswered_syn_is_noted() {
    let mut census = Census::new(1 << 20, 1 << 20);
    for flow in 1..=3 {
        seen(&mut census, flow, 0, SYN, 7);
    }
    for flow in 1..=2 {
        seen(&mut census, flow, 1, SYN.with(ACK), 9);
        seen(&mut census, flow, 1, ACK, 8);
    }
    seen(&mut census, 2, 2, RST, 8);
    seen(&mut census, 4, 2, ACK, 8);
    assert_eq!(census.connections(), 4);
    let noted = census.finish();
    assert_eq!([1, 2, 3, 4].map(|flow| noted.has(flow)), [false, true, true, false]);
}

#[test]
fn a_syn_that_is_sent_again_is_no_second_connection_and_another_one_is() {
    let mut census = Census::new(1 << 20, 1 << 20);
    seen(&mut census, 1, 0, SYN, 7);
    seen(&mut census, 1, 1, SYN, 7);
    assert_eq!(census.connections(), 1);
    seen(&mut census, 1, 2, SYN, 8);
    assert_eq!(census.connections(), 2);
}

#[test]
fn an_answer_that_comes_too_late_for_the_tracker_leaves_the_flow_noted() {
    for (answer, noted) in [(100, false), (131, true)] {
        let mut census = Census::new(1 << 20, 1 << 20);
        seen(&mut census, 1, 0, SYN, 7);
        seen(&mut census, 1, answer, SYN.with(ACK), 9);
        assert_eq!(census.finish().has(1), noted, "{answer}");
    }
}

#[test]
fn what_is_over_for_long_counts_anew_and_makes_room() {
    let mut census = Census::new(1 << 20, 1 << 20);
    let fin = Flags::FIN.with(ACK);
    seen(&mut census, 1, 0, fin, 7);
    census.saw(&Sighting { flow: 1, time: beat_of(0), seq: Seq::new(9), flags: fin, from: Side::High });
    seen(&mut census, 1, 20, ACK, 8);
    assert_eq!(census.connections(), 1);
    seen(&mut census, 1, 60, ACK, 8);
    assert_eq!(census.connections(), 2);
}

#[test]
fn a_flood_of_flows_stays_within_the_bound_and_none_is_lost() {
    let mut census = Census::new(1 << 20, 1 << 20);
    let hasher = FlowHasher::new(1);
    let server = Endpoint::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);
    let client = |n: u32| Endpoint::new(IpAddr::V4(Ipv4Addr::from_bits(n)), 40_000);
    let flows: Vec<u64> = (0..200_000).map(|n| hasher.name(client(n), server)).collect();
    for (n, flow) in flows.iter().enumerate() {
        seen(&mut census, *flow, 0, SYN, 7);
        assert!(census.table.len() * size_of::<Entry>() <= 1 << 20, "after {n}");
    }
    assert_eq!(census.connections(), 200_000);
    assert!(census.forgotten() > 0 && census.noted.len() <= census.most_noted);
    let noted = census.finish();
    assert!(flows.iter().all(|flow| noted.has(*flow)));
}

/// A full table of flows that all spoke at the same time: those that stay are spread over the new one.
#[test]
fn in_a_flood_no_search_walks_far() {
    let mut census = Census::new(1 << 20, 0);
    let hasher = FlowHasher::new(1);
    let server = Endpoint::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80);
    for n in 0..200_000 {
        let flow = hasher.name(Endpoint::new(IpAddr::V4(Ipv4Addr::from_bits(n)), 40_000), server);
        seen(&mut census, flow, 0, SYN, 7);
        if n % 997 == 0 {
            let row = census.table.chunk_by(|one, next| one.flow != 0 && next.flow != 0).map(<[Entry]>::len).max();
            assert!(row.is_some_and(|longest| longest < 1_000), "after {n}: {row:?}");
        }
    }
}

#[test]
fn the_set_of_noted_flows_has_what_was_put_in_and_little_else() {
    let flows: Vec<u64> = (1..10_000u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    let noted = Noted::of(flows.clone(), Vec::new());
    assert!(flows.iter().all(|flow| noted.has(*flow)));
    assert!(!(10_000..20_000u64).any(|n| noted.has(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))));
    assert!(Noted::everything().has(1) && !Noted::of(Vec::new(), Vec::new()).has(1));
}

/// One segment of one of a few flows.
#[derive(Clone, Copy, Debug)]
struct Packet {
    flow: u8,
    by_client: bool,
    flags: u8,
    seq: u32,
    ack: u32,
    len: u32,
    wait: i64,
}

fn packets() -> impl Strategy<Value = Vec<Packet>> {
    let flags = prop_oneof![
        6 => Just(0x02u8), 1 => Just(0xc2), 4 => Just(0x12), 6 => Just(0x10), 3 => Just(0x18), 3 => Just(0x11), 1 => Just(0x04),
        1 => Just(0x14), 1 => any::<u8>()
    ];
    let seconds = |from: i64, to: i64| (from * 1_000_000..to * 1_000_000).prop_map(|micros| micros * 1_000);
    let wait = prop_oneof![
        12 => 0..2_000_000i64, 8 => seconds(0, 1), 4 => seconds(1, 25), 3 => seconds(119, 140),
        1 => seconds(500, 700), 1 => seconds(-700, -500), 1 => seconds(-2, 0), 1 => seconds(-4_000_000, 4_000_000)
    ];
    let packet = (0..4u8, any::<bool>(), flags, 0..4u32, 0..6u32, prop_oneof![Just(0u32), 0..3u32], wait).prop_map(
        |(flow, by_client, flags, seq, ack, len, wait)| Packet { flow, by_client, flags, seq, ack, len, wait },
    );
    prop::collection::vec(packet, 1..80)
}

fn observations(packets: &[Packet]) -> Vec<Observation<'static>> {
    static PAYLOAD: [u8; 4] = *b"data";
    let mut now = START * 1_000_000_000;
    let segment = |packet: &Packet| {
        let client = Endpoint::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 40_000 + u16::from(packet.flow & 1));
        let server = Endpoint::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 80 + u16::from(packet.flow >> 1));
        let (src, dst) = if packet.by_client { (client, server) } else { (server, client) };
        Segment {
            src,
            dst,
            seq: Seq::new(100 + packet.seq),
            ack: Seq::new(100 + packet.ack),
            flags: Flags::from_bits(packet.flags),
            window: 1_000,
            checksum: 0,
            checksum_right: None,
            ip: IpFacts {
                ttl: Some(64),
                traffic_class: Some(0),
                kind: IpKind::V4 { id: Some(0), dont_fragment: Some(true) },
            },
            options: Options::default(),
            assumed: Assumed::NOTHING,
            len: packet.len,
            payload: &PAYLOAD[..packet.len as usize],
            trailer: &[],
        }
    };
    let observation = |(number, packet): (usize, &Packet)| {
        now += packet.wait;
        Observation {
            time: Timestamp::from_nanos(now),
            frame: Frame::new(0, number as u64 + 1),
            interface: Interface(0),
            link: None,
            what: Seen::Segment(segment(packet)),
        }
    };
    packets.iter().enumerate().map(observation).collect()
}

/// All outcomes, but for where in memory their records lie.
fn told(tracker: &mut Tracker) -> Vec<String> {
    let plain = |mut outcome: Outcome| {
        outcome.incarnation_mut().connection.history = History::default();
        outcome.incarnation_mut().finally.history = History::default();
        // A SYN that waits when its twin is settled may be answered later, and then only one pass sees it.
        outcome.incarnation_mut().twin = None;
        format!("{outcome:?}")
    };
    core::iter::from_fn(|| tracker.poll()).map(plain).collect()
}

fn all_followed(observations: &[Observation<'_>]) -> (Vec<String>, String) {
    let mut tracker = Tracker::new(Limits::default());
    let mut outcomes = Vec::new();
    for observation in observations {
        tracker.observe(observation);
        outcomes.extend(told(&mut tracker));
    }
    tracker.finish();
    outcomes.extend(told(&mut tracker));
    (outcomes, totals(&tracker))
}

fn segment<'a>(observation: &Observation<'a>) -> Segment<'a> {
    match observation.what {
        Seen::Segment(segment) => segment,
        Seen::Icmp(_) => unreachable!("the strategy makes segments"),
    }
}

fn noted_followed(observations: &[Observation<'_>]) -> (Vec<String>, String) {
    let names = FlowHasher::new(Limits::default().hash_seed);
    let flow = |observation: &Observation<'_>| names.name(segment(observation).src, segment(observation).dst);
    let mut census = Census::new(1 << 20, 1 << 20);
    for observation in observations {
        let Segment { src, dst, seq, flags, .. } = segment(observation);
        let from = FlowKey::of(src, dst).1;
        census.saw(&Sighting { flow: flow(observation), time: observation.time, seq, flags, from });
        if flags.is_syn_ack() {
            census.accepted(names.name(src, src), flow(observation));
        } else if flags.has(RST) {
            census.reset([src, dst].map(|end| names.name(end, end)));
        }
    }
    let noted = census.finish();
    let mut tracker = Tracker::new(Limits::default());
    let mut outcomes = Vec::new();
    for observation in observations {
        if noted.has(flow(observation)) {
            tracker.observe(observation);
        } else if tells_of_service(segment(observation).flags) {
            tracker.overhear(observation);
        } else if noted.interest(flow(observation)) == Interest::Sibling {
            let Segment { src, dst, seq, flags, .. } = segment(observation);
            let from = FlowKey::of(src, dst).1;
            tracker.glimpse(&Sighting { flow: flow(observation), time: observation.time, seq, flags, from });
        } else {
            tracker.pass(observation.time);
        }
        outcomes.extend(told(&mut tracker));
    }
    tracker.finish();
    outcomes.extend(told(&mut tracker));
    (outcomes, totals(&tracker))
}

/// What must be counted alike.
fn totals(tracker: &Tracker) -> String {
    let counts = tracker.counts();
    let resets = (counts.rst_segments, counts.rst_copies, counts.late_resets, counts.reset_connections);
    format!("{resets:?} {:?}", (counts.copies, counts.failed_connects))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_does_not_depend_on_flows_that_are_not_noted(packets in packets()) {
        let observations = observations(&packets);
        let (all, noted) = (all_followed(&observations), noted_followed(&observations));
        prop_assert_eq!(all.0, noted.0);
        prop_assert_eq!(all.1, noted.1);
    }
}
