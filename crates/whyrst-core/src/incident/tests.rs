//! Several conversations, and the one sentence about them.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::format;
use std::net::{IpAddr, Ipv4Addr};

use jiff::tz::TimeZone;

use super::found::{Incident, IncidentKind, NameId};
use super::member::Member;
use super::{Incidents, NAMES, REMEMBERED};
use crate::cause::Severity;
use crate::language::Language;
use crate::segment::Endpoint;
use crate::service::Moment;
use crate::testing::report::{Context, incident};
use crate::testing::{conversation, judge};
use crate::time::Span;

fn found(text: &str) -> Vec<Incident> {
    let mut incidents = Incidents::default();
    for outcome in conversation(text).outcomes() {
        incidents.add(&outcome, &judge(&outcome));
    }
    incidents.found()
}

fn kinds(text: &str) -> Vec<IncidentKind> {
    found(text).iter().map(|incident| incident.kind).collect()
}

fn title(incident: &Incident) -> String {
    let context =
        Context { files: alloc::vec!["a.pcap".to_string()], zone: TimeZone::UTC, language: Language::English };
    let object: serde_json::Value = serde_json::from_str(&incident::line(incident, &context)).unwrap();
    object["title"].as_str().unwrap().to_string()
}

/// A connection from `port`, opened at `start` seconds.
fn opened(port: u16, start: f64) -> String {
    format!(
        "{start:.3} C:{port} > S S 0:0(0)
         +0.001 C:{port} < S SA 0:0(0) ack 1
         +0.0001 C:{port} > S A 1:1(0) ack 1
         +0.001 C:{port} > S PA 1:101(100) ack 1
         +0.001 C:{port} < S A 1:1(0) ack 101
         "
    )
}

fn aborted(port: u16, at: f64) -> String {
    format!("{at:.3} C:{port} < S RA 1:1(0) ack 101\n")
}

fn refused(port: u16, at: f64) -> String {
    format!(
        "{at:.3} C:{port} > S S 0:0(0)
         +0.001 C:{port} < S RA 0:0(0) ack 1\n"
    )
}

fn ports(from: u16, count: u16) -> impl Iterator<Item = u16> {
    from..from + count
}

#[test]
fn a_service_that_resets_and_then_refuses_has_died() {
    let before: String = ports(50_000, 5).map(|port| opened(port, f64::from(port - 50_000) * 0.01)).collect();
    let dying: String = ports(50_000, 5).map(|port| aborted(port, 3.0 + f64::from(port - 50_000) * 0.001)).collect();
    let refusals: String = ports(51_000, 4).map(|port| refused(port, 3.5 + f64::from(port - 51_000) * 0.5)).collect();
    let text = [before, dying, refusals, opened(52_000, 7.0)].concat();
    let found = found(&text);
    assert_eq!(found.len(), 1, "{found:#?}");
    let died = &found[0];
    assert_eq!((died.kind, died.connections, died.refused), (IncidentKind::ServiceDied, 9, 4));
    assert_eq!(died.severity, Severity::Fault);
    assert!(died.back.is_some() && died.accepted.is_some());
    assert!(
        title(died).contains("it reset 5 connections and refused 4 connects, until it accepted again at"),
        "{}",
        title(died)
    );
}

#[test]
fn a_service_that_never_came_back_is_said_to_be_down() {
    let refusals: String = ports(51_000, 3).map(|port| refused(port, 3.5 + f64::from(port - 51_000))).collect();
    let found = found(&[opened(50_000, 0.0), refusals].concat());
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].kind, found[0].back), (IncidentKind::ServiceDown, None));
    assert!(title(&found[0]).contains("was not seen accepting connections again"));
}

#[test]
fn two_outages_are_two_incidents() {
    let outage = |from: u16, start: f64| -> String {
        let refusals: String = ports(from, 3).map(|port| refused(port, start + f64::from(port - from) * 0.1)).collect();
        [refusals, opened(from + 100, start + 2.0)].concat()
    };
    let text = [opened(50_000, 0.0), outage(51_000, 3.0), outage(52_000, 10.0)].concat();
    assert_eq!(kinds(&text), [IncidentKind::ServiceDown, IncidentKind::ServiceDown]);
}

