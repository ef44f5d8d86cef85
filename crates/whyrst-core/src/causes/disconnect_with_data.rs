//! An abort while the own FIN waits behind data that could not be sent.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{RECEIVER_HAD_CLOSED, SENDER_HAD_CLOSED};
use crate::evidence::data::{RECEIVER_WINDOW_FULL, SENDER_SENT_DATA};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "disconnect-with-data",
    title: "{sender} aborted while its FIN waited behind unsent data",
    explanation: "{receiver} had closed and {sender} too, but {sender}'s FIN could not leave: data was queued before it, \
        and {receiver} had no room for that. Then {sender} aborted (SO_LINGER 0 or connect() with AF_UNSPEC). Without \
        unsent data the same call sends nothing at all in that state.",
    effect: "{receiver}: ECONNRESET after what had arrived. {sender}: everything that was queued is lost.",
    sources: &[rfc(9293, "3.10.5"), kernel("net/ipv4/tcp.c", "tcp_disconnect (snd_nxt != write_seq)")],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpDisconnectWithData)],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE, &RECEIVER_HAD_CLOSED, &SENDER_SENT_DATA, &RECEIVER_WINDOW_FULL],
        refuted_by: &[&SENDER_HAD_CLOSED, &RST_CONTRADICTS_SENDER],
        supported_by: &[],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "linger-zero",
            "{sender} would not have closed before: its kernel's reason is TCP_STATE, and TCPAbortOnData counts it",
        ),
        LookAlike::identical(
            "rst-instead-of-fin",
            "{sender} ends every finished exchange so, after {receiver}'s FIN; nothing of its own would wait",
        ),
        LookAlike::similar("close-unread", "data would have been unread: TCPAbortOnClose counts it on {sender}"),
    ],
    advice: &[
        "let {receiver} read until end of file before it goes away: its window was full",
        "on {sender}: `strace -f -e trace=connect,setsockopt,shutdown,close -p PID` shows the abort after shutdown() or close()",
        "on {sender}: wait for the queue to drain (SIOCOUTQ, TCP_USER_TIMEOUT) instead of aborting",
    ],
    zh: Words {
        title: "{sender}的 FIN 还排在未发送的数据后面时，它就中止了连接",
        explanation: "{receiver}和{sender}都已关闭，但{sender}的 FIN 发不出去：前面还有排队的数据，而{receiver}的窗\
            口放不下。这时{sender}中止了连接（SO_LINGER 0，或 connect() 传 AF_UNSPEC）。如果没有未发送的数据，在这个\
            状态下同样的调用什么都不会发。",
        effect: "{receiver}：读完已到达的数据后得到 ECONNRESET。{sender}：队列里的数据全部丢失。",
        variants: &[],
        told_apart_by: &[
            ("linger-zero", "{sender}之前不应已经关闭：它的内核给出的原因是 TCP_STATE，TCPAbortOnData 会计数"),
            ("rst-instead-of-fin", "{sender}总是在{receiver}的 FIN 之后这样结束完整的交互；它自己没有数据在排队"),
            ("close-unread", "应有未读数据：{sender}上的 TCPAbortOnClose 会计数"),
        ],
        advice: &[
            "让{receiver}读到 EOF 再离开：它的窗口已经满了",
            "在{sender}上：`strace -f -e trace=connect,setsockopt,shutdown,close -p PID` 能看到 shutdown() 或 \
                close() 之后的中止",
            "在{sender}上：等发送队列排空（SIOCOUTQ、TCP_USER_TIMEOUT），不要中止",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const STUCK: &str = "
        0.000 C > S S 0:0(0) win 2000 opts mss
        +0.001 C < S SA 0:0(0) ack 1 opts mss
        +0.0001 C > S A 1:1(0) ack 1 win 2000
        0.050 C > S FA 1:1(0) ack 1 win 2000
        +0.001 C < S A 1:1(0) ack 2
        0.100 C < S A 1:1461(1460) ack 2
        +0.0001 C < S PA 1461:2001(540) ack 2
        +0.001 C > S A 2:2(0) ack 2001 win 0
        0.300 C < S RA 2001:2001(0) ack 2";

    #[test]
    fn an_abort_against_a_full_window_after_the_other_fin() {
        judged(STUCK).is("linger-zero", Possible).beside(&["disconnect-with-data"]);
    }

    #[test]
    fn the_kernel_makes_it_certain() {
        judged_with(STUCK, RstReason::TcpDisconnectWithData, &["tcp_disconnect"]).is("disconnect-with-data", Certain);
        judged_with(STUCK, RstReason::TcpState, &["tcp_disconnect", "__tcp_close"]).without(&["disconnect-with-data"]);
    }

    #[test]
    fn with_room_for_more_nothing_had_to_wait() {
        judged(&STUCK.replace("win 0", "win 2000").replace("0.300 C", "3.000 C")).without(&["disconnect-with-data"]);
    }

    #[test]
    fn room_that_the_sender_may_not_have_heard_of_excludes_nothing() {
        judged(&STUCK.replace("win 0", "win 2000")).beside(&["disconnect-with-data"]);
    }

    #[test]
    fn a_fin_that_was_sent_does_not_wait() {
        let text = STUCK.replace("PA 1461:2001(540) ack 2", "FA 1461:2001(540) ack 2");
        judged(&text.replace("ack 2001", "ack 2002").replace("RA 2001:2001", "RA 2002:2002"))
            .without(&["disconnect-with-data"]);
    }
}
