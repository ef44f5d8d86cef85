//! `SO_LINGER {on, 0}`: a deliberate abort at `close()`.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::data::{SENDER_HAD_REPLIED, SENDER_RECEIVED_NOTHING};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;
use crate::scenario::{Action, CLIENT, Expect, Host, Reproduction, SERVER, Scenario};

/// See the module.
pub static CAUSE: Cause = Cause {
    id: "linger-zero",
    title: "{sender} aborted it on purpose: SO_LINGER with time 0, then close()",
    explanation: "With SO_LINGER on and time 0, close() throws the send queue away and sends RST instead of FIN. Load \
        generators, balancers, proxies and \"abort\" calls of Java, Go and Node do so, to avoid TIME_WAIT or to be rid of a peer.",
    effect: "{receiver}: ECONNRESET. {sender}: close() succeeds; what it had not yet delivered is lost.",
    sources: &[
        rfc(9293, "3.10.5"),
        kernel("net/ipv4/tcp.c", "__tcp_close (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime)"),
        kernel("net/ipv4/tcp.c", "tcp_disconnect"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::through(RstReason::TcpState, "__tcp_close")],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE],
        refuted_by: &[&SENDER_HAD_CLOSED, &RST_CONTRADICTS_SENDER],
        supported_by: &[&SENDER_RECEIVED_NOTHING, &SENDER_HAD_REPLIED],
    },
    variants: &[],
    look_alikes: &[
        LookAlike {
            cause: "close-unread",
            told_apart_by: "data would have been unread: TCPAbortOnClose counts it on {sender}, TCPAbortOnData does not",
        },
        LookAlike {
            cause: "exit-unread",
            told_apart_by: "the process on {sender} ended at that moment, with data unread",
        },
    ],
    advice: &[
        "on {sender}: `strace -f -e trace=setsockopt,close -p PID` shows SO_LINGER {l_onoff=1, l_linger=0} before the close()",
        "on {sender}: `nstat -az TcpExtTCPAbortOnData` rises with each such close",
        "look in its configuration: reset on timeout, SO_LINGER, SetLinger(0), `option nolinger`, resetAndDestroy()",
        "do not use it against TIME_WAIT: let the client close first",
    ],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "linger-zero",
        "The client sets SO_LINGER {1, 0} and closes; it had received nothing that it could have left unread.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            SERVER.does(Action::Accept),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            CLIENT.does(Action::Pause(30)),
            CLIENT.does(Action::LingerZero),
            CLIENT.does(Action::Close),
            SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        ABORTED,
    ),
    Scenario::new(
        "linger-zero-after-response",
        "The same after a response that was read to its end: the packets look like close() with unread data.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Connect { to: Host::Server, port: 8888 }),
            SERVER.does(Action::Accept),
            CLIENT.does(Action::Write { bytes: 100 }).gives(100),
            SERVER.does(Action::Read { most: 4096 }).gives(100),
            SERVER.does(Action::Write { bytes: 1000 }).gives(1000),
            CLIENT.does(Action::Read { most: 4096 }).gives(1000),
            CLIENT.does(Action::Pause(30)),
            CLIENT.does(Action::LingerZero),
            CLIENT.does(Action::Close),
            SERVER.does(Action::Read { most: 4096 }).fails("ECONNRESET"),
        ],
        ABORTED,
    ),
];

const ABORTED: Expect = Expect::both(&["linger-zero"], &[(Host::Client, RstReason::TcpState)]);
