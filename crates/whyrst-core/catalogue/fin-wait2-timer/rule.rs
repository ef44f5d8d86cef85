//! A closed socket in FIN-WAIT-2 is ended by a timer that sends a RST.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 440,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::through(RstReason::TcpState, "tcp_keepalive_timer")],
        signs: Signs {
            counters: &["TcpOutRsts"],
            still: &[
                "TcpExtTCPAbortOnLinger",
                "TcpExtTCPAbortOnData",
                "TcpExtTCPAbortOnMemory",
                "TcpExtTCPAbortOnTimeout",
                "TcpExtTCPAbortOnClose",
            ],
            receiver_errno: Some("EPIPE"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_ACTIVE, &SENDER_HAD_CLOSED, &FIN_WAIT2_LASTED],
    refuted_by: &[&RECEIVER_HAD_CLOSED, &FIN_UNACKNOWLEDGED, &RST_CONTRADICTS_SENDER],
    supported_by: &[],
    likely_when: &[&[&FIN_WAIT2_DEFAULT, &RECEIVER_HAD_NOT_CLOSED]],
    variants: &[],
    sources: &[
        rfc(1122, "4.2.2.20"),
        kernel("net/ipv4/tcp_timer.c", "tcp_keepalive_timer (TCP_FIN_WAIT2)"),
        kernel("net/ipv4/tcp.c", "__tcp_close (TCP_FIN_WAIT2)"),
        Source::Other("tcp(7): tcp_fin_timeout, TCP_LINGER2"),
    ],
};
