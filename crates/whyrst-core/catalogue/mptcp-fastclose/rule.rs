//! An end aborts a whole Multipath TCP connection.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 240,
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpAbortOnClose)],
    needs: &[&RST_IS_FASTCLOSE],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[],
    variants: &[],
    sources: &[rfc(8684, "3.5"), kernel("net/mptcp/protocol.c", "mptcp_do_fastclose")],
};
