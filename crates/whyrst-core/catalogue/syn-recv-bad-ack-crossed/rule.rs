//! A wrong acknowledgment during a simultaneous open.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 570,
    step: Step::Mechanism {
        shows: &[Family::BrokenHandshake],
        kernel: &[KernelSign::reason(RstReason::TcpAckUnsentData), KernelSign::reason(RstReason::TcpTooOldAck)],
        signs: Signs { counters: &["TcpOutRsts"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&HANDSHAKE_ACK_WRONG, &SYNS_CROSSED, &RST_IS_PASSIVE],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.4"),
        rfc(9293, "3.5, figure 7"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process (TCP_SYN_RECV)"),
    ],
};
