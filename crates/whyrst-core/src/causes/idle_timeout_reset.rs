//! A device on the path ends connections that are silent for too long, or has forgotten them.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{RECEIVER_HAD_CLOSED, SENDER_HAD_CLOSED};
use crate::evidence::handshake::{HANDSHAKE_INCOMPLETE, RST_ANSWERS_THIRD_PACKET, SYN_MET_CONNECTION};
use crate::evidence::idle::{BOTH_ENDS_RESET, DEVICE_TIMEOUT_FITS, RST_ENDS_SILENCE};
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_TTL_DIFFERS;
use crate::evidence::timing::WAS_IDLE;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "idle-timeout-reset",
    title: "a load balancer, NAT or firewall on the path ends connections that are silent for too long",
    explanation: "Devices between the ends keep an entry for each connection and drop it after a silence. Some send RST to \
        both ends at that moment (Azure with TCP reset, F5), others answer the next packet with RST (AWS Network Load \
        Balancer, NAT gateways), others say nothing at all. Neither end has done anything.",
    effect: "Both ends: ECONNRESET at once, or whoever speaks next; the other end keeps a dead connection until it speaks.",
    sources: &[
        rfc(5382, "REQ-5"),
        Source::Other("AWS, Network Load Balancers: a RST answers data on a flow whose idle timeout (350 s) is over"),
        Source::Other("Microsoft, Load Balancer TCP reset and idle timeout (4 minutes)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[
        KernelSign::SILENCE,
        KernelSign::through_without(RstReason::TcpState, "__tcp_close", "inet_child_forget"),
    ],
    rule: Rule {
        needs: &[&WAS_IDLE, &RST_ENDS_SILENCE],
        refuted_by: &[
            &HANDSHAKE_INCOMPLETE,
            &SENDER_HAD_CLOSED,
            &RECEIVER_HAD_CLOSED,
            &RST_ANSWERS_THIRD_PACKET,
            &SYN_MET_CONNECTION,
            &RST_IS_FASTCLOSE,
        ],
        supported_by: &[&DEVICE_TIMEOUT_FITS, &RST_TTL_DIFFERS, &BOTH_ENDS_RESET],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "app-idle-timeout",
            "an end of the connection has the timeout: TTL and identification of the RST are its own, and its configuration names the time",
        ),
        LookAlike::how("linger-zero", "{sender} had another reason than the silence"),
        LookAlike::similar("close-unread", "{sender} would have left data unread: TCPAbortOnClose counts it"),
        LookAlike::similar("exit-unread", "the process on {sender} ended at that moment"),
        LookAlike::similar("sock-destroy", "`ss -K` or an agent on {sender}: its program gets ECONNABORTED"),
        LookAlike::similar("keepalive-timeout", "unanswered keepalive probes would come before it"),
        LookAlike::identical("injected-rst", "the silence before it would be chance"),
        LookAlike::identical(
            "half-open-no-listener",
            "{sender}'s own kernel had lost the connection: tcp_send_reset says NO_SOCKET there",
        ),
        LookAlike::identical(
            "half-open-listener",
            "{sender}'s own kernel had lost the connection: tcp_send_reset says TCP_FLAGS there",
        ),
        LookAlike::identical(
            "nat-mapping-lost",
            "a NAT had lost its entry: ports or addresses differ on its two sides",
        ),
        LookAlike::identical(
            "fw-state-lost",
            "a firewall was reloaded or its table overran: other connections were lost at the same moment, idle or not",
        ),
    ],
    advice: &[
        "compare the silence with the idle timeouts of the balancers, NATs and firewalls on the path",
        "capture at the other end: a RST that arrives but was never sent there was made in between",
        "let both ends send something more often: TCP keepalive below the smallest timeout (tcp_keepalive_time, SO_KEEPALIVE)",
        "or raise the timeout on the device; Azure and some firewalls can be told to send RST instead of forgetting silently",
    ],
    zh: Words {
        title: "路径上的负载均衡、NAT 或防火墙断开了空闲太久的连接",
        explanation: "两端之间的设备为每条连接保留一个表项，空闲一段时间后就删除。有的在那一刻向两端发 RST（开启了 \
            TCP reset 的 Azure、F5），有的等下一个报文来了再回 RST（AWS Network Load Balancer、NAT 网关），还有的什\
            么都不说。两端自己都没有做任何事。",
        effect: "两端：或者立即 ECONNRESET，或者谁先发送谁得到；另一端留着一条死连接，直到它自己发送。",
        variants: &[],
        told_apart_by: &[
            ("app-idle-timeout", "超时在连接的某一端：RST 的 TTL 和 IP ID 就是那一端的，其配置里能找到这个时间"),
            ("linger-zero", "{sender}另有原因，与空闲无关"),
            ("close-unread", "{sender}会留下未读数据：TCPAbortOnClose 会计数"),
            ("exit-unread", "{sender}上的进程在那一刻结束"),
            ("sock-destroy", "{sender}上的 `ss -K` 或 agent：其程序得到 ECONNABORTED"),
            ("keepalive-timeout", "在它之前会有得不到应答的保活探测"),
            ("injected-rst", "之前的空闲只是巧合"),
            ("half-open-no-listener", "是{sender}自己的内核丢失了连接：那里 tcp_send_reset 给出 NO_SOCKET"),
            ("half-open-listener", "是{sender}自己的内核丢失了连接：那里 tcp_send_reset 给出 TCP_FLAGS"),
            ("nat-mapping-lost", "NAT 丢失了表项：它两侧的端口或地址不同"),
            ("fw-state-lost", "防火墙重载过或会话表溢出：同一时刻其他连接也断了，不论是否空闲"),
        ],
        advice: &[
            "把空闲时长与路径上负载均衡、NAT 和防火墙的空闲超时对照",
            "在另一端抓包：如果 RST 到达了，却不是那里发出的，就是中间设备生成的",
            "让两端更频繁地发点东西：TCP 保活间隔小于路径上最短的超时（tcp_keepalive_time、SO_KEEPALIVE）",
            "或者调大设备上的超时；Azure 和某些防火墙可以配置成发 RST 而不是静默删除",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_unsent, judged_with};
    use crate::verdict::Confidence::{Likely, Possible};

    const USED: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.030 C > S PA 1:101(100) ack 1
        +0.021 C < S PA 1:51(50) ack 101
        +0.040 C > S A 101:101(0) ack 51\n";

    fn later(rest: &str) -> std::string::String {
        [USED, rest].concat()
    }

    const FORGOTTEN: &str = "350.300 C > S PA 101:201(100) ack 51\n+0.002 C < S R 51:51(0) ttl 250";

    #[test]
    fn a_reset_from_elsewhere_in_answer_to_the_first_packet_after_a_known_time_is_a_device_s() {
        judged(&later(FORGOTTEN)).is("idle-timeout-reset", Possible).beside(&["half-open-no-listener"]);
        judged_unsent(&later(FORGOTTEN)).is("idle-timeout-reset", Possible).without(&["half-open-no-listener"]);
    }

    #[test]
    fn a_known_time_speaks_for_it_even_with_the_host_s_ttl() {
        judged(&later(&FORGOTTEN.replace(" ttl 250", ""))).beside(&["idle-timeout-reset"]);
    }

    #[test]
    fn both_ends_reset_at_once_after_four_minutes() {
        let text = later("240.090 C < S RA 51:51(0) ack 101 ttl 126\n+0.0001 C > S RA 101:101(0) ack 51 ttl 126");
        let judgement = judged(&text);
        assert!(judgement.confidence <= Likely);
        judgement.is("idle-timeout-reset", judgement.confidence).beside(&["injected-rst"]);
    }

    #[test]
    fn soon_after_the_last_segment_nothing_was_idle() {
        judged(&later("2.0 C > S PA 101:201(100) ack 51\n+0.002 C < S R 51:51(0) ttl 250"))
            .without(&["idle-timeout-reset"]);
    }

    #[test]
    fn a_host_that_says_that_it_has_no_socket_is_no_device() {
        judged_with(&later(FORGOTTEN), RstReason::NoSocket, &[]).without(&["idle-timeout-reset"]);
    }
}
