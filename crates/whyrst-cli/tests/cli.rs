//! The command line as a user meets it: what is said, where, and with which exit status.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

fn whyrst(arguments: &[&str]) -> Output {
    whyrst_in("C", arguments)
}

/// In the locale that `LC_ALL` names.
fn whyrst_in(locale: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whyrst"));
    command.args(arguments).env("LC_ALL", locale).output().expect("whyrst runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("standard output is UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("standard error is UTF-8")
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

fn closed_port() -> String {
    fixture("closed-port/client.pcapng").display().to_string()
}

/// A file with these octets, in a folder that goes away with the test.
fn file(folder: &TempDir, name: &str, octets: &[u8]) -> String {
    let path = folder.path().join(name);
    fs::write(&path, octets).expect("the temporary folder is writable");
    path.display().to_string()
}

/// `explain` fails with status 2 and one line that holds every word.
fn fails_with(path: &str, words: &[&str]) {
    let output = whyrst(&["explain", path]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(said.lines().count(), 1, "one line: {said}");
    for word in words.iter().chain([&path]) {
        assert!(said.contains(word), "\"{word}\" is not in: {said}");
    }
}

#[test]
fn a_reset_is_explained_and_the_status_is_0() {
    let output = whyrst(&["explain", &closed_port()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("\nCERTAIN   the connect was refused in the server's name"), "{text}");
    assert!(text.contains("\nPOSSIBLE  nothing listens on the server's address and port (closed-port)\n"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "eighty columns: {text}");
    assert!(!text.contains('\x1b'), "no colour in a pipe");
}

/// The first words of the lines of a report that are not packets, continued or indented.
fn labels(text: &str) -> Vec<&str> {
    let is_label = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    text.lines().filter(is_label).filter_map(|line| line.split_whitespace().next()).collect()
}

#[test]
fn what_is_surest_comes_first_and_the_sections_follow_in_their_order() {
    let text = stdout(&whyrst(&["explain", &fixture("close-unread/client.pcapng").display().to_string()]));
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} is not in {text}"));
    let order =
        ["10.77.0.1:40000 > ", "\nCERTAIN ", "\nPOSSIBLE ", "\n  open ", "\n  decide ", "\n  fix ", "SYN seq 0"];
    assert!(order.map(at).is_sorted(), "{text}");
    assert!(at("RST-ACK") < at("\n  why ") && at("\n  but ") < at("\n  lost "), "{text}");
    assert_eq!(labels(&text), ["open", "decide", "fix", "why", "but", "lost", "more"], "{text}");
}

/// An engineer's terminal has 24 lines of 80 columns. A report of one capture point takes no more.
#[test]
fn a_report_fits_one_screen_unless_everything_is_asked_for() {
    let mut longer = Vec::new();
    for entry in fs::read_dir(fixture("")).expect("there are fixtures").flatten() {
        let capture = entry.path().join("client.pcapng");
        let output = whyrst(&["explain", "--fold", "never", &capture.display().to_string()]);
        let text = stdout(&output);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{}: {text}", capture.display());
        let reports = text.split("\n\n").filter(|report| report.contains("  more    "));
        longer.extend(reports.filter(|report| report.lines().count() > 24).map(str::to_owned));
    }
    assert!(longer.is_empty(), "{} reports are longer, the first is\n{}", longer.len(), longer[0]);
    let whole = stdout(&whyrst(&["explain", "-v", &fixture("close-unread/client.pcapng").display().to_string()]));
    assert!(whole.contains("\n  filter  ip.addr==10.77.0.1"), "{whole}");
    assert!(labels(&whole).contains(&"unseen") && whole.contains("          sock-destroy: "), "{whole}");
}

#[test]
fn a_wide_terminal_is_used_and_a_pipe_has_eighty_columns() {
    let widest = |columns: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whyrst"));
        command.args(["explain"]).arg(fixture("close-unread/client.pcapng")).env("LC_ALL", "C");
        match columns {
            "" => command.env_remove("COLUMNS"),
            _ => command.env("COLUMNS", columns),
        };
        let text = stdout(&command.output().expect("whyrst runs"));
        text.lines().map(|line| line.chars().count()).max().unwrap_or_default()
    };
    assert!((60..=80).contains(&widest("")), "{}", widest(""));
    assert!((81..=120).contains(&widest("120")), "{}", widest("120"));
    assert!(widest("500") <= 120, "nobody reads longer lines");
}

#[test]
fn colour_can_be_asked_for_and_refused() {
    let coloured = whyrst(&["explain", "--color", "always", &closed_port()]);
    assert!(stdout(&coloured).contains("\x1b["));
    let plain = whyrst(&["explain", "--color", "never", &closed_port()]);
    assert!(!stdout(&plain).contains('\x1b'));
}

#[test]
fn json_is_one_object_a_line_with_the_contract_s_fields() {
    let output = whyrst(&["explain", "--format", "json", &closed_port()]);
    let text = stdout(&output);
    let object: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    assert_eq!(object["schema"], "whyrst.reset/1");
    assert_eq!(object["verdict"]["cause"], "closed-port");
    assert_eq!(object["kernel"], Value::Null, "a capture alone does not know the kernel's reason");
    assert_eq!((&object["family"]["id"], &object["family"]["confidence"]), (&"refused".into(), &"certain".into()));
    assert_eq!(object["family"]["by"], "server");
    assert_eq!(
        (&object["mechanism"]["cause"], &object["verdict"]["confidence"]),
        (&"closed-port".into(), &"possible".into())
    );
    let open = object["mechanism"]["open"].as_array().expect("a list");
    assert!(open.contains(&"fw-reject-syn".into()), "{object}");
    let beside = object["alternatives"].as_array().expect("a list");
    let named = |id: &Value| beside.iter().any(|other| other["cause"] == *id && other["told_apart_by"].is_string());
    assert!(open.iter().all(named), "what is open stands among the alternatives: {object}");
    assert_eq!(object["decide"][0]["command"], "sudo whyrst watch --port 8888");
    assert_eq!(object["decide"][0]["on"], "server");
    for field in [
        "source",
        "time",
        "client",
        "server",
        "roles",
        "resets",
        "phase",
        "origin",
        "kind",
        "alternatives",
        "evidence",
        "advice",
        "socket",
        "process",
        "history",
        "conn_state",
        "severity",
        "effect",
        "count",
        "stats",
        "headline",
        "reasons",
        "origin_confidence",
    ] {
        assert!(object.get(field).is_some(), "{field} is missing");
    }
}

#[test]
fn recorded_kernel_events_make_it_certain() {
    let events = fixture("closed-port/events.jsonl").display().to_string();
    let output = whyrst(&["explain", "--format", "json", "--events", &events, &closed_port()]);
    let object: Value = serde_json::from_str(stdout(&output).trim()).expect("one object");
    assert_eq!(object["kernel"]["reason"], "NO_SOCKET");
    assert_eq!(object["verdict"]["confidence"], "certain");
}

/// A TLS server that sent an alert and aborted: the reason is likely, and how it did so is open.
#[test]
fn a_cause_is_asked_for_at_any_step() {
    let capture = fixture("tls-alert/client.pcapng").display().to_string();
    let whole = stdout(&whyrst(&["explain", "--format", "json", &capture]));
    let object: Value = serde_json::from_str(whole.trim()).expect("one object");
    let how = object["mechanism"]["cause"].as_str().expect("a mechanism");
    assert_eq!(
        (&object["verdict"]["cause"], &object["reasons"][0]["cause"]),
        (&"tls-alert".into(), &"tls-alert".into())
    );
    assert_ne!(how, "tls-alert");
    for cause in ["tls-alert", how] {
        assert_eq!(stdout(&whyrst(&["explain", "--format", "json", "--cause", cause, &capture])), whole, "{cause}");
    }
    assert_eq!(stdout(&whyrst(&["explain", "--format", "json", "--cause", "closed-port", &capture])), "");
}

#[test]
fn a_summary_counts_everything() {
    let output = whyrst(&["explain", "--summary", "--format", "json", &closed_port()]);
    let object: Value = serde_json::from_str(&stdout(&output)).expect("one object");
    assert_eq!(object["schema"], "whyrst.summary/1");
    assert_eq!(object["reset_connections"], 1);
    assert_eq!(object["causes"][0]["cause"], "closed-port");
    assert_eq!(object["frames"], object["segments"]);
}

#[test]
fn a_capture_without_resets_is_said_to_have_none() {
    let quiet = fixture("close-all-read/client.pcapng").display().to_string();
    let output = whyrst(&["explain", &quiet]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).starts_with("no resets in "), "{}", stdout(&output));
}

#[test]
fn a_silent_host_is_explained_with_all() {
    let silent = fixture("syn-unanswered/client.pcapng").display().to_string();
    assert!(stdout(&whyrst(&["explain", &silent])).contains("--all explains them"));
    let all = whyrst(&["explain", "--all", "--format", "json", &silent]);
    let object: Value = serde_json::from_str(stdout(&all).lines().next().expect("a line")).expect("JSON");
    assert_eq!(object["schema"], "whyrst.failed-connect/1");
    assert_eq!(object["verdict"]["cause"], "syn-unanswered");
}

#[test]
fn what_is_no_capture_is_named_for_what_it_is() {
    let folder = TempDir::new().expect("a temporary folder");
    fails_with(&file(&folder, "empty", b""), &["empty"]);
    fails_with(&file(&folder, "notes.txt", b"dear diary, it was reset again\n"), &["not a capture"]);
    fails_with(&folder.path().display().to_string(), &["directory", "no capture"]);
    fails_with(&folder.path().join("missing.pcap").display().to_string(), &["No such file"]);
}

#[test]
fn a_control_character_in_a_name_does_not_reach_the_terminal() {
    let output = whyrst(&["explain", "\x1b[31mred.pcap"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!stderr(&output).contains('\x1b'), "{:?}", stderr(&output));
}

#[test]
fn a_header_alone_is_a_capture_without_frames() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut header = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
    header.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0]);
    let output = whyrst(&["explain", &file(&folder, "header.pcap", &header)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("no resets in 0 frames"));
}

#[test]
fn what_stands_before_a_cut_is_explained_and_the_cut_is_said() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut octets = fs::read(fixture("closed-port/client.pcapng")).expect("the fixture is there");
    let whole = octets.clone();
    octets.extend(&whole[whole.len() - 60..whole.len() - 20]);
    let output = whyrst(&["explain", &file(&folder, "cut.pcapng", &octets)]);
    assert!(stdout(&output).contains("nothing listens on the server's address"), "{}", stdout(&output));
    assert!(stdout(&output).contains("note:"), "{}", stdout(&output));
}

