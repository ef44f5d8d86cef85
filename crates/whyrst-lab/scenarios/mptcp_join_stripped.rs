//! How the lab plays `mptcp-join-stripped`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, Treatment, Wire,
    WireRule, steps,
};

pub(super) const REPRODUCTION: Reproduction =
    Reproduction::Lab(&[
        Scenario::new(
            "mptcp-join-stripped",
            "A client adds a second subflow; the path removes the options of Multipath TCP from its SYN-ACK.",
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
                CLIENT.does(Action::Pause(100)),
            ],
            Expect::both(&["mptcp-join-stripped"], &[(Host::Client, RstReason::MptcpEmptcp)]),
        )
        .but(&[But::always(
            &[First::of(Family::Aborted, "mptcp-join-stripped")],
            "the client had the subflow and aborts it; rejecting the SYN-ACK is the first of its shapes",
        )])
        .on(Wire::PLAIN.with(&[WireRule::on(
            Packet { from: Host::Server, kind: PacketKind::SynAck, nth: 2 },
            Treatment::StripMptcp,
        )])),
    ]);
