//! Nobody listens on the port: the answer to a SYN for which the host finds no socket.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Variant, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{DSCP_MIRRORED, FLOW_LABEL_SET, RST_ANSWERS_SYN, RST_IS_BARE};
use crate::evidence::handshake::SYN_ACK_AFTER_RST;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::service::{PORT_ACCEPTS_LATER, PORT_HAD_ACCEPTED};
use crate::kernel::RstReason;
use crate::scenario::{Action, Actor, CLIENT, Expect, Finding, Host, Reproduction, SERVER, Scenario, Step};

/// See the module.
pub static CAUSE: Cause = Cause {
    id: "closed-port",
    title: "nothing listens on {server}'s port",
    explanation: "The SYN reached a host that has no listening socket for its address and port, so the \
        host's TCP refused it. The service was never started, has crashed and is not back yet, is \
        bound but does not listen, or listens with the other address family only.",
    effect: "connect() fails at once with ECONNREFUSED (Windows clients try three more times first). \
        No data is involved.",
    sources: &[
        rfc(9293, "3.5.2, group 1"),
        rfc(9293, "3.10.7.1"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket)],
    rule: Rule {
        needs: &[&RST_ANSWERS_SYN],
        refuted_by: &[&SYN_ACK_AFTER_RST, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &DSCP_MIRRORED, &FLOW_LABEL_SET, &PORT_HAD_ACCEPTED],
    },
    variants: &[
        Variant {
            when: &PORT_ACCEPTS_LATER,
            title: "nothing listened on {server}'s port at that moment: the service was down and came back later",
        },
        Variant {
            when: &PORT_HAD_ACCEPTED,
            title: "nothing listens on {server}'s port any more: the service had been there and stopped",
        },
    ],
    look_alikes: &[LookAlike {
        cause: "fw-reject-syn",
        told_apart_by: "`ss -ltn` on {server} shows the port open; a firewall's reset has DSCP 0 even when the SYN has not, \
            and IPv6 flow label 0; Tcp OutRsts on {server} does not count it",
    }],
    advice: &[
        "on {server}: `ss -ltnp` - does anything listen on that address and port? (127.0.0.1 is not the outside)",
        "if not: is the service running? `systemctl status`, its log, `journalctl -k | grep -i oom`",
        "if it does: read the firewall's rules and counters (`nft list ruleset`, `iptables -vnL`) while connecting",
        "check the port and the address family that the client uses",
        "let clients retry with a pause; socket activation keeps the port open while a service restarts",
    ],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "closed-port",
        "A client connects to a port that nobody listens on.",
        &[CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED")],
        Expect::both(&["closed-port"], &[(Host::Server, RstReason::NoSocket)]),
    )
    .told(
        "a SYN to a port that is not open is answered by RST with ACK",
        Finding::Holds,
        "the answer to the SYN was `{client R}`, {client S>R} later; connect() {client.connect}; the kernel's reason: {kernel}",
    ),
    Scenario::new(
        "service-restarting",
        "A service is killed; its client tries again every 50 ms and is refused until the service is back.",
        RESTART,
        Expect::both(&["closed-port"], &[(Host::Server, RstReason::NoSocket)]),
    )
    .told(
        "while a crashed server is down, connects are reset; when it is back they succeed",
        Finding::Holds,
        "the first attempt {client.connect#2}, the last {client.connect#-1}; the kernel's reason: {kernel}",
    ),
];

/// A restarted service is another process.
const RESTARTED: Actor = Actor::on_server("server-2");

static RESTART: &[Step] = &[
    SERVER.does(Action::Listen { port: 8888 }),
    CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
    SERVER.does(Action::Accept),
    CLIENT.does(Action::Close),
    SERVER.does(Action::Read { most: 4096 }).gives(0),
    SERVER.does(Action::IsKilled).dies_of("SIGKILL"),
    CLIENT
        .does(Action::ConnectUntilAccepted { to: Host::Server, port: 8888, every_ms: 50 })
        .meanwhile()
        .gives_between(2, 8),
    RESTARTED.does(Action::Pause(230)),
    RESTARTED.does(Action::Listen { port: 8888 }),
    RESTARTED.does(Action::Accept),
];
