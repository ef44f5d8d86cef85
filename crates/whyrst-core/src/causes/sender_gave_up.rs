//! One end had given the connection up without a word, and the other speaks to it later.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::data::SENDER_SENT_DATA;
use crate::evidence::form::{RST_ANSWERS_SYN_ACK, RST_IS_BARE, RST_IS_PASSIVE};
use crate::evidence::handshake::HANDSHAKE_COMPLETED;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::timing::SENDER_WENT_UNANSWERED;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "sender-gave-up",
    title: "{sender} had given the connection up without a word, after repeating itself in vain",
    explanation: "When nobody acknowledges its data, or {receiver}'s window stays closed, a host repeats itself until \
        tcp_retries2, TCP_USER_TIMEOUT or the limit for orphans is reached. Then it forgets the connection and says \
        nothing: a retransmission timeout sends no RST. The other end learns of it only when it sends something itself, \
        new data or a window update, and that is answered by RST.",
    effect: "{sender}: ETIMEDOUT, long before the RST. {receiver}: ECONNRESET when it writes or reads again; what \
        {sender} had sent since the loss never arrived.",
    sources: &[
        rfc(9293, "3.8.3"),
        rfc(1122, "4.2.3.5"),
        kernel("net/ipv4/tcp_timer.c", "tcp_write_timeout"),
        kernel("net/ipv4/tcp_timer.c", "tcp_probe_timer"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket), KernelSign::reason(RstReason::TcpFlags)],
    rule: Rule {
        needs: &[&RST_IS_PASSIVE, &SENDER_WENT_UNANSWERED, &HANDSHAKE_COMPLETED],
        refuted_by: &[&SENDER_HAD_CLOSED, &RST_ANSWERS_SYN_ACK, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &SENDER_SENT_DATA],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "half-open-no-listener",
            "{sender} would have rebooted or lost its socket: `uptime` there, and no ETIMEDOUT in its program's log",
        ),
        LookAlike::identical(
            "half-open-listener",
            "{sender} would have rebooted or lost its socket, and its service listens again",
        ),
        LookAlike::similar("keepalive-timeout", "unanswered keepalive probes end in a RST+ACK of {sender}'s own"),
        LookAlike::identical(
            "nat-mapping-lost",
            "captures on both sides of the NAT show different ports or addresses; it also explains why nobody answered",
        ),
        LookAlike::identical("fw-state-lost", "a firewall on the path was reloaded or its entry expired"),
    ],
    advice: &[
        "on {sender}: `nstat -az TcpExtTCPAbortOnTimeout` rises, and its program gets ETIMEDOUT before the RST",
        "find the loss: capture at both ends, compare what {sender} repeats with what arrives (path, MTU, firewall)",
        "a window that stays closed means that {receiver}'s program does not read: `ss -tm` there shows a full Recv-Q",
        "make both ends give up after similar times: TCP_USER_TIMEOUT, keepalive, request timeouts",
    ],
    zh: Words {
        title: "{sender}反复重传无果，已经悄无声息地放弃了连接",
        explanation: "数据一直没有人确认，或者{receiver}的窗口一直关闭，主机就会一直重传，直到 tcp_retries2、\
            TCP_USER_TIMEOUT 或孤儿套接字的重试上限。随后它忘掉连接，什么也不说：重传超时不发 RST。另一端要等自己发\
            送（新数据或窗口更新）才会知道，而得到的应答就是 RST。",
        effect: "{sender}：早在 RST 之前就已得到 ETIMEDOUT。{receiver}：再次读写时得到 ECONNRESET；丢包以来{sender}\
            发送的一切都没有到达。",
        variants: &[],
        told_apart_by: &[
            (
                "half-open-no-listener",
                "{sender}应已重启或丢失套接字：看那里的 `uptime`，且其程序的日志里没有 ETIMEDOUT",
            ),
            ("half-open-listener", "{sender}应已重启或丢失套接字，而它的服务又在监听"),
            ("keepalive-timeout", "得不到应答的保活探测，最后是{sender}自己的 RST+ACK"),
            ("nat-mapping-lost", "在 NAT 两侧抓包，端口或地址不同；这也能解释为什么没有人应答"),
            ("fw-state-lost", "路径上的防火墙重载过，或表项已过期"),
        ],
        advice: &[
            "在{sender}上：`nstat -az TcpExtTCPAbortOnTimeout` 增长，程序在 RST 之前就得到 ETIMEDOUT",
            "找出丢包处：在两端抓包，比较{sender}重传了什么、到达了什么（路径、MTU、防火墙）",
            "窗口一直关闭，说明{receiver}上的程序不读数据：在那里 `ss -tm` 可看到 Recv-Q 积压",
            "让两端的放弃时间相近：TCP_USER_TIMEOUT、保活、请求超时",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Possible;

    const IN_VAIN: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C > S PA 1:101(100) ack 1
        0.300 C > S PA 1:101(100) ack 1
        0.700 C > S PA 1:101(100) ack 1
        60.00 C < S PA 1:51(50) ack 1
        +0.0001 C > S R 1:1(0)";

    #[test]
    fn who_repeated_itself_in_vain_may_have_given_up_or_have_been_lost() {
        judged(IN_VAIN).is("sender-gave-up", Possible).beside(&["half-open-no-listener", "nat-mapping-lost"]);
    }

    #[test]
    fn the_kernel_cannot_tell_it_from_a_reboot() {
        judged_with(IN_VAIN, RstReason::NoSocket, &[])
            .is("sender-gave-up", Possible)
            .beside(&["half-open-no-listener"]);
        judged_with(IN_VAIN, RstReason::TcpAbortOnData, &[]).without(&["sender-gave-up"]);
    }

    #[test]
    fn repetitions_that_were_answered_are_not_in_vain() {
        let text = IN_VAIN.replace("0.700 C > S PA 1:101(100) ack 1", "0.400 C < S A 1:1(0) ack 101");
        let text = text.replace("PA 1:51(50) ack 1", "PA 1:51(50) ack 101").replace("R 1:1", "R 101:101");
        judged(&text).is("half-open-no-listener", Possible);
    }

    #[test]
    fn a_capture_near_the_other_end_may_have_missed_the_repetitions() {
        let text: alloc::string::String =
            IN_VAIN.lines().filter(|line| !line.contains("1:101")).flat_map(|line| [line, "\n"]).collect();
        judged(&text).is("half-open-no-listener", Possible).beside(&["sender-gave-up"]);
        judged_with(&text, RstReason::NoSocket, &[]).beside(&["sender-gave-up"]);
    }

    #[test]
    fn probes_of_a_window_that_stays_closed_are_in_vain_too() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.001 C < S SA 0:0(0) ack 1
            +0.0001 C > S A 1:1(0) ack 1
            0.100 C > S PA 1:4001(4000) ack 1
            +0.001 C < S A 1:1(0) ack 4001 win 0
            0.300 C > S A 4000:4000(0) ack 1
            +0.001 C < S A 1:1(0) ack 4001 win 0
            0.700 C > S A 4000:4000(0) ack 1
            +0.001 C < S A 1:1(0) ack 4001 win 0
            60.00 C < S A 1:1(0) ack 4001 win 100
            +0.0001 C > S R 4001:4001(0)";
        judged(text).is("sender-gave-up", Possible);
    }
}
