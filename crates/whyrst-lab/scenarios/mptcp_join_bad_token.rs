//! How the lab plays `mptcp-join-bad-token`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "mptcp-join-bad-token",
    "A SYN from a raw socket wants to join a Multipath TCP connection by a token that nobody has.",
    &[
        SERVER.does(Action::UseMptcp),
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::RawJoin { port: 8888 }),
        CLIENT.does(Action::Pause(50)),
    ],
    Expect::both(&["mptcp-join-bad-token"], &[(Host::Server, RstReason::MptcpEmptcp)]),
)]);
