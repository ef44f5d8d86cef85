//! The client gave up on `connect()` before the SYN-ACK came.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{RST_ANSWERS_SYN_ACK, RST_IS_BARE};
use crate::evidence::handshake::{SYN_ACK_SLOW, SYN_IS_ORDINARY, SYN_RETRIED_AFTER_RST, SYN_SEEN};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;
use crate::scenario::{Reproduction, Scenario};

/// See the module.
pub static CAUSE: Cause = Cause {
    id: "connect-abandoned",
    title: "the client had already given up on connect() when the SYN-ACK arrived",
    explanation: "The client limits how long it waits for a connection (SO_SNDTIMEO, a non-blocking connect() with \
        poll(), a deadline in a library), or its process ended. Closing a socket in SYN-SENT sends nothing; the late \
        SYN-ACK then finds no socket and the client's kernel resets it. On Linux SO_RCVTIMEO does not limit connect().",
    effect: "client: connect() fails with EINPROGRESS, ETIMEDOUT or the library's own error. Server: accept() never \
        returns this connection. No data is involved.",
    sources: &[
        rfc(9293, "3.10.7.1"),
        kernel("net/ipv4/af_inet.c", "__inet_stream_connect"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket)],
    rule: Rule {
        needs: &[&RST_ANSWERS_SYN_ACK, &SYN_SEEN],
        refuted_by: &[&SYN_RETRIED_AFTER_RST, &RST_CONTRADICTS_SENDER],
        supported_by: &[&SYN_ACK_SLOW, &SYN_IS_ORDINARY, &RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike {
            cause: "raw-syn-scanner",
            told_apart_by: "its SYN would have few options or none, whatever the delay",
        },
        LookAlike {
            cause: "fw-reject-synack",
            told_apart_by: "the client would send its SYN again: it still waits for an answer",
        },
    ],
    advice: &[
        "raise the client's connect timeout above the round trip plus one SYN retry (1 s)",
        "find out why the SYN-ACK is slow: `ping` for the round trip, on {server} `ss -ltn` (Recv-Q near Send-Q) and load",
        "on the client: `strace -f -e trace=connect,poll,setsockopt` shows the timeout that ended the connect()",
    ],
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[];