#[test]
fn a_bad_file_among_good_ones_does_not_hide_them() {
    let output = whyrst(&["explain", "/nonexistent.pcap", &closed_port()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).contains("nothing listens on the server's address"));
    assert!(stderr(&output).contains("/nonexistent.pcap"));
}

#[test]
fn what_cannot_be_written_is_said() {
    for target in ["/nonexistent/report.txt", "/dev/full"] {
        let output = whyrst(&["explain", "-o", target, &closed_port()]);
        assert_eq!(output.status.code(), Some(2), "{target}");
        assert!(stderr(&output).contains("cannot write") && stderr(&output).contains(target), "{}", stderr(&output));
    }
}

#[test]
fn an_output_file_appears_whole() {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("report.jsonl");
    let output = whyrst(&["explain", "--format", "json", "-o", path.to_str().expect("UTF-8"), &closed_port()]);
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(fs::read_to_string(path).expect("the report is there").ends_with("}\n"));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing half-written is left");
}

#[test]
fn a_closed_pipe_is_success() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_whyrst"))
        .args(["causes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("whyrst runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("whyrst ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_mistyped_cause_is_suggested() {
    let output = whyrst(&["causes", "closedport"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("did you mean closed-port?"), "{}", stderr(&output));
    let output = whyrst(&["explain", "--cause", "linger", &closed_port()]);
    assert!(stderr(&output).contains("linger-zero"), "{}", stderr(&output));
}

#[test]
fn a_word_that_is_no_id_is_searched_for() {
    let found = whyrst(&["causes", "nginx"]);
    assert!(found.status.success(), "{}", stderr(&found));
    let text = stdout(&found);
    assert!(text.starts_with("no cause has the id \"nginx\"") && text.contains("nginx-104"), "{text}");
    assert!(text.contains("\ncauses (whyrst causes ID)\n"), "{text}");
    let near = stdout(&whyrst(&["causes", "unread"]));
    assert!(near.contains("did you mean") && near.contains("close-unread"), "{near}");
    let chinese = stdout(&whyrst(&["causes", "nginx", "--lang", "zh"]));
    assert!(chinese.contains("以下内容提到了它") && chinese.contains("nginx-104"), "{chinese}");
    let hostile = stdout(&whyrst(&["causes", "a\u{1b}"])) + &stderr(&whyrst(&["causes", "a\u{1b}"]));
    assert!(!hostile.contains('\u{1b}'), "{hostile}");
}

const CURL_56: &str = "curl: (56) Recv failure: Connection reset by peer";

#[test]
fn a_message_is_explained_in_every_format_and_language() {
    for (arguments, wanted) in [
        (vec!["why", CURL_56], "causes, commonest first"),
        (vec!["why", CURL_56, "--lang", "zh"], "原因，常见的在前"),
        (vec!["why", CURL_56, "--format", "markdown"], "## What tells them apart"),
        (vec!["why", "--", "-ERR max number of clients reached"], "refused-in-words"),
        (vec!["why", "curl:", "(56)"], "close-unread"),
    ] {
        let output = whyrst(&arguments);
        assert!(output.status.success() && stdout(&output).contains(wanted), "{arguments:?}: {}", stdout(&output));
    }
    let line = stdout(&whyrst(&["why", CURL_56, "--format", "json"]));
    let object: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(object["schema"], "whyrst.why/1");
    assert_eq!((&object["symptom"]["id"], &object["symptom"]["errno"]), (&"curl-56".into(), &"ECONNRESET".into()));
    assert_eq!(object["symptom"]["causes"][0]["cause"], "close-unread");
}

#[test]
fn a_message_that_is_not_known_is_said_with_status_1() {
    let output = whyrst(&["why", "the dog ate my homework\u{1b}[2J"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(text.contains("tcpdump") && text.contains("whyrst watch") && !text.contains('\u{1b}'), "{text}");
    let object = stdout(&whyrst(&["why", "--format", "json", "the dog"]));
    let object: Value = serde_json::from_str(&object).expect("JSON");
    assert!(object["symptom"].is_null() && object["next"][0] == "sudo whyrst watch", "{object}");
}

/// What `whyrst why` says of a log on standard input.
fn why_of(log: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_whyrst"))
        .args(["why"])
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("whyrst runs");
    let mut input = child.stdin.take().expect("a pipe");
    // It stops reading where its bound is.
    let _ = input.write_all(log);
    drop(input);
    child.wait_with_output().expect("whyrst ends")
}

#[test]
fn a_log_on_standard_input_is_looked_at_line_by_line_and_no_further_than_its_bound() {
    let log = format!("start\n{CURL_56}\n\n{CURL_56}\nread: Connection refused\n");
    let text = stdout(&why_of(log.as_bytes()));
    assert!(text.contains("(2 lines)") && text.contains("1 of 4 lines") && text.contains("closed-port"), "{text}");
    let mut endless = vec![b'\xff'; 1 << 16];
    endless.extend(format!("\n{CURL_56}\n").bytes());
    let output = why_of(&endless);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("longer than 64 KiB") && stdout(&output).len() < 4_000);
    assert_eq!(why_of(b"").status.code(), Some(1));
}

#[test]
fn every_cause_has_a_page_in_every_format() {
    let list = stdout(&whyrst(&["causes", "--format", "json"]));
    assert!(list.lines().count() >= 15);
    for line in list.lines() {
        let object: Value = serde_json::from_str(line).expect("JSON");
        let id = object["id"].as_str().expect("an id");
        for format in ["text", "markdown", "json"] {
            let page = whyrst(&["causes", id, "--format", format]);
            assert!(page.status.success() && stdout(&page).contains(id), "{id} {format}");
            assert!(!stdout(&page).contains("{sender}"), "{id} {format}: a placeholder is left");
        }
    }
}

/// A live pipe that falls silent: the verdict comes while the pipe is still open.
#[test]
fn a_growing_pipe_is_explained_before_it_ends() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_whyrst"))
        .args(["explain", "--format", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("whyrst runs");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(&refused_just_now()).expect("whyrst reads");
    input.flush().expect("whyrst reads");
    let output = child.stdout.take().expect("a pipe");
    let (sender, receiver) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(output).read_line(&mut line);
        // The test may have given up already.
        let _ = sender.send(read.map(|_| line));
    });
    let line = receiver.recv_timeout(Duration::from_secs(20)).expect("a verdict before the pipe ends").expect("a line");
    let object: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(object["verdict"]["cause"], "closed-port");
    drop(input);
    reader.join().expect("the reader ends");
    assert!(child.wait().expect("whyrst ends").success());
}

/// A classic pcap of raw IP: a SYN and its refusal, with the present time.
fn refused_just_now() -> Vec<u8> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let seconds = u32::try_from(now.as_secs()).expect("before 2106");
    let mut pcap = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
    pcap.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0]);
    for (from_client, flags, seq, ack) in [(true, 0x02, 1000_u32, 0_u32), (false, 0x14, 0, 1001)] {
        let packet = packet(from_client, flags, seq, ack);
        pcap.extend(seconds.to_le_bytes());
        pcap.extend(now.subsec_micros().to_le_bytes());
        for _ in 0..2 {
            pcap.extend(u32::try_from(packet.len()).expect("short").to_le_bytes());
        }
        pcap.extend(packet);
    }
    pcap
}

