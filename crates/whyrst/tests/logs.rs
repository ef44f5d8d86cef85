//! Logs and other systems' records joined with captures, as a user gives them. What is in `logs/` was recorded with real
//! programs (`logs/README.md`); what no program here can write is put together in the tests, which say so.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn whyrst(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_whyrst")).args(arguments).env("LC_ALL", "C").output().expect("whyrst runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("standard output is UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("standard error is UTF-8")
}

fn recorded(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logs").join(name).display().to_string()
}

fn written(folder: &TempDir, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).expect("the temporary folder is writable");
    path.display().to_string()
}

fn log_of(name: &str) -> String {
    fs::read_to_string(recorded(name)).expect("what was recorded")
}

/// The records of a run that gave JSON.
fn records(arguments: &[&str]) -> Vec<Value> {
    let output = whyrst(&[&["explain", "--format", "json", "-q"], arguments].concat());
    let text = stdout(&output);
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    lines.filter(|record| record["schema"] == "whyrst.reset/1").collect()
}

/// The claims of the first record that has any.
fn claims(arguments: &[&str]) -> Vec<Value> {
    let with_claims = records(arguments).into_iter().find(|record| record["claims"] != Value::Array(Vec::new()));
    with_claims.and_then(|record| record["claims"].as_array().cloned()).unwrap_or_default()
}

/// The words of a claim that are compared.
fn facts(claim: &Value) -> [&str; 5] {
    ["by", "end", "tied_by", "symptom", "standing"].map(|name| claim[name].as_str().unwrap_or("null"))
}

#[test]
fn nginx_says_that_its_upstream_reset_and_the_packets_agree() {
    let (log, capture) = (recorded("nginx-upstream.error.log"), recorded("nginx-upstream.pcap"));
    let all = claims(&["--log-file", &log, &capture]);
    assert_eq!(all.iter().map(facts).collect::<Vec<_>>(), [["nginx", "client", "one-end", "nginx-104", "agrees"]]);
    assert!(
        all[0]["because"].as_str().is_some_and(|why| why.starts_with("the server sent the RST in frame ")),
        "{all:?}"
    );
    let text = stdout(&whyrst(&["explain", "--log-file", &log, &capture]));
    assert!(text.contains("  claims  nginx (") && text.contains("the packets agree"), "{text}");
}

