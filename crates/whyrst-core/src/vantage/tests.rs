//! One conversation seen from two or three points of its path.
//!
//! Times are those of the client's point. Each line begins with where the packet was recorded: `c`
//! at the client, `m` in the middle, `s` at the server. A packet takes 5 ms to the middle and 10 ms
//! to the server.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::Taken;
use super::collect::{Collector, Wanted};
use crate::evidence::vantage::{
    ADDRESSES_REWRITTEN, ALL_REACHED_SENDER, RST_LEFT_ITS_SENDER, RST_MADE_BETWEEN, RST_REACHED_ITS_RECEIVER,
    SYN_REACHED_SERVER, TRIGGER_REACHED_SENDER,
};
use crate::evidence::{Answer, Question};
use crate::joined::{Joined, Loss, OrderBy, Point, PointName, Presence, Relation};
use crate::observation::{Frame, Observation, Seen};
use crate::outcome::Outcome;
use crate::segment::Endpoint;
use crate::testing::Confidence::{Certain, Likely, Possible};
use crate::testing::{Conversation, Origin, Packet, Together, check_texts, conversation, judge, of_points};
use crate::time::Span;
use crate::tracker::{Limits, Tracker};

const CLIENT: usize = 0;

/// What the points recorded, one conversation each, in the order `names`.
fn recorded(names: &str, text: &str) -> Vec<Conversation> {
    let lines: Vec<(&str, &str)> = text.lines().filter_map(|line| line.trim().split_once(' ')).collect();
    let whole = conversation(&lines.iter().map(|(_, line)| *line).collect::<Vec<_>>().join("\n"));
    names
        .chars()
        .map(|name| {
            let here = lines.iter().zip(&whole.packets).filter(|((tags, _), _)| tags.contains(name));
            let mut packets: Vec<Packet> = here.map(|(_, packet)| moved(packet, delay(name, packet))).collect();
            packets.sort_by_key(|packet| packet.time);
            Conversation { packets }
        })
        .collect()
}

fn delay(name: char, packet: &Packet) -> Span {
    let way = match name {
        'c' => 0,
        'm' => 5,
        _ => 10,
    };
    Span::from_millis(if from_client(packet) { way } else { -way })
}

fn from_client(packet: &Packet) -> bool {
    matches!(packet.what, Seen::Segment(segment) if segment.src.port > segment.dst.port)
}

fn moved(packet: &Packet, by: Span) -> Packet {
    Packet { time: packet.time.plus(by), ..packet.clone() }
}

fn shifted(capture: &Conversation, by: Span) -> Conversation {
    Conversation { packets: capture.packets.iter().map(|packet| moved(packet, by)).collect() }
}

fn kept(capture: &Conversation, wanted: impl Fn(usize, &Packet) -> bool) -> Conversation {
    let packets = capture.packets.iter().enumerate().filter(|(number, packet)| wanted(*number, packet));
    Conversation { packets: packets.map(|(_, packet)| packet.clone()).collect() }
}

/// The same with every endpoint changed.
fn translated(capture: &Conversation, change: impl Fn(Endpoint) -> Endpoint) -> Conversation {
    let packets = capture.packets.iter().cloned().map(|mut packet| {
        if let Seen::Segment(segment) = &mut packet.what {
            (segment.src, segment.dst) = (change(segment.src), change(segment.dst));
        }
        packet
    });
    Conversation { packets: packets.collect() }
}

