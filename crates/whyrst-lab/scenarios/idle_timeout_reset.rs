//! How the lab plays `idle-timeout-reset`.

use crate::scenario::{
    Action, CLIENT, Expect, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, Treatment, Wire, WireRule, steps, Verdicts};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "idle-timeout-reset",
    "After five silent seconds something on the path has forgotten the connection and answers the next request by RST.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Write { bytes: 50 }).gives(50),
        CLIENT.does(Action::Read { most: 4096 }).gives(50),
        CLIENT.does(Action::Pause(5_200)),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::ends(Verdicts::Resets(&["idle-timeout-reset"]), Verdicts::NoReset, &[]),
)
.on(Wire::PLAIN.with(&[WireRule::on(
    Packet { from: Host::Client, kind: PacketKind::Data, nth: 2 },
    Treatment::Reject { ttl: 63 },
)]))]);
