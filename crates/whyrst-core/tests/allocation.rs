//! The path of an ordinary packet through the tracker takes no memory from the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};

use whyrst_core::observation::{Frame, Interface, Observation, Seen};
use whyrst_core::segment::{Assumed, Endpoint, Flags, IpFacts, IpKind, Options, Segment};
use whyrst_core::seq::Seq;
use whyrst_core::time::Timestamp;
use whyrst_core::tracker::{Limits, Tracker};

thread_local! {
    /// Of this thread: the test harness has others, which allocate when they like.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "counting allocations needs an allocator of its own")]
mod counting {
    use super::{ALLOCATIONS, GlobalAlloc, Layout, System};

    pub(super) struct Counting;

    // SAFETY: every call is passed on unchanged to the system's allocator.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            ALLOCATIONS.set(ALLOCATIONS.get() + 1);
            // SAFETY: the caller's promises about `layout` are those that the system's allocator wants.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            // SAFETY: `pointer` came from `alloc` above, and so from the system's allocator.
            unsafe { System.dealloc(pointer, layout) }
        }
    }
}

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// Packet `number` of connection `client`: data and acknowledgments in turn.
fn packet(client: u8, number: u32) -> Observation<'static> {
    let ends = [
        Endpoint::new(IpAddr::V4(Ipv4Addr::new(10, 0, 1, client)), 40_000),
        Endpoint::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 80),
    ];
    let own = (number % 2) as usize;
    let sent = number / 2 * 100;
    let segment = Segment {
        src: ends[own],
        dst: ends[1 - own],
        seq: Seq::new(if own == 0 { 1_000 + sent } else { 5_000 }),
        ack: Seq::new(if own == 0 { 5_000 } else { 1_100 + sent }),
        flags: Flags::ACK,
        window: 502,
        checksum: 0,
        checksum_right: None,
        ip: IpFacts {
            ttl: Some(64),
            traffic_class: Some(0),
            kind: IpKind::V4 { id: Some((number % 60_000) as u16 + 1), dont_fragment: Some(true) },
        },
        options: Options::default(),
        assumed: Assumed::NOTHING,
        len: if own == 0 { 100 } else { 0 },
        payload: &[],
        trailer: &[],
    };
    Observation {
        time: Timestamp::from_nanos(i64::from(number) * 1_000_000),
        frame: Frame::new(0, number.into()),
        interface: Interface(0),
        link: None,
        what: Seen::Segment(segment),
    }
}

#[test]
fn ordinary_packets_allocate_nothing() {
    let mut tracker = Tracker::new(Limits::default());
    let mut feed = |numbers: std::ops::Range<u32>| {
        for number in numbers {
            for client in 0..50 {
                tracker.observe(&packet(client, number));
                assert!(tracker.poll().is_none());
            }
        }
    };
    // Every connection has its record blocks after sixteen segments.
    feed(0..20);
    let before = ALLOCATIONS.get();
    feed(20..2_020);
    assert_eq!(ALLOCATIONS.get() - before, 0);
}
