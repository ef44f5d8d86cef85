//! How the lab plays `device-artefact`.

use crate::scenario::{
    Action, CLIENT, Expect, Host, Injected, Packet, PacketKind, Reproduction, SERVER, Scenario, Treatment, Verdicts,
    Wire, WireRule, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "device-artefact",
    "When the client has closed, a NAT engine on the path sends it a RST with numbers of its own, five megabytes off.",
    &steps![
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).gives(100),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Read { most: 4096 }).gives(0),
        SERVER.does(Action::Close),
    ],
    Expect::ends(Verdicts::Resets(&["device-artefact"]), Verdicts::NoReset, &[]),
)
.on(Wire::PLAIN.with(&[WireRule::on(
    Packet::first(PacketKind::Fin, Host::Client),
    Treatment::Inject(&[Injected { victim: Host::Client, after_us: 200, ttl: 255, ip_id: 7, ahead: 5_000_000 }]),
)]))]);
