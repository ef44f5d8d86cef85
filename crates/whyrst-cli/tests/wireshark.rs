//! Verdicts beside the packets, as Wireshark's and tcpdump's own programs see them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

fn whyrst(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_whyrst")).args(arguments).env("LC_ALL", "C.UTF-8").output().expect("whyrst runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a program of Wireshark's or tcpdump's says; `cargo xtask setup` installs them.
fn says(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).env("TZ", "UTC").env("LC_ALL", "C.UTF-8").output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed (cargo xtask setup): {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).expect("it says UTF-8")
}

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name).display().to_string()
}

fn in_folder(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

/// The comment of each frame, "" where there is none.
fn comments(file: &str) -> Vec<String> {
    let all = says("tshark", &["-r", file, "-T", "fields", "-e", "frame.number", "-e", "frame.comment"]);
    all.lines().map(|line| line.split_once('\t').map_or(String::new(), |(_, comment)| comment.to_owned())).collect()
}

/// Frames with their octets, times, lengths and interfaces.
fn frames(file: &str) -> String {
    let fields = says(
        "tshark",
        &["-r", file, "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len"],
    );
    fields + &says("tshark", &["-r", file, "-x"])
}

fn reset(file: &str) -> Value {
    let output = whyrst(&["explain", "--format", "json", file]);
    serde_json::from_slice(output.stdout.split(|octet| *octet == b'\n').next().expect("a line")).expect("JSON")
}

fn annotate(files: &[&str], out: &str) -> Output {
    let mut arguments = vec!["explain", "-q", "--annotate", out];
    arguments.extend(files);
    let output = whyrst(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    output
}

#[test]
fn comments_are_chinese_where_that_is_asked_for() {
    let folder = TempDir::new().expect("a temporary folder");
    let (capture, out) = (fixture("close-unread/client.pcapng"), in_folder(&folder, "told.pcapng"));
    let output = whyrst(&["explain", "-q", "--lang", "zh", "--annotate", &out, &capture]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // What is for programs is the same in every language.
    let for_people = |comment: &String| comment.split("\\nfields: ").next().unwrap_or_default().to_owned();
    let comments = comments(&out).iter().map(for_people).collect::<Vec<_>>().join("\n");
    for word in [
        "whyrst: close-unread [可能]（aborted）：连接被重置：",
        "依据：",
        "待定：",
        "判别：",
        "关于帧 12 的重置的依据（close-unread，可能）",
    ] {
        assert!(comments.contains(word), "{word}: {comments}");
    }
    for english in ["for:", "open:", "decide:", "evidence on", "possible"] {
        assert!(!comments.contains(english), "{english}: {comments}");
    }
}

#[test]
fn tshark_shows_the_verdict_at_the_rst_and_evidence_at_what_it_answers() {
    let folder = TempDir::new().expect("a temporary folder");
    let (capture, out) = (fixture("close-unread/client.pcapng"), in_folder(&folder, "told.pcapng"));
    annotate(&[&capture], &out);
    let (told, comments) = (reset(&capture), comments(&out));
    let rst = told["resets"][0]["frame"].as_u64().expect("a frame");
    let verdict = &comments[usize::try_from(rst).expect("small") - 1];
    let begins = "whyrst: close-unread [possible] (aborted): The connection was reset because ";
    assert!(verdict.starts_with(begins), "{verdict}");
    for word in ["for:", "open:", "decide:", "more:"] {
        assert!(verdict.contains(word), "{word}: {verdict}");
    }
    let named: Vec<u64> = told["evidence"]
        .as_array()
        .expect("evidence")
        .iter()
        .filter(|one| one["answer"] == "yes" && one["role"] != "refutes")
        .flat_map(|one| one["frames"].as_array().expect("frames"))
        .filter_map(Value::as_u64)
        .collect();
    assert!(!named.is_empty());
    for frame in named {
        assert!(comments[usize::try_from(frame).expect("small") - 1].starts_with("whyrst: "), "frame {frame}");
    }
    assert_eq!(frames(&capture), frames(&out));
}

#[test]
fn comments_and_interfaces_that_were_there_stay() {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = fixture("closed-port/client.pcapng");
    let [first, second] = ["first.pcapng", "second.pcapng"].map(|name| in_folder(&folder, name));
    annotate(&[&capture], &first);
    annotate(&[&first], &second);
    let twice: Vec<usize> = comments(&second).iter().map(|comment| comment.matches("whyrst: ").count()).collect();
    let once: Vec<usize> = comments(&first).iter().map(|comment| comment.matches("whyrst: ").count()).collect();
    assert!(once.iter().sum::<usize>() > 0);
    assert_eq!(twice, once.iter().map(|count| count * 2).collect::<Vec<_>>());
    let interfaces = |file: &str| says("tshark", &["-r", file, "-T", "fields", "-e", "frame.interface_name"]);
    assert_eq!(interfaces(&capture), interfaces(&second));
}

#[test]
fn pcap_compressed_files_and_several_files_become_one_pcapng() {
    let folder = TempDir::new().expect("a temporary folder");
    let captures = [fixture("closed-port/client.pcapng"), fixture("close-unread/server.pcapng")];
    let pcap = in_folder(&folder, "old.pcap");
    says("editcap", &["-F", "nsecpcap", &captures[0], &pcap]);
    let out = in_folder(&folder, "told.pcapng");
    annotate(&[&pcap], &out);
    assert_eq!(frames(&pcap), frames(&out));
    assert!(comments(&out).iter().any(|comment| comment.contains("closed-port")));

    says("gzip", &["-k", &pcap]);
    let zipped = format!("{pcap}.gz");
    let again = in_folder(&folder, "again.pcapng");
    annotate(&[&zipped], &again);
    assert_eq!(comments(&again), comments(&out));

    let both = in_folder(&folder, "both.pcapng");
    annotate(&[&zipped, &captures[1]], &both);
    let comments = comments(&both);
    let count = |file: &str| says("tshark", &["-r", file]).lines().count();
    assert_eq!(comments.len(), count(&captures[0]) + count(&captures[1]));
    let all = comments.join("\n");
    assert!(all.contains("closed-port") && all.contains("close-unread"), "{all}");
}

#[test]
fn a_damaged_pcapng_file_keeps_its_frames() {
    let folder = TempDir::new().expect("a temporary folder");
    let mut octets = fs::read(fixture("close-unread/client.pcapng")).expect("the fixture is there");
    // A wrong length in the middle of the file; the next block is found again.
    let blocks = octets.windows(4).enumerate().filter(|(at, four)| at % 4 == 0 && four == &[6, 0, 0, 0]);
    let third = blocks.map(|(at, _)| at).nth(2).expect("three packets");
    octets[third + 4] ^= 0x40;
    let (damaged, out) = (in_folder(&folder, "damaged.pcapng"), in_folder(&folder, "told.pcapng"));
    fs::write(&damaged, octets).expect("a file");
    let output = whyrst(&["explain", "--annotate", &out, &damaged]);
    assert!(stderr(&output).contains("is damaged"), "{}", stderr(&output));
    assert!(comments(&out).iter().any(|comment| comment.contains("whyrst: ")));
}

#[test]
fn nothing_half_is_left_behind() {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = fixture("closed-port/client.pcapng");
    let nowhere = in_folder(&folder, "no/such/folder/out.pcapng");
    let output = whyrst(&["explain", "--annotate", &nowhere, &capture]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot write"), "{}", stderr(&output));

    let own = in_folder(&folder, "own.pcapng");
    fs::copy(&capture, &own).expect("a copy");
    let before = fs::read(&own).expect("a file");
    let output = whyrst(&["explain", "--annotate", &own, &own]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("this command reads it"), "{}", stderr(&output));
    assert_eq!(fs::read(&own).expect("a file"), before);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "no temporary file stays");

    let output = whyrst(&["explain", "--annotate", &own, "-"]);
    assert!(stderr(&output).contains("only once"), "{}", stderr(&output));
}

#[test]
fn both_filters_of_a_report_find_its_packets_in_a_mixed_capture() {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = fixture("close-unread/client.pcapng");
    let mixed = in_folder(&folder, "mixed.pcapng");
    // Every other fixture has the same two hosts: the ports must do.
    says("mergecap", &["-w", &mixed, &capture, &fixture("fw-reject-syn/client.pcapng")]);
    let told = reset(&capture);
    let count = told["stats"]["frames"].as_u64().expect("a number");
    let display = told["display_filter"].as_str().expect("a filter");
    let shown = says("tshark", &["-r", &capture, "-Y", display]);
    assert_eq!(shown.lines().count() as u64, count, "{display}");
    let text = String::from_utf8(whyrst(&["explain", "-v", &capture]).stdout).expect("UTF-8");
    assert!(text.contains(&format!("  filter  {display}\n")), "{text}");
    let capture_filter = told["capture_filter"].as_str().expect("a filter");
    let caught = says("tcpdump", &["-nn", "-r", &capture, capture_filter]);
    assert_eq!(caught.lines().count() as u64, count, "{capture_filter}");
    let of_packets = format!("greater 0 and ({capture_filter})");
    let output = whyrst(&["explain", "--summary", "--format", "json", "--filter", &of_packets, &mixed]);
    let summary: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let in_mixed = says("tcpdump", &["-nn", "-r", &mixed, capture_filter]);
    assert_eq!(summary["segments"].as_u64(), Some(in_mixed.lines().count() as u64));
}

#[test]
fn filters_take_what_tcpdump_takes() {
    let folder = TempDir::new().expect("a temporary folder");
    let mixed = in_folder(&folder, "mixed.pcap");
    let files = ["close-unread/client.pcapng", "closed-port/client.pcapng", "fw-reject-syn/server.pcapng"].map(fixture);
    says("mergecap", &["-F", "pcap", "-w", &mixed, &files[0], &files[1], &files[2]]);
    for expression in [
        "tcp",
        "host 10.77.0.1",
        "src host 10.77.0.1 and tcp",
        "src 10.77.0.1 and dst 10.77.0.2",
        "tcp dst port 8888",
        "tcp src port 8888",
        "tcp and not port 8888",
        "tcp and port (8888 or 40000)",
        "tcp and portrange 40000-40010",
        "net 10.77.0.0/16 and tcp",
        "src net 10.77 and tcp",
        "net 10.78.0.0/16",
        "tcp and less 60",
        "tcp and greater 61",
        "tcp port 8888 or 1 and host 10.77.0.9",
        "ip6",
        "tcp and not (src host 10.77.0.1 or dst port 8888)",
    ] {
        // A word about single packets makes it a filter of packets.
        let of_packets = format!("greater 0 and ({expression})");
        let ours = whyrst(&["explain", "--summary", "--format", "json", "--filter", &of_packets, &mixed]);
        let summary: Value = serde_json::from_slice(&ours.stdout).unwrap_or_else(|_| panic!("{}", stderr(&ours)));
        let theirs = says("tcpdump", &["-nn", "-r", &mixed, &format!("({expression}) and tcp")]);
        assert_eq!(summary["segments"].as_u64(), Some(theirs.lines().count() as u64), "{expression}");
    }
}

#[test]
fn a_filter_that_is_not_understood_is_refused_at_its_place() {
    let output = whyrst(&["explain", "--filter", "tcp and host foo", &fixture("closed-port/client.pcapng")]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("host foo: expected an address"), "{said}");
    assert!(said.contains("    tcp and host foo\n                 ^^^"), "{said}");
}

#[test]
fn a_filter_says_packets_and_verdicts_in_one_sentence() {
    let folder = TempDir::new().expect("a temporary folder");
    let mixed = in_folder(&folder, "mixed.pcap");
    let files = ["close-unread/client.pcapng", "closed-port/client.pcapng"].map(fixture);
    says("mergecap", &["-F", "pcap", "-w", &mixed, &files[0], &files[1]]);
    let causes = |filter: &str| -> (Vec<String>, u64) {
        let output = whyrst(&["explain", "--format", "json", "--filter", filter, &mixed]);
        assert!(output.status.code() < Some(2), "{filter}: {}", stderr(&output));
        let lines = String::from_utf8(output.stdout).expect("UTF-8");
        let resets: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let resets = resets.iter().filter(|object| object["schema"] == "whyrst.reset/1");
        let causes = resets.map(|reset| reset["verdict"]["cause"].as_str().expect("a word").to_owned()).collect();
        let summary = whyrst(&["explain", "--summary", "--format", "json", "--filter", filter, &mixed]);
        let summary: Value = serde_json::from_slice(&summary.stdout).expect("JSON");
        (causes, summary["segments"].as_u64().expect("a number"))
    };
    let (all, segments) = causes("tcp");
    assert_eq!(all.len(), 2, "{all:?}");
    for (filter, wanted) in [
        ("cause:closed-port", vec!["closed-port"]),
        ("family:refused", vec!["closed-port"]),
        ("-cause:closed-* and tcp", vec!["close-unread"]),
        ("port 1 or cause:close-unread", vec!["close-unread"]),
        ("mixed", vec!["close-unread", "closed-port"]),
        ("cause:closed-port cause:close-unread severity:benign", vec![]),
    ] {
        let (mut found, read) = causes(filter);
        found.sort();
        assert_eq!(found, wanted, "{filter}");
        assert_eq!(read, segments, "{filter}: packets that nothing decides about are read");
    }
    // What connections decide chooses among reports; a word about single packets, before connections are followed.
    assert_eq!(causes("net 10.99.0.0/16 and cause:closed-port"), (vec![], segments));
    assert_eq!(causes("host 10.77.0.1 and cause:closed-port"), (vec!["closed-port".to_owned()], segments));
    assert_eq!(causes("greater 0 and net 10.99.0.0/16 and cause:closed-port"), (vec![], 0));
    let wrong = whyrst(&["explain", "--filter", "casue:closed-port", &mixed]);
    assert!(stderr(&wrong).contains("there is no key casue: did you mean cause:?"), "{}", stderr(&wrong));
    assert_eq!(wrong.status.code(), Some(2));
}

/// tshark as a user has it whose home is `home`.
fn tshark(home: &TempDir, arguments: &[&str]) -> String {
    let output = Command::new("tshark").args(arguments).env("HOME", home.path()).env("LC_ALL", "C.UTF-8").output();
    let output = output.expect("tshark is needed (cargo xtask setup)");
    assert!(output.status.success(), "tshark {arguments:?}: {}", stderr(&output));
    assert!(!stderr(&output).contains("Lua: Error"), "{}", stderr(&output));
    String::from_utf8(output.stdout).expect("it says UTF-8")
}

fn in_wireshark(home: &TempDir, what: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_whyrst"))
        .args(["wireshark", what])
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .output()
        .expect("whyrst runs")
}

#[test]
fn fields_of_the_plugin_and_comments_count_the_same() {
    let home = TempDir::new().expect("a home");
    let output = in_wireshark(&home, "install");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let (merged, out) = (all_fixtures(&home), in_folder(&home, "told.pcapng"));
    let output = whyrst(&["explain", "-q", "--annotate", &out, "--format", "json", "-o", "/dev/null", &merged]);
    assert!(output.status.code() < Some(2), "{}", stderr(&output));
    let count = |filter: &str| tshark(&home, &["-n", "-r", &out, "-Y", filter]).lines().count();
    let verdicts = count("frame.comment matches \"^whyrst: [a-z0-9-]+ \\\\[[a-z]+\\\\]\"");
    assert!(verdicts > 100, "{verdicts}");
    assert_eq!(count("whyrst.id"), verdicts);
    assert_eq!(count("whyrst.confidence"), verdicts);
    assert_eq!(count("whyrst.id == \"close-unread\""), count("frame.comment matches \"^whyrst: close-unread \\\\[\""));
    let rows = tshark(
        &home,
        &[
            &["-n", "-r", &out, "-Y", "whyrst", "-T", "fields", "-e", "whyrst.id", "-e", "whyrst.confidence"][..],
            &["-e", "whyrst.family", "-e", "whyrst.mechanism", "-e", "whyrst.reason", "-e", "whyrst.accepted"],
            &["-e", "whyrst.severity"],
        ]
        .concat(),
    );
    let json = whyrst(&["explain", "--fold", "never", "--format", "json", &merged]);
    let json = String::from_utf8(json.stdout).expect("UTF-8");
    let resets: Vec<Value> = json.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut ours: Vec<String> = resets
        .iter()
        .filter(|object| object["schema"] == "whyrst.reset/1")
        .map(|reset| {
            let accepted = reset["effect"]["accepted"].as_bool().map(|yes| if yes { "1" } else { "0" });
            let (verdict, reason) = (&reset["verdict"], &reset["reasons"][0]["cause"]);
            [
                word(&verdict["cause"]),
                word(&verdict["confidence"]),
                word(&reset["family"]["id"]),
                word(&reset["mechanism"]["cause"]),
                word(reason),
                accepted.unwrap_or_default().to_owned(),
                word(&reset["severity"]),
            ]
            .join("\t")
        })
        .collect();
    // A frame with the comments of two verdicts is one row of tshark's.
    let mut theirs: Vec<String> = rows.lines().filter(|row| !row.contains(',')).map(str::to_owned).collect();
    theirs.sort();
    ours.sort();
    assert!(theirs.len() > 100);
    for row in &theirs {
        let at = ours.iter().position(|own| own == row).unwrap_or_else(|| panic!("only tshark has {row}"));
        ours.remove(at);
    }
    let expert = tshark(&home, &["-n", "-r", &out, "-q", "-z", "expert"]);
    assert!(expert.lines().any(|line| line.contains("WHYRST") && line.contains("close-unread [")), "{expert}");
    let listed = tshark(&home, &["-n", "-C", "whyrst", "-r", &out, "-Y", "whyrst.id == \"close-unread\"", "-c", "400"]);
    assert!(listed.contains("close-unread possible aborted"), "{listed}");
}

#[test]
fn what_is_installed_in_wireshark_goes_again_and_nothing_else_does() {
    let home = TempDir::new().expect("a home");
    let here = || {
        let all = says("find", &[&home.path().display().to_string(), "-type", "f", "-o", "-type", "l"]);
        all.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(stderr(&in_wireshark(&home, "uninstall")).contains("nothing of whyrst is installed"));
    assert_eq!(in_wireshark(&home, "install").status.code(), Some(0));
    let installed = here();
    assert_eq!(installed.len(), 5, "{installed:?}");
    let colours = home.path().join(".config/wireshark/profiles/whyrst/colorfilters");
    fs::write(&colours, "# mine\n").expect("a change");
    let again = in_wireshark(&home, "install");
    assert!(stderr(&again).contains("was changed and stays so"), "{}", stderr(&again));
    assert_eq!(fs::read_to_string(&colours).expect("a file"), "# mine\n");
    assert_eq!(in_wireshark(&home, "uninstall").status.code(), Some(0));
    assert_eq!(fs::read_dir(home.path()).expect("a folder").count(), 0, "{:?}", here());

    // What somebody else put there has the name; neither command touches it.
    let theirs = home.path().join(".config/wireshark/profiles/whyrst/preferences");
    fs::create_dir_all(theirs.parent().expect("a folder")).expect("a folder");
    fs::write(&theirs, "mine\n").expect("a file");
    let refused = in_wireshark(&home, "install");
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("whyrst did not install"), "{}", stderr(&refused));
    assert!(stderr(&in_wireshark(&home, "uninstall")).contains("whyrst did not install"));
    assert_eq!(here(), [theirs.display().to_string()]);
}

#[test]
fn wireshark_is_opened_at_the_frame_or_its_absence_said() {
    let folder = TempDir::new().expect("a temporary folder");
    let capture = fixture("close-unread/client.pcapng");
    let explain = |path: &Path| {
        Command::new(env!("CARGO_BIN_EXE_whyrst"))
            .args(["explain", "-q", "--wireshark", &capture])
            .env("PATH", path)
            .output()
            .expect("whyrst runs")
    };
    let output = explain(folder.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("apt-get install wireshark"), "{}", stderr(&output));

    // Stands in for the window, which no test machine has a screen for: it writes down what it was called with.
    let called: PathBuf = folder.path().join("called");
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > {0}.new && /bin/mv {0}.new {0}\n", called.display());
    let program = folder.path().join("wireshark");
    fs::write(&program, script).expect("a script");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("a mode");
    let output = explain(folder.path());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let end = Instant::now() + Duration::from_secs(10);
    while !called.exists() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    let told = reset(&capture);
    let frame = told["resets"][0]["frame"].to_string();
    let filter = told["display_filter"].as_str().expect("a filter");
    let words = fs::read_to_string(&called).expect("it was called");
    assert_eq!(words.lines().collect::<Vec<_>>(), ["-r", &capture, "-g", &frame, "-Y", filter]);
}

/// Both ends of every fixture, behind one another in one file.
fn all_fixtures(folder: &TempDir) -> String {
    let fixtures = fs::read_dir(fixture("")).expect("there are fixtures").flatten();
    let ends = fixtures.flat_map(|entry| ["client.pcapng", "server.pcapng"].map(|end| entry.path().join(end)));
    let mut files: Vec<String> = ends.filter(|path| path.exists()).map(|path| path.display().to_string()).collect();
    files.sort();
    let merged = in_folder(folder, "all.pcapng");
    let arguments: Vec<&str> = ["-a", "-w", &merged].into_iter().chain(files.iter().map(String::as_str)).collect();
    says("mergecap", &arguments);
    merged
}

#[test]
fn as_many_frames_with_rst_are_counted_as_tshark_counts() {
    let folder = TempDir::new().expect("a temporary folder");
    let merged = all_fixtures(&folder);
    let filter = "tcp.flags.reset == 1 && !icmp && !icmpv6";
    let theirs = says("tshark", &["-n", "-r", &merged, "-Y", filter, "-T", "fields", "-e", "frame.number"]);
    let output = whyrst(&["explain", "--summary", "--format", "json", &merged]);
    let summary: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let ours = ["rst_segments", "rst_copies"].map(|count| summary[count].as_u64().expect("a number"));
    let theirs = theirs.lines().count() as u64;
    assert!(theirs > 200, "{theirs}");
    assert_eq!(ours.iter().sum::<u64>(), theirs, "{summary}");
}
