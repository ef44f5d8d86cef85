//! Somebody with the right to do so destroyed the socket: `ss -K`, an agent, the system itself.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::data::{SENDER_HAD_REPLIED, SENDER_RECEIVED_NOTHING};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::HANDSHAKE_INCOMPLETE;
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "sock-destroy",
    title: "an administrator or agent on {sender} destroyed the socket (ss -K)",
    explanation: "The kernel lets a privileged program abort any connection of the host: `ss -K` after a new firewall \
        rule, network agents of containers that remove a backend, Android when it changes the network, a BPF program. \
        The program that owned the socket did nothing.",
    effect: "{sender}: ECONNABORTED at the next call. {receiver}: ECONNRESET. What {sender} had not yet delivered is lost.",
    sources: &[
        rfc(9293, "3.10.5"),
        kernel("net/ipv4/tcp.c", "tcp_abort"),
        kernel("net/ipv4/tcp_diag.c", "tcp_diag_destroy"),
        Source::Other("ss(8), option -K"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    // `ss -K` of a listener aborts what waits there: that is listener-close-pending.
    kernel_reasons: &[KernelSign::through_without(RstReason::TcpState, "tcp_abort", "inet_child_forget")],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        // What speaks against unread data speaks for every deliberate abort.
        supported_by: &[&SENDER_RECEIVED_NOTHING, &SENDER_HAD_REPLIED],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "close-unread",
            "data would have been unread when {sender} closed: TCPAbortOnClose counts it there",
        ),
        LookAlike::identical("exit-unread", "the process on {sender} ended at that moment, with data unread"),
        LookAlike::identical(
            "linger-zero",
            "TCPAbortOnData counts it on {sender}; its program closed the socket itself",
        ),
        LookAlike::identical(
            "connect-unspec",
            "`strace -e trace=connect` on {sender} shows connect() with AF_UNSPEC: the program did it itself",
        ),
        LookAlike::identical(
            "listener-close-pending",
            "{server}'s listener ended at that moment, before accept(): the program never had the connection",
        ),
        LookAlike::identical("keepalive-timeout", "keepalive probes without an answer would come before it"),
        LookAlike::similar(
            "idle-timeout-reset",
            "a load balancer or proxy resets after a round number of seconds of silence, on both sides",
        ),
        LookAlike::similar("proxy-relays-reset", "{sender} is a proxy whose other side was reset at that moment"),
        LookAlike::similar("server-busy-close", "{server} would do it right after it accepted, before any answer"),
        LookAlike::identical("client-abort", "the client left in the middle of an answer: TCPAbortOnClose counts it"),
        LookAlike::identical(
            "app-idle-timeout",
            "{sender} ends connections that are silent for its own timeout: the silence is a configured number",
        ),
        LookAlike::identical(
            "stalled-transfer",
            "data in the middle was lost again and again until {sender} gave up waiting",
        ),
        LookAlike::identical(
            "retransmit-giveup",
            "{sender}'s stack gave up repeating its data: Linux does that silently, other stacks with RST",
        ),
    ],
    advice: &[
        "in the log of {sender}'s program: ECONNABORTED (\"software caused connection abort\") is the sign of it",
        "who ran `ss -K`, or which agent did at that time? audit rules on CAP_NET_ADMIN, logs of the container network",
        "on {sender}: OutRsts and EstabResets rise in `nstat -az`, and no TCPAbort counter does",
        "let agents drain a backend before they destroy its connections",
    ],
    zh: Words {
        title: "{sender}上的管理员或 agent 销毁了套接字（ss -K）",
        explanation: "内核允许特权程序中止本机的任何连接：新加防火墙规则后的 `ss -K`、摘除后端的容器网络 agent、切换\
            网络时的 Android、BPF 程序。拥有这个套接字的程序什么都没做。",
        effect: "{sender}：下一次调用得到 ECONNABORTED。{receiver}：ECONNRESET。{sender}尚未送达的数据丢失。",
        variants: &[],
        told_apart_by: &[
            ("close-unread", "{sender}关闭时应有未读数据：那里的 TCPAbortOnClose 会计数"),
            ("exit-unread", "{sender}上的进程在那一刻结束，且有未读数据"),
            ("linger-zero", "{sender}上的 TCPAbortOnData 会计数；是其程序自己关闭了套接字"),
            (
                "connect-unspec",
                "在{sender}上 `strace -e trace=connect` 能看到以 AF_UNSPEC 调用 connect()：是程序自己\
                做的",
            ),
            ("listener-close-pending", "{server}的监听套接字在那一刻、accept() 之前结束：程序从未拿到这条连接"),
            ("keepalive-timeout", "在它之前会有得不到应答的保活探测"),
            ("idle-timeout-reset", "负载均衡或代理在空闲整数秒之后重置，且两侧都重置"),
            ("proxy-relays-reset", "{sender}是代理，它的另一侧在那一刻被重置"),
            ("server-busy-close", "{server}会在接受后立即这样做，还没有任何应答"),
            ("client-abort", "客户端在应答中途离开：TCPAbortOnClose 会计数"),
            ("app-idle-timeout", "{sender}按自己的超时断开空闲连接：空闲时长等于某个配置值"),
            ("stalled-transfer", "中间的数据一再丢失，直到{sender}不再等待"),
            ("retransmit-giveup", "{sender}的协议栈放弃了重传：Linux 会静默放弃，其他协议栈会发 RST"),
        ],
        advice: &[
            "看{sender}上程序的日志：ECONNABORTED（\"software caused connection abort\"）就是它的标志",
            "当时谁执行了 `ss -K`，或者哪个 agent 做的？查 CAP_NET_ADMIN 的审计规则和容器网络的日志",
            "在{sender}上：`nstat -az` 中 OutRsts 和 EstabResets 增长，而 TCPAbort 类计数器都不增长",
            "让 agent 先排空后端，再销毁它的连接",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const DESTROYED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S PA 1:51(50) ack 101
        +0.040 C > S A 101:101(0) ack 51
        1.000 C < S RA 51:51(0) ack 101";

    #[test]
    fn packets_alone_name_it_beside_the_program_s_own_aborts() {
        judged(DESTROYED).is("linger-zero", Possible).beside(&["sock-destroy", "connect-unspec", "close-unread"]);
    }

    #[test]
    fn only_the_stack_through_tcp_abort_makes_it_certain() {
        judged_with(DESTROYED, RstReason::TcpState, &["tcp_abort", "tcp_diag_destroy"])
            .is("sock-destroy", Certain)
            .without(&["linger-zero", "connect-unspec"]);
        judged_with(DESTROYED, RstReason::TcpState, &[]).is("linger-zero", Possible).beside(&["sock-destroy"]);
        let listener = ["tcp_disconnect", "inet_child_forget", "inet_csk_listen_stop", "tcp_abort"];
        judged_with(DESTROYED, RstReason::TcpState, &listener).without(&["sock-destroy"]);
    }

    #[test]
    fn an_answer_to_a_segment_is_no_decision_about_a_socket() {
        let text = DESTROYED
            .replace("1.000 C < S RA 51:51(0) ack 101", "1.000 C > S PA 101:201(100) ack 51\n+0.0001 C < S R 51:51(0)");
        judged(&text).without(&["sock-destroy"]);
    }

    #[test]
    fn before_the_handshake_is_complete_it_makes_no_such_reset() {
        let text = "
            0.000 C > S S 0:0(0)
            0.500 C > S RA 1:1(0) ack 0";
        judged(text).without(&["sock-destroy"]);
    }
}
