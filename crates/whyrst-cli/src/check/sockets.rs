//! What the sockets of a host mean. Those of one process and kind are one finding: a program that leaks, leaks hundreds.

use std::collections::BTreeMap;

use whyrst_core::language::Language;
use whyrst_probe::{HostFacts, Socket, State};

use super::findings::{Finding, NEAR, Tense, finding, named};

/// Data that nobody has read for so long is not about to be read.
const FORGOTTEN_MS: u32 = 5_000;
/// `tcp_fin_timeout`: a peer that has closed forgets the connection after this.
const FIN_TIMEOUT_MS: u32 = 60_000;
/// So many at once that are not closed in turn are no coincidence of a moment.
const MANY: usize = 50;

/// `queued > bound` is full: the kernel takes one more than the backlog (`sk_acceptq_is_full`).
pub(super) fn queues(facts: &HostFacts, language: Language) -> Vec<Finding> {
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
pub(super) fn unread(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let is_forgotten = |socket: &&Socket| {
        let is_fin_alone = socket.state == State::CloseWait && socket.queued <= 1;
        socket.state != State::Listen
            && socket.queued > 0
            && !is_fin_alone
            && socket.silent_ms.is_some_and(|ms| ms >= FORGOTTEN_MS)
    };
    let groups = by_owner(facts.sockets.iter().filter(is_forgotten));
    let found = groups.iter().map(|group| {
        // A FIN that was received counts as one byte in this number.
        let bytes = group.iter().map(|socket| socket.queued).max().unwrap_or_default();
        let silent = seconds(longest(group), language);
        let evidence = match (group.len(), language) {
            (1, Language::English) => format!("up to {bytes} bytes have not been read for {silent}"),
            (count, Language::English) => {
                format!("{count} connections with up to {bytes} bytes each that have not been read for up to {silent}")
            }
            (1, Language::Chinese) => format!("最多 {bytes} 字节已有 {silent} 没有被读取"),
            (count, Language::Chinese) => {
                format!("{count} 条连接，每条最多 {bytes} 字节，最长已有 {silent} 没有被读取")
            }
        };
        let advice = language.pick(
            "when its program closes it or ends, the peer is reset: \
             let it read to the end, or shutdown() and then read",
            "程序关闭它或退出时，对端会被重置：让程序读到结尾，或者先 shutdown() 再读",
        );
        finding("close-unread", Tense::Will, subject(group, language), evidence, advice)
    });
    found.collect()
}

/// A peer in FIN-WAIT-2 without a process forgets the connection after its `tcp_fin_timeout`. Many that wait for their
/// program at once are on their way there.
pub(super) fn left_open(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let waits = |least: u32| {
        move |socket: &&Socket| socket.state == State::CloseWait && socket.silent_ms.is_some_and(|ms| ms >= least)
    };
    let groups = by_owner(facts.sockets.iter().filter(waits(FORGOTTEN_MS)));
    let found = groups.into_iter().filter_map(|group| {
        let old: Vec<&Socket> = group.iter().copied().filter(waits(FIN_TIMEOUT_MS)).collect();
        let (tense, group) = match (old.len(), group.len()) {
            (1.., _) => (Tense::Will, old),
            (0, MANY..) => (Tense::May, group),
            (0, _) => return None,
        };
        let silent = seconds(longest(&group), language);
        let evidence = match (group.len(), language) {
            (1, Language::English) => {
                format!("its peer has closed, and this end has not: CLOSE-WAIT, no data for {silent}")
            }
            (count, Language::English) => format!(
                "{count} connections whose peer has closed, and this end has not: CLOSE-WAIT, \
                 no data for up to {silent}"
            ),
            (1, Language::Chinese) => format!("对端已关闭，这一端没有：CLOSE-WAIT，已有 {silent} 没有数据"),
            (count, Language::Chinese) => {
                format!("{count} 条连接的对端已关闭，这一端没有：CLOSE-WAIT，最长已有 {silent} 没有数据")
            }
        };
        let advice = language.pick(
            "whatever it sends now is answered with RST: the program must close its end when read() gives 0",
            "它现在发送的一切都会得到 RST：read() 返回 0 时，程序必须关闭自己这一端",
        );
        Some(finding("fin-wait2-expired", tense, subject(&group, language), evidence, advice))
    });
    found.collect()
}

/// Ports that are used again soon meet what is left of their last connection. A port is taken for one destination at a
/// time (`__inet_check_established`), so they run out for one destination first.
pub(super) fn ports(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let Some([first, last]) = facts.settings.get("ipv4.ip_local_port_range").map(Vec::as_slice) else {
        return Vec::new();
    };
    let all = last.saturating_sub(*first) + 1;
    let is_near = |used: u64| used * 100 >= all * NEAR;
    let advice = language.pick(
        "keep connections open and use them again (keep-alive, \
         pools); sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"",
        "保持连接并重复使用（keep-alive、连接池）；sysctl \
         -w net.ipv4.ip_local_port_range=\"1024 65535\"",
    );
    let mut found = Vec::new();
    let full = facts.ports_in_use.iter().filter(|(_, used)| is_near(u64::from(**used)));
    found.extend(full.map(|(destination, used)| {
        let subject = match language {
            Language::English => format!("connections that this host opens to {destination}"),
            Language::Chinese => format!("本机到 {destination} 的连接"),
        };
        let evidence = match language {
            Language::English => format!(
                "{used} of {all} ports are in use to {destination} (net.ipv4.ip_local_port_range): the next connect() \
                 takes one that has just been used, or fails with EADDRNOTAVAIL"
            ),
            Language::Chinese => format!(
                "到 {destination} 已用 {used} / {all} 个端口（net.ipv4.ip_local_port_range）：\
                 下一次 connect() 会用到刚用过的端口，或者以 EADDRNOTAVAIL 失败"
            ),
        };
        finding("syn-meets-time-wait", Tense::May, subject, evidence, advice)
    }));
    let waiting = facts.sockstat.get("tw").copied().unwrap_or_default();
    if found.is_empty() && is_near(waiting) {
        let evidence = match language {
            Language::English => format!(
                "{waiting} sockets are in TIME-WAIT, {all} ports are \
                 there to open from (net.ipv4.ip_local_port_range)"
            ),
            Language::Chinese => format!(
                "{waiting} 个套接字处于 TIME-WAIT，可用的本地端口有 \
                 {all} 个（net.ipv4.ip_local_port_range）"
            ),
        };
        let subject = language.pick("connections that this host opens", "本机主动建立的连接");
        found.push(finding("syn-meets-time-wait", Tense::May, subject, evidence, advice));
    }
    found
}

/// Sockets of one process, or of none.
fn by_owner<'a>(sockets: impl Iterator<Item = &'a Socket>) -> Vec<Vec<&'a Socket>> {
    let mut groups: BTreeMap<Option<&(u32, String)>, Vec<&Socket>> = BTreeMap::new();
    for socket in sockets {
        groups.entry(socket.owner.as_ref()).or_default().push(socket);
    }
    groups.into_values().collect()
}

/// The one, or the process and the one that has waited longest.
fn subject(group: &[&Socket], language: Language) -> String {
    let oldest =
        group.iter().max_by_key(|socket| socket.silent_ms).map_or_else(String::new, |one| named(one, language));
    match (group.len(), language) {
        (0 | 1, _) => oldest,
        (count, Language::English) => format!("{oldest} and {} more", count - 1),
        (count, Language::Chinese) => format!("{oldest} 以及另外 {} 条", count - 1),
    }
}

fn longest(group: &[&Socket]) -> Option<u32> {
    group.iter().filter_map(|socket| socket.silent_ms).max()
}

fn seconds(ms: Option<u32>, language: Language) -> String {
    ms.map_or_else(|| language.pick("an unknown time", "不知多久").into(), |ms| format!("{} s", ms / 1_000))
}
