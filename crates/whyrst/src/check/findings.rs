//! What the facts of a host mean: each finding names the cause that it will have, what shows it, and
//! the command that mends it.
//!
//! Every judgement follows from a kernel fact (docs/internals/README.md). A counter is of the past and says how
//! often it happened; a setting or a socket says what will happen.

use whyrst_core::language::Language;
pub(crate) use whyrst_model::host::Tense;
use whyrst_model::host::{FindingReport, FindingSchema};
use whyrst_probe::{HostFacts, Socket, State};

/// Something that makes resets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finding {
    /// Id of the catalogue.
    pub(crate) cause: &'static str,
    pub(crate) tense: Tense,
    /// Who or what it concerns.
    pub(crate) subject: String,
    /// What was read.
    pub(crate) evidence: String,
    /// What to do; a command where there is one.
    pub(crate) advice: &'static str,
}

/// Data that nobody has read for so long is not about to be read.
const FORGOTTEN_MS: u32 = 5_000;
/// `tcp_fin_timeout`: a peer that has closed forgets the connection after this.
const FIN_TIMEOUT_MS: u32 = 60_000;
/// The shortest idle timeouts of common cloud load balancers (240 s and 350 s).
const SHORT_IDLE_TIMEOUT: u64 = 350;
/// In hundredths: a limit this near is near.
const NEAR: u64 = 80;

/// Everything that `facts` give cause to say, the surest first.
pub(crate) fn findings(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let mut all: Vec<Finding> = [settings, queues, unread, left_open, limits, firewall, past]
        .iter()
        .flat_map(|find| find(facts, language))
        .chain(ports(facts, language))
        .collect();
    all.sort_by_key(|finding| finding.tense);
    all
}

impl Finding {
    /// One `whyrst.finding/1` object.
    pub(crate) fn record(&self) -> FindingReport<'_> {
        FindingReport {
            schema: FindingSchema::V1,
            cause: self.cause.into(),
            tense: self.tense,
            subject: (&self.subject).into(),
            evidence: (&self.evidence).into(),
            advice: self.advice.into(),
        }
    }

    /// Something that has just been counted.
    pub(crate) fn counted(cause: &'static str, subject: String, evidence: String, advice: &'static str) -> Self {
        finding(cause, Tense::Has, subject, evidence, advice)
    }
}

fn finding(
    cause: &'static str,
    tense: Tense,
    subject: impl Into<String>,
    evidence: String,
    advice: &'static str,
) -> Finding {
    Finding { cause, tense, subject: subject.into(), evidence, advice }
}

fn settings(facts: &HostFacts, language: Language) -> Vec<Finding> {
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
        found.push(finding(
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
        ));
    }
    found
}

/// `queued > bound` is full: the kernel takes one more than the backlog (`sk_acceptq_is_full`).
fn queues(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let listeners = facts.sockets.iter().filter(|socket| socket.state == State::Listen && socket.queued > 0);
    let aborts = facts.setting("ipv4.tcp_abort_on_overflow").is_some_and(|value| value != 0);
    let cause = if aborts { "accept-overflow-abort" } else { "accept-overflow-ghost" };
    listeners
        .filter(|socket| u64::from(socket.queued) * 100 >= u64::from(socket.bound) * NEAR)
        .map(|socket| {
            let full = socket.queued > socket.bound;
            let tense = if full { Tense::Will } else { Tense::May };
            let how =
                if full { language.pick("is full", "已满") } else { language.pick("is nearly full", "快满了") };
            let evidence = match language {
                Language::English => format!("its accept queue {how}: {} of {} wait", socket.queued, socket.bound),
                Language::Chinese => format!("它的全连接队列{how}：{} / {} 在等待", socket.queued, socket.bound),
            };
            finding(
                cause,
                tense,
                named(socket, language),
                evidence,
                language.pick(
                    "find out why it does not accept (a stuck worker, too few of \
                     them); raise the backlog of listen() and net.core.somaxconn",
                    "查明它为什么不 accept（工作进程卡住，或者太少）；\
                     调大 listen() 的 backlog 和 net.core.somaxconn",
                ),
            )
        })
        .collect()
}

