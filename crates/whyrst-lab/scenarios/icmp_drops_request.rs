//! How the lab plays `icmp-drops-request`.

use whyrst_core::kernel::RstReason;
use whyrst_core::segment::Flags;

use crate::scenario::{Action, Actor, CLIENT, Expect, HandMade, Host, Reproduction, SERVER, Scenario, Wire};

const STRANGER: Actor = Actor::on_client("stranger");
const SYN: HandMade = HandMade::syn(40_000, Host::Server, 8888);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "icmp-drops-request",
    "The client's link reports the SYN-ACK undeliverable (ICMP host unreachable); the handshake's last ACK comes all \
     the same and finds no request.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Nft(
            "table netdev lab { chain in { type filter hook ingress device wire0 priority 0; tcp sport 8888 tcp flags \
             & (syn | ack) == syn | ack reject with icmp type host-unreachable; }; }",
        )),
        STRANGER.does(Action::StandIn),
        STRANGER.does(Action::Segment(SYN)),
        STRANGER.does(Action::Pause(30)),
        STRANGER.does(Action::Segment(SYN.then(Flags::ACK, 1).ack(1))),
        STRANGER.does(Action::Pause(30)),
    ],
    Expect::both(&["icmp-drops-request"], &[(Host::Server, RstReason::TcpFlags)]),
)
.on(Wire::PLAIN.over_ethernet())]);
