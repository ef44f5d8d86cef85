//! A RST whose numbers belong to another numbering: a translating device made or altered it.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 160,
    step: Step::Mechanism { shows: &Family::ALL, kernel: &[], signs: Signs::NONE },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&RST_NUMBERS_FOREIGN, &RST_TTL_DIFFERS],
    refuted_by: &[&RST_LEFT_ITS_SENDER],
    supported_by: &[
        &RST_MADE_BETWEEN,
        &RST_CONTRADICTS_SENDER,
        &RST_FROM_NEARER,
        &RST_LACKS_TIMESTAMPS,
        &RST_IP_ID_FOREIGN,
    ],
    likely_when: &[&[&RST_NUMBERS_FOREIGN, &RST_TTL_DIFFERS]],
    variants: &[],
    sources: &[
        rfc(5961, "3.2"),
        rfc(9293, "3.5.3"),
        Source::Other("VirtualBox manual, network address translation: the NAT engine ends connections itself"),
    ],
};
