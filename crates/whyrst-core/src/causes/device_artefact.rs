//! A RST whose numbers belong to another numbering: a translating device made or altered it.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Source, Words, rfc};
use crate::ending::EndingKind;
use crate::evidence::firewall::{RST_FROM_NEARER, RST_NUMBERS_FOREIGN};
use crate::evidence::path::{RST_CONTRADICTS_SENDER, RST_IP_ID_FOREIGN, RST_LACKS_TIMESTAMPS, RST_TTL_DIFFERS};
use crate::evidence::vantage::{RST_LEFT_ITS_SENDER, RST_MADE_BETWEEN};

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "device-artefact",
    title: "a device that translates the connection made or altered this RST: its numbers are not the connection's",
    explanation: "The network of a virtual machine (user-mode NAT of a hypervisor), a firewall that randomises sequence \
        numbers, or a proxy that has let go of the connection: the RST has {sender}'s addresses and another TTL, but its \
        sequence number is megabytes away from everything that {sender} sent. No end made it like that.",
    effect: "none, mostly: {receiver} ignores a RST outside its window (RFC 5961), and the connection was over anyway.",
    sources: &[
        rfc(5961, "3.2"),
        rfc(9293, "3.5.3"),
        Source::Other("VirtualBox manual, network address translation: the NAT engine ends connections itself"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_NUMBERS_FOREIGN, &RST_TTL_DIFFERS],
        refuted_by: &[&RST_LEFT_ITS_SENDER],
        supported_by: &[
            &RST_MADE_BETWEEN,
            &RST_CONTRADICTS_SENDER,
            &RST_FROM_NEARER,
            &RST_LACKS_TIMESTAMPS,
            &RST_IP_ID_FOREIGN,
        ],
    },
    variants: &[],
    look_alikes: &[LookAlike::special_case(
        "injected-rst",
        "a forger knows or guesses numbers near the window; this one is nowhere near it",
    )],
    advice: &[
        "is {receiver} or {sender} a virtual machine behind user-mode NAT (10.0.2.0/24, TTL 255)? capture outside of it as well",
        "does a firewall on the path randomise sequence numbers? compare the numbers on both of its sides",
        "look at what came before: the connection had ended or was given up by the device, and this RST is only its echo",
    ],
    zh: Words {
        title: "这个 RST 是做地址转换的设备生成或改写的：里面的序列号不属于这条连接",
        explanation: "虚拟机的网络（hypervisor 的用户态 NAT）、做序列号随机化的防火墙，或已经释放了连接的代理：RST \
            带着{sender}的地址和另一个 TTL，但序列号与{sender}发过的一切相差数兆字节。两端都不会这样构造 RST。",
        effect: "多半没有影响：{receiver}会忽略落在窗口之外的 RST（RFC 5961），而且连接本来也已经结束了。",
        variants: &[],
        told_apart_by: &[("injected-rst", "伪造者知道或猜到接近窗口的序列号；而这个相去甚远")],
        advice: &[
            "{receiver}或{sender}是不是用户态 NAT 后面的虚拟机（10.0.2.0/24，TTL 255）？在虚拟机外面也抓一份",
            "路径上有没有做序列号随机化的防火墙？在它的两侧比较序列号",
            "看看之前发生了什么：连接已经结束，或已被设备放弃，这个 RST 只是余波",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::judged;
    use crate::verdict::Confidence::{Likely, Possible};

    const CLOSING: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:101(100) ack 1
        +0.001 C < S PA 1:51(50) ack 101
        +0.001 C > S FA 101:101(0) ack 51";

    #[test]
    fn numbers_from_another_numbering_and_another_ttl_are_a_devices() {
        let text = std::format!("{CLOSING}\n+0.001 C < S RA 5000051:5000051(0) ack 102 ttl 255 ts none win 0");
        let judgement = judged(&text);
        assert!(judgement.confidence <= Likely, "{}", judgement.explained());
        assert_eq!(judgement.cause.map(|cause| cause.id), Some("device-artefact"), "{}", judgement.explained());
    }

    #[test]
    fn numbers_of_the_connection_are_none() {
        let text = std::format!("{CLOSING}\n+0.001 C < S RA 51:51(0) ack 102 ttl 255 ts none win 0");
        judged(&text).without(&["device-artefact"]);
    }

    #[test]
    fn foreign_numbers_from_the_hosts_own_distance_are_left_unexplained() {
        let text = std::format!("{CLOSING}\n+0.001 C < S RA 5000051:5000051(0) ack 102 ts none win 0");
        assert!(judged(&text).without(&["device-artefact"]).confidence <= Possible);
    }
}