fn taken(captures: &[Conversation], loss: &[Option<Loss>]) -> Vec<Taken> {
    let observe = |at: usize, each: &mut dyn FnMut(&Observation<'_>)| {
        for (number, packet) in captures[at].packets.iter().enumerate() {
            let file = u32::try_from(at).expect("few");
            each(&Observation { frame: Frame::new(file, number as u64 + 1), ..packet.observation(number) });
        }
    };
    let outcomes: Vec<Vec<Outcome>> = (0..captures.len())
        .map(|at| {
            let mut tracker = Tracker::new(Limits::default());
            observe(at, &mut |seen| tracker.observe(seen));
            tracker.finish();
            core::iter::from_fn(|| tracker.poll()).collect()
        })
        .collect();
    let wanted = Wanted::of(outcomes.iter().flatten());
    let traces: Vec<_> = (0..captures.len())
        .map(|at| {
            let mut collector = Collector::new(&wanted, 10_000);
            observe(at, &mut |seen| collector.observe(seen));
            collector.finish()
        })
        .collect();
    let all = outcomes.into_iter().zip(traces).enumerate();
    all.map(|(at, (outcomes, traces))| {
        let file = u32::try_from(at).expect("few");
        let name = PointName { name: at.to_string(), files: file..file + 1 };
        Taken { name, outcomes, traces, loss: loss.get(at).copied().flatten() }
    })
    .collect()
}

fn together(captures: &[Conversation]) -> Together {
    let together = of_points(&taken(captures, &[]));
    together.outcomes.iter().for_each(check_texts);
    together
}

/// The only outcome.
#[track_caller]
fn joined(captures: &[Conversation]) -> Outcome {
    let mut outcomes = together(captures).outcomes;
    let told: Vec<_> = outcomes.iter().map(|outcome| (outcome.kind(), outcome.time(), known(outcome).at)).collect();
    assert_eq!(outcomes.len(), 1, "{told:?}");
    outcomes.remove(0)
}

fn known(outcome: &Outcome) -> &Joined {
    outcome.joined().expect("joined")
}

#[track_caller]
fn assert_answers(outcome: &Outcome, answers: &[(&Question, &str)]) {
    for (question, wanted) in answers {
        let got = match question.answer(outcome) {
            Answer::Yes(_) => "yes",
            Answer::No(_) => "no",
            Answer::Unknown => "unknown",
        };
        assert_eq!(got, *wanted, "{}\n{:#?}", question.id, known(outcome).views);
    }
}

const OPEN: &str = "cms 0.000 C > S S 0:0(0)
    cms 0.020 C < S SA 0:0(0) ack 1
    cms 0.0201 C > S A 1:1(0) ack 1
    cms 0.100 C > S PA 1:101(100) ack 1
    cms 0.120 C < S A 1:1(0) ack 101
    cms 0.121 C < S PA 1:51(50) ack 101
    cms 0.1211 C > S A 101:101(0) ack 51";

fn after_open(rest: &str) -> String {
    alloc::format!("{OPEN}\n{rest}")
}

fn forged() -> String {
    after_open(
        "c 0.200 C < S RA 51:51(0) ack 101 ttl 57 ts none
        cms 0.230 C < S PA 51:101(50) ack 101
        cms 0.2301 C > S R 101:101(0)",
    )
}

fn genuine() -> String {
    after_open("cms 0.200 C < S RA 51:51(0) ack 101\ncms 0.300 C > S PA 101:151(50) ack 51\ncms 0.320 C < S R 51:51(0)")
}

#[test]
fn a_reset_that_its_sender_s_capture_lacks_was_made_in_between() {
    let outcome = joined(&recorded("cs", &forged()));
    assert_answers(
        &outcome,
        &[
            (&RST_MADE_BETWEEN, "yes"),
            (&RST_LEFT_ITS_SENDER, "no"),
            (&RST_REACHED_ITS_RECEIVER, "yes"),
            (&ADDRESSES_REWRITTEN, "no"),
        ],
    );
    let judgement = judge(&outcome);
    judgement.is("injected-rst", Certain);
    assert_eq!(judgement.origin, Origin::Path);
    assert_eq!(known(&outcome).known, OrderBy::Clocks);
}

#[test]
fn without_any_oddity_of_the_reset_itself_it_is_not_certain() {
    let text = after_open("c 0.200 C < S RA 51:51(0) ack 101\ncs 0.210 C > S PA 101:151(50) ack 51");
    let outcome = joined(&recorded("cs", &text));
    assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "yes")]);
    judge(&outcome).is("injected-rst", Likely);
}