fn packet(from_client: bool, flags: u8, seq: u32, ack: u32) -> Vec<u8> {
    let (client, server) = (([10, 0, 0, 1], 40_000_u16), ([10, 0, 0, 2], 81_u16));
    let (source, destination) = if from_client { (client, server) } else { (server, client) };
    let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0];
    packet.extend(source.0);
    packet.extend(destination.0);
    packet.extend(source.1.to_be_bytes());
    packet.extend(destination.1.to_be_bytes());
    packet.extend(seq.to_be_bytes());
    packet.extend(ack.to_be_bytes());
    packet.extend([0x50, flags, 0, 0, 0, 0, 0, 0]);
    packet
}

#[test]
fn a_chinese_locale_or_lang_zh_makes_reports_chinese() {
    let reports =
        [whyrst(&["explain", "--lang", "zh", &closed_port()]), whyrst_in("zh_CN.UTF-8", &["explain", &closed_port()])];
    for output in reports {
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains("确定      建连被拒绝") && text.contains("whyrst causes closed-port"), "{text}");
        assert!(!text.contains("CERTAIN") && !text.contains("the server"), "{text}");
    }
    let english = stdout(&whyrst_in("zh_CN.UTF-8", &["explain", "--lang", "en", &closed_port()]));
    assert!(english.contains("CERTAIN   the connect was refused"), "{english}");
    let taiwan = stdout(&whyrst_in("zh_TW.UTF-8", &["explain", &closed_port()]));
    assert_eq!(taiwan, english, "no text in Traditional Chinese: English");
}

