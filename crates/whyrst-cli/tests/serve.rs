//! `whyrst serve` as a browser or an intruder meets it: a real server on loopback, spoken to octet by
//! octet.

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{TROUBLE, assert_least_privilege};

const PATIENCE: Duration = Duration::from_secs(30);

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name).join("client.pcapng")
}

/// A server and the way in.
struct Server {
    child: Child,
    address: String,
    token: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        Self::with(Command::new(env!("CARGO_BIN_EXE_whyrst")), arguments)
    }

    fn with(mut command: Command, arguments: &[&str]) -> Self {
        let mut child =
            command.args(["serve", "--quiet"]).args(arguments).stdout(Stdio::piped()).spawn().expect("whyrst runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("http://").expect("a URL");
        let (address, word) = url.split_once("/#link=").expect("a word");
        let mut server = Self { child, address: address.to_owned(), token: String::new() };
        server.session(word).json()["token"].as_str().expect("a token").clone_into(&mut server.token);
        server
    }

    /// Exchanges the word of an address.
    fn session(&self, word: &str) -> Answer {
        self.ask("POST", "/api/session", &format!("Host: {}\r\nAuthorization: Bearer {word}\r\n", self.address), b"")
    }

    /// With fixtures, when they have been read.
    fn of(names: &[&str]) -> Self {
        let files: Vec<String> = names.iter().map(|name| fixture(name).display().to_string()).collect();
        let server = Self::start(&files.iter().map(String::as_str).collect::<Vec<_>>());
        server.until(|overview| overview["sources"][0]["state"] == "done");
        server
    }

    fn until(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let overview = self.get("/api/overview").json();
            if wanted(&overview) {
                return overview;
            }
            assert!(began.elapsed() < PATIENCE, "still {overview}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.token)
    }

    fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &format!("Host: {}\r\n{}", self.address, self.bearer()), b"")
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        write!(stream, "{method} {path} HTTP/1.1\r\n{headers}{length}Connection: close\r\n\r\n").expect("sent");
        // A server that refuses need not read the rest.
        let _ = stream.write_all(body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    fn post(&self, path: &str, more: &str, body: &[u8]) -> Answer {
        self.ask("POST", path, &format!("Host: {}\r\n{}{more}", self.address, self.bearer()), body)
    }
}

/// The lines that `explain` writes of the same captures.
fn explained(names: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_whyrst"))
        .args(["explain", "--format", "json", "--all"])
        .args(names.iter().map(|name| fixture(name)))
        .output()
        .expect("whyrst runs");
    let lines = String::from_utf8(output.stdout).expect("text");
    let all = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    all.filter(|one| one["schema"] != "whyrst.incident/1").collect()
}

const SOME: &[&str] =
    &["close-unread", "connect-abandoned", "linger-zero", "data-after-close", "closed-port", "syn-unanswered"];

#[test]
fn only_who_has_the_token_may_look() {
    let server = Server::start(&[]);
    let host = format!("Host: {}\r\n", server.address);
    let all = [
        "/api/overview",
        "/api/view",
        "/api/resets",
        "/api/changes",
        "/api/causes/linger-zero",
        "/app.js.map",
        "/api/",
    ];
    for path in all {
        assert_eq!(server.ask("GET", path, &host, b"").status, 401, "{path}");
    }
    let port = server.address.rsplit(':').next().expect("a port");
    for given in [
        "Authorization: Bearer \r\n".to_owned(),
        format!("Authorization: Bearer {}0\r\n", server.token),
        // A cookie would be shown to every port of this host.
        format!("Cookie: whyrst-{port}={}\r\n", server.token),
    ] {
        assert_eq!(server.ask("GET", "/api/overview", &format!("{host}{given}"), b"").status, 401, "{given}");
    }
    assert_eq!(server.ask("GET", &format!("/api/overview?token={}", server.token), &host, b"").status, 401);
    // What a browser must have before any script runs has nothing in it, and sets nothing.
    for path in ["/", "/app.js", "/app.css"] {
        let answer = server.ask("GET", path, &host, b"");
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.head.contains("set-cookie") && !answer.body.contains(&server.token), "{path}");
    }
    assert_eq!(server.get("/api/overview").status, 200);
}

