//! The process ended with unread data: the kernel closes its sockets as `close()` would.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::data::{LAST_DATA_WAS_FOR_SENDER, RST_ACKS_LESS_THAN_SENT, SENDER_RECEIVED_DATA};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::service::PORT_REFUSED_AFTER;
use crate::kernel::RstReason;
use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario};

/// See the module.
pub static CAUSE: Cause = Cause {
    id: "exit-unread",
    title: "the process on {sender} ended while data that it had received was still unread",
    explanation: "Exit, crash, SIGKILL, the OOM killer or a stopped container: the kernel closes the process's sockets \
        exactly as close() would, and unread data turns that into a RST. With nothing unread it is an ordinary FIN.",
    effect: "{receiver}: data that had arrived can still be read on Linux, then ECONNRESET once, then EPIPE on writing.",
    sources: &[
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
        kernel("kernel/exit.c", "do_exit"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::through(RstReason::TcpAbortOnClose, "do_exit")],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE, &SENDER_RECEIVED_DATA],
        refuted_by: &[&SENDER_HAD_CLOSED, &RST_CONTRADICTS_SENDER],
        supported_by: &[&LAST_DATA_WAS_FOR_SENDER, &RST_ACKS_LESS_THAN_SENT, &PORT_REFUSED_AFTER],
    },
    variants: &[],
    look_alikes: &[
        LookAlike {
            cause: "close-unread",
            told_apart_by: "the process on {sender} is still running and closed only this connection",
        },
        LookAlike {
            cause: "linger-zero",
            told_apart_by: "`strace -e trace=setsockopt,close` on {sender} shows SO_LINGER {on, 0}",
        },
    ],
    advice: &[
        "on {sender}: did the process end at that time? `journalctl`, exit status, `journalctl -k | grep -i -e oom -e segfault`",
        "in containers: `kubectl describe pod` or `docker inspect` for the last state and its reason",
        "let the service finish its connections on SIGTERM before it exits",
    ],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[Scenario::new(
    "exit-unread",
    "The server has read 4096 of 5000 bytes when it is killed; who connects next is refused.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
        SERVER.does(Action::Accept),
        CLIENT.does(Action::Write { bytes: 5000 }).gives(5000),
        SERVER.does(Action::AwaitUnread { bytes: 5000 }).gives(5000),
        SERVER.does(Action::Read { most: 4096 }).gives(4096),
        SERVER.does(Action::IsKilled).dies_of("SIGKILL"),
        CLIENT.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }).fails("ECONNREFUSED"),
    ],
    Expect::both(
        &["exit-unread", "closed-port"],
        &[(Host::Server, RstReason::TcpAbortOnClose), (Host::Server, RstReason::NoSocket)],
    ),
)];
