//! Both ends connect to each other, and one was too early.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 30,
    step: Step::Mechanism {
        shows: &[Family::Refused],
        kernel: &[KernelSign::reason(RstReason::NoSocket)],
        signs: Signs { counters: &["TcpOutRsts"], receiver_errno: Some("ECONNREFUSED"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SYN_CAME_BACK, &RST_ANSWERS_SYN],
    refuted_by: &[&REFUSAL_HAS_NUMBER, &SYN_ACK_AFTER_RST, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &DSCP_MIRRORED, &FLOW_LABEL_SET],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.5, figure 7"),
        rfc(5382, "4.3"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)"),
    ],
};
