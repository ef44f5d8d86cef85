//! A port scan by segments that no connection sends: FIN, Xmas, Null.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 120,
    step: Step::Mechanism {
        shows: &[Family::UnknownConnection, Family::Unseen],
        kernel: &[KernelSign::reason(RstReason::NoSocket)],
        signs: Signs { counters: &["TcpOutRsts"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Scan,
    needs: &[&TRIGGER_LACKS_ACK, &RST_IS_PASSIVE],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[&[&TRIGGER_LACKS_ACK]],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.1, 3.10.7.2 and 3.10.7.4, fifth"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset (!th->ack)"),
        Source::Other("nmap, reference guide: TCP NULL, FIN, and Xmas scans"),
    ],
};
