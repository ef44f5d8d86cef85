//! Any octets as the payload of two segments, one of each end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use whyrst_core::observation::Frame;
use whyrst_core::segment::{Assumed, Endpoint, Flags, IpFacts, IpKind, Options, Segment};
use whyrst_core::seq::Seq;
use whyrst_core::time::Timestamp;
use whyrst_core::words::{KEPT, Message, Protocol, identity, opening, protocol_of};

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, payload)) = bytes.split_first() else { return };
    let (first, second) = payload.split_at(payload.len().min(usize::from(*cut)));
    let spoken = opening(first, None, None);
    for (payload, before, peer) in [(first, None, None), (second, spoken, None), (second, None, spoken)] {
        let _ = (protocol_of(payload), identity(Protocol::Mqtt, payload));
        let Some(protocol) = opening(payload, before, peer) else { continue };
        let (segment, frame) = (segment(payload, u32::from(*cut)), Frame::new(0, 1));
        let message = Message::new(protocol, &segment, frame, Timestamp::default());
        assert!(message.octets().len() <= KEPT);
        if let Some(spoken) = message.read() {
            assert!(spoken.quote.len() <= KEPT);
        }
    }
});

/// A segment of which `missing` octets were not captured.
fn segment(payload: &[u8], missing: u32) -> Segment<'_> {
    let end = |port| Endpoint { ip: [127, 0, 0, 1].into(), port };
    Segment {
        src: end(1),
        dst: end(2),
        seq: Seq::new(1),
        ack: Seq::new(1),
        flags: Flags::ACK,
        window: 1,
        checksum: 0,
        checksum_right: None,
        ip: IpFacts {
            ttl: Some(64),
            traffic_class: Some(0),
            kind: IpKind::V4 { id: Some(0), dont_fragment: Some(true) },
        },
        options: Options::default(),
        assumed: Assumed::NOTHING,
        len: u32::try_from(payload.len()).unwrap_or(u32::MAX).saturating_add(missing),
        payload,
        trailer: &[],
    }
}