#[test]
fn a_reset_that_left_its_sender_was_made_by_it() {
    let outcome = joined(&recorded("cs", &genuine()));
    assert_answers(
        &outcome,
        &[(&RST_MADE_BETWEEN, "no"), (&RST_LEFT_ITS_SENDER, "yes"), (&RST_REACHED_ITS_RECEIVER, "yes")],
    );
    let judgement = judge(&outcome);
    assert_eq!(judgement.origin, Origin::Endpoint);
    judgement.without(&["injected-rst"]);
}

#[test]
fn a_reset_that_the_far_end_never_recorded_was_lost_on_the_way() {
    let text = after_open(
        "s 0.200 C < S RA 51:51(0) ack 101\ncs 0.300 C > S PA 101:151(50) ack 51\ncs 0.320 C < S R 51:51(0)",
    );
    let outcome = joined(&recorded("cs", &text));
    assert_answers(&outcome, &[(&RST_REACHED_ITS_RECEIVER, "no"), (&RST_LEFT_ITS_SENDER, "yes")]);
    let lost = known(&outcome).lost_between(outcome.sender(), outcome.connection().client, |view| view.rst);
    assert_eq!(lost, Some((Point(1), Point(0))));
    assert_eq!(known(&outcome).elsewhere.len() + outcome.rsts().len(), 2, "each RST once");
}

#[test]
fn a_segment_that_never_came_to_the_other_end_was_rejected_on_the_way() {
    let text = after_open(
        "c 0.200 C > S PA 101:151(50) ack 51
        c 0.204 C < S R 51:51(0) ttl 63
        s 5.000 C < S PA 51:101(50) ack 101",
    );
    let outcome = joined(&recorded("cs", &text));
    assert_answers(
        &outcome,
        &[(&TRIGGER_REACHED_SENDER, "no"), (&ALL_REACHED_SENDER, "no"), (&RST_MADE_BETWEEN, "yes")],
    );
    judge(&outcome).is("fw-state-lost", Possible).beside(&["fw-reject-transit"]);
}

#[test]
fn a_reconnect_shows_that_the_far_end_s_capture_went_on() {
    let text = after_open("c 0.200 C > S PA 101:151(50) ack 51\nc 0.204 C < S R 51:51(0) ttl 63");
    let alone = joined(&recorded("cs", &text));
    assert_answers(&alone, &[(&TRIGGER_REACHED_SENDER, "unknown"), (&RST_MADE_BETWEEN, "unknown")]);
    let again =
        "cs 5.000 C:40044 > S S 0:0(0)\ncs 5.020 C:40044 < S SA 0:0(0) ack 1\ncs 5.021 C:40044 > S A 1:1(0) ack 1";
    let outcome = joined(&recorded("cs", &alloc::format!("{text}\n{again}")));
    assert_answers(&outcome, &[(&TRIGGER_REACHED_SENDER, "no"), (&RST_MADE_BETWEEN, "yes")]);
}

#[test]
fn between_three_points_the_gap_is_found() {
    let text = forged().replace("c 0.200", "cm 0.200");
    let outcome = joined(&recorded("cms", &text));
    let joined = known(&outcome);
    assert_eq!(joined.path, [Point(0), Point(1), Point(2)]);
    assert_eq!(joined.made_between(outcome.sender(), outcome.connection().client), Some((Point(2), Point(1))));
}

#[test]
fn the_order_of_naming_does_not_matter_where_the_path_is_known() {
    let text = forged().replace("c 0.200", "cm 0.200");
    let outcome = joined(&recorded("smc", &text));
    assert_eq!(known(&outcome).path, [Point(2), Point(1), Point(0)]);
    assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "yes")]);
}

