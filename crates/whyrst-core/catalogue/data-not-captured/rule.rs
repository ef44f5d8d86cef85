//! Data came after the close of the RST's sender, and the capture misses that.
//!
//! An umbrella: it is named beside what fits more closely, and never more than possible.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 830,
    step: Step::Mechanism {
        shows: &[Family::LateData],
        kernel: &[KernelSign::reason(RstReason::TcpAbortOnData)],
        signs: Signs { counters: &["TcpOutRsts"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Umbrella,
    severity: Severity::Fault,
    needs: &[&RST_IS_PASSIVE, &SENDER_HAD_CLOSED],
    refuted_by: &[&RECEIVER_HAD_CLOSED, &RST_ANSWERS_DATA],
    supported_by: &[],
    likely_when: &[],
    variants: &[],
    sources: &[kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process")],
};
