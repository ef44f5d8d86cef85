//! `connect(AF_UNSPEC)`: the program dissolves the connection and keeps the socket.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 380,
    step: Step::Mechanism {
        shows: &[Family::Aborted],
        kernel: &[KernelSign::through(RstReason::TcpState, "__inet_stream_connect")],
        signs: Signs {
            counters: &["TcpOutRsts", "TcpEstabResets"],
            still: &["TcpExtTCPAbortOnClose", "TcpExtTCPAbortOnData"],
            syscall: Some("connect"),
            sender_errno: Some("ECONNRESET"),
            receiver_errno: Some("ECONNRESET"),
        },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_ACTIVE],
    refuted_by: &[&SENDER_IS_NOT_LINUX, &HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    // What speaks against unread data speaks for every deliberate abort.
    supported_by: &[&SENDER_RECEIVED_NOTHING, &SENDER_HAD_REPLIED],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.5"),
        kernel("net/ipv4/af_inet.c", "__inet_stream_connect"),
        kernel("net/ipv4/tcp.c", "tcp_disconnect"),
        Source::Other("connect(2)"),
    ],
};
