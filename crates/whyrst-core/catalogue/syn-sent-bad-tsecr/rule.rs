//! A SYN-ACK that echoes a timestamp which the client had not sent.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 90,
    step: Step::Mechanism {
        shows: &[Family::UnwantedAnswer],
        kernel: &[KernelSign::reason(RstReason::TcpRfc7323Paws)],
        signs: Signs { counters: &["TcpExtPAWSActive", "TcpOutRsts"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SYN_ACK_ECHOES_WRONG, &RST_ANSWERS_SYN_ACK],
    refuted_by: &[&SYN_ACK_ACKS_WRONG, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &SYN_RETRIED_AFTER_RST],
    likely_when: &[&[&SYN_ACK_ECHOES_WRONG]],
    variants: &[],
    sources: &[
        rfc(7323, "3.2"),
        rfc(7323, "5.3"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_synsent_state_process (PAWSACTIVEREJECTED)"),
    ],
};