/// A full queue, or one dead backend of several: the service goes on accepting, and then no process has ended.
#[test]
fn a_refusal_amid_acceptances_is_no_outage() {
    let amid = |from: u16, at: f64| -> String {
        [opened(from, at), aborted(from, at + 0.02), refused(from + 1, at + 0.03), opened(from + 2, at + 0.05)].concat()
    };
    assert_eq!(kinds(&amid(50_000, 1.0)), []);
    let many: String = ports(0, 5).map(|n| amid(50_000 + 10 * n, 1.0 + f64::from(n))).collect();
    let kinds = kinds(&many);
    let outage = [IncidentKind::ServiceDied, IncidentKind::ServiceDown, IncidentKind::ServiceAbsent];
    assert!(!kinds.is_empty() && kinds.iter().all(|kind| !outage.contains(kind)), "{kinds:?}");
    let slow = |n: u16| -> String {
        let at = 10.0 * f64::from(n);
        let from = 50_000 + 10 * n;
        [opened(from, at), aborted(from, at + 1.0), refused(from + 1, at + 2.0), opened(from + 2, at + 3.0)].concat()
    };
    assert_eq!(self::kinds(&slow(0)), [IncidentKind::ServiceDied]);
    assert!(!self::kinds(&ports(0, 4).map(slow).collect::<String>()).contains(&IncidentKind::ServiceDied));
}

/// The last ones of a game of turns are no outage either, though nothing comes after them.
#[test]
fn one_dead_backend_of_two_is_no_outage() {
    let turn = |n: u16| -> String {
        let at = 0.4 * f64::from(n);
        [opened(50_000 + 10 * n, at), refused(50_001 + 10 * n, at + 0.2)].concat()
    };
    let text: String = ports(0, 5).map(turn).collect();
    assert_eq!(kinds(&text), [IncidentKind::Intermittent]);
}

/// Dealt out at random, as kube-proxy's rules do.
#[test]
fn one_dead_backend_is_no_outage_in_whatever_order() {
    let deal = |(at, accepted): (u16, bool)| {
        let (port, time) = (50_000 + at, 0.3 * f64::from(at));
        if accepted { opened(port, time) } else { refused(port, time) }
    };
    let order = [false, false, false, true, true, false, false, true, false, true, false, false];
    let text: String = (0..).zip(order).map(deal).collect();
    let found = found(&text);
    assert_eq!(found.iter().map(|one| one.kind).collect::<Vec<_>>(), [IncidentKind::Intermittent]);
    assert_eq!((found[0].connections, found[0].refused), (8, 8));
    assert!(title(&found[0]).contains("refused 8 connects from"), "{}", title(&found[0]));
}

/// Who still answers on another connection has not ended; it only listens no more.
#[test]
fn a_service_that_answers_others_after_it_refused_has_not_died() {
    let served = |at: f64| {
        format!(
            "{at:.3} C:40000 > S PA 101:201(100) ack 1\n+0.001 C:40000 < S PA 1:51(50) ack 201
             +0.001 C:40000 > S A 201:201(0) ack 51\n"
        )
    };
    let text = |after: &str| {
        let refusals = [refused(51_000, 3.0), refused(51_001, 3.5)].concat();
        [&opened(40_000, 0.0), &opened(50_000, 0.1), &aborted(50_000, 2.0), &refusals, after].concat()
    };
    assert_eq!(kinds(&text("")), [IncidentKind::ServiceDied]);
    assert_eq!(kinds(&text(&served(4.0))), [IncidentKind::ServiceDown]);
}

