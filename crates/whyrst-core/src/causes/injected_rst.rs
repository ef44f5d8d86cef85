//! Somebody in or beside the path forged the RST.

use crate::cause::{Breadth, Cause, Rule, Severity, Source, rfc};
use crate::ending::EndingKind;
use crate::evidence::path::{
    RST_CONTRADICTS_SENDER, RST_IP_ID_FOREIGN, RST_LACKS_TIMESTAMPS, RST_TTL_DIFFERS, SENDER_TALKED_ON,
};
use crate::kernel::RstReason;
use crate::scenario::{
    Action, CLIENT, Expect, Host, Injected, Kind, Packet, Reproduction, Rule as WireRule, SERVER, Scenario, Treatment,
    Verdicts, Wire,
};

/// See the module.
pub static CAUSE: Cause = Cause {
    id: "injected-rst",
    title: "something on the path sent it in {sender}'s name: {sender} itself did not reset the connection",
    explanation: "Firewalls, intrusion prevention, parental filters, censors, some providers and attackers end \
        connections with forged RSTs. A device on the path knows the exact numbers; it cannot copy everything else: hop \
        count, identification, timestamps, and the real host goes on talking.",
    effect: "{receiver} gets ECONNRESET (EPIPE after a FIN) although {sender} is well; {sender} finds out when its next \
        packet is answered by a genuine RST.",
    sources: &[
        rfc(5961, "3"),
        rfc(3360, "2"),
        Source::Other("Weaver, Sommer, Paxson: Detecting Forged TCP Reset Packets, NDSS 2009"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Attack,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_CONTRADICTS_SENDER],
        refuted_by: &[],
        supported_by: &[&SENDER_TALKED_ON, &RST_TTL_DIFFERS, &RST_LACKS_TIMESTAMPS, &RST_IP_ID_FOREIGN],
    },
    variants: &[],
    look_alikes: &[],
    advice: &[
        "capture on {sender} at the same time: a RST that arrives at {receiver} but never left {sender} was made in between",
        "the TTL says how far away its maker is: compare with `traceroute` from {receiver}",
        "try another path, port or (for a filter by name) an encrypted name; ask whoever runs the firewalls on the path",
        "IPsec, TCP-AO or QUIC protect against it; TLS does not protect the TCP header",
    ],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "injected-rst",
        "Something on the path answers the server's response with exact resets to both ends, and lets the response pass.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            SERVER.does(Action::Accept),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
            SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
            CLIENT.does(Action::Pause(20)),
            CLIENT.does(Action::Read { most: 4096 }).gives(1000),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        Expect::both(&["injected-rst"], &[(Host::Server, RstReason::TcpFlags)]),
    )
    .on(Wire::PLAIN.with(&[ON_RESPONSE_TO_BOTH])),
    Scenario::new(
        "injected-rst-client-only",
        "The same, but only the client is told; the server goes on talking and is reset by the client's kernel.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            SERVER.does(Action::Accept),
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
    .on(Wire::PLAIN.with(&[ON_RESPONSE_TO_CLIENT])),
];

/// The server's end never sees the forgery, only its consequence: a client that has no such socket.
const ONLY_CLIENT_SEES_IT: Expect = Expect {
    client: Verdicts::Resets(&["injected-rst"]),
    server: Verdicts::Resets(&["half-open-no-listener"]),
    kernel: &[(Host::Client, RstReason::NoSocket)],
};

const RESPONSE: Packet = Packet::first(Kind::Data, Host::Server);
const ON_RESPONSE_TO_BOTH: WireRule =
    WireRule::on(RESPONSE, Treatment::Inject(&[forged(Host::Client), forged(Host::Server)]));
const ON_RESPONSE_TO_CLIENT: WireRule = WireRule::on(RESPONSE, Treatment::Inject(&[forged(Host::Client)]));

/// A TTL that no host here has, and an IP ID out of nowhere.
const fn forged(victim: Host) -> Injected {
    Injected { victim, after_us: 200, ttl: 47, ip_id: 0xbeef }
}
