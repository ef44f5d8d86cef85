//! How the lab plays `half-closed-expired`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, ROUTER, Reproduction, SERVER, Scenario, Verdicts, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "half-closed-expired",
    "The client has closed its side; the NAT between forgets the half-closed connection, and resets what the server \
     answers late.",
    &steps![
        ROUTER.does(Action::Nft(MASQUERADE)),
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        CLIENT.does(Action::ShutdownWrite),
        SERVER.does(Action::Read { most: 4096 }).gives(0),
        ROUTER.does(Action::Pause(1_500)),
        ROUTER.does(Action::ForgetConnections),
        SERVER.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(0),
    ],
    Expect::ends(Verdicts::NoReset, Verdicts::Resets(&["half-closed-expired"]), &[(Host::Router, RstReason::NoSocket)]),
)
.but(&[
    But::kernel(
        &[First::of(Family::LateData, "fin-wait2-expired").for_reason("half-closed-expired")],
        "the kernel without a socket is that of the NAT, whose address the server speaks to",
    )
    .at(Host::Server),
    But::NOTHING_BEFORE,
])]);

const MASQUERADE: &str = "table ip lab { chain out { type nat hook postrouting priority 100;
    oifname \"wire1\" tcp dport 8888 masquerade to :50001
}
}";
