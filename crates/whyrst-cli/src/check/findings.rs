//! What the facts of a host mean: each finding names the cause that it will have, what shows it, and
//! the command that mends it.
//!
//! Every judgement follows from a kernel fact (docs/internals/README.md). A counter is of the past and says how
//! often it happened; a setting or a socket says what will happen.

use whyrst_core::language::Language;
use whyrst_model::host::{FindingReport, FindingSchema};
pub(crate) use whyrst_model::host::{Tense, Weight};
use whyrst_probe::{HostFacts, Socket, State};

use super::counters::past;
use super::firewall::{firewall, translation};
use super::settings::{limits, settings, timers};
use super::sockets::{left_open, ports, queues, unread};

/// Something that makes resets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finding {
    /// Id of the catalogue.
    pub(crate) cause: &'static str,
    pub(crate) tense: Tense,
    pub(crate) weight: Weight,
    /// Who or what it concerns.
    pub(crate) subject: String,
    /// What was read.
    pub(crate) evidence: String,
    /// What to do; a command where there is one.
    pub(crate) advice: &'static str,
}

/// In hundredths: a limit this near is near.
pub(super) const NEAR: u64 = 80;

/// Everything that `facts` give cause to say, the surest first.
pub(crate) fn findings(facts: &HostFacts, language: Language) -> Vec<Finding> {
    let finders = [settings, timers, queues, unread, left_open, limits, ports, firewall, translation, past];
    let mut all: Vec<Finding> = finders.iter().flat_map(|find| find(facts, language)).collect();
    all.sort_by_key(|finding| (finding.weight, finding.tense));
    all
}

impl Finding {
    /// The same as something to know: a host where nothing is wrong has it too.
    pub(super) fn noted(self) -> Self {
        Self { weight: Weight::Note, ..self }
    }

