//! How the lab plays `stalled-transfer`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, Treatment, Wire,
    WireRule, steps,
};

/// Bytes of the largest segment with timestamps on Ethernet.
const FULL_SEGMENT: u32 = 1448;

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "stalled-transfer",
    "The second of three segments is lost, and so is every repetition; the client gives up after four seconds.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        // As large as what is lost later: the path takes such segments.
        SERVER.does(Action::Write { bytes: FULL_SEGMENT }).gives(1448),
        CLIENT.does(Action::Read { most: 4096 }).gives(1448),
        SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
        SERVER.does(Action::Pause(4)),
        SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
        CLIENT.does(Action::Pause(4_200)),
        CLIENT.does(Action::LingerZero),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["stalled-transfer"], &[(Host::Client, RstReason::TcpState)]),
)
.but(&[But::kernel(
    &[First::of(Family::Aborted, "linger-zero").for_reason("stalled-transfer")],
    "the program aborts with SO_LINGER 0; a close with data unread is the first that the reason \
     explains",
)])
.on(Wire::PLAIN.with(&[
    WireRule::on(Packet { from: Host::Server, kind: PacketKind::Data, nth: 2 }, Treatment::Drop),
    WireRule::on(Packet::every(PacketKind::Data, Host::Server), Treatment::Drop).after(Packet {
        from: Host::Server,
        kind: PacketKind::Data,
        nth: 3,
    }),
]))]);
