//! A segment of a connection whose beginning the capture does not show.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 750,
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Umbrella,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket), KernelSign::reason(RstReason::TcpFlags)],
    needs: &[&RST_IS_PASSIVE, &BEGINNING_NOT_SEEN],
    refuted_by: &[&SENDER_HAD_CLOSED, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE],
    variants: &[],
    sources: &[rfc(9293, "3.5.2, group 1"), kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset")],
};
