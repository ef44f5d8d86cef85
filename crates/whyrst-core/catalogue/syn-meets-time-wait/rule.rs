//! A new SYN that the server's TIME-WAIT does not accept.

use crate::prelude::*;

pub(super) const RULE: Rule = Rule {
    status: Status::Stable,
    prior: 670,
    step: Step::Mechanism {
        shows: &[Family::SynCollision],
        kernel: &[KernelSign::reason(RstReason::TcpInvalidAckSequence)],
        signs: Signs { counters: &["TcpOutRsts"], ..Signs::NONE },
    },
    outcome: OutcomeKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    needs: &[&SYN_ANSWERED_BY_OLD_ACK, &RST_IS_PASSIVE, &EARLIER_CLOSED],
    refuted_by: &[&RST_CONTRADICTS_SENDER],
    supported_by: &[&RST_IS_BARE],
    likely_when: &[&[&EARLIER_CLOSED]],
    variants: &[],
    sources: &[
        rfc(1122, "4.2.2.13"),
        rfc(6191, "2"),
        rfc(1337, "2"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
    ],
};
