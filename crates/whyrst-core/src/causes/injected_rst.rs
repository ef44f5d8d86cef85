//! Somebody in or beside the path forged the RST.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Source, Words, rfc};
use crate::ending::EndingKind;
use crate::evidence::forgery::{RST_SEQ_CLIMBS, RST_WINDOWS_COUNT, RSTS_BOTH_WAYS};
use crate::evidence::handshake::SYN_SEEN;
use crate::evidence::path::{
    RST_CONTRADICTS_SENDER, RST_IP_ID_FOREIGN, RST_LACKS_TIMESTAMPS, RST_TTL_DIFFERS, RST_WINDOW_ODD, SENDER_TALKED_ON,
};
use crate::evidence::vantage::{RST_LEFT_ITS_SENDER, RST_MADE_BETWEEN, TRIGGER_DROPPED};

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "injected-rst",
    title: "something on the path sent it in {sender}'s name: {sender} itself did not reset the connection",
    explanation: "Firewalls, intrusion prevention, parental filters, censors, some providers and attackers end \
        connections with forged RSTs. A device on the path knows the exact numbers; it cannot copy everything else: hop \
        count, identification, timestamps, and the real host goes on talking.",
    effect: "{receiver} gets ECONNRESET (EPIPE after a FIN) although {sender} is well; {sender} finds out when its next \
        packet is answered by a genuine RST.",
    sources: &[
        rfc(5961, "3"),
        rfc(3360, "2"),
        Source::Other("Weaver, Sommer, Paxson: Detecting Forged TCP Reset Packets, NDSS 2009"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Attack,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_CONTRADICTS_SENDER, &SYN_SEEN],
        refuted_by: &[&RST_LEFT_ITS_SENDER, &TRIGGER_DROPPED],
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
        LookAlike::identical(
            "fw-reject-transit",
            "a rule of a firewall on the path rejected the segment that the RST answers: nothing of it arrives on the far side",
        ),
        LookAlike::identical(
            "fw-state-lost",
            "a stateful firewall on the path had forgotten the connection: only the end that spoke is told",
        ),
        LookAlike::identical(
            "fw-reject-established",
            "a rule on {sender} itself rejected the segment: its counter rises there, and the RST leaves {sender}",
        ),
        LookAlike::identical(
            "nat-mapping-lost",
            "a NAT on the path had forgotten the connection, and its own kernel answered",
        ),
        LookAlike::identical(
            "address-moved",
            "the address would answer from another host from then on: another MAC, other identifications",
        ),
        LookAlike::similar("asymmetric-route", "a stateful filter had seen only one direction of the handshake"),
        LookAlike::identical(
            "synproxy-backend-closed",
            "a SYN proxy passed on the refusal of the host behind it: its SYN-ACK had window 0",
        ),
        LookAlike::identical(
            "idle-timeout-reset",
            "a load balancer or proxy would reset both ends after a round number of seconds of silence",
        ),
        LookAlike::special_case(
            "policy-reset",
            "it came right after the first request: a rule about address, name or content",
        ),
        LookAlike::special_case("device-artefact", "its numbers would be megabytes off: a translating device"),
        LookAlike::identical(
            "conntrack-invalid-dnat",
            "{sender} itself reset a reply that had lost its translation: its kernel counts the RST",
        ),
    ],
    advice: &[
        "capture on {sender} at the same time: a RST that arrives at {receiver} but never left {sender} was made in between",
        "the TTL says how far away its maker is: compare with `traceroute` from {receiver}",
        "try another path, port or (for a filter by name) an encrypted name; ask whoever runs the firewalls on the path",
        "IPsec, TCP-AO or QUIC protect against it; TLS does not protect the TCP header",
    ],
    zh: Words {
        title: "路径上有设备冒用{sender}的名义发了 RST：{sender}自己并没有重置连接",
        explanation: "防火墙、入侵防御、上网行为管理、审查设备、某些运营商和攻击者都会用伪造的 RST 断开连接。路径上\
            的设备知道准确的序列号，但其他东西它没法全部仿造：跳数、IP ID、时间戳；而且真正的主机还会继续发送。",
        effect: "{receiver}得到 ECONNRESET（FIN 之后则是 EPIPE），而{sender}一切正常；等{sender}的下一个报文得到真正\
            的 RST，它才会发现。",
        variants: &[],
        told_apart_by: &[
            ("fw-reject-transit", "路径上防火墙的规则拒绝了 RST 所应答的报文：它没有到达远端"),
            ("fw-state-lost", "路径上的有状态防火墙忘了这条连接：只有发送的一端会知道"),
            ("fw-reject-established", "{sender}本机的规则拒绝了报文：那里的计数器增长，RST 也从{sender}发出"),
            ("nat-mapping-lost", "路径上的 NAT 忘了这条连接，由它自己的内核应答"),
            ("address-moved", "此后该地址会由另一台主机应答：MAC 不同，IP ID 也不同"),
            ("asymmetric-route", "有状态过滤只看到了握手的一个方向"),
            ("synproxy-backend-closed", "SYN 代理把后面主机的拒绝传了回来：它的 SYN-ACK 窗口为 0"),
            ("idle-timeout-reset", "负载均衡或代理会在空闲整数秒之后重置两端"),
            ("policy-reset", "它紧跟在第一个请求之后：是针对地址、域名或内容的规则"),
            ("device-artefact", "它的序列号会相差数兆字节：是做地址转换的设备"),
            ("conntrack-invalid-dnat", "是{sender}自己重置了一个没有经过地址转换的回包：其内核会计数这个 RST"),
        ],
        advice: &[
            "同时在{sender}上抓包：如果 RST 到达了{receiver}，却从未从{sender}发出，就是中间设备生成的",
            "TTL 说明生成者离得有多远：与从{receiver}出发的 `traceroute` 对照",
            "换一条路径、换端口，或者（针对按域名过滤的设备）用加密的域名试试；询问路径上防火墙的管理者",
            "IPsec、TCP-AO 或 QUIC 可以防住；TLS 不保护 TCP 头",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_unsent, judged_with};
    use crate::verdict::Confidence::{Likely, Possible};
    use crate::verdict::Judgement;

    const OPEN: &str = "
        0.000 C > S S 0:0(0)
        +0.020 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C > S PA 1:101(100) ack 1
        +0.020 C < S A 1:1(0) ack 101
        +0.001 C < S PA 1:51(50) ack 101
        +0.001 C < S PA 51:101(50) ack 101
        +0.001 C < S PA 101:151(50) ack 101
        +0.040 C > S A 101:101(0) ack 151
        0.200 C > S PA 101:201(100) ack 151";

    fn after(rest: &str) -> Judgement {
        judged(&std::format!("{OPEN}\n{rest}"))
    }

    #[test]
    fn a_host_that_goes_on_had_not_reset() {
        after(
            "
            0.205 C < S RA 151:151(0) ack 201 ttl 57 id 4242 ts none win 1980
            0.225 C < S PA 151:1151(1000) ack 201
            +0.0001 C > S R 201:201(0)",
        )
        .is("injected-rst", Likely)
        .without(&["close-unread", "linger-zero"]);
    }

    #[test]
    fn two_odd_fields_are_enough_and_one_is_not() {
        after("0.205 C < S RA 151:151(0) ack 201 ttl 57 ts none").is("injected-rst", Likely);
        let one = after("0.205 C < S RA 151:151(0) ack 201 ttl 57");
        assert_eq!(one.confidence, Possible, "{}", one.explained());
        assert_ne!(one.cause.map(|cause| cause.id), Some("injected-rst"));
    }

    #[test]
    fn a_firewall_that_rejects_on_the_path_looks_the_same() {
        after(
            "
            0.205 C < S R 151:151(0) ttl 62
            0.225 C < S PA 151:1151(1000) ack 101",
        )
        .is("injected-rst", Possible)
        .beside(&["fw-reject-transit", "fw-state-lost"]);
    }

    #[test]
    fn data_that_the_reset_overtook_is_no_sign() {
        after(
            "
            0.2050 C < S RA 1151:1151(0) ack 201
            0.2051 C < S PA 151:1151(1000) ack 201",
        )
        .without(&["injected-rst"]);
    }

    #[test]
    fn random_identifications_are_no_sign() {
        let text = std::format!("{OPEN}\n0.205 C < S RA 151:151(0) ack 201 ts none id 9999")
            .replace("PA 51:101(50) ack 101", "PA 51:101(50) ack 101 id 60000")
            .replace("PA 101:151(50) ack 101", "PA 101:151(50) ack 101 id 31000");
        let judgement = judged(&text);
        assert_ne!(judgement.cause.map(|cause| cause.id), Some("injected-rst"), "{}", judgement.explained());
    }

    #[test]
    fn after_a_long_silence_it_is_rather_a_load_balancer() {
        after("350.2 C < S A 151:151(0) ack 201\n700.5 C < S RA 151:151(0) ack 201 ttl 250 ts none")
            .is("idle-timeout-reset", Possible)
            .beside(&["injected-rst"]);
    }

    #[test]
    fn the_kernel_of_the_host_decides() {
        let text = std::format!("{OPEN}\n0.205 C < S RA 151:151(0) ack 201 ttl 57 ts none");
        judged_with(&text, RstReason::TcpAbortOnClose, &["__tcp_close"]).without(&["injected-rst"]);
        judged_unsent(&text).is("injected-rst", Likely).without(&["close-unread"]);
    }
}