#[test]
fn machine_output_is_english_whatever_the_locale_unless_lang_is_given() {
    let json = |locale: &str, more: &[&str]| {
        let path = closed_port();
        let output = whyrst_in(locale, &[&["explain", "--format", "json", &path], more].concat());
        stdout(&output)
    };
    assert_eq!(json("zh_CN.UTF-8", &[]), json("C", &[]));
    let chinese: Value = serde_json::from_str(&json("C", &["--lang", "zh"])).expect("JSON");
    let english: Value = serde_json::from_str(&json("C", &[])).expect("JSON");
    assert_eq!(chinese["verdict"]["cause"], english["verdict"]["cause"]);
    assert_eq!(chinese["verdict"]["confidence"], english["verdict"]["confidence"]);
    assert!(chinese["verdict"]["title"].as_str().expect("a title").contains("监听"), "{chinese}");
    assert!(chinese["advice"][0].as_str().expect("a step").contains("`ss -ltnp`"), "{chinese}");
}

#[test]
fn the_catalogue_and_the_summary_are_there_in_chinese() {
    let page = stdout(&whyrst(&["causes", "--lang", "zh", "linger-zero"]));
    assert!(page.contains("SO_LINGER") && page.contains("如何处理"), "{page}");
    let list = stdout(&whyrst(&["causes", "--lang", "zh"]));
    assert!(list.contains("半开连接") || list.contains("监听"), "{list}");
    let summary = stdout(&whyrst(&["explain", "--summary", "--lang", "zh", &closed_port()]));
    assert!(summary.contains("其中 1 条被重置") && summary.contains("主要是："), "{summary}");
    let markdown = stdout(&whyrst(&["explain", "--format", "markdown", "--lang", "zh", &closed_port()]));
    assert!(markdown.contains("如何处理：") && markdown.contains("依据："), "{markdown}");
}