/// Windows refuses what its accept queue has no room for.
#[test]
fn a_full_queue_is_no_outage() {
    let windows = |text: String| text.replace("SA 0:0(0) ack 1", "SA 0:0(0) ack 1 ttl 128");
    let full = |n: u16| -> String {
        let (at, from) = (0.4 * f64::from(n), 50_000 + 10 * n);
        let refusals = [refused(from + 1, at + 0.1), refused(from + 2, at + 0.15 + 0.05 * f64::from(n))].concat();
        let refusals = refusals.replace("RA 0:0(0) ack 1", "RA 0:0(0) ack 1 ttl 128");
        [windows(opened(from, at)), refusals].concat()
    };
    let text: String = ports(0, 3).map(full).collect();
    let outage = [IncidentKind::ServiceDied, IncidentKind::ServiceDown];
    let kinds = kinds(&[text, windows(opened(60_000, 1.3))].concat());
    assert!(kinds.iter().all(|kind| !outage.contains(kind)), "{kinds:?}");
}

#[test]
fn refusals_alone_do_not_say_that_a_service_was_ever_there() {
    let text: String = ports(51_000, 4).map(|port| refused(port, f64::from(port - 51_000))).collect();
    assert_eq!(kinds(&text), [IncidentKind::ServiceAbsent]);
    assert_eq!(kinds(&refused(51_000, 0.0)), []);
}

#[test]
fn who_is_turned_away_in_words_was_not_cut_off() {
    let turned_away = |port: u16| -> String {
        let at = 1.0 + f64::from(port - 50_000) * 0.01;
        format!(
            "{at:.3} C:{port} < S PA 1:33(32) ack 101 says ERROR_Too_many_open_connections\n\
             +0.0001 C:{port} < S RA 33:33(0) ack 101 win 64\n"
        )
    };
    let start: String = ports(50_000, 6).map(|port| opened(port, f64::from(port - 50_000) * 0.01)).collect();
    let text: String = ports(50_000, 6).map(turned_away).collect();
    assert_eq!(kinds(&[start, text].concat()), [IncidentKind::Repeated]);
}

#[test]
fn aborts_at_one_moment_are_one_incident_and_a_steady_stream_is_none() {
    let start: String = ports(50_000, 6).map(|port| opened(port, f64::from(port - 50_000) * 0.01)).collect();
    let at_once: String = ports(50_000, 6).map(|port| aborted(port, 30.0 + f64::from(port - 50_000) * 0.01)).collect();
    assert_eq!(kinds(&[start.clone(), at_once].concat()), [IncidentKind::AbortedTogether]);
    let spread: String = ports(50_000, 6).map(|port| aborted(port, 1.0 + f64::from(port - 50_000) * 0.9)).collect();
    assert_eq!(kinds(&[start, spread].concat()), [IncidentKind::Repeated]);
}

#[test]
fn a_host_that_forgot_answers_on_several_ports() {
    let talks = |port: u16, at: f64| {
        let service = port - 49_000;
        format!(
            "{at:.3} C:{port} > S:{service} S 0:0(0)
             +0.001 C:{port} < S:{service} SA 0:0(0) ack 1
             +0.0001 C:{port} > S:{service} A 1:1(0) ack 1
             +0.001 C:{port} > S:{service} PA 1:101(100) ack 1
             +0.001 C:{port} < S:{service} PA 1:51(50) ack 101
             +0.001 C:{port} > S:{service} A 101:101(0) ack 51
             "
        )
    };
    let answer = |port: u16, at: f64| {
        let service = port - 49_000;
        format!(
            "{at:.3} C:{port} > S:{service} PA 101:151(50) ack 51
             +0.001 C:{port} < S:{service} R 51:51(0)\n"
        )
    };
    let before: String = ports(50_000, 4).map(|port| talks(port, f64::from(port - 50_000) * 0.1)).collect();
    let after: String = ports(50_000, 4).map(|port| answer(port, 60.0 + f64::from(port - 50_000) * 7.0)).collect();
    assert_eq!(kinds(&[before, after].concat()), [IncidentKind::HostForgot]);
}

#[test]
fn lone_acks_to_several_ports_are_no_connections_that_a_host_forgot() {
    let probe = |port: u16, rest: &str| {
        let at = f64::from(port);
        format!("{at:.3} C:50000 > S:{port} A 1:1(0) ack 1 {rest}\n+0.001 C:50000 < S:{port} R 1:1(0)\n")
    };
    let scan = |rest: &str| -> String { ports(1, 4).map(|port| probe(port, rest)).collect() };
    assert!(!kinds(&scan("opts none ts none")).contains(&IncidentKind::HostForgot));
    // A stack's own, of a connection that this capture does not reach back to.
    assert!(kinds(&scan("")).contains(&IncidentKind::HostForgot));
}

