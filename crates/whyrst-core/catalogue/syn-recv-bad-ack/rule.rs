//! The handshake's last ACK acknowledges a number that the server never sent.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 560,
    step: Step::Mechanism {
        shows: &[Family::BrokenHandshake],
        kernel: &[KernelSign::reason(RstReason::TcpFlags)],
        signs: Signs {
            counters: &["TcpOutRsts"],
            still: &["TcpExtEmbryonicRsts", "TcpExtSyncookiesFailed"],
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&HANDSHAKE_ACK_WRONG, &RST_ANSWERS_THIRD_PACKET],
    refuted_by: &[&SYNS_CROSSED, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &RST_TTL_SAME],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.4"),
        rfc(9293, "3.5.2, group 2"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_check_req"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process (TCP_LISTEN)"),
    ],
};
