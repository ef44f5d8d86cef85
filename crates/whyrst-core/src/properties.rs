//! What must hold for any capture whatever: no panic, no dependence on what does not matter, and no
//! verdict that becomes surer of something else when less is seen.

use alloc::string::String;
use alloc::vec::Vec;
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use crate::observation::{Interface, Seen};
use crate::outcome::Outcome;
use crate::segment::{Assumed, Endpoint, Flags, IpFacts, IpKind, OptionSet, Options, Segment, Timestamps};
use crate::seq::Seq;
use crate::testing::{Conversation, Packet, START, check_texts};
use crate::time::{Span, Timestamp};
use crate::tracker::{Limits, Tracker};
use crate::verdict::{Confidence, judge};

/// Payload of whatever a property sends.
static PAYLOAD: [u8; 2_048] = [b'x'; 2_048];

/// One segment, told by how it relates to what its sender knows.
#[derive(Clone, Copy, Debug)]
struct Move {
    by_client: bool,
    flags: u8,
    len: u32,
    seq_off: i32,
    ack_off: i32,
    wait_us: u32,
    odd_ttl: bool,
    bare: bool,
}

/// Where a number lies: mostly right, sometimes near, seldom anywhere.
fn offset() -> impl Strategy<Value = i32> {
    prop_oneof![12 => Just(0), 1 => Just(-1), 1 => Just(1), 1 => -3_000..3_000, 1 => any::<i32>()]
}

fn a_move() -> impl Strategy<Value = Move> {
    let flags = prop_oneof![
        3 => Just(0x10u8), 6 => Just(0x18), 2 => Just(0x11), 2 => Just(0x04), 2 => Just(0x14), 1 => Just(0x02),
        1 => Just(0x12), 1 => any::<u8>()
    ];
    let len = prop_oneof![3 => Just(0u32), 1 => Just(1), 3 => Just(100), 1 => 0..2_048u32];
    let wait = prop_oneof![4 => 1..2_000u32, 2 => 1_000..300_000u32, 1 => 0..90_000_000u32];
    let odd = (prop::bool::weighted(0.1), prop::bool::weighted(0.2));
    (any::<bool>(), flags, len, offset(), offset(), wait, odd).prop_map(
        |(by_client, flags, len, seq_off, ack_off, wait_us, (odd_ttl, bare))| Move {
            by_client,
            flags,
            len,
            seq_off,
            ack_off,
            wait_us,
            odd_ttl,
            bare,
        },
    )
}

/// Conversations that mostly begin with a handshake, go on anyhow, and mostly end in a RST.
fn moves() -> impl Strategy<Value = Vec<Move>> {
    (handshake(), prop::collection::vec(a_move(), 1..14)).prop_map(|(first, rest)| [first, rest].concat())
}

/// Conversations as two stacks hold them, with RSTs of any kind from anybody.
fn held() -> impl Strategy<Value = Vec<Move>> {
    let sane = |one: Move| {
        if one.flags & Flags::RST.bits() != 0 {
            return Move { flags: one.flags & 0x14, len: 0, ..one };
        }
        let flags = (one.flags | Flags::ACK.bits()) & 0x19;
        Move { flags, seq_off: 0, ack_off: 0, bare: false, odd_ttl: false, ..one }
    };
    let rest = prop::collection::vec(a_move().prop_map(sane), 1..14);
    (handshake(), rest).prop_map(|(first, rest)| silent_after_fin([first, rest].concat()))
}

/// After its FIN an end sends nothing but acknowledgments.
fn silent_after_fin(mut moves: Vec<Move>) -> Vec<Move> {
    let mut closed = [false; 2];
    for one in &mut moves {
        let closed = &mut closed[usize::from(one.by_client)];
        let fin = Flags::FIN.bits();
        if *closed && one.flags & Flags::RST.bits() == 0 {
            *one = Move { len: 0, flags: one.flags & !fin, ..*one };
        }
        *closed |= one.flags & fin != 0;
    }
    moves
}

/// Up to three packets of a handshake.
fn handshake() -> impl Strategy<Value = Vec<Move>> {
    let plain = |by_client, flags, wait_us| Move {
        by_client,
        flags,
        len: 0,
        seq_off: 0,
        ack_off: 0,
        wait_us,
        odd_ttl: false,
        bare: false,
    };
    (0..4usize, 1..200_000u32).prop_map(move |(steps, wait)| {
        let all = [plain(true, 0x02, 0), plain(false, 0x12, wait), plain(true, 0x10, 30)];
        all[..steps].to_vec()
    })
}

