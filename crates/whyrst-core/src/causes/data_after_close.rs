//! The peer writes to a socket that has been closed.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Variant, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{DATA_CROSSED_FIN, RST_ANSWERS_DATA, SENDER_HAD_CLOSED};
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;
use crate::scenario::{
    Action, CLIENT, Expect, Finding, Host, Kind, Packet, Reproduction, Rule as WireRule, SERVER, Scenario, Step,
    Treatment, Wire,
};

/// See the module.
pub static CAUSE: Cause = Cause {
    id: "data-after-close",
    title: "{receiver} wrote to a connection that {sender} had already closed",
    explanation: "{sender} closed the socket and sent FIN. Data that arrives afterwards has no reader, so the kernel \
        answers it with RST. The write that carried it had succeeded: only the next one tells the program.",
    effect: "{receiver}: the first write succeeds, the next fails with EPIPE and SIGPIPE; recv() gives 0, never \
        ECONNRESET, because the FIN came first. The written data is lost silently.",
    sources: &[
        rfc(9293, "3.10.7.4"),
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process"),
        kernel("net/ipv4/tcp_minisocks.c", "tcp_timewait_state_process"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[
        KernelSign::reason(RstReason::TcpTimewaitSocket),
        KernelSign::reason(RstReason::TcpAbortOnData),
        KernelSign::reason(RstReason::TcpFlags),
        KernelSign::reason(RstReason::NoSocket),
    ],
    rule: Rule {
        needs: &[&SENDER_HAD_CLOSED, &RST_ANSWERS_DATA],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[Variant {
        when: &DATA_CROSSED_FIN,
        title: "{receiver}'s data crossed {sender}'s close on the way: it arrived at a socket that was closed already",
    }],
    look_alikes: &[LookAlike {
        cause: "rst-after-close",
        told_apart_by: "no data would have been sent after the close",
    }],
    advice: &[
        "let {receiver} obey end of file: when read() gives 0, do not write a request any more; poll() tells it as POLLRDHUP",
        "with kept-alive connections: {receiver}'s idle timeout must be shorter than {sender}'s",
        "make requests safe to repeat and retry once on a fresh connection: the data was not processed",
        "ignore SIGPIPE (or use MSG_NOSIGNAL), so that the process survives to see EPIPE",
    ],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "data-after-close",
        "The server closes; the client's first write still succeeds and draws a RST, its second fails with EPIPE.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            SERVER.does(Action::Accept),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Pause(80)),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Pause(30)),
            CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
        ],
        Expect::both(&["data-after-close"], &[(Host::Server, RstReason::TcpTimewaitSocket)]),
    )
    .told(
        "data sent to a closed socket is answered by RST, and the next write fails with EPIPE",
        Finding::Holds,
        "the first write() {client.write}, answered by `{client R}`; the second {client.write#2}; \
         the kernel's reason: {kernel}. Only after a FIN: a reset out of an open connection gives ECONNRESET first \
         (`whyrst lab run close-unread`)",
    ),
    Scenario::new(
        "sigpipe",
        "The same, and the client lets SIGPIPE do what it does by default: the second write ends the process.",
        &[
            CLIENT.does(Action::HeedSigpipe),
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            SERVER.does(Action::Accept),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Pause(80)),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::Pause(30)),
            CLIENT.does(Action::Write { bytes: 100 }).dies_of("SIGPIPE"),
        ],
        Expect::both(&["data-after-close"], &[(Host::Server, RstReason::TcpTimewaitSocket)]),
    )
    .told(
        "a program that writes again after the RST is killed by SIGPIPE",
        Finding::Holds,
        "the first write() {client.write}; the second: {client.write#2}",
    ),
    Scenario::new(
        "data-after-close-fast",
        "The client's data reaches the server before the server knows that its FIN arrived.",
        FAST,
        Expect::both(&["data-after-close"], &[(Host::Server, RstReason::TcpAbortOnData)]),
    )
    .on(Wire::PLAIN.with(&[WireRule::on(Packet::first(Kind::Ack, Host::Client), Treatment::Drop)
        .after(Packet::first(Kind::Fin, Host::Server))])),
    Scenario::new(
        "half-close-ok",
        "The client says FIN and goes on reading; the server answers and closes. Nothing is reset.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            SERVER.does(Action::Accept),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            CLIENT.does(Action::ShutdownWrite),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(0),
            SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Read { most: 4096 }).gives(1000),
            CLIENT.does(Action::Read { most: 4096 }).gives(0),
            CLIENT.does(Action::Close),
        ],
        Expect::QUIET,
    ),
];

/// The wire loses the bare ACK of the FIN, if the kernel sends one at all: then the data that
/// follows is what acknowledges it.
static FAST: &[Step] = &[
    SERVER.does(Action::Listen { port: 8888 }),
    CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
    SERVER.does(Action::Accept),
    CLIENT.does(Action::Read { most: 4096 }).gives(0).meanwhile(),
    CLIENT.does(Action::Write { bytes: 100 }).gives(100).meanwhile(),
    SERVER.does(Action::Close),
    CLIENT.does(Action::Pause(30)),
    CLIENT.does(Action::Write { bytes: 100 }).fails("EPIPE"),
];
