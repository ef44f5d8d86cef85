//! An idle close and the next request crossed on the way.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{CLOSED_WHEN_IDLE, DATA_CROSSED_FIN, RST_ANSWERS_DATA, SENDER_HAD_CLOSED};
use crate::evidence::data::SENDER_SENT_DATA;
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::handshake::SENDER_IS_SERVER;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;
use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario, Wire};

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "keepalive-race",
    title: "{client}'s next request crossed {server}'s close of the idle connection",
    explanation: "The connection had served a request and was kept open for more (HTTP keep-alive, a pool). {server}'s \
        idle timeout ended it at the moment when {client} used it again: the FIN and the request passed each other on the \
        way. The request arrived at a closed socket and was answered with RST.",
    effect: "{client}: end of file or EPIPE instead of an answer, never ECONNRESET on Linux, because the FIN came first. \
        The request was not processed.",
    sources: &[
        rfc(9112, "9.5"),
        rfc(9293, "3.10.7.4"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process (TCP_FIN_WAIT1)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpAbortOnData)],
    rule: Rule {
        needs: &[&SENDER_HAD_CLOSED, &RST_ANSWERS_DATA, &SENDER_IS_SERVER, &DATA_CROSSED_FIN, &CLOSED_WHEN_IDLE],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &SENDER_SENT_DATA],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::broader(
            "data-after-close",
            "{server} would have closed for a reason of its own, not for idleness: its log tells",
        ),
        LookAlike::identical(
            "shutdown-rdwr-data",
            "`strace -e trace=shutdown,close` on {sender} shows shutdown(SHUT_RDWR), and its program still holds the socket",
        ),
        LookAlike::similar(
            "server-busy-close",
            "{server} would have closed right after it accepted, without having answered anything",
        ),
    ],
    advice: &[
        "the silence before the FIN is {server}'s idle timeout: {client} (and every proxy) must give up idle connections earlier",
        "make requests safe to repeat and retry once on a fresh connection: this one was not processed",
        "behind a load balancer: the backend's idle timeout must be longer than the balancer's",
    ],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[Scenario::new(
    "keepalive-race",
    "After one answered request the server closes the idle connection while the next request is on its way.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        SERVER.does(Action::Read { most: 4096 }).gives(100),
        SERVER.does(Action::Write { bytes: 200 }).gives(200),
        CLIENT.does(Action::Read { most: 4096 }).gives(200),
        CLIENT.does(Action::Pause(150)),
        SERVER.does(Action::Close),
        CLIENT.does(Action::Write { bytes: 100 }).gives(100),
        CLIENT.does(Action::Read { most: 4096 }).gives(0),
        CLIENT.does(Action::Pause(100)),
        CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
    ],
    Expect::both(&["keepalive-race"], &[(Host::Server, RstReason::TcpAbortOnData)]),
)
.on(Wire::delays_us(20_000, 20_000))];

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Likely, Possible};

    const CROSSED: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C > S PA 1:101(100) ack 1
        +0.020 C < S PA 1:201(200) ack 101
        +0.040 C > S A 101:101(0) ack 201
        5.1600 C < S FA 201:201(0) ack 101
        5.1610 C > S PA 101:201(100) ack 201
        5.1620 C < S R 201:201(0)";

    #[test]
    fn a_second_request_that_crossed_the_close_is_the_race() {
        judged(CROSSED).is("keepalive-race", Possible).beside(&["data-after-close"]);
    }

    #[test]
    fn the_kernel_excludes_a_close_that_was_over() {
        judged_with(CROSSED, RstReason::TcpAbortOnData, &[]).is("keepalive-race", Possible);
        judged_with(CROSSED, RstReason::TcpTimewaitSocket, &[]).without(&["keepalive-race"]);
    }

    #[test]
    fn a_client_that_had_acknowledged_the_fin_knew_of_the_close() {
        let text =
            CROSSED.replace("PA 101:201(100) ack 201", "PA 101:201(100) ack 202").replace("R 201:201", "R 202:202");
        judged(&text).without(&["keepalive-race"]);
    }

    #[test]
    fn a_first_request_has_no_idle_connection() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.020 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            0.1000 C < S FA 1:1(0) ack 1
            0.1001 C > S PA 1:101(100) ack 1
            0.1010 C < S R 1:1(0)";
        judged(text).is("data-after-close", Likely).beside(&["keepalive-race"]);
    }
}
