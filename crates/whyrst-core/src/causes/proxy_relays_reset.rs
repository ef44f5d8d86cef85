//! A proxy passed on a reset of its other side.

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
    id: "proxy-relays-reset",
    title: "{sender} is a proxy whose other side was reset, and it passed the reset on",
    explanation: "A proxy holds two connections. When one of them is reset, many proxies end the other one by RST too \
        (SO_LINGER 0, then close()), so that the far end learns that something went wrong; others hide it behind a FIN. \
        The reset that is seen here has its reason on the other side.",
    effect: "{receiver}: ECONNRESET. The proxy: ECONNRESET on its other connection, at the same moment.",
    sources: &[
        rfc(9293, "3.10.5"),
        kernel("net/ipv4/tcp.c", "tcp_disconnect"),
        Source::Other("HAProxy configuration manual, `option nolinger`; Envoy, delayed close and detected reset"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::through_without(RstReason::TcpState, "__tcp_close", "inet_child_forget")],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        // In the packets it is a deliberate abort like any other.
        supported_by: &[&SENDER_RECEIVED_NOTHING, &SENDER_HAD_REPLIED],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::how("linger-zero", "{sender} would be the service itself, with a reason of its own"),
        LookAlike::similar("close-unread", "TCPAbortOnClose counts it on {sender}"),
        LookAlike::similar("exit-unread", "the process on {sender} ended at that moment"),
        LookAlike::similar("sock-destroy", "`ss -K` or an agent on {sender}: its program gets ECONNABORTED"),
        LookAlike::similar("connect-unspec", "`strace -e trace=connect` on {sender} shows connect() with AF_UNSPEC"),
    ],
    advice: &[
        "is {sender} a proxy or a balancer? `ss -tnp` there shows two connections of the same process",
        "look at its other connection at the same moment: a RST there a little earlier is the real event",
        "the proxy's log names the side: haproxy's termination state (SD, CD), nginx \"upstream prematurely closed\", Envoy's UR, UC, DC",
    ],
    zh: Words {
        title: "{sender}是代理，它的另一侧连接被重置，它把 RST 传了过来",
        explanation: "代理手里有两条连接。其中一条被重置时，许多代理也用 RST 结束另一条（SO_LINGER 0，然后 close()），\
            好让远端知道出了问题；也有的用 FIN 掩盖过去。这里看到的 RST，原因在另一侧。",
        effect: "{receiver}：ECONNRESET。代理：在同一时刻，另一条连接上得到 ECONNRESET。",
        variants: &[],
        told_apart_by: &[
            ("linger-zero", "{sender}就是服务本身，有它自己的原因"),
            ("close-unread", "{sender}上的 TCPAbortOnClose 会计数"),
            ("exit-unread", "{sender}上的进程在那一刻结束"),
            ("sock-destroy", "{sender}上的 `ss -K` 或 agent：其程序得到 ECONNABORTED"),
            ("connect-unspec", "在{sender}上 `strace -e trace=connect` 能看到以 AF_UNSPEC 调用 connect()"),
        ],
        advice: &[
            "{sender}是代理或负载均衡吗？在那里 `ss -tnp` 能看到同一个进程的两条连接",
            "看同一时刻它的另一条连接：稍早一点的那个 RST 才是真正的事件",
            "代理的日志会指明是哪一侧：haproxy 的终止状态（SD、CD）、nginx 的 \"upstream prematurely closed\"、Envoy \
                的 UR、UC、DC",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const RELAYED: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.030 C > S PA 1:101(100) ack 1
        +0.021 C < S PA 1:51(50) ack 101
        1.000 C < S RA 51:51(0) ack 101";

    #[test]
    fn any_abort_may_be_a_proxy_s() {
        judged(RELAYED).is("linger-zero", Possible).beside(&["proxy-relays-reset"]);
    }

    #[test]
    fn the_kernel_says_how_and_not_for_whom() {
        let stack = ["tcp_disconnect", "__tcp_close"];
        judged_with(RELAYED, RstReason::TcpState, &stack).is("linger-zero", Certain).beside(&["proxy-relays-reset"]);
        judged_with(RELAYED, RstReason::TcpState, &["tcp_abort"]).without(&["proxy-relays-reset"]);
        judged_with(RELAYED, RstReason::TcpAbortOnClose, &["__tcp_close"]).without(&["proxy-relays-reset"]);
    }

    #[test]
    fn an_answer_to_a_segment_is_no_abort() {
        judged(&RELAYED.replace(
            "RA 51:51(0) ack 101",
            "FA 51:51(0) ack 101\n+0.1 C > S PA 101:201(100) ack 52\n+0.02 C < S R 52:52(0)",
        ))
        .without(&["proxy-relays-reset"]);
    }
}
