//! A SYN-ACK that nobody asked for.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 140,
    step: Step::Mechanism {
        shows: &[Family::UnwantedAnswer],
        kernel: &[KernelSign::reason(RstReason::NoSocket), KernelSign::reason(RstReason::TcpFlags)],
        signs: Signs { counters: &["TcpOutRsts"], still: &["TcpExtPAWSActive"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Attack,
    needs: &[&RST_ANSWERS_SYN_ACK, &SYN_ACK_IS_NO_ANSWER],
    refuted_by: &[&RST_CONTRADICTS_SENDER, &SENDER_HAD_SOCKET],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[&[&NO_SYN_CAME]],
    variants: &[&SYN_RETRIED_BY_TIMER, &ANSWERED_ELSEWHERE],
    sources: &[rfc(9293, "3.10.7.1"), rfc(4987, "3"), kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)")],
};
