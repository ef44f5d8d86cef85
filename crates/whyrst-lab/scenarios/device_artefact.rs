//! How the lab plays `device-artefact`.

use whyrst_core::cause::Family;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, Injected, Packet, PacketKind, Reproduction, SERVER, Scenario, Treatment,
    Verdicts, Wire, WireRule, steps,
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
.but(&[But::always(
    &[First::of(Family::Unseen, "device-artefact")],
    "its RST answers nothing that the capture shows; a refused connect is the first of its shapes",
)
.at(Host::Client)])
.on(Wire::PLAIN.with(&[WireRule::on(
    Packet::first(PacketKind::Fin, Host::Client),
    Treatment::Inject(&[Injected { victim: Host::Client, after_us: 200, ttl: 255, ip_id: 7, ahead: 5_000_000 }]),
)]))]);
