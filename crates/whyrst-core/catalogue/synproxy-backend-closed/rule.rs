//! A SYN proxy completed the handshake, and the host behind it refused.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 190,
    step: Step::Mechanism {
        shows: &[Family::BrokenHandshake, Family::Aborted],
        kernel: &[KernelSign::reason(RstReason::NoSocket), KernelSign::SILENCE],
        signs: Signs { counters: &["TcpOutRsts"], receiver_errno: Some("ECONNRESET"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SYN_ACK_WINDOW_ZERO, &SENDER_IS_SERVER, &SENDER_SENT_NOTHING, &RST_IS_BARE],
    refuted_by: &[&SENDER_HAD_CLOSED, &WINDOW_OPENED],
    supported_by: &[&RST_LACKS_TIMESTAMPS, &RST_TTL_DIFFERS],
    likely_when: &[],
    variants: &[],
    sources: &[
        kernel("net/netfilter/nf_synproxy_core.c", "synproxy_send_client_synack"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)"),
    ],
};
