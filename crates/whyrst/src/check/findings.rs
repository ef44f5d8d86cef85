//! What the facts of a host mean: each finding names the cause that it will have, what shows it, and
//! the command that mends it.
//!
//! Every judgement follows from a kernel fact (CATALOGUE.md). A counter is of the past and says how
//! often it happened; a setting or a socket says what will happen.

use serde::Serialize;
use whyrst_probe::{HostFacts, Socket, State};

/// Something that makes resets.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) schema: &'static str,
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

/// Whether it will happen, or has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Tense {
    /// The next time that what it waits for happens.
    Will,
    /// Under load, or when something else goes wrong.
    May,
    /// Counted since the network namespace was made.
    Has,
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
pub(crate) fn findings(facts: &HostFacts) -> Vec<Finding> {
    let mut all: Vec<Finding> =
        [settings(facts), queues(facts), unread(facts), left_open(facts), limits(facts), firewall(facts), past(facts)]
            .into_iter()
            .flatten()
            .chain(ports(facts))
            .collect();
    all.sort_by_key(|finding| finding.tense);
    all
}

impl Finding {
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
    Finding { schema: "whyrst.finding/1", cause, tense, subject: subject.into(), evidence, advice }
}

fn settings(facts: &HostFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    if facts.setting("ipv4.tcp_abort_on_overflow").is_some_and(|value| value != 0) {
        found.push(finding(
            "accept-overflow-abort",
            Tense::May,
            "every listener",
            "net.ipv4.tcp_abort_on_overflow is 1: a connection that finds the accept queue full is reset".into(),
            "sysctl -w net.ipv4.tcp_abort_on_overflow=0 (the client's ACK is then dropped and it tries again)",
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
            "idle connections through this host's connection tracking",
            format!("entries are forgotten after {tracked} s without a packet, keepalives come after {keepalive} s"),
            "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_established=432000, or shorter keepalives",
        ));
    }
    if let Some(keepalive) = keepalive.filter(|keepalive| *keepalive > SHORT_IDLE_TIMEOUT) {
        found.push(finding(
            "idle-timeout-reset",
            Tense::May,
            "idle connections through load balancers and NAT",
            format!("the first keepalive comes after {keepalive} s; common devices forget a silent connection after 240 s or 350 s"),
            "sysctl -w net.ipv4.tcp_keepalive_time=200, where programs set SO_KEEPALIVE",
        ));
    }
    found
}

/// `queued > bound` is full: the kernel takes one more than the backlog (`sk_acceptq_is_full`).
fn queues(facts: &HostFacts) -> Vec<Finding> {
    let listeners = facts.sockets.iter().filter(|socket| socket.state == State::Listen && socket.queued > 0);
    let aborts = facts.setting("ipv4.tcp_abort_on_overflow").is_some_and(|value| value != 0);
    let cause = if aborts { "accept-overflow-abort" } else { "accept-overflow-ghost" };
    listeners
        .filter(|socket| u64::from(socket.queued) * 100 >= u64::from(socket.bound) * NEAR)
        .map(|socket| {
            let full = socket.queued > socket.bound;
            let tense = if full { Tense::Will } else { Tense::May };
            let how = if full { "is full" } else { "is nearly full" };
            let evidence = format!("its accept queue {how}: {} of {} wait", socket.queued, socket.bound);
            finding(cause, tense, named(socket), evidence, "find out why it does not accept (a stuck worker, too few of them); raise the backlog of listen() and net.core.somaxconn")
        })
        .collect()
}

/// Who closes with unread data resets (`__tcp_close`).
fn unread(facts: &HostFacts) -> Vec<Finding> {
    let forgotten = |socket: &&Socket| {
        socket.state != State::Listen && socket.queued > 0 && socket.silent_ms.is_some_and(|ms| ms >= FORGOTTEN_MS)
    };
    let unread = facts.sockets.iter().filter(forgotten).map(|socket| {
        // A FIN that was received counts as one octet in this number.
        let evidence = format!("up to {} octets have not been read for {}", socket.queued, seconds(socket.silent_ms));
        (socket, evidence)
    });
    unread
        .filter(|(socket, _)| socket.state == State::Established || socket.queued > 1)
        .map(|(socket, evidence)| {
            finding("close-unread", Tense::Will, named(socket), evidence, "when its program closes it or ends, the peer is reset: let it read to the end, or shutdown() and then read")
        })
        .collect()
}

