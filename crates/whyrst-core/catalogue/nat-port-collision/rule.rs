//! A NAT gave the port of a connection that the server still holds to another client.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 660,
    step: Step::Reason { explains: &["syn-meets-old-connection", "syn-meets-time-wait"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SYN_ANSWERED_BY_OLD_ACK, &RST_IS_PASSIVE],
    refuted_by: &[&EARLIER_CLOSED, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &SYN_MET_CONNECTION],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(5961, "4"),
        rfc(5382, "5"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_synsent_state_process"),
        kernel("net/netfilter/nf_nat_core.c", "get_unique_tuple"),
    ],
};
