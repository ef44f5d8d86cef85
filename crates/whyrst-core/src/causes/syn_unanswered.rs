//! The silent host: nobody answers the SYN, not even with a RST.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Source, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::failed::{ICMP_UNREACHABLE, SYN_RETRIED, SYN_UNANSWERED};
use crate::scenario::{Action, CLIENT, Expect, Finding, Host, Limit, Reproduction, Scenario};

/// See the module.
pub static CAUSE: Cause = Cause {
    id: "syn-unanswered",
    title: "nothing came back from {server}: no SYN-ACK, no RST, no ICMP error",
    explanation: "The SYN or its answer was dropped on the way, the host is down or the address unused, or a firewall \
        drops instead of rejecting (Windows does so by default for closed ports: stealth mode). A closed port on a plain \
        host would have answered with RST.",
    effect: "connect() waits through all SYN retries (Linux: about 127 s) and fails with ETIMEDOUT, or ends with the \
        client's own timeout.",
    sources: &[
        rfc(6298, "2.1"),
        kernel("net/ipv4/tcp_timer.c", "tcp_retransmit_timer"),
        Source::Other("Microsoft KB 2586744 (stealth mode)"),
    ],
    ending: EndingKind::FailedConnect,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[],
    rule: Rule { needs: &[&SYN_UNANSWERED], refuted_by: &[&ICMP_UNREACHABLE], supported_by: &[&SYN_RETRIED] },
    variants: &[],
    look_alikes: &[LookAlike {
        cause: "icmp-unreachable",
        told_apart_by: "an ICMP error would come back; a capture filter of `tcp` hides it",
    }],
    advice: &[
        "capture on {server}: does the SYN arrive? if yes, its own firewall or a full listen queue drops it (`nstat -az TcpExtListenDrops`)",
        "if it does not arrive: `traceroute -T -p PORT` shows how far it gets; security groups, routes, a host that is down",
        "if a SYN-ACK leaves {server} but never comes back: asymmetric routing or a stateful filter",
    ],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[Scenario::new(
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
)];