#[test]
fn the_same_silence_before_each_reset_is_a_timer() {
    let connection =
        |port: u16, start: f64, silence: f64| [opened(port, start), aborted(port, start + 0.0031 + silence)].concat();
    let lines = |silences: [f64; 4]| -> String {
        silences
            .iter()
            .zip(50_000u16..)
            .map(|(silence, port)| connection(port, f64::from(port - 50_000) * 100.0, *silence))
            .collect()
    };
    let timer = found(&lines([60.0, 60.1, 59.9, 60.2]));
    assert_eq!(timer.len(), 1);
    assert_eq!(timer[0].kind, IncidentKind::IdleTimeout);
    let length = timer[0].rhythm.unwrap();
    assert!((length.nanos() - Span::from_secs(60).nanos()).abs() < 300_000_000, "{length}");
    assert_ne!(kinds(&lines([12.0, 31.0, 47.0, 60.2])), [IncidentKind::IdleTimeout]);
}

#[test]
fn many_ports_from_one_host_are_a_scan() {
    let probe = |at: u16| {
        format!(
            "{:.3} C:40000 > S:{} S 0:0(0)
             +0.0001 C:40000 < S:{} RA 0:0(0) ack 1\n",
            f64::from(at) * 0.01,
            1000 + at,
            1000 + at
        )
    };
    let scan = found(&(0..12).map(probe).collect::<String>());
    assert_eq!(scan.len(), 1);
    assert_eq!((scan[0].kind, scan[0].severity, scan[0].services), (IncidentKind::Scan, Severity::Scan, 12));
    assert_eq!(kinds(&(0..9).map(probe).collect::<String>()), []);
}

#[test]
fn regular_empty_connections_are_health_checks() {
    let check = |port: u16, at: f64| {
        format!(
            "{at:.3} C:{port} > S S 0:0(0)
             +0.001 C:{port} < S SA 0:0(0) ack 1
             +0.0001 C:{port} > S RA 1:1(0) ack 1\n"
        )
    };
    let steady: String = ports(50_000, 5).map(|port| check(port, f64::from(port - 50_000) * 5.0)).collect();
    let checks = found(&steady);
    assert_eq!(checks.len(), 1);
    assert_eq!((checks[0].kind, checks[0].severity), (IncidentKind::HealthCheck, Severity::Benign));
    let irregular: String =
        ports(50_000, 5).map(|port| check(port, f64::from((port - 50_000) * (port - 50_000)) * 2.0)).collect();
    assert_ne!(kinds(&irregular), [IncidentKind::HealthCheck]);
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |hex, octet| hex + &format!("{octet:02x}"))
}

/// A connection to `server` that was reset right after the client had asked for `name`.
fn stopped(port: u16, server: &str, name: &str, start: f64) -> String {
    let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\n\r\n");
    let (len, hex) = (request.len(), hex(request.as_bytes()));
    format!(
        "{start:.3} C:{port} > {server} S 0:0(0)
         +0.001 C:{port} < {server} SA 0:0(0) ack 1
         +0.0001 C:{port} > {server} A 1:1(0) ack 1
         +0.001 C:{port} > {server} PA 1:{end}({len}) ack 1 says 0x{hex}
         +0.001 C:{port} < {server} RA 1:1(0) ack {end}
         ",
        end = len + 1
    )
}

#[test]
fn the_name_is_what_they_have_in_common() {
    let servers = ["S", "S2", "S", "S3"];
    let text: String = (0..)
        .zip(servers)
        .map(|(nth, server)| stopped(40_001 + nth, server, "Blocked.example", f64::from(nth)))
        .collect();
    let found = found(&text);
    assert_eq!((found[0].kind, found[0].connections, found[0].services), (IncidentKind::SameName, 4, 3));
    assert_eq!(
        title(&found[0]),
        "4 connections from 1 client to 3 services were reset after requesting blocked.example"
    );
}

