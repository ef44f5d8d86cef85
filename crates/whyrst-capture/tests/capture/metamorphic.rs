//! The same packets captured in another way lead to the same verdicts, and fewer of them never to
//! surer ones.
//!
//! Every fixture of the lab is written anew: in other containers and link layers, in tunnels, cut
//! by a snap length, at another time, among other traffic, twice by a mirror port. Then it is
//! thinned out: begun late, ended early, one direction of it, every so many packets. What is left
//! may be explained less surely, never more, and never surely by something else.

mod fixture;
mod reference;
mod thin;
mod unknowable;
mod wrap;

use std::collections::{BTreeMap, BTreeSet};

use whyrst_core::verdict::Confidence;

use crate::support::containers::{self, Order, Pcap};
use fixture::{ENDS, Explained, Fixture, Packet, Said, Told, packets, told, told_of_packets};

/// Both ends of every fixture.
fn fixtures() -> impl Iterator<Item = (Fixture, &'static str, Vec<Packet>)> {
    fixture::all().into_iter().flat_map(|of| ENDS.map(|end| (of.clone(), end, packets(&of, end))))
}

/// What the capture in `file` leads to is what the packets themselves lead to.
fn assert_same(of: &Fixture, end: &str, how: &str, wanted: &[Told], file: &[u8]) {
    let now = told(file, None);
    assert_eq!(now, wanted, "{}/{end} {how}", of.id);
}

#[test]
fn the_container_does_not_matter() {
    let orders = [Order::Little, Order::Big];
    for (of, end, packets) in fixtures() {
        let wanted = told_of_packets(&packets, None);
        let frames = wrap::framed(&packets, &wrap::RAW);
        for order in orders {
            for kind in [Pcap::Micro, Pcap::Nano, Pcap::Modified] {
                let file = containers::pcap(order, kind, wrap::RAW.link, &frames);
                assert_same(&of, end, &format!("{order:?} {kind:?} pcap"), &wanted, &file);
            }
            let file = containers::pcapng(order, wrap::RAW.link, &frames);
            assert_same(&of, end, &format!("{order:?} pcapng"), &wanted, &file);
        }
        let snoop = containers::snoop(&wrap::framed(&packets, &wrap::ETHERNET));
        assert_same(&of, end, "snoop", &wanted, &snoop);
    }
}

#[test]
fn compression_does_not_matter() {
    for (of, end, packets) in fixtures() {
        let wanted = told_of_packets(&packets, None);
        let plain = wrap::file(&packets, &wrap::RAW);
        for kind in crate::containers::KINDS {
            let file = crate::containers::compress(kind, &plain);
            assert_same(&of, end, &kind.to_string(), &wanted, &file);
        }
    }
}

#[test]
fn link_layer_tags_and_tunnel_do_not_matter() {
    for (of, end, packets) in fixtures() {
        let wanted = told_of_packets(&packets, None);
        for wrapping in wrap::ALL {
            assert_same(&of, end, wrapping.name, &wanted, &wrap::file(&packets, wrapping));
        }
    }
}

/// Scenarios whose verdict rests on what a segment carries.
const PAYLOAD_DECIDES: [&str; 10] = [
    "tls-alert",
    "tls-ticket-unread",
    "protocol-mismatch",
    "early-answer",
    "refused-in-words",
    "goaway-close",
    "session-taken-over",
    "heartbeat-missed",
    "stale-connection",
    "request-timeout",
];

#[test]
fn a_snap_length_that_leaves_the_headers_does_not_matter() {
    for (of, end, packets) in fixtures() {
        let wanted = told_of_packets(&packets, None);
        let file = wrap::headers_only(&packets);
        if PAYLOAD_DECIDES.iter().any(|id| of.id.starts_with(id)) {
            let now = told(&file, None);
            assert_eq!(surer(&wanted, &now).count(), 0, "{}/{end} headers only: {now:?}", of.id);
        } else {
            assert_same(&of, end, "headers only", &wanted, &file);
        }
    }
}

#[test]
fn the_time_of_the_capture_does_not_matter() {
    const YEAR: i64 = 365 * 86_400;
    for (of, end, packets) in fixtures() {
        let wanted = told_of_packets(&packets, None);
        for seconds in [1, -1, 3_600, 10 * YEAR, -40 * YEAR, 60 * YEAR] {
            let shifted: Vec<Packet> = packets.iter().map(|packet| packet.later(seconds * 1_000_000)).collect();
            let file = wrap::file(&shifted, &wrap::RAW);
            assert_same(&of, end, &format!("{seconds} s later"), &wanted, &file);
        }
    }
}

