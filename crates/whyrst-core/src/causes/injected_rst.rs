//! Somebody in or beside the path forged the RST.

use crate::cause::{Breadth, Cause, Rule, Severity, Source, rfc};
use crate::ending::EndingKind;
use crate::evidence::path::{
    RST_CONTRADICTS_SENDER, RST_IP_ID_FOREIGN, RST_LACKS_TIMESTAMPS, RST_TTL_DIFFERS, SENDER_TALKED_ON,
};
use crate::scenario::{Reproduction, Scenario};

/// See the module.
pub static CAUSE: Cause = Cause {
    id: "injected-rst",
    title: "something on the path sent it in {sender}'s name: {sender} itself did not reset the connection",
    explanation: "Firewalls, intrusion prevention, parental filters, censors, some providers and attackers end \
        connections with forged RSTs. A device on the path knows the exact numbers; it cannot copy everything else: hop \
        count, identification, timestamps, and the real host goes on talking.",
    effect: "{receiver} gets ECONNRESET (EPIPE after a FIN) although {sender} is well; {sender} finds out when its next \
        packet is answered by a genuine RST.",
    sources: &[
        rfc(5961, "3"),
        rfc(3360, "2"),
        Source::Other("Weaver, Sommer, Paxson: Detecting Forged TCP Reset Packets, NDSS 2009"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Attack,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_CONTRADICTS_SENDER],
        refuted_by: &[],
        supported_by: &[&SENDER_TALKED_ON, &RST_TTL_DIFFERS, &RST_LACKS_TIMESTAMPS, &RST_IP_ID_FOREIGN],
    },
    variants: &[],
    look_alikes: &[],
    advice: &[
        "capture on {sender} at the same time: a RST that arrives at {receiver} but never left {sender} was made in between",
        "the TTL says how far away its maker is: compare with `traceroute` from {receiver}",
        "try another path, port or (for a filter by name) an encrypted name; ask whoever runs the firewalls on the path",
        "IPsec, TCP-AO or QUIC protect against it; TLS does not protect the TCP header",
    ],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[];
