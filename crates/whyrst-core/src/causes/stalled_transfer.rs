//! Data in the middle was lost again and again; the receiver gave up waiting.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::application::{HOLE_UNFILLED, RECEIVER_REPEATED_IN_VAIN, TRANSFER_IN_MOTION, TRANSFER_STALLED};
use crate::evidence::data::{LAST_DATA_WAS_FOR_SENDER, RST_ACKS_LESS_THAN_SENT};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::HANDSHAKE_INCOMPLETE;
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "stalled-transfer",
    title: "the transfer to {sender} had stalled: data in the middle was lost again and again, and it gave up",
    explanation: "A segment in the middle of a transfer was lost, and every repetition of it too: an MTU that is too large \
        for the path, a device that drops one particular packet, a path that broke. What came behind it cannot be read. \
        {sender}'s program waited for its timeout and gave up.",
    effect: "{sender}: its own timeout. {receiver}: ECONNRESET.",
    sources: &[
        rfc(2018, "4"),
        rfc(6298, "5"),
        rfc(2923, "2.1"),
        kernel("net/ipv4/tcp.c", "__tcp_close (only what is in order counts as unread)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[
        KernelSign::reason(RstReason::TcpAbortOnClose),
        KernelSign::through_without(RstReason::TcpState, "__tcp_close", "inet_child_forget"),
    ],
    rule: Rule {
        needs: &[&HOLE_UNFILLED, &RST_IS_ACTIVE],
        refuted_by: &[&TRANSFER_IN_MOTION, &HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        supported_by: &[
            &TRANSFER_STALLED,
            &LAST_DATA_WAS_FOR_SENDER,
            &RST_ACKS_LESS_THAN_SENT,
            &RECEIVER_REPEATED_IN_VAIN,
        ],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::how("close-unread", "nothing would be missing in the middle of the transfer"),
        LookAlike::how("exit-unread", "the process on {sender} ended at that moment"),
        LookAlike::how("linger-zero", "nothing would be missing in the middle of the transfer"),
        LookAlike::identical("client-abort", "the user would have left a transfer that was going on"),
        LookAlike::identical("sock-destroy", "`ss -K` or an agent on {sender}: its program gets ECONNABORTED"),
    ],
    advice: &[
        "capture at both ends: which segment leaves {receiver} again and again and never arrives?",
        "is it one of full size? then test the MTU of the path: `ping -M do -s 1472 HOST`, `tracepath HOST`; ICMP must pass",
        "is it always the same content? then a device on the path filters it",
        "`ss -tin` on {receiver} shows retransmissions and backoff while it happens",
    ],
    zh: Words {
        title: "发往{sender}的传输停滞了：中间的数据一再丢失，它最终放弃",
        explanation: "传输途中有一个报文丢了，而且每次重传都丢：MTU 超过了路径所能承受的、某台设备专丢某一个报文，或\
            者路径断了。它后面到达的数据无法读取。{sender}上的程序等到超时，便放弃了。",
        effect: "{sender}：自己的超时错误。{receiver}：ECONNRESET。",
        variants: &[],
        told_apart_by: &[
            ("close-unread", "传输中间不会缺任何数据"),
            ("exit-unread", "{sender}上的进程在那一刻结束"),
            ("linger-zero", "传输中间不会缺任何数据"),
            ("client-abort", "是用户离开了仍在进行的传输"),
            ("sock-destroy", "{sender}上的 `ss -K` 或 agent：其程序得到 ECONNABORTED"),
        ],
        advice: &[
            "在两端抓包：哪个报文从{receiver}一再发出，却从未到达？",
            "是满长度的报文吗？那就测试路径 MTU：`ping -M do -s 1472 HOST`、`tracepath HOST`；必须放行 ICMP",
            "总是同样的内容吗？那就是路径上有设备在过滤",
            "发生时在{receiver}上 `ss -tin` 能看到重传和退避",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::judged;
    use crate::verdict::Confidence::Possible;

    const STALLED: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.030 C > S PA 1:101(100) ack 1
        0.055 C < S A 1:1449(1448) ack 101
        +0.0001 C < S A 2897:4345(1448) ack 101
        +0.0001 C > S A 101:101(0) ack 1449 sack 4345
        15.060 C > S RA 101:101(0) ack 1449";

    #[test]
    fn a_hole_that_was_never_filled_stalls_a_transfer() {
        judged(STALLED).is("stalled-transfer", Possible).beside(&["client-abort", "linger-zero", "sock-destroy"]);
    }

    #[test]
    fn a_filled_hole_is_none() {
        let text = STALLED.replace(
            "15.060 C > S RA 101:101(0) ack 1449",
            "0.300 C < S A 1449:2897(1448) ack 101\n+0.0001 C > S A 101:101(0) ack 4345\n15.060 C > S RA 101:101(0) ack 4345",
        );
        judged(&text).without(&["stalled-transfer"]);
    }

    #[test]
    fn who_leaves_at_once_did_not_wait() {
        judged(&STALLED.replace("15.060", "0.070")).is("client-abort", Possible).without(&["stalled-transfer"]);
    }

    #[test]
    fn without_selective_acknowledgments_the_hole_is_not_seen() {
        judged(&STALLED.replace(" sack 4345", "")).without(&["stalled-transfer"]);
    }
}
