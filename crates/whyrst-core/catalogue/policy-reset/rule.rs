//! A device on the path resets because a rule forbids what was asked: an address, a name, a content.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 150,
    step: Step::Reason { explains: &["injected-rst", "fw-reject-transit"] },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    needs: &[&RST_CONTRADICTS_SENDER, &RESET_ON_FIRST_REQUEST, &SYN_SEEN],
    refuted_by: &[&RST_LEFT_ITS_SENDER],
    supported_by: &[
        &RST_MADE_BETWEEN,
        &SENDER_TALKED_ON,
        &RST_SEQ_CLIMBS,
        &RST_WINDOWS_COUNT,
        &RST_TTL_DIFFERS,
        &RST_LACKS_TIMESTAMPS,
        &RST_IP_ID_FOREIGN,
        &RST_WINDOW_ODD,
        &RSTS_BOTH_WAYS,
    ],
    likely_when: &[
        &[&RESET_ON_FIRST_REQUEST, &SENDER_TALKED_ON],
        &[&RESET_ON_FIRST_REQUEST, &RST_SEQ_CLIMBS],
        &[&RESET_ON_FIRST_REQUEST, &RST_WINDOWS_COUNT],
        &[&RESET_ON_FIRST_REQUEST, &RST_TTL_DIFFERS, &RST_LACKS_TIMESTAMPS],
    ],
    variants: &[],
    sources: &[
        rfc(3360, "2"),
        Source::Other("Raman et al.: Global, Passive Detection of Connection Tampering, SIGCOMM 2023"),
        Source::Other("Weaver, Sommer, Paxson: Detecting Forged TCP Reset Packets, NDSS 2009"),
    ],
};
