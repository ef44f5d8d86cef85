//! How the lab plays `syn-data-rejected`.

use crate::scenario::{
    Action, CLIENT, Expect, Host, ROUTER, Reproduction, SERVER, Scenario, SocketOption, Verdicts, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[Scenario::new(
    "syn-data-rejected",
    "A router rejects SYNs that carry data: a plain connect is accepted, those with TCP Fast Open are refused.",
    &steps![
        ROUTER.does(Action::Nft(NO_SYN_WITH_DATA)),
        opened(),
        CLIENT.does(Action::Close),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Sysctl { name: "net.ipv4.tcp_fastopen", value: "5" }),
        CLIENT.does(Action::Set(SocketOption::FastOpen)),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        CLIENT.does(Action::Write { bytes: 62 }).fails("ECONNREFUSED"),
        CLIENT.does(Action::Close),
        CLIENT.does(Action::Set(SocketOption::FastOpen)),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        CLIENT.does(Action::Write { bytes: 62 }).fails("ECONNREFUSED"),
    ],
    Expect::ends(Verdicts::Resets(&["syn-data-rejected"]), Verdicts::NoReset, &[]),
)]);

const NO_SYN_WITH_DATA: &str = "table inet lab { chain f { type filter hook forward priority 0;
    tcp flags & (syn | ack) == syn meta length > 90 reject with tcp reset
}
}";
