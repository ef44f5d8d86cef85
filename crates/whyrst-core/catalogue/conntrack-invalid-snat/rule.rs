//! A segment that connection tracking calls INVALID is not translated, and meets a host that does not have the connection:
//! the NAT itself, or the far end from another address.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 695,
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
    needs: &[&TRIGGER_BEYOND_WINDOW, &RST_IS_PASSIVE, &HANDSHAKE_COMPLETED],
    refuted_by: &[
        &RST_LEFT_ITS_SENDER,
        &TRIGGER_REACHED_SENDER,
        &ALL_REACHED_SENDER,
        &SENDER_HAD_CLOSED,
        &RST_ANSWERS_SYN_ACK,
        &SENDER_ANSWERED_ITSELF,
    ],
    supported_by: &[
        &RST_IS_BARE,
        &RST_MADE_BETWEEN,
        &TRIGGER_DROPPED,
        &RST_FROM_NEARER,
        &SENDER_TALKED_ON,
        &DSCP_MIRRORED,
        &FLOW_LABEL_SET,
    ],
    // The end itself has the connection, and so would have answered with an ACK.
    likely_when: &[&[&TRIGGER_BEYOND_WINDOW, &SENDER_TALKED_ON], &[&TRIGGER_BEYOND_WINDOW, &RST_FROM_NEARER]],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.4, first"),
        kernel("net/netfilter/nf_conntrack_proto_tcp.c", "tcp_in_window"),
        kernel("net/netfilter/nf_nat_core.c", "nf_nat_inet_fn"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)"),
        Source::Other("Kubernetes blog, 2019-03-29: kube-proxy subtleties: debugging an intermittent connection reset"),
    ],
};
