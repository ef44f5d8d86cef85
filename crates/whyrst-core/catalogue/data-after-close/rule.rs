//! The peer writes to a socket that has been closed.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 480,
    step: Step::Mechanism {
        shows: &[Family::LateData, Family::UnknownConnection],
        kernel: &[
            KernelSign::reason(RstReason::TcpTimewaitSocket),
            KernelSign::reason(RstReason::TcpAbortOnData),
            KernelSign::reason(RstReason::TcpFlags),
            KernelSign::reason(RstReason::NoSocket),
        ],
        signs: Signs {
            counters: &["TcpOutRsts"],
            still: &["TcpExtTCPAbortOnClose"],
            receiver_errno: Some("EPIPE"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    // Behind a closed window its FIN waits, and no packet shows it.
    needs: &[&SENDER_CLOSE_SHOWN, &RST_ANSWERS_DATA],
    refuted_by: &[&RST_CONTRADICTS_SENDER, &SENDER_HELD_SOCKET, &LINGER2_WAS_NEGATIVE],
    supported_by: &[&RST_IS_BARE, &RST_SAYS_DATA_AFTER_CLOSE, &GOODBYE_BY_SIZE],
    likely_when: &[],
    variants: &[&DATA_CROSSED_FIN],
    sources: &[
        rfc(9293, "3.10.7.4"),
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
    ],
};
