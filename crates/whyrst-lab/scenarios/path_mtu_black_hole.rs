//! How the lab plays `path-mtu-black-hole`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, ROUTER, Reproduction, SERVER, Scenario, Verdicts, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "path-mtu-black-hole",
    "A router drops packets of more than 1000 bytes and says nothing: the request arrives, the upload does not; the \
     server waits two seconds and aborts.",
    &steps![
        ROUTER.does(Action::Nft(NARROW)),
        opened(),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        CLIENT.does(Action::Write { bytes: 1400 }).gives(1400),
        SERVER.does(Action::Pause(2_000)),
        SERVER.does(Action::LingerZero),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::ends(
        Verdicts::Resets(&["path-mtu-black-hole"]),
        Verdicts::Resets(&["linger-zero"]),
        &[(Host::Server, RstReason::TcpState)],
    ),
)
.but(&[
    But::kernel(
        &[First::of(Family::Aborted, "linger-zero").for_reason("path-mtu-black-hole")],
        "the kernel says how the server aborted",
    )
    .at(Host::Client),
    But::packets(
        &[First::of(Family::Aborted, "close-unread").for_reason("request-timeout")],
        "the server sees nothing of what is lost, and left after 2 s; the packets are those of close-unread",
    )
    .at(Host::Server),
    But::kernel(
        &[First::of(Family::Aborted, "linger-zero").for_reason("request-timeout")],
        "the server sees nothing of what is lost, and left after 2 s",
    )
    .at(Host::Server),
])]);

const NARROW: &str = "table inet lab { chain f { type filter hook forward priority 0;
    tcp dport 8888 meta length > 1000 drop
}
}";
