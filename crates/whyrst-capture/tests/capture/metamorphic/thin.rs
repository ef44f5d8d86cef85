//! Captures of which something is missing.

use super::fixture::Packet;

/// Every way of leaving packets out, with what it is called.
pub(super) fn all(packets: &[Packet]) -> Vec<(String, Vec<Packet>)> {
    let count = packets.len();
    let late = (1..count).map(|first| (format!("from packet {} on", first + 1), packets[first..].to_vec()));
    let early = (1..count).map(|last| (format!("up to packet {last}"), packets[..last].to_vec()));
    let without = (0..count).map(|gone| (format!("without packet {}", gone + 1), leave(packets, |at, _| at != gone)));
    let first = packets.first().map_or(&[][..], |packet| packet.source()).to_vec();
    let (one, other) = (first.clone(), first);
    let directions = [
        ("one direction".to_owned(), leave(packets, |_, packet| packet.source() == one)),
        ("the other direction".to_owned(), leave(packets, |_, packet| packet.source() != other)),
    ];
    let every = (2..5).flat_map(|n| {
        (0..n)
            .map(move |from| (format!("every {n}th packet from {}", from + 1), leave(packets, |at, _| at % n == from)))
    });
    let sampled = (1..=SAMPLES).map(|seed| (format!("sample {seed}"), sample(packets, seed)));
    late.chain(early).chain(without).chain(directions).chain(every).chain(sampled).collect()
}

const SAMPLES: u64 = 40;

fn leave(packets: &[Packet], keep: impl Fn(usize, &Packet) -> bool) -> Vec<Packet> {
    packets.iter().enumerate().filter(|(at, packet)| keep(*at, packet)).map(|(_, packet)| packet.clone()).collect()
}

/// Each packet with a chance of 1 to 7 in 8: the same packets in every run.
fn sample(packets: &[Packet], seed: u64) -> Vec<Packet> {
    let mut state = seed;
    let kept = packets.iter().filter(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 61) <= seed % 7
    });
    kept.cloned().collect()
}
