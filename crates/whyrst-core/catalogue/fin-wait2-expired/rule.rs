//! The peer came back to a half-closed connection that its closer had forgotten in the meantime.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 470,
    step: Step::Mechanism {
        shows: &[Family::LateData],
        kernel: &[KernelSign::reason(RstReason::TcpFlags), KernelSign::reason(RstReason::NoSocket)],
        signs: Signs {
            counters: &["TcpOutRsts"],
            still: &["TcpExtTCPAbortOnData", "TcpExtTCPAbortOnClose"],
            receiver_errno: Some("EPIPE"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    // Without the beginning the other end's FIN may have been missed: then both had closed.
    needs: &[&RST_IS_PASSIVE, &SENDER_HAD_CLOSED, &FIN_LONG_AGO, &HANDSHAKE_COMPLETED],
    refuted_by: &[&RST_ANSWERS_SYN, &RST_ANSWERS_SYN_ACK, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.4"),
        rfc(1122, "4.2.2.20"),
        kernel("net/ipv4/tcp.c", "__tcp_close (TCP_FIN_WAIT2)"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_time_wait"),
        Source::Other("tcp(7): tcp_fin_timeout, TCP_LINGER2"),
    ],
};
