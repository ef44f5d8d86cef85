//! How the lab plays `keepalive-timeout`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, Treatment, Wire,
    WireRule, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "keepalive-timeout",
    "The path loses every bare ACK of an idle client: its two keepalive probes go unanswered, its RST arrives.",
    &steps![
        opened(),
        CLIENT.does(Action::Keepalive { idle_s: 1, every_s: 1, probes: 2 }),
        CLIENT.does(Action::Read { most: 4096 }).fails("ETIMEDOUT").taking_ms(2_500, 6_000),
        SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["keepalive-timeout"], &[(Host::Client, RstReason::TcpKeepaliveTimeout)]),
)
.but(&[But::packets(
    &[First::of(Family::Aborted, "linger-zero")],
    "the probes were lost on the way, so this end sees an abort out of silence",
)
.at(Host::Server)])
.on(Wire::PLAIN.with(&[WireRule::on(Packet::every(PacketKind::Ack, Host::Client), Treatment::Drop)
    .after(Packet::first(PacketKind::Ack, Host::Client))]))]);
