//! A NAT on the path has forgotten the connection.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 700,
    step: Step::Mechanism {
        shows: &[Family::UnknownConnection, Family::BrokenHandshake, Family::Unseen],
        kernel: &[
            KernelSign::reason(RstReason::NoSocket),
            KernelSign::reason(RstReason::TcpFlags),
            KernelSign::SILENCE,
        ],
        signs: Signs { counters: &["TcpOutRsts"], receiver_errno: Some("ECONNRESET"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED],
    refuted_by: &[
        &RST_LEFT_ITS_SENDER,
        &TRIGGER_REACHED_SENDER,
        &ALL_REACHED_SENDER,
        &SENDER_HAD_CLOSED,
        &RST_ANSWERS_SYN_ACK,
        &SENDER_ANSWERED_ITSELF,
    ],
    supported_by: &[&RST_MADE_BETWEEN, &TRIGGER_DROPPED, &WAS_IDLE, &RST_FROM_NEARER],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(5382, "5"),
        kernel("net/netfilter/nf_nat_core.c", "get_unique_tuple"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)"),
    ],
};