/// Who closes with unread data resets (`__tcp_close`).
fn unread(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let forgotten = |socket: &&Socket| {
        socket.state != State::Listen && socket.queued > 0 && socket.silent_ms.is_some_and(|ms| ms >= FORGOTTEN_MS)
    };
    let unread = facts.sockets.iter().filter(forgotten).map(|socket| {
        // A FIN that was received counts as one byte in this number.
        let evidence = match language {
            Language::English => {
                format!("up to {} bytes have not been read for {}", socket.queued, seconds(socket.silent_ms, language))
            }
            Language::Chinese => {
                format!("最多 {} 字节已有 {} 没有被读取", socket.queued, seconds(socket.silent_ms, language))
            }
        };
        (socket, evidence)
    });
    unread
        .filter(|(socket, _)| socket.state == State::Established || socket.queued > 1)
        .map(|(socket, evidence)| {
            finding(
                "close-unread",
                Tense::Will,
                named(socket, language),
                evidence,
                language.pick(
                    "when its program closes it or ends, the peer is reset: \
                     let it read to the end, or shutdown() and then read",
                    "程序关闭它或退出时，对端会被重置：让程序读到结尾，或者先 shutdown() 再读",
                ),
            )
        })
        .collect()
}

/// A peer in FIN-WAIT-2 without a process forgets the connection after its `tcp_fin_timeout`.
fn left_open(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let left = facts
        .sockets
        .iter()
        .filter(|socket| socket.state == State::CloseWait && socket.silent_ms.is_some_and(|ms| ms >= FIN_TIMEOUT_MS));
    left.map(|socket| {
        let evidence = match language {
            Language::English => format!(
                "its peer has closed, and this end has not: CLOSE-WAIT, no data for {}",
                seconds(socket.silent_ms, language)
            ),
            Language::Chinese => {
                format!("对端已关闭，这一端没有：CLOSE-WAIT，已有 {} 没有数据", seconds(socket.silent_ms, language))
            }
        };
        finding(
            "fin-wait2-expired",
            Tense::Will,
            named(socket, language),
            evidence,
            language.pick(
                "whatever it sends now is answered with RST: the program must close its end when read() gives 0",
                "它现在发送的一切都会得到 RST：read() 返回 0 时，程序必须关闭自己这一端",
            ),
        )
    })
    .collect()
}

