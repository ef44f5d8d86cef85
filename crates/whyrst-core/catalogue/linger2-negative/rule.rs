//! `TCP_LINGER2` below zero: no FIN-WAIT-2.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 420,
    step: Step::Mechanism {
        shows: &[Family::Aborted, Family::LateData],
        kernel: &[KernelSign::reason(RstReason::TcpAbortOnLinger), KernelSign::reason(RstReason::TcpAbortOnData)],
        signs: Signs {
            counters: &["TcpExtTCPAbortOnLinger", "TcpExtTCPAbortOnData", "TcpOutRsts"],
            still: &["TcpExtTCPAbortOnClose"],
            receiver_errno: Some("EPIPE"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&FIN_WAIT2_SKIPPED, &LINGER2_WAS_NEGATIVE, &SENDER_HAD_CLOSED],
    refuted_by: &[&SENDER_IS_NOT_LINUX, &RECEIVER_HAD_CLOSED, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[],
    variants: &[],
    sources: &[
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process (TCP_FIN_WAIT1, linger2)"),
        kernel("net/ipv4/tcp.c", "__tcp_close (TCP_FIN_WAIT2, linger2)"),
        Source::Other("tcp(7): TCP_LINGER2"),
    ],
};
