//! The server had answered with a SYN cookie and could not verify it.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::form::{RST_ANSWERS_SYN, RST_IS_BARE, RST_IS_PASSIVE, TRIGGER_LACKS_ACK};
use crate::evidence::handshake::{SENDER_IS_SERVER, SYN_ACK_REPEATED};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::{SERVER_NEVER_TOOK_IT, SYN_ACK_FORGOTTEN};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "syncookie-invalid",
    title: "{server} used SYN cookies and could not verify this one",
    explanation: "Under a flood of SYNs, or a listen backlog that is too small, {server} keeps no half-open requests: the \
        sequence number of its SYN-ACK is a cookie that the ACK must bring back. When that ACK is lost and {client} stays \
        silent for more than two minutes, or a device changed the numbers, or another server got the ACK, its first data \
        carries no valid cookie, and the listener resets it.",
    effect: "{client}: connect() succeeded, then ECONNRESET; the request is lost. {server}'s program never knew of it.",
    sources: &[
        rfc(4987, "3.6"),
        kernel("net/ipv4/syncookies.c", "cookie_v4_check"),
        kernel("net/ipv4/syncookies.c", "__cookie_v4_check"),
        kernel("include/net/tcp.h", "tcp_synq_no_recent_overflow"),
        Source::Other("Documentation/networking/ip-sysctl.rst, tcp_syncookies"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpFlags)],
    rule: Rule {
        // A host that repeats its SYN-ACK keeps the request, and needs no cookie.
        needs: &[&RST_IS_PASSIVE, &SENDER_IS_SERVER, &SERVER_NEVER_TOOK_IT],
        refuted_by: &[
            &SENDER_HAD_CLOSED,
            &RST_ANSWERS_SYN,
            &SYN_ACK_REPEATED,
            &TRIGGER_LACKS_ACK,
            &RST_CONTRADICTS_SENDER,
        ],
        supported_by: &[&RST_IS_BARE, &SYN_ACK_FORGOTTEN],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "half-open-listener",
            "{server} would have had the connection and lost it: a reboot, a restart, a failover",
        ),
        LookAlike::identical("close-not-captured", "{sender}'s FIN would be in a capture that misses nothing"),
        LookAlike::identical("half-open-no-listener", "nothing would listen on {server} any more"),
        LookAlike::identical(
            "accept-overflow-abort",
            "tcp_abort_on_overflow would be set on {server}; its kernel's reason is INVALID_SYN",
        ),
        LookAlike::identical(
            "listener-close-half-open",
            "{server}'s listener was closed between SYN-ACK and ACK: a restart, a deployment",
        ),
        LookAlike::identical(
            "syn-recv-bad-ack",
            "{server} kept the request and would repeat its SYN-ACK; the ACK has a wrong number either way",
        ),
        LookAlike::identical("nat-mapping-lost", "captures on both sides of the NAT show different ports or addresses"),
        LookAlike::identical("fw-reject-established", "a rule's counter on {sender} rises, OutRsts does not"),
        LookAlike::identical("fw-state-lost", "a firewall on the path was reloaded or its entry expired"),
    ],
    advice: &[
        "on {server}: `nstat -az TcpExtSyncookiesSent TcpExtSyncookiesFailed TcpExtTCPReqQFullDoCookies`; the kernel log says \"possible SYN flooding\"",
        "raise the program's listen() backlog with net.core.somaxconn and net.ipv4.tcp_max_syn_backlog, so that cookies are not needed",
        "where the server speaks first, give the client a timeout for its greeting: it cannot know that its ACK was lost",
        "capture at both ends: does the handshake's last ACK arrive, and with the same numbers?",
    ],
    zh: Words {
        title: "{server}使用了 SYN cookie，却无法验证这一个",
        explanation: "遇到 SYN flood，或者监听队列太小时，{server}不保留半连接：SYN-ACK 的序列号就是 cookie，ACK 必\
            须把它带回来。如果这个 ACK 丢了而{client}沉默超过两分钟，或者有设备改了序列号，或者 ACK 到了另一台服务器，\
            那么它的第一个数据就不带有效的 cookie，监听套接字便回 RST。",
        effect: "{client}：connect() 已成功，随后 ECONNRESET；请求丢失。{server}上的程序根本看不到这条连接。",
        variants: &[],
        told_apart_by: &[
            ("half-open-listener", "{server}应曾有过这条连接而后丢失：主机重启、服务重启、故障切换"),
            ("close-not-captured", "没有遗漏的抓包里会有{sender}的 FIN"),
            ("half-open-no-listener", "{server}上应已没有程序监听"),
            ("accept-overflow-abort", "{server}上应设置了 tcp_abort_on_overflow；其内核原因是 INVALID_SYN"),
            ("listener-close-half-open", "{server}的监听套接字在 SYN-ACK 与 ACK 之间被关闭：重启、发布"),
            ("syn-recv-bad-ack", "{server}保留了半连接，并会重发 SYN-ACK；不论哪种，ACK 的序列号都是错的"),
            ("nat-mapping-lost", "在 NAT 两侧抓包，端口或地址不同"),
            ("fw-reject-established", "{sender}上某条规则的计数器增长，OutRsts 不增长"),
            ("fw-state-lost", "路径上的防火墙重载过，或表项已过期"),
        ],
        advice: &[
            "在{server}上：`nstat -az TcpExtSyncookiesSent TcpExtSyncookiesFailed TcpExtTCPReqQFullDoCookies`；内核\
                日志写着 \"possible SYN flooding\"",
            "同时调大程序 listen() 的 backlog、net.core.somaxconn 和 net.ipv4.tcp_max_syn_backlog，让它用不着 cookie",
            "如果是服务端先说话的协议，给客户端设置等待欢迎语的超时：它无从知道自己的 ACK 丢了",
            "在两端抓包：三次握手的最后一个 ACK 到达了吗，序列号一样吗？",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::Possible;

    /// As the server sees it: the handshake's last ACK never came, and the SYN-ACK was not repeated.
    const FORGOTTEN: &str = "
        0.000 C > S S 0:0(0)
        +0.0001 C < S SA 0:0(0) ack 1
        190.0 C > S PA 1:101(100) ack 1
        +0.0001 C < S R 1:1(0)";

    #[test]
    fn a_server_that_never_repeats_its_syn_ack_keeps_no_request() {
        judged(FORGOTTEN).is("syncookie-invalid", Possible).beside(&["half-open-listener"]);
        judged_with(FORGOTTEN, RstReason::TcpFlags, &[]).is("syncookie-invalid", Possible);
    }

    #[test]
    fn a_repeated_syn_ack_means_that_a_request_was_kept() {
        let text = FORGOTTEN.replace("190.0", "0.001 C > S A 1:1(0) ack 1\n1.000 C < S SA 0:0(0) ack 1\n190.0");
        judged(&text).without(&["syncookie-invalid"]);
    }

    #[test]
    fn an_ack_that_the_capture_shows_may_have_been_lost_behind_it() {
        let text = FORGOTTEN.replace("190.0", "0.001 C > S A 1:1(0) ack 1\n190.0");
        judged(&text).beside(&["syncookie-invalid", "half-open-listener"]);
    }

    #[test]
    fn a_server_that_took_data_had_the_connection() {
        let text = FORGOTTEN.replace(
            "190.0",
            "0.001 C > S A 1:1(0) ack 1\n0.002 C > S PA 1:11(10) ack 1\n+0.001 C < S A 1:1(0) ack 11\n190.0",
        );
        judged(&text.replace("PA 1:101(100)", "PA 11:111(100)")).without(&["syncookie-invalid"]);
    }
}