#[test]
fn hop_counts_tell_the_order_without_clocks() {
    let mut captures = recorded("cs", &forged());
    // Two routers lie between, and the captures were made in the same instant.
    captures[1] = Conversation {
        packets: captures[1]
            .packets
            .iter()
            .map(|packet| {
                let mut packet = moved(packet, Span::from_nanos(-delay('s', packet).nanos()));
                if let (true, Seen::Segment(segment)) = (from_client(&packet), &mut packet.what) {
                    segment.ip.ttl = segment.ip.ttl.map(|ttl| ttl - 2);
                }
                packet
            })
            .collect(),
    };
    let outcome = joined(&captures);
    assert_eq!(known(&outcome).known, OrderBy::Hops);
    assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "yes")]);
}

#[test]
fn where_the_order_is_only_given_a_missing_reset_may_have_been_made_or_lost() {
    let mut captures = recorded("cs", &forged());
    let at_once = |packet: &Packet| moved(packet, Span::from_nanos(-delay('s', packet).nanos()));
    captures[1] = Conversation { packets: captures[1].packets.iter().map(at_once).collect() };
    let outcome = joined(&captures);
    assert_eq!(known(&outcome).known, OrderBy::Given);
    assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "unknown"), (&RST_REACHED_ITS_RECEIVER, "unknown")]);
}

#[test]
fn clocks_that_differ_by_hours_change_nothing_but_the_offset() {
    let captures = recorded("cs", &forged());
    let plain = joined(&captures);
    for hours in [-100, 3] {
        let by = Span::from_secs(hours * 3_600);
        let later = joined(&[captures[0].clone(), shifted(&captures[1], by)]);
        assert_eq!(judge(&later).confidence, judge(&plain).confidence);
        let offset = |outcome: &Outcome| known(outcome).view(Point(1)).clock.expect("both directions");
        assert_eq!(offset(&later).by.nanos() - offset(&plain).by.nanos(), by.nanos());
        assert_eq!(offset(&later).uncertainty, offset(&plain).uncertainty);
        let order = |outcome: &Outcome| -> Vec<_> {
            known(outcome)
                .crossings
                .iter()
                .map(|one| one.seen.iter().map(Option::is_some).collect::<Vec<_>>())
                .collect()
        };
        assert_eq!(order(&later), order(&plain));
    }
}

#[test]
fn the_offset_lies_within_what_is_said() {
    let by = Span::from_millis(1_234_567);
    let captures = recorded("cs", &forged());
    let outcome = joined(&[captures[0].clone(), shifted(&captures[1], by)]);
    let offset = known(&outcome).view(Point(1)).clock.expect("both directions");
    assert!((offset.by.nanos() - by.nanos()).abs() <= offset.uncertainty.nanos(), "{offset:?}");
    assert!(offset.uncertainty <= Span::from_millis(11), "{offset:?}");
}

#[test]
fn a_capture_that_ended_before_or_began_after_cannot_lack_a_reset() {
    let captures = recorded("cs", &forged());
    for server in [
        kept(&captures[1], |number, _| number < 7),
        kept(&captures[1], |number, _| number >= 7),
        kept(&captures[1], |number, _| (1..7).contains(&number)),
    ] {
        let outcome = joined(&[captures[0].clone(), server]);
        assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "unknown"), (&RST_LEFT_ITS_SENDER, "unknown")]);
    }
}

#[test]
fn what_came_the_other_way_does_not_show_that_a_capture_had_begun() {
    // The acknowledgment reaches the server after its RST had left, though it left the client before it came.
    let text = after_open(
        "cs 0.1999 C > S A 101:101(0) ack 51\ncs 0.200 C < S RA 51:51(0) ack 101\ncs 0.210 C > S PA 101:151(50) ack 51",
    );
    let captures = recorded("cs", &text);
    let server = kept(&captures[1], |number, _| number >= 8);
    let outcome = joined(&[captures[0].clone(), server]);
    assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "unknown"), (&RST_LEFT_ITS_SENDER, "unknown")]);
}

#[test]
fn a_capture_of_one_direction_cannot_lack_what_goes_the_other_way() {
    let captures = recorded("cs", &forged());
    let server = kept(&captures[1], |_, packet| from_client(packet));
    let outcome = joined(&[captures[0].clone(), server]);
    assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "unknown"), (&RST_LEFT_ITS_SENDER, "unknown")]);
}

