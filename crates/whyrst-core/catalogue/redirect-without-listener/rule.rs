//! A rule on the client's own host redirects its connects to a local port where nobody listens.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 45,
    step: Step::Reason { explains: &["closed-port"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&REDIRECTED_TO_LOOPBACK, &RST_ANSWERS_SYN],
    refuted_by: &[&SYN_ACK_AFTER_RST],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[&[&REDIRECTED_TO_LOOPBACK]],
    variants: &[],
    sources: &[
        kernel("net/netfilter/nf_nat_redirect.c", "nf_nat_redirect_ipv4"),
        rfc(9293, "3.10.7.1"),
        Source::Other("Istio, traffic redirection: iptables sends outbound connections to port 15001 of the sidecar"),
    ],
};
