//! The accept queue was full when the handshake's last ACK came, and the system is told to abort then.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::handshake::RST_ANSWERS_THIRD_PACKET;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::HANDSHAKE_ACK_WRONG;
use crate::evidence::said::RST_SAYS_EXHAUSTED;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "accept-overflow-abort",
    title: "the accept queue of {server} was full and tcp_abort_on_overflow is set",
    explanation: "{server}'s program accepts more slowly than clients connect, so its queue of finished handshakes was \
        full when this handshake's last ACK came. Linux then ignores the ACK, unless net.ipv4.tcp_abort_on_overflow asks \
        for a RST. The queue must fill between SYN and ACK: with a queue already full the SYN itself is dropped silently.",
    effect: "{client}: connect() has succeeded as a rule, the first read or write gives ECONNRESET. {server}'s program \
        never sees the connection.",
    sources: &[
        kernel("net/ipv4/tcp_minisocks.c", "tcp_check_req (listen_overflow, embryonic_reset)"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_syn_recv_sock"),
        Source::Other("Documentation/networking/ip-sysctl.rst, tcp_abort_on_overflow"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::InvalidSyn)],
    rule: Rule {
        needs: &[&RST_ANSWERS_THIRD_PACKET],
        refuted_by: &[&HANDSHAKE_ACK_WRONG, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &RST_SAYS_EXHAUSTED],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "listener-close-half-open",
            "{server}'s listener was closed between SYN-ACK and ACK: a restart, a deployment",
        ),
        LookAlike::identical(
            "asymmetric-route",
            "a firewall on the path saw only one direction: the RST has another TTL, {server} repeats its SYN-ACK",
        ),
        LookAlike::identical(
            "fw-reject-established",
            "a rule's counter on {sender} rises, OutRsts does not: a firewall there rejects the ACK",
        ),
        LookAlike::identical(
            "syncookie-invalid",
            "{server} used SYN cookies and could not verify this one: SyncookiesFailed rises there",
        ),
        LookAlike::identical(
            "half-open-listener",
            "{server} would have lost the connection within the moment between its SYN-ACK and the ACK",
        ),
        LookAlike::identical(
            "half-open-no-listener",
            "{server} and its service would have gone within the moment between SYN-ACK and ACK",
        ),
        LookAlike::similar(
            "accept-overflow-ghost",
            "without the sysctl there is no RST at once, but silence and repeated SYN-ACKs",
        ),
        LookAlike::similar("mptcp-join-prohibited", "the SYN carries MP_JOIN; MPJoinRejected counts it on {server}"),
    ],
    advice: &[
        "on {server}: `nstat -az TcpExtListenOverflows TcpExtListenDrops` rise; `ss -ltn` shows Recv-Q above Send-Q",
        "accept faster: is the program's accept loop blocked, or short of threads or file descriptors?",
        "raise the program's listen() backlog together with net.core.somaxconn",
        "`sysctl net.ipv4.tcp_abort_on_overflow=0` unless a load balancer in front relies on fast failure",
    ],
    zh: Words {
        title: "{server}的全连接队列已满，且开启了 tcp_abort_on_overflow",
        explanation: "{server}上的程序 accept() 的速度跟不上客户端建连的速度，这次握手的最后一个 ACK 到达时，全连接\
            队列（accept 队列）已经满了。Linux 默认会忽略这个 ACK；只有设置了 net.ipv4.tcp_abort_on_overflow 才会回 \
            RST。队列必须恰好在 SYN 与 ACK 之间变满：如果 SYN 到达时队列就已经满了，SYN 本身会被静默丢弃。",
        effect: "{client}：connect() 通常已经返回成功，第一次读或写得到 ECONNRESET。{server}上的程序根本看不到这条连\
            接。",
        variants: &[],
        told_apart_by: &[
            ("listener-close-half-open", "{server}的监听套接字在 SYN-ACK 与 ACK 之间被关闭：重启、发布"),
            ("asymmetric-route", "路径上的防火墙只看到一个方向：RST 的 TTL 不同，且{server}会重发 SYN-ACK"),
            ("fw-reject-established", "{sender}上某条规则的计数器增长而 OutRsts 不增长：是那里的防火墙拒绝了 ACK"),
            ("syncookie-invalid", "{server}使用了 SYN cookie 但无法验证这一个：那里的 SyncookiesFailed 增长"),
            ("half-open-listener", "{server}要恰好在它的 SYN-ACK 与 ACK 之间的一瞬丢失连接"),
            ("half-open-no-listener", "{server}和它的服务要恰好在 SYN-ACK 与 ACK 之间的一瞬消失"),
            ("accept-overflow-ghost", "没有设置该 sysctl 时不会立即回 RST，而是沉默并重发 SYN-ACK"),
            ("mptcp-join-prohibited", "SYN 带有 MP_JOIN；{server}上的 MPJoinRejected 会计数"),
        ],
        advice: &[
            "在{server}上：`nstat -az TcpExtListenOverflows TcpExtListenDrops` 增长；`ss -ltn` 中 Recv-Q 大于 Send-Q",
            "加快 accept()：accept 循环是否被阻塞，线程或文件描述符是否不够？",
            "同时调大程序 listen() 的 backlog 和 net.core.somaxconn",
            "除非前面的负载均衡依赖快速失败，否则设 `sysctl net.ipv4.tcp_abort_on_overflow=0`",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const REFUSED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        +0.0001 C < S R 1:1(0)";

    #[test]
    fn a_reset_of_the_third_packet_may_be_an_overflow_or_a_listener_that_ended() {
        judged(REFUSED).is("accept-overflow-abort", Possible).beside(&["listener-close-half-open", "asymmetric-route"]);
    }

    #[test]
    fn the_kernel_names_it_by_a_misleading_word() {
        judged_with(REFUSED, RstReason::InvalidSyn, &["tcp_check_req"]).is("accept-overflow-abort", Certain);
        judged_with(REFUSED, RstReason::TcpFlags, &[]).without(&["accept-overflow-abort"]);
    }

    #[test]
    fn once_data_was_taken_the_queue_was_not_full() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            +0.001 C > S PA 1:101(100) ack 1
            +0.001 C < S A 1:1(0) ack 101
            +1 C > S A 101:101(0) ack 1
            +0.0001 C < S R 1:1(0)";
        judged(text).without(&["accept-overflow-abort"]);
    }
}