#[test]
fn a_folder_full_of_other_files_is_counted_and_does_not_bury_the_report() {
    let folder = TempDir::new().expect("a temporary folder");
    fs::copy(closed_port(), folder.path().join("0.pcapng")).expect("a capture");
    for number in 0..30 {
        file(&folder, &format!("{number}.txt"), b"not a capture at all");
    }
    let told = whyrst(&["explain", &folder.path().display().to_string()]);
    let text = stdout(&told);
    assert!(text.contains("whyrst causes closed-port"), "{text}");
    assert_eq!(text.matches("passed over: cannot read").count(), 20, "{text}");
    assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains("passed over: 10 more files"), "{text}");
}

/// A pipe that nobody reads.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

/// FAULTS 5.10: `whyrst explain many* 2>&1 | head -1` aborted.
#[test]
fn a_closed_standard_error_is_no_failure_of_its_own() {
    for (arguments, status) in [
        (vec!["explain", "/nowhere/a.pcap", "/nowhere/b.pcap"], 2),
        (vec!["explain", "/nowhere/a.pcap", "/nowhere/b.pcap", "--format", "json"], 2),
        (vec!["explain", "--vantage", "a=/nowhere/a", "--vantage", "b=/nowhere/b"], 2),
        (vec!["causes", "no-such-cause"], 2),
        (vec!["lab", "run", "no-such-scenario"], 2),
        // A closed standard output is success.
        (vec!["pipe", "scan", "/nowhere/a.pcap"], 0),
        (vec!["sql", "select 1"], 2),
        (vec!["no-such-command"], 2),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whyrst"));
        let ended = command.args(&arguments).stdout(closed_pipe()).stderr(closed_pipe()).status().expect("whyrst runs");
        assert_eq!(ended.code(), Some(status), "{arguments:?}: {ended}");
    }
}

