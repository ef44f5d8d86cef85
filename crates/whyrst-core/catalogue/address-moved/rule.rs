//! The address belongs to another host now, which knows nothing of the connection.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 740,
    step: Step::Reason { explains: &["half-open-no-listener", "half-open-listener"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED],
    refuted_by: &[
        &TRIGGER_REACHED_SENDER,
        &ALL_REACHED_SENDER,
        &SENDER_HAD_CLOSED,
        &SENDER_STILL_PROBED,
        &SIBLINGS_OUTLIVED_SILENCE,
        &ADDRESS_ANSWERED_BY_TWO,
        &RST_ANSWERS_SYN_ACK,
        &SENDER_TALKED_ON,
        &RSTS_BOTH_WAYS,
        &RST_MADE_AT_CAPTURE,
        // Between a SYN-ACK and the ACK that it draws nothing moves: the two took different ways.
        &RST_ANSWERS_THIRD_PACKET,
        // A host that has the address now draws IP IDs of its own.
        &RST_ECHOES_IP_ID,
    ],
    supported_by: &[&RST_IS_BARE, &RST_TTL_DIFFERS, &RST_LINK_DIFFERS],
    likely_when: &[&[&ADDRESS_IS_ELSEWHERE, &ADDRESS_HOLDER_GONE]],
    variants: &[],
    sources: &[
        rfc(9293, "3.5.1"),
        rfc(5798, "1.2"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv"),
        Source::Other("RFC 7690 (ECMP and anycast rehash)"),
    ],
};
