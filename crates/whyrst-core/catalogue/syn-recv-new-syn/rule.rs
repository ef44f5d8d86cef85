//! A different SYN came on the same two ports during the handshake.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 20,
    step: Step::Mechanism {
        shows: &[Family::SynCollision, Family::Refused],
        kernel: &[KernelSign::reason(RstReason::InvalidSyn)],
        signs: Signs {
            counters: &["TcpExtEmbryonicRsts", "TcpAttemptFails", "TcpOutRsts"],
            still: &["TcpExtListenOverflows"],
            receiver_errno: Some("ECONNREFUSED"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_ANSWERS_SYN, &EARLIER_OPENING],
    refuted_by: &[&SYN_ACK_AFTER_RST, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &DSCP_MIRRORED, &FLOW_LABEL_SET, &PORT_HAD_ACCEPTED, &REFUSAL_TTL_SAME],
    likely_when: &[&[&EARLIER_OPENING]],
    variants: &[],
    sources: &[rfc(9293, "3.10.7.4"), kernel("net/ipv4/tcp_minisocks.c", "tcp_check_req (embryonic_reset)")],
};
