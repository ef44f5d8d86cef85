//! Data for a socket that its program has shut down in both directions and still holds.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::{RST_ANSWERS_DATA, SENDER_HAD_CLOSED, SOCKET_STILL_WHOLE};
use crate::evidence::form::RST_IS_BARE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::sockets::SENDER_HELD_SOCKET;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "shutdown-rdwr-data",
    title: "{receiver} wrote after {sender} had called shutdown(SHUT_RDWR)",
    explanation: "shutdown(SHUT_RDWR) says FIN and declares that no more data is wanted. Data that arrives afterwards is \
        answered by RST, as after close(), but the socket still has an owner, who gets the error too. shutdown(SHUT_RD) \
        alone never resets on Linux: data is acknowledged and queued.",
    effect: "{receiver}: the first write succeeds, the next fails with EPIPE and SIGPIPE; the data is lost. {sender}: \
        ECONNRESET at its next call on the socket that it still holds.",
    sources: &[
        rfc(9293, "3.10.7.4"),
        rfc(1122, "4.2.2.13"),
        kernel("net/ipv4/tcp_input.c", "tcp_rcv_state_process (sk_shutdown & RCV_SHUTDOWN)"),
        kernel("net/ipv4/af_inet.c", "inet_shutdown"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::reason(RstReason::TcpAbortOnData)],
    rule: Rule {
        needs: &[&RST_ANSWERS_DATA, &SENDER_HAD_CLOSED, &SENDER_HELD_SOCKET],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE, &SOCKET_STILL_WHOLE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::broader(
            "data-after-close",
            "{sender}'s program would have closed the socket; its kernel's reason is TCP_TIMEWAIT_SOCKET once the FIN is acknowledged",
        ),
        LookAlike::identical(
            "keepalive-race",
            "{sender} would have closed an idle connection while the next request was on its way",
        ),
        LookAlike::identical(
            "client-read-timeout",
            "{sender} would have closed because the answer took longer than its read timeout",
        ),
        LookAlike::identical(
            "fin-wait2-expired",
            "{sender} would have closed more than tcp_fin_timeout (60 s) before and forgotten the connection",
        ),
    ],
    advice: &[
        "on {sender}: `strace -f -e trace=shutdown,close -p PID` shows shutdown(SHUT_RDWR) long before close(); `ss -tn` still lists the socket",
        "let {receiver} obey end of file: when read() gives 0, do not write any more",
        "to end only one's own sending use shutdown(SHUT_WR), read until end of file, then close",
    ],
    zh: Words {
        title: "{sender}调用 shutdown(SHUT_RDWR) 之后，{receiver}又写了数据",
        explanation: "shutdown(SHUT_RDWR) 发出 FIN，并声明不再接收数据。之后到达的数据得到 RST，与 close() 之后一样；\
            不同的是套接字还有主人，它也会得到错误。单独的 shutdown(SHUT_RD) 在 Linux 上从不重置连接：数据照样确认并\
            入队。",
        effect: "{receiver}：第一次写成功，下一次写得到 EPIPE 和 SIGPIPE；数据丢失。{sender}：在它仍持有的套接字上，\
            下一次调用得到 ECONNRESET。",
        variants: &[],
        told_apart_by: &[
            ("data-after-close", "{sender}上的程序应已关闭套接字；FIN 得到确认后，其内核原因是 TCP_TIMEWAIT_SOCKET"),
            ("keepalive-race", "{sender}是在下一个请求还在路上时关闭了空闲连接"),
            ("client-read-timeout", "{sender}是因为应答比它的读超时更慢才关闭的"),
            ("fin-wait2-expired", "{sender}应在超过 tcp_fin_timeout（60 s）之前就已关闭，并忘掉了连接"),
        ],
        advice: &[
            "在{sender}上：`strace -f -e trace=shutdown,close -p PID` 能看到 shutdown(SHUT_RDWR) 远早于 close()；\
                `ss -tn` 仍列出该套接字",
            "让{receiver}正确处理 EOF：read() 返回 0 之后就不要再写",
            "只想结束自己的发送方向，用 shutdown(SHUT_WR)，读到 EOF，再 close()",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely, Possible};

    const WRITTEN_AFTER_FIN: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C < S FA 1:1(0) ack 1
        +0.040 C > S A 1:1(0) ack 2
        1.000 C > S PA 1:101(100) ack 2
        +0.0001 C < S R 2:2(0)";

    #[test]
    fn a_whole_socket_after_the_acknowledged_fin_speaks_for_shutdown() {
        judged_with(WRITTEN_AFTER_FIN, RstReason::TcpAbortOnData, &[])
            .is("shutdown-rdwr-data", Possible)
            .beside(&["data-after-close"]);
    }

    #[test]
    fn a_mini_socket_excludes_it() {
        judged_with(WRITTEN_AFTER_FIN, RstReason::TcpTimewaitSocket, &[]).without(&["shutdown-rdwr-data"]);
    }

    #[test]
    fn data_that_acknowledges_the_fin_itself_proves_nothing() {
        let text = WRITTEN_AFTER_FIN.replace("+0.040 C > S A 1:1(0) ack 2", "");
        judged_with(&text, RstReason::TcpAbortOnData, &[])
            .is("data-after-close", Certain)
            .beside(&["shutdown-rdwr-data"]);
    }

    #[test]
    fn from_packets_alone_close_is_as_good() {
        judged(WRITTEN_AFTER_FIN).is("data-after-close", Likely).beside(&["shutdown-rdwr-data"]);
    }
}
