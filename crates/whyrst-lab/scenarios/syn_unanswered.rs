//! How the lab plays `syn-unanswered`.

use crate::scenario::{
    Action, CLIENT, Expect, Finding, Host, Limit, Packet, PacketKind, Reproduction, SERVER, Scenario, SocketOption,
    Treatment, Verdicts, Wire, WireRule,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    SILENCE,
    DROPPED,
    Scenario::new(
        "connect-timeout-syn-lost",
        "The path loses the SYN and its repetition, and the client gives up: no RST on either end.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT
                .does(Action::ConnectWithin { to: Host::Server, port: 8888, limit: Limit::NonBlocking, ms: 1_200 })
                .gives(0),
            CLIENT.does(Action::Close),
        ],
        Expect::ends(Verdicts::FailedConnect("syn-unanswered"), Verdicts::NoReset, &[]),
    )
    .on(Wire::PLAIN.with(&[WireRule::on(Packet::every(PacketKind::Syn, Host::Client), Treatment::Drop)])),
    Scenario::new(
        "md5-missing",
        "The server demands signed segments and the client's SYN is not: it is dropped, although the port listens.",
        &[
            SERVER.does(Action::Set(SocketOption::Md5Key(Host::Client, "secret"))),
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT
                .does(Action::ConnectWithin { to: Host::Server, port: 8888, limit: Limit::NonBlocking, ms: 1_200 })
                .gives(0),
            CLIENT.does(Action::Close),
        ],
        Expect::failed_connect("syn-unanswered"),
    ),
    Scenario::new(
        "md5-wrong-key",
        "Both ends sign, with different keys: silence as well.",
        &[
            SERVER.does(Action::Set(SocketOption::Md5Key(Host::Client, "secret"))),
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Set(SocketOption::Md5Key(Host::Server, "another"))),
            CLIENT
                .does(Action::ConnectWithin { to: Host::Server, port: 8888, limit: Limit::NonBlocking, ms: 1_200 })
                .gives(0),
            CLIENT.does(Action::Close),
        ],
        Expect::failed_connect("syn-unanswered"),
    ),
]);

const DROPPED: Scenario = Scenario::new(
    "fw-drop-syn",
    "A service listens, but its host's firewall drops the SYNs instead of rejecting them: the client hears nothing.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        SERVER.does(Action::Nft(
            "table inet lab { chain input { type filter hook input priority 0; tcp dport 8888 drop; }; }",
        )),
        CLIENT
            .does(Action::ConnectWithin { to: Host::Server, port: 8888, limit: Limit::SendTimeout, ms: 1_200 })
            .fails("EINPROGRESS"),
        CLIENT.does(Action::Close),
    ],
    Expect::failed_connect("syn-unanswered"),
);

const SILENCE: Scenario = Scenario::new(
    "syn-unanswered",
    "A client connects to an address where nobody answers, not even its second SYN, and gives up after 1.2 s.",
    &[
        CLIENT
            .does(Action::ConnectWithin { to: Host::Silent, port: 8888, limit: Limit::SendTimeout, ms: 1_200 })
            .fails("EINPROGRESS")
            .taking_ms(1_190, 1_900),
        CLIENT.does(Action::Close),
    ],
    Expect::failed_connect("syn-unanswered"),
)
.told(
    "some hosts stay silent instead of sending RST, for instance Windows 7",
    Finding::HoldsCorrected,
    "no RST here: connect() {client.connect}. On Windows it is the firewall's stealth mode, on by default, not the \
     TCP stack, that keeps silent; a Linux firewall that drops does the same",
);
