//! How the lab plays `fw-window-refused`.

use whyrst_core::cause::Family;
use whyrst_core::segment::Flags;

use crate::scenario::{
    Action, Actor, But, CLIENT, Expect, First, HandMade, Host, ROUTER, Reproduction, Scenario, Verdicts,
};

/// The server, by hand: a kernel would not send beyond the window.
const STACK: Actor = Actor::on_server("stack");
const ANSWER: HandMade = HandMade::syn(8888, Host::Client, 40_000);

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "fw-window-refused",
    "The server sends 40 MB beyond the window, and a firewall between, which tracks windows, answers that segment with \
     RST; what the client sends later passes.",
    &[
        ROUTER.does(Action::Nft(REJECT_INVALID)),
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
    Expect::ends(Verdicts::NoReset, Verdicts::Resets(&["fw-window-refused"]), &[]),
)
.but(&[But::always(
    &[First::of(Family::UnknownConnection, "conntrack-invalid-snat")],
    "a NAT host that does not translate the segment answers it in the same way, and is commoner",
)
.at(Host::Server)])]);

const REJECT_INVALID: &str = "table inet lab {
    chain forward { type filter hook forward priority 0; meta l4proto tcp ct state invalid reject with tcp reset; }
}";
