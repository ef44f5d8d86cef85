//! How the lab plays `rst-after-close`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, CLIENT, Expect, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, Treatment, Wire, WireRule, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "rst-after-close",
    "Both ends have closed in order; then the wire delivers the last ACK a second time, to an end that has forgotten \
     all.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Read { most: 4096 }).gives(0),
        CLIENT.does(Action::Close),
    ],
    Expect::both(&["rst-after-close"], &[(Host::Client, RstReason::NoSocket)]),
)
.on(Wire::PLAIN.with(&[WireRule::on(Packet::first(PacketKind::Ack, Host::Server), Treatment::DuplicateAfterMs(20))
    .after(Packet::first(PacketKind::Fin, Host::Client))]))]);
