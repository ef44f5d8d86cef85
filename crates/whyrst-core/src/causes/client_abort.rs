//! The client left in the middle of a download.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::application::DOWNLOAD_UNDER_WAY;
use crate::evidence::data::{
    LAST_DATA_WAS_FOR_SENDER, RST_ACKS_LESS_THAN_SENT, SENDER_RECEIVED_DATA, SENDER_SENT_DATA,
};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::{HANDSHAKE_INCOMPLETE, SENDER_IS_CLIENT};
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "client-abort",
    title: "{client} left while {server} was still sending",
    explanation: "A user navigates away, `curl | head` has seen enough, an RPC is cancelled, a player skips: {client} closes \
        with a part of the answer unread and more of it on the way. Its kernel sends RST, and one bare RST for every \
        segment that arrives afterwards.",
    effect: "{server}: ECONNRESET at one of its next writes, then EPIPE and SIGPIPE; web servers log it as closed by the \
        client. {client}: nothing.",
    sources: &[rfc(1122, "4.2.2.13"), kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpAbortOnClose)],
    rule: Rule {
        needs: &[&DOWNLOAD_UNDER_WAY, &RST_IS_ACTIVE, &SENDER_IS_CLIENT, &SENDER_RECEIVED_DATA],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        supported_by: &[&LAST_DATA_WAS_FOR_SENDER, &RST_ACKS_LESS_THAN_SENT, &SENDER_SENT_DATA],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::how("close-unread", "{client} would have been through with the answer but for a rest"),
        LookAlike::how("exit-unread", "{client}'s process ended; its exit status or the user tells why"),
        LookAlike::similar(
            "client-read-timeout",
            "nothing of the answer would have come, and {client}'s FIN before the reset",
        ),
        LookAlike::identical("linger-zero", "TCPAbortOnData counts it on {client}, TCPAbortOnClose does not"),
        LookAlike::identical("sock-destroy", "an agent on {client} destroys sockets: a change of network, `ss -K`"),
        LookAlike::similar("tls-ticket-unread", "{server} would have sent no more than its session tickets"),
        LookAlike::identical(
            "stalled-transfer",
            "data in the middle was lost again and again until {sender} gave up waiting",
        ),
    ],
    advice: &[
        "normal where people or scripts use it: let {server} log it below the level of an error",
        "ignore SIGPIPE (or use MSG_NOSIGNAL) in {server}, so that it survives the next write",
        "when it happens to one kind of answer only: is it too slow or too large for {client}'s timeout or limit?",
    ],
    zh: Words {
        title: "{client}在{server}还在发送时就离开了",
        explanation: "用户切走了页面、`curl | head` 看够了、RPC 被取消、播放器跳转：{client}关闭时，应答还有一部分没\
            读，后面还有数据在路上。它的内核先发一个 RST，之后每到一个报文再回一个裸 RST。",
        effect: "{server}：随后某次写得到 ECONNRESET，再写得到 EPIPE 和 SIGPIPE；Web 服务器日志记为客户端主动断开。\
            {client}：没有错误。",
        variants: &[],
        told_apart_by: &[
            ("close-unread", "{client}已经读完应答，只差一点尾巴"),
            ("exit-unread", "{client}的进程结束了；退出码或用户会告诉原因"),
            ("client-read-timeout", "应答一点都还没到，且{client}的 FIN 在 RST 之前"),
            ("linger-zero", "{client}上的 TCPAbortOnData 会计数，TCPAbortOnClose 不会"),
            ("sock-destroy", "{client}上有 agent 在销毁套接字：切换网络、`ss -K`"),
            ("tls-ticket-unread", "{server}除了会话票据什么都没发"),
            ("stalled-transfer", "中间的数据一再丢失，直到{sender}不再等待"),
        ],
        advice: &[
            "有人或脚本在用的地方，这属于正常现象：{server}记录它时不要用 error 级别",
            "{server}上忽略 SIGPIPE（或用 MSG_NOSIGNAL），避免下一次写把进程杀掉",
            "如果只发生在某一类应答上：对{client}的超时或大小限制来说，它是不是太慢或太大？",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const LEFT: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.030 C > S PA 1:101(100) ack 1
        0.055 C < S A 1:1449(1448) ack 101
        +0.0001 C < S A 1449:2897(1448) ack 101
        +0.0001 C > S A 101:101(0) ack 2897
        +0.0001 C > S RA 101:101(0) ack 2897
        +0.0100 C < S A 2897:4345(1448) ack 101
        +0.0001 C > S R 101:101(0)";

    #[test]
    fn data_that_is_still_coming_shows_that_the_client_left_early() {
        judged(LEFT).is("client-abort", Possible).beside(&["close-unread", "exit-unread", "linger-zero"]);
    }

    #[test]
    fn at_the_server_the_abort_acknowledges_less_than_was_sent() {
        let text = "
            0.000 C > S S 0:0(0)
            +0.0001 C < S SA 0:0(0) ack 1
            +0.020 C > S A 1:1(0) ack 1
            0.030 C > S PA 1:101(100) ack 1
            0.031 C < S A 1:1449(1448) ack 101
            +0.0001 C < S A 1449:2897(1448) ack 101
            +0.0001 C < S A 2897:4345(1448) ack 101
            +0.020 C > S RA 101:101(0) ack 1449";
        judged(text).is("client-abort", Possible);
    }

    #[test]
    fn a_whole_answer_is_no_aborted_download() {
        let text = LEFT.lines().take(9).collect::<std::vec::Vec<_>>().join("\n");
        let conversation = crate::testing::conversation(&text).watched_for(5);
        let judgement = conversation.endings().first().map(crate::verdict::judge).expect("a reset");
        judgement.is("close-unread", Possible).without(&["client-abort"]);
    }

    #[test]
    fn a_server_is_no_client() {
        let text = LEFT.replace(" C > ", " Z > ").replace(" C < ", " Z < ").replace("0.000 Z > S S 0:0(0)", "");
        judged(&text).without(&["client-abort"]);
    }

    #[test]
    fn the_kernel_confirms_the_means() {
        judged_with(LEFT, RstReason::TcpAbortOnClose, &["__tcp_close", "__x64_sys_close"])
            .is("client-abort", Possible)
            .beside(&["close-unread"]);
        judged_with(LEFT, RstReason::TcpState, &["tcp_disconnect", "__tcp_close"]).is("linger-zero", Certain);
    }
}
