//! A RST after both ends had closed in order: nothing is lost.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{BOTH_HAD_CLOSED, RST_ANSWERS_DATA, RST_ANSWERS_NO_DATA};
use crate::evidence::data::EVERYTHING_ACKNOWLEDGED;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;
use crate::scenario::{
    Action, CLIENT, Expect, Host, Kind, Packet, Reproduction, Rule as WireRule, SERVER, Scenario, Treatment, Wire,
};

/// See the module.
pub static CAUSE: Cause = Cause {
    id: "rst-after-close",
    title: "a last segment reached {sender} after both ends had closed; nothing was lost",
    explanation: "Both ends had sent FIN and everything was delivered. A late or repeated segment (usually an ACK) then \
        reached an end that had already forgotten the connection, which answered as it answers any segment of a connection \
        that it does not have.",
    effect: "no program notices.",
    sources: &[rfc(9293, "3.5.2, group 1"), rfc(1337, "2"), kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Benign,
    kernel_reasons: &[
        KernelSign::reason(RstReason::NoSocket),
        KernelSign::reason(RstReason::TcpFlags),
        KernelSign::reason(RstReason::TcpTimewaitSocket),
    ],
    rule: Rule {
        needs: &[&BOTH_HAD_CLOSED],
        refuted_by: &[&RST_ANSWERS_DATA, &RST_CONTRADICTS_SENDER],
        supported_by: &[&EVERYTHING_ACKNOWLEDGED, &RST_ANSWERS_NO_DATA],
    },
    variants: &[],
    look_alikes: &[LookAlike {
        cause: "data-after-close",
        told_apart_by: "the RST would answer data that was sent after the close",
    }],
    advice: &["nothing to do: exclude such resets from alerts (`--cause` selects, `severity` in JSON is \"benign\")"],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[Scenario::new(
    "rst-after-close",
    "Both ends have closed in order; then the wire delivers the last ACK a second time, to an end that has forgotten all.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Read { most: 4096 }).gives(0),
        CLIENT.does(Action::Close),
    ],
    Expect::both(&["rst-after-close"], &[(Host::Client, RstReason::NoSocket)]),
)
.on(Wire::PLAIN.with(&[WireRule::on(Packet::first(Kind::Ack, Host::Server), Treatment::DuplicateAfterMs(20))
    .after(Packet::first(Kind::Fin, Host::Client))]))];
