//! Nobody listens on the port: the answer to a SYN for which the host finds no socket.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 40,
    step: Step::Mechanism {
        shows: &[Family::Refused, Family::SynCollision],
        kernel: &[KernelSign::reason(RstReason::NoSocket)],
        signs: Signs {
            counters: &["TcpOutRsts"],
            still: &["TcpExtListenOverflows", "TcpExtListenDrops", "TcpExtEmbryonicRsts"],
            receiver_errno: Some("ECONNREFUSED"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_ANSWERS_SYN],
    refuted_by: &[&REFUSAL_HAS_NUMBER, &SYN_ACK_AFTER_RST, &RST_CONTRADICTS_SENDER, &RST_ENDS_SUBFLOW],
    supported_by: &[
        &RST_IS_BARE,
        &DSCP_MIRRORED,
        &FLOW_LABEL_SET,
        &PORT_HAD_ACCEPTED,
        &REFUSAL_TTL_SAME,
        &REFUSED_AS_FAR_AS_HOST,
        &LISTENER_WAS_THERE,
    ],
    likely_when: &[&[&DSCP_MIRRORED], &[&FLOW_LABEL_SET]],
    variants: &[&LISTENER_WAS_THERE, &SERVICE_KEPT_ACCEPTING, &PORT_ACCEPTS_LATER, &PORT_HAD_ACCEPTED],
    sources: &[
        rfc(9293, "3.5.2, group 1"),
        rfc(9293, "3.10.7.1"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset"),
    ],
};
