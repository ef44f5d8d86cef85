//! Somebody in or beside the path forged the RST.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 180,
    step: Step::Mechanism {
        shows: &Family::ALL,
        kernel: &[],
        signs: Signs { still: &["TcpOutRsts"], receiver_errno: Some("ECONNRESET"), ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Attack,
    needs: &[&RST_CONTRADICTS_SENDER, &SYN_SEEN],
    // Whoever forges a reset does not capture on the router that sends it.
    refuted_by: &[&RST_LEFT_ITS_SENDER, &TRIGGER_DROPPED, &RST_MADE_AT_CAPTURE],
    supported_by: &[
        &RST_MADE_BETWEEN,
        &SENDER_TALKED_ON,
        &RST_SEQ_CLIMBS,
        &RST_WINDOWS_COUNT,
        &RST_TTL_DIFFERS,
        &RST_LACKS_TIMESTAMPS,
        &RST_IP_ID_FOREIGN,
        &RST_ECHOES_IP_ID,
        &RST_WINDOW_ODD,
        &RSTS_BOTH_WAYS,
    ],
    likely_when: &[],
    variants: &[],
    sources: &[
        rfc(5961, "3"),
        rfc(3360, "2"),
        Source::Other("Weaver, Sommer, Paxson: Detecting Forged TCP Reset Packets, NDSS 2009"),
    ],
};
