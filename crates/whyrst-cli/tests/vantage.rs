//! Captures of several points on the command line.

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

/// `client=fixtures/NAME/client.pcapng`.
fn point(name: &str, fixture: &str, end: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(fixture).join(end);
    format!("{name}={}", path.with_extension("pcapng").display())
}

fn both(fixture: &str, more: &[&str]) -> Output {
    let (client, server) = (point("client", fixture, "client"), point("server", fixture, "server"));
    let mut arguments = vec!["explain", "--vantage", &client, "--vantage", &server];
    arguments.extend(more);
    whyrst(&arguments)
}

fn object(output: &Output) -> Value {
    serde_json::from_str(stdout(output).lines().next().expect("a line")).expect("JSON")
}

#[test]
fn a_forged_reset_is_proven_by_both_ends() {
    let output = both("injected-rst-client-only", &["--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().filter(|line| line.contains("whyrst.reset/1")).count(), 1, "one connection");
    let reset = object(&output);
    assert_eq!(reset["verdict"]["cause"], "injected-rst");
    assert_eq!(reset["verdict"]["confidence"], "certain");
    assert_eq!(reset["origin"], "path");
    let vantages = reset["vantages"].as_array().expect("a list");
    assert_eq!(vantages.len(), 2);
    assert_eq!((&vantages[0]["name"], &vantages[0]["saw_rst"]), (&"client".into(), &true.into()));
    assert_eq!((&vantages[1]["name"], &vantages[1]["saw_rst"]), (&"server".into(), &false.into()));
    assert_eq!(vantages[0]["clock_offset_ns"], 0);
    assert!(vantages[1]["clock_offset_ns"].is_i64() && vantages[1]["clock_uncertainty_ns"].is_i64());
    assert_eq!(vantages[1]["tuple"]["client"]["port"], reset["client"]["port"]);
    let resets = reset["resets"].as_array().expect("a list");
    assert_eq!(resets[0]["frames"].as_object().expect("frames").len(), 1, "the forgery is at the client alone");
    assert_eq!(resets[1]["frames"].as_object().expect("frames").len(), 2, "the client's own reset is at both");
    assert_eq!(resets[1]["frame"], resets[1]["frames"]["client"], "that of the first-named point");
    let made = reset["evidence"].as_array().expect("a list").iter().find(|one| one["question"] == "rst-made-between");
    assert_eq!(made.expect("asked")["answer"], "yes");
}

#[test]
fn one_ladder_shows_both_points_in_eighty_columns() {
    let text = stdout(&both("injected-rst", &[]));
    assert!(text.contains("never"), "{text}");
    assert!(text.lines().all(|line| line.starts_with("  filter ") || line.chars().count() <= 80), "{text}");
    let whole = stdout(&both("injected-rst", &["-v"]));
    let words = whole.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("was sent from between client and server"), "{whole}");
    let markdown = stdout(&both("injected-rst", &["--format", "markdown"]));
    assert!(markdown.contains("never") && markdown.contains("Capture points:"), "{markdown}");
}

#[test]
fn the_order_of_naming_changes_no_verdict() {
    let (client, server) = (point("here", "close-unread", "client"), point("there", "close-unread", "server"));
    let verdict = |arguments: &[&str]| object(&whyrst(arguments))["verdict"].clone();
    let one = verdict(&["explain", "--format", "json", "--vantage", &client, "--vantage", &server]);
    let other = verdict(&["explain", "--format", "json", "--vantage", &server, "--vantage", &client]);
    assert_eq!(one, other);
}

#[test]
fn captures_of_different_traffic_are_said_to_have_nothing_in_common() {
    let (client, server) = (point("client", "closed-port", "client"), point("server", "linger-zero", "server"));
    let output = whyrst(&["explain", "--vantage", &client, "--vantage", &server]);
    assert!(stderr(&output).contains("nothing in common"), "{}", stderr(&output));
    assert!(stdout(&output).contains("with other sequence"), "{}", stdout(&output));
}

#[test]
fn several_files_of_one_point_are_one_capture() {
    let client = point("client", "injected-rst", "client");
    let earlier = point("client", "closed-port", "client");
    let file = earlier.strip_prefix("client=").expect("a name");
    let server = point("server", "injected-rst", "server");
    for points in [
        vec!["--vantage", &client, file, "--vantage", &server],
        vec!["--vantage", &earlier, "--vantage", &client, "--vantage", &server],
    ] {
        let output = whyrst(&[&["explain", "--format", "json"], &points[..]].concat());
        let text = stdout(&output);
        let causes: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["verdict"]["cause"].clone())
            .collect();
        assert!(causes.contains(&"injected-rst".into()) && causes.contains(&"closed-port".into()), "{text}");
    }
}

#[test]
fn three_points_fit_into_one_ladder() {
    let folder = TempDir::new().expect("a temporary folder");
    let middle = folder.path().join("middle.pcapng");
    let server = point("server", "injected-rst-client-only", "server");
    fs::copy(server.strip_prefix("server=").expect("a name"), &middle).expect("a copy");
    let middle = format!("middle={}", middle.display());
    let output = both("injected-rst-client-only", &["--vantage", &middle]);
    let text = stdout(&output);
    assert!(text.contains("client") && text.contains("middle") && text.contains("server"), "{text}");
    assert!(text.lines().all(|line| line.starts_with("  filter ") || line.chars().count() <= 80), "{text}");
    assert!(text.contains("\nCERTAIN "), "two points whose order is not known do not hide that of the third: {text}");
}

#[test]
fn a_summary_counts_each_connection_once() {
    let output = both("close-unread", &["--summary", "--format", "json"]);
    let summary = object(&output);
    assert_eq!(summary["schema"], "whyrst.summary/1");
    assert_eq!(summary["reset_connections"], 1);
}

#[test]
fn what_makes_no_two_points_is_refused_with_an_example() {
    let one = point("client", "closed-port", "client");
    for (arguments, words) in [
        (vec!["explain", "--vantage", &one], "at least two"),
        (vec!["explain", "--vantage", "a.pcap"], "NAME=FILE"),
        (vec!["explain", "--vantage", &one, "--vantage", "server=-"], "standard input"),
    ] {
        let output = whyrst(&arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    let mixed = whyrst(&["explain", "a.pcap", "--vantage", &one]);
    assert_eq!(mixed.status.code(), Some(2), "{}", stderr(&mixed));
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_explained() {
    let client = point("client", "closed-port", "client");
    let output = whyrst(&["explain", "--vantage", &client, "--vantage", "server=/nonexistent.pcap"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("/nonexistent.pcap"));
    assert!(stdout(&output).contains("whyrst causes closed-port"), "{}", stdout(&output));
}
