//! A rule allows one host so many connections to a service, and refuses more.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 48,
    step: Step::Reason { explains: &["closed-port", "fw-reject-syn", "fw-reject-transit", "backlog-full-refused"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    needs: &[&RST_ANSWERS_SYN, &HELD_MORE_WHEN_REFUSED],
    refuted_by: &[&SYN_ACK_AFTER_RST, &ACCEPTS_IN_TURN, &ONLY_SYN_DATA_REFUSED, &SIBLINGS_WERE_CUT],
    supported_by: &[&HELD_MORE_WHEN_REFUSED, &OTHER_HOSTS_ACCEPTED],
    // A listener that refused nobody else was there.
    likely_when: &[&[&OTHER_HOSTS_ACCEPTED]],
    variants: &[],
    sources: &[
        kernel("net/netfilter/xt_connlimit.c", "connlimit_mt"),
        kernel("net/netfilter/nft_connlimit.c", "nft_connlimit_do_eval"),
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
    ],
};
