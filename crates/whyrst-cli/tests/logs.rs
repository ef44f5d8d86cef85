//! Logs and other systems' records joined with captures, as a user gives them. What is in `logs/` was recorded with
//! real programs (`logs/README.md`); what no program here can write is put together in the tests, which say so.

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

/// An end of a record.
fn end_of(end: &Value) -> String {
    format!("{}:{}", end["ip"].as_str().expect("an address"), end["port"])
}

/// The words of a claim that are compared.
fn facts(claim: &Value) -> [&str; 5] {
    ["by", "end", "tied_by", "symptom", "standing"].map(|name| claim[name].as_str().unwrap_or("null"))
}

#[test]
fn nginx_says_that_its_upstream_reset_beside_the_packets() {
    let (log, capture) = (recorded("nginx-upstream.error.log"), recorded("nginx-upstream.pcap"));
    let all = claims(&["--log-file", &log, &capture]);
    // It names the end that every connection to the upstream has, so it may be about another one.
    assert_eq!(all.iter().map(facts).collect::<Vec<_>>(), [["nginx", "client", "address", "nginx-104", "undecided"]]);
    assert!(
        all[0]["because"].as_str().is_some_and(|why| why.starts_with("it may be about another connection")),
        "{all:?}"
    );
    let output = whyrst(&["explain", "--log-file", &log, &capture]);
    let text = stdout(&output);
    assert!(text.contains("  claims  nginx (") && text.contains("may be about another connection"), "{text}");
    assert!(text.contains("1 of 5 log lines matched a reset in this capture"), "{text}");
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
    assert_eq!(facts(&with[0]["claims"][0])[2..], ["address", "nginx-413", "undecided"]);
}