#[test]
fn a_size_limit_that_nginx_logs_is_among_the_reasons() {
    let (log, capture) = (recorded("nginx-body.error.log"), recorded("nginx-body.pcap"));
    let with = records(&["--log-file", &log, &capture]);
    let reasons = |record: &Value| {
        let all = record["reasons"].as_array().cloned().unwrap_or_default();
        all.iter().map(|reason| reason["cause"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert!(reasons(&with[0]).contains(&"request-too-large".to_owned()), "{:?}", with[0]["reasons"]);
    let without = records(&[&capture]);
    assert!(!reasons(&without[0]).contains(&"request-too-large".to_owned()));
    // Its client is known by its address alone, so the words make nothing likely that the packets do not.
    assert_eq!(with[0]["verdict"], without[0]["verdict"]);
    assert_eq!(facts(&with[0]["claims"][0])[2..], ["address", "nginx-413", "agrees"]);
}

#[test]
fn sshd_names_both_ends_of_what_it_drops() {
    let (log, capture) = (recorded("sshd.log"), recorded("sshd.pcap"));
    let all = records(&["--log-file", &log, &capture]);
    let dropped = facts(&all[0]["claims"][0]);
    assert_eq!(dropped, ["sshd", "server", "both-ends", "sshd-maxstartups", "agrees"]);
    assert_eq!(all[0]["claims"][0]["cause"], "server-busy-close");
    // `sshd -e` prints no time, and without one a single end is too little.
    assert_eq!(all[1]["claims"], Value::Array(Vec::new()));
    let time = all[1]["time"].as_str().expect("a time");
    let folder = TempDir::new().expect("a temporary folder");
    let line = log_of("sshd.log").lines().last().map(|line| format!("{time} host sshd[7]: {line}\n"));
    let with_time = written(&folder, "auth.log", line.expect("a line"));
    let all = records(&["--log-file", &with_time, &capture]);
    assert_eq!(facts(&all[1]["claims"][0]), ["sshd", "server", "one-end", "ssh-reset-by", "agrees"]);
}

#[test]
fn haproxy_speaks_of_its_server_beside_the_connection_of_its_client() {
    let (log, capture) = (recorded("haproxy.log"), recorded("haproxy.pcap"));
    let all = claims(&["--log-file", &log, &capture]);
    assert_eq!(facts(&all[0]), ["haproxy", "server", "one-end", "haproxy-sd", "undecided"]);
    assert_eq!(all[0]["cause"], "proxy-relays-reset");
}

/// A log that lies: synthetic, from what nginx really wrote.
#[test]
fn a_claim_that_the_packets_do_not_bear_out_is_shown_as_contradicted() {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = recorded("nginx-upstream.pcap");
    let lie = |words: &str| {
        let truth = "recv() failed (104: Connection reset by peer) while reading response header from upstream";
        written(&folder, "error.log", log_of("nginx-upstream.error.log").replace(truth, words))
    };
    let closed = lie("upstream prematurely closed connection while reading response header from upstream");
    let all = claims(&["--log-file", &closed, &capture]);
    assert_eq!(facts(&all[0])[3..], ["nginx-premature-close", "contradicted"]);
    let refused = lie("connect() failed (111: Connection refused) while connecting to upstream");
    let all = claims(&["--log-file", &refused, &capture]);
    assert_eq!(facts(&all[0])[3..], ["nginx-111", "contradicted"]);
    assert_eq!(all[0]["because"], "the server had accepted the connection");
    for format in ["text", "markdown", "html"] {
        let output = whyrst(&["explain", "--format", format, "--log-file", &refused, &capture]);
        assert!(stdout(&output).contains("CONTRADICTED"), "{format}: {}", stdout(&output));
    }
    let chinese = Command::new(env!("CARGO_BIN_EXE_whyrst"))
        .args(["explain", "--lang", "zh", "--log-file", &refused, &capture])
        .output()
        .expect("whyrst runs");
    assert!(stdout(&chinese).contains("与报文矛盾"), "{}", stdout(&chinese));
}

#[test]
fn times_without_a_zone_are_those_of_tz_and_another_time_is_said() {
    let (log, capture) = (recorded("nginx-upstream.error.log"), recorded("nginx-upstream.pcap"));
    assert_eq!(claims(&["--tz", "UTC", "--log-file", &log, &capture]).len(), 1);
    assert_eq!(claims(&["--tz", "Asia/Tokyo", "--log-file", &log, &capture]).len(), 0);
    let folder = TempDir::new().expect("a temporary folder");
    let sshd = format!("Jan  1 00:00:00 host {}", log_of("sshd.log").lines().nth(3).expect("what was dropped"));
    let sshd = written(&folder, "auth.log", sshd.replace("drop", "sshd[1]: drop"));
    let output = whyrst(&["explain", "--log-file", &sshd, &recorded("sshd.pcap")]);
    let words: Vec<String> = stdout(&output).split_whitespace().map(str::to_owned).collect();
    assert!(words.join(" ").contains("but another time: is --tz that of the logs?"), "{words:?}");
}

/// The same lines as other programs hand them on: synthetic frames around what sshd really wrote.
#[test]
fn journals_and_syslog_carry_the_same_lines() {
    let folder = TempDir::new().expect("a temporary folder");
    let (log, capture) = (log_of("sshd.log"), recorded("sshd.pcap"));
    let line = log.lines().find(|line| line.starts_with("drop connection")).expect("what was dropped");
    let time = records(&[&capture])[0]["time"].as_str().expect("a time").to_owned();
    let micros = jiff::Timestamp::as_microsecond(time.parse().expect("a time"));
    let export = format!(
        "__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP={micros}\n_PID=812\n_COMM=sshd\nMESSAGE={line}\n\n\
         __CURSOR=s=1;i=2\nMESSAGE=other\n"
    );
    let object = format!(
        "{{\"__REALTIME_TIMESTAMP\":\"{micros}\",\"_PID\":\"812\",\"_COMM\":\"sshd\",\"MESSAGE\":\"{line}\"}}\n"
    );
    let syslog = format!("{time} host sshd[812]: {line}\n");
    let utf16: Vec<u8> = format!("\u{feff}{syslog}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (name, octets) in [
        ("export", export.into_bytes()),
        ("json", object.into_bytes()),
        ("syslog", syslog.into_bytes()),
        ("utf16", utf16),
    ] {
        let path = written(&folder, name, octets);
        let all = claims(&["--log-file", &path, &capture]);
        assert_eq!(all.iter().map(facts).collect::<Vec<_>>().len(), 1, "{name}: {all:?}");
        assert_eq!((all[0]["pid"].as_u64(), all[0]["by"].as_str()), (Some(812), Some("sshd")), "{name}");
        assert!(all[0]["time"].is_string(), "{name}: {all:?}");
    }
}

/// Envoy's default format and Istio's, and the line of a kubelet's event, by their documents: put together here.
#[test]
fn envoy_and_the_kubelet_are_read() {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = recorded("nginx-upstream.pcap");
    let record = &records(&[&capture])[0];
    let (client, server) = (&record["client"], &record["server"]);
    let end = |end: &Value| format!("{}:{}", end["ip"].as_str().expect("an address"), end["port"]);
    let (near, far, time) = (end(client), end(server), record["time"].as_str().expect("a time"));
    let envoy = format!(
        "[{}Z] \"GET /api HTTP/1.1\" 503 UC upstream_reset_before_response_started{{connection_termination}} - \"-\" 0 95 3 \
         - \"-\" \"curl/8.5.0\" \"a1\" \"svc\" \"{far}\" outbound|80||svc {near} 10.96.0.1:80 10.244.1.4:33212 - default\n",
        &time[..23]
    );
    let all = claims(&["--log-file", &written(&folder, "envoy.log", envoy), &capture]);
    assert_eq!(facts(&all[0]), ["envoy", "client", "both-ends", "envoy-uc", "agrees"]);
    let probe = format!("Readiness probe failed: read tcp {near}->{far}: read: connection reset by peer\n");
    let all = claims(&["--log-file", &written(&folder, "events", probe), &capture]);
    assert_eq!(facts(&all[0]), ["kubelet", "client", "both-ends", "k8s-probe-reset", "agrees"]);
    let dialled = format!("{time} host app[7]: dial tcp {far}: connect: connection refused\n");
    let all = claims(&["--log-file", &written(&folder, "app.log", dialled), &capture]);
    assert_eq!(facts(&all[0])[2..], ["one-end", "go-refused", "contradicted"]);
}

#[test]
fn a_log_alone_is_answered_with_the_pages_of_its_messages() {
    let log = recorded("nginx-body.error.log");
    let output = whyrst(&["explain", &log]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("request-too-large"), "{}", stdout(&output));
    assert!(stderr(&output).contains("give the capture as well"), "{}", stderr(&output));
    let only_option = whyrst(&["explain", "--log-file", &log]);
    assert_eq!(stdout(&only_option), stdout(&output));
    let object = stdout(&whyrst(&["explain", "--format", "json", "-q", &log]));
    assert!(object.starts_with("{\"schema\":\"whyrst.why/1\""), "{object}");
    let mixed = whyrst(&["explain", &log, &recorded("sshd.pcap")]);
    assert_eq!(mixed.status.code(), Some(2));
    assert!(stderr(&mixed).contains("--log-file FILE"), "{}", stderr(&mixed));
    let unknown = whyrst(&["explain", &recorded("sshd.pcap"), "--log-file", "/there/is/none.log"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("cannot read the log /there/is/none.log"), "{}", stderr(&unknown));
}

#[test]
fn lines_of_no_known_form_are_counted_and_the_first_is_shown_escaped() {
    let folder = TempDir::new().expect("a temporary folder");
    let noise =
        format!("{}\n\u{1b}[2Jnonsense\nmore nonsense\n{}", log_of("nginx-upstream.error.log"), "x".repeat(1 << 18));
    let log = written(&folder, "error.log", noise);
    let output = whyrst(&["explain", "--log-file", &log, &recorded("nginx-upstream.pcap")]);
    let said = stderr(&output);
    assert!(said.contains("3 of 8 lines of") && said.contains("the first is line 7: \\u{1b}[2Jnonsense"), "{said}");
    assert!(!stdout(&output).contains('\u{1b}'));
    let octets: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    let binary = written(&folder, "binary", octets);
    let output = whyrst(&["explain", "-q", "--log-file", &binary, &recorded("nginx-upstream.pcap")]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

/// Put together in the form of learn.microsoft.com's example of `netsh trace convert` with the texts of the provider's
/// manifest: the server of a recorded capture is taken for a Windows host.
#[test]
fn the_word_of_windows_is_that_of_the_sender() {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = recorded("nginx-upstream.pcap");
    let record = &records(&[&capture])[0];
    let end = |end: &Value| format!("{}:{}", end["ip"].as_str().expect("an address"), end["port"]);
    let (client, server) = (end(&record["client"]), end(&record["server"]));
    let time = record["time"].as_str().expect("a time").replace(['T'], "-").replacen('-', "/", 2);
    let trace = format!(
        "[0]1267.0008::{} [Microsoft-Windows-TCPIP]TCP: connection 0xFFFF (local={server} remote={client}) abort issued.\n",
        time.trim_end_matches('Z')
    );
    let events = written(&folder, "NetTrace.txt", &trace);
    let with = &records(&["--events", &events, &capture])[0];
    assert_eq!(with["kernel"]["reason"], "abort issued");
    assert_eq!((&with["origin"], &with["origin_confidence"]), (&Value::from("endpoint"), &Value::from("certain")));
    assert_eq!(facts(&with["claims"][0]), ["windows", "server", "both-ends", "null", "agrees"]);
    assert_eq!(with["claims"][0]["pid"], 0x1267);
    // That it says nothing of another RST means nothing.
    let other = written(&folder, "other.txt", trace.replace("local=", "local=10.1.1.1:1 x="));
    let without = &records(&["--events", &other, &capture])[0];
    assert_eq!(without["kernel"], Value::Null);
}

#[test]
fn a_capture_of_which_no_frame_can_be_read_is_a_failure_with_advice() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut octets = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 189, 0, 0, 0];
    octets.extend([7, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 40, 0, 0, 0]);
    octets.extend([0; 40]);
    let output = whyrst(&["explain", &written(&folder, "usb.pcap", octets)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("none of the 1 frames can be read") && stderr(&output).contains("--link-type"));
    assert!(!stdout(&output).contains("no resets"), "{}", stdout(&output));
}
