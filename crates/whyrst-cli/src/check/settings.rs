//! What the settings of a host mean, and limits that it is near.

use whyrst_core::language::Language;
use whyrst_probe::HostFacts;

use super::findings::{Finding, NEAR, Tense, finding};

/// The shortest idle timeouts of common cloud load balancers (240 s and 350 s).
const SHORT_IDLE_TIMEOUT: u64 = 350;
/// RFC 1122 section 4.2.3.5 wants 100 s at least; the kernel's documentation says that this is 8 (`tcp_retries2` in
/// Documentation/networking/ip-sysctl.rst).
const RETRIES_OF_RFC: u64 = 8;
/// Seconds that a route may be away while routers agree on another one.
const SHORT_OUTAGE: u64 = 10;

pub(super) fn settings(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let mut found = Vec::new();
    if facts.setting("ipv4.tcp_abort_on_overflow").is_some_and(|value| value != 0) {
        found.push(finding(
            "accept-overflow-abort",
            Tense::May,
            language.pick("every listener", "所有监听套接字"),
            language
                .pick(
                    "net.ipv4.tcp_abort_on_overflow is 1: a connection that finds the accept queue full is reset",
                    "net.ipv4.tcp_abort_on_overflow 为 1：遇到全连接队列满的连接会被重置",
                )
                .into(),
            language.pick(
                "sysctl -w net.ipv4.tcp_abort_on_overflow=0 (the client's ACK is then dropped and it tries again)",
                "sysctl -w net.ipv4.tcp_abort_on_overflow=0（此后丢弃客户端的 ACK，让它重试）",
            ),
        ));
    }
    let keepalive = facts.setting("ipv4.tcp_keepalive_time");
    let tracked = facts.setting("netfilter.nf_conntrack_tcp_timeout_established");
    if let (Some(keepalive), Some(tracked)) = (keepalive, tracked)
        && tracked < keepalive
    {
        found.push(finding(
            "fw-state-lost",
            Tense::May,
            language.pick("idle connections through this host's connection tracking", "经过本机连接跟踪的空闲连接"),
            match language {
                Language::English => format!(
                    "entries are forgotten after {tracked} s without a packet, keepalives come after {keepalive} s"
                ),
                Language::Chinese => format!("条目在 {tracked} s 没有报文之后被遗忘，保活在 {keepalive} s 之后才来"),
            },
            language.pick(
                "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=432000, or shorter keepalives",
                "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=432000，或者缩短保活间隔",
            ),
        ));
    }
    if let Some(keepalive) = keepalive.filter(|keepalive| *keepalive > SHORT_IDLE_TIMEOUT) {
        // It is the kernel's own default (7200 s).
        let note = finding(
            "idle-timeout-reset",
            Tense::May,
            language.pick("idle connections through load balancers and NAT", "经过负载均衡和 NAT 的空闲连接"),
            match language {
                Language::English => format!(
                    "the first keepalive comes after {keepalive} s; common devices forget a silent connection after \
                     240 s or 350 s"
                ),
                Language::Chinese => {
                    format!("第一次保活在 {keepalive} s 之后；常见设备在 240 s 或 350 s 后遗忘静默的连接")
                }
            },
            language.pick(
                "sysctl -w net.ipv4.tcp_keepalive_time=200, where programs set SO_KEEPALIVE",
                "sysctl -w net.ipv4.tcp_keepalive_time=200，对设置了 SO_KEEPALIVE 的程序有效",
            ),
        );
        found.push(note.noted());
    }
    found
}

