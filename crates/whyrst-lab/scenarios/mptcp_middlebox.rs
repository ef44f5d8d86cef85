//! How the lab plays `mptcp-middlebox`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, CLIENT, Expect, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, Treatment, Wire, WireRule, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "mptcp-middlebox",
    "A connection has two subflows when the path begins to remove the options of Multipath TCP from the client's data.",
    &steps![
        SERVER.does(Action::UseMptcp),
        CLIENT.does(Action::UseMptcp),
        CLIENT.does(Action::Ip("address add 10.77.0.11/24 dev wire0")),
        CLIENT.does(Action::Ip("mptcp limits set subflows 2")),
        SERVER.does(Action::Ip("mptcp limits set subflows 2")),
        CLIENT.does(Action::Ip("mptcp endpoint add 10.77.0.11 subflow")),
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).gives(100),
        CLIENT.does(Action::Pause(150)),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Pause(600)),
    ],
    Expect::both(&["mptcp-middlebox"], &[(Host::Server, RstReason::MptcpEmiddlebox)]),
)
.on(Wire::PLAIN.with(&[WireRule::on(Packet::every(PacketKind::Data, Host::Client), Treatment::StripMptcp)
    .after(Packet::first(PacketKind::Data, Host::Client))]))]);
