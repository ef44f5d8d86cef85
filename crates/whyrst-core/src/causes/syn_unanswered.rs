//! The silent host: nobody answers the SYN, not even with a RST.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::failed::{ICMP_UNREACHABLE, SYN_RETRIED, SYN_UNANSWERED};
use crate::scenario::{
    Action, CLIENT, Expect, Finding, Host, Kind, Limit, Packet, Reproduction, Rule as WireRule, SERVER, Scenario,
    SocketOption, Treatment, Verdicts, Wire,
};

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "syn-unanswered",
    title: "nothing came back from {server}: no SYN-ACK, no RST, no ICMP error",
    explanation: "The SYN or its answer was dropped on the way, the host is down or the address unused, or a firewall \
        drops instead of rejecting (Windows does so by default for closed ports: stealth mode). A closed port on a plain \
        host would have answered with RST.",
    effect: "connect() waits through all SYN retries (Linux: about 127 s) and fails with ETIMEDOUT, or ends with the \
        client's own timeout.",
    sources: &[
        rfc(6298, "2.1"),
        kernel("net/ipv4/tcp_timer.c", "tcp_retransmit_timer"),
        Source::Other("Microsoft KB 2586744 (stealth mode)"),
    ],
    ending: EndingKind::FailedConnect,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[],
    rule: Rule { needs: &[&SYN_UNANSWERED, &SYN_RETRIED], refuted_by: &[&ICMP_UNREACHABLE], supported_by: &[] },
    variants: &[],
    look_alikes: &[LookAlike::similar(
        "icmp-unreachable",
        "an ICMP error would come back; a capture filter of `tcp` hides it",
    )],
    advice: &[
        "capture on {server}: does the SYN arrive? if yes, its own firewall or a full listen queue drops it (`nstat -az TcpExtListenDrops`)",
        "if it does not arrive: `traceroute -T -p PORT` shows how far it gets; security groups, routes, a host that is down",
        "if a SYN-ACK leaves {server} but never comes back: asymmetric routing or a stateful filter",
    ],
    zh: Words {
        title: "{server}没有任何回应：没有 SYN-ACK，没有 RST，也没有 ICMP 差错",
        explanation: "SYN 或它的应答在路上被丢弃、主机宕机或地址没人用，或者防火墙丢弃而不是拒绝（Windows 默认对没监\
            听的端口就是这样：隐身模式）。普通主机上没监听的端口会回 RST。",
        effect: "connect() 等完所有 SYN 重传（Linux 约 127 s）后以 ETIMEDOUT 失败，或者先撞上客户端自己的超时。",
        variants: &[],
        told_apart_by: &[("icmp-unreachable", "会有 ICMP 差错回来；`tcp` 这样的抓包过滤条件会把它漏掉")],
        advice: &[
            "在{server}上抓包：SYN 到达了吗？如果到了，就是它自己的防火墙或已满的监听队列丢弃了它（\
                `nstat -az TcpExtListenDrops`）",
            "如果没到：`traceroute -T -p PORT` 能看到走到了哪一跳；查安全组、路由、主机是否宕机",
            "如果{server}发出了 SYN-ACK 却没有回来：来回路径不对称，或者有状态过滤",
        ],
    },
    reproduction: Reproduction::Lab(SCENARIOS),
};