#[test]
fn a_capture_that_lost_packets_cannot_lack_a_reset() {
    let captures = recorded("cs", &forged());
    // The server's data is missing at the server, and the client acknowledges it.
    let holed = kept(&captures[1], |number, _| number != 5);
    let outcome = joined(&[captures[0].clone(), holed]);
    assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "unknown")]);
    assert_eq!(known(&outcome).view(Point(1)).loss, Some(Loss::Holes));
    // Only a pure acknowledgment is missing: the client has it.
    let thinned = kept(&captures[1], |number, _| number != 4);
    let outcome = joined(&[captures[0].clone(), thinned]);
    assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "unknown")]);
    // The capture says so itself.
    let told = of_points(&taken(&captures, &[None, Some(Loss::Dropped)])).outcomes;
    assert_answers(&told[0], &[(&RST_MADE_BETWEEN, "unknown")]);
}

#[test]
fn a_nat_in_between_is_seen_through() {
    let public = Endpoint::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), 61_001);
    let mut captures = recorded("cs", &forged());
    let client = match captures[CLIENT].packets[0].what {
        Seen::Segment(segment) => segment.src,
        Seen::Icmp(_) => unreachable!("a SYN"),
    };
    captures[1] = translated(&captures[1], |end| if end == client { public } else { end });
    let outcome = joined(&captures);
    assert_eq!(known(&outcome).view(Point(1)).relation, Relation::Rewritten);
    assert_eq!(known(&outcome).view(Point(1)).client, Some(public));
    assert_answers(&outcome, &[(&ADDRESSES_REWRITTEN, "yes"), (&RST_MADE_BETWEEN, "yes")]);
    judge(&outcome).is("injected-rst", Certain);
}

#[test]
fn a_nat_that_turns_the_sides_around_is_seen_through() {
    let captures = recorded("cs", &genuine());
    let high =
        |end: Endpoint| Endpoint::new(IpAddr::V4(Ipv4Addr::new(250, 0, 0, u8::from(end.port > 1_000))), end.port);
    let low = |end: Endpoint| Endpoint::new(IpAddr::V4(Ipv4Addr::new(1, 0, 0, u8::from(end.port < 1_000))), end.port);
    for change in [&high as &dyn Fn(Endpoint) -> Endpoint, &low] {
        let outcome = joined(&[captures[0].clone(), translated(&captures[1], change)]);
        assert_eq!(known(&outcome).view(Point(1)).relation, Relation::Rewritten);
        assert_answers(&outcome, &[(&ADDRESSES_REWRITTEN, "yes"), (&RST_LEFT_ITS_SENDER, "yes")]);
    }
}

#[test]
fn rewritten_numbers_are_not_compared() {
    let mut captures = recorded("cs", &forged());
    for packet in &mut captures[1].packets {
        if let Seen::Segment(segment) = &mut packet.what {
            segment.seq = segment.seq.add(77_777);
            segment.ack = segment.ack.add(77_777);
        }
    }
    for outcome in together(&captures).outcomes {
        let other = Point(1 - known(&outcome).at.0);
        assert_eq!(known(&outcome).view(other).relation, Relation::OtherNumbers);
        assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "unknown"), (&ADDRESSES_REWRITTEN, "unknown")]);
    }
}

#[test]
fn captures_of_different_traffic_have_nothing_in_common() {
    let one = recorded("cs", &forged());
    let elsewhere = |end: Endpoint| Endpoint::new(IpAddr::V4(Ipv4Addr::new(10, 9, 9, 9)), end.port);
    let mut other = translated(&recorded("cs", &genuine())[1], elsewhere);
    for packet in &mut other.packets {
        if let Seen::Segment(segment) = &mut packet.what {
            segment.seq = segment.seq.add(5);
            segment.ack = segment.ack.add(9);
        }
    }
    let together = together(&[one[0].clone(), other]);
    assert_eq!(together.shared, [0, 0]);
    assert_eq!(together.outcomes.len(), 2);
}