/// The two ends of a conversation and where it begins.
#[derive(Clone, Copy, Debug)]
struct Setting {
    client: Endpoint,
    server: Endpoint,
    isn: [u32; 2],
    start: Timestamp,
}

fn end(low: u8, port: u16) -> Endpoint {
    Endpoint::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, low)), port)
}

fn setting() -> Setting {
    let start = Timestamp::from_nanos(START * 1_000_000_000);
    Setting { client: end(1, 40_000), server: end(2, 80), isn: [1_000_000, 2_000_000], start }
}

fn play(moves: &[Move], setting: &Setting) -> Conversation {
    let mut next = setting.isn.map(Seq::new);
    let mut time = setting.start;
    let mut packets = Vec::new();
    for (number, one) in (0u16..).zip(moves) {
        let (own, peer) = if one.by_client { (0, 1) } else { (1, 0) };
        let ends = [setting.client, setting.server];
        time = time.plus(Span::from_micros(one.wait_us.into()));
        let flags = Flags::from_bits(one.flags);
        let bare = one.bare || (flags.has(Flags::RST) && !flags.has(Flags::ACK));
        let segment = Segment {
            src: ends[own],
            dst: ends[peer],
            seq: Seq::new(next[own].raw().wrapping_add_signed(one.seq_off)),
            ack: Seq::new(next[peer].raw().wrapping_add_signed(one.ack_off)),
            flags,
            window: if bare { 0 } else { 502 },
            checksum: number,
            checksum_right: None,
            ip: IpFacts {
                ttl: Some(if one.odd_ttl && flags.has(Flags::RST) { 50 } else { 64 }),
                traffic_class: Some(0),
                kind: IpKind::V4 { id: Some(if bare { 0 } else { number + 100 }), dont_fragment: Some(true) },
            },
            options: if bare { Options::default() } else { options(number.into()) },
            assumed: Assumed::NOTHING,
            len: one.len,
            payload: &PAYLOAD[..one.len as usize],
            trailer: &[],
        };
        if one.seq_off == 0 && !flags.has(Flags::RST) {
            next[own] = segment.end();
        }
        packets.push(Packet { time, interface: Interface(0), link: None, what: Seen::Segment(segment) });
    }
    Conversation { packets }
}

fn options(clock: u32) -> Options {
    let mut set = OptionSet::default();
    for kind in [OptionSet::TIMESTAMPS, OptionSet::MSS, OptionSet::WINDOW_SCALE] {
        set.insert(kind);
    }
    let timestamps = Some(Timestamps { value: clock, echo: 0 });
    Options { set, timestamps, window_scale: Some(7), mss: Some(1_460), ..Options::default() }
}

/// The outcomes of those packets that `kept` accepts, with their numbers in the whole.
fn outcomes_of(conversation: &Conversation, kept: impl Fn(usize, &Packet) -> bool) -> Vec<Outcome> {
    let mut tracker = Tracker::new(Limits::default());
    let mut outcomes = Vec::new();
    for (number, packet) in conversation.packets.iter().enumerate().filter(|(number, packet)| kept(*number, packet)) {
        tracker.observe(&packet.observation(number));
        outcomes.extend(core::iter::from_fn(|| tracker.poll()));
    }
    tracker.finish();
    outcomes.extend(core::iter::from_fn(|| tracker.poll()));
    outcomes
}

/// All that a verdict says, without what only names places and times.
fn said(outcome: &Outcome) -> String {
    let judgement = judge(outcome);
    let others: Vec<&str> = judgement.alternatives.iter().map(|other| other.cause.id).collect();
    let answers: Vec<_> =
        judgement.evidence.iter().map(|one| (one.question.id, one.answer.is_yes(), one.answer.is_no())).collect();
    let first = outcome.rst().map(|rst| (rst.record.frame.number(), rst.acceptance));
    std::format!(
        "{first:?} {:?} {:?} {:?} {:?} {:?} {others:?} {answers:?}",
        judgement.cause.map(|cause| cause.id),
        judgement.confidence,
        judgement.kind,
        judgement.origin,
        judgement.phase
    )
}

fn all_said(conversation: &Conversation) -> Vec<String> {
    conversation.outcomes().iter().map(said).collect()
}

