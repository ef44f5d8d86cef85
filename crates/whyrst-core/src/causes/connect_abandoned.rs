//! The client gave up on `connect()` before the SYN-ACK came.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{RST_ANSWERS_SYN_ACK, RST_IS_BARE};
use crate::evidence::handshake::{SYN_ACK_SLOW, SYN_IS_ORDINARY, SYN_RETRIED_AFTER_RST, SYN_SEEN};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::refusal::SYN_ACK_ACKS_WRONG;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "connect-abandoned",
    title: "the client had already given up on connect() when the SYN-ACK arrived",
    explanation: "The client limits how long it waits for a connection (SO_SNDTIMEO, a non-blocking connect() with \
        poll(), a deadline in a library), or its process ended. Closing a socket in SYN-SENT sends nothing; the late \
        SYN-ACK then finds no socket and the client's kernel resets it. On Linux SO_RCVTIMEO does not limit connect().",
    effect: "client: connect() fails with EINPROGRESS, ETIMEDOUT or the library's own error. Server: accept() never \
        returns this connection. No data is involved.",
    sources: &[
        rfc(9293, "3.10.7.1"),
        kernel("net/ipv4/af_inet.c", "__inet_stream_connect"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket)],
    rule: Rule {
        needs: &[&RST_ANSWERS_SYN_ACK, &SYN_SEEN],
        refuted_by: &[&SYN_RETRIED_AFTER_RST, &SYN_ACK_ACKS_WRONG, &RST_CONTRADICTS_SENDER],
        supported_by: &[&SYN_ACK_SLOW, &SYN_IS_ORDINARY, &RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::similar("raw-syn-scanner", "its SYN would have few options or none, whatever the delay"),
        LookAlike::identical("fw-reject-synack", "the client would send its SYN again: it still waits for an answer"),
        LookAlike::identical(
            "syn-sent-bad-tsecr",
            "the client would send its SYN again at once; PAWSActive counts it there",
        ),
        LookAlike::identical("backscatter-synack", "the client would never have sent the SYN"),
        LookAlike::similar("mptcp-join-stripped", "the SYN joins an MPTCP connection and the SYN-ACK lacks MP_JOIN"),
        LookAlike::similar(
            "syn-sent-bad-ack",
            "the SYN-ACK would acknowledge another number than the SYN's, and the SYN would be sent again",
        ),
    ],
    advice: &[
        "raise the client's connect timeout above the round trip plus one SYN retry (1 s)",
        "find out why the SYN-ACK is slow: `ping` for the round trip, on {server} `ss -ltn` (Recv-Q near Send-Q) and load",
        "on the client: `strace -f -e trace=connect,poll,setsockopt` shows the timeout that ended the connect()",
    ],
    zh: Words {
        title: "SYN-ACK 到达时，客户端已经放弃了 connect()",
        explanation: "客户端限制了等待建连的时间（SO_SNDTIMEO、非阻塞 connect() 加 poll()、库里的 deadline），或者进\
            程退出了。在 SYN-SENT 状态关闭套接字不会发出任何报文；迟到的 SYN-ACK 找不到套接字，客户端的内核就回 RST。\
            在 Linux 上 SO_RCVTIMEO 对 connect() 不起作用。",
        effect: "客户端：connect() 失败，返回 EINPROGRESS、ETIMEDOUT 或库自己的错误。服务端：accept() 永远不会返回这\
            条连接。不涉及数据。",
        variants: &[],
        told_apart_by: &[
            ("raw-syn-scanner", "不论延迟多大，它的 SYN 都只有很少的选项，或者没有"),
            ("fw-reject-synack", "客户端会重发 SYN：它还在等应答"),
            ("syn-sent-bad-tsecr", "客户端会立即重发 SYN；那里的 PAWSActive 会计数"),
            ("backscatter-synack", "客户端根本没有发过这个 SYN"),
            ("mptcp-join-stripped", "SYN 要加入 MPTCP 连接，而 SYN-ACK 里没有 MP_JOIN"),
            ("syn-sent-bad-ack", "SYN-ACK 确认的不是 SYN 的序列号，且 SYN 会重发"),
        ],
        advice: &[
            "把客户端的连接超时调到大于 RTT 加一次 SYN 重传（1 s）",
            "查 SYN-ACK 为什么慢：用 `ping` 看 RTT，在{server}上看 `ss -ltn`（Recv-Q 是否接近 Send-Q）和负载",
            "在客户端：`strace -f -e trace=connect,poll,setsockopt` 能看到是哪个超时结束了 connect()",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{conversation, judged, judged_unsent, judged_with};
    use crate::verdict::Confidence::{Likely, Possible, Unexplained};

    const LATE: &str = "
        0.000000 C > S S 0:0(0)
        0.161925 C < S SA 0:0(0) ack 1
        0.161961 C > S R 1:1(0)";

    #[test]
    fn a_late_syn_ack_for_an_ordinary_connect_is_likely_abandoned() {
        judged(LATE).is("connect-abandoned", Likely).beside(&["raw-syn-scanner", "fw-reject-synack"]);
    }

    #[test]
    fn the_servers_capture_says_the_same() {
        let text = "
            0.000000 C > S S 0:0(0)
            0.000050 C < S SA 0:0(0) ack 1
            0.161961 C > S R 1:1(0)";
        judged(text).is("connect-abandoned", Likely);
    }

    #[test]
    fn a_capture_that_goes_on_without_a_retry_excludes_the_clients_firewall() {
        conversation(LATE).watched_for(5).judged().is("connect-abandoned", Likely).without(&["fw-reject-synack"]);
    }

    #[test]
    fn a_syn_that_is_sent_again_was_not_abandoned() {
        let text = std::format!("{LATE}\n1.0 C > S S 0:0(0)\n1.16 C < S SA 0:0(0) ack 1\n1.161 C > S R 1:1(0)");
        judged(&text).is("fw-reject-synack", Likely).without(&["connect-abandoned"]);
    }

    #[test]
    fn a_prompt_syn_ack_leaves_it_open() {
        let text = "
            0.000 C > S S 0:0(0)
            0.001 C < S SA 0:0(0) ack 1
            +0.00003 C > S R 1:1(0)";
        judged(text).is("connect-abandoned", Possible).beside(&["raw-syn-scanner"]);
    }

    #[test]
    fn a_reset_with_another_hop_count_leaves_it_open() {
        let text = "
            0.000 C > S S 0:0(0)
            0.162 C < S SA 0:0(0) ack 1
            +0.00003 C > S R 1:1(0) ttl 61";
        judged(text).is("connect-abandoned", Possible);
    }

    #[test]
    fn without_the_syn_it_may_be_backscatter() {
        let text = "
            0.162 C < S SA 0:0(0) ack 1
            +0.00003 C > S R 1:1(0)";
        judged(text).is("connect-abandoned", Possible).beside(&["backscatter-synack"]);
    }

    #[test]
    fn a_client_that_acknowledged_the_syn_ack_had_not_given_up() {
        let text = "
            0.000 C > S S 0:0(0)
            0.162 C < S SA 0:0(0) ack 1
            +0.00003 C > S A 1:1(0) ack 1
            +0.00003 C > S R 1:1(0)";
        let judgement = judged(text);
        assert_ne!(judgement.cause.map(|cause| cause.id), Some("connect-abandoned"), "{}", judgement.explained());
        judgement.without(&["connect-abandoned", "raw-syn-scanner"]);
    }

    #[test]
    fn the_clients_kernel_confirms_and_another_reason_excludes() {
        judged_with(LATE, RstReason::NoSocket, &[]).is("connect-abandoned", Likely);
        judged_with(LATE, RstReason::TcpRfc7323Paws, &[]).is("unexplained", Unexplained);
        judged_unsent(LATE).without(&["connect-abandoned"]);
    }
}
