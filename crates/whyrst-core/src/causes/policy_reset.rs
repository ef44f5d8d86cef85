//! A device on the path resets because a rule forbids what was asked: an address, a name, a content.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Source, Words, rfc};
use crate::ending::EndingKind;
use crate::evidence::firewall::RESET_ON_FIRST_REQUEST;
use crate::evidence::forgery::{RST_SEQ_CLIMBS, RST_WINDOWS_COUNT, RSTS_BOTH_WAYS};
use crate::evidence::handshake::SYN_SEEN;
use crate::evidence::path::{
    RST_CONTRADICTS_SENDER, RST_IP_ID_FOREIGN, RST_LACKS_TIMESTAMPS, RST_TTL_DIFFERS, RST_WINDOW_ODD, SENDER_TALKED_ON,
};
use crate::evidence::vantage::{RST_LEFT_ITS_SENDER, RST_MADE_BETWEEN};

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "policy-reset",
    title: "a device on the path reset the connection when it had seen the client's first request",
    explanation: "A firewall, intrusion prevention, a proxy filter or a censor reads the first bytes of a connection (the \
        name in a TLS ClientHello or a Host header, a signature) and ends it with forged resets, often to both ends. A \
        forgery that follows the first request at once, before the server has said anything, is that pattern.",
    effect: "client: ECONNRESET before any answer; server: ECONNRESET although nothing was wrong. The same request fails \
        again, another name or path does not.",
    sources: &[
        rfc(3360, "2"),
        Source::Other("Raman et al.: Global, Passive Detection of Connection Tampering, SIGCOMM 2023"),
        Source::Other("Weaver, Sommer, Paxson: Detecting Forged TCP Reset Packets, NDSS 2009"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Policy,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_CONTRADICTS_SENDER, &RESET_ON_FIRST_REQUEST, &SYN_SEEN],
        refuted_by: &[&RST_LEFT_ITS_SENDER],
        supported_by: &[
            &RST_MADE_BETWEEN,
            &SENDER_TALKED_ON,
            &RST_SEQ_CLIMBS,
            &RST_WINDOWS_COUNT,
            &RST_TTL_DIFFERS,
            &RST_LACKS_TIMESTAMPS,
            &RST_IP_ID_FOREIGN,
            &RST_WINDOW_ODD,
            &RSTS_BOTH_WAYS,
        ],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::special_case("injected-rst", "the forgery has nothing to do with what the client asked for"),
        LookAlike::identical(
            "fw-reject-established",
            "a rule on {sender} itself rejected the segment: its counter rises there, and the RST leaves {sender}",
        ),
        LookAlike::identical("fw-reject-transit", "the rule is about ports and addresses: any content is rejected"),
        LookAlike::identical("fw-state-lost", "any content is rejected, once; a new connection passes"),
    ],
    advice: &[
        "repeat the request with another name or harmless content on the same path: does it pass? then a rule reads along",
        "capture at both ends: a RST that arrives and never left the other end was made in between; its TTL says how far away",
        "ask whoever runs firewalls, intrusion prevention or web filters on the path, with time, addresses and name",
    ],
    zh: Words {
        title: "路径上的设备看到客户端的第一个请求后重置了连接",
        explanation: "防火墙、入侵防御、代理过滤或审查设备会读取连接的头几个字节（TLS ClientHello 里的域名、Host 头、\
            特征串），再用伪造的 RST 断开，往往是两端都发。紧跟在第一个请求之后、服务端还没说任何话就到来的伪造 RST，\
            正是这种模式。",
        effect: "客户端：还没有得到应答就 ECONNRESET；服务端：明明没有问题也得到 ECONNRESET。同样的请求再试还会失败，\
            换个域名或路径就不会。",
        variants: &[],
        told_apart_by: &[
            ("injected-rst", "伪造与客户端请求的内容无关"),
            ("fw-reject-established", "{sender}本机的规则拒绝了报文：那里的计数器增长，RST 也从{sender}发出"),
            ("fw-reject-transit", "规则针对端口和地址：任何内容都会被拒绝"),
            ("fw-state-lost", "任何内容都会被拒绝，但只一次；新连接能通过"),
        ],
        advice: &[
            "在同一路径上换个域名或无害的内容重发请求：能通过吗？能就说明有规则在读内容",
            "在两端抓包：到达了却不是从对端发出的 RST，就是中间设备生成的；它的 TTL 说明离得多远",
            "带上时间、地址和域名，询问路径上防火墙、入侵防御或 Web 过滤的管理者",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::judged;
    use crate::verdict::Confidence::Likely;

    const FILTERED: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1 ttl 54
        +0.0001 C > S A 1:1(0) ack 1
        0.030 C > S PA 1:201(200) ack 1
        +0.003 C < S RA 1:1(0) ack 201 ttl 61 ts none win 0 id 4242";

    #[test]
    fn a_forgery_right_after_the_first_request_points_at_a_rule() {
        judged(FILTERED).is("policy-reset", Likely).beside(&["injected-rst"]);
    }

    #[test]
    fn after_an_answer_it_is_a_forgery_like_any_other() {
        let text =
            FILTERED.replace("+0.003 C < S RA 1:1", "+0.003 C < S PA 1:51(50) ack 201 ttl 54\n+0.5 C < S RA 51:51");
        judged(&text).without(&["policy-reset"]);
    }

    #[test]
    fn a_reset_that_looks_like_the_servers_own_is_none() {
        judged(&FILTERED.replace("ttl 61 ts none win 0 id 4242", "ttl 54")).without(&["policy-reset"]);
    }
}