static SCENARIOS: &[Scenario] = &[
    SILENCE,
    DROPPED,
    Scenario::new(
        "connect-timeout-syn-lost",
        "The path loses the SYN and its repetition, and the client gives up: no RST on either end.",
        &[
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT
                .does(Action::ConnectWithin { to: Host::Server, port: 8888, limit: Limit::NonBlocking, ms: 1_200 })
                .gives(0),
            CLIENT.does(Action::Close),
        ],
        Expect { client: Verdicts::FailedConnect("syn-unanswered"), server: Verdicts::NoReset, kernel: &[] },
    )
    .on(Wire::PLAIN.with(&[WireRule::on(Packet::every(Kind::Syn, Host::Client), Treatment::Drop)])),
    Scenario::new(
        "md5-missing",
        "The server demands signed segments and the client's SYN is not: it is dropped, although the port listens.",
        &[
            SERVER.does(Action::Set(SocketOption::Md5Key(Host::Client, "secret"))),
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT
                .does(Action::ConnectWithin { to: Host::Server, port: 8888, limit: Limit::NonBlocking, ms: 1_200 })
                .gives(0),
            CLIENT.does(Action::Close),
        ],
        Expect::failed_connect("syn-unanswered"),
    ),
    Scenario::new(
        "md5-wrong-key",
        "Both ends sign, with different keys: silence as well.",
        &[
            SERVER.does(Action::Set(SocketOption::Md5Key(Host::Client, "secret"))),
            SERVER.does(Action::Listen { port: 8888 }),
            CLIENT.does(Action::Set(SocketOption::Md5Key(Host::Server, "another"))),
            CLIENT
                .does(Action::ConnectWithin { to: Host::Server, port: 8888, limit: Limit::NonBlocking, ms: 1_200 })
                .gives(0),
            CLIENT.does(Action::Close),
        ],
        Expect::failed_connect("syn-unanswered"),
    ),
];

const DROPPED: Scenario = Scenario::new(
    "fw-drop-syn",
    "A service listens, but its host's firewall drops the SYNs instead of rejecting them: the client hears nothing.",
    &[
        SERVER.does(Action::Listen { port: 8888 }),
        SERVER.does(Action::Nft(
            "table inet lab { chain input { type filter hook input priority 0; tcp dport 8888 drop; }; }",
        )),
        CLIENT
            .does(Action::ConnectWithin { to: Host::Server, port: 8888, limit: Limit::SendTimeout, ms: 1_200 })
            .fails("EINPROGRESS"),
        CLIENT.does(Action::Close),
    ],
    Expect::failed_connect("syn-unanswered"),
);

const SILENCE: Scenario = Scenario::new(
    "syn-unanswered",
    "A client connects to an address where nobody answers, not even its second SYN, and gives up after 1.2 s.",
    &[
        CLIENT
            .does(Action::ConnectWithin { to: Host::Silent, port: 8888, limit: Limit::SendTimeout, ms: 1_200 })
            .fails("EINPROGRESS")
            .taking_ms(1_190, 1_900),
        CLIENT.does(Action::Close),
    ],
    Expect::failed_connect("syn-unanswered"),
)
.told(
    "some hosts stay silent instead of sending RST, for instance Windows 7",
    Finding::HoldsCorrected,
    "no RST here: connect() {client.connect}. On Windows it is the firewall's stealth mode, on by default, not the \
     TCP stack, that keeps silent; a Linux firewall that drops does the same",
);

#[cfg(test)]
mod tests {
    use crate::testing::{conversation, judged};
    use crate::verdict::Confidence::{Likely, Unexplained};

    #[test]
    fn a_syn_that_nobody_answers_is_told() {
        let text = "
            0.000 C > S S 0:0(0)
            1.000 C > S S 0:0(0)
            3.000 C > S S 0:0(0)";
        judged(text).is("syn-unanswered", Likely);
    }

    #[test]
    fn a_capture_that_ends_at_once_cannot_know() {
        judged("0.000 C > S S 0:0(0)").is("unexplained", Unexplained);
    }

    #[test]
    fn a_late_segment_of_the_connection_before_is_no_answer() {
        let text = "
            0.000 C > S S 0:0(0)
            0.001 C < S A 7000:7000(0) ack 9000
            1.000 C > S S 0:0(0)
            3.000 C > S S 0:0(0)";
        judged(text).is("syn-unanswered", Likely);
    }

    #[test]
    fn an_answer_is_an_answer() {
        let text = "
            0.000 C > S S 0:0(0)
            1.000 C > S S 0:0(0)
            1.010 C < S SA 0:0(0) ack 1
            1.011 C > S A 1:1(0) ack 1";
        assert!(conversation(text).endings().is_empty());
    }

    #[test]
    fn one_direction_alone_is_no_failed_connect() {
        let text = "
            0.000 C > S S 0:0(0)
            0.010 C > S A 1:1(0) ack 1
            0.020 C > S PA 1:101(100) ack 1";
        assert!(conversation(text).endings().is_empty());
    }
}