#[test]
fn the_word_of_an_address_is_good_for_one_exchange_from_the_page_itself() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_whyrst"))
        .args(["serve", "--quiet"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("whyrst runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let (address, word) =
        line.trim().strip_prefix("http://").and_then(|url| url.split_once("/#link=")).expect("a word");
    let server = Server { child, address: address.to_owned(), token: String::new() };
    let host = format!("Host: {address}\r\nAuthorization: Bearer {word}\r\n");
    assert_eq!(server.ask("GET", "/api/overview", &host, b"").status, 401, "the word is not the token");
    let foreign = format!("{host}Origin: http://127.0.0.1:1\r\n");
    assert_eq!(server.ask("POST", "/api/session", &foreign, b"").status, 403, "another port is another origin");
    for wrong in ["", "0", &word[1..]] {
        assert_eq!(server.session(wrong).status, 401, "{wrong}");
    }
    let first = server.session(word);
    assert_eq!(first.status, 200);
    assert!(!first.body.contains(word), "{}", first.body);
    assert_eq!(server.session(word).status, 401, "a second time");
}

#[test]
fn every_answer_forbids_what_the_page_does_not_need() {
    let server = Server::start(&[]);
    for answer in
        [server.get("/"), server.get("/api/overview"), server.get("/nothing"), server.ask("GET", "/", "", b"")]
    {
        assert!(answer.head.contains("content-security-policy: default-src 'none'"), "{}", answer.head);
        assert!(answer.head.contains("x-content-type-options: nosniff"), "{}", answer.head);
        assert!(!answer.head.contains("unsafe-inline"), "{}", answer.head);
    }
}

#[test]
fn names_that_were_pointed_at_it_are_refused() {
    let server = Server::start(&[]);
    let port = server.address.rsplit(':').next().expect("a port").to_owned();
    for host in [format!("rebound.example:{port}"), "127.0.0.1".to_owned(), String::new()] {
        let headers = format!("Host: {host}\r\n{}", server.bearer());
        assert_eq!(server.ask("GET", "/api/overview", &headers, b"").status, 421, "{host}");
    }
    let headers = format!("Host: localhost:{port}\r\n{}", server.bearer());
    assert_eq!(server.ask("GET", "/api/overview", &headers, b"").status, 200);
}

#[test]
fn paths_lead_nowhere_else() {
    let server = Server::start(&[]);
    for path in [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/resets/..%2f..%2fetc%2fpasswd",
        "/api/resets/0000000000000000",
        "/api/causes/..%2f..%2fetc%2fpasswd",
        "/web/dist/app.js",
    ] {
        let answer = server.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert!(!answer.body.contains("root:"), "{path}");
    }
}

#[test]
fn pages_hold_every_reset_once_and_in_order() {
    let server = Server::of(SOME);
    let wanted = explained(SOME).len();
    assert!(wanted > 5);
    let mut seen = Vec::new();
    loop {
        let page = server.get(&format!("/api/resets?order=oldest&offset={}&limit=4", seen.len())).json();
        assert_eq!(page["rows"], wanted);
        let list = page["list"].as_array().expect("rows");
        assert!(list.len() <= 4);
        if list.is_empty() {
            break;
        }
        seen.extend(list.iter().map(|row| (row["time"].to_string(), row["id"].to_string())));
    }
    assert_eq!(seen.len(), wanted);
    assert!(seen.is_sorted());
    let first = seen[0].1.trim_matches('"').to_owned();
    let found = server.get(&format!("/api/resets?order=newest&limit=1&find={first}")).json();
    assert_eq!(found["at"], wanted - 1);
    // Whatever is asked for, an answer stays small.
    assert_eq!(server.get("/api/resets?limit=99999999999").json()["list"].as_array().map(Vec::len), Some(wanted));
    assert_eq!(server.get("/api/resets?offset=-1").status, 400);
}

#[test]
fn the_most_harmful_comes_first() {
    let server = Server::of(SOME);
    let page = server.get("/api/resets").json();
    let rank = |row: &Value| {
        let severity = ["fault", "attack", "policy", "scan", "benign"].iter().position(|one| row["severity"] == *one);
        (severity, row["accepted"] == false, std::cmp::Reverse(row["lost"].as_u64().unwrap_or(0)))
    };
    let ranks: Vec<_> = page["list"].as_array().expect("rows").iter().map(rank).collect();
    assert!(ranks.is_sorted(), "{ranks:?}");
}

#[test]
fn facets_and_series_agree_with_a_recount() {
    let server = Server::of(SOME);
    let lines = explained(SOME);
    for (query, fits) in [
        ("", (|_| true) as fn(&Value) -> bool),
        ("confidence:possible", |line| line["verdict"]["confidence"] == "possible"),
        ("-cause:close-unread", |line| line["verdict"]["cause"] != "close-unread"),
        ("cause:close-unread cause:linger-zero", |line| {
            ["close-unread", "linger-zero"].iter().any(|cause| line["verdict"]["cause"] == *cause)
        }),
        ("service::8888 severity:fault", |line| line["server"]["port"] == 8888 && line["severity"] == "fault"),
    ] {
        let path = format!("/api/view?q={}", query.replace(' ', "%20"));
        let view = server.get(&path).json();
        let fit: Vec<&Value> = lines.iter().filter(|line| fits(line)).collect();
        assert_eq!(view["total"], fit.len(), "{query}");
        let mut causes: BTreeMap<&str, u64> = BTreeMap::new();
        for line in &fit {
            *causes.entry(line["verdict"]["cause"].as_str().expect("a cause")).or_default() += 1;
        }
        let facets = view["facets"].as_array().expect("facets");
        let facet = facets.iter().find(|facet| facet["key"] == "cause").expect("causes");
        if !query.contains("cause:") {
            let told = facet["values"].as_array().expect("values").iter();
            let told: BTreeMap<&str, u64> = told
                .map(|one| (one["value"].as_str().expect("a value"), one["count"].as_u64().expect("a count")))
                .collect();
            assert_eq!(told, causes, "{query}");
        }
        let series = view["series"]["causes"].as_array().expect("series").iter();
        let columns = series.flat_map(|one| one["counts"].as_array().expect("counts"));
        assert_eq!(columns.filter_map(Value::as_u64).sum::<u64>(), fit.len() as u64, "{query}");
    }
    // A facet is counted as if its own terms were not there: what else could be chosen.
    let view = server.get("/api/view?q=cause:close-unread").json();
    assert!(view["facets"][1]["values"].as_array().expect("values").len() > 1, "{view}");
    // Each step of a verdict can be asked for.
    let view = server.get("/api/view?q=family:aborted%20mechanism:close-unread").json();
    let families = view["facets"].as_array().expect("facets").iter().find(|facet| facet["key"] == "family");
    assert!(families.expect("families")["values"].to_string().contains("aborted"), "{view}");
    assert!(view["rows"].as_u64().expect("rows") > 0, "{view}");
    assert_eq!(server.get("/api/view?q=service:nowhere").status, 400);
    assert_eq!(server.get("/api/view?q=casue:x").status, 400);
    assert_eq!(server.get(&format!("/api/view?q={}", "(".repeat(3_000))).status, 400);
}

#[test]
fn a_reset_comes_whole_with_its_ladder() {
    let server = Server::of(&["close-unread"]);
    let row = server.get("/api/resets").json()["list"][0].clone();
    let reset = server.get(&format!("/api/resets/{}", row["id"].as_str().expect("an id"))).json();
    assert_eq!(reset["schema"], "whyrst.reset/1");
    let marked: Vec<&Value> =
        reset["ladder"].as_array().expect("a ladder").iter().filter(|rung| rung["marked"] == true).collect();
    assert!(
        marked.iter().any(|rung| rung["flags"] == "RA" && rung["frame"] == reset["resets"][0]["frame"]),
        "{marked:?}"
    );
    let cause = server.get(&format!("/api/causes/{}", row["cause"].as_str().expect("a cause"))).json();
    assert_eq!(cause["schema"], "whyrst.cause/1");
}

#[test]
fn a_dropped_capture_is_explained_and_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Command::new(env!("CARGO_BIN_EXE_whyrst"));
    server.env("TMPDIR", folder.path());
    let capture = std::fs::read(fixture("linger-zero")).expect("a fixture");
    let server = Server::with(server, &[]);
    let origin = format!("Origin: http://{}\r\n", server.address);
    let answer = server.post("/api/captures?name=..%2F..%2Fa%3Cb%3E.pcapng", &origin, &capture);
    assert_eq!(answer.status, 202, "{}", answer.body);
    let overview = server.until(|overview| overview["sources"][0]["state"] == "done");
    let source = &overview["sources"][0];
    assert_eq!((&source["name"], &source["kind"]), (&Value::from("a<b>.pcapng"), &Value::from("dropped")));
    assert!(source["resets"].as_u64() > Some(0));
    assert_eq!(source["summary"]["schema"], "whyrst.summary/1");
    let row = server.get("/api/resets").json()["list"][0].clone();
    assert_eq!(row["source"], "a<b>.pcapng");
    let began = Instant::now();
    while std::fs::read_dir(folder.path()).expect("the folder").next().is_some() {
        assert!(began.elapsed() < PATIENCE, "something stays in the folder for temporary files");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn uploads_are_bounded_and_only_from_the_page() {
    let server = Server::start(&["--upload-limit", "4KiB"]);
    let own = format!("Origin: http://{}\r\n", server.address);
    let foreign = server.post("/api/captures", "Origin: http://evil.example\r\n", b"x");
    assert_eq!(foreign.status, 403);
    assert_eq!(server.post("/api/captures", "Origin: null\r\n", b"x").status, 403);
    assert_eq!(server.post("/api/captures", &own, &[0; 5_000]).status, 413);
    // Without a length it is measured as it comes.
    let chunked = format!("{own}Transfer-Encoding: chunked\r\n");
    let headers = format!("Host: {}\r\n{}{chunked}", server.address, server.bearer());
    let mut body = Vec::new();
    for _ in 0..8 {
        body.extend(b"400\r\n");
        body.extend([0; 0x400]);
        body.extend(b"\r\n");
    }
    body.extend(b"0\r\n\r\n");
    let mut stream = TcpStream::connect(&server.address).expect("it listens");
    write!(stream, "POST /api/captures HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").expect("sent");
    let _ = stream.write_all(&body);
    let mut status = String::new();
    BufReader::new(stream).read_line(&mut status).expect("an answer");
    assert!(status.contains(" 413 "), "{status}");
    // What is no capture is said to be none.
    assert_eq!(server.post("/api/captures?name=text", &own, b"this is no capture").status, 202);
    let overview = server.until(|overview| {
        let sources = overview["sources"].as_array().expect("sources");
        sources.iter().any(|source| source["name"] == "text" && source["state"] == "failed")
    });
    let text = overview.to_string();
    assert!(text.contains("capture"), "{text}");
}

/// A capture that begins to arrive and does not go on.
fn stalled(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).expect("it listens");
    let head = format!("Host: {0}\r\n{1}Origin: http://{0}\r\n", server.address, server.bearer());
    write!(stream, "POST /api/captures?name=stalled HTTP/1.1\r\n{head}Content-Length: 1000000\r\n\r\nbegin")
        .expect("sent");
    stream
}

#[test]
fn captures_that_stall_hold_up_no_other_and_are_cut_off() {
    let server = Server::start(&[]);
    let mut stalled: Vec<TcpStream> = (0..3).map(|_| stalled(&server)).collect();
    server.until(|overview| overview["sources"].as_array().is_some_and(|sources| sources.len() == 3));
    let origin = format!("Origin: http://{}\r\n", server.address);
    let capture = std::fs::read(fixture("linger-zero")).expect("a fixture");
    assert_eq!(server.post("/api/captures?name=other", &origin, &capture).status, 202);
    server.until(|overview| overview["sources"][3]["state"] == "done");
    let mut answer = String::new();
    stalled[0].set_read_timeout(Some(PATIENCE)).expect("a bound");
    BufReader::new(&mut stalled[0]).read_line(&mut answer).expect("an answer");
    assert!(answer.contains(" 408 "), "{answer}");
}

#[test]
fn nothing_of_a_capture_stays_when_the_server_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut server = Command::new(env!("CARGO_BIN_EXE_whyrst"));
    server.env("TMPDIR", folder.path());
    let mut server = Server::with(server, &[]);
    let _stalled = stalled(&server);
    server.until(|overview| overview["sources"].as_array().is_some_and(|sources| sources.len() == 1));
    server.child.kill().expect("killed");
    server.child.wait().expect("it is gone");
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn half_open_connections_do_not_keep_others_out() {
    let server = Server::start(&[]);
    let half = |number: usize| {
        let mut stream = TcpStream::connect(&server.address).expect("it listens");
        // Some say nothing, some begin and never end.
        let _ = stream.write_all(if number.is_multiple_of(2) { b"" } else { b"GET / HTTP/1.1\r\nHost: " });
        stream
    };
    let half: Vec<TcpStream> = (0..300).map(half).collect();
    assert_eq!(server.get("/api/overview").status, 200);
    let descriptors = std::fs::read_dir(format!("/proc/{}/fd", server.child.id())).expect("its descriptors").count();
    assert!(descriptors < 64 + 40, "{descriptors} descriptors");
    // Those that are still open are closed when their time is over.
    let mut last = half.last().expect("some");
    last.set_read_timeout(Some(Duration::from_secs(15))).expect("a bound");
    let mut rest = Vec::new();
    last.read_to_end(&mut rest).expect("it is closed within ten seconds");
}

#[test]
fn a_recording_of_one_endless_line_takes_no_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("resets.jsonl");
    let lines: Vec<String> = explained(&["linger-zero"]).iter().map(ToString::to_string).collect();
    let mut file = std::fs::File::create(&path).expect("a file");
    write!(file, "{}\n{{", lines.join("\n")).expect("written");
    // A hole: half a gigabyte of zeros that take no room on the disk.
    file.set_len(1 << 29).expect("a hole");
    let server = Server::start(&[&path.display().to_string()]);
    let overview = server.until(|overview| overview["sources"][0]["state"] == "done");
    assert_eq!(overview["rows"], lines.len());
    assert!(overview["sources"][0]["remarks"][0].as_str().is_some_and(|text| text.starts_with("1 line")), "{overview}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).expect("its status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    assert!(peak < 200 << 10, "{peak} KiB");
}

#[test]
fn changes_are_told_as_they_come() {
    let server = Server::start(&[]);
    let mut stream = TcpStream::connect(&server.address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a bound");
    let head = format!("Host: {}\r\n{}", server.address, server.bearer());
    write!(stream, "GET /api/changes HTTP/1.1\r\n{head}\r\n").expect("sent");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok).filter(|line| line.starts_with("data:"));
    assert_eq!(lines.next().as_deref(), Some("data: 0"));
    let origin = format!("Origin: http://{}\r\n", server.address);
    let capture = std::fs::read(fixture("linger-zero")).expect("a fixture");
    assert_eq!(server.post("/api/captures?name=a", &origin, &capture).status, 202);
    assert!(lines.next().is_some_and(|line| line != "data: 0"));
}

#[test]
fn a_recording_of_events_is_judged() {
    let recording = |name: &str| fixture("close-unread").with_file_name(name).display().to_string();
    let server = Server::start(&[&recording("live.jsonl")]);
    let overview = server.until(|overview| overview["sources"][0]["state"] == "done");
    assert_eq!((&overview["rows"], &overview["sources"][0]["kind"]), (&1.into(), &"recording".into()), "{overview}");
    // The lab's own recording has no sockets, which its captures have in their stead: that is said.
    let server = Server::start(&[&recording("events.jsonl")]);
    let overview = server.until(|overview| overview["sources"][0]["state"] == "failed");
    let cause = overview["sources"][0]["cause"].as_str().unwrap_or_default();
    assert!(cause.contains("events without their sockets"), "{overview}");
}

#[test]
fn recordings_are_read_as_they_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("resets.jsonl");
    let mut lines: Vec<String> = explained(SOME).iter().map(ToString::to_string).collect();
    lines.extend([r#"{"schema":"other/1"}"#.to_owned(), "not JSON".to_owned()]);
    std::fs::write(&path, lines.join("\n")).expect("written");
    let server = Server::start(&[&path.display().to_string()]);
    let overview = server.until(|overview| overview["sources"][0]["state"] == "done");
    assert_eq!(overview["rows"], explained(SOME).len());
    assert!(
        overview["sources"][0]["remarks"][0].as_str().is_some_and(|text| text.starts_with("2 lines")),
        "{overview}"
    );
}

#[test]
fn a_report_brings_everything_in_one_file() {
    let output = Command::new(env!("CARGO_BIN_EXE_whyrst"))
        .args(["explain", "--format", "html", "--all"])
        .args(SOME.iter().map(|name| fixture(name)))
        .output()
        .expect("whyrst runs");
    let page = String::from_utf8(output.stdout).expect("text");
    let (_, rest) = page.split_once("id=\"data\">\n").expect("data");
    let (data, _) = rest.split_once("</script>").expect("their end");
    let objects: Vec<Value> = data.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |schema: &str| objects.iter().filter(|one| one["schema"] == schema).count();
    assert_eq!(of("whyrst.reset/1") + of("whyrst.failed-connect/1"), explained(SOME).len());
    assert_eq!(of("whyrst.summary/1"), 1);
    for reset in objects.iter().filter(|one| one["verdict"].is_object()) {
        for step in [&reset["verdict"], &reset["mechanism"], &reset["reasons"][0]] {
            let cause = &step["cause"];
            let named = objects.iter().any(|one| one["schema"] == "whyrst.cause/1" && one["id"] == *cause);
            assert!(named || *cause == "unexplained" || step.is_null(), "no page for {cause}");
        }
    }
    assert!(!page.contains("http://") || !page.contains("src=\"http"), "something would be loaded");
}

#[test]
#[ignore = "needs root and BPF"]
fn the_live_hosts_resets_come_onto_the_page_with_their_process() {
    let server = Server::start(&["--live", &fixture("linger-zero").display().to_string()]);
    let read = server.until(|overview| overview["sources"][1]["state"] == "done");
    assert_eq!(read["sources"][1]["resets"], 1, "a capture that was named is read: {read}");
    assert_least_privilege(server.child.id(), &["conntrack"]);
    let origin = format!("Origin: http://{}\r\n", server.address);
    let capture = std::fs::read(fixture("close-unread")).expect("a fixture");
    assert_eq!(server.post("/api/captures?name=dropped", &origin, &capture).status, 202);
    let read = server.until(|overview| overview["sources"][2]["state"] == "done");
    assert_eq!(read["sources"][2]["remarks"], Value::Array(Vec::new()), "so is one that was dropped: {read}");
    let before = server.until(|overview| overview["sources"][0]["kind"] == "live");
    assert_eq!(before["sources"][0]["state"], "live", "{before}");
    assert!(Command::new("python3").args(["-c", TROUBLE]).status().expect("python3 runs").success());
    let began = Instant::now();
    let rows = loop {
        let rows = server.get("/api/resets?q=process:python3%20-cause:closed-port&limit=10").json();
        if rows["list"].as_array().is_some_and(|rows| !rows.is_empty()) {
            break rows;
        }
        assert!(began.elapsed() < PATIENCE, "nothing came: {rows}");
        std::thread::sleep(Duration::from_millis(50));
    };
    let row = &rows["list"][0];
    assert_eq!((row["cause"].as_str(), row["confidence"].as_str()), (Some("close-unread"), Some("certain")), "{row}");
    let reset = server.get(&format!("/api/resets/{}", row["id"].as_str().unwrap_or_default())).json();
    assert_eq!(reset["schema"], "whyrst.reset/1", "{reset}");
    assert_eq!(reset["socket"]["unread_bytes"], 3, "{reset}");
    let facets = server.get("/api/view?q=").json();
    let text = facets["facets"].to_string();
    assert!(text.contains("python3") && text.contains("closed-port"), "{text}");
}

#[test]
fn the_whole_connection_is_read_again_within_the_limit() {
    let server = Server::of(&["request-too-large"]);
    let row = &server.get("/api/resets?order=oldest").json()["list"][0];
    let id = row["id"].as_str().expect("an id");
    let gap = |ladder: &Value| -> u64 {
        ladder.as_array().expect("a ladder").iter().filter_map(|rung| rung["gap"].as_u64()).sum()
    };
    let line = server.get(&format!("/api/resets/{id}")).json();
    assert!(gap(&line["ladder"]) > 0, "this connection is remembered whole");
    let whole = server.get(&format!("/api/resets/{id}/packets")).json();
    assert_eq!(gap(&whole["ladder"]), 0);
    assert_eq!(whole["total"], whole["ladder"].as_array().expect("a ladder").len());
    assert_eq!(whole["ladder_from"], line["ladder_from"]);
    // The packets that the line has are among them, as they are.
    for rung in line["ladder"].as_array().expect("a ladder").iter().filter(|rung| rung["frame"].is_number()) {
        let found = whole["ladder"].as_array().expect("a ladder").iter().find(|one| one["frame"] == rung["frame"]);
        assert_eq!(found, Some(rung));
    }
    let some = server.get(&format!("/api/resets/{id}/packets?most=8")).json();
    assert_eq!(some["total"], whole["total"]);
    assert_eq!(some["ladder"].as_array().expect("a ladder").len(), 9, "eight packets and a gap");
    assert_eq!(gap(&some["ladder"]) + 8, some["total"].as_u64().expect("a number"));
    assert_eq!(server.get("/api/resets/0123456789abcdef/packets").status, 404);
    assert_eq!(server.get(&format!("/api/resets/{id}/packets?most=many")).status, 400);
}

#[test]
fn a_capture_that_is_gone_is_said_by_whoever_asks_for_more_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gone.pcapng");
    std::fs::copy(fixture("close-unread"), &path).expect("a copy");
    let server = Server::start(&[&path.display().to_string()]);
    server.until(|overview| overview["sources"][0]["state"] == "done");
    let id = server.get("/api/resets").json()["list"][0]["id"].as_str().expect("an id").to_owned();
    std::fs::remove_file(&path).expect("it was there");
    let answer = server.get(&format!("/api/resets/{id}/packets"));
    assert_eq!(answer.status, 502);
    assert!(answer.body.contains("cannot read this connection again"), "{}", answer.body);
    assert!(
        answer.body.contains("gone.pcapng") || answer.body.contains("do not have this connection"),
        "{}",
        answer.body
    );
}

#[test]
fn of_dropped_captures_the_last_four_can_be_read_again() {
    let server = Server::start(&[]);
    let octets = std::fs::read(fixture("close-unread")).expect("a fixture");
    for name in ["a", "b", "c", "d", "e"] {
        assert_eq!(server.post(&format!("/api/captures?name={name}.pcapng"), "", &octets).status, 202);
        let read = |overview: &Value| {
            overview["sources"].as_array().is_some_and(|all| all.iter().all(|one| one["state"] == "done"))
        };
        server.until(read);
    }
    let list = server.get("/api/resets").json()["list"].as_array().expect("rows").clone();
    let mut found: Vec<(String, u16)> = list
        .iter()
        .map(|row| {
            let id = row["id"].as_str().expect("an id");
            let answer = server.get(&format!("/api/resets/{id}/packets"));
            (row["source"].as_str().expect("a name").to_owned(), answer.status)
        })
        .collect();
    found.sort();
    let wanted = [("a", 404), ("b", 200), ("c", 200), ("d", 200), ("e", 200)];
    assert_eq!(found, wanted.map(|(name, status)| (format!("{name}.pcapng"), status)));
}

#[test]
fn the_labs_run_stands_beside_a_reset() {
    let server = Server::of(&["close-unread"]);
    let id = server.get("/api/resets").json()["list"][0]["id"].as_str().expect("an id").to_owned();
    let told = server.get(&format!("/api/resets/{id}/beside")).json();
    assert_eq!(told["scenario"], "close-unread");
    let packets = told["packets"].as_array().expect("rows");
    assert!(packets.len() > 5 && packets.iter().all(|row| row["comparison"] == "equal"), "{told}");
    assert_eq!(told["signs"][0]["comparison"], "unknown", "nobody asked the kernel: {told}");
    assert_eq!(server.get("/api/resets/0123456789abcdef/beside").status, 404);
}
