//! How the lab plays `reader-stalled`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, SocketOption, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "reader-stalled",
        "The client reads nothing, so its window closes; after three seconds the server gives it up and aborts.",
        &steps![
            CLIENT.does(Action::Set(SocketOption::ReceiveBuffer(4096))),
            opened(),
            SERVER.does(Action::Set(SocketOption::SendBuffer(200_000))),
            SERVER.does(Action::Write { bytes: 65_536 }).gives(65_536),
            SERVER.does(Action::Pause(3_000)),
            SERVER.does(Action::LingerZero),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Pause(50)),
            CLIENT.does(Action::Read { most: 65_536 }).gives_between(1_000, 10_000),
            CLIENT.does(Action::Read { most: 65_536 }).fails("ECONNRESET"),
        ],
        Expect::both(&["reader-stalled"], &[(Host::Server, RstReason::TcpState)]),
    ),
    Scenario::new(
        "reader-stalled-close",
        "The same, but the server closes in order: its FIN waits behind the data, and what the client says at last is \
         reset.",
        &steps![
            CLIENT.does(Action::Set(SocketOption::ReceiveBuffer(4096))),
            opened(),
            SERVER.does(Action::Set(SocketOption::SendBuffer(200_000))),
            SERVER.does(Action::Write { bytes: 65_536 }).gives(65_536),
            SERVER.does(Action::Pause(100)),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Pause(2_500)),
            CLIENT.does(Action::Write { bytes: 14 }).gives(14),
            CLIENT.does(Action::Pause(50)),
            CLIENT.does(Action::Read { most: 65_536 }).gives_between(1_000, 10_000),
            CLIENT.does(Action::Read { most: 65_536 }).fails("ECONNRESET"),
        ],
        Expect::both(&["reader-stalled"], &[(Host::Server, RstReason::TcpAbortOnData)]),
    )
    .but(&[But::always(
        &[First::of(Family::UnknownConnection, "data-after-close").for_reason("reader-stalled")],
        "no FIN was sent: the server had closed and answers as if it had none; an abort is the first that the reason \
         explains",
    )]),
]);
