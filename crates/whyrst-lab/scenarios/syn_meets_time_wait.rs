//! How the lab plays `syn-meets-time-wait`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, CLIENT, Expect, First, Host, Reproduction, SERVER, Scenario, steps};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "syn-meets-time-wait",
        "The server closes first; the client comes back from the same port with a lower sequence number and no \
         timestamps.",
        &steps![
            CLIENT.does(Action::Sysctl { name: "net.ipv4.tcp_timestamps", value: "0" }),
            CLIENT.does(Action::UseSequence(2_000_000_000)),
            opened(),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Read { most: 4096 }).gives(0),
            CLIENT.does(Action::Close),
            CLIENT.does(Action::Pause(60)),
            CLIENT.does(Action::UsePort(40_000)),
            CLIENT.does(Action::UseSequence(1_000_000_000)),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            SERVER.does(Action::Accept),
        ],
        Expect::both(&["syn-meets-time-wait"], &[(Host::Client, RstReason::TcpInvalidAckSequence)]),
    )
    .but(&[But::sockets(
        &[First::of(Family::SynCollision, "syn-meets-old-connection")],
        "the socket that sent the RST knows nothing of the state of the old connection",
    )]),
    Scenario::new(
        "syn-to-time-wait-accepted",
        "The client comes back from the same port as kernels do, with a higher number: the TIME-WAIT gives way at \
         once.",
        &steps![
            opened(),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Read { most: 4096 }).gives(0),
            CLIENT.does(Action::Close),
            CLIENT.does(Action::Pause(60)),
            CLIENT.does(Action::UsePort(40_000)),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            SERVER.does(Action::Accept),
        ],
        Expect::QUIET,
    ),
]);
