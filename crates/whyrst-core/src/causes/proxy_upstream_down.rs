//! A TCP proxy accepted the client first and could not reach its upstream then.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::application::SERVER_LEFT_AT_ONCE;
use crate::evidence::data::{SENDER_RECEIVED_DATA, SENDER_SENT_NOTHING};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::{HANDSHAKE_INCOMPLETE, SENDER_IS_SERVER};
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::said::RST_SAYS_NO_BACKEND;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "proxy-upstream-down",
    title: "{server} is a proxy that could not reach its upstream",
    explanation: "User-space forwarders (published container ports, stunnel, ssh -L, sidecars of service meshes) accept \
        {client} first and connect to the real service afterwards. When that is refused they close, with {client}'s \
        request unread. {client} sees a reset of a connection that was opened, not a refusal.",
    effect: "{client}: connect() succeeded, then ECONNRESET. The proxy: ECONNREFUSED or a timeout towards its upstream.",
    sources: &[rfc(1122, "4.2.2.13"), kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::not_through(RstReason::TcpAbortOnClose, "do_exit")],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE, &SENDER_IS_SERVER, &SENDER_SENT_NOTHING, &SENDER_RECEIVED_DATA],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        supported_by: &[&SERVER_LEFT_AT_ONCE, &RST_SAYS_NO_BACKEND],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::how("close-unread", "{server} would be the service itself and leave a part of the request unread"),
        LookAlike::identical(
            "listener-close-pending",
            "the listener ended too: new connects are refused, and the kernel's reason is TCP_STATE",
        ),
        LookAlike::similar("exit-unread", "the process on {server} ended at that moment; new connects may be refused"),
        LookAlike::identical(
            "server-busy-close",
            "{server} refuses by itself: a connection limit or an allow-list, in its log",
        ),
    ],
    advice: &[
        "find out what listens: `ss -ltnp '( sport = :PORT )'` on {server} names docker-proxy, stunnel, ssh, envoy or the service",
        "behind a proxy: connect from there to the address that it uses; is that refused?",
        "a service in a container must listen on the container's address, not on 127.0.0.1",
        "capture on the proxy's other side at the same moment: a SYN answered by RST is the refusal",
    ],
    zh: Words {
        title: "{server}是代理，它连不上自己的上游",
        explanation: "用户态转发程序（容器的端口映射、stunnel、ssh -L、服务网格的 sidecar）先 accept() {client}，再\
            去连真正的服务。上游拒绝时它就关闭连接，{client}的请求还没读。{client}看到的是已打开的连接被重置，而不是\
            连接被拒绝。",
        effect: "{client}：connect() 已成功，随后 ECONNRESET。代理：连上游时得到 ECONNREFUSED 或超时。",
        variants: &[],
        told_apart_by: &[
            ("close-unread", "{server}就是服务本身，留下请求的一部分未读"),
            ("listener-close-pending", "监听套接字也结束了：新建连接被拒绝，内核原因是 TCP_STATE"),
            ("exit-unread", "{server}上的进程在那一刻结束；新建连接可能被拒绝"),
            ("server-busy-close", "是{server}自己拒绝的：日志里会有连接数限制或白名单"),
        ],
        advice: &[
            "看是谁在监听：在{server}上 `ss -ltnp '( sport = :PORT )'` 会显示 docker-proxy、stunnel、ssh、envoy 还是\
                服务本身",
            "如果是代理：在那里连一下它所用的上游地址，是不是被拒绝？",
            "容器里的服务必须监听容器的地址，而不是 127.0.0.1",
            "同一时刻在代理的另一侧抓包：SYN 得到 RST，那就是上游的拒绝",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Possible;

    const FORWARDED: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        +0.0001 C > S PA 1:101(100) ack 1
        +0.0207 C < S RA 1:1(0) ack 101";

    #[test]
    fn packets_do_not_tell_a_proxy_from_a_service_but_it_is_named() {
        judged(FORWARDED).is("server-busy-close", Possible).beside(&["proxy-upstream-down"]);
    }

    #[test]
    fn the_kernel_keeps_it_in_the_set() {
        judged_with(FORWARDED, RstReason::TcpAbortOnClose, &["__tcp_close"])
            .beside(&["proxy-upstream-down", "close-unread"]);
        judged_with(FORWARDED, RstReason::TcpAbortOnClose, &["__tcp_close", "do_exit"])
            .without(&["proxy-upstream-down"]);
    }

    #[test]
    fn what_has_answered_has_reached_its_upstream() {
        let text = FORWARDED
            .replace("+0.0207 C < S RA 1:1(0)", "+0.0206 C < S PA 1:51(50) ack 101\n+0.0001 C < S RA 51:51(0)");
        judged(&text).without(&["proxy-upstream-down"]);
    }

    #[test]
    fn a_client_is_no_proxy_here() {
        let text = FORWARDED.replace("+0.0207 C < S RA 1:1(0) ack 101", "+0.0207 C > S RA 101:101(0) ack 1");
        judged(&text).without(&["proxy-upstream-down"]);
    }
}
