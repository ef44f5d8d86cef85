//! An old segment reaches a TIME-WAIT, and the reset of its answer ends the TIME-WAIT.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 530,
    step: Step::Mechanism {
        shows: &[Family::LastSegment, Family::LateData],
        kernel: &[KernelSign::reason(RstReason::NoSocket), KernelSign::reason(RstReason::TcpFlags)],
        signs: Signs { counters: &["TcpOutRsts"], still: &["TcpExtTCPAbortOnData"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Benign,
    needs: &[&BOTH_HAD_CLOSED, &OLD_SEGMENT_CAME, &RST_ANSWERS_NO_DATA, &EVERYTHING_ACKNOWLEDGED],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[&[&OLD_SEGMENT_CAME]],
    variants: &[],
    sources: &[rfc(1337, "2"), rfc(9293, "3.10.7.4"), kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process")],
};
