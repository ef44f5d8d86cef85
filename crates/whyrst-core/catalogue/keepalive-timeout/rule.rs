//! Keepalive probes went unanswered: the kernel gives the connection up.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 350,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::reason(RstReason::TcpKeepaliveTimeout)],
        signs: Signs {
            counters: &["TcpExtTCPAbortOnTimeout", "TcpExtTCPKeepAlive", "TcpOutRsts", "TcpEstabResets"],
            still: &["TcpExtTCPAbortOnData", "TcpExtTCPAbortOnClose"],
            sender_errno: Some("ETIMEDOUT"),
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_ACTIVE, &PROBED_IN_VAIN],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[
        &PROBES_ANSWERED_IN_VAIN,
        &RST_AFTER_PROBE_INTERVAL,
        &PROBES_IN_STEP,
        &KEEPALIVE_OF_STACK,
        &SENDER_HAD_REPLIED,
        &RST_SAYS_TIMED_OUT,
    ],
    likely_when: &[&[&PROBED_IN_VAIN, &RST_AFTER_PROBE_INTERVAL], &[&PROBES_ANSWERED_IN_VAIN]],
    variants: &[&PROBES_ANSWERED_IN_VAIN],
    sources: &[
        rfc(9293, "3.8.4"),
        rfc(1122, "4.2.3.6"),
        kernel("net/ipv4/tcp_timer.c", "tcp_keepalive_timer"),
        Source::Other("Microsoft, SIO_KEEPALIVE_VALS; FreeBSD tcp(4): net.inet.tcp.keepcnt"),
    ],
};
