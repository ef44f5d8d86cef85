//! `connect(AF_UNSPEC)`: the program dissolves the connection and keeps the socket.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::data::{SENDER_HAD_REPLIED, SENDER_RECEIVED_NOTHING};
use crate::evidence::form::RST_IS_ACTIVE;
use crate::evidence::handshake::HANDSHAKE_INCOMPLETE;
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "connect-unspec",
    title: "the program on {sender} dissolved the connection with connect(AF_UNSPEC)",
    explanation: "connect() with the address family AF_UNSPEC turns a connected socket back into an unconnected one. For \
        UDP that is harmless; for TCP the kernel aborts the connection. Connection pools do so to use a socket again, and \
        programs that leave the address structure zeroed do so by mistake.",
    effect: "{receiver}: ECONNRESET. {sender}: connect() succeeds, the next recv() reports ECONNRESET too; what it had not \
        yet delivered is lost.",
    sources: &[
        rfc(9293, "3.10.5"),
        kernel("net/ipv4/af_inet.c", "__inet_stream_connect"),
        kernel("net/ipv4/tcp.c", "tcp_disconnect"),
        Source::Other("connect(2)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[KernelSign::through(RstReason::TcpState, "__inet_stream_connect")],
    rule: Rule {
        needs: &[&RST_IS_ACTIVE],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        // What speaks against unread data speaks for every deliberate abort.
        supported_by: &[&SENDER_RECEIVED_NOTHING, &SENDER_HAD_REPLIED],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical("linger-zero", "TCPAbortOnData counts it on {sender}; its program closed the socket"),
        LookAlike::identical(
            "close-unread",
            "data would have been unread when {sender} closed: TCPAbortOnClose counts it there",
        ),
        LookAlike::identical("exit-unread", "the process on {sender} ended at that moment, with data unread"),
        LookAlike::identical(
            "sock-destroy",
            "`ss -K` or an agent on {sender}: its program gets ECONNABORTED; the kernel's stack shows tcp_abort",
        ),
        LookAlike::identical(
            "listener-close-pending",
            "{server}'s listener ended at that moment, before accept(): the program never had the connection",
        ),
        LookAlike::identical("keepalive-timeout", "keepalive probes without an answer would come before it"),
        LookAlike::similar("proxy-relays-reset", "{sender} is a proxy whose other side was reset at that moment"),
    ],
    advice: &[
        "on {sender}: `strace -f -e trace=connect -p PID` shows connect() with sa_family=AF_UNSPEC",
        "end a TCP connection with shutdown() and close(); open a new socket for the next one",
        "is an address structure passed to connect() that was never filled in?",
    ],
    zh: Words {
        title: "{sender}上的程序用 connect(AF_UNSPEC) 解除了连接",
        explanation: "以 AF_UNSPEC 地址族调用 connect()，会把已连接的套接字变回未连接状态。对 UDP 没有害处；对 TCP，\
            内核会直接中止连接。有的连接池用它来复用套接字，也有程序是误用：地址结构没填、全是零。",
        effect: "{receiver}：ECONNRESET。{sender}：connect() 成功，下一次 recv() 也报 ECONNRESET；尚未送达的数据丢失。",
        variants: &[],
        told_apart_by: &[
            ("linger-zero", "{sender}上的 TCPAbortOnData 会计数；是其程序关闭了套接字"),
            ("close-unread", "{sender}关闭时应有未读数据：那里的 TCPAbortOnClose 会计数"),
            ("exit-unread", "{sender}上的进程在那一刻结束，且有未读数据"),
            ("sock-destroy", "{sender}上的 `ss -K` 或 agent：其程序得到 ECONNABORTED；内核调用栈里有 tcp_abort"),
            ("listener-close-pending", "{server}的监听套接字在那一刻、accept() 之前结束：程序从未拿到这条连接"),
            ("keepalive-timeout", "在它之前会有得不到应答的保活探测"),
            ("proxy-relays-reset", "{sender}是代理，它的另一侧在那一刻被重置"),
        ],
        advice: &[
            "在{sender}上：`strace -f -e trace=connect -p PID` 能看到 sa_family=AF_UNSPEC 的 connect()",
            "结束 TCP 连接请用 shutdown() 和 close()；下一条连接新建套接字",
            "是不是有没填好的地址结构传给了 connect()？",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Possible};

    const DISSOLVED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        1.000 C > S RA 1:1(0) ack 1";

    #[test]
    fn packets_alone_name_it_beside_the_other_deliberate_aborts() {
        judged(DISSOLVED).is("linger-zero", Possible).beside(&["connect-unspec", "sock-destroy"]);
    }

    #[test]
    fn the_stack_through_connect_makes_it_certain() {
        let stack = ["tcp_send_active_reset", "tcp_disconnect", "__inet_stream_connect", "__sys_connect"];
        judged_with(DISSOLVED, RstReason::TcpState, &stack).is("connect-unspec", Certain).without(&["linger-zero"]);
    }

    #[test]
    fn a_reset_in_answer_is_no_decision_of_the_program() {
        let text = DISSOLVED.replace("1.000 C > S RA 1:1(0) ack 1", "1.000 C < S PA 1:11(10) ack 1\n+0 C > S R 1:1(0)");
        judged(&text).without(&["connect-unspec"]);
    }
}
