//! How the lab plays `conntrack-invalid-snat`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;
use whyrst_core::segment::Flags;

use crate::scenario::{
    Action, Actor, But, CLIENT, Expect, First, HandMade, Host, ROUTER, Reproduction, Scenario, Verdicts,
};

/// The server, by hand: a kernel would not send beyond the window.
const STACK: Actor = Actor::on_server("stack");
const ANSWER: HandMade = HandMade::syn(8888, Host::Router, 50_001);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "conntrack-invalid-snat",
    "The client is behind a NAT. The server sends 40 MB beyond the window, the NAT's connection tracking does not know \
     that segment, and the NAT's own kernel resets it; the client goes on.",
    &[
        ROUTER.does(Action::Nft(MASQUERADE)),
        STACK.does(Action::StandIn),
        CLIENT.does(Action::Connect { to: Host::Silent, port: 8888 }).meanwhile(),
        STACK.does(Action::Segment(ANSWER.ack(1))),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        STACK.does(Action::Pause(20)),
        STACK.does(Action::Segment(ANSWER.then(Flags::PSH, 1).ack(101).carrying(50))),
        CLIENT.does(Action::Read { most: 4096 }).gives(50),
        STACK.does(Action::Pause(20)),
        STACK.does(Action::Segment(ANSWER.then(Flags::PSH, 40_000_051).ack(101).carrying(100))),
        STACK.does(Action::Pause(30)),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        STACK.does(Action::Pause(20)),
    ],
    Expect::ends(
        Verdicts::NoReset,
        Verdicts::Resets(&["conntrack-invalid-snat"]),
        &[(Host::Router, RstReason::NoSocket)],
    ),
)
.but(&[But::kernel(
    &[First::of(Family::UnknownConnection, "conntrack-invalid-snat").for_reason("conntrack-invalid-dnat")],
    "the kernel without a socket is that of the NAT; a client that gets the segment untranslated would say the same",
)
.at(Host::Server)])]);

/// A NAT chooses any free port; here it is told which, so that every run is the same.
const MASQUERADE: &str = "table ip lab { chain out { type nat hook postrouting priority 100;
    oifname \"wire1\" tcp dport 8888 masquerade to :50001
}
}";