/// Timers that end a connection which only hiccups.
pub(super) fn timers(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let mut found = Vec::new();
    let (interval, probes) = (facts.setting("ipv4.tcp_keepalive_intvl"), facts.setting("ipv4.tcp_keepalive_probes"));
    if let (Some(interval), Some(probes)) = (interval, probes)
        && interval.saturating_mul(probes) < SHORT_OUTAGE
    {
        found.push(finding(
            "keepalive-timeout",
            Tense::May,
            language.pick("idle connections with SO_KEEPALIVE", "设置了 SO_KEEPALIVE 的空闲连接"),
            match language {
                Language::English if probes == 1 => format!(
                    "they are reset when one keepalive probe stays unanswered for {interval} s \
                     (net.ipv4.tcp_keepalive_probes, net.ipv4.tcp_keepalive_intvl)"
                ),
                Language::English => format!(
                    "they are reset when {probes} keepalive probes, {interval} s apart, stay unanswered \
                     (net.ipv4.tcp_keepalive_probes, net.ipv4.tcp_keepalive_intvl)"
                ),
                Language::Chinese if probes == 1 => format!(
                    "一个保活探测 {interval} s 内没有应答，连接就被重置\
                     （net.ipv4.tcp_keepalive_probes、net.ipv4.tcp_keepalive_intvl）"
                ),
                Language::Chinese => format!(
                    "{probes} 个间隔 {interval} s 的保活探测没有应答，连接就被重置\
                     （net.ipv4.tcp_keepalive_probes、net.ipv4.tcp_keepalive_intvl）"
                ),
            },
            language.pick(
                "sysctl -w net.ipv4.tcp_keepalive_intvl=15 net.ipv4.tcp_keepalive_probes=4, or more",
                "sysctl -w net.ipv4.tcp_keepalive_intvl=15 net.ipv4.tcp_keepalive_probes=4，或者更大",
            ),
        ));
    }
    if let Some(retries) = facts.setting("ipv4.tcp_retries2").filter(|retries| *retries < RETRIES_OF_RFC) {
        found.push(finding(
            "retransmit-giveup",
            Tense::May,
            language.pick("every connection that waits for an acknowledgment", "每条等待确认的连接"),
            match language {
                Language::English => format!(
                    "it is given up after {retries} retransmissions (net.ipv4.tcp_retries2); what the other end sends \
                     later is answered with RST"
                ),
                Language::Chinese => {
                    format!("重传 {retries} 次之后就放弃（net.ipv4.tcp_retries2）；此后对端再发送的数据会得到 RST")
                }
            },
            language.pick(
                "sysctl -w net.ipv4.tcp_retries2=15 (RFC 1122 wants 100 s at least, which is 8); \
                 TCP_USER_TIMEOUT where one program wants less",
                "sysctl -w net.ipv4.tcp_retries2=15（RFC 1122 要求至少 100 s，即 8）；个别程序需要更短时用 \
                 TCP_USER_TIMEOUT",
            ),
        ));
    }
    if facts.setting("ipv4.tcp_syncookies") == Some(2) {
        found.push(finding(
            "syncookie-invalid",
            Tense::May,
            language.pick("every listener", "所有监听套接字"),
            language
                .pick(
                    "net.ipv4.tcp_syncookies is 2: every SYN is answered with a cookie, so a lost ACK is never \
                     asked for again, and a late one is answered with RST",
                    "net.ipv4.tcp_syncookies 为 2：每个 SYN 都用 cookie 应答，丢失的 ACK 不会再被索要，\
                     迟到的 ACK 会得到 RST",
                )
                .into(),
            language.pick(
                "sysctl -w net.ipv4.tcp_syncookies=1 (only when the queue overflows); 2 is for tests",
                "sysctl -w net.ipv4.tcp_syncookies=1（只在队列溢出时使用）；2 只用于测试",
            ),
        ));
    }
    found.extend(reverse_path(facts, language));
    found
}

/// RFC 3704 section 2.2: strict filtering drops what comes by another way than the answer would go.
fn reverse_path(facts: &HostFacts, language: Language) -> Option<Finding> {
    let dropped = facts.counter("IPReversePathFilter");
    let strict = facts.strict_devices.join(" ");
    (dropped > 0 && !strict.is_empty()).then(|| {
        finding(
            "asymmetric-route",
            Tense::May,
            match language {
                Language::English => format!("connections through {strict}"),
                Language::Chinese => format!("经过 {strict} 的连接"),
            },
            match language {
                Language::English => format!(
                    "rp_filter is 1 (strict), and {dropped} packets were dropped that came by another way than their \
                     answer would go (IPReversePathFilter)"
                ),
                Language::Chinese => {
                    format!("rp_filter 为 1（严格），已丢弃 {dropped} 个来路与回程不同的报文（IPReversePathFilter）")
                }
            },
            language.pick(
                "sysctl -w net.ipv4.conf.DEVICE.rp_filter=2 (loose) where routes are not symmetric, or mend the routes",
                "在路由不对称的设备上 sysctl -w net.ipv4.conf.DEVICE.rp_filter=2（宽松），或者修正路由",
            ),
        )
    })
}