    /// One `whyrst.finding/1` object.
    pub(crate) fn record(&self) -> FindingReport<'_> {
        FindingReport {
            schema: FindingSchema::V1,
            cause: self.cause.into(),
            tense: self.tense,
            weight: self.weight,
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

pub(super) fn finding(
    cause: &'static str,
    tense: Tense,
    subject: impl Into<String>,
    evidence: String,
    advice: &'static str,
) -> Finding {
    Finding { cause, tense, weight: Weight::Finding, subject: subject.into(), evidence, advice }
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

pub(super) fn named(socket: &Socket, language: Language) -> String {
    let ends = match socket.state {
        State::Listen => format!("{} {}", language.pick("listener", "监听"), socket.local),
        State::Established | State::CloseWait => format!("{} > {}", socket.local, socket.remote),
    };
    match &socket.owner {
        Some((pid, comm)) => format!("{comm} {pid}, {ends}"),
        None => ends,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_core::causes;
    use whyrst_core::segment::Endpoint;
    use whyrst_probe::RejectRule;

    use crate::check::counters::COUNTERS;

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
    fn what_every_fresh_host_has_is_a_note() {
        // The kernel's defaults, and a counter that does not move.
        let fresh = HostFacts {
            settings: [
                ("ipv4.ip_local_port_range", vec![32_768, 60_999]),
                ("ipv4.tcp_abort_on_overflow", vec![0]),
                ("ipv4.tcp_keepalive_intvl", vec![75]),
                ("ipv4.tcp_keepalive_probes", vec![9]),
                ("ipv4.tcp_keepalive_time", vec![7_200]),
                ("ipv4.tcp_max_orphans", vec![65_536]),
                ("ipv4.tcp_max_tw_buckets", vec![65_536]),
                ("ipv4.tcp_retries2", vec![15]),
                ("ipv4.tcp_syncookies", vec![1]),
                ("netfilter.nf_conntrack_count", vec![3]),
                ("netfilter.nf_conntrack_max", vec![65_536]),
                ("netfilter.nf_conntrack_tcp_timeout_established", vec![432_000]),
            ]
            .into(),
            counters: [("TCPAbortOnClose".to_owned(), 12_000)].into(),
            earlier: whyrst_probe::Earlier {
                counters: [("TCPAbortOnClose".to_owned(), 12_000)].into(),
                within: std::time::Duration::from_secs(1),
            },
            invalid: Some(7),
            ..HostFacts::default()
        };
        let found = findings(&fresh, Language::English);
        assert_eq!(found.len(), 3, "{found:#?}");
        assert!(found.iter().all(|finding| finding.weight == Weight::Note), "{found:#?}");
    }

    #[test]
    fn a_program_that_leaks_hundreds_is_one_finding() {
        let mut sockets = vec![socket(State::CloseWait, 10, 0, 90_000); 220];
        sockets.extend(vec![socket(State::CloseWait, 1, 0, 7_000); 3]);
        let found = findings(&with(sockets), Language::English);
        let of = |cause: &str| found.iter().filter(|finding| finding.cause == cause).collect::<Vec<_>>();
        let (unread, left) = (of("close-unread"), of("fin-wait2-expired"));
        let ([unread], [left]) = (unread.as_slice(), left.as_slice()) else { panic!("one of each: {found:#?}") };
        assert!(unread.evidence.starts_with("220 connections with up to 10 bytes each"), "{unread:?}");
        assert!(left.evidence.starts_with("220 connections whose peer has closed"), "{left:?}");
        assert!(left.subject.starts_with("nginx 7, ") && left.subject.ends_with(" and 219 more"), "{left:?}");
    }

    #[test]
    fn many_young_close_waits_of_one_program_are_found_and_a_few_are_not() {
        assert_eq!(causes_of(&with(vec![socket(State::CloseWait, 1, 0, 7_000); 49])), []);
        let many = with(vec![socket(State::CloseWait, 1, 0, 7_000); 50]);
        assert_eq!(causes_of(&many), [("fin-wait2-expired", Tense::May)]);
    }

    #[test]
    fn ports_run_out_for_one_destination() {
        let destination = Endpoint::new([10, 0, 0, 2].into(), 5_432);
        let of = |used| HostFacts {
            settings: [("ipv4.ip_local_port_range", vec![32_768, 60_999])].into(),
            ports_in_use: [(destination, used)].into(),
            ..HostFacts::default()
        };
        assert_eq!(causes_of(&of(22_000)), []);
        let found = findings(&of(28_000), Language::English);
        assert_eq!(found[0].cause, "syn-meets-time-wait");
        assert!(found[0].evidence.starts_with("28000 of 28232 ports are in use to 10.0.0.2:5432"), "{found:?}");
    }

    #[test]
    fn every_finding_names_a_cause_of_the_catalogue() {
        let everything = HostFacts {
            settings: [
                ("ipv4.ip_local_port_range", vec![1, 10]),
                ("ipv4.tcp_abort_on_overflow", vec![1]),
                ("ipv4.tcp_keepalive_intvl", vec![1]),
                ("ipv4.tcp_keepalive_probes", vec![1]),
                ("ipv4.tcp_keepalive_time", vec![7200]),
                ("ipv4.tcp_max_tw_buckets", vec![10]),
                ("ipv4.tcp_retries2", vec![3]),
                ("ipv4.tcp_syncookies", vec![2]),
                ("ipv4.tcp_max_orphans", vec![10]),
                ("ipv4.tcp_mem", vec![1, 2, 10]),
                ("netfilter.nf_conntrack_count", vec![9]),
                ("netfilter.nf_conntrack_max", vec![10]),
                ("netfilter.nf_conntrack_tcp_timeout_established", vec![600]),
            ]
            .into(),
            counters: COUNTERS
                .iter()
                .map(|counter| counter.name)
                .chain(["IPReversePathFilter"])
                .map(|name| (name.to_owned(), 1))
                .collect(),
            strict_devices: vec!["eth0".to_owned()],
            bridged_targets: vec![[10, 1, 0, 2].into()],
            icmp_drops: vec!["ip protocol icmp drop".to_owned()],
            ports_in_use: [(Endpoint::new([10, 0, 0, 2].into(), 80), 9)].into(),
            sockstat: [("orphan".to_owned(), 9), ("mem".to_owned(), 9), ("tw".to_owned(), 9)].into(),
            invalid: Some(3),
            rejects: vec![RejectRule { text: "reject with tcp reset".into(), packets: Some(2), hook: None }],
            ..with(vec![
                socket(State::Listen, 5, 4, 0),
                socket(State::Established, 9, 0, 9_000),
                socket(State::CloseWait, 1, 0, 90_000),
            ])
        };
        let [found, chinese] = Language::ALL.map(|language| findings(&everything, language));
        assert_eq!(found.len(), 16 + 9);
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
