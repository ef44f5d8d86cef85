//! What filters mean, what they refuse, and that nothing typed brings the parser down.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};

use whyrst_model::listed::ListedReport;

use super::*;

fn error(text: &str) -> String {
    Filter::parse(text).expect_err(text).why.to_string()
}

fn same(one: &str, other: &str) {
    assert_eq!(Filter::parse(one), Filter::parse(other), "{one} and {other}");
    assert!(Filter::parse(one).is_ok(), "{one}");
}

/// An abort by the server, from 10.0.0.1:40000 to 10.1.2.3:443, as a line of JSON.
fn report() -> ListedReport<'static> {
    const LINE: &str = r#"{"schema":"whyrst.reset/1","source":"night.pcapng","time":"2026-01-31T12:00:00Z",
        "client":{"ip":"10.0.0.1","port":40000},"server":{"ip":"10.1.2.3","port":443},"phase":"established",
        "origin":"endpoint","kind":"active","verdict":{"cause":"early-answer","confidence":"likely","title":"t"},
        "family":{"id":"aborted","confidence":"certain","by":"server","text":"t"},
        "mechanism":{"cause":"close-unread","title":"t","confidence":"possible","confirm":"c","open":[]},
        "reasons":[{"cause":"early-answer","confidence":"likely","title":"t","confirm":"c","evidence":[]}],
        "severity":"fault","effect":{"accepted":true,"lost_client_bytes":null,"lost_server_bytes":null,
        "certainty":"unknown"},"count":1}"#;
    serde_json::from_str(LINE).expect("a line of the contract")
}

#[test]
fn a_report_fits_what_is_true_of_it() {
    for yes in [
        "",
        "port 443",
        "port 80 or 443",
        "tcp port (80 or 443)",
        "portrange 440-450 and net 10",
        "port:400-500",
        "host 10.0.0.1 and host 10.1.2.3",
        "10.0.0.1 or 10.9.9.9",
        "src and dst net 10.0.0.0/8",
        "src or dst port 40000",
        "net 10.1.0.0 mask 255.255.0.0",
        "ip and tcp and not udp and not ip6",
        "service:10.1.2.3:443 peer:10.0.0.0/24",
        "cause:early-* mechanism:close-unread family:aborted by:server",
        "cause:closed-port cause:early-answer",
        "severity:fault -confidence:possible -cause:linger-zero",
        "cause:closed-port or (port 443 and reason:early-answer)",
        "UNREAD night",
        "\"unread\" -\"early answer\"",
        "source:night.pcapng ending:reset kind:active phase:established origin:endpoint",
        "time:2026-01-31T12:00:00Z..2026-01-31T13:00:00Z",
        "not not port 443",
        "port(80 or 443)&&!cause:closed-port||ip6",
    ] {
        assert!(Filter::parse(yes).unwrap_or_else(|error| panic!("{error}")).fits(&report()), "{yes}");
    }
    for no in [
        "port 80",
        "host 10.0.0.1 and port 80",
        "host 10.0.0.1 and host 10.0.0.2",
        "port 443 and port 80",
        "peer:10.1.2.3",
        "service::40000",
        "udp",
        "ip6",
        "10.1.2.3:40000",
        "cause:close-unread",
        "name:\"early-*\"",
        "process:nginx",
        "-unread",
        "src and dst net 10.0.0.0/16",
        // `and` does not bind closer than `or`: (yes or no) and no.
        "port 443 or port 1 and port 2",
    ] {
        assert!(!Filter::parse(no).unwrap_or_else(|error| panic!("{error}")).fits(&report()), "{no}");
    }
}

#[test]
fn what_is_written_otherwise_means_the_same() {
    same("port 443 and not cause:closed-port", "port:443 -cause:closed-port");
    same("port:443 or port:80", "(port:443) || port:80");
    same("port 443 or 80", "port:443 or port:80");
    same("a b or c", "(a and b) or (c)");
    same("a or b and c", "(a or b) and c");
    same("a or b c", "a or (b and c)");
    same("not (a or b)", "!(a || b)");
    same("host 10.0.0.1", "10.0.0.1");
    same("net 10.0.0.0/8", "host:10.0.0.0/8");
    same("\"or\"", "\"o\"r\"\"");
    same("--a", "not not a");
    same("a&&b", "a and b");
    same("src or dst port 80", "port 80");
}