/// A peer in FIN-WAIT-2 without a process forgets the connection after its `tcp_fin_timeout`.
fn left_open(facts: &HostFacts) -> Vec<Finding> {
    let left = facts
        .sockets
        .iter()
        .filter(|socket| socket.state == State::CloseWait && socket.silent_ms.is_some_and(|ms| ms >= FIN_TIMEOUT_MS));
    left.map(|socket| {
        let evidence =
            format!("its peer has closed, and this end has not: CLOSE-WAIT, no data for {}", seconds(socket.silent_ms));
        finding(
            "fin-wait2-expired",
            Tense::Will,
            named(socket),
            evidence,
            "whatever it sends now is answered with RST: the program must close its end when read() gives 0",
        )
    })
    .collect()
}

fn limits(facts: &HostFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    let is_near = |used: u64, most: u64| most > 0 && used.saturating_mul(100) >= most.saturating_mul(NEAR);
    let of = |name: &str| facts.sockstat.get(name).copied().unwrap_or_default();
    if let Some(most) = facts.setting("ipv4.tcp_max_orphans").filter(|most| is_near(of("orphan"), *most)) {
        let evidence =
            format!("{} sockets have no process any more, {most} are allowed (net.ipv4.tcp_max_orphans)", of("orphan"));
        found.push(finding(
            "out-of-orphans",
            Tense::May,
            "sockets that were closed and have not finished",
            evidence,
            "find out why peers do not answer their FINs; sysctl -w net.ipv4.tcp_max_orphans=...",
        ));
    }
    let most = facts.settings.get("ipv4.tcp_mem").and_then(|mem| mem.get(2)).copied();
    if let Some(most) = most.filter(|most| is_near(of("mem"), *most)) {
        let evidence = format!("TCP uses {} pages, {most} are allowed (net.ipv4.tcp_mem)", of("mem"));
        found.push(finding(
            "out-of-memory",
            Tense::May,
            "all connections",
            evidence,
            "find the sockets with full queues: ss -tm; sysctl net.ipv4.tcp_mem",
        ));
    }
    if let (Some(used), Some(most)) =
        (facts.setting("netfilter.nf_conntrack_count"), facts.setting("netfilter.nf_conntrack_max"))
        && is_near(used, most)
    {
        let evidence = format!("connection tracking holds {used} of {most} entries");
        found.push(finding(
            "fw-state-lost",
            Tense::May,
            "connections through this host's firewall",
            evidence,
            "sysctl -w net.netfilter.nf_conntrack_max=..., or exempt what needs no tracking",
        ));
    }
    found
}

fn firewall(facts: &HostFacts) -> Vec<Finding> {
    let liberal = facts.setting("netfilter.nf_conntrack_tcp_be_liberal").is_some_and(|value| value != 0);
    let invalid = facts.invalid.filter(|count| *count > 0 && !liberal).map(|count| {
        let evidence = format!(
            "connection tracking called {count} packets INVALID, and net.netfilter.nf_conntrack_tcp_be_liberal is 0: \
             such a packet keeps its untranslated address, and whoever gets it resets the connection"
        );
        let advice = "sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1, or drop them: nft add rule ... ct state invalid drop";
        finding("conntrack-invalid-dnat", Tense::May, "connections translated by this host", evidence, advice)
    });
    let rules = facts.rejects.iter().map(|rule| {
        let counted = rule.packets.map_or("it has no counter".into(), |packets| format!("it met {packets} packets"));
        let tense = if rule.packets.is_some_and(|packets| packets > 0) { Tense::Has } else { Tense::Will };
        let advice = "these resets are in no counter and no trace of TCP: give the rule a counter, and drop it where it is not wanted";
        finding("fw-reject-syn", tense, rule.text.clone(), format!("a firewall rule answers with RST; {counted}"), advice)
    });
    rules.chain(invalid).collect()
}

