//! The first octets are not what the service speaks.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::handshake::HANDSHAKE_INCOMPLETE;
use crate::evidence::multipath::RST_IS_FASTCLOSE;
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::evidence::speech::{PROTOCOLS_DIFFER, SERVER_ANSWERED_OTHERWISE};
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "protocol-mismatch",
    title: "{client} spoke another protocol than {server}",
    explanation: "TLS to a port for plain text, HTTP to a port for TLS or SSH, a PROXY header that nobody expects, HTTP/2 to a \
        server of HTTP/1: {server} cannot make sense of the first octets and closes with the rest of them unread.",
    effect: "{client}: an answer that it cannot read, or ECONNRESET. {server}: a line about bad syntax in its log.",
    sources: &[
        rfc(8446, "5.1"),
        rfc(9112, "3"),
        rfc(4253, "4.2"),
        Source::Other("HAProxy, The PROXY protocol, versions 1 and 2"),
        kernel("net/ipv4/tcp.c", "__tcp_close (data_was_unread)"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[
        KernelSign::reason(RstReason::TcpAbortOnClose),
        KernelSign::through_without(RstReason::TcpState, "__tcp_close", "inet_child_forget"),
        KernelSign::reason(RstReason::TcpTimewaitSocket),
        KernelSign::reason(RstReason::TcpAbortOnData),
    ],
    rule: Rule {
        needs: &[&PROTOCOLS_DIFFER],
        refuted_by: &[&HANDSHAKE_INCOMPLETE, &RST_CONTRADICTS_SENDER, &RST_IS_FASTCLOSE],
        supported_by: &[&SERVER_ANSWERED_OTHERWISE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::how("close-unread", "{server} would have understood the request and left a rest unread"),
        LookAlike::how("exit-unread", "the process on {server} ended at that moment"),
        LookAlike::how("linger-zero", "{sender} would reset after every connection"),
        LookAlike::how("data-after-close", "{receiver} would have written after a close for another reason"),
        LookAlike::similar("server-busy-close", "{server} would close on every client, whatever it says"),
        LookAlike::similar("tls-alert", "both ends speak TLS and an alert says what is wrong"),
    ],
    advice: &[
        "compare what {client} is configured to speak (http or https, PROXY header on or off, HTTP/2) with {server}'s port",
        "try both: `curl -v http://HOST:PORT/`, `openssl s_client -connect HOST:PORT`, `nc HOST PORT` shows a banner",
        "behind a balancer: do both ends agree on the PROXY protocol and its version?",
    ],
    zh: Words {
        title: "{client}说的协议与{server}的不同",
        explanation: "对明文端口说 TLS，对 TLS 或 SSH 端口说 HTTP，发了没人要的 PROXY 头，对 HTTP/1 服务说 HTTP/2：\
            {server}看不懂头几个字节，剩下的还没读就关闭了连接。",
        effect: "{client}：得到看不懂的应答，或 ECONNRESET。{server}：日志里有一行语法错误。",
        variants: &[],
        told_apart_by: &[
            ("close-unread", "{server}看得懂请求，只是留下一部分未读"),
            ("exit-unread", "{server}上的进程在那一刻结束"),
            ("linger-zero", "{sender}每条连接之后都会重置"),
            ("data-after-close", "{receiver}在关闭之后写数据是因为别的原因"),
            ("server-busy-close", "{server}对任何客户端都会关闭，不论它说什么"),
            ("tls-alert", "两端都说 TLS，且 alert 指明了问题"),
        ],
        advice: &[
            "核对{client}配置的协议（http 还是 https、是否带 PROXY 头、是否 HTTP/2）与{server}的端口是否一致",
            "两种都试：`curl -v http://HOST:PORT/`、`openssl s_client -connect HOST:PORT`，`nc HOST PORT` 可以看到 \
                banner",
            "在负载均衡后面：两端对 PROXY 协议及其版本的约定一致吗？",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Likely, Possible};

    const BANNER: &str = "
        0.000 C > S:8022 S 0:0(0)
        +0.020 C < S:8022 SA 0:0(0) ack 1
        +0.0001 C > S:8022 A 1:1(0) ack 1
        0.030 C > S:8022 PA 1:81(80) ack 1 says GET_/_HTTP/1.1
        0.055 C < S:8022 PA 1:22(21) ack 81 says SSH-2.0-OpenSSH_9.6
        +0.0001 C < S:8022 RA 22:22(0) ack 81";

    #[test]
    fn a_request_that_is_answered_by_a_banner_of_another_protocol_was_misdirected() {
        let judgement = judged(BANNER);
        judgement.beside(&["close-unread", "linger-zero"]);
        assert!(judgement.confidence <= Likely);
        judgement.is("protocol-mismatch", judgement.confidence);
        judged_with(BANNER, RstReason::TcpAbortOnClose, &["__tcp_close"]).beside(&["close-unread"]);
    }

    #[test]
    fn without_an_answer_the_port_tells() {
        let text = "
            0.000 C > S:22 S 0:0(0)
            +0.020 C < S:22 SA 0:0(0) ack 1
            +0.0001 C > S:22 A 1:1(0) ack 1
            0.030 C > S:22 PA 1:518(517) ack 1 says 0x1603010200
            1.055 C < S:22 RA 1:1(0) ack 518";
        judged(text).is("protocol-mismatch", Possible).beside(&["close-unread", "exit-unread"]);
        judged(&text.replace("S:22", "S:8443")).without(&["protocol-mismatch"]);
        judged(&text.replace("S:22", "S:443")).without(&["protocol-mismatch"]);
    }

    #[test]
    fn one_protocol_on_both_sides_is_no_mismatch() {
        judged(&BANNER.replace("SSH-2.0-OpenSSH_9.6", "HTTP/1.1_400_Bad")).without(&["protocol-mismatch"]);
        judged(&BANNER.replace("SSH-2.0-OpenSSH_9.6", "something_else")).without(&["protocol-mismatch"]);
    }
}
