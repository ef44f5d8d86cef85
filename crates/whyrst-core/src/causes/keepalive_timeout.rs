//! Keepalive probes went unanswered: the kernel gives the connection up.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::data::SENDER_HAD_REPLIED;
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::HANDSHAKE_INCOMPLETE;
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::said::RST_SAYS_TIMED_OUT;
use crate::evidence::timing::{PROBES_IN_STEP, PROBES_UNANSWERED, RST_AFTER_PROBE_INTERVAL};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "keepalive-timeout",
    title: "nobody answered {sender}'s keepalive probes",
    explanation: "With SO_KEEPALIVE a kernel asks a silent peer now and then whether it is still there. When the last of \
        tcp_keepalive_probes probes is not answered either (or TCP_USER_TIMEOUT is over), it sends one RST and forgets the \
        connection. The RST only arrives if the path is broken in the other direction alone, or just works again.",
    effect: "{sender}: ETIMEDOUT at the next call. {receiver}: ECONNRESET if the RST arrives; otherwise it keeps a dead \
        connection until its next packet is answered by a bare RST.",
    sources: &[rfc(9293, "3.8.4"), rfc(1122, "4.2.3.6"), kernel("net/ipv4/tcp_timer.c", "tcp_keepalive_timer")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpKeepaliveTimeout)],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE, &PROBES_UNANSWERED],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        // One need again: that nobody answered the probes is what no other cause explains.
        supported_by: &[
            &PROBES_UNANSWERED,
            &RST_AFTER_PROBE_INTERVAL,
            &PROBES_IN_STEP,
            &SENDER_HAD_REPLIED,
            &RST_SAYS_TIMED_OUT,
        ],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "linger-zero",
            "{sender}'s program gave up by itself, between two probes: TCPAbortOnData counts it, TCPAbortOnTimeout does not",
        ),
        LookAlike::identical("close-unread", "{sender}'s program closed with data unread: TCPAbortOnClose counts it"),
        LookAlike::identical("exit-unread", "the process on {sender} ended at that moment, with data unread"),
        LookAlike::identical(
            "sock-destroy",
            "`ss -K` or an agent on {sender}: its program gets ECONNABORTED, not ETIMEDOUT",
        ),
        LookAlike::identical(
            "connect-unspec",
            "`strace -e trace=connect` on {sender} shows connect() with AF_UNSPEC; no TCPAbort counter moves",
        ),
        LookAlike::similar(
            "idle-timeout-reset",
            "a load balancer or proxy resets after a round number of seconds of silence, on both sides",
        ),
        LookAlike::similar("sender-gave-up", "unanswered data instead of probes is given up without any RST"),
        LookAlike::similar(
            "app-idle-timeout",
            "{sender} ends connections that are silent for its own timeout, probes or not",
        ),
        LookAlike::similar("retransmit-giveup", "data would have been repeated, at growing intervals"),
    ],
    advice: &[
        "on {sender}: `nstat -az TcpExtTCPAbortOnTimeout TcpExtTCPKeepAlive` rise, and its program gets ETIMEDOUT",
        "capture on {receiver}: do the probes arrive, and do its answers leave? the path loses one of the two",
        "a firewall or NAT that forgets idle connections swallows probes too: tcp_keepalive_time must be below its timeout",
        "was {receiver} down, asleep or moved to another network at the time of the first probe?",
    ],
    zh: Words {
        title: "{sender}的保活探测一直没有应答",
        explanation: "开启 SO_KEEPALIVE 后，内核会不时询问沉默的对端是否还在。当 tcp_keepalive_probes 个探测的最后一\
            个也没有应答（或超过了 TCP_USER_TIMEOUT），它发一个 RST 并忘掉连接。只有当路径仅在反方向中断，或者刚刚恢\
            复时，这个 RST 才到得了对端。",
        effect: "{sender}：下一次调用得到 ETIMEDOUT。{receiver}：如果 RST 到达，得到 ECONNRESET；否则留着一条死连接，\
            直到它的下一个报文得到裸 RST。",
        variants: &[],
        told_apart_by: &[
            (
                "linger-zero",
                "是{sender}上的程序自己在两次探测之间放弃了：TCPAbortOnData 会计数，TCPAbortOnTimeout 不会",
            ),
            ("close-unread", "是{sender}上的程序带着未读数据关闭：TCPAbortOnClose 会计数"),
            ("exit-unread", "{sender}上的进程在那一刻结束，且有未读数据"),
            ("sock-destroy", "{sender}上的 `ss -K` 或 agent：其程序得到 ECONNABORTED，而不是 ETIMEDOUT"),
            (
                "connect-unspec",
                "在{sender}上 `strace -e trace=connect` 能看到以 AF_UNSPEC 调用 connect()；TCPAbort \
                类计数器都不动",
            ),
            ("idle-timeout-reset", "负载均衡或代理在空闲整数秒之后重置，且两侧都重置"),
            ("sender-gave-up", "没有应答的是数据而不是探测时，放弃不会发 RST"),
            ("app-idle-timeout", "{sender}按自己的超时断开空闲连接，与探测无关"),
            ("retransmit-giveup", "会以越来越长的间隔重传数据"),
        ],
        advice: &[
            "在{sender}上：`nstat -az TcpExtTCPAbortOnTimeout TcpExtTCPKeepAlive` 增长，程序得到 ETIMEDOUT",
            "在{receiver}上抓包：探测到达了吗，应答发出去了吗？路径丢掉了其中之一",
            "删掉空闲表项的防火墙或 NAT 也会吞掉探测：tcp_keepalive_time 必须小于它的超时",
            "第一个探测发出时，{receiver}是不是宕机、休眠或换了网络？",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const PROBED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        10.0 C > S A 0:0(0) ack 1
        20.0 C > S A 0:0(0) ack 1
        30.0 C > S A 0:0(0) ack 1
        40.0 C > S RA 1:1(0) ack 1";

    #[test]
    fn probes_at_equal_intervals_and_a_reset_one_interval_later_point_at_the_timer() {
        judged(PROBED).is("keepalive-timeout", Possible).beside(&["linger-zero", "sock-destroy", "idle-timeout-reset"]);
    }

    #[test]
    fn the_kernel_makes_it_certain() {
        judged_with(PROBED, RstReason::TcpKeepaliveTimeout, &["tcp_keepalive_timer"]).is("keepalive-timeout", Certain);
        judged_with(PROBED, RstReason::TcpState, &["tcp_disconnect", "__tcp_close"])
            .is("linger-zero", Certain)
            .without(&["keepalive-timeout"]);
    }

    #[test]
    fn a_reset_out_of_step_with_the_probes_is_rather_the_program_s() {
        judged(&PROBED.replace("40.0", "31.0")).is("linger-zero", Possible).beside(&["keepalive-timeout"]);
    }

    #[test]
    fn answered_probes_are_no_timeout() {
        let text = PROBED.replace("40.0 C > S RA", "+0.001 C < S A 1:1(0) ack 1\n+0.5 C > S RA");
        judged(&text).without(&["keepalive-timeout"]);
    }

    #[test]
    fn probes_may_be_lost_before_the_capture_point() {
        let unseen = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            3.0 C > S RA 1:1(0) ack 1";
        judged(unseen).is("linger-zero", Possible).beside(&["keepalive-timeout"]);
        judged_with(unseen, RstReason::TcpKeepaliveTimeout, &[]).is("keepalive-timeout", Possible);
    }
}
