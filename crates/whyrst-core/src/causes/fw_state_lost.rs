//! A stateful firewall on the path has forgotten the connection and rejects what it does not know.

use crate::cause::{Breadth, Cause, LookAlike, Rule, Severity, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::firewall::RST_FROM_NEARER;
use crate::evidence::form::{DSCP_MIRRORED, FLOW_LABEL_SET, RST_ANSWERS_SYN_ACK, RST_IS_BARE, RST_IS_PASSIVE};
use crate::evidence::handshake::HANDSHAKE_COMPLETED;
use crate::evidence::path::RST_TTL_DIFFERS;
use crate::evidence::timing::WAS_IDLE;
use crate::evidence::vantage::{
    ALL_REACHED_SENDER, RST_LEFT_ITS_SENDER, RST_MADE_BETWEEN, TRIGGER_DROPPED, TRIGGER_REACHED_SENDER,
};

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "fw-state-lost",
    title: "a stateful firewall between the two forgot the connection and rejected its next segment",
    explanation: "A stateful firewall lets a connection through because it saw its SYN. After a reload, a failover without \
        synchronised state, or a silence longer than its timeout it knows nothing of it, and a rule that rejects such \
        segments answers with a reset in {sender}'s name. Only the end that spoke is told.",
    effect: "{receiver}: ECONNRESET. {sender}: nothing; it holds a connection whose other end is gone, until it sends something.",
    sources: &[
        rfc(2979, "3"),
        kernel("net/netfilter/nf_conntrack_proto_tcp.c", "nf_conntrack_tcp_packet"),
        kernel("net/ipv4/netfilter/nf_reject_ipv4.c", "nf_send_reset"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Fault,
    kernel_reasons: &[],
    rule: Rule {
        needs: &[&RST_IS_PASSIVE, &HANDSHAKE_COMPLETED, &RST_IS_BARE],
        refuted_by: &[
            &RST_LEFT_ITS_SENDER,
            &TRIGGER_REACHED_SENDER,
            &ALL_REACHED_SENDER,
            &SENDER_HAD_CLOSED,
            &RST_ANSWERS_SYN_ACK,
            &DSCP_MIRRORED,
            &FLOW_LABEL_SET,
        ],
        supported_by: &[&RST_MADE_BETWEEN, &TRIGGER_DROPPED, &RST_TTL_DIFFERS, &RST_FROM_NEARER, &WAS_IDLE],
    },
    variants: &[],
    look_alikes: &[
        LookAlike::identical(
            "fw-reject-transit",
            "a rule of that firewall forbids this traffic: new connections would be reset as well",
        ),
        LookAlike::identical(
            "fw-reject-established",
            "the rule is on {sender} itself: its counter rises there, and the RST leaves {sender}",
        ),
        LookAlike::identical(
            "nat-mapping-lost",
            "it is a NAT that forgot: captures on both of its sides show different ports or addresses",
        ),
        LookAlike::identical(
            "half-open-no-listener",
            "{sender} itself lost the connection: its kernel counts the RST in Tcp OutRsts",
        ),
        LookAlike::identical(
            "half-open-listener",
            "{sender} itself lost the connection: its kernel counts the RST in Tcp OutRsts",
        ),
        LookAlike::identical(
            "injected-rst",
            "something resets on purpose: not after a silence or a reload, and often both ends at once",
        ),
        LookAlike::identical(
            "asymmetric-route",
            "the firewall never saw the other direction: it rejects the last ACK of every handshake",
        ),
        LookAlike::identical(
            "idle-timeout-reset",
            "the silence before it is the idle timeout of a device; nothing was reloaded",
        ),
        LookAlike::identical(
            "policy-reset",
            "a device resets by what it reads: other content passes, and often both ends are reset",
        ),
        LookAlike::identical(
            "sender-gave-up",
            "{sender}'s retransmissions or probes went unanswered before, until its stack gave up without a word",
        ),
        LookAlike::identical(
            "syncookie-invalid",
            "{server} used SYN cookies and could not verify this one: SyncookiesSent rises there",
        ),
    ],
    advice: &[
        "the RST's TTL against {sender}'s other packets says how many hops away its maker is: `traceroute` names it",
        "on that firewall: was it reloaded or failed over then? compare the silence before with its TCP timeout",
        "keep state over reloads and failovers (conntrackd, session sync); reload rules without a flush",
        "keepalives shorter than the smallest timeout on the path; on the end that was not told they find the loss",
    ],
    zh: Words {
        title: "两端之间的有状态防火墙丢失了会话，拒绝了下一个报文",
        explanation: "有状态防火墙因为见过 SYN 才放行这条连接。规则重载、未同步会话的主备切换，或空闲超过它的超时之\
            后，它就不认识这条连接了，而某条规则以{sender}的名义对这种报文回 RST。只有发送报文的一端会知道。",
        effect: "{receiver}：ECONNRESET。{sender}：没有任何感知；它还保留着对端已不存在的连接，直到自己发送数据。",
        variants: &[],
        told_apart_by: &[
            ("fw-reject-transit", "那台防火墙有规则禁止这种流量：新连接也会被重置"),
            ("fw-reject-established", "规则就在{sender}本机上：那里的计数器增长，RST 也从{sender}发出"),
            ("nat-mapping-lost", "丢失的是 NAT：在它两侧抓包，端口或地址不同"),
            ("half-open-no-listener", "是{sender}自己丢失了连接：其内核把 RST 计入 Tcp OutRsts"),
            ("half-open-listener", "是{sender}自己丢失了连接：其内核把 RST 计入 Tcp OutRsts"),
            ("injected-rst", "有设备在有意重置：与空闲或重载无关，且往往同时重置两端"),
            ("asymmetric-route", "防火墙从来没看到另一个方向：每次握手的最后一个 ACK 都被它拒绝"),
            ("idle-timeout-reset", "之前的空闲时长就是某台设备的空闲超时；没有重载过什么"),
            ("policy-reset", "设备根据读到的内容重置：换别的内容就能通过，且往往两端都被重置"),
            ("sender-gave-up", "此前{sender}的重传或探测一直没有应答，直到协议栈悄无声息地放弃"),
            ("syncookie-invalid", "{server}使用了 SYN cookie 但无法验证这一个：那里的 SyncookiesSent 增长"),
        ],
        advice: &[
            "把 RST 的 TTL 与{sender}其他报文的比较，可知生成者在几跳之外：`traceroute` 可查出是谁",
            "在那台防火墙上：当时是否重载或切换过？把之前的空闲时长与它的 TCP 会话超时对照",
            "重载和切换时保留会话（conntrackd、会话同步）；重载规则时不要清空会话表",
            "保活间隔要短于路径上最小的超时；在没收到通知的那一端，保活才能发现连接已断",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::{judged, judged_unsent};
    use crate::verdict::Confidence::Possible;

    const FORGOTTEN: &str = "
        0.000 C > S S 0:0(0)
        +0.010 C < S SA 0:0(0) ack 1 ttl 61
        +0.0001 C > S A 1:1(0) ack 1
        0.020 C > S PA 1:101(100) ack 1
        +0.010 C < S A 1:1(0) ack 101 ttl 61
        900.0 C > S PA 101:201(100) ack 1
        +0.001 C < S R 1:1(0) ttl 63";

    #[test]
    fn a_reset_from_nearer_by_after_a_long_silence_points_at_the_path() {
        judged(FORGOTTEN).is("fw-state-lost", Possible).beside(&[
            "nat-mapping-lost",
            "fw-reject-transit",
            "address-moved",
        ]);
        judged_unsent(FORGOTTEN).is("fw-state-lost", Possible).without(&["half-open-no-listener", "address-moved"]);
    }

    #[test]
    fn without_silence_and_distance_it_is_only_named() {
        let near = FORGOTTEN.replace("900.0", "0.900").replace("ttl 63", "ttl 61");
        judged(&near).is("half-open-no-listener", Possible).beside(&["fw-state-lost"]);
    }

    #[test]
    fn an_abort_is_none() {
        judged(&FORGOTTEN.replace("R 1:1(0)", "RA 1:1(0) ack 201")).without(&["fw-state-lost"]);
    }
}
