//! How the lab plays `proxy-relays-reset`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Actor, But, CLIENT, Expect, First, Host, Reproduction, Scenario};

const PROXY: Actor = Actor::on_server("proxy");
const UPSTREAM: Actor = Actor::on_server("upstream");

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "proxy-relays-reset",
    "A forwarder carries a request to its upstream, is reset by it, and resets its client in turn.",
    &[
        UPSTREAM.does(Action::Listen { port: 9999 }),
        PROXY.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        PROXY.does(Action::Accept),
        PROXY.does(Action::OtherConnection),
        PROXY.does(Action::Connect { to: Host::Server, port: 9999 }),
        UPSTREAM.does(Action::Accept),
        PROXY.does(Action::OtherConnection),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        PROXY.does(Action::Read { most: 4096 }).gives(100),
        PROXY.does(Action::OtherConnection),
        PROXY.does(Action::Write { bytes: 100 }).gives(100),
        UPSTREAM.does(Action::AwaitUnread { bytes: 100 }).gives(100),
        UPSTREAM.does(Action::Pause(60)),
        UPSTREAM.does(Action::Close),
        PROXY.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        PROXY.does(Action::OtherConnection),
        PROXY.does(Action::LingerZero),
        PROXY.does(Action::Close),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["proxy-relays-reset"], &[(Host::Server, RstReason::TcpState)]),
)
.but(&[
    But::packets(&[First::of(Family::Aborted, "close-unread")], ON_ANOTHER),
    But::kernel(&[First::of(Family::Aborted, "linger-zero")], ON_ANOTHER),
])]);

const ON_ANOTHER: &str = "the reset that is relayed is on another connection, which neither capture has";