/// Ports that are used again soon meet what is left of their last connection.
fn ports(facts: &HostFacts) -> Option<Finding> {
    let [first, last] = facts.settings.get("ipv4.ip_local_port_range")?.as_slice() else { return None };
    let (all, waiting) = (last.saturating_sub(*first) + 1, facts.sockstat.get("tw").copied().unwrap_or_default());
    (waiting * 100 >= all * NEAR).then(|| {
        finding(
            "syn-meets-time-wait",
            Tense::May,
            "connections that this host opens",
            format!("{waiting} sockets are in TIME-WAIT, {all} ports are there to open from (net.ipv4.ip_local_port_range)"),
            "keep connections open and use them again (keep-alive, pools); sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"",
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
pub(crate) fn asked_elsewhere(socket: &Socket, asked: &str, by: &str) -> Finding {
    finding(
        "listening-elsewhere",
        Tense::Has,
        named(socket),
        format!("{by} asked for {asked} and was refused: the service listens on {} only", socket.local),
        "if others shall reach it, bind it to their address (listen, bind-address, --host); if not, find out who asks",
    )
}

/// Counters that rise with one kind of reset each (CATALOGUE.md section 6).
fn past(facts: &HostFacts) -> Vec<Finding> {
    let risen = COUNTERS.iter().filter_map(|(counter, cause, what, advice)| {
        let count = facts.counter(counter);
        (count > 0).then(|| {
            finding(cause, Tense::Has, "this network namespace", format!("{count} times {what} ({counter})"), advice)
        })
    });
    risen.collect()
}

/// Counter, cause, what it counts, what to do.
pub(crate) const COUNTERS: &[(&str, &str, &str, &str)] = &[
    (
        "TCPAbortOnClose",
        "close-unread",
        "programs closed sockets with unread data",
        "whyrst watch --cause close-unread names them",
    ),
    (
        "TCPAbortOnMemory",
        "out-of-memory",
        "sockets were reset for want of memory, or as too many orphans",
        "ss -tm; sysctl net.ipv4.tcp_mem net.ipv4.tcp_max_orphans",
    ),
    (
        "TCPAbortOnLinger",
        "linger2-negative",
        "sockets with a negative TCP_LINGER2 were reset",
        "whyrst watch names them",
    ),
    (
        "ListenOverflows",
        "accept-overflow-ghost",
        "connections found an accept queue full",
        "whyrst check while it happens; ss -ltn shows Recv-Q above Send-Q",
    ),
];

fn named(socket: &Socket) -> String {
    let ends = match socket.state {
        State::Listen => format!("listener {}", socket.local),
        State::Established | State::CloseWait => format!("{} > {}", socket.local, socket.remote),
    };
    match &socket.owner {
        Some((pid, comm)) => format!("{comm} {pid}, {ends}"),
        None => ends,
    }
}

fn seconds(ms: Option<u32>) -> String {
    ms.map_or_else(|| "an unknown time".into(), |ms| format!("{} s", ms / 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use whyrst_core::segment::Endpoint;
    use whyrst_core::{causes, sketches};
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

    fn causes_of(facts: &HostFacts) -> Vec<(&'static str, Tense)> {
        findings(facts).iter().map(|finding| (finding.cause, finding.tense)).collect()
    }

    #[test]
    fn a_host_where_nothing_is_wrong_has_no_findings() {
        let calm = with(vec![
            socket(State::Listen, 0, 128, 0),
            socket(State::Established, 0, 0, 90_000),
            socket(State::Established, 9, 0, 100),
        ]);
        assert_eq!(findings(&calm), []);
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
        let found = findings(&with(vec![socket(State::Established, 904, 0, 12_000)]));
        assert_eq!(
            (found[0].cause, found[0].subject.as_str()),
            ("close-unread", "nginx 7, 127.0.0.1:80 > 127.0.0.1:4000")
        );
        assert!(found[0].evidence.contains("904 octets") && found[0].evidence.contains("12 s"));
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
        let found = findings(&everything);
        assert_eq!(found.len(), 16);
        for finding in found {
            assert!(
                causes::find(finding.cause).is_some() || sketches::find(finding.cause).is_some(),
                "{}",
                finding.cause
            );
        }
    }
}
