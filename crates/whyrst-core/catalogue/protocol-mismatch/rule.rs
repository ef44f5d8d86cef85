//! The first octets are not what the service speaks.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 260,
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[
        KernelSign::reason(RstReason::TcpAbortOnClose),
        KernelSign::through_without(RstReason::TcpState, "__tcp_close", "inet_child_forget"),
        KernelSign::reason(RstReason::TcpTimewaitSocket),
        KernelSign::reason(RstReason::TcpAbortOnData),
    ],
    needs: &[&PROTOCOLS_DIFFER],
    refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
    supported_by: &[&SERVER_ANSWERED_OTHERWISE],
    variants: &[],
    sources: &[
        rfc(8446, "5.1"),
        rfc(9112, "3"),
        rfc(4253, "4.2"),
        Source::Other("HAProxy, The PROXY protocol, versions 1 and 2"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
    ],
};
