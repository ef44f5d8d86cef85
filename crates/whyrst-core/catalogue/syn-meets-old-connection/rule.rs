//! A client begins anew on two ports on which the server still holds its previous connection.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 650,
    step: Step::Mechanism {
        shows: &[Family::SynCollision],
        // Behind a NAT the RST is that of a host with another address.
        kernel: &[KernelSign::reason(RstReason::TcpInvalidAckSequence), KernelSign::SILENCE],
        signs: Signs { counters: &["TcpOutRsts"], receiver_errno: Some("ECONNRESET"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SYN_ANSWERED_BY_OLD_ACK, &RST_IS_PASSIVE],
    refuted_by: &[&EARLIER_CLOSED, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &SYN_MET_CONNECTION],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.5.1"),
        rfc(5961, "4"),
        kernel("net/ipv4/tcp_input.c", "tcp_validate_incoming (syn_challenge)"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_synsent_state_process"),
    ],
};
