//! A host tries many ports: what refuses it is no service that failed.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 49,
    step: Step::Reason { explains: &["closed-port", "fw-reject-syn", "fw-reject-transit", "raw-syn-scanner"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Scan,
    needs: &[&MANY_SERVICES_REFUSED],
    refuted_by: &[&PORT_HAD_ACCEPTED, &SERVICE_KEPT_ACCEPTING],
    supported_by: &[&MANY_SERVICES_REFUSED],
    // A host that was started anew refuses its clients on all of its ports too, but those use connect().
    likely_when: &[&[&SYN_IS_BARE]],
    variants: &[],
    sources: &[
        rfc(9293, "3.10.7.1"),
        Source::Other("Nmap reference guide, port scanning techniques: -sS, -sT"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset"),
    ],
};