#[test]
fn what_cannot_be_read_is_said() {
    for (filter, says) in [
        ("casue:closed-port", "did you mean cause:"),
        ("cause:closed-prot", "did you mean cause:closed-port?"),
        ("mechanism:early-answer", "mechanism is never early-answer"),
        ("prot:443", "did you mean port:"),
        ("severity:fautl", "severity is never fautl: did you mean severity:fault?"),
        ("family:abort", "did you mean family:aborted?"),
        ("port:443 or", "a term is missing"),
        ("(port:443 or)", "a term is missing"),
        ("or port:443", "a term is missing before or"),
        ("(port:443", "parenthesis"),
        ("port:443)", "parenthesis"),
        ("trace(1).pcap", "parenthesis"),
        ("port 443x", "port 443x: expected a port number"),
        ("port http", "names are not looked up"),
        ("port 65536", "expected a port number"),
        ("port +80", "expected a port number"),
        ("portrange 9-3", "range"),
        ("port", "expected a port number"),
        ("host", "expected an address"),
        ("tcp and host foo", "host foo: expected an address"),
        ("service:nonsense", "expected an address"),
        ("host:10.0.0.0/33", "expected an address"),
        ("net 300", "expected a network"),
        ("net 10.0.0.0 mask 255.0.255.0", "expected a network"),
        ("time:yesterday", "expected two times"),
        ("80", "port 80 for a port"),
        ("vlan 5 and tcp", "vlan is not supported"),
        ("tcp[13] & 4 != 0", "bytes of a packet"),
        ("src tcp", "before the direction"),
        ("less many", "number of bytes"),
        ("src host 10.0.0.1 or cause:closed-port", "src chooses packets"),
        ("less 100", "less chooses packets"),
        ("icmp", "icmp chooses packets"),
    ] {
        assert!(error(filter).contains(says), "{filter}: {}", error(filter));
    }
    assert!(error(&"(".repeat(500)).contains("within each other"));
    assert!(error(&"a".repeat(70_000)).contains("more than"));
}

#[test]
fn an_error_points_at_its_place() {
    for (filter, at, width) in [
        ("casue:x", 0, 7),
        ("tcp and host foo", 13, 3),
        ("port 1 and", 10, 1),
        ("过滤 port 1)", 9, 1),
        ("(port 1", 7, 1),
        ("cause:closed-port or src port 1", 21, 3),
    ] {
        let error = Filter::parse(filter).expect_err(filter);
        assert_eq!((error.at, error.width), (at, width), "{filter}: {error}");
    }
    let error = Filter::parse("casue:x").expect_err("a wrong key").to_string();
    assert!(error.ends_with("\n    casue:x\n    ^^^^^^^"), "{error}");
}

#[test]
fn packets_decide_what_they_can() {
    let packets = |text: &str| Divided::parse(text).unwrap_or_else(|error| panic!("{error}")).packets;
    let whole = |text: &str| Divided::parse(text).unwrap_or_else(|error| panic!("{error}")).reports.is_empty();
    assert!(whole("src host 10.0.0.1 and (port 80 or 443) and not icmp") && packets("less 100").is_some());
    assert!(!whole("port 443 and cause:closed-port"));
    assert_eq!(packets("port 443 and cause:closed-port"), packets("port 443"));
    assert_eq!(packets("port 443 -severity:benign src host 10.0.0.1"), packets("port 443 and src host 10.0.0.1"));
    // What is joined by `or` is decided where all of it is known.
    assert_eq!(packets("port 443 or cause:closed-port"), None);
    assert!(Divided::parse("src port 443 or cause:closed-port").is_err());
    assert!(Divided::parse("").is_err_and(|error| error.why == Why::Empty));
    assert!(Divided::parse("port 443").is_ok_and(|divided| divided.anywhere.is_some()));
    assert!(Divided::parse("src port 443").is_ok_and(|divided| divided.anywhere.is_none()));
    assert!(of_packets("port 443 and host 10.0.0.1").is_ok());
    assert!(of_packets("port 443 nginx").is_err_and(|error| error.why == Why::Verdicts("nginx".to_owned())));
}

#[test]
fn a_facet_counts_what_only_its_own_terms_keep_out() {
    let fit = |text: &str| Filter::parse(text).unwrap_or_else(|error| panic!("{error}")).verdict(&report());
    assert_eq!(fit("cause:early-answer port 443"), Fit::Yes);
    assert_eq!(fit("cause:closed-port port 443"), Fit::But(Key::Cause));
    assert_eq!(fit("-severity:fault port 443"), Fit::But(Key::Severity));
    assert_eq!(fit("cause:closed-port or cause:linger-zero"), Fit::But(Key::Cause));
    assert_eq!(fit("cause:closed-port severity:benign"), Fit::No);
    assert_eq!(fit("cause:closed-port nothing-like-it"), Fit::No);
}

#[test]
fn patterns() {
    let pattern = |pattern: &str, text| fits_pattern(text, &pattern.split('*').map(str::to_owned).collect::<Vec<_>>());
    assert!(pattern("close-*", "close-unread") && pattern("*-unread", "close-unread") && pattern("*", ""));
    assert!(pattern("c*-*d", "close-unread") && !pattern("close-*", "exit-unread") && !pattern("ab*ba", "aba"));
}

#[test]
fn a_lone_hyphen_is_text_also_in_parentheses() {
    let fits = |text: &str| Filter::parse(text).unwrap().fits(&report());
    assert_eq!(fits("-"), fits("(-)"));
    assert_eq!(fits("-"), fits("not not (-)"));
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_filter_or_an_error(text in "[a-z0-9 ()!&|./:\"*,-]{0,60}") {
        match Filter::parse(&text) {
            Ok(filter) => {
                let holds = filter.fits(&report());
                // Twice the opposite is the same, but of nothing: quotes around nothing are no word.
                let says_something = text.chars().any(|one| one != '"' && one != ' ');
                if says_something && text.matches('"').count() % 2 == 0 {
                    let twice = Filter::parse(&format!("not not ({text})"));
                    proptest::prop_assert!(twice.is_ok_and(|twice| twice.fits(&report()) == holds));
                }
            }
            Err(error) => proptest::prop_assert!(error.at <= text.chars().count()),
        }
    }
}
