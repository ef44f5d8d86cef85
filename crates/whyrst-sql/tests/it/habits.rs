//! What is said, and where, when something is wrong; formats; bounds.

use std::fs;

use crate::{root, said, sql, text};

const CAPTURE: &str = "fixtures/close-unread/client.pcapng";

#[test]
fn a_wrong_query_is_pointed_at() {
    for (query, words) in [
        ("select caus from resets", ["caus", "resets.cause", "╰── here"]),
        ("select cause frm resets", ["frm", "Expected", "╰── here"]),
        ("select * from reset", ["reset", "not found", "query cannot be run"]),
    ] {
        let output = sql().args([query, CAPTURE]).env("NO_COLOR", "1").output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(output.stdout.is_empty());
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(complaint.contains(query), "{complaint}");
        assert!(words.iter().all(|word| complaint.contains(word)), "{complaint}");
        assert!(!complaint.contains('\u{1b}'), "{complaint}");
    }
}

#[test]
fn a_query_without_files_is_told_so() {
    let output = sql().arg("@top-causes").output().unwrap();
    assert!(said(&output).contains("no files were named"), "{}", said(&output));
    assert_eq!(text(sql().args(["--format", "csv", "select 1 as one"])), "one\n1\n");
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(root().join(CAPTURE), folder.path().join("a.pcapng")).unwrap();
    let whole = fs::read(root().join(CAPTURE)).unwrap();
    fs::write(folder.path().join("b.pcapng"), &whole[..whole.len() - 30]).unwrap();
    fs::write(folder.path().join("notes.txt"), "no capture").unwrap();
    fs::write(folder.path().join("rows.jsonl"), "{\"schema\":\"whyrst.reset/1\"}\n{\"schema\":\"whyrst.re").unwrap();
    let query = "select count(*) as n from resets";
    let output = sql().args(["--format", "csv", query]).arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "n\n2\n", "{}", said(&output));
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    for words in ["1 lines of", "are damaged", "notes.txt is no capture", "b.pcapng"] {
        assert!(complaint.contains(words), "{words}: {complaint}");
    }
    // Said once, however often it was read.
    assert_eq!(complaint.matches("notes.txt").count(), 1, "{complaint}");
    let missing = sql().args([query, "nowhere/*.pcap"]).output().unwrap();
    assert!(said(&missing).contains("nothing matches"), "{}", said(&missing));
}

#[test]
fn every_format_tells_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.parquet");
    let query = "select cause, frame, time, alternatives from resets order by frame";
    let run = |format: &str| text(sql().args(["--format", format, query, CAPTURE]));
    let json: serde_json::Value = serde_json::from_str(run("json").lines().next().unwrap()).unwrap();
    assert_eq!(json["cause"], "close-unread");
    assert!(json["time"].as_str().unwrap().ends_with('Z'), "{json}");
    assert!(run("table").contains("| close-unread |"), "{}", run("table"));
    let csv = text(sql().args(["--format", "csv", "select cause, frame from resets", CAPTURE]));
    text(sql().args(["--format", "parquet", "-o"]).arg(&file).args(["select * from resets", CAPTURE]));
    // A whole table is a file of that table again.
    let again = text(sql().args(["--format", "csv", "select cause, frame from resets"]).arg(&file));
    assert_eq!(csv, again);
    // Without rows there are still columns.
    let empty = text(sql().args(["--format", "csv", "select cause from resets where false", CAPTURE]));
    assert_eq!(empty, "cause\n");
}

#[test]
fn little_memory_makes_a_query_spill_not_fail() {
    let glob = "fixtures/*/client.pcapng";
    let many = "packets a cross join (select frame as other from packets order by source, frame limit 100) b";
    let query = format!("select a.source, a.frame, b.other from {many} order by a.len, 1, 2, 3");
    let run = |memory: &str| text(sql().args(["--format", "csv", "--memory", memory, &query, glob]));
    let plan = format!("explain analyze {query}");
    let told = text(sql().args(["--format", "csv", "--memory", "32MiB", &plan, glob]));
    // Of the operator that sorts: others had no need to.
    let sort = told.split("SortExec: ").nth(1).and_then(|sort| sort.lines().next()).unwrap_or_default();
    assert!(sort.contains("spill_count=") && !sort.contains("spill_count=0"), "{told}");
    assert!(run("32MiB") == run("1GiB"));
}

#[test]
fn every_shipped_query_runs() {
    let list = text(sql().arg("--list"));
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() >= 12, "{list}");
    for name in names {
        let rows = text(sql().args(["--format", "csv", name, "fixtures/close-unread", "fixtures/syn-unanswered"]));
        assert!(rows.lines().next().is_some_and(|header| header.contains(',')), "{name}: {rows}");
        assert!(text(sql().args(["--show", name])).starts_with("-- "));
    }
}

#[test]
fn a_scan_builds_only_what_is_asked_for() {
    let query = "select src_ip, dst_port from packets where rst and dst_port < 1024 and time > '2020-01-01T00:00:00Z'";
    let plan = text(sql().args(["--explain", "--jobs", "2", query, CAPTURE, "fixtures/linger-zero/client.pcapng"]));
    assert!(plan.contains("columns=[src_ip, dst_port]"), "{plan}");
    assert!(plan.contains("partitions=2"), "{plan}");
    // Nothing is left to be filtered above.
    assert!(!plan.contains("FilterExec"), "{plan}");
}

#[test]
fn a_window_of_time_holds_for_every_table() {
    let count = |table: &str, since: &str, until: &str| {
        let query = format!("select count(*) as n from {table}");
        let words = ["--format", "csv", "--since", since, "--until", until, &query, CAPTURE];
        text(sql().args(words)).lines().nth(1).unwrap().parse::<u64>().unwrap()
    };
    for table in ["resets", "connections", "packets"] {
        assert!(count(table, "2026-01-01", "2027-01-01T00:00:00Z") > 0, "{table}");
        assert_eq!(count(table, "2025-01-01", "2026-01-01"), 0, "{table}");
        assert_eq!(count(table, "1h", "2100-01-01"), 0, "{table}");
    }
}

#[test]
fn events_of_the_kernel_alone_are_no_verdicts() {
    let recording = "crates/whyrst-sql/tests/recorded/events.jsonl";
    let output = sql().args(["--format", "csv", "select cause from resets", recording]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "cause\n");
    assert!(said(&output).contains("without their sockets"), "{}", said(&output));
}