#[test]
fn a_capture_that_is_read_is_never_written_over() {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = folder.path().join("a.pcapng");
    let before = fs::read(closed_port()).expect("a fixture");
    fs::write(&capture, &before).expect("a copy");
    let [hard, soft] = ["hard", "soft"].map(|name| folder.path().join(name));
    fs::hard_link(&capture, &hard).expect("a link");
    std::os::unix::fs::symlink(&capture, &soft).expect("a link");
    for output in [&capture, &hard, &soft] {
        for option in ["-o", "--annotate"] {
            let output = whyrst(&["explain", &capture.display().to_string(), option, &output.display().to_string()]);
            assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
            assert!(stderr(&output).contains("this command reads it"), "{}", stderr(&output));
        }
    }
    // Of a folder, what lies in it.
    let [of, onto] = [folder.path(), &capture].map(|path| path.display().to_string());
    assert_eq!(whyrst(&["explain", &of, "-o", &onto]).status.code(), Some(2));
    assert_eq!(fs::read(&capture).expect("it is there"), before);
    let twice = folder.path().join("out").display().to_string();
    let output = whyrst(&["explain", &onto, "-o", &twice, "--annotate", &twice]);
    assert!(stderr(&output).contains("writes into it already"), "{}", stderr(&output));
}

#[test]
fn root_writes_through_no_link_and_over_nobody_elses_file() {
    let folder = TempDir::new().expect("a temporary folder");
    let [victim, link] = ["victim", "link"].map(|name| folder.path().join(name));
    fs::write(&victim, "theirs").expect("a file");
    std::os::unix::fs::symlink(&victim, &link).expect("a link");
    let write = |output: &Path| whyrst(&["explain", &closed_port(), "-o", &output.display().to_string()]);
    if fs::metadata("/proc/self").expect("procfs").uid() == 0 {
        std::os::unix::fs::chown(&victim, Some(1000), None).expect("root may");
        for (output, why) in [(&link, "symbolic link"), (&victim, "user 1000")] {
            let output = write(output);
            assert_eq!(output.status.code(), Some(2));
            assert!(stderr(&output).contains(why), "{}", stderr(&output));
        }
    } else {
        // The link is replaced, and what it led to stays.
        assert_eq!(write(&link).status.code(), Some(0));
        assert!(!link.is_symlink());
    }
    assert_eq!(fs::read_to_string(&victim).expect("it is there"), "theirs");
}

