//! How the lab plays `backscatter-synack`.

use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, Expect, Host, Reproduction, SERVER, Scenario, Step};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "backscatter-synack",
        "A SYN-ACK for a SYN that was never sent reaches the client, as in a SYN flood with its address; its kernel \
         resets it.",
        UNASKED,
        RESET_BY_CLIENT,
    ),
    Scenario::new("backscatter-synack-v6", "The same over IPv6.", UNASKED, RESET_BY_CLIENT).over_ipv6(),
]);

const RESET_BY_CLIENT: Expect = Expect::both(&["backscatter-synack"], &[(Host::Client, RstReason::NoSocket)]);

static UNASKED: &[Step] = &[SERVER.does(Action::RawSynAck { port: 8888 })];
