//! An ICMP error removed the half-open request, and the handshake's last ACK found nothing.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 605,
    step: Step::Mechanism {
        shows: &[Family::BrokenHandshake],
        kernel: &[KernelSign::reason(RstReason::TcpFlags)],
        signs: Signs {
            counters: &["TcpExtListenDrops", "TcpOutRsts"],
            still: &["TcpExtListenOverflows", "TcpExtTCPAbortOnClose"],
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&ICMP_QUOTED_SYN_ACK],
    refuted_by: &[&HANDSHAKE_ACK_WRONG, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &RST_TTL_SAME],
    likely_when: &[&[&ICMP_QUOTED_SYN_ACK]],
    variants: &[],
    sources: &[
        rfc(5461, "3.1"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_err (TCP_NEW_SYN_RECV)"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_req_err (abort)"),
    ],
};