pub(super) fn limits(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let mut found = Vec::new();
    let is_near = |used: u64, most: u64| most > 0 && used.saturating_mul(100) >= most.saturating_mul(NEAR);
    let of = |name: &str| facts.sockstat.get(name).copied().unwrap_or_default();
    if let Some(most) = facts.setting("ipv4.tcp_max_orphans").filter(|most| is_near(of("orphan"), *most)) {
        let evidence = match language {
            Language::English => format!(
                "{} sockets have no process any more, {most} are allowed (net.ipv4.tcp_max_orphans)",
                of("orphan")
            ),
            Language::Chinese => {
                format!("{} 个套接字已没有进程，允许 {most} 个（net.ipv4.tcp_max_orphans）", of("orphan"))
            }
        };
        found.push(finding(
            "out-of-orphans",
            Tense::May,
            language.pick("sockets that were closed and have not finished", "已关闭但还没有结束的套接字"),
            evidence,
            language.pick(
                "find out why peers do not answer their FINs; sysctl -w net.ipv4.tcp_max_orphans=...",
                "查明对端为什么不应答它们的 FIN；sysctl -w net.ipv4.tcp_max_orphans=...",
            ),
        ));
    }
    let waiting = of("tw");
    if let Some(most) = facts.setting("ipv4.tcp_max_tw_buckets").filter(|most| is_near(waiting, *most)) {
        let evidence = match language {
            Language::English => format!(
                "{waiting} sockets are in TIME-WAIT, {most} are allowed (net.ipv4.tcp_max_tw_buckets); beyond that a \
                 connection is forgotten at its close, and what still comes for it is answered with RST"
            ),
            Language::Chinese => format!(
                "{waiting} 个套接字处于 TIME-WAIT，允许 {most} 个（net.ipv4.tcp_max_tw_buckets）；超过之后，\
                 连接一关闭就被遗忘，此后到达的报文会得到 RST"
            ),
        };
        found.push(finding(
            "fin-wait2-expired",
            Tense::May,
            language.pick("connections that this host closes first", "由本机先关闭的连接"),
            evidence,
            language.pick(
                "sysctl -w net.ipv4.tcp_max_tw_buckets=262144, or keep connections open and use them again",
                "sysctl -w net.ipv4.tcp_max_tw_buckets=262144，或者保持连接并重复使用",
            ),
        ));
    }
    let most = facts.settings.get("ipv4.tcp_mem").and_then(|mem| mem.get(2)).copied();
    if let Some(most) = most.filter(|most| is_near(of("mem"), *most)) {
        let evidence = match language {
            Language::English => format!("TCP uses {} pages, {most} are allowed (net.ipv4.tcp_mem)", of("mem")),
            Language::Chinese => format!("TCP 使用了 {} 页，允许 {most} 页（net.ipv4.tcp_mem）", of("mem")),
        };
        found.push(finding(
            "out-of-memory",
            Tense::May,
            language.pick("all connections", "所有连接"),
            evidence,
            language.pick(
                "find the sockets with full queues: ss -tm; sysctl net.ipv4.tcp_mem",
                "找出队列满的套接字：ss -tm；sysctl net.ipv4.tcp_mem",
            ),
        ));
    }
    if let (Some(used), Some(most)) =
        (facts.setting("netfilter.nf_conntrack_count"), facts.setting("netfilter.nf_conntrack_max"))
        && is_near(used, most)
    {
        let evidence = match language {
            Language::English => format!("connection tracking holds {used} of {most} entries"),
            Language::Chinese => format!("连接跟踪已有 {used} / {most} 个条目"),
        };
        found.push(finding(
            "fw-state-lost",
            Tense::May,
            language.pick("connections through this host's firewall", "经过本机防火墙的连接"),
            evidence,
            language.pick(
                "sysctl -w net.netfilter.nf_conntrack_max=..., or exempt what needs no tracking",
                "sysctl -w net.netfilter.nf_conntrack_max=...，或者让不需要跟踪的流量不被跟踪",
            ),
        ));
    }
    found
}
