//! Counters of the past: how often, since when, and whether it goes on now.

use std::time::Duration;

use whyrst_core::language::Language;
use whyrst_probe::HostFacts;

use super::findings::{Finding, Tense, finding};

/// Counters that rise with one kind of reset each (docs/internals/counters.md#counters-that-stand-for-one-cause). Of one
/// that stands still there is something to know, and nothing to mend now.
pub(super) fn past(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let risen = COUNTERS.iter().filter_map(|Counter { name: counter, cause, what, advice }| {
        let (count, before) = (facts.counter(counter), facts.earlier.counter(counter));
        let [what, advice] = [what, advice].map(|[english, chinese]| language.pick(*english, *chinese));
        let new = before.map(|before| count.saturating_sub(before));
        (count > 0).then(|| {
            let subject = language.pick("this network namespace", "这个网络命名空间");
            let evidence = match language {
                Language::English => {
                    let times = if count == 1 { "once" } else { &format!("{count} times") };
                    format!("{what}: {times} ({counter}), {}", since(facts, count, new, language))
                }
                Language::Chinese => format!("{what}，{count} 次（{counter}），{}", since(facts, count, new, language)),
            };
            let found = finding(cause, Tense::Has, subject, evidence, advice);
            if new.is_some_and(|new| new > 0) { found } else { found.noted() }
        })
    });
    risen.collect()
}

/// `since boot 41 days ago (0.2 an hour); 0 in the last 1.0 s`.
fn since(facts: &HostFacts, count: u64, new: Option<u64>, language: Language) -> String {
    let began = match (facts.counting_for, language) {
        (Some(age), Language::English) => {
            format!("since boot {} ago ({} an hour)", ago(age.as_secs(), language), hourly(count, age.as_secs()))
        }
        (Some(age), Language::Chinese) => {
            format!("自 {}前启动以来（每小时 {} 次）", ago(age.as_secs(), language), hourly(count, age.as_secs()))
        }
        (None, language) => language.pick("since this namespace was made", "自这个命名空间建立以来").to_owned(),
    };
    let within = looked(facts.earlier.within, language);
    match (new, language) {
        (Some(new), Language::English) => format!("{began}; {new} in the last {within}"),
        (Some(new), Language::Chinese) => format!("{began}；最近{within}内 {new} 次"),
        (None, _) => began,
    }
}

/// How long it was looked: tenths of a second count where it was short.
fn looked(within: Duration, language: Language) -> String {
    match (within.as_secs(), language) {
        (120.., _) => ago(within.as_secs(), language),
        (_, Language::English) => format!("{:.1} s", within.as_secs_f64()),
        (_, Language::Chinese) => format!(" {:.1} s ", within.as_secs_f64()),
    }
}

fn ago(seconds: u64, language: Language) -> String {
    let (number, english, chinese) = match seconds {
        0..120 => (seconds, "s", " s"),
        120..7_200 => (seconds / 60, "minutes", " 分钟"),
        7_200..172_800 => (seconds / 3_600, "hours", " 小时"),
        _ => (seconds / 86_400, "days", " 天"),
    };
    match language {
        Language::English => format!("{number} {english}"),
        Language::Chinese => format!("{number}{chinese}"),
    }
}

/// In tenths where it is little.
fn hourly(count: u64, seconds: u64) -> String {
    let tenths = count.saturating_mul(36_000) / seconds.max(1);
    if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { (tenths / 10).to_string() }
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
        name: "TCPMTUPFail",
        cause: "path-mtu-black-hole",
        what: ["probing found that a path takes only smaller packets", "探测发现路径只能通过更小的报文"],
        advice: [
            "find the link with the smaller MTU (tracepath), and where ICMP \"fragmentation needed\" is dropped",
            "找出 MTU 较小的链路（tracepath），以及丢弃 ICMP“需要分片”的地方",
        ],
    },
    Counter {
        name: "TCPTimeWaitOverflow",
        cause: "fin-wait2-expired",
        what: [
            "connections were forgotten at their close: too many in TIME-WAIT",
            "TIME-WAIT 过多，连接一关闭就被遗忘",
        ],
        advice: ["sysctl -w net.ipv4.tcp_max_tw_buckets=262144"; 2],
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

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_model::host::Weight;
    use whyrst_probe::Earlier;

    #[test]
    fn a_counter_has_an_age_a_rate_and_what_it_does_now() {
        let over = |count: u64, before: u64, within: Duration| {
            let facts = HostFacts {
                counters: [("TCPAbortOnClose".to_owned(), count)].into(),
                counting_for: Some(Duration::from_hours(41 * 24)),
                earlier: Earlier { counters: [("TCPAbortOnClose".to_owned(), before)].into(), within },
                ..HostFacts::default()
            };
            Language::ALL.map(|language| past(&facts, language).remove(0))
        };
        let of = |count, before| over(count, before, Duration::from_secs(1))[0].clone();
        let still = of(12_000, 12_000);
        assert!(still.evidence.contains("since boot 41 days ago (12 an hour); 0 in the last 1.0 s"), "{still:?}");
        assert_eq!(still.weight, Weight::Note);
        let rising = of(12_000, 11_990);
        assert!(rising.evidence.ends_with("10 in the last 1.0 s"), "{rising:?}");
        assert_eq!(rising.weight, Weight::Finding);
        // `--over 2h`.
        let [english, chinese] = over(12_000, 12_000, Duration::from_hours(2)).map(|found| found.evidence);
        assert!(english.ends_with("; 0 in the last 2 hours"), "{english}");
        assert!(chinese.ends_with("；最近2 小时内 0 次"), "{chinese}");
    }

    #[test]
    fn rates_and_ages_are_in_units_that_a_person_would_choose() {
        assert_eq!((hourly(10, 3_600), hourly(36, 36_000), hourly(0, 0)), ("10".into(), "3.6".into(), "0.0".into()));
        assert_eq!(ago(7_199, Language::English), "119 minutes");
        assert_eq!(ago(172_800, Language::English), "2 days");
    }
}
