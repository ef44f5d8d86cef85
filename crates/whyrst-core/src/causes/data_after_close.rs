//! The peer writes to a socket that has been closed.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Variant, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{DATA_CROSSED_FIN, RST_ANSWERS_DATA, SENDER_HAD_CLOSED};
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;
use crate::scenario::{Reproduction, Scenario};

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

static SCENARIOS: &[Scenario] = &[];