#[test]
fn a_forgery_with_the_numbers_of_the_genuine_reset_is_told_apart_by_its_identification_or_not_at_all() {
    let resets = |forged: &str, genuine: &str| {
        joined(&recorded(
            "cs",
            &after_open(&alloc::format!(
                "c 0.200 C < S RA 51:51(0) ack 101 ttl 57 ts none {forged}
                cs 0.230 C < S RA 51:51(0) ack 101 {genuine}
                cs 0.300 C > S PA 101:151(50) ack 51"
            )),
        ))
    };
    assert_answers(&resets("id 9", "id 1085"), &[(&RST_MADE_BETWEEN, "yes")]);
    let silent = resets("id 0", "id 0");
    assert_answers(&silent, &[(&RST_LEFT_ITS_SENDER, "unknown"), (&RST_MADE_BETWEEN, "unknown")]);
}

#[test]
fn another_identification_is_another_packet() {
    // The same numbers once at each point, but not the same packet: what arrived was not what left.
    let text = after_open(
        "c 0.200 C < S RA 51:51(0) ack 101 ttl 57 id 9 ts none
        s 0.230 C < S RA 51:51(0) ack 101 id 1085
        cs 0.300 C > S PA 101:151(50) ack 51
        cs 0.330 C < S R 51:51(0)",
    );
    let outcome = joined(&recorded("cs", &text));
    let rst = outcome.rst().expect("a RST").record.frame;
    let seen = known(&outcome).sights(rst).expect("paired").iter().flatten().count();
    assert_eq!(seen, 1, "{:#?}", known(&outcome).crossings);
    assert_answers(&outcome, &[(&RST_LEFT_ITS_SENDER, "no")]);
}

#[test]
fn segments_that_a_network_card_joined_are_no_loss() {
    let mut text = after_open(
        "c 0.130 C > S A 101:1101(1000) ack 51
        c 0.1301 C > S PA 1101:2101(1000) ack 51
        s 0.1302 C > S PA 101:2101(2000) ack 51
        cs 0.150 C < S A 51:51(0) ack 2101",
    );
    text.push_str("\nc 0.200 C < S RA 51:51(0) ack 2101 ttl 57 ts none\ncs 0.230 C < S PA 51:101(50) ack 2101\ncs 0.2301 C > S R 2101:2101(0)");
    let outcome = joined(&recorded("cs", &text));
    assert_eq!(known(&outcome).views.iter().filter_map(|view| view.loss).count(), 0);
    assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "yes"), (&ALL_REACHED_SENDER, "yes")]);
}

/// Connections between the same hosts before and after, and a SYN in between that only the client's
/// side knows.
fn refused_on_the_way() -> String {
    let other = |at: i32, port: u16| {
        alloc::format!(
            "cs {at}.000 C:{port} > S S 0:0(0)\ncs {at}.020 C:{port} < S SA 0:0(0) ack 1\ncs {at}.021 C:{port} > S A 1:1(0) ack 1\n"
        )
    };
    let syn = "c 10.000 C > S S 0:0(0)\nc 10.004 C < S RA 0:0(0) ack 1 ttl 63\n";
    [other(1, 40_101), other(5, 40_102), syn.to_string(), other(15, 40_103)].concat()
}

#[test]
fn a_syn_that_never_came_to_the_server_was_rejected_on_the_way() {
    let outcome = joined(&recorded("cs", &refused_on_the_way()));
    assert_eq!(known(&outcome).view(Point(1)).relation, Relation::Nothing);
    assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "yes"), (&TRIGGER_REACHED_SENDER, "no")]);
    assert_eq!(judge(&outcome).origin, Origin::Path);
    judge(&outcome).without(&["closed-port", "fw-reject-syn"]);
}