/// A packet of somebody who says nothing of interest, at the time of `packet`.
fn stranger(packet: &Packet) -> Packet {
    let one =
        Move { by_client: true, flags: 0x10, len: 0, seq_off: 0, ack_off: 0, wait_us: 0, odd_ttl: false, bare: false };
    let strangers = Setting { client: end(8, 50_000), server: end(9, 81), ..setting() };
    Packet { time: packet.time, ..play(&[one], &strangers).packets.remove(0) }
}

fn by_time(mut packets: Vec<Packet>) -> Conversation {
    packets.sort_by_key(|packet| packet.time);
    Conversation { packets }
}

/// What a verdict of less than the whole capture is sure of must be what the whole is sure of.
fn assert_no_surer(whole: &[Outcome], part: &[Outcome]) -> Result<(), TestCaseError> {
    for outcome in part {
        let judgement = judge(outcome);
        let first = |outcome: &Outcome| outcome.rst().map(|rst| rst.record.frame);
        let Some(same) = whole.iter().find(|other| first(other).is_some() && first(other) == first(outcome)) else {
            continue;
        };
        if judgement.confidence >= Confidence::Likely {
            let full = judge(same);
            // A verdict whose special case the whole shows is true as well.
            let holds = full.cause.is_some_and(|cause| judgement.allows(cause.id));
            prop_assert!(holds, "{} but then {}", said(outcome), said(same));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_segments_are_judged_without_a_panic(moves in moves()) {
        for outcome in play(&moves, &setting()).outcomes() {
            check_texts(&outcome);
            judge(&outcome);
        }
    }

    #[test]
    fn which_address_sorts_first_does_not_matter(moves in moves()) {
        let plain = setting();
        let swapped = Setting { client: end(2, 40_000), server: end(1, 80), ..plain };
        prop_assert_eq!(all_said(&play(&moves, &plain)), all_said(&play(&moves, &swapped)));
    }

    #[test]
    fn a_shift_of_all_times_changes_nothing(moves in moves(), seconds in -1_000_000_000i64..1_000_000_000) {
        let plain = setting();
        let later = Setting { start: plain.start.plus(Span::from_secs(seconds)), ..plain };
        prop_assert_eq!(all_said(&play(&moves, &plain)), all_said(&play(&moves, &later)));
    }

    #[test]
    fn a_shift_of_all_numbers_changes_nothing(moves in moves(), by in any::<[u32; 2]>()) {
        let plain = setting();
        // A RST with number 0 means 0, and these conversations have none: every shift is a fair one.
        let shifted = Setting { isn: by, ..plain };
        prop_assert_eq!(all_said(&play(&moves, &plain)), all_said(&play(&moves, &shifted)));
    }

    #[test]
    fn what_others_say_meanwhile_changes_nothing(one in moves(), other in moves()) {
        let ours = play(&one, &setting());
        let theirs = play(&other, &Setting { client: end(3, 40_001), server: end(4, 443), isn: [3_000_000, 4_000_000], ..setting() });
        let mixed = by_time(ours.packets.iter().chain(&theirs.packets).cloned().collect());
        let alone = by_time(ours.packets.iter().cloned().chain(theirs.packets.iter().map(stranger)).collect());
        let of_ours = |outcome: &&Outcome| outcome.connection().endpoint(outcome.connection().client) == setting().client
            || outcome.connection().endpoint(outcome.connection().client) == setting().server;
        let said_of = |capture: &Conversation| -> Vec<String> {
            let mut said: Vec<String> = capture.outcomes().iter().filter(of_ours).map(said).collect();
            said.sort();
            said
        };
        prop_assert_eq!(said_of(&mixed), said_of(&alone));
    }

    #[test]
    fn without_the_beginning_nothing_else_becomes_likely(moves in held(), from in 0..8usize) {
        let capture = play(&moves, &setting());
        let whole = outcomes_of(&capture, |_, _| true);
        assert_no_surer(&whole, &outcomes_of(&capture, |number, _| number >= from))?;
    }

    #[test]
    fn with_one_direction_nothing_else_becomes_likely(moves in held(), client in any::<bool>()) {
        let capture = play(&moves, &setting());
        let whole = outcomes_of(&capture, |_, _| true);
        let kept = |_, packet: &Packet| match packet.what {
            Seen::Segment(segment) => (segment.src == setting().client) == client,
            Seen::Icmp(_) => true,
        };
        assert_no_surer(&whole, &outcomes_of(&capture, kept))?;
    }
}
