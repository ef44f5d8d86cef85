//! One end closes connections that were silent for its own timeout, by RST.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::application::SENDER_REPEATED_IN_VAIN;
use crate::evidence::data::SENDER_HAD_REPLIED;
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::HANDSHAKE_INCOMPLETE;
use crate::evidence::idle::PROGRAM_TIMEOUT_FITS;
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::timing::WAS_IDLE;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "app-idle-timeout",
    title: "nothing had happened on it for as long as {sender} allows",
    explanation: "Servers, proxies and connection pools end connections that are silent for too long. Most say FIN; with \
        SO_LINGER 0 (`reset_timedout_connection`, abortive closes of pools and balancers) the kernel sends RST. TCP \
        keepalives do not help against it: they are not seen by a program.",
    effect: "{receiver}: ECONNRESET at its next call, often long afterwards. {sender}: nothing.",
    sources: &[
        rfc(9112, "9.5"),
        kernel("net/ipv4/tcp.c", "__tcp_close (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime)"),
        Source::Other("nginx, ngx_http_core_module: reset_timedout_connection"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::through_without(RstReason::TcpState, "__tcp_close", "inet_child_forget")],
    rule: Rule {
        needs: &[&WAS_IDLE, &RST_IS_ACTIVE],
        // Whose data waits for an answer is not idle.
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE, &SENDER_REPEATED_IN_VAIN],
        supported_by: &[&PROGRAM_TIMEOUT_FITS, &SENDER_HAD_REPLIED],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::how("linger-zero", "{sender} had another reason than the silence"),
        LookAlike::identical("close-unread", "{sender} would have left data unread: TCPAbortOnClose counts it"),
        LookAlike::identical("exit-unread", "the process on {sender} ended at that moment"),
        LookAlike::identical("sock-destroy", "`ss -K` or an agent on {sender}: its program gets ECONNABORTED"),
        LookAlike::similar("keepalive-timeout", "unanswered keepalive probes would come before it"),
        LookAlike::identical(
            "idle-timeout-reset",
            "a device on the path has the timeout: the RST is not of {sender}'s making, or both ends get one",
        ),
    ],
    advice: &[
        "compare the silence with {sender}'s configured timeouts: keep-alive, pool, read and session timeouts",
        "let {receiver} give up idle connections earlier than {sender} does, or send something in between",
        "TCP keepalive does not help: the program behind {sender}'s socket does not see it",
        "retry once on a fresh connection where a request is safe to repeat",
    ],
    zh: Words {
        title: "连接空闲的时间达到了{sender}允许的上限",
        explanation: "服务端、代理和连接池都会关掉空闲太久的连接。多数情况下发 FIN；如果设置了 SO_LINGER 0（nginx 的 \
            `reset_timedout_connection`、连接池和负载均衡的强制关闭），内核发的就是 RST。TCP 保活对此没有用：应用程\
            序看不到保活探测。",
        effect: "{receiver}：下一次调用得到 ECONNRESET，往往是很久以后。{sender}：没有任何感知。",
        variants: &[],
        told_apart_by: &[
            ("linger-zero", "{sender}另有原因，与空闲无关"),
            ("close-unread", "{sender}会留下未读数据：TCPAbortOnClose 会计数"),
            ("exit-unread", "{sender}上的进程在那一刻结束"),
            ("sock-destroy", "{sender}上的 `ss -K` 或 agent：其程序得到 ECONNABORTED"),
            ("keepalive-timeout", "在它之前会有得不到应答的保活探测"),
            ("idle-timeout-reset", "超时在路径上的设备里：RST 不是{sender}生成的，或者两端都收到 RST"),
        ],
        advice: &[
            "把空闲时长与{sender}上配置的各种超时对照：keep-alive、连接池、读超时、会话超时",
            "让{receiver}比{sender}更早放弃空闲连接，或者在中间发点数据（应用层心跳）",
            "TCP 保活没有用：{sender}套接字后面的程序看不到它",
            "对幂等的请求，换一条新连接重试一次",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Possible;

    const SILENT: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.030 C > S PA 1:101(100) ack 1
        +0.021 C < S PA 1:51(50) ack 101
        +0.040 C > S A 101:101(0) ack 51
        75.060 C < S RA 51:51(0) ack 101";

    #[test]
    fn a_silence_of_a_known_length_after_an_answer_is_a_timeout() {
        judged(SILENT).is("app-idle-timeout", Possible).beside(&["linger-zero", "idle-timeout-reset", "sock-destroy"]);
    }

    #[test]
    fn another_length_is_still_named() {
        judged(&SILENT.replace("75.060", "47.3")).is("app-idle-timeout", Possible).beside(&["linger-zero"]);
    }

    #[test]
    fn a_connection_in_use_is_not_idle() {
        judged(&SILENT.replace("75.060", "2.0")).without(&["app-idle-timeout", "idle-timeout-reset"]);
    }

    #[test]
    fn whose_answer_is_due_is_not_idle_but_late() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.020 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            0.030 C > S PA 1:101(100) ack 1
            +0.021 C < S A 1:1(0) ack 101
            75.060 C < S RA 1:1(0) ack 101";
        judged(text).is("close-unread", Possible).beside(&["app-idle-timeout"]);
    }

    #[test]
    fn the_kernel_says_how_and_leaves_the_reason_open() {
        let stack = ["tcp_disconnect", "__tcp_close"];
        judged_with(SILENT, RstReason::TcpState, &stack).is("app-idle-timeout", Possible).beside(&["linger-zero"]);
        judged_with(SILENT, RstReason::TcpAbortOnClose, &["__tcp_close"]).without(&["app-idle-timeout"]);
    }
}
