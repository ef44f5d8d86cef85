//! How the lab plays `backscatter-synack`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{Action, But, Expect, First, Host, Reproduction, SERVER, Scenario, Step};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "backscatter-synack",
        "A SYN-ACK for a SYN that was never sent reaches the client, as in a SYN flood with its address; its kernel \
         resets it.",
        UNASKED,
        RESET_BY_CLIENT,
    )
    .but(AS_IF_ABANDONED),
    Scenario::new("backscatter-synack-v6", "The same over IPv6.", UNASKED, RESET_BY_CLIENT)
        .but(AS_IF_ABANDONED)
        .over_ipv6(),
]);

const RESET_BY_CLIENT: Expect = Expect::both(&["backscatter-synack"], &[(Host::Client, RstReason::NoSocket)]);

static UNASKED: &[Step] = &[SERVER.does(Action::RawSynAck { port: 8888 })];

const AS_IF_ABANDONED: &[But] = &[
    But::always(
        &[First::of(Family::UnwantedAnswer, "connect-abandoned")],
        "a SYN that nobody captured is more often one that was missed than one that was never sent",
    ),
    But::sockets(
        &[First::of(Family::UnwantedAnswer, "connect-abandoned")],
        "the probe sees a SYN-ACK that nobody waits for, as after a connect that was given up",
    ),
];