/// FAULTS 5.14: the time of day was dropped without a word.
#[test]
fn a_time_without_a_zone_keeps_its_time_of_day_and_follows_tz() {
    let object: Value =
        serde_json::from_str(&stdout(&whyrst(&["explain", "--format", "json", &closed_port()]))).expect("JSON");
    let time = object["time"].as_str().expect("a time");
    // To the second, without its zone.
    let second = &time[..19];
    let found = |words: &[&str]| {
        let output = whyrst(&[&["explain", "--format", "json"], words, &[&closed_port()]].concat());
        stdout(&output).lines().filter(|line| line.contains("whyrst.reset/1")).count()
    };
    assert_eq!(found(&["--since", second]), 1);
    assert_eq!(found(&["--until", second]), 0);
    assert_eq!(found(&["--since", &format!("{}T23:59:59.999999", &time[..10])]), 0, "{time}");
    // Etc/GMT+5 is five hours behind: its clock showed this time later.
    assert_eq!(found(&["--since", second, "--tz", "Etc/GMT+5"]), 0);
    assert_eq!(found(&["--since", second, "--tz", "Etc/GMT-5"]), 1);
    assert_eq!(found(&["--until", "1d"]), usize::from(object["time"].as_str() < Some("2026-11-29")));
    let output = whyrst(&["explain", "--since", "2026-10-25T23:45:00 or so", &closed_port()]);
    assert_eq!(output.status.code(), Some(2), "what is not understood is refused");
}

/// FAULTS 5.16.
#[test]
fn what_processes_are_called_is_no_markup() {
    let recording = fs::read_to_string(fixture("closed-port").join("live.jsonl")).expect("a fixture");
    let hostile = r#""comm":"<b>[x](y:z)","cmdline":"a `b` <img src=x onerror=alert(1)> [x](javascript:alert(1))""#;
    let recording = recording.replace(r#""comm":"client""#, hostile).replace(r#""comm":"server""#, hostile);
    assert!(recording.contains("onerror"), "the fixture names its processes otherwise: {recording}");
    let folder = TempDir::new().expect("a temporary folder");
    let path = file(&folder, "live.jsonl", recording.as_bytes());
    let markdown = stdout(&whyrst(&["explain", "--format", "markdown", &path]));
    assert!(markdown.contains("onerror"), "{markdown}");
    for markup in ["<b>", "<img", "[x](", "`b`"] {
        let bare = markdown.match_indices(markup).filter(|(at, _)| !markdown[..*at].ends_with('\\'));
        assert_eq!(bare.count(), 0, "{markup}: {markdown}");
    }
}

#[test]
fn the_labs_run_stands_beside_a_report_row_by_row() {
    let path = fixture("linger-zero/client.pcapng").display().to_string();
    let text = stdout(&whyrst(&["explain", "--beside-lab", &path]));
    let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words} is not in {text}"));
    assert!(at("  more    whyrst causes") < at("beside the lab's run of "), "the report comes first");
    assert!(
        text.lines().any(|line| line.starts_with(" =  --> SYN seq 0") && line.ends_with("--> SYN seq 0")),
        "{text}"
    );
    assert!(
        text.lines().any(|line| line.starts_with(" ?  kernel: not asked") && line.contains("kernel: TCP_")),
        "{text}"
    );
    assert!(text.contains("see it happen: whyrst lab run "), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "eighty columns: {text}");
}

#[test]
fn a_reset_that_differs_from_the_labs_says_in_what() {
    // A device's RST: what the lab's mechanism leaves is held against it, whatever leads.
    let mut compared = 0;
    for name in ["injected-rst", "policy-reset", "idle-timeout-reset", "closed-port"] {
        let path = fixture(name).join("client.pcapng").display().to_string();
        let text = stdout(&whyrst(&["explain", "--beside-lab", &path]));
        compared += usize::from(text.contains("beside the lab's run of "));
    }
    assert_eq!(compared, 4);
    let path = fixture("close-unread/client.pcapng").display().to_string();
    let markdown = stdout(&whyrst(&["explain", "--beside-lab", "--format", "markdown", &path]));
    assert!(markdown.contains("```text\nbeside the lab's run of close-unread"), "{markdown}");
    for format in ["json", "html"] {
        let output = whyrst(&["explain", "--beside-lab", "--format", format, &path]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("use it with --format text or markdown"), "{}", stderr(&output));
    }
}
