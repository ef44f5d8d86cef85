//! Strangers cannot make a tracker grow.

use super::*;
use crate::segment::Endpoint;
use crate::tracker::settling::STALE_ALLOWED;
use std::net::{IpAddr, Ipv4Addr};

const FLOOD: u32 = 1_000_000;

#[test]
fn a_quiet_connection_costs_at_most_272_octets() {
    assert!(size_of::<Connection>() <= 272, "{}", size_of::<Connection>());
    assert!(size_of::<Slot>() <= 320, "{}", size_of::<Slot>());
}

/// What every queue and map of the tracker holds.
fn held(tracker: &Tracker) -> [usize; 10] {
    [
        tracker.table.len(),
        tracker.slots.len(),
        tracker.free.len(),
        tracker.icmp.len(),
        tracker.queue.len(),
        tracker.failed.len(),
        tracker.unsettled.len(),
        tracker.closed.len(),
        tracker.handed_out.len(),
        tracker.opening.len(),
    ]
}

fn flood(text: &str, limits: Limits, count: u32) -> usize {
    let packets = conversation(text).packets;
    let mut tracker = Tracker::new(limits);
    let mut most = 0;
    for number in 0..count {
        for (step, packet) in packets.iter().enumerate() {
            let mut observation = packet.observation(step);
            let Seen::Segment(segment) = &mut observation.what else { continue };
            let stranger = IpAddr::V4(Ipv4Addr::from_bits(0x0b00_0000 + number));
            let client = if segment.src.port == 80 { &mut segment.dst } else { &mut segment.src };
            *client = Endpoint::new(stranger, client.port);
            observation.time = observation.time.plus(Span::from_micros(i64::from(number) * 10));
            tracker.observe(&observation);
            while tracker.poll().is_some() {}
        }
        if number % 1_000 == 0 {
            most = most.max(held(&tracker).into_iter().max().unwrap_or_default());
        }
    }
    assert!(tracker.bytes() < 8 << 20, "{} octets", tracker.bytes());
    most
}

fn small() -> Limits {
    Limits { connections: 1_000, services: 100, unsettled: 500, ..Limits::default() }
}

#[test]
fn a_million_syns_of_strangers_stay_within_the_bounds() {
    let most = flood("0 C > S S 0:0(0)", small(), FLOOD);
    assert!(most <= 2 * 1_000 + STALE_ALLOWED + 1, "{most}");
}

#[test]
fn a_hundred_thousand_refused_or_closed_connections_stay_within_the_bounds() {
    let refused = flood("0 C > S S 0:0(0)\n0 C < S RA 0:0(0) ack 1", small(), 100_000);
    let closed = flood(
        "
        0 C > S S 0:0(0)
        0 C < S SA 0:0(0) ack 1
        0 C > S FA 1:1(0) ack 1
        0 C < S FA 1:1(0) ack 2
        0 C > S A 2:2(0) ack 2",
        small(),
        100_000,
    );
    assert!(refused.max(closed) <= 2 * 1_000 + STALE_ALLOWED + 1, "{refused} {closed}");
}

/// Strangers choose addresses and ports, so the hash has a key that they do not know: tuples that collide
/// under one key are spread under another.
#[test]
fn tuples_that_collide_under_one_key_do_not_under_another() {
    const BITS: u64 = 0x3ff;
    let server = Endpoint::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), 80);
    let key = |n: u32| FlowKey::of(Endpoint::new(IpAddr::V4(n.into()), 40_000), server).0;
    let known = FixedState::with_seed(1);
    let colliding: Vec<FlowKey> = (0..).map(key).filter(|key| known.hash_one(key) & BITS == 0).take(1_000).collect();
    let secret = FixedState::with_seed(2);
    let mut places: Vec<u64> = colliding.iter().map(|key| secret.hash_one(key) & BITS).collect();
    places.sort_unstable();
    places.dedup();
    // 1000 balls into 1024 bins leave 638 bins filled on average.
    assert!(places.len() > 550, "{}", places.len());
}

#[test]
fn a_million_resets_of_one_connection_are_one_end_with_a_count() {
    let packets = conversation(&std::format!("{OPEN}\n1.0 C < S RA 1:1(0) ack 1")).packets;
    let (rst, opening) = packets.split_last().expect("packets");
    let mut tracker = Tracker::new(small());
    for (number, packet) in opening.iter().enumerate() {
        tracker.observe(&packet.observation(number));
    }
    let before = tracker.bytes();
    for number in 0..FLOOD {
        let mut observation = rst.observation(3);
        observation.time = rst.time.plus(Span::from_micros(number.into()));
        if let Seen::Segment(segment) = &mut observation.what {
            segment.ip.kind =
                crate::segment::IpKind::V4 { id: Some((number % 60_000) as u16 + 1), dont_fragment: Some(true) };
        }
        tracker.observe(&observation);
    }
    assert!(tracker.bytes() <= 2 * before + 4_096, "{} after {before}", tracker.bytes());
    tracker.finish();
    let outcome = tracker.poll().expect("the end");
    assert_eq!((outcome.rsts_total(), outcome.rsts().len()), (FLOOD, RST_LIMIT));
    assert!(tracker.poll().is_none());
}
