//! How the lab plays `fw-reject-synack`.

use crate::scenario::{Action, CLIENT, Expect, Host, Limit, Reproduction, SERVER, Scenario, Step};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "fw-reject-synack",
        "The client's firewall rejects whatever comes from the service's port: its own SYN-ACK, twice within 1.3 s.",
        REJECTED,
        Expect::both(&["fw-reject-synack"], &[]),
    ),
    Scenario::new("fw-reject-synack-v6", "The same over IPv6.", REJECTED, Expect::both(&["fw-reject-synack"], &[]))
        .over_ipv6(),
]);

static REJECTED: &[Step] = &[
    SERVER.does(Action::Listen { port: 8888 }),
    CLIENT.does(Action::Nft(
        "table inet lab { chain input { type filter hook input priority 0; tcp sport 8888 reject with tcp reset; }; }",
    )),
    CLIENT
        .does(Action::ConnectWithin { to: Host::Server, port: 8888, limit: Limit::SendTimeout, ms: 1_300 })
        .fails("EINPROGRESS"),
    CLIENT.does(Action::Close),
];
