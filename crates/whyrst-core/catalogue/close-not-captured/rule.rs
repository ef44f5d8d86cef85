//! The RST's sender had closed, and the capture misses that.
//!
//! An umbrella: it is named beside what fits more closely, and never more than possible.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 810,
    step: Step::Mechanism {
        shows: &[Family::UnknownConnection, Family::Unseen],
        kernel: &[
            KernelSign::reason(RstReason::TcpTimewaitSocket),
            KernelSign::reason(RstReason::NoSocket),
            KernelSign::reason(RstReason::TcpFlags),
        ],
        signs: Signs { counters: &["TcpOutRsts"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Umbrella,
    severity: Severity::Fault,
    needs: &[&RST_IS_PASSIVE],
    refuted_by: &[&SENDER_HAD_CLOSED],
    supported_by: &[],
    likely_when: &[],
    variants: &[],
    sources: &[rfc(9293, "3.5.1")],
};
