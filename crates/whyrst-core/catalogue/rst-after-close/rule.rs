//! A RST after both ends had closed in order: nothing is lost.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 540,
    step: Step::Mechanism {
        shows: &[Family::LastSegment, Family::LateData],
        kernel: &[
            KernelSign::reason(RstReason::NoSocket),
            KernelSign::reason(RstReason::TcpFlags),
            KernelSign::reason(RstReason::TcpTimewaitSocket),
        ],
        signs: Signs {
            counters: &["TcpOutRsts"],
            still: &["TcpExtTCPAbortOnData", "TcpExtTCPAbortOnClose"],
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Benign,
    needs: &[&BOTH_HAD_CLOSED, &EVERYTHING_ACKNOWLEDGED, &RST_ANSWERS_NO_DATA],
    refuted_by: &[&OLD_SEGMENT_CAME, &RST_ANSWERS_DATA, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[],
    variants: &[],
    sources: &[rfc(9293, "3.5.2, group 1"), rfc(1337, "2"), kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset")],
};
