//! The SYN came from a raw socket: the sender's own kernel knows nothing of it.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 110,
    step: Step::Mechanism {
        shows: &[Family::UnwantedAnswer],
        kernel: &[KernelSign::reason(RstReason::NoSocket)],
        signs: Signs { counters: &["TcpOutRsts"], still: &["TcpActiveOpens"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Scan,
    needs: &[&RST_ANSWERS_SYN_ACK, &SYN_SEEN],
    refuted_by: &[
        &SYN_RETRIED_BY_TIMER,
        &SYN_ACK_ACKS_WRONG,
        &RST_CONTRADICTS_SENDER,
        &SENDER_HAD_SOCKET,
        &REFUSED_SYN_ACK_ACKNOWLEDGED,
        &ANSWERED_ELSEWHERE,
    ],
    supported_by: &[&SYN_IS_BARE, &RST_IS_BARE],
    likely_when: &[&[&SYN_IS_BARE, &SYN_ACK_SOON]],
    variants: &[],
    sources: &[rfc(9293, "3.10.7.1"), kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset")],
};
