//! A SYN-ACK that acknowledges another number than the SYN's.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 80,
    step: Step::Mechanism {
        shows: &[Family::UnwantedAnswer],
        kernel: &[KernelSign::reason(RstReason::TcpInvalidAckSequence)],
        signs: Signs { counters: &["TcpOutRsts"], still: &["TcpExtPAWSActive"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SYN_ACK_ACKS_WRONG, &RST_ANSWERS_SYN_ACK],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &SYN_RETRIED_AFTER_RST],
    likely_when: &[&[&SYN_ACK_ACKS_WRONG]],
    variants: &[],
    sources: &[rfc(9293, "3.10.7.3"), kernel("net/ipv4/tcp_input.c", "tcp_rcv_synsent_state_process")],
};
