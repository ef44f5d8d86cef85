//! What is told of several resets together: incidents above the reports, equal resets folded.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// A service that refused four connects of one client while it was restarted.
fn explained(arguments: &[&str]) -> String {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/service-restarting/client.pcapng");
    let mut command = Command::new(env!("CARGO_BIN_EXE_whyrst"));
    command.env("LC_ALL", "C");
    let output = command.arg("explain").arg(fixture).args(arguments).output().expect("whyrst runs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("standard output is UTF-8")
}

fn objects(arguments: &[&str]) -> Vec<Value> {
    explained(arguments).lines().map(|line| serde_json::from_str(line).expect("each line is an object")).collect()
}

fn of<'a>(objects: &'a [Value], schema: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["schema"] == schema).collect()
}

#[test]
fn the_outage_stands_above_its_resets_and_the_rest_is_folded() {
    let text = explained(&["--no-ladder"]);
    assert!(
        text.starts_with("incident   10.77.0.2:8888 refused 4 connects from 1 client, until it accepted"),
        "{text}"
    );
    assert_eq!(text.matches("  more    whyrst causes closed-port").count(), 3, "{text}");
    assert!(text.contains("1 more like this from frame"), "{text}");
    assert!(
        text.lines().all(|line| line.starts_with("  filter ") || line.chars().count() <= 80),
        "eighty columns: {text}"
    );
}

#[test]
fn nothing_is_folded_when_not_wanted() {
    let text = explained(&["--fold", "never", "--no-ladder"]);
    assert_eq!(text.matches("  more    whyrst causes closed-port").count(), 4, "{text}");
}

#[test]
fn machines_get_every_reset_then_the_incident() {
    let all = objects(&["--format", "json"]);
    assert_eq!(of(&all, "whyrst.reset/1").len(), 4);
    let incidents = of(&all, "whyrst.incident/1");
    assert_eq!(incidents.len(), 1);
    assert_eq!(all.last(), incidents.last().copied());
    assert_eq!(incidents[0]["kind"], "service-down");
    assert_eq!(incidents[0]["refused"], 4);
    assert!(incidents[0]["accepted_again"].is_string());
}

#[test]
fn the_counts_of_folded_objects_add_up() {
    let all = objects(&["--format", "json", "--fold", "always"]);
    let counts =
        of(&all, "whyrst.reset/1").iter().map(|object| object["count"].as_u64().expect("a count")).sum::<u64>();
    assert_eq!(counts, 4);
}

#[test]
fn a_summary_holds_the_incidents() {
    let summary = objects(&["--summary", "--format", "json"]);
    assert_eq!(summary.len(), 1);
    assert_eq!(summary[0]["incidents"][0]["kind"], "service-down");
    let text = explained(&["--summary"]);
    assert!(text.starts_with("17 frames, 17 TCP segments, 6 connections, 4 of them reset\nmainly: "), "{text}");
    assert!(text.contains("\nincident   10.77.0.2:8888 refused 4 connects"), "{text}");
}

#[test]
fn a_ticket_tells_them_too() {
    let text = explained(&["--format", "markdown"]);
    assert!(text.starts_with("## Across connections\n\n- **10.77.0.2:8888 refused 4 connects"), "{text}");
}
