//! The same packets captured in another way lead to the same verdicts, and fewer of them never to
//! surer ones.
//!
//! Every fixture of the lab is written anew: in other containers and link layers, in tunnels, cut
//! by a snap length, at another time, among other traffic, twice by a mirror port. Then it is
//! thinned out: begun late, ended early, one direction of it, every so many packets. What is left
//! may be explained less surely, never more, and never surely by something else.

mod fixture;
mod thin;
mod wrap;

use whyrst_core::scenario::Scenario;
use whyrst_core::verdict::Confidence;

use crate::support::containers::{self, Order, Pcap};
use fixture::{ENDS, Packet, Told, packets, scenarios, told, told_of_packets};

/// Both ends of every fixture.
fn fixtures() -> impl Iterator<Item = (&'static Scenario, &'static str, Vec<Packet>)> {
    scenarios().flat_map(|scenario| ENDS.map(|end| (scenario, end, packets(scenario, end))))
}

/// What the capture in `file` leads to is what the packets themselves lead to.
fn assert_same(scenario: &Scenario, end: &str, how: &str, wanted: &[Told], file: &[u8]) {
    let now = told(file, None);
    assert_eq!(now, wanted, "{}/{end} {how}", scenario.id);
}

#[test]
fn the_container_does_not_matter() {
    let orders = [Order::Little, Order::Big];
    for (scenario, end, packets) in fixtures() {
        let wanted = told_of_packets(&packets, None);
        let frames = wrap::framed(&packets, &wrap::RAW);
        for order in orders {
            for kind in [Pcap::Micro, Pcap::Nano, Pcap::Modified] {
                let file = containers::pcap(order, kind, wrap::RAW.link, &frames);
                assert_same(scenario, end, &format!("{order:?} {kind:?} pcap"), &wanted, &file);
            }
            let file = containers::pcapng(order, wrap::RAW.link, &frames);
            assert_same(scenario, end, &format!("{order:?} pcapng"), &wanted, &file);
        }
        let snoop = containers::snoop(&wrap::framed(&packets, &wrap::ETHERNET));
        assert_same(scenario, end, "snoop", &wanted, &snoop);
    }
}

#[test]
fn compression_does_not_matter() {
    for (scenario, end, packets) in fixtures() {
        let wanted = told_of_packets(&packets, None);
        let plain = wrap::file(&packets, &wrap::RAW);
        for kind in crate::containers::KINDS {
            let file = crate::containers::compress(kind, &plain);
            assert_same(scenario, end, &kind.to_string(), &wanted, &file);
        }
    }
}

#[test]
fn link_layer_tags_and_tunnel_do_not_matter() {
    for (scenario, end, packets) in fixtures() {
        let wanted = told_of_packets(&packets, None);
        for wrapping in wrap::ALL {
            assert_same(scenario, end, wrapping.name, &wanted, &wrap::file(&packets, wrapping));
        }
    }
}

#[test]
fn a_snap_length_that_leaves_the_headers_does_not_matter() {
    for (scenario, end, packets) in fixtures() {
        let wanted = told_of_packets(&packets, None);
        assert_same(scenario, end, "headers only", &wanted, &wrap::headers_only(&packets));
    }
}

#[test]
fn the_time_of_the_capture_does_not_matter() {
    const YEAR: i64 = 365 * 86_400;
    for (scenario, end, packets) in fixtures() {
        let wanted = told_of_packets(&packets, None);
        for seconds in [1, -1, 3_600, 10 * YEAR, -40 * YEAR, 60 * YEAR] {
            let shifted: Vec<Packet> = packets.iter().map(|packet| packet.later(seconds * 1_000_000)).collect();
            let file = wrap::file(&shifted, &wrap::RAW);
            assert_same(scenario, end, &format!("{seconds} s later"), &wanted, &file);
        }
    }
}

#[test]
fn other_traffic_in_between_does_not_matter() {
    let all: Vec<_> = fixtures().collect();
    for (at, (scenario, end, packets)) in all.iter().enumerate() {
        let wanted = told_of_packets(packets, None);
        for step in [1, 7, 16] {
            let (other, _, others) = &all[(at + step) % all.len()];
            let mixed = wrap::interleaved(packets, others);
            let mut now = told(&wrap::file(&mixed, &wrap::RAW), None);
            now.retain(|told| !told.is_of_others());
            assert_eq!(now, wanted, "{}/{end} among {}", scenario.id, other.id);
        }
        let mut now = told(&wrap::file(&wrap::flooded(packets, 200), &wrap::RAW), None);
        now.retain(|told| !told.is_of_others());
        assert_eq!(now, wanted, "{}/{end} in a flood of SYNs", scenario.id);
    }
}

#[test]
fn copies_by_a_mirror_port_or_a_second_interface_do_not_matter() {
    for (scenario, end, packets) in fixtures() {
        let wanted = told_of_packets(&packets, None);
        for (how, file) in wrap::doubled(&packets) {
            assert_same(scenario, end, how, &wanted, &file);
        }
    }
}

/// What may be, with the reason: the fixture, and what is said surely of less.
const KNOWN: [(&str, &str, &str); 1] = [(
    "fin-wait2-expired",
    "fin-wait2-expired (certain)",
    "without the late data, the RST seems to answer the ACK 2.2 s before it, and no data can have come after the close",
)];

fn is_known(scenario: &Scenario, now: &Told) -> bool {
    KNOWN.iter().any(|(id, said, _)| *id == scenario.id && *said == now.to_string())
}

/// What a thinned capture says surely that the whole one does not say at least as surely.
fn surer<'a>(whole: &'a [Told], thinned: &'a [Told]) -> impl Iterator<Item = &'a Told> {
    let sure = thinned.iter().filter(|told| told.confidence >= Confidence::Likely);
    sure.filter(|now| !whole.iter().any(|before| before.is_as_sure_of(now)))
}

#[test]
fn fewer_packets_never_make_a_verdict_surer_or_surely_another() {
    let mut broken = Vec::new();
    for (scenario, end, packets) in fixtures() {
        let recording = fixture::events(scenario);
        for (heard, said) in [(None, "packets alone"), (Some(&recording), "with the kernel's word")] {
            let whole = told_of_packets(&packets, heard);
            for (how, left) in thin::all(&packets) {
                let thinned = told_of_packets(&left, heard);
                let made = surer(&whole, &thinned).filter(|now| !is_known(scenario, now)).map(|now| {
                    format!("{}/{end}, {said}, {how}: {now}; of the whole: {}", scenario.id, fixture::words(&whole))
                });
                broken.extend(made);
            }
        }
    }
    assert!(broken.is_empty(), "{} times:\n{}", broken.len(), broken.join("\n"));
}
