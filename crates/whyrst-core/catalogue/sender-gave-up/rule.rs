//! One end had given the connection up without a word, and the other speaks to it later.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 680,
    step: Step::Mechanism {
        shows: &[Family::UnknownConnection],
        kernel: &[KernelSign::reason(RstReason::NoSocket), KernelSign::reason(RstReason::TcpFlags)],
        signs: Signs {
            counters: &["TcpExtTCPAbortOnTimeout", "TcpOutRsts"],
            sender_errno: Some("ETIMEDOUT"),
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_PASSIVE, &SENDER_WENT_UNANSWERED, &HANDSHAKE_COMPLETED],
    refuted_by: &[&SENDER_HAD_CLOSED, &RST_ANSWERS_SYN_ACK, &RST_CONTRADICTS_SENDER],
    // Who still probes gives up only by TCP_USER_TIMEOUT, which counts a closed window too.
    supported_by: &[
        &WINDOW_STAYED_CLOSED,
        &ACKS_DID_NOT_ARRIVE,
        &SENDER_STOPPED_PROBING,
        &RST_IS_BARE,
        &SENDER_SENT_DATA,
        &RST_TTL_SAME,
    ],
    likely_when: &[],
    variants: &[&WINDOW_STAYED_CLOSED],
    sources: &[
        rfc(9293, "3.8.3"),
        rfc(1122, "4.2.3.5"),
        kernel("net/ipv4/tcp_timer.c", "tcp_write_timeout"),
        kernel("net/ipv4/tcp_timer.c", "tcp_probe_timer"),
        Source::Other("tcp(7): TCP_USER_TIMEOUT"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset"),
    ],
};
