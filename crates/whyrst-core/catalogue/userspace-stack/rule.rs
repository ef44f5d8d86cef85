//! A program with a TCP stack of its own shares the kernel's address: the kernel resets what it does not know.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 105,
    step: Step::Mechanism {
        // And what the program goes on with is refused by the other end, which has got the RST.
        shows: &[Family::UnwantedAnswer, Family::BrokenHandshake, Family::UnknownConnection],
        kernel: &[KernelSign::reason(RstReason::NoSocket)],
        signs: Signs { counters: &["TcpOutRsts"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    // Nobody else acknowledges what the same address has just refused.
    needs: &[&REFUSED_SYN_ACK_ACKNOWLEDGED],
    refuted_by: &[&SYN_ACK_ACKS_WRONG, &RST_CONTRADICTS_SENDER, &SENDER_HAD_SOCKET],
    supported_by: &[&RST_IS_BARE, &SYN_IS_BARE],
    likely_when: &[&[&REFUSED_SYN_ACK_ACKNOWLEDGED]],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.1"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)"),
        Source::Other("Scapy documentation, troubleshooting: My TCP connections are reset by Scapy or by my kernel"),
    ],
};
