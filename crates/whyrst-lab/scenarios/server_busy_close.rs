//! How the lab plays `server-busy-close`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "server-busy-close",
        "The server has no room for the client: it closes as soon as it has accepted; the request is there already.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).meanwhile(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100).meanwhile(),
            SERVER.does(Action::Accept),
            SERVER.does(Action::AwaitUnread { bytes: 100 }).gives(100).taking_ms(0, 2),
            SERVER.does(Action::Close).taking_ms(0, 1),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        Expect::both(&["server-busy-close"], &[(Host::Server, RstReason::TcpAbortOnClose)]),
    ),
    Scenario::new(
        "server-busy-close-fin",
        "The same, and the request comes after the close: FIN first, then RST.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).meanwhile(),
            SERVER.does(Action::Accept),
            SERVER.does(Action::Close).taking_ms(0, 1),
            CLIENT.does(Action::Pause(80)),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Pause(50)),
            CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
        ],
        Expect::both(&["server-busy-close"], &[(Host::Server, RstReason::TcpTimewaitSocket)]),
    )
    .but(&[But::always(
        &[First::of(Family::LateData, "data-after-close").for_reason("server-busy-close")],
        "the request comes after the close; a close with it unread is the first that the reason \
         explains",
    )]),
]);