#[test]
fn sshd_names_both_ends_of_what_it_drops() {
    let (log, capture) = (recorded("sshd.log"), recorded("sshd.pcap"));
    let all = records(&["--log-file", &log, &capture]);
    let dropped = facts(&all[0]["claims"][0]);
    // Without a time, it may be about another connection with these ports.
    assert_eq!(dropped, ["sshd", "server", "both-ends", "sshd-maxstartups", "undecided"]);
    assert_eq!(all[0]["claims"][0]["cause"], "server-busy-close");
    // `sshd -e` prints no time, and without one a single end is too little.
    assert_eq!(all[1]["claims"], Value::Array(Vec::new()));
    let time = all[1]["time"].as_str().expect("a time");
    let folder = TempDir::new().expect("a temporary folder");
    let line = log_of("sshd.log").lines().last().map(|line| format!("{time} host sshd[7]: {line}\n"));
    let first = all[0]["time"].as_str().expect("a time");
    let dropped = log_of("sshd.log").lines().find(|line| line.starts_with("drop")).map(str::to_owned);
    let dropped = format!("{first} host sshd[7]: {}\n", dropped.expect("what was dropped"));
    let agrees = records(&["--log-file", &written(&folder, "dropped.log", dropped), &capture]);
    assert_eq!(facts(&agrees[0]["claims"][0])[2..], ["both-ends", "sshd-maxstartups", "agrees"]);
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

/// A log that lies: synthetic, in the words of Go's `net.OpError`.
#[test]
fn a_claim_that_the_packets_do_not_bear_out_is_shown_as_contradicted() {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = recorded("nginx-upstream.pcap");
    let record = &records(&[&capture])[0];
    let (client, server) = (end_of(&record["client"]), end_of(&record["server"]));
    let time = record["time"].as_str().expect("a time");
    let lie = format!("{time} host app[7]: read tcp {client}->{server}: read: connection refused\n");
    let refused = written(&folder, "app.log", lie);
    let all = claims(&["--log-file", &refused, &capture]);
    assert_eq!(facts(&all[0])[2..], ["both-ends", "connection-refused", "contradicted"]);
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
    // The same words where nobody says whose end it is.
    let guessed = format!("{time} host app[7]: listener {client}: read: connection refused\n");
    let all = claims(&["--log-file", &written(&folder, "guessed.log", guessed), &capture]);
    assert_eq!((facts(&all[0])[1], facts(&all[0])[4]), ("null", "undecided"));
}

#[test]
fn times_without_a_zone_are_those_of_tz_and_another_time_is_said() {
    let (log, capture) = (recorded("nginx-upstream.error.log"), recorded("nginx-upstream.pcap"));
    assert_eq!(claims(&["--tz", "UTC", "--log-file", &log, &capture]).len(), 1);
    assert_eq!(claims(&["--tz", "Asia/Tokyo", "--log-file", &log, &capture]).len(), 0);
    let tokyo = whyrst(&["explain", "--tz", "Asia/Tokyo", "--log-file", &log, &capture]);
    let words = stdout(&tokyo).split_whitespace().collect::<Vec<_>>().join(" ");
    let hint = "no log line matches a reset in time; 1 line names an address and port that was reset, but 9 h away: \
                give --tz of the log's host";
    assert!(words.contains(hint), "{words}");
    let folder = TempDir::new().expect("a temporary folder");
    let sshd = format!("Jan  1 00:00:00 host {}", log_of("sshd.log").lines().nth(3).expect("what was dropped"));
    let sshd = written(&folder, "auth.log", sshd.replace("drop", "sshd[1]: drop"));
    let output = whyrst(&["explain", "--log-file", &sshd, &recorded("sshd.pcap")]);
    let words: Vec<String> = stdout(&output).split_whitespace().map(str::to_owned).collect();
    assert!(
        words.join(" ").contains("1 line names an address and port that was reset, but at another time"),
        "{words:?}"
    );
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
    let (near, far, time) = (end_of(client), end_of(server), record["time"].as_str().expect("a time"));
    let envoy = format!(
        "[{}Z] \"GET /api HTTP/1.1\" 503 UC upstream_reset_before_response_started{{connection_termination}} - \"-\" 0 95 3 \
         - \"-\" \"curl/8.5.0\" \"a1\" \"svc\" \"{far}\" outbound|80||svc {near} 10.96.0.1:80 10.244.1.4:33212 - default\n",
        &time[..23]
    );
    let all = claims(&["--log-file", &written(&folder, "envoy.log", envoy), &capture]);
    assert_eq!(facts(&all[0]), ["envoy", "client", "both-ends", "envoy-uc", "agrees"]);
    let probe = format!("{time} Readiness probe failed: read tcp {near}->{far}: read: connection reset by peer\n");
    let all = claims(&["--log-file", &written(&folder, "events", probe), &capture]);
    assert_eq!(facts(&all[0]), ["kubelet", "client", "both-ends", "k8s-probe-reset", "agrees"]);
    let dialled = format!("{time} host app[7]: dial tcp {far}: connect: connection refused\n");
    let all = claims(&["--log-file", &written(&folder, "app.log", dialled), &capture]);
    assert_eq!(facts(&all[0])[2..], ["address", "go-refused", "undecided"]);
    let klog = format!(
        "E1130 {}     812 prober.go:107] \"Probe failed\" probeType=\"Readiness\" output=\"Get \\\"http://{far}/\\\": \
         read tcp {near}->{far}: read: connection reset by peer\"\n",
        &time[11..23]
    );
    let all = claims(&["--log-file", &written(&folder, "kubelet.log", klog), &capture]);
    assert_eq!((facts(&all[0])[0], facts(&all[0])[2], facts(&all[0])[4]), ("kubelet", "both-ends", "agrees"));
}

/// The lines are synthetic, in the forms of the programs' documents; the client of a recorded capture is the one they
/// name.
fn of_haproxys_client(words: impl Fn(&str, &str) -> String) -> (TempDir, Vec<Value>) {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = recorded("haproxy.pcap");
    let log = log_of("haproxy.log");
    let clients: Vec<&str> = log.lines().filter_map(|line| line.split(' ').next()).collect();
    let all = records(&[&capture]);
    let is_of_log = |record: &&Value| clients.contains(&end_of(&record["client"]).as_str());
    let record = all.iter().find(is_of_log).expect("the reset of a client of the log");
    let client = end_of(&record["client"]);
    let time: jiff::Timestamp = record["time"].as_str().expect("a time").parse().expect("a time");
    let time = time.strftime("%d/%b/%Y:%H:%M:%S.%3f").to_string();
    let log = written(&folder, "proxy.log", words(&client, &time));
    let with = records(&["--log-file", &log, &capture]);
    let with = with.into_iter().filter(|record| end_of(&record["client"]) == client).collect();
    (folder, with)
}

/// What a client sends stands in a line as well: a captured header, a user agent, a cookie.
#[test]
fn what_a_stranger_sends_is_not_the_word_of_the_proxy() {
    for state in ["PR--", "SD--"] {
        for header in ["drop connection #1 from [1.1.1.1]:1 on [1.1.1.1]:1 past MaxStartups", "sQ-- 1/1/0/0/0"] {
            let (_folder, all) = of_haproxys_client(|client, time| {
                format!(
                    "{client} [{time}] web app/s1 0/0/1/0/3 503 1055 - - {state} 1/1/0/0/0 0/0 {{{header}}} \"GET / \
                     HTTP/1.1\"\n"
                )
            });
            let claim = &all[0]["claims"][0];
            let known = if state == "SD--" { "haproxy-sd" } else { "haproxy-p" };
            assert_eq!((claim["by"].as_str(), claim["symptom"].as_str()), (Some("haproxy"), Some(known)), "{claim}");
            assert_ne!(claim["cause"], "server-busy-close");
        }
    }
    let (_folder, all) = of_haproxys_client(|client, time| {
        let ip = client.split(':').next().expect("an address");
        let seconds = time.split('.').next().expect("seconds");
        format!(
            "{ip} - - [{seconds} +0000] \"GET / HTTP/1.1\" 404 183 \"-\" \"client intended \
             to send too large body: 1 bytes\"\n"
        )
    });
    assert_eq!(all[0]["claims"], Value::Array(Vec::new()));
    // A cookie with blanks: two states are in the line, and nobody knows which is HAProxy's.
    let (_folder, all) = of_haproxys_client(|client, time| {
        let cookie = "a=b x sQ-- 1/1/0/0/0 0/0";
        format!("{client} [{time}] web app/s1 0/0/1/0/3 503 1055 {cookie} - SD-- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"\n")
    });
    assert_eq!(all[0]["claims"], Value::Array(Vec::new()));
}

/// A queue and a circuit breaker try no connection, and who is slow was reached.
#[test]
fn only_a_connect_that_failed_is_an_upstream_that_could_not_be_reached() {
    let haproxy = |state: &str, backend: &str| {
        let (_folder, all) = of_haproxys_client(|client, time| {
            format!("{client} [{time}] web {backend} 0/0/1/0/3 503 1055 - - {state} 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"\n")
        });
        all[0]["claims"][0]["cause"].as_str().map(str::to_owned)
    };
    let down = Some("proxy-upstream-down".to_owned());
    assert_eq!([haproxy("sC--", "app/s1"), haproxy("SC--", "app/s1")], [down.clone(), down.clone()]);
    for (state, backend) in
        [("sQ--", "app/s1"), ("sD--", "app/s1"), ("sH--", "app/s1"), ("SC--", "app/<NOSRV>"), ("LR--", "app/<NOSRV>")]
    {
        assert_eq!(haproxy(state, backend), None, "{state}");
    }
    let envoy = |flags: &str, details: &str| {
        let (_folder, all) = of_haproxys_client(|client, time| {
            let time: jiff::civil::DateTime =
                jiff::civil::DateTime::strptime("%d/%b/%Y:%H:%M:%S%.f", time).expect("a time");
            format!(
                "[{time}Z] \"GET /api HTTP/1.1\" 503 {flags} {details} - \"-\" 0 95 3 - \"-\" \"curl\" \"a1\" \"svc\" \
                 \"10.8.0.2:80\" outbound|80||svc 10.8.0.1:1 {} {client} - default\n",
                "10.9.0.1:8090"
            )
        });
        all[0]["claims"][0]["cause"].as_str().map(str::to_owned)
    };
    assert_eq!(envoy("UF", "upstream_reset_before_response_started{connection_timeout}"), down);
    for (flags, details) in [
        ("UF", "upstream_reset_before_response_started{remote_connection_failure|TLS_error:|268435581}"),
        ("UT", "response_timeout"),
        ("UR", "upstream_reset_before_response_started{remote_reset}"),
        ("UO", "overflow"),
        ("LR", "local_reset"),
    ] {
        assert_eq!(envoy(flags, details), None, "{flags}");
    }
}

/// Lines that clients could shape: what a request holds is not the upstream.
#[test]
fn an_upstream_that_stands_in_the_request_is_not_believed() {
    let folder = TempDir::new().expect("a temporary folder");
    let truth = log_of("nginx-upstream.error.log");
    let line = truth.lines().find(|line| line.contains("recv() failed")).expect("the line of the reset");
    let far = line.split_once(", upstream: \"http://").and_then(|(_, rest)| rest.split('/').next()).expect("an end");
    let forged =
        line.replace("request: \"GET ", &format!("request: \"GET /?, upstream: \"http://{far}/\", host: \"a "));
    let forged = forged.replace(&format!(", upstream: \"http://{far}/"), ", upstream: \"http://10.7.7.7:1/");
    let forged = forged.replacen(", upstream: \"http://10.7.7.7:1/", &format!(", upstream: \"http://{far}/"), 1);
    assert!(forged.contains(far) && forged.contains("10.7.7.7:1"), "{forged}");
    let capture = recorded("nginx-upstream.pcap");
    let log = written(&folder, "error.log", forged + "\n");
    assert_eq!(claims(&["--log-file", &log, &capture]), Vec::<Value>::new());
}

/// A line of one connection, and four to the same upstream: it stands beside each that it may be about, and for none of
/// them is it proof. And the same file given twice is read once.
#[test]
fn a_line_that_fits_several_connections_agrees_with_none() {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = recorded("nginx-upstream.pcap");
    let log = recorded("nginx-upstream.error.log");
    let twice = claims(&["--log-file", &log, "--log-file", &log, &capture]);
    assert_eq!(twice.len(), 1, "{twice:?}");
    // A line that began long before and ended long after is about neither moment.
    let record = &records(&[&capture])[0];
    let server = end_of(&record["server"]);
    let time: jiff::Timestamp = record["time"].as_str().expect("a time").parse().expect("a time");
    let before = time - jiff::SignedDuration::from_secs(1_800);
    let hour =
        format!("[{before}] \"GET /api HTTP/1.1\" 503 UC 0 95 3600000 - \"-\" \"curl\" \"a1\" \"svc\" \"{server}\"\n");
    assert_eq!(claims(&["--log-file", &written(&folder, "envoy.log", hour), &capture]), Vec::<Value>::new());
}

/// The same message as collectors wrap it, and journald's export with octets: a line feed in a message ends no entry.
#[test]
fn messages_in_the_frames_of_collectors_are_read_and_none_is_forged() {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = recorded("nginx-upstream.pcap");
    let record = &records(&[&capture])[0];
    let (client, server) = (end_of(&record["client"]), end_of(&record["server"]));
    let time = record["time"].as_str().expect("a time");
    let micros = jiff::Timestamp::as_microsecond(time.parse().expect("a time"));
    let words = format!("read tcp {client}->{server}: read: connection reset by peer");
    let octets: Vec<String> = words.bytes().map(|octet| octet.to_string()).collect();
    let export = |message: &str| {
        let head = format!("__CURSOR=s=1\n__REALTIME_TIMESTAMP={micros}\n_COMM=app\nMESSAGE\n").into_bytes();
        let length = u64::try_from(message.len()).expect("it fits").to_le_bytes();
        [&head[..], &length, message.as_bytes(), b"\n_PID=9\n\n"].concat()
    };
    let frames: [(&str, Vec<u8>); 6] = [
        ("zap", format!("{{\"level\":\"error\",\"ts\":\"{time}\",\"msg\":\"{words}\"}}\n").into()),
        (
            "zap-error",
            format!(
                "{{\"ts\":{}.{:06},\"msg\":\"failed\",\"error\":\"{words}\"}}\n",
                micros / 1_000_000,
                micros % 1_000_000
            )
            .into(),
        ),
        ("docker", format!("{{\"log\":\"{words}\\n\",\"stream\":\"stderr\",\"time\":\"{time}\"}}\n").into()),
        ("cri", format!("{time} stderr F {words}\n").into()),
        (
            "array",
            format!("{{\"__REALTIME_TIMESTAMP\":\"{micros}\",\"_COMM\":\"app\",\"MESSAGE\":[{}]}}\n", octets.join(","))
                .into(),
        ),
        ("export", export(&format!("{words}\nmore"))),
    ];
    for (name, octets) in frames {
        let all = claims(&["--log-file", &written(&folder, name, octets), &capture]);
        let all: Vec<_> = all.iter().map(facts).collect();
        assert_eq!(all, [["program", "client", "both-ends", "go-read-reset", "agrees"]], "{name}");
    }
    let forged = format!(
        "hello\n\n__CURSOR=x\n__REALTIME_TIMESTAMP={micros}\n_COMM=sshd\n_PID=1\nMESSAGE=drop connection #1 from \
         [{}]:{} on [{}]:{} past MaxStartups\n\n",
        record["client"]["ip"].as_str().expect("an address"),
        record["client"]["port"],
        record["server"]["ip"].as_str().expect("an address"),
        record["server"]["port"]
    );
    assert_eq!(claims(&["--log-file", &written(&folder, "forged", export(&forged)), &capture]), Vec::<Value>::new());
}

/// What `ssh` prints is not the server's word, and an access log is anybody's.
#[test]
fn a_line_that_several_programs_print_is_signed_by_none_of_them() {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = recorded("nginx-upstream.pcap");
    let record = &records(&[&capture])[0];
    let time = record["time"].as_str().expect("a time");
    let server = (record["server"]["ip"].as_str().expect("an address"), &record["server"]["port"]);
    let ssh = format!("{time} Connection reset by {} port {}\n", server.0, server.1);
    let all = claims(&["--log-file", &written(&folder, "ssh.log", ssh), &capture]);
    assert_eq!(facts(&all[0]), ["program", "null", "address", "ssh-reset-by", "undecided"]);
    let (_folder, all) = of_haproxys_client(|client, time| {
        let (ip, seconds) = (client.split(':').next(), time.split('.').next());
        let (ip, seconds) = (ip.expect("an address"), seconds.expect("seconds"));
        format!("{ip} - - [{seconds} +0000] \"GET / HTTP/1.1\" 502 157 \"-\" \"-\"\n")
    });
    assert_eq!(all[0]["claims"][0]["by"], "access-log");
}

/// A pipe is read once: what it is shows its beginning.
#[test]
fn events_and_logs_may_come_through_a_pipe() {
    let capture = recorded("nginx-upstream.pcap");
    let record = &records(&[&capture])[0];
    let (client, server) = (end_of(&record["client"]), end_of(&record["server"]));
    let [client, server] = [client, server].map(|end| end.replacen(':', "]:", 1));
    // As syslog writes it: without a year.
    let time: jiff::Timestamp = record["time"].as_str().expect("a time").parse().expect("a time");
    let freebsd = format!(
        "{} host kernel: TCP: [{client} to [{server} tcpflags 0x18<PUSH,ACK>; tcp_do_segment: FIN_WAIT_2: Received 5 \
         bytes of data after socket was closed, sending RST and removing tcpcb\n",
        time.strftime("%b %d %H:%M:%S")
    );
    let folder = TempDir::new().expect("a temporary folder");
    let file = written(&folder, "messages", freebsd);
    let shell = |command: &str| {
        let program = env!("CARGO_BIN_EXE_whyrst");
        let output =
            Command::new("bash").args(["-c", &command.replace("WHYRST", program)]).output().expect("bash runs");
        (stdout(&output), stderr(&output))
    };
    let (plain, error) = shell(&format!("WHYRST explain -q --format json --events {file} {capture}"));
    assert!(plain.contains("\"kernel\":{"), "{plain} {error}");
    let (piped, error) = shell(&format!("WHYRST explain -q --format json --events <(cat {file}) {capture}"));
    assert!(piped.contains("\"kernel\":{"), "{piped} {error}");
    let recording = "{\"schema\":\"no recording\"}";
    let (_, error) = shell(&format!("WHYRST explain --events <(echo '{recording}') {capture}"));
    assert!(error.contains("/dev/fd/") || error.contains("/proc/"), "{error}");
    let (_, error) = shell(&format!("cat {capture} | WHYRST explain --log-file - -"));
    assert!(error.contains("standard input (-) can be read as one of"), "{error}");
    for option in ["--summary", "--parquet"] {
        let value = if option == "--parquet" { " /nowhere" } else { "" };
        let (_, error) = shell(&format!("WHYRST explain {option}{value} --log-file {}", recorded("sshd.log")));
        assert!(error.contains(&format!("{option} needs packets")), "{error}");
    }
}

/// A log with more claims than memory allows: those of the capture's time are kept.
#[test]
fn of_too_many_claims_those_nearest_to_the_capture_are_kept() {
    let folder = TempDir::new().expect("a temporary folder");
    let (truth, capture) = (log_of("nginx-upstream.error.log"), recorded("nginx-upstream.pcap"));
    let line = truth.lines().find(|line| line.contains("recv() failed")).expect("the line of the reset");
    let early = |at: u32| format!("2020/01/01 00:{:02}:{:02}{}\n", at / 60 % 60, at % 60, &line[19..]);
    let many = (0..40_000).map(early).collect::<Vec<_>>().concat();
    let log = written(&folder, "error.log", many + line + "\n");
    let output = whyrst(&["explain", "--memory", "64MiB", "--log-file", &log, &capture]);
    let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("claims were not kept") && text.contains("1 of 40001 log lines matched a reset"), "{text}");
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
    let (client, server) = (end_of(&record["client"]), end_of(&record["server"]));
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
    assert!(stderr(&output).contains("no frame of 1 can be read") && stderr(&output).contains("--link-type"));
    assert!(!stdout(&output).contains("no resets"), "{}", stdout(&output));
}
