//! How the lab plays `proxy-upstream-down`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Actor, But, CLIENT, Expect, First, Host, Reproduction, Scenario};

const PROXY: Actor = Actor::on_server("proxy");

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "proxy-upstream-down",
    "A forwarder accepts the client, finds its upstream's port closed, and closes with the request unread.",
    &[
        PROXY.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        PROXY.does(Action::Accept),
        PROXY.does(Action::AwaitUnread { bytes: 100 }).gives(100),
        PROXY.does(Action::Pause(60)),
        PROXY.does(Action::OtherConnection),
        PROXY.does(Action::Connect { to: Host::Server, port: 9999 }).fails("ECONNREFUSED"),
        PROXY.does(Action::OtherConnection),
        PROXY.does(Action::Close),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["proxy-upstream-down"], &[(Host::Server, RstReason::TcpAbortOnClose)]),
)
.but(&[But::always(
    &[First::of(Family::Aborted, "close-unread")],
    "what became of the upstream is on another connection, which neither capture has",
)])]);
