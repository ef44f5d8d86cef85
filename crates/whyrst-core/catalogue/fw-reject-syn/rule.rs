//! A firewall on the target host rejects the SYN with a reset, without asking TCP.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 60,
    step: Step::Mechanism {
        shows: &[Family::Refused, Family::SynCollision],
        kernel: &[],
        signs: Signs { still: &["TcpOutRsts"], receiver_errno: Some("ECONNREFUSED"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    needs: &[&RST_ANSWERS_SYN],
    refuted_by: &[
        &RST_MADE_IN_TRANSIT,
        &REFUSAL_HAS_NUMBER,
        &SYN_ACK_AFTER_RST,
        &RST_CONTRADICTS_SENDER,
        &RST_ENDS_SUBFLOW,
        &DSCP_MIRRORED,
        &FLOW_LABEL_SET,
    ],
    supported_by: &[
        &RST_IS_BARE,
        &REFUSAL_TTL_SAME,
        &REFUSED_AS_FAR_AS_HOST,
        &RST_SAYS_FORBIDDEN,
        &FLOW_LABEL_UNSET,
        &DSCP_NOT_MIRRORED,
    ],
    likely_when: &[],
    variants: &[],
    sources: &[
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
        kernel("net/ipv6/netfilter/nf_reject_ipv6.c", "nf_send_reset6"),
    ],
};
