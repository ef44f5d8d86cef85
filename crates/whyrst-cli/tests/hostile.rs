//! The worst that can happen to `explain`: floods, full disks, interruptions, files that shrink. What is
//! known is said, the status says that it is not all, and nothing half-written has its final name.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

const WHYRST: &str = env!("CARGO_BIN_EXE_whyrst");
const FLOOD: u32 = 10_000_000;
const MIB: i64 = 1024;

/// What the program, its buffers and the endings that wait to be told need besides `--memory`.
const BESIDES: i64 = 96 * MIB;

fn pcap_header(link: u8) -> Vec<u8> {
    [&0xa1b2_c3d4_u32.to_le_bytes()[..], &[2, 0, 4, 0], &[0; 8], &[0, 0, 4, 0], &[link, 0, 0, 0]].concat()
}

/// A record of raw IPv4 with a TCP header, `micros` after the first.
#[expect(clippy::cast_possible_truncation, reason = "an identification is the lower half of a number")]
fn record(micros: u32, source: u32, from_client: bool, flags: u8, numbers: [u32; 2]) -> Vec<u8> {
    let seconds = 1_700_000_000 + micros / 1_000_000;
    let server = 0x0a00_0002_u32;
    let (source, destination) =
        if from_client { ((source, 40_000_u16), (server, 80_u16)) } else { ((server, 80), (source, 40_000)) };
    let id = (micros as u16).max(1).to_be_bytes();
    [
        &[seconds, micros % 1_000_000, 40, 40].map(u32::to_le_bytes).concat()[..],
        &[0x45, 0, 0, 40, id[0], id[1], 0x40, 0, 64, 6, 0, 0],
        &source.0.to_be_bytes(),
        &destination.0.to_be_bytes(),
        &source.1.to_be_bytes(),
        &destination.1.to_be_bytes(),
        &numbers.map(u32::to_be_bytes).concat(),
        &[0x50, flags, 4, 0, 0, 0, 0, 0],
    ]
    .concat()
}

const SYN: u8 = 2;
const ACK: u8 = 16;
const RST_ACK: u8 = 20;

