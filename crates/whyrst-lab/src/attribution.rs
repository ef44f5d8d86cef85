//! Which of the machine's reset events belong to this play, and to which of its hosts.
//!
//! The trace hears every reset of the machine, and an event does not tell its namespace. Ours are
//! those that a RST in the sender's own capture goes with: the same ends (a listener names only
//! its port) at the same moment.

use std::net::IpAddr;

use whyrst_core::kernel::KernelReset;
use whyrst_core::recording::Recording;
use whyrst_core::segment::{Endpoint, Flags};
use whyrst_core::time::{Span, Timestamp};

use crate::packet::Tcp;
use crate::played::{Direction, End};
use crate::route::addresses_of;
use crate::scenario::Host;
use crate::trace::Traced;

/// An event and its packet are traced within microseconds of each other; a busy machine may put a
/// pause between them.
const SAME_MOMENT: Span = Span::from_millis(20);

/// The recording of this play, and how many events were of others.
pub(crate) fn split_off_foreign(
    traced: Result<Traced, String>,
    ends: &[&End],
    from: Timestamp,
    to: Timestamp,
) -> (Result<Recording, String>, u64) {
    let Traced { resets, lost } = match traced {
        Ok(traced) => traced,
        Err(reason) => return (Err(reason), 0),
    };
    let (ours, foreign): (Vec<_>, Vec<_>) = resets.into_iter().partition(|reset| sender(reset, ends).is_some());
    let mut addresses: Vec<IpAddr> = ends.iter().flat_map(|end| addresses_of(end.host)).collect();
    // A scenario may give a host further addresses; a listener's event names none.
    addresses.extend(ours.iter().map(|reset| reset.local.ip).filter(|ip| !ip.is_unspecified()));
    addresses.sort_unstable();
    addresses.dedup();
    let recording = Recording { addresses, from, to, lost, resets: ours, ..Recording::default() };
    (Ok(recording), u64::try_from(foreign.len()).unwrap_or(u64::MAX))
}

/// The host whose capture shows that it sent the RST of this event.
pub(crate) fn sender(reset: &KernelReset, ends: &[&End]) -> Option<Host> {
    let sent_by = |end: &&&End| resets_sent(end).any(|rst| goes_with(reset, &rst));
    ends.iter().find(sent_by).map(|end| end.host)
}

fn resets_sent(end: &End) -> impl Iterator<Item = (Timestamp, Endpoint, Endpoint)> + '_ {
    let sent = end.frames.iter().filter(|frame| frame.direction == Direction::Sent);
    sent.filter_map(|frame| {
        let tcp = Tcp::parse(&frame.bytes)?;
        tcp.flags.has(Flags::RST).then_some((frame.time, tcp.src, tcp.dst))
    })
}

fn goes_with(reset: &KernelReset, (time, src, dst): &(Timestamp, Endpoint, Endpoint)) -> bool {
    let same_ends = match reset.remote {
        Some(remote) => reset.local == *src && remote == *dst,
        None => reset.local.port == src.port,
    };
    same_ends && reset.time.since(*time).abs() <= SAME_MOMENT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Bare;
    use crate::played::Frame;

    const CLIENT: ([u8; 4], u16) = ([10, 77, 0, 1], 40_000);
    const SERVER: ([u8; 4], u16) = ([10, 77, 0, 2], 8888);

    fn endpoint((ip, port): ([u8; 4], u16)) -> Endpoint {
        Endpoint::new(ip.into(), port)
    }

    fn ends() -> [End; 2] {
        let flags = Flags::RST;
        let rst = Bare { src: endpoint(SERVER), dst: endpoint(CLIENT), seq: 1, ack: 0, flags, window: 0 };
        let frame = |direction| Frame { time: Timestamp::from_nanos(0), direction, bytes: rst.packet(64, 0) };
        let end = |host: Host, direction| End { host, name: host.name(), frames: vec![frame(direction)], dropped: 0 };
        [end(Host::Client, Direction::Received), end(Host::Server, Direction::Sent)]
    }

    fn event(local: Endpoint, remote: Option<Endpoint>, after: Span) -> KernelReset {
        KernelReset {
            time: Timestamp::from_nanos(0).plus(after),
            reason: None,
            reason_name: "NO_SOCKET".into(),
            state: "UNKNOWN".into(),
            local,
            remote,
            stack: vec![],
            comm: "x".into(),
            pid: 1,
        }
    }

    #[test]
    fn an_event_belongs_to_the_end_that_sent_the_rst_at_that_moment() {
        let ours = event(endpoint(SERVER), Some(endpoint(CLIENT)), Span::from_micros(-40));
        assert_eq!(sender(&ours, &ends().each_ref()), Some(Host::Server));
        let later = event(endpoint(SERVER), Some(endpoint(CLIENT)), Span::from_millis(400));
        assert_eq!(sender(&later, &ends().each_ref()), None);
    }

    #[test]
    fn a_listener_is_known_by_its_port_and_a_stranger_is_not_ours() {
        let listener = event(endpoint(([0; 4], 8888)), None, Span::ZERO);
        assert_eq!(sender(&listener, &ends().each_ref()), Some(Host::Server));
        let stranger = event(endpoint(([10, 0, 0, 9], 8888)), Some(endpoint(CLIENT)), Span::ZERO);
        let traced = Ok(Traced { resets: vec![stranger, listener], lost: 0 });
        let (recording, foreign) =
            split_off_foreign(traced, &ends().each_ref(), Timestamp::default(), Timestamp::default());
        assert_eq!((recording.expect("it was asked").resets.len(), foreign), (1, 1));
    }
}
