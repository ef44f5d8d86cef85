//! The server accepted the connection and closed it at once, with the request already in its queue.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::application::{CLOSED_BY_ITSELF, SERVER_LEFT_AT_ONCE};
use crate::evidence::data::SENDER_SENT_NOTHING;
use crate::evidence::handshake::{HANDSHAKE_INCOMPLETE, SENDER_IS_SERVER};
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;
use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario};

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "server-busy-close",
    title: "{server} accepted the connection and closed it at once, without an answer",
    explanation: "Connection limits (maxclients, MaxStartups, no free worker), allow-lists that are checked after accept() \
        and handlers that fail at their start close a connection that they have just accepted. If {client}'s first octets \
        were there already, the kernel sends RST because they are unread; if not, it sends FIN, and the octets are \
        answered by RST when they come. Later than at once it cannot be told from any close with unread data.",
    effect: "{client}: connect() succeeded; the first read gives ECONNRESET, or end of file and then EPIPE. {server}: no \
        error, perhaps a line in its log.",
    sources: &[
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[
        KernelSign::reason(RstReason::TcpAbortOnClose),
        KernelSign::reason(RstReason::TcpTimewaitSocket),
        KernelSign::reason(RstReason::TcpAbortOnData),
    ],
    rule: Rule {
        needs: &[&SENDER_SENT_NOTHING, &SENDER_IS_SERVER, &CLOSED_BY_ITSELF],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        supported_by: &[&SERVER_LEFT_AT_ONCE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::special_case(
            "linger2-negative",
            "TCP_LINGER2 is negative on {server}'s socket: the RST comes with the ACK of its FIN",
        ),
        LookAlike::special_case(
            "fin-wait2-expired",
            "the client went on only after tcp_fin_timeout: the RST is about that, not about the close",
        ),
        LookAlike::how("close-unread", "{server} would have read a part of the request before it closed"),
        LookAlike::how("exit-unread", "the process on {server} ended at that moment; new connects may be refused"),
        LookAlike::broader("data-after-close", "{server} would have closed later, and not without an answer"),
        LookAlike::similar("keepalive-race", "{server} would have answered an earlier request on this connection"),
        LookAlike::identical(
            "listener-close-pending",
            "the listener ended too: new connects are refused, and the kernel's reason is TCP_STATE",
        ),
        LookAlike::identical(
            "proxy-upstream-down",
            "{server} is a proxy: look whether its upstream answers at that moment",
        ),
        LookAlike::similar("linger-zero", "TCPAbortOnData counts it on {server}; it aborts later connections too"),
        LookAlike::similar("sock-destroy", "an agent on {server} removes it: its program gets ECONNABORTED"),
        LookAlike::similar(
            "protocol-mismatch",
            "{client} would speak another protocol than {server}: its first octets tell",
        ),
    ],
    advice: &[
        "read {server}'s log at that moment: a connection limit, an allow-list, a handler that failed",
        "on {server}: `nstat -az TcpExtTCPAbortOnClose` rises with each such close",
        "compare the number of connections with the limit: `ss -tn state established '( sport = :PORT )' | wc -l`",
        "let {server} write an error and read what is there before it closes, or refuse earlier: a shorter backlog, a firewall",
    ],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "server-busy-close",
        "The server has no room for the client: it closes as soon as it has accepted; the request is there already.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            SERVER.does(Action::Accept).meanwhile(),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::AwaitUnread { bytes: 100 }).gives(100),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        Expect::both(&["server-busy-close"], &[(Host::Server, RstReason::TcpAbortOnClose)]),
    ),
    Scenario::new(
        "server-busy-close-fin",
        "The same, and the request comes after the close: FIN first, then RST.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            SERVER.does(Action::Accept).meanwhile(),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Pause(80)),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Pause(50)),
            CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
        ],
        Expect::both(&["server-busy-close"], &[(Host::Server, RstReason::TcpTimewaitSocket)]),
    ),
];

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely, Possible};

    const AT_ONCE: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        +0.0001 C > S PA 1:101(100) ack 1
        +0.0204 C < S RA 1:1(0) ack 101";

    #[test]
    fn a_server_that_leaves_within_microseconds_did_not_read() {
        judged(AT_ONCE).is("server-busy-close", Possible).beside(&[
            "close-unread",
            "proxy-upstream-down",
            "exit-unread",
        ]);
    }

    #[test]
    fn seen_at_the_server_it_is_the_same() {
        let text = AT_ONCE
            .replace("+0.020 C", "+0.0001 C")
            .replace("+0.0001 C > S A", "+0.020 C > S A")
            .replace("+0.0204", "+0.0004");
        judged(&text).is("server-busy-close", Possible);
    }

    #[test]
    fn a_server_that_took_its_time_may_have_read_a_part() {
        judged(&AT_ONCE.replace("+0.0204", "+1.0")).is("close-unread", Possible).beside(&["server-busy-close"]);
    }

    #[test]
    fn an_answer_excludes_it() {
        let text =
            AT_ONCE.replace("+0.0204 C < S RA 1:1(0)", "+0.0203 C < S PA 1:51(50) ack 101\n+0.0001 C < S RA 51:51(0)");
        judged(&text).without(&["server-busy-close"]);
    }

    #[test]
    fn a_fin_at_once_and_the_request_after_it() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.020 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            +0.0203 C < S FA 1:1(0) ack 1
            +0.040 C > S A 1:1(0) ack 2
            1.0 C > S PA 1:101(100) ack 2
            +0.020 C < S R 2:2(0)";
        judged(text).is("data-after-close", Likely).beside(&["server-busy-close"]);
        judged_with(text, RstReason::TcpTimewaitSocket, &[])
            .is("data-after-close", Certain)
            .beside(&["server-busy-close"]);
    }

    #[test]
    fn the_kernel_names_the_means_and_not_the_reason() {
        let close = ["tcp_send_active_reset", "__tcp_close", "__x64_sys_close"];
        judged_with(AT_ONCE, RstReason::TcpAbortOnClose, &close)
            .is("server-busy-close", Possible)
            .beside(&["close-unread"]);
        judged_with(&AT_ONCE.replace("+0.0204", "+1.0"), RstReason::TcpAbortOnClose, &close)
            .is("close-unread", Certain);
        judged_with(AT_ONCE, RstReason::TcpState, &["tcp_abort"]).without(&["server-busy-close"]);
    }
}
