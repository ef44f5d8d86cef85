//! TCP has used up its memory: a closed socket's queue is thrown away.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel};
use crate::ending::EndingKind;
use crate::evidence::data::{RECEIVER_WINDOW_FULL, SENDER_HAD_UNACKNOWLEDGED};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::HANDSHAKE_INCOMPLETE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// What shows it where packets do not.
const LOGGED: [&str; 2] = [
    "the log on {sender} says \"out of memory\"; TCPAbortOnMemory counts it",
    "{sender}的日志写着 \"out of memory\"；TCPAbortOnMemory 会计数",
];

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "out-of-memory",
    title: "{sender} ran out of TCP memory",
    explanation: "All sockets together may use net.ipv4.tcp_mem pages. When more is used and a program closes a socket \
        with data still queued, the kernel does not keep that data: it sends RST and throws the queue away.",
    effect: "{receiver}: a truncated answer, then ECONNRESET. {sender}: close() succeeds; the kernel's log says \"out of \
        memory -- consider tuning tcp_mem\".",
    sources: &[
        kernel("net/ipv4/tcp.c", "tcp_check_oom"),
        kernel("include/net/tcp.h", "tcp_out_of_memory"),
        kernel("net/ipv4/tcp_timer.c", "tcp_out_of_resources"),
        Source::Other("Documentation/networking/ip-sysctl.rst, tcp_mem"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpAbortOnMemory)],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE, &SENDER_HAD_UNACKNOWLEDGED],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER],
        supported_by: &[&RECEIVER_WINDOW_FULL],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "close-unread",
            "data would have been unread: TCPAbortOnClose counts it on {sender}, TCPAbortOnMemory does not",
        )
        .and_from_there(LOGGED),
        LookAlike::identical("exit-unread", "the process on {sender} ended at that moment, with data unread")
            .and_from_there(LOGGED),
        LookAlike::identical("linger-zero", "SO_LINGER with time 0: TCPAbortOnData counts it on {sender}")
            .and_from_there(LOGGED),
        LookAlike::identical("connect-unspec", "`strace -e trace=connect` on {sender} shows connect() with AF_UNSPEC")
            .and_from_there(LOGGED),
        LookAlike::identical("sock-destroy", "`ss -K` or an agent on {sender}: its program gets ECONNABORTED")
            .and_from_there(LOGGED),
        LookAlike::identical(
            "out-of-orphans",
            "the log on {sender} says \"too many orphaned sockets\"; TCPAbortOnMemory counts both",
        )
        .and_from_there([
            "the log on {sender} says \"out of memory\"; TCPAbortOnMemory counts both",
            "{sender}的日志写着 \"out of memory\"；两者都计入 TCPAbortOnMemory",
        ]),
    ],
    advice: &[
        "on {sender}: `nstat -az TcpExtTCPAbortOnMemory` rises, the kernel's log says \"out of memory\"",
        "on {sender}: `cat /proc/net/sockstat` (mem, in pages) near the third number of `sysctl net.ipv4.tcp_mem`",
        "find who holds it: `ss -tm` sorted by Send-Q and Recv-Q; smaller buffers, TCP_NOTSENT_LOWAT, readers that read",
        "raise net.ipv4.tcp_mem if the machine has the memory",
    ],
    zh: Words {
        title: "{sender}的 TCP 内存用完了",
        explanation: "所有套接字合计可用的内存由 net.ipv4.tcp_mem 限定，单位是页。超过之后，如果程序关闭了一个仍有数\
            据排队的套接字，内核不再保留这些数据：它发 RST 并丢弃队列。",
        effect: "{receiver}：应答被截断，然后是 ECONNRESET。{sender}：close() 成功；内核日志写着 \"out of memory -- \
            consider tuning tcp_mem\"。",
        variants: &[],
        told_apart_by: &[
            ("close-unread", "应有未读数据：{sender}上的 TCPAbortOnClose 会计数，TCPAbortOnMemory 不会"),
            ("exit-unread", "{sender}上的进程在那一刻结束，且有未读数据"),
            ("linger-zero", "SO_LINGER 时间为 0：{sender}上的 TCPAbortOnData 会计数"),
            ("connect-unspec", "在{sender}上 `strace -e trace=connect` 能看到以 AF_UNSPEC 调用 connect()"),
            ("sock-destroy", "{sender}上的 `ss -K` 或 agent：其程序得到 ECONNABORTED"),
            ("out-of-orphans", "{sender}的日志写着 \"too many orphaned sockets\"；两者都计入 TCPAbortOnMemory"),
        ],
        advice: &[
            "在{sender}上：`nstat -az TcpExtTCPAbortOnMemory` 增长，内核日志写着 \"out of memory\"",
            "在{sender}上：`cat /proc/net/sockstat` 里的 mem（单位为页）接近 `sysctl net.ipv4.tcp_mem` 的第三个数",
            "找出谁占着内存：`ss -tm` 按 Send-Q 和 Recv-Q 排序；减小缓冲区、用 TCP_NOTSENT_LOWAT、让读的一方及时读",
            "如果机器内存充足，调大 net.ipv4.tcp_mem",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const CUT_OFF: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1 win 16
        0.100 C < S PA 1:1001(1000) ack 1
        +0.0001 C < S PA 1001:2001(1000) ack 1
        +0.100 C < S RA 2001:2001(0) ack 1";

    #[test]
    fn an_abort_with_data_on_the_way_may_be_a_lack_of_memory() {
        judged(CUT_OFF).is("linger-zero", Possible).beside(&["out-of-memory", "sock-destroy"]);
    }

    #[test]
    fn the_kernel_says_so() {
        judged_with(CUT_OFF, RstReason::TcpAbortOnMemory, &["__tcp_close"]).is("out-of-memory", Certain);
        judged_with(CUT_OFF, RstReason::TcpAbortOnClose, &["__tcp_close"]).without(&["out-of-memory"]);
    }

    #[test]
    fn with_everything_acknowledged_nothing_was_queued() {
        let text = CUT_OFF.replace("+0.100 C < S RA", "+0.001 C > S A 1:1(0) ack 2001\n+2 C < S RA");
        judged(&text).without(&["out-of-memory"]);
    }
}
