//! The client's own rule for output rejects the SYN before it leaves.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, kernel};
use crate::ending::EndingKind;
use crate::evidence::firewall::{REFUSES_UNSEEN_SYN, RST_NEVER_ROUTED};
use crate::evidence::form::{RST_IS_ALONE, RST_IS_BARE};
use crate::scenario::Reproduction;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "fw-reject-local-output",
    title: "a rule for output on {receiver} itself rejected the SYN: it never left, and the reset came back over loopback",
    explanation: "REJECT with tcp-reset in the OUTPUT chain of the client itself, a cgroup or eBPF hook on connect(), or a \
        local security agent. The SYN (or the data of a connection) is answered inside the host; the reset goes to the \
        program over the loopback device. A capture on the network interface shows nothing at all; one on every device \
        (`tcpdump -i any`) shows the reset alone.",
    effect: "connect() fails at once with ECONNREFUSED (an existing connection: ECONNRESET), while no packet is on the wire.",
    sources: &[
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
        kernel("net/ipv4/ip_output.c", "__ip_local_out"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_IS_ALONE, &REFUSES_UNSEEN_SYN, &RST_NEVER_ROUTED],
        refuted_by: &[],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::special_case(
            "orphan-rst",
            "the capture leaves the rest out: it began too late, or its filter lets only resets pass",
        ),
        LookAlike::identical("closed-port", "the SYN would have left {receiver}, and the capture would have missed it"),
    ],
    advice: &[
        "on {receiver}: `nft list ruleset` and `iptables -vnL OUTPUT`: which rule's counter rises while connecting?",
        "`tcpdump -i any` on {receiver}: a reset on `lo` with {sender}'s address and no SYN anywhere is made on the spot",
        "other local judges: `bpftool cgroup tree` (connect hooks), security agents, a service mesh's redirection",
    ],
    reproduction: Reproduction::NotReproducible(
        "no packet of it passes a network device: `whyrst lab run fw-reject-output-local` plays it and shows just that",
    ),
};

#[cfg(test)]
mod tests {
    use crate::testing::judged;
    use crate::verdict::Confidence::Possible;

    #[test]
    fn a_lone_refusal_may_have_been_made_on_the_spot() {
        judged("0.000 C < S RA 0:0(0) ack 1").is("closed-port", Possible).beside(&["fw-reject-local-output"]);
    }

    #[test]
    fn what_has_come_over_routers_has_not() {
        judged("0.000 C < S RA 0:0(0) ack 1 ttl 57").is("closed-port", Possible).without(&["fw-reject-local-output"]);
    }

    #[test]
    fn a_syn_in_the_capture_had_left() {
        judged("0 C > S S 0:0(0)\n+0.0001 C < S RA 0:0(0) ack 1").without(&["fw-reject-local-output"]);
    }

    #[test]
    fn a_reset_with_a_number_refuses_no_syn() {
        judged("0.000 C < S R 7:7(0)").without(&["fw-reject-local-output"]);
    }
}
