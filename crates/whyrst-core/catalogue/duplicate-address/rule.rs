//! Two hosts on the link answer for one address, and a segment reached the one that does not have the connection.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 742,
    step: Step::Reason { explains: &["half-open-no-listener", "half-open-listener"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&ADDRESS_HELD_BY_TWO, &RST_LINK_DIFFERS, &RST_IS_PASSIVE],
    refuted_by: &[&SENDER_HAD_CLOSED, &RST_ANSWERS_SYN_ACK, &RSTS_BOTH_WAYS],
    supported_by: &[
        &ADDRESS_ANSWERED_BY_TWO,
        &ADDRESS_HOLDER_STAYED,
        &ADDRESS_IS_ELSEWHERE,
        &RST_TTL_DIFFERS,
        &RST_IS_BARE,
    ],
    // Two ports of one host know the same connections, and a device that only resets accepts none: where the other
    // accepts nobody, it may be one.
    likely_when: &[&[&ADDRESS_ANSWERED_BY_TWO, &ADDRESS_IS_ELSEWHERE]],
    variants: &[],
    sources: &[
        rfc(5227, "1"),
        rfc(9568, "1.2"),
        Source::Other("Linux Virtual Server, LVS-DR: a real server must not answer ARP for the virtual address"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (no_tcp_socket)"),
    ],
};
