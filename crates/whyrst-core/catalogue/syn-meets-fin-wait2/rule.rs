//! A SYN falls into the receive window of a connection that the server has closed on its side.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 10,
    step: Step::Mechanism {
        shows: &[Family::SynCollision, Family::Refused],
        kernel: &[KernelSign::reason(RstReason::TcpTimewaitSocket)],
        signs: Signs {
            counters: &["TcpOutRsts"],
            still: &["TcpExtTCPAbortOnData"],
            receiver_errno: Some("ECONNREFUSED"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_ANSWERS_SYN, &EARLIER_HALF_CLOSED],
    refuted_by: &[&SYN_ACK_AFTER_RST, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &DSCP_MIRRORED, &FLOW_LABEL_SET, &PORT_HAD_ACCEPTED, &REFUSAL_TTL_SAME],
    likely_when: &[&[&EARLIER_HALF_CLOSED]],
    variants: &[],
    sources: &[rfc(9293, "3.10.7.4"), kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process (TCP_FIN_WAIT2)")],
};
