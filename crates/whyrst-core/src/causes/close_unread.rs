//! `close()` while received data waits unread: the kernel aborts instead of sending FIN.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::data::{LAST_DATA_WAS_FOR_SENDER, RST_ACKS_LESS_THAN_SENT, SENDER_RECEIVED_DATA};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;
use crate::scenario::{Action, Actor, CLIENT, Expect, Finding, Host, Reproduction, SERVER, Scenario, Step};

/// See the module.
pub static CAUSE: Cause = Cause {
    id: "close-unread",
    title: "{sender} closed the socket while data that it had received was still unread",
    explanation: "When a program closes a socket with bytes left in its receive queue, the kernel sends RST instead of \
        FIN, to tell the other end that its data was not processed. One unread byte is enough. What the closing side \
        itself had not yet delivered is thrown away as well.",
    effect: "{receiver}: data that had arrived can still be read on Linux, then ECONNRESET once, then EPIPE on writing. \
        {sender}: close() succeeds, no error.",
    sources: &[rfc(1122, "4.2.2.13"), rfc(2525, "2.17"), kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::not_through(RstReason::TcpAbortOnClose, "do_exit")],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE, &SENDER_RECEIVED_DATA],
        refuted_by: &[&SENDER_HAD_CLOSED, &RST_CONTRADICTS_SENDER],
        supported_by: &[&LAST_DATA_WAS_FOR_SENDER, &RST_ACKS_LESS_THAN_SENT],
    },
    variants: &[],
    look_alikes: &[
        LookAlike {
            cause: "exit-unread",
            told_apart_by: "the process that held the socket ended at that moment: exit status, crash or OOM log; new connects \
                may be refused",
        },
        LookAlike {
            cause: "linger-zero",
            told_apart_by: "`strace -e trace=setsockopt,close` on {sender} shows SO_LINGER {on, 0}; TCPAbortOnData counts it, \
                TCPAbortOnClose does not",
        },
    ],
    advice: &[
        "on {sender}: `nstat -az TcpExtTCPAbortOnClose` rises with each such close",
        "let {sender} read until end of file before close(), or shutdown(SHUT_WR), read with a timeout, then close",
        "on early errors (413, failed login) read and drop a bounded amount of the request before closing",
        "check that both ends agree how long a message is: a length field, a Content-Length, a trailing newline left unread",
    ],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "close-unread",
        "A server forks for each connection; the child reads 4096 of 5000 bytes and closes.",
        &reads_only(4096, 5000),
        UNREAD,
    )
    .told(
        "the child reads 4096 of the 5000 bytes and closes; the 4 bytes left unread make the kernel send RST",
        Finding::HoldsCorrected,
        "read() {worker.read} leaves 904 bytes unread, not 4; close() {worker.close}, and what arrived at the client was `{client R}`; \
         the kernel's reason: {kernel}; the client's next read() {client.read}. One byte is enough \
         (`whyrst lab run close-unread-1`)",
    ),
    Scenario::new(
        "close-unread-1",
        "The same, and a single byte is left unread.",
        &reads_only(4096, 4097),
        UNREAD,
    ),
    Scenario::new(
        "close-all-read",
        "The same, and everything is read: close() says FIN and nothing is reset.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            SERVER.does(Action::Accept),
            CLIENT.does(Action::Write { bytes: 5000 }).gives(5000),
            SERVER.does(Action::AwaitUnread { bytes: 5000 }).gives(5000),
            SERVER.does(Action::Read { most: 5000 }).gives(5000),
            SERVER.does(Action::Close),
            CLIENT.does(Action::Read { most: 4096 }).gives(0),
            CLIENT.does(Action::Close),
        ],
        Expect::QUIET,
    ),
];

const WORKER: Actor = Actor::on_server("worker");
const UNREAD: Expect = Expect::both(&["close-unread"], &[(Host::Server, RstReason::TcpAbortOnClose)]);

const fn reads_only(some: u32, of: u32) -> [Step; 9] {
    [
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        SERVER.does(Action::Fork { child: WORKER }),
        CLIENT.does(Action::Write { bytes: of }).gives(of as i64),
        WORKER.does(Action::AwaitUnread { bytes: of }).gives(of as i64),
        WORKER.does(Action::Read { most: some }).gives(some as i64),
        WORKER.does(Action::Close),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
    ]
}
