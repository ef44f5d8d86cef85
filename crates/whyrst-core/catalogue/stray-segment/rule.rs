//! A segment of a connection whose beginning the capture does not show.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 750,
    step: Step::Mechanism {
        shows: &[Family::UnknownConnection, Family::Unseen],
        kernel: &[KernelSign::reason(RstReason::NoSocket), KernelSign::reason(RstReason::TcpFlags)],
        signs: Signs { counters: &["TcpOutRsts"], receiver_errno: Some("ECONNRESET"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Umbrella,
    severity: Severity::Fault,
    needs: &[&RST_IS_PASSIVE, &BEGINNING_NOT_SEEN],
    refuted_by: &[&SENDER_HAD_CLOSED, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[],
    variants: &[],
    sources: &[rfc(9293, "3.5.2, group 1"), kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset")],
};