fn explain(arguments: &[&str]) -> Command {
    let mut command = Command::new(WHYRST);
    command.arg("explain").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Feeds what `records` gives through a pipe.
fn piped(arguments: &[&str], records: impl Iterator<Item = Vec<u8>>) -> Output {
    let mut child = explain(arguments).arg("-").stdin(Stdio::piped()).spawn().expect("whyrst runs");
    let mut input = io::BufWriter::with_capacity(1 << 20, child.stdin.take().expect("a pipe"));
    input.write_all(&pcap_header(101)).expect("whyrst reads");
    records.for_each(|record| input.write_all(&record).expect("whyrst reads"));
    drop(input);
    child.wait_with_output().expect("whyrst ends")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What was said, without line breaks.
fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ")
}

const KNOWN: &str = "whyrst causes closed-port";

fn objects(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The most memory that any program started by these tests ever had, in KiB.
fn peak() -> i64 {
    getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts").max_rss()
}

#[test]
fn ten_million_hosts_that_send_a_syn_each_stay_within_the_memory() {
    let syns = (0..FLOOD).map(|n| record(n, 0x1000_0000 + n, true, SYN, [n, 0]));
    let output = piped(&["--summary", "--format", "json", "--memory", "64MiB"], syns);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let summary = &objects(&output)[0];
    assert_eq!(summary["frames"], FLOOD);
    assert_eq!(summary["connections"], FLOOD);
    assert!(summary["forgotten"].as_u64().expect("a number") > 9_000_000, "{summary}");
    assert!(peak() < 64 * MIB + BESIDES, "{} KiB", peak());
}

#[test]
fn ten_million_resets_of_one_connection_are_one_object_that_counts_them() {
    let host = 0x1000_0000;
    let opening = [
        record(0, host, true, SYN, [7, 0]),
        record(1, host, false, SYN | ACK, [9, 8]),
        record(2, host, true, ACK, [8, 10]),
    ];
    let resets = (3..FLOOD + 3).map(|n| record(n, host, false, RST_ACK, [10, 8]));
    let output = piped(&["--format", "json", "--memory", "64MiB"], opening.into_iter().chain(resets));
    assert!(stderr(&output).is_empty(), "{}", stderr(&output));
    let resets: Vec<Value> =
        objects(&output).into_iter().filter(|object| object["schema"] == "whyrst.reset/1").collect();
    assert_eq!(resets.len(), 1);
    assert!(output.stdout.len() < 64 * 1024, "{} octets of output", output.stdout.len());
    assert!(peak() < 64 * MIB + BESIDES, "{} KiB", peak());
}

#[test]
fn a_full_disk_is_said_and_is_a_failure() {
    let capture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/closed-port/client.pcapng");
    let full = || File::options().write(true).open("/dev/full").expect("every Linux has it");
    let to_stdout = explain(&[]).arg(&capture).stdout(full()).output().expect("whyrst runs");
    let to_file = explain(&["-o", "/dev/full"]).arg(&capture).output().expect("whyrst runs");
    for (output, name) in [(to_stdout, "standard output"), (to_file, "/dev/full")] {
        assert_eq!(output.status.code(), Some(2));
        let said = stderr(&output);
        assert!(said.contains(name) && said.contains("No space left on device"), "{said}");
    }
}

/// A capture of a reset and then so many empty frames that reading it takes a while.
fn long_capture(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("long.pcap");
    let mut file = File::create(&path).expect("the temporary folder is writable");
    let refused = [record(0, 1, true, SYN, [7, 0]), record(1, 1, false, RST_ACK, [0, 8])].concat();
    file.write_all(&[pcap_header(101), refused].concat()).expect("it is writable");
    file.set_len(64 << 30).expect("a file with a hole");
    path
}

fn started(arguments: &[&str], capture: &Path) -> Child {
    let child = explain(arguments).arg(capture).spawn().expect("whyrst runs");
    std::thread::sleep(Duration::from_millis(1_500));
    child
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().try_into().expect("a process id")), signal).expect("it runs");
}

#[test]
fn ctrl_c_ends_the_reading_and_what_is_known_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let child = started(&[], &long_capture(folder.path()));
    send(&child, Signal::SIGINT);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("interrupted"), "{}", stderr(&output));
    assert!(text(&output).contains(KNOWN), "{}", text(&output));
}

#[test]
fn ctrl_c_while_a_pipe_of_old_packets_is_silent_is_an_incomplete_reading() {
    let mut child = explain(&[]).arg("-").stdin(Stdio::piped()).spawn().expect("whyrst runs");
    let mut input = child.stdin.take().expect("a pipe");
    let refused = [record(0, 1, true, SYN, [7, 0]), record(1, 1, false, RST_ACK, [0, 8])].concat();
    input.write_all(&[pcap_header(101), refused].concat()).expect("whyrst reads");
    std::thread::sleep(Duration::from_millis(1_500));
    send(&child, Signal::SIGTERM);
    let output = child.wait_with_output().expect("it ends");
    drop(input);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains(KNOWN), "{}", text(&output));
}

#[test]
fn a_killed_program_leaves_nothing_under_the_final_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let result = folder.path().join("result.json");
    let name = result.display().to_string();
    let mut child = started(&["-o", &name, "--format", "json"], &long_capture(folder.path()));
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(!result.exists());
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_explained_as_far_as_it_went() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = long_capture(folder.path());
    let child = started(&[], &path);
    fs::OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(1 << 20)).expect("it shrinks");
    let output = child.wait_with_output().expect("it ends");
    let said = text(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(KNOWN) && said.contains("bytes when it was opened"), "{said}");
}

