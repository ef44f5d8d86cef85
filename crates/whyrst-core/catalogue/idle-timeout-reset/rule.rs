//! A device on the path ends connections that are silent for too long, or has forgotten them.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 400,
    step: Step::Reason {
        explains: &[
            "linger-zero",
            "close-unread",
            "fw-state-lost",
            "nat-mapping-lost",
            "fw-reject-transit",
            "injected-rst",
        ],
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&WAS_IDLE, &RST_ENDS_SILENCE],
    refuted_by: &[
        &HANDSHAKE_INCOMPLETE,
        &SENDER_HAD_CLOSED,
        &RECEIVER_HAD_CLOSED,
        &RST_ANSWERS_THIRD_PACKET,
        &SYN_MET_CONNECTION,
        &RST_IS_FASTCLOSE,
    ],
    supported_by: &[
        &DEVICE_TIMEOUT_FITS,
        &DEVICE_TIMER_FITS,
        &RST_TTL_DIFFERS,
        &BOTH_ENDS_RESET,
        &LONGER_SILENCE_DIED,
        &SILENCES_AT_DEATH_ALIKE,
    ],
    // Chance meets a device's timeout within 1.5 % once in sixty silences of any length.
    likely_when: &[
        &[&DEVICE_TIMER_FITS, &RST_TTL_DIFFERS],
        &[&DEVICE_TIMER_FITS, &BOTH_ENDS_RESET],
        &[&LONGER_SILENCE_DIED, &RST_IS_PASSIVE],
    ],
    variants: &[],
    sources: &[
        rfc(5382, "REQ-5"),
        Source::Other("AWS, Network Load Balancers: a RST answers data on a flow whose idle timeout (350 s) is over"),
        Source::Other("Microsoft, Load Balancer TCP reset and idle timeout (4 minutes)"),
    ],
};
