//! The server had answered with a SYN cookie and could not verify it.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 690,
    step: Step::Mechanism {
        shows: &[Family::BrokenHandshake, Family::UnknownConnection],
        kernel: &[KernelSign::reason(RstReason::TcpFlags)],
        signs: Signs {
            counters: &["TcpExtSyncookiesSent", "TcpExtSyncookiesFailed", "TcpOutRsts"],
            receiver_errno: Some("ECONNRESET"),
            ..Signs::NONE
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    // A host that repeats its SYN-ACK keeps the request, and needs no cookie.
    needs: &[&RST_IS_PASSIVE, &SENDER_IS_SERVER, &SERVER_NEVER_TOOK_IT],
    refuted_by: &[&SENDER_HAD_CLOSED, &RST_ANSWERS_SYN, &SYN_ACK_REPEATED, &TRIGGER_LACKS_ACK, &RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE, &SYN_ACK_FORGOTTEN, &RST_TTL_SAME],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(4987, "3.6"),
        kernel("net/ipv4/syncookies.c", "cookie_v4_check"),
        kernel("net/ipv4/syncookies.c", "__cookie_v4_check"),
        kernel("include/net/tcp.h", "tcp_synq_no_recent_overflow"),
        Source::Other("Documentation/networking/ip-sysctl.rst, tcp_syncookies"),
    ],
};
