//! The client gave up on `connect()` before the SYN-ACK came.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 100,
    step: Step::Mechanism {
        shows: &[Family::UnwantedAnswer],
        kernel: &[KernelSign::reason(RstReason::NoSocket)],
        signs: Signs { counters: &["TcpOutRsts"], still: &["TcpExtPAWSActive"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_ANSWERS_SYN_ACK, &SYN_SEEN],
    refuted_by: &[
        &SYN_RETRIED_AFTER_RST,
        &SYN_ACK_ACKS_WRONG,
        &RST_CONTRADICTS_SENDER,
        &REFUSED_SYN_ACK_ACKNOWLEDGED,
        &ANSWERED_ELSEWHERE,
    ],
    supported_by: &[&SYN_ACK_SLOW, &SYN_IS_ORDINARY, &RST_IS_BARE],
    likely_when: &[&[&SYN_ACK_SLOW, &SYN_IS_ORDINARY]],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.1"),
        kernel("net/ipv4/af_inet.c", "__inet_stream_connect"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset"),
    ],
};