#[test]
fn a_link_layer_for_private_use_is_read_as_what_it_is_said_to_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("user.pcap");
    let refused = [record(0, 1, true, SYN, [7, 0]), record(1, 1, false, RST_ACK, [0, 8])].concat();
    fs::write(&path, [pcap_header(147), refused].concat()).expect("it is writable");
    let unsaid = explain(&[]).arg(&path).output().expect("whyrst runs");
    assert!(String::from_utf8_lossy(&unsaid.stdout).contains("USER (147)"));
    let said = explain(&["--link-type", "147=raw", "--format", "json"]).arg(&path).output().expect("whyrst runs");
    assert_eq!(objects(&said)[0]["verdict"]["cause"], "closed-port");
    let wrong = explain(&["--link-type", "1=raw"]).arg(&path).output().expect("whyrst runs");
    assert_eq!(wrong.status.code(), Some(2));
}

/// Resets of as many clients, one each.
fn refused(count: u32) -> impl Iterator<Item = Vec<u8>> {
    let both = |n: u32| {
        [(true, SYN, [1, 0]), (false, RST_ACK, [0, 2])].map(|(from, flags, numbers)| {
            record(n * 20 + u32::from(flags == RST_ACK), 0x0b00_0000 + n, from, flags, numbers)
        })
    };
    (0..count).flat_map(both)
}

/// FAULTS 5.9: 300,000 resets made a page of 1.2 GB, which no browser opens. Text is folded by the same rule.
#[test]
fn beyond_twenty_thousand_reports_the_rest_is_counted_and_that_is_said() {
    let output = piped(&["--format", "html"], refused(20_025));
    let page = String::from_utf8_lossy(&output.stdout);
    let whole = page.matches(r#""schema":"whyrst.reset/1""#).count() - page.matches(r#""count":25,"#).count();
    assert_eq!(whole, 20_000);
    assert!(page.contains("20000 resets are reported one by one; 25 more were too many"));
}

/// A connect to each of as many services, all from one client: each is refused.
fn refusing(count: u32) -> impl Iterator<Item = Vec<u8>> {
    let both = |n: u32| {
        [(false, SYN, [1, 0]), (true, RST_ACK, [0, 2])].map(|(from, flags, numbers)| {
            record(n * 20 + u32::from(flags == RST_ACK), 0x0b00_0000 + n, from, flags, numbers)
        })
    };
    (0..count).flat_map(both)
}

/// The most memory of its own that a process had, in KiB (`proc_pid_status(5)`). The pages of its program are not among
/// it: a debug build has several times as many as what people run.
fn most_of(mut child: Child) -> i64 {
    let mut most = 0;
    while child.try_wait().expect("it is ours").is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let now: Option<i64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(now.unwrap_or_default());
        std::thread::sleep(Duration::from_millis(5));
    }
    most
}

/// FAULTS 5.7: `--memory` bounded the connections alone; 40,000 services took 100 MiB, a million 258.
#[test]
fn memory_bounds_the_whole_process_whatever_is_asked_of_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [services, clients] = ["services", "clients"].map(|name| folder.path().join(name));
    fs::write(&services, [pcap_header(101)].into_iter().chain(refusing(40_000)).flatten().collect::<Vec<_>>())
        .expect("room");
    fs::write(&clients, [pcap_header(101)].into_iter().chain(refused(30_000)).flatten().collect::<Vec<_>>())
        .expect("room");
    let rows = format!("--parquet={}", folder.path().join("rows").display());
    let beside = format!("--annotate={}", folder.path().join("beside.pcapng").display());
    let formats = ["--summary", "--format=json", &rows, &beside];
    for (format, file) in formats.into_iter().zip([&services, &clients, &clients, &clients]) {
        let mut command = explain(&["--quiet", "--memory", "64MiB", format, &file.display().to_string()]);
        let most = most_of(command.stdout(Stdio::null()).spawn().expect("whyrst runs"));
        assert!(most > 0 && most <= 70 * MIB, "{format}: {most} KiB");
    }
}
