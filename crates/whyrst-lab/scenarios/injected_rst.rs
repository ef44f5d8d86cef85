//! How the lab plays `injected-rst`.

use whyrst_core::cause::Family;
use whyrst_core::kernel::RstReason;

use crate::scenario::{
    Action, But, CLIENT, Expect, First, Host, Injected, Packet, PacketKind, Reproduction, SERVER, Scenario, Step,
    Treatment, Verdicts, Wire, WireRule, steps,
};

pub(super) const REPRODUCTION: Reproduction = Reproduction::Lab(&[
    Scenario::new(
        "injected-rst",
        "Something on the path answers the server's response with exact resets to both ends, and lets the response \
         pass.",
        TOLD_ON_RESPONSE,
        Expect::both(&["injected-rst"], &[(Host::Server, RstReason::TcpFlags)]),
    )
    .but(CUTS)
    .on(Wire::PLAIN.with(&[ON_RESPONSE_TO_BOTH])),
    Scenario::new(
        "injected-rst-client-only",
        "The same, but only the client is told; the server goes on talking and is reset by the client's kernel.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
            CLIENT.does(Action::Pause(20)),
            CLIENT.does(Action::Read { most: 4096 }).gives(1000),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
            SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
            SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        ONLY_CLIENT_SEES_IT,
    )
    .but(&[But::always(
        &[First::of(Family::Aborted, "injected-rst")],
        "it cuts an open connection; a refused connect is the first of the shapes of injected-rst",
    )
    .at(Host::Client)])
    .on(Wire::PLAIN.with(&[ON_RESPONSE_TO_CLIENT])),
    Scenario::new(
        "injected-rst-server-only",
        "Only the server is told, in the client's name; the client goes on and is reset by the server's kernel.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Read { most: 4096 }).gives(100),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Pause(20)),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        ONLY_SERVER_SEES_IT,
    )
    .but(&[
        But::packets(
            &[First::of(Family::UnknownConnection, "half-open-no-listener")],
            "no packet shows whether anybody listens, and nobody has the smaller prior",
        )
        .at(Host::Client),
        But::always(
            &[First::of(Family::Aborted, "injected-rst")],
            "it cuts an open connection; a refused connect is the first of the shapes of injected-rst",
        )
        .at(Host::Server),
    ])
    .on(Wire::PLAIN.with(&[WireRule::on(SECOND_REQUEST, Treatment::Inject(&[forged(Host::Server)]))])),
    Scenario::new(
        "injected-rst-guessed",
        "Who is beside the path guesses: resets at the exact number and 1460 and 4380 beyond it, in case data \
         overtakes them.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
            CLIENT.does(Action::Pause(20)),
            CLIENT.does(Action::Read { most: 4096 }).gives(1000),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        Expect::ends(Verdicts::Resets(&["injected-rst"]), Verdicts::NoReset, &[]),
    )
    .but(&[But::always(
        &[First::of(Family::Aborted, "injected-rst")],
        "it cuts an open connection; a refused connect is the first of the shapes of injected-rst",
    )
    .at(Host::Client)])
    .on(Wire::PLAIN.with(&[WireRule::on(
        RESPONSE,
        Treatment::Inject(&[guessed(200, 0), guessed(300, 1_460), guessed(400, 4_380)]),
    )])),
    Scenario::new(
        "injected-rst-missed",
        "A blind guess lands in the window but not at its edge: a challenge ACK, and the connection goes on.",
        &steps![
            opened(),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
            CLIENT.does(Action::Pause(20)),
            CLIENT.does(Action::Read { most: 4096 }).gives(1000),
            SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
            CLIENT.does(Action::Pause(20)),
            CLIENT.does(Action::Read { most: 4096 }).gives(1000),
            CLIENT.does(Action::Close),
            SERVER.does(Action::Read { most: 4096 }).gives(0),
            SERVER.does(Action::Close),
        ],
        Expect::ends(Verdicts::Resets(&["injected-rst"]), Verdicts::NoReset, &[]),
    )
    .but(&[But::always(&[First::of(Family::Unseen, "injected-rst")], "its number fits no shape that a host makes")
        .at(Host::Client)])
    .on(Wire::PLAIN.with(&[WireRule::on(RESPONSE, Treatment::Inject(&[guessed(200, 3_000)]))])),
    Scenario::new(
        "injected-rst-v6",
        "Exact resets to both ends over IPv6, where no identification tells.",
        TOLD_ON_RESPONSE,
        Expect::both(&["injected-rst"], &[(Host::Server, RstReason::TcpFlags)]),
    )
    .but(CUTS)
    .over_ipv6()
    .on(Wire::PLAIN.with(&[ON_RESPONSE_TO_BOTH])),
]);

static TOLD_ON_RESPONSE: &[Step] = &steps![
    opened(),
    CLIENT.does(Action::Write { bytes: 100 }).gives(100),
    SERVER.does(Action::Read { most: 4096 }).gives(100),
    SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
    SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    CLIENT.does(Action::Pause(20)),
    CLIENT.does(Action::Read { most: 4096 }).gives(1000),
    CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
];

/// The client's end sees only that the server has no such connection any more.
const ONLY_SERVER_SEES_IT: Expect = Expect::ends(
    Verdicts::Resets(&["half-open-listener"]),
    Verdicts::Resets(&["injected-rst"]),
    &[(Host::Server, RstReason::TcpFlags)],
);

/// The server's end never sees the forgery, only its consequence: a client that has no such socket.
const ONLY_CLIENT_SEES_IT: Expect = Expect::ends(
    Verdicts::Resets(&["injected-rst"]),
    Verdicts::Resets(&["half-open-no-listener"]),
    &[(Host::Client, RstReason::NoSocket)],
);

const RESPONSE: Packet = Packet::first(PacketKind::Data, Host::Server);
const ON_RESPONSE_TO_BOTH: WireRule =
    WireRule::on(RESPONSE, Treatment::Inject(&[forged(Host::Client), forged(Host::Server)]));
const ON_RESPONSE_TO_CLIENT: WireRule = WireRule::on(RESPONSE, Treatment::Inject(&[forged(Host::Client)]));

const SECOND_REQUEST: Packet = Packet { from: Host::Client, kind: PacketKind::Data, nth: 2 };

/// A reset for the client, so far beyond the number that it expects.
const fn guessed(after_us: u32, ahead: u32) -> Injected {
    Injected { victim: Host::Client, after_us, ttl: 47, ip_id: 0xbeef, ahead }
}

/// A TTL that no host here has, and an IP ID out of nowhere.
const fn forged(victim: Host) -> Injected {
    Injected { victim, after_us: 200, ttl: 47, ip_id: 0xbeef, ahead: 0 }
}

const CUTS: &[But] = &[But::always(
    &[First::of(Family::Aborted, "injected-rst")],
    "it cuts an open connection; a refused connect is the first of the shapes of injected-rst",
)];
