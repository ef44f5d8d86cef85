//! A balancer gave a live connection to another backend, or its data plane answers for a backend that is gone.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 745,
    step: Step::Reason {
        explains: &[
            "half-open-no-listener",
            "half-open-listener",
            "fw-state-lost",
            "fw-reject-transit",
            "nat-mapping-lost",
            "injected-rst",
        ],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED, &SENDER_IS_SERVER, &SENDER_SENT_DATA],
    refuted_by: &[
        &TRIGGER_REACHED_SENDER,
        &ALL_REACHED_SENDER,
        &SENDER_HAD_CLOSED,
        &SENDER_TALKED_ON,
        &RSTS_BOTH_WAYS,
        &WAS_IDLE,
    ],
    supported_by: &[&FORGOTTEN_AT_ONCE, &ANOTHER_MADE_IT, &RST_SAYS_NO_BACKEND],
    likely_when: &[&[&RST_SAYS_NO_BACKEND]],
    variants: &[&RST_ECHOES_IP_ID],
    sources: &[
        rfc(9293, "3.5.1"),
        kernel("net/netfilter/ipvs/ip_vs_core.c", "ip_vs_in_hook (expire_nodest_conn)"),
        Source::Other("Eisenbud et al.: Maglev, NSDI 2016, section 3.3 (connection tracking and rehashing)"),
        Source::Other("Calico documentation: eBPF data plane (a RST in answer when the backend is gone)"),
    ],
};
