//! Any segments and ICMP errors at any times, straight into the tracker: what no file could hold is
//! in it too. Everything stays bounded, and every RST is counted once.

#![no_main]

use std::net::{Ipv4Addr, Ipv6Addr};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use whyrst_core::observation::{Frame, IcmpError, IcmpKind, Interface, Observation, Seen};
use whyrst_core::outcome::{Outcome, OutcomeKind};
use whyrst_core::segment::{Assumed, Endpoint, Flags, IpFacts, IpKind, OptionSet, Options, Segment, Timestamps};
use whyrst_core::seq::Seq;
use whyrst_core::time::{Span, Timestamp};
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::verdict::judge;

static PAYLOAD: [u8; 65_536] = [b'x'; 65_536];

#[derive(Arbitrary, Debug)]
enum What {
    Segment { flags: u8, seq: Number, ack: Number, len: u16, window: u16, options: u16, stamp: u32, ttl: u8, id: u16 },
    Icmp { kind: u8, seq: Option<u32> },
}

/// Numbers are mostly near each other.
#[derive(Arbitrary, Debug)]
enum Number {
    Near(i8),
    Far(u32),
}

#[derive(Arbitrary, Debug)]
enum Time {
    Micros(u16),
    Seconds(i8),
    At(i64),
}

#[derive(Arbitrary, Debug)]
struct Event {
    time: Time,
    /// Two bits of client port, one of direction, one of IP version, two of interface.
    way: u8,
    what: What,
    /// The caller lets time pass, or looks at what has settled.
    then: u8,
}

#[derive(Arbitrary, Debug)]
struct Input {
    base: u32,
    connections: u8,
    unsettled: u8,
    events: Vec<Event>,
}

fn ends(way: u8) -> (Endpoint, Endpoint) {
    let host = |n: u8| match way & 8 {
        0 => Ipv4Addr::new(10, 0, 0, n).into(),
        _ => Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, n.into()).into(),
    };
    let (client, server) = (Endpoint::new(host(1), 40_000 + u16::from(way & 3)), Endpoint::new(host(2), 80));
    if way & 4 == 0 { (client, server) } else { (server, client) }
}

fn seen(event: &Event, base: u32) -> Seen<'static> {
    let (src, dst) = ends(event.way);
    let number = |n: &Number| match n {
        Number::Near(offset) => Seq::new(base.wrapping_add_signed((*offset).into())),
        Number::Far(n) => Seq::new(*n),
    };
    match &event.what {
        What::Segment { flags, seq, ack, len, window, options, stamp, ttl, id } => {
            let kind = match event.way & 8 {
                0 => IpKind::V4 { id: Some(*id).filter(|id| id % 7 != 0), dont_fragment: Some(*id == 0) },
                _ => IpKind::V6 { flow_label: Some((*id).into()) },
            };
            let set = OptionSet::from_bits(*options);
            let stamps = Timestamps { value: *stamp, echo: stamp.rotate_left(7) };
            Seen::Segment(Segment {
                src,
                dst,
                seq: number(seq),
                ack: number(ack),
                flags: Flags::from_bits(*flags),
                window: *window,
                checksum: *id,
                checksum_right: None,
                ip: IpFacts { ttl: Some(*ttl).filter(|ttl| ttl % 5 != 0), traffic_class: Some(*ttl), kind },
                options: Options {
                    set,
                    mss: set.has(OptionSet::MSS).then_some(*window),
                    window_scale: set.has(OptionSet::WINDOW_SCALE).then_some(*ttl % 15),
                    timestamps: set.has(OptionSet::TIMESTAMPS).then_some(stamps),
                    sack_edge: set.has(OptionSet::SACK).then_some(number(ack)),
                    mptcp_reason: set.has(OptionSet::MP_TCPRST).then_some(*ttl),
                },
                assumed: Assumed::NOTHING,
                len: (*len).into(),
                // A snap length may have cut it.
                payload: &PAYLOAD[..usize::from(*len >> (*ttl & 3))],
                trailer: &PAYLOAD[..usize::from(*ttl)],
            })
        }
        What::Icmp { kind, seq } => {
            let kinds =
                [IcmpKind::HostUnreachable, IcmpKind::PortUnreachable, IcmpKind::TooBig, IcmpKind::TimeExceeded];
            let kind = kinds[usize::from(kind % 4)];
            Seen::Icmp(IcmpError { from: dst.ip, kind, src, dst, seq: seq.map(Seq::new) })
        }
    }
}

#[derive(Default)]
struct Told {
    resets: u64,
    segments: u64,
}

impl Told {
    fn take(&mut self, tracker: &mut Tracker) {
        while let Some(outcome) = tracker.poll() {
            check(&outcome);
            if outcome.kind() == OutcomeKind::Reset {
                self.resets += 1;
                self.segments += u64::from(outcome.rsts_total());
            }
        }
    }
}

fn check(outcome: &Outcome) {
    assert!(outcome.before().len() <= 16 && outcome.rsts().len() <= 32 && outcome.after().len() <= 16);
    assert!(outcome.rsts().len() <= outcome.rsts_total() as usize);
    assert!(outcome.rst().is_some() == (outcome.kind() == OutcomeKind::Reset));
    let judgement = judge(outcome);
    assert!(judgement.cause.is_none_or(|cause| cause.rule.outcome == outcome.kind()));
}

fuzz_target!(|input: Input| {
    let connections = usize::from(input.connections % 8).max(1);
    let unsettled = usize::from(input.unsettled % 8).max(1);
    let limits = Limits { connections, unsettled, closed: 4, services: 4, ..Limits::default() };
    let mut tracker = Tracker::new(limits);
    let mut told = Told::default();
    let mut time = Timestamp::from_nanos(1_700_000_000_000_000_000);
    for (number, event) in (1..).zip(&input.events) {
        time = match event.time {
            Time::Micros(micros) => time.plus(Span::from_micros(micros.into())),
            Time::Seconds(seconds) => time.plus(Span::from_secs(seconds.into())),
            Time::At(nanos) => Timestamp::from_nanos(nanos),
        };
        let interface = Interface(u16::from(event.way >> 4 & 3));
        let what = seen(event, input.base);
        tracker.observe(&Observation { time, frame: Frame::new(0, number), interface, link: None, what });
        assert!(tracker.live() <= connections);
        match event.then % 8 {
            0 => told.take(&mut tracker),
            1 => tracker.advance(time.plus(Span::from_secs(event.then.into()))),
            _ => {}
        }
    }
    tracker.finish();
    told.take(&mut tracker);
    let counts = tracker.counts();
    assert_eq!(told.resets, counts.reset_connections);
    assert_eq!(told.segments + counts.late_resets, counts.rst_segments);
});
