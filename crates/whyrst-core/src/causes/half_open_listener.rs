//! The peer lost the connection, and its service is listening again.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::form::{RST_IS_BARE, RST_IS_PASSIVE};
use crate::evidence::handshake::HANDSHAKE_COMPLETED;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::service::PORT_ACCEPTED_AFTER;
use crate::kernel::RstReason;
use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario};

/// See the module.
pub static CAUSE: Cause = Cause {
    id: "half-open-listener",
    title: "{sender} has lost this connection without a word, though its service is listening again",
    explanation: "Power loss, kernel panic, a restored snapshot, an address that moved to another host, or a NAT or \
        firewall entry that expired: one end has forgotten a connection that the other still believes in. Whatever the \
        survivor sends is answered with RST. The segment then
        meets the listener of the restarted service (the kernel's reason is TCP_FLAGS, though nothing is wrong with the flags).",
    effect: "{receiver}: ECONNRESET at its next call; everything sent since the loss is lost.",
    sources: &[
        rfc(9293, "3.5.1"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpFlags)],
    rule: Rule {
        needs: &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED],
        refuted_by: &[&SENDER_HAD_CLOSED, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &PORT_ACCEPTED_AFTER],
    },
    variants: &[],
    look_alikes: &[LookAlike {
        cause: "half-open-no-listener",
        told_apart_by: "a new connect to the port is refused; the kernel's reason on {sender} is NO_SOCKET",
    }],
    advice: &[
        "on {sender}: `uptime`, `last reboot`, container or VM restarts at that time; did the address move (VRRP, cloud)?",
        "compare the RST's TTL and MAC with {sender}'s earlier packets: another maker means NAT, firewall or another host",
        "was the connection idle? compare the silence with idle timeouts of NAT, firewalls and balancers on the path",
        "keepalive or application heartbeats notice such half-open connections early; reconnect on ECONNRESET",
    ],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[Scenario::new(
    "half-open-listener",
    "The server's connection vanishes as in a power cut and the service listens again; the client's next data is reset.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Vanish),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ],
    Expect::both(&["half-open-listener"], &[(Host::Server, RstReason::TcpFlags)]),
)];
