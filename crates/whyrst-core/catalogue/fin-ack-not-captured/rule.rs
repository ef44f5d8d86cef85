//! The FIN of the RST's sender had been acknowledged, and the capture misses that.
//!
//! An umbrella: it is named beside what fits more closely, and never more than possible.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 820,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::reason(RstReason::TcpState), KernelSign::reason(RstReason::TcpAbortOnLinger)],
        signs: Signs { counters: &["TcpOutRsts"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Umbrella,
    severity: Severity::Fault,
    needs: &[&RST_IS_ACTIVE, &SENDER_HAD_CLOSED, &FIN_UNACKNOWLEDGED],
    refuted_by: &[&RECEIVER_HAD_CLOSED],
    supported_by: &[],
    likely_when: &[],
    variants: &[],
    sources: &[kernel("net/ipv4/tcp_timer.c", "tcp_keepalive_timer")],
};
