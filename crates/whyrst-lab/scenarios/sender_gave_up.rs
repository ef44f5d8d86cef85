//! How the lab plays `sender-gave-up`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, Packet, PacketKind, Reproduction, SERVER, Scenario, SocketOption, Step,
    Treatment, Verdicts, Wire, WireRule, steps,
};

/// Nothing that the client writes gets through.
const LOSES_DATA: Wire =
    Wire::PLAIN.with(&[WireRule::on(Packet::every(PacketKind::Data, Host::Client), Treatment::Drop)]);

/// From the client's capture; the server's does not show what was lost.
const GAVE_UP: Expect = Expect::ends(
    Verdicts::Resets(&["sender-gave-up"]),
    Verdicts::Resets(&["half-open-no-listener"]),
    &[(Host::Client, RstReason::NoSocket)],
);

static GIVES_UP_AND_IS_SPOKEN_TO: &[Step] = &steps![
    opened(),
    CLIENT.does(Action::Set(SocketOption::UserTimeout(700))),
    CLIENT.does(Action::Write { bytes: 100 }).gives(100),
    CLIENT.does(Action::Read { most: 4096 }).fails("ETIMEDOUT").taking_ms(400, 4_000),
    SERVER.does(Action::Write { bytes: 100 }).gives(100),
    SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
];

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "sender-gave-up",
        "The path loses everything that the client writes; it gives up without a word, and the server's next data is \
         reset.",
        GIVES_UP_AND_IS_SPOKEN_TO,
        GAVE_UP,
    )
    .on(LOSES_DATA),
    Scenario::new("sender-gave-up-v6", "The same over IPv6.", GIVES_UP_AND_IS_SPOKEN_TO, GAVE_UP)
        .but(&[But::always(
            &[First::of(Family::UnknownConnection, "half-open-no-listener")],
            "the RST has the flow label of a kernel without a socket, which half-open-no-listener asks \
             for first",
        )
        .at(Host::Client)])
        .over_ipv6()
        .on(LOSES_DATA),
    Scenario::new(
        "zero-window-user-timeout",
        "The server reads nothing, the client's probes of its closed window go on until it gives up; then the server \
         reads.",
        &steps![
            SERVER.does(Action::Set(SocketOption::ReceiveBuffer(4096))),
            opened(),
            CLIENT.does(Action::Set(SocketOption::SendBuffer(200_000))),
            CLIENT.does(Action::Set(SocketOption::UserTimeout(1_000))),
            CLIENT.does(Action::Write { bytes: 32_768 }).gives(32_768),
            CLIENT.does(Action::Read { most: 4096 }).fails("ETIMEDOUT").taking_ms(500, 5_000),
            SERVER.does(Action::Read { most: 65_536 }).gives_between(1_000, 10_000),
            SERVER.does(Action::Read { most: 65_536 }).fails("ECONNRESET"),
        ],
        Expect::both(&["sender-gave-up"], &[(Host::Client, RstReason::NoSocket)]),
    ),
    Scenario::new(
        "user-timeout",
        "TCP_USER_TIMEOUT ends a connection whose data is never acknowledged: the program gets ETIMEDOUT, nobody a \
         RST.",
        &steps![
            opened(),
            CLIENT.does(Action::Set(SocketOption::UserTimeout(700))),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Read { most: 4096 }).fails("ETIMEDOUT").taking_ms(400, 4_000),
        ],
        Expect::QUIET,
    )
    .on(LOSES_DATA),
    Scenario::new(
        "retransmit-timeout",
        "The limit of retransmissions, by sysctl a low one, does the same: silence.",
        &steps![
            CLIENT.does(Action::Sysctl { name: "net.ipv4.tcp_retries2", value: "1" }),
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Read { most: 4096 }).fails("ETIMEDOUT").taking_ms(300, 4_000),
        ],
        Expect::QUIET,
    )
    .on(LOSES_DATA),
]);
