//! How the lab plays `time-wait-assassination`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, Treatment, Wire,
    WireRule, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "time-wait-assassination",
    "Both ends have closed; then a copy of the client's data arrives 150 ms late, the server's TIME-WAIT answers it, \
     and the client's kernel resets that answer.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Read { most: 4096 }).gives(0),
        CLIENT.does(Action::Close),
        CLIENT.does(Action::Pause(150)),
    ],
    Expect::both(&["time-wait-assassination"], &[(Host::Client, RstReason::NoSocket)]),
)
.but(&[But::always(
    &[First::of(Family::LastSegment, "rst-after-close")],
    "the client sees a late ACK; only the server sees the late copy that drew it",
)
.at(Host::Client)])
.on(
    Wire::PLAIN.with(&[WireRule::on(Packet::first(PacketKind::Data, Host::Client), Treatment::DuplicateAfterMs(150))])
)]);