#[test]
fn other_traffic_in_between_does_not_matter() {
    let all: Vec<_> = fixtures().collect();
    for (at, (of, end, packets)) in all.iter().enumerate() {
        let wanted = told_of_packets(packets, None);
        for step in [1, 7, 16] {
            let (other, _, others) = &all[(at + step) % all.len()];
            let mixed = wrap::interleaved(packets, others);
            let mut now = told(&wrap::file(&mixed, &wrap::RAW), None);
            now.retain(|told| !told.is_of_others());
            assert_eq!(now, wanted, "{}/{end} among {}", of.id, other.id);
        }
        let mut now = told(&wrap::file(&wrap::flooded(packets, 200), &wrap::RAW), None);
        now.retain(|told| !told.is_of_others());
        assert_eq!(now, wanted, "{}/{end} in a flood of SYNs", of.id);
    }
}

#[test]
fn copies_by_a_mirror_port_or_a_second_interface_do_not_matter() {
    for (of, end, packets) in fixtures() {
        let wanted = told_of_packets(&packets, None);
        for (how, file) in wrap::doubled(&packets) {
            // The second copy of the RST shows some microseconds more: fewer may be named beside.
            let verdicts = |told: &[Told]| told.iter().map(ToString::to_string).collect::<Vec<_>>();
            assert_eq!(verdicts(&told(&file, None)), verdicts(&wanted), "{}/{end} {how}", of.id);
        }
    }
}

/// A capture that is cut at any octet leads to what the packets before the cut lead to: at every octet
/// of the small ones, at every thousandth of the larger.
#[test]
fn a_capture_cut_anywhere_is_explained_as_far_as_it_goes() {
    const SMALL: usize = 1_500;
    for (of, end, packets) in fixtures() {
        let whole = wrap::file(&packets, &wrap::RAW);
        let step = if whole.len() <= SMALL { 1 } else { 1_000 };
        let ends: Vec<usize> = (0..=packets.len()).map(|n| wrap::file(&packets[..n], &wrap::RAW).len()).collect();
        for length in (ends[0]..whole.len()).step_by(step) {
            let before = ends.iter().filter(|end| **end <= length).count() - 1;
            let wanted = told_of_packets(&packets[..before], None);
            assert_same(&of, end, &format!("cut at {length}"), &wanted, &whole[..length]);
        }
    }
}

/// What a thinned capture says surely, at any step of a verdict, that the whole one does not say at least as surely.
fn surer<'a>(whole: &'a [Told], thinned: &'a [Told]) -> impl Iterator<Item = (&'a Told, &'a Said)> {
    let said = thinned.iter().flat_map(|told| told.steps.iter().map(move |said| (told, said)));
    let sure = said.filter(|(_, said)| said.confidence >= Confidence::Likely && said.id != UNSEEN);
    sure.filter(|(now, said)| !whole.iter().any(|before| before.is_as_sure_of(now, said)))
}

/// That a capture does not show enough is no claim.
const UNSEEN: &str = "unseen";

/// No thinned capture is surer than the whole one, or surely of something else, at any step of a verdict, but where
/// [`unknowable`] says that what is left cannot know better. What is not so would stand in the file, as one line for each
/// step, fixture, view and verdict, with the first thinning that leads to it.
#[test]
fn fewer_packets_never_make_a_verdict_surer_or_surely_another() {
    let (mut lines, mut excused) = (BTreeMap::new(), BTreeSet::new());
    for (of, end, packets) in fixtures() {
        let recording = fixture::events(&of);
        for (heard, said) in [(None, "packets"), (Some(&recording), "kernel")] {
            let whole = fixture::explained_of_packets(&packets, heard);
            for (how, left) in thin::all(&packets) {
                for (now, claim) in surer_of_less(&whole, &fixture::explained_of_packets(&left, heard)) {
                    let thinned = unknowable::Thinned { whole: &whole, packets: &packets, left: &left, now: &now };
                    if let Some(why) = thinned.excuse(claim, heard) {
                        excused.insert(why);
                        continue;
                    }
                    let all = fixture::words(&whole, claim.step);
                    let line = format!("{}: {}/{end} {said}: {claim} where all packets say {all}", claim.step, of.id);
                    lines.entry(line).or_insert(how.clone());
                }
            }
        }
    }
    let idle: Vec<_> = unknowable::Excuse::ALL.iter().filter(|excuse| !excused.contains(*excuse)).collect();
    assert!(idle.is_empty(), "excuses that nothing needs any more: {idle:?}");
    let now: String = lines.into_iter().flat_map(|(line, how)| [line, "; ".into(), how, "\n".into()]).collect();
    fixture::assert_snapshot("surer-of-less.txt", &now);
}

fn surer_of_less(whole: &[Explained], thinned: &[Explained]) -> Vec<(Explained, Said)> {
    let whole: Vec<Told> = whole.iter().map(|one| one.told.clone()).collect();
    let surer_of = |one: &Explained| -> Vec<(Explained, Said)> {
        surer(&whole, std::slice::from_ref(&one.told)).map(|(_, said)| (one.clone(), *said)).collect()
    };
    thinned.iter().flat_map(surer_of).collect()
}
