//! A SYN-ACK that acknowledges another number than the SYN's.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 80,
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpInvalidAckSequence)],
    needs: &[&SYN_ACK_ACKS_WRONG, &RST_ANSWERS_SYN_ACK],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &SYN_RETRIED_AFTER_RST],
    variants: &[],
    sources: &[rfc(9293, "3.10.7.3"), kernel("net/ipv4/tcp_input.c", "tcp_rcv_synsent_state_process")],
};
