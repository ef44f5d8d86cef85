//! The listener was closed while the handshake was under way.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::handshake::RST_ANSWERS_THIRD_PACKET;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::HANDSHAKE_ACK_WRONG;
use crate::evidence::service::PORT_REFUSED_AFTER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "listener-close-half-open",
    title: "{server}'s listener was closed between its SYN-ACK and {client}'s ACK",
    explanation: "The SYN-ACK had been sent when the listening socket was closed: a restart, a deployment, a crash. \
        Half-open requests are not reset then; the handshake's last ACK finds no socket, and that is what is answered.",
    effect: "{client}: connect() had succeeded, then ECONNRESET at the first read or write. {server}'s program never \
        knew of it.",
    sources: &[
        rfc(9293, "3.5.2, group 1"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_rcv (TCP_NEW_SYN_RECV, sk_state != TCP_LISTEN)"),
        kernel("net/ipv4/inet_connection_sock.c", "inet_csk_listen_stop"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket), KernelSign::reason(RstReason::TcpFlags)],
    rule: Rule {
        needs: &[&RST_ANSWERS_THIRD_PACKET],
        refuted_by: &[&HANDSHAKE_ACK_WRONG, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &PORT_REFUSED_AFTER],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "accept-overflow-abort",
            "ListenOverflows rises on {server}, whose listener is still there; its kernel's reason is INVALID_SYN",
        ),
        LookAlike::identical(
            "asymmetric-route",
            "a firewall on the path saw only one direction: the RST has another TTL",
        ),
        LookAlike::identical(
            "fw-reject-established",
            "a rule's counter on {sender} rises, OutRsts does not: a firewall there rejects the ACK",
        ),
        LookAlike::identical(
            "syncookie-invalid",
            "{server} used SYN cookies and could not verify this one: SyncookiesSent rises there",
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
            "listener-close-pending",
            "the connection would have been in the accept queue: RST+ACK with {server}'s own timestamps and window",
        ),
    ],
    advice: &[
        "did {server}'s service restart, reload or scale down at that time? its log, `journalctl -u SERVICE`",
        "before closing a listener, take it out of the balancer and wait longer than a round trip",
        "hand the listening descriptor to the new process (socket activation, SCM_RIGHTS) instead of closing it",
        "with SO_REUSEPORT: `sysctl net.ipv4.tcp_migrate_req=1` moves half-open requests to another worker",
    ],
    zh: Words {
        title: "在{server}的 SYN-ACK 与{client}的 ACK 之间，监听套接字被关闭了",
        explanation: "SYN-ACK 已经发出，随后监听套接字被关闭：重启、发布或崩溃。此时半连接不会被重置；三次握手的最后\
            一个 ACK 找不到套接字，得到 RST 的正是它。",
        effect: "{client}：connect() 已经成功，第一次读或写得到 ECONNRESET。{server}上的程序根本看不到这条连接。",
        variants: &[],
        told_apart_by: &[
            ("accept-overflow-abort", "{server}上的 ListenOverflows 增长，监听套接字还在；其内核原因是 INVALID_SYN"),
            ("asymmetric-route", "路径上的防火墙只看到一个方向：RST 的 TTL 不同"),
            ("fw-reject-established", "{sender}上某条规则的计数器增长而 OutRsts 不增长：是那里的防火墙拒绝了 ACK"),
            ("syncookie-invalid", "{server}使用了 SYN cookie 但无法验证这一个：那里的 SyncookiesSent 增长"),
            ("half-open-listener", "{server}要恰好在它的 SYN-ACK 与 ACK 之间的一瞬丢失连接"),
            ("half-open-no-listener", "{server}和它的服务要恰好在 SYN-ACK 与 ACK 之间的一瞬消失"),
            ("listener-close-pending", "连接应已在全连接队列里：RST+ACK 带有{server}自己的时间戳和窗口"),
        ],
        advice: &[
            "{server}的服务当时是否重启、重载或缩容？看它的日志和 `journalctl -u SERVICE`",
            "关闭监听之前，先从负载均衡摘除，并至少再等一个 RTT",
            "把监听描述符交给新进程（socket activation、SCM_RIGHTS），而不是关闭它",
            "使用 SO_REUSEPORT 时：`sysctl net.ipv4.tcp_migrate_req=1` 会把半连接迁移给另一个 worker",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{conversation, judged, judged_with};
    use crate::verdict::Confidence::Possible;
    use crate::verdict::judge;

    const REFUSED: &str = "
        0.000 C:1 > S S 0:0(0)
        +0.001 C:1 < S SA 0:0(0) ack 1
        +0.0001 C:1 > S A 1:1(0) ack 1
        +0.0001 C:1 < S R 1:1(0)";

    #[test]
    fn a_port_that_refuses_afterwards_speaks_for_it() {
        let text = std::format!("{REFUSED}\n1 C:2 > S S 0:0(0)\n+0.001 C:2 < S RA 0:0(0) ack 1");
        let ending = conversation(&text).endings().remove(0);
        judge(&ending).is("listener-close-half-open", Possible).beside(&["accept-overflow-abort"]);
    }

    #[test]
    fn the_kernel_excludes_an_overflow_but_not_a_reboot() {
        judged_with(REFUSED, RstReason::NoSocket, &[])
            .is("listener-close-half-open", Possible)
            .beside(&["half-open-no-listener"])
            .without(&["accept-overflow-abort"]);
    }

    #[test]
    fn a_last_ack_of_a_wrong_number_is_refused_for_that() {
        let text = REFUSED.replace("A 1:1(0) ack 1\n", "A 1:1(0) ack 5000000\n").replace("R 1:1", "R 5000000:5000000");
        judged(&text).without(&["listener-close-half-open"]);
    }

    #[test]
    fn once_the_server_had_taken_it_the_listener_does_not_matter() {
        let text = REFUSED.replace(
            "+0.0001 C:1 < S R",
            "+0.001 C:1 < S PA 1:51(50) ack 1\n+0.001 C:1 > S A 1:1(0) ack 51\n+0.0001 C:1 < S R",
        );
        judged(&text.replace("R 1:1", "R 51:51")).without(&["listener-close-half-open"]);
    }
}
