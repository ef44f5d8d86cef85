//! `close()` while received data waits unread: the kernel aborts instead of sending FIN.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::data::{LAST_DATA_WAS_FOR_SENDER, RST_ACKS_LESS_THAN_SENT, SENDER_RECEIVED_DATA};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;
use crate::scenario::{Reproduction, Scenario};

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

static SCENARIOS: &[Scenario] = &[];