#[test]
fn a_server_s_capture_without_packets_before_and_after_says_nothing() {
    let captures = recorded("cs", &refused_on_the_way());
    for wanted in [0..3_usize, 0..6, 6..9, 0..0] {
        let server = kept(&captures[1], |number, _| wanted.contains(&number));
        let outcome = joined(&[captures[0].clone(), server]);
        assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "unknown"), (&TRIGGER_REACHED_SENDER, "unknown")]);
    }
}

#[test]
fn a_second_path_is_not_excluded_when_other_connections_took_it() {
    let text = refused_on_the_way().replace("cs 5.", "c 5.");
    let outcome = joined(&recorded("cs", &text));
    assert_answers(&outcome, &[(&RST_MADE_BETWEEN, "unknown")]);
}

#[test]
fn a_syn_that_nobody_answered_is_followed_as_far_as_it_came() {
    let syns =
        |at: &str| alloc::format!("{at} 8.000 C > S S 0:0(0)\n{at} 9.000 C > S S 0:0(0)\n{at} 11.000 C > S S 0:0(0)\n");
    let others = refused_on_the_way().replace("c 10.000 C > S S 0:0(0)\nc 10.004 C < S RA 0:0(0) ack 1 ttl 63\n", "");
    let between = |syns: String| others.replace("cs 15.000", &(syns + "cs 15.000"));
    let dropped = joined(&recorded("cs", &between(syns("c"))));
    assert_answers(&dropped, &[(&SYN_REACHED_SERVER, "no")]);
    let ignored = joined(&recorded("cs", &between(syns("cs"))));
    assert_answers(&ignored, &[(&SYN_REACHED_SERVER, "yes"), (&RST_MADE_BETWEEN, "unknown")]);
}

#[test]
fn every_connection_is_told_once() {
    let text = alloc::format!(
        "{}\n{}",
        forged(),
        genuine().replace("C >", "C:40009 >").replace("C <", "C:40009 <").replace("cms 0.", "cms 1.")
    );
    let together = together(&recorded("cs", &text));
    assert_eq!(together.outcomes.len(), 2);
    assert_eq!(together.shared, [2, 2]);
}

#[test]
fn a_reset_known_only_at_the_far_end_of_a_given_path_has_no_presence_here() {
    let outcome = joined(&[recorded("c", &forged()).remove(0), Conversation::default()]);
    let view = known(&outcome).view(Point(1));
    assert_eq!((view.relation, view.rst), (Relation::Nothing, Presence::Unknown));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever is cut from a capture of a genuine reset, it is never called made on the path, nor lost.
    #[test]
    fn what_a_capture_misses_is_never_a_proof(start in 0..11_usize, end in 0..11_usize, only in prop::option::of(any::<bool>())) {
        let captures = recorded("cs", &genuine());
        let keep = |number: usize, packet: &Packet| {
            number >= start && number < 11 - end && only.is_none_or(|client| from_client(packet) == client)
        };
        for at in 0..2 {
            let mut cut = captures.clone();
            cut[at] = kept(&captures[at], keep);
            for outcome in together(&cut).outcomes {
                prop_assert!(!RST_MADE_BETWEEN.answer(&outcome).is_yes(), "{:#?}", known(&outcome).views);
                prop_assert!(!RST_LEFT_ITS_SENDER.answer(&outcome).is_no());
                prop_assert!(!RST_REACHED_ITS_RECEIVER.answer(&outcome).is_no(), "{:#?}", known(&outcome).views);
            }
        }
    }
}

#[test]
fn a_router_that_refuses_is_not_the_server_behind_which_another_point_saw_nothing() {
    let text = "cm 0.000 C > S S 0:0(0)\ncm 0.010 C < S RA 0:0(0) ack 1\ncms 5.000 X > Y A 1:1(0) ack 1";
    assert_answers(&joined(&recorded("cms", text)), &[(&RST_LEFT_ITS_SENDER, "unknown")]);
    // Without that point nothing lies behind it.
    assert_answers(&joined(&recorded("cm", text)), &[(&RST_LEFT_ITS_SENDER, "yes")]);
}
