//! How the lab plays `linger2-negative`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, SocketOption, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "linger2-negative",
        "The server sets TCP_LINGER2 to -1 and closes: the acknowledgment of its FIN is answered by RST.",
        &steps![
            opened(),
            SERVER.does(Action::Set(SocketOption::Linger2(-1))),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Read { most: 4096 }).gives(0),
            CLIENT.does(Action::Pause(80)),
            CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
        ],
        Expect::both(&["linger2-negative"], &[(Host::Server, RstReason::TcpAbortOnData)]),
    )
    .but(&[But::always(
        &[First::of(Family::LateData, "linger2-negative")],
        "data comes after the FIN; an abort is the first of its shapes",
    )]),
    Scenario::new(
        "linger2-negative-shutdown",
        "The same with shutdown() first: the RST comes at close(), when the FIN has long been acknowledged.",
        &steps![
            opened(),
            SERVER.does(Action::Set(SocketOption::Linger2(-1))),
            SERVER.does(Action::Pause(60)),
            SERVER.does(Action::ShutdownWrite),
            CLIENT.does(Action::Read { most: 4096 }).gives(0),
            SERVER.does(Action::Pause(80)),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Pause(30)),
            CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
        ],
        Expect::both(&["linger2-negative"], &[(Host::Server, RstReason::TcpAbortOnLinger)]),
    )
    .but(&[But::packets(
        &[First::of(Family::Aborted, "linger-zero")],
        "the packets are those of linger-zero, which has the smaller prior",
    )]),
]);