#[test]
fn where_the_same_addresses_reset_other_names_the_name_is_not_it() {
    let asked = [("S", "a.example"), ("S2", "a.example"), ("S", "a.example"), ("S2", "b.example")];
    let text: String =
        (0..).zip(asked).map(|(nth, (server, name))| stopped(40_001 + nth, server, name, f64::from(nth))).collect();
    assert!(!kinds(&text).contains(&IncidentKind::SameName));
}

#[test]
fn one_address_alone_may_be_its_servers_own_doing() {
    let text: String = (0..4).map(|nth| stopped(40_001 + nth, "S", "a.example", f64::from(nth))).collect();
    assert!(!kinds(&text).contains(&IncidentKind::SameName));
}

/// As many resets as are compared, a millisecond apart, each made of the same one by `change`.
fn many(change: impl Fn(u32, Member) -> Member) -> Vec<Incident> {
    let outcome = conversation(&stopped(40_001, "S", "a.example", 0.0)).outcome();
    let mut incidents = Incidents::default();
    incidents.add(&outcome, &judge(&outcome));
    let one = incidents.members[0];
    let later = |n: u32| Member { time: one.time.plus(Span::from_millis(n.into())), ..one };
    let count = u32::try_from(REMEMBERED).unwrap();
    incidents.members = (0..count).map(|n| change(n, later(n))).collect();
    incidents.found()
}

/// If each were compared with each, this would take minutes.
#[test]
fn a_name_or_an_outage_for_each_reset_takes_no_time() {
    let names = u32::try_from(NAMES).unwrap();
    let host = |n: u32| Endpoint::new(IpAddr::V4(Ipv4Addr::from_bits(n)), 80);
    let found = many(|n, one| Member { name: Some(NameId(n % names)), server: host(n), ..one });
    assert_eq!(found.iter().filter(|one| one.kind == IncidentKind::SameName).count(), NAMES);
    // Before the reset, which came a millisecond before the first of two refusals.
    let before = |one: &Member, n: i64| {
        let time = one.time.plus(Span::from_micros(-1_000 * n - 1));
        Some(Moment { time, frame: one.frame })
    };
    let found = many(|n, one| Member { refusal: n % 3 > 0, accepted: before(&one, i64::from(n % 3)), ..one });
    assert_eq!(found.iter().filter(|one| one.kind == IncidentKind::ServiceDied).count(), REMEMBERED.div_ceil(3));
}

#[test]
fn three_that_follow_each_other_have_no_rhythm_and_four_have_one() {
    let rhythm = |count: u16| {
        let start: String = ports(50_000, count).map(|port| opened(port, f64::from(port - 50_000) * 0.3)).collect();
        let end = |port: u16| aborted(port, 2.0 + f64::from(port - 50_000) * 0.9);
        let ends: String = ports(50_000, count).map(end).collect();
        let found = found(&[start, ends].concat());
        found.into_iter().find(|one| one.kind == IncidentKind::Repeated).map(|one| one.rhythm)
    };
    assert_eq!(rhythm(3), Some(None));
    assert_eq!(rhythm(4), Some(Some(Span::from_millis(900))));
}

#[test]
fn an_incident_gives_the_reason_that_its_reports_give() {
    let start: String = ports(50_000, 6).map(|port| opened(port, f64::from(port - 50_000) * 0.01)).collect();
    let at_once: String = ports(50_000, 6).map(|port| aborted(port, 30.0 + f64::from(port - 50_000) * 0.01)).collect();
    let mut together = found(&[start, at_once].concat()).remove(0);
    let reading = |incident: &Incident| {
        let context =
            Context { files: alloc::vec!["a.pcap".to_string()], zone: TimeZone::UTC, language: Language::English };
        let object: serde_json::Value = serde_json::from_str(&incident::line(incident, &context)).unwrap();
        object["reading"].as_str().unwrap().to_string()
    };
    assert!(reading(&together).contains("most likely one process exited"));
    together.causes = alloc::vec![("early-answer", 6)];
    let reason = reading(&together);
    assert!(reason.contains("has the same reason by its own report") && reason.ends_with("(early-answer)"), "{reason}");
}
