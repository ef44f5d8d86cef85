//! A stack gave up repeating its data and said so by RST.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::application::{REPEATS_BACK_OFF, SENDER_REPEATED_IN_VAIN};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "retransmit-giveup",
    title: "{sender} had repeated its data without an answer and gave up",
    explanation: "Nobody acknowledged {sender}'s data, however often it was repeated, so its stack ended the connection. \
        Windows, BSD systems and appliances send RST at that moment; Linux says nothing on the wire. The loss lies \
        on the path or at {receiver}, not at {sender}. Where {receiver} answers but keeps its window closed, its \
        program does not read.",
    effect: "{sender}: a timeout (ETIMEDOUT, WSAECONNABORTED). {receiver}: ECONNRESET if the RST arrives at all.",
    sources: &[
        rfc(9293, "3.8.3"),
        rfc(1122, "4.2.3.5"),
        Source::Other("FreeBSD sys/netinet/tcp_timer.c: tcp_timer_rexmt and tcp_timer_persist, tcp_drop sends RST"),
        kernel("net/ipv4/tcp_timer.c", "tcp_write_err (no reset is sent)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    // Linux gives up silently: there the kernel's word names another cause.
    kernel_reasons: &[KernelSign::reason(RstReason::NotSpecified)],
    rule: Rule {
        needs: &[&SENDER_REPEATED_IN_VAIN, &RST_IS_ACTIVE],
        refuted_by: &[&RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        supported_by: &[&REPEATS_BACK_OFF],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::similar("keepalive-timeout", "probes without data would have gone unanswered, at equal intervals"),
        LookAlike::identical(
            "linger-zero",
            "{sender}'s program aborted while its data went unanswered: TCPAbortOnData counts it on Linux",
        ),
        LookAlike::identical(
            "close-unread",
            "{sender}'s program closed while its data went unanswered: TCPAbortOnClose counts it on Linux",
        ),
        LookAlike::identical("exit-unread", "{sender}'s process ended while its data went unanswered"),
        LookAlike::identical("sock-destroy", "`ss -K` or an agent on {sender}: its program gets ECONNABORTED"),
    ],
    advice: &[
        "capture on {receiver}: do the repeated segments arrive, and do its acknowledgments leave?",
        "segments of full size only? test the MTU of the path: `ping -M do -s 1472 HOST`, `tracepath HOST`",
        "was {receiver} down, asleep or moved at the time of the first repetition?",
    ],
    zh: Words {
        title: "{sender}反复重传数据得不到应答，最后放弃了",
        explanation: "不论重传多少次，{sender}的数据都没有人确认，于是它的协议栈结束了连接。Windows、BSD 系统和一些\
            设备在此刻会发 RST；Linux 则不会在线路上发任何东西。丢包发生在路径上或{receiver}处，不在{sender}。",
        effect: "{sender}：超时（ETIMEDOUT、WSAECONNABORTED）。{receiver}：如果 RST 能到达，则是 ECONNRESET。",
        variants: &[],
        told_apart_by: &[
            ("keepalive-timeout", "得不到应答的应是不带数据的探测，且间隔相等"),
            ("linger-zero", "{sender}上的程序在数据得不到应答时中止：在 Linux 上 TCPAbortOnData 会计数"),
            ("close-unread", "{sender}上的程序在数据得不到应答时关闭：在 Linux 上 TCPAbortOnClose 会计数"),
            ("exit-unread", "{sender}的进程在数据得不到应答时结束"),
            ("sock-destroy", "{sender}上的 `ss -K` 或 agent：其程序得到 ECONNABORTED"),
        ],
        advice: &[
            "在{receiver}上抓包：重传的报文到达了吗，确认发出去了吗？",
            "只有满长度的报文才丢吗？测试路径 MTU：`ping -M do -s 1472 HOST`、`tracepath HOST`",
            "第一次重传时，{receiver}是不是宕机、休眠或换了位置？",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const GAVE_UP: &str = "
        0.000 C > S S 0:0(0) ts none
        +0.020 C < S SA 0:0(0) ack 1 ts none
        +0.0001 C > S A 1:1(0) ack 1
        1.000 C > S PA 1:101(100) ack 1
        1.300 C > S PA 1:101(100) ack 1
        1.900 C > S PA 1:101(100) ack 1
        3.100 C > S PA 1:101(100) ack 1
        5.500 C > S PA 1:101(100) ack 1
        10.30 C > S RA 101:101(0) ack 1 win 0";

    #[test]
    fn repetitions_without_an_answer_and_then_an_abort() {
        judged(GAVE_UP).is("retransmit-giveup", Possible).beside(&["linger-zero", "sock-destroy"]);
    }

    #[test]
    fn data_that_was_acknowledged_was_not_given_up() {
        let text = GAVE_UP.replace("10.30 C", "5.520 C < S A 1:1(0) ack 101\n10.30 C");
        judged(&text).without(&["retransmit-giveup"]);
    }

    #[test]
    fn one_repetition_is_no_pattern() {
        let text: std::vec::Vec<&str> = GAVE_UP
            .lines()
            .filter(|line| !["1.9", "3.1", "5.5"].iter().any(|time| line.trim().starts_with(time)))
            .collect();
        judged(&text.join("\n")).without(&["retransmit-giveup"]);
    }

    #[test]
    fn linux_does_not_do_that() {
        judged_with(GAVE_UP, RstReason::TcpState, &["tcp_disconnect", "__tcp_close"])
            .is("linger-zero", Certain)
            .without(&["retransmit-giveup"]);
    }
}