fn limits(facts: &HostFacts, language: Language) -> Vec<Finding> {
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

fn firewall(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let liberal = facts.setting("netfilter.nf_conntrack_tcp_be_liberal").is_some_and(|value| value != 0);
    let invalid = facts.invalid.filter(|count| *count > 0 && !liberal).map(|count| {
        let evidence = match language {
            Language::English => format!(
                "connection tracking called {count} packets INVALID, and \
                 net.netfilter.nf_conntrack_tcp_be_liberal is 0: such a packet keeps its \
                 untranslated address, and whoever gets it resets the connection"
            ),
            Language::Chinese => format!(
                "连接跟踪把 {count} 个报文判为 INVALID，而 net.netfilter.nf_conntrack_tcp_be_liberal 为 0：\
                 这样的报文不做地址转换，收到它的一方会重置连接"
            ),
        };
        let advice = language.pick(
            "sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1, or drop them: \
             nft add rule ... ct state invalid drop",
            "sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1，或者丢弃它们：\
             nft add rule ... ct state invalid drop",
        );
        finding(
            "conntrack-invalid-dnat",
            Tense::May,
            language.pick("connections translated by this host", "由本机做地址转换的连接"),
            evidence,
            advice,
        )
    });
    let rules = facts.rejects.iter().map(|rule| {
        let counted = met(rule.packets, language);
        let tense = if rule.packets.is_some_and(|packets| packets > 0) { Tense::Has } else { Tense::Will };
        let advice = language.pick(
            "these resets are in no counter and no trace of TCP: give \
             the rule a counter, and drop it where it is not wanted",
            "TCP 的计数器和跟踪事件里都没有这些 RST：给规则加上 counter，不需要的地方删掉它",
        );
        finding(
            "fw-reject-syn",
            tense,
            rule.text.clone(),
            language.pick("a firewall rule answers with RST; ", "防火墙规则以 RST 应答；").to_owned() + &counted,
            advice,
        )
    });
    rules.chain(invalid).collect()
}

fn met(packets: Option<u64>, language: Language) -> String {
    match (packets, language) {
        (None, _) => language.pick("it has no counter", "它没有 counter").into(),
        (Some(packets), Language::English) => format!("it met {packets} packets"),
        (Some(packets), Language::Chinese) => format!("它命中了 {packets} 个报文"),
    }
}

/// Ports that are used again soon meet what is left of their last connection.
fn ports(facts: &HostFacts, language: Language) -> Option<Finding> {
    let [first, last] = facts.settings.get("ipv4.ip_local_port_range")?.as_slice() else { return None };
    let (all, waiting) = (last.saturating_sub(*first) + 1, facts.sockstat.get("tw").copied().unwrap_or_default());
    (waiting * 100 >= all * NEAR).then(|| {
        finding(
            "syn-meets-time-wait",
            Tense::May,
            language.pick("connections that this host opens", "本机主动建立的连接"),
            match language {
                Language::English => format!(
                    "{waiting} sockets are in TIME-WAIT, {all} ports are \
                     there to open from (net.ipv4.ip_local_port_range)"
                ),
                Language::Chinese => format!(
                    "{waiting} 个套接字处于 TIME-WAIT，可用的本地端口有 \
                     {all} 个（net.ipv4.ip_local_port_range）"
                ),
            },
            language.pick(
                "keep connections open and use them again (keep-alive, \
                 pools); sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"",
                "保持连接并重复使用（keep-alive、连接池）；sysctl \
                 -w net.ipv4.ip_local_port_range=\"1024 65535\"",
            ),
        )
    })
}

/// Listeners that only this host itself reaches.
pub(crate) fn for_this_host_only(facts: &HostFacts) -> Vec<&Socket> {
    let listeners = || facts.sockets.iter().filter(|socket| socket.state == State::Listen);
    let open = |port: u16| listeners().any(|other| other.local.port == port && !other.local.ip.is_loopback());
    listeners().filter(|socket| socket.local.ip.is_loopback() && !open(socket.local.port)).collect()
}

/// Somebody asked an address of this host for a service that listens on loopback only.
pub(crate) fn asked_elsewhere(socket: &Socket, asked: &str, by: &str, language: Language) -> Finding {
    finding(
        "listening-elsewhere",
        Tense::Has,
        named(socket, language),
        match language {
            Language::English => {
                format!("{by} asked for {asked} and was refused: the service listens on {} only", socket.local)
            }
            Language::Chinese => format!("{by} 访问 {asked} 被拒绝：服务只监听 {}", socket.local),
        },
        language.pick(
            "if others shall reach it, bind it to their address \
             (listen, bind-address, --host); if not, find out who asks",
            "如果要让别人访问，\
             就绑定到他们能到达的地址（listen、bind-address、--host）；否则查明是谁在访问",
        ),
    )
}

/// Counters that rise with one kind of reset each (docs/internals/counters.md#counters-that-stand-for-one-cause).
fn past(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let risen = COUNTERS.iter().filter_map(|Counter { name: counter, cause, what, advice }| {
        let count = facts.counter(counter);
        let [what, advice] = [what, advice].map(|[english, chinese]| language.pick(*english, *chinese));
        (count > 0).then(|| {
            finding(
                cause,
                Tense::Has,
                language.pick("this network namespace", "这个网络命名空间"),
                match language {
                    Language::English => format!("{count} times {what} ({counter})"),
                    Language::Chinese => format!("{what}，{count} 次（{counter}）"),
                },
                advice,
            )
        })
    });
    risen.collect()
}

/// A counter that rises with one kind of reset; texts in both languages.
pub(crate) struct Counter {
    pub(crate) name: &'static str,
    pub(crate) cause: &'static str,
    /// What it counts.
    pub(crate) what: [&'static str; 2],
    /// What to do.
    pub(crate) advice: [&'static str; 2],
}

pub(crate) const COUNTERS: &[Counter] = &[
    Counter {
        name: "TCPAbortOnClose",
        cause: "close-unread",
        what: ["programs closed sockets with unread data", "程序关闭了还有未读数据的套接字"],
        advice: ["whyrst watch --cause close-unread names them", "whyrst watch --cause close-unread 会说出是哪些程序"],
    },
    Counter {
        name: "TCPAbortOnMemory",
        cause: "out-of-memory",
        what: [
            "sockets were reset for want of memory, or as too many orphans",
            "因内存不足或孤儿套接字过多而重置了套接字",
        ],
        advice: ["ss -tm; sysctl net.ipv4.tcp_mem net.ipv4.tcp_max_orphans"; 2],
    },
    Counter {
        name: "TCPAbortOnLinger",
        cause: "linger2-negative",
        what: ["sockets with a negative TCP_LINGER2 were reset", "重置了 TCP_LINGER2 为负的套接字"],
        advice: ["whyrst watch names them", "whyrst watch 会说出是哪些程序"],
    },
    Counter {
        name: "ListenOverflows",
        cause: "accept-overflow-ghost",
        what: ["connections found an accept queue full", "连接遇到全连接队列已满"],
        advice: [
            "whyrst check while it happens; ss -ltn shows Recv-Q above Send-Q",
            "发生时运行 whyrst check；ss -ltn 显示 Recv-Q 大于 Send-Q",
        ],
    },
];

fn named(socket: &Socket, language: Language) -> String {
    let ends = match socket.state {
        State::Listen => format!("{} {}", language.pick("listener", "监听"), socket.local),
        State::Established | State::CloseWait => format!("{} > {}", socket.local, socket.remote),
    };
    match &socket.owner {
        Some((pid, comm)) => format!("{comm} {pid}, {ends}"),
        None => ends,
    }
}

fn seconds(ms: Option<u32>, language: Language) -> String {
    ms.map_or_else(|| language.pick("an unknown time", "不知多久").into(), |ms| format!("{} s", ms / 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_core::causes;
    use whyrst_core::segment::Endpoint;
    use whyrst_probe::RejectRule;

    fn socket(state: State, queued: u32, bound: u32, silent_ms: u32) -> Socket {
        let end = |port| Endpoint::new([127, 0, 0, 1].into(), port);
        Socket {
            state,
            local: end(80),
            remote: end(4000),
            queued,
            bound,
            silent_ms: Some(silent_ms),
            owner: Some((7, "nginx".into())),
        }
    }

    fn with(sockets: Vec<Socket>) -> HostFacts {
        HostFacts { sockets, ..HostFacts::default() }
    }

    fn is_han(character: char) -> bool {
        ('\u{3400}'..='\u{9fff}').contains(&character)
    }

    fn causes_of(facts: &HostFacts) -> Vec<(&'static str, Tense)> {
        findings(facts, Language::English).iter().map(|finding| (finding.cause, finding.tense)).collect()
    }

    #[test]
    fn a_host_where_nothing_is_wrong_has_no_findings() {
        let calm = with(vec![
            socket(State::Listen, 0, 128, 0),
            socket(State::Established, 0, 0, 90_000),
            socket(State::Established, 9, 0, 100),
        ]);
        assert_eq!(findings(&calm, Language::English), []);
    }

    #[test]
    fn a_queue_is_full_only_beyond_its_bound() {
        assert_eq!(causes_of(&with(vec![socket(State::Listen, 5, 4, 0)])), [("accept-overflow-ghost", Tense::Will)]);
        assert_eq!(causes_of(&with(vec![socket(State::Listen, 4, 4, 0)])), [("accept-overflow-ghost", Tense::May)]);
        let aborting = HostFacts {
            settings: [("ipv4.tcp_abort_on_overflow", vec![1])].into(),
            ..with(vec![socket(State::Listen, 5, 4, 0)])
        };
        assert_eq!(
            causes_of(&aborting),
            [("accept-overflow-abort", Tense::Will), ("accept-overflow-abort", Tense::May)]
        );
    }

    #[test]
    fn forgotten_data_is_named_with_its_program() {
        let found = findings(&with(vec![socket(State::Established, 904, 0, 12_000)]), Language::English);
        assert_eq!(
            (found[0].cause, found[0].subject.as_str()),
            ("close-unread", "nginx 7, 127.0.0.1:80 > 127.0.0.1:4000")
        );
        assert!(found[0].evidence.contains("904 bytes") && found[0].evidence.contains("12 s"));
    }

    #[test]
    fn a_fin_alone_is_no_unread_data() {
        assert_eq!(causes_of(&with(vec![socket(State::CloseWait, 1, 0, 10_000)])), []);
        assert_eq!(
            causes_of(&with(vec![socket(State::CloseWait, 1, 0, 61_000)])),
            [("fin-wait2-expired", Tense::Will)]
        );
    }

    #[test]
    fn every_finding_names_a_cause_of_the_catalogue() {
        let everything = HostFacts {
            settings: [
                ("ipv4.ip_local_port_range", vec![1, 10]),
                ("ipv4.tcp_abort_on_overflow", vec![1]),
                ("ipv4.tcp_keepalive_time", vec![7200]),
                ("ipv4.tcp_max_orphans", vec![10]),
                ("ipv4.tcp_mem", vec![1, 2, 10]),
                ("netfilter.nf_conntrack_count", vec![9]),
                ("netfilter.nf_conntrack_max", vec![10]),
                ("netfilter.nf_conntrack_tcp_timeout_established", vec![600]),
            ]
            .into(),
            counters: ["TCPAbortOnClose", "TCPAbortOnMemory", "TCPAbortOnLinger", "ListenOverflows"]
                .map(|name| (name.to_owned(), 1))
                .into(),
            sockstat: [("orphan".to_owned(), 9), ("mem".to_owned(), 9), ("tw".to_owned(), 9)].into(),
            invalid: Some(3),
            rejects: vec![RejectRule { text: "reject with tcp reset".into(), packets: Some(2) }],
            ..with(vec![
                socket(State::Listen, 5, 4, 0),
                socket(State::Established, 9, 0, 9_000),
                socket(State::CloseWait, 1, 0, 90_000),
            ])
        };
        let [found, chinese] = Language::ALL.map(|language| findings(&everything, language));
        assert_eq!(found.len(), 16);
        for (english, chinese) in found.iter().zip(&chinese) {
            assert_eq!((english.cause, english.tense), (chinese.cause, chinese.tense));
            assert!(!english.evidence.contains(is_han) && chinese.evidence.contains(is_han), "{chinese:?}");
            // A rule of the firewall and a command are the same in both.
            assert!(chinese.subject.contains(is_han) || english.subject == chinese.subject, "{chinese:?}");
            assert!(chinese.advice.contains(is_han) || english.advice == chinese.advice, "{chinese:?}");
        }
        for finding in found {
            assert!(causes::find(finding.cause).is_some(), "{}", finding.cause);
        }
    }
}
