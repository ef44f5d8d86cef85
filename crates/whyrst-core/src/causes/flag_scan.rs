//! A port scan by segments that no connection sends: FIN, Xmas, Null.

use crate::cause::{Breadth, Cause, KernelSign, LookAlike, Rule, Severity, Source, Words, kernel, rfc};
use crate::ending::EndingKind;
use crate::evidence::form::{RST_IS_BARE, RST_IS_PASSIVE, TRIGGER_LACKS_ACK};
use crate::evidence::path::RST_CONTRADICTS_SENDER;
use crate::kernel::RstReason;

/// See the module.
pub(super) static CAUSE: Cause = Cause {
    id: "flag-scan",
    title: "a scanner probed a closed port with flags that no connection has (FIN, Xmas or Null scan)",
    explanation: "nmap -sF, -sX and -sN, hping and others send a segment with neither SYN nor ACK. A closed port answers \
        it with RST+ACK; an open one stays silent, as RFC 9293 demands, and a firewall usually too. Windows and some \
        devices reset in both cases. No connection was there, and none ended.",
    effect: "no program sees anything. The scanner learns that the port is closed.",
    sources: &[
        rfc(9293, "3.10.7.1, 3.10.7.2 and 3.10.7.4, fifth"),
        kernel("net/ipv4/tcp_ipv4.c", "tcp_v4_send_reset (!th->ack)"),
        Source::Other("nmap, reference guide: TCP NULL, FIN, and Xmas scans"),
    ],
    ending: EndingKind::Reset,
    breadth: Breadth::Specific,
    severity: Severity::Scan,
    kernel_reasons: &[KernelSign::reason(RstReason::NoSocket)],
    rule: Rule {
        needs: &[&TRIGGER_LACKS_ACK, &RST_IS_PASSIVE],
        refuted_by: &[&RST_CONTRADICTS_SENDER],
        supported_by: &[&RST_IS_BARE],
    },
    variants: &[],
    look_alikes: &[LookAlike::similar(
        "stray-segment",
        "the segment that is answered would have ACK, as those of connections have",
    )],
    advice: &[
        "nothing is broken; find out who {receiver} is: your own security scan, or a stranger",
        "many ports or hosts in a short time make it a scan: rate-limit or block its sender",
        "such segments can be dropped without harm: `nft add rule inet filter input 'tcp flags & (fin|syn|rst|ack) == 0x0 drop'`, and \
         the same with `== fin`",
    ],
    zh: Words {
        title: "扫描器用任何连接都不会有的标志（FIN、Xmas 或 Null 扫描）探测了一个没有监听的端口",
        explanation: "nmap -sF、-sX、-sN 以及 hping 等会发出既没有 SYN 也没有 ACK 的报文。没有监听的端口回 RST+ACK；有监听\
            的端口按 RFC 9293 保持沉默，防火墙通常也是。Windows 和一些设备两种情况都回 RST。这里没有连接，也就没有连接结束。",
        effect: "没有程序看到任何东西。扫描者得知该端口没有监听。",
        variants: &[],
        told_apart_by: &[("stray-segment", "被应答的报文会带 ACK，就像连接里的报文那样")],
        advice: &[
            "没有东西坏掉；查清{receiver}是谁：自己的安全扫描，还是陌生人",
            "短时间内探测许多端口或主机就是扫描：对它限速或封禁",
            "这类报文丢弃也无妨：`nft add rule inet filter input 'tcp flags & (fin|syn|rst|ack) == 0x0 drop'`，对 `== fin` 同样",
        ],
    },
};

#[cfg(test)]
mod tests {
    use crate::cause::Severity;
    use crate::kernel::RstReason;
    use crate::testing::{judged, judged_with};
    use crate::verdict::Confidence::{Certain, Likely};

    const XMAS: &str = "
        0.000 C > S FPU 0:0(0) win 1024 ts none
        +0.020 C < S RA 0:0(0) ack 1";

    #[test]
    fn flags_without_ack_are_a_scan() {
        let judgement = judged(XMAS);
        judgement.is("flag-scan", Likely).without(&[
            "half-open-no-listener",
            "fin-wait2-expired",
            "syncookie-invalid",
            "accept-overflow-ghost",
        ]);
        assert_eq!(judgement.severity, Severity::Scan);
        judged(&XMAS.replace("FPU", "F")).is("flag-scan", Likely);
        judged(&XMAS.replace("FPU", "-").replace("ack 1", "ack 0")).is("flag-scan", Likely);
    }

    #[test]
    fn the_kernel_says_so_too() {
        judged_with(XMAS, RstReason::NoSocket, &[]).is("flag-scan", Certain);
        judged_with(XMAS, RstReason::TcpAbortOnClose, &[]).without(&["flag-scan"]);
    }

    #[test]
    fn a_segment_with_ack_is_no_flag_scan() {
        let ack = "
            0.000 C > S FA 0:0(0) ack 1 win 1024 ts none
            +0.020 C < S R 1:1(0)";
        let judgement = judged(ack);
        assert_eq!(judgement.cause.map(|cause| cause.id), Some("stray-segment"), "{}", judgement.explained());
        judgement.without(&["flag-scan"]);
    }
}
