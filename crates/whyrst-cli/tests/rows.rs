//! Rows: what `explain --parquet` writes, and what `pipe scan | pipe track` makes of packet rows, is
//! what `explain` says of the same captures.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use serde_json::Value;
use whyrst_store::{Table, parquet};

fn whyrst() -> Command {
    Command::new(env!("CARGO_BIN_EXE_whyrst"))
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let entries = fs::read_dir(folder).expect("there are fixtures");
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path().join("client.pcapng")).collect();
    found.retain(|path| path.exists());
    found.sort();
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut found: Vec<PathBuf> =
        paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    found.sort();
    found
}

fn rows_of(batches: &[RecordBatch]) -> Vec<String> {
    let rows = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| batch.slice(row, 1)));
    rows.map(|row| format!("{:?}", row.columns())).collect()
}

/// Resets and failed connects, as `explain --all --parquet` writes them.
fn explained(captures: &[PathBuf]) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = whyrst()
        .args(["explain", "--all", "--format", "json", "--parquet"])
        .arg(folder.path())
        .args(captures)
        .output()
        .expect("whyrst runs");
    assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    let mut rows = Vec::new();
    for table in [Table::Resets, Table::FailedConnects] {
        for file in files(&folder.path().join(table.name())) {
            assert_eq!(file.file_name().expect("a name"), "part.parquet");
            let (found, batches) = parquet::read(&file).expect("what was written can be read");
            assert_eq!(found, table);
            rows.extend(rows_of(&batches));
        }
    }
    rows.sort();
    (rows, String::from_utf8(output.stdout).expect("UTF-8"))
}

fn scan(captures: &[PathBuf], arguments: &[&str]) -> Output {
    whyrst().args(["pipe", "scan"]).args(arguments).args(captures).output().expect("whyrst runs")
}

fn track(rows: &[u8], covered: &str) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, times) = (folder.path().join("rows"), folder.path().join("covered"));
    fs::write(&input, rows).expect("room");
    fs::write(&times, covered).expect("room");
    let input = File::open(input).expect("it was written");
    whyrst().args(["pipe", "track", "--covered"]).arg(times).stdin(Stdio::from(input)).output().expect("whyrst runs")
}

fn read(stream: &[u8]) -> Vec<RecordBatch> {
    let reader = StreamReader::try_new(stream, None).expect("a stream");
    reader.map(|batch| batch.expect("a batch")).collect()
}

/// When the captures ran.
fn covered(batches: &[RecordBatch]) -> String {
    let times = batches.iter().flat_map(|batch| {
        let time =
            batch.column_by_name("time").expect("time").as_primitive::<arrow_array::types::TimestampNanosecondType>();
        time.values().to_vec()
    });
    let times: Vec<i64> = times.collect();
    match (times.iter().min(), times.iter().max()) {
        (Some(from), Some(to)) => format!("{from} {to}\n"),
        // Of this end nothing was recorded.
        _ => String::new(),
    }
}

#[test]
fn rows_through_the_pipe_are_what_explain_says_of_every_fixture() {
    let (mut resets, mut lines) = (0, 0);
    for capture in fixtures() {
        let captures = [capture];
        let (expected, json) = explained(&captures);
        lines += json.lines().filter(|line| !line.contains("\"whyrst.incident/1\"")).count();
        let scanned = scan(&captures, &[]);
        assert!(scanned.status.success(), "{scanned:?}");
        let tracked = track(&scanned.stdout, &covered(&read(&scanned.stdout)));
        assert!(tracked.status.success(), "{}", String::from_utf8_lossy(&tracked.stderr));
        let mut found = rows_of(&read(&tracked.stdout));
        found.sort();
        assert_eq!(found, expected, "{}", captures[0].display());
        resets += expected.len();
    }
    assert!(resets > 100, "{resets}");
    assert_eq!(resets, lines);
}

#[test]
fn incidents_are_rows_as_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let captures = fixtures();
    let output =
        whyrst().args(["explain", "--format", "json", "--parquet"]).arg(folder.path()).args(&captures).output();
    let output = String::from_utf8(output.expect("whyrst runs").stdout).expect("UTF-8");
    let said = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut said: Vec<String> = said
        .filter(|object| object["schema"] == "whyrst.incident/1")
        .map(|object| object["title"].as_str().expect("a title").to_owned())
        .collect();
    let mut found = Vec::new();
    for file in files(&folder.path().join("incidents")) {
        for batch in parquet::read(&file).expect("it can be read").1 {
            let titles = batch.column_by_name("title").expect("a title").as_string::<i32>().clone();
            found.extend(titles.iter().map(|title| title.expect("a title").to_owned()));
        }
    }
    said.sort();
    found.sort();
    assert!(!found.is_empty());
    assert_eq!(found, said);
}

#[test]
fn columns_and_signs_are_chosen_while_scanning() {
    let captures =
        [fixtures().into_iter().find(|path| path.ends_with("close-unread/client.pcapng")).expect("it is there")];
    let all = read(&scan(&captures, &[]).stdout);
    let some = read(&scan(&captures, &["--columns", "frame,rst", "--signs"]).stdout);
    assert_eq!(some[0].schema().fields().len(), 2);
    let count = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
    assert!(count(&some) < count(&all) && count(&some) >= 3, "{} of {}", count(&some), count(&all));
    let wrong = scan(&captures, &["--columns", "frame,nothing"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("the table packets has no such column"));
}

#[test]
fn rows_out_of_order_stop_the_tracker_with_the_name_of_the_setting() {
    let captures =
        [fixtures().into_iter().find(|path| path.ends_with("close-unread/client.pcapng")).expect("it is there")];
    let batch = read(&scan(&captures, &[]).stdout).remove(0);
    let mut stream = Vec::new();
    let mut writer = StreamWriter::try_new(&mut stream, &batch.schema()).expect("a stream");
    for row in (0..batch.num_rows()).rev() {
        writer.write(&batch.slice(row, 1)).expect("room");
    }
    writer.finish().expect("room");
    drop(writer);
    let tracked = track(&stream, "");
    assert_eq!(tracked.status.code(), Some(2));
    let said = String::from_utf8_lossy(&tracked.stderr);
    assert!(said.contains("older than the row before it of the same connection"), "{said}");
    assert!(said.contains("ballista.planner.adaptive.enabled=false") && said.contains("client.pcapng frame"), "{said}");
}

#[test]
fn what_is_no_stream_of_packets_is_refused() {
    for (stream, expected) in [
        (b"".to_vec(), "cannot read rows"),
        (b"nonsense".to_vec(), "cannot read rows"),
        (whyrst().args(["pipe", "schema", "packets"]).output().expect("whyrst runs").stdout, ""),
    ] {
        let tracked = track(&stream, "");
        let said = String::from_utf8_lossy(&tracked.stderr).into_owned();
        assert!(said.contains(expected), "{said}");
        assert_eq!(tracked.status.success(), expected.is_empty(), "{said}");
    }
    assert!(String::from_utf8_lossy(&track(b"", "1 x\n").stderr).contains("line 1 of"));
}

#[test]
fn whyrst_sql_is_run_where_it_is_and_asked_for_where_it_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let alone = folder.path().join("whyrst");
    fs::copy(env!("CARGO_BIN_EXE_whyrst"), &alone).expect("room");
    let run = || {
        let mut command = Command::new(&alone);
        command.args(["sql", "select 1", "--help"]).env("PATH", folder.path()).output().expect("it runs")
    };
    let missing = run();
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("needs the program whyrst-sql"), "{missing:?}");
    // Beside the program it is found, and gets every argument.
    std::os::unix::fs::symlink("/bin/echo", folder.path().join("whyrst-sql")).expect("room");
    assert_eq!(String::from_utf8_lossy(&run().stdout).trim(), "select 1 --help");
}

/// How many resets the rows below `folder` stand for, and the columns of a table there.
fn counted(folder: &Path) -> i64 {
    let batches = files(&folder.join("resets")).into_iter().flat_map(|file| parquet::read(&file).expect("rows").1);
    let counts = batches.map(|batch| {
        let column = batch.column_by_name("count").expect("a count").as_primitive::<Int64Type>().clone();
        column.values().iter().sum::<i64>()
    });
    counts.sum()
}

#[test]
fn what_was_recorded_live_is_rows_with_what_the_kernel_knew() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/close-unread/live.jsonl");
    let mut explain = whyrst();
    explain.args(["explain", "--quiet", "-o", "/dev/null", "--parquet"]).arg(folder.path()).arg(&recording);
    assert!(explain.status().expect("whyrst runs").success());
    let [file] = <[PathBuf; 1]>::try_from(files(&folder.path().join("resets"))).expect("one day and source");
    let (_, batches) = parquet::read(&file).expect("rows");
    let text = |name: &str| batches[0].column_by_name(name).expect(name).as_string::<i32>().value(0).to_owned();
    assert_eq!((text("cause"), text("kernel_reason")), ("close-unread".into(), "TCP_ABORT_ON_CLOSE".into()));
    assert_eq!(text("syscall"), "close");

    // One that stands for more that were only counted.
    let told = fs::read_to_string(&recording).expect("UTF-8");
    let line = told.lines().find(|line| line.contains("\"account\"")).expect("one with its socket");
    let many = format!("{},\"more\":4000}}", line.strip_suffix('}').expect("an object"));
    let (flood, rows) = (folder.path().join("flood.jsonl"), folder.path().join("rows"));
    fs::write(&flood, format!("{told}{many}\n")).expect("room");
    let mut explain = whyrst();
    explain.args(["explain", "--quiet", "-o", "/dev/null", "--parquet"]).arg(&rows).arg(&flood);
    assert!(explain.status().expect("whyrst runs").success());
    assert_eq!(counted(&rows), counted(folder.path()) + 4_000);
}

#[test]
fn resets_that_are_only_counted_are_in_the_rows() {
    let captures = fixtures();
    let count = |fold: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let mut explain = whyrst();
        explain.args(["explain", "--quiet", "-o", "/dev/null", "--fold", fold, "--parquet"]).arg(folder.path());
        let status = explain.args(&captures).status().expect("whyrst runs");
        assert!(status.code().is_some_and(|code| code < 2), "{status}");
        counted(folder.path())
    };
    assert!(count("never") > 100, "enough that some are alike");
    assert_eq!(count("always"), count("never"));
}

#[test]
fn rows_of_some_flows_are_those_and_what_tells_of_services() {
    let captures = fixtures();
    let output = whyrst().args(["pipe", "flows"]).args(&captures).output().expect("whyrst runs");
    assert!(output.status.success(), "{output:?}");
    let numbers = |batches: &[RecordBatch], name: &str| -> Vec<i64> {
        let of = |batch: &RecordBatch| batch.column_by_name(name).expect(name).as_primitive::<Int64Type>().clone();
        batches.iter().flat_map(|batch| of(batch).values().to_vec()).collect()
    };
    let all = read(&scan(&captures, &[]).stdout);
    let (parts, mut packets) = (numbers(&read(&output.stdout), "flow"), numbers(&all, "flow"));
    packets.sort_unstable();
    packets.dedup();
    let mut known = parts.clone();
    known.sort_unstable();
    known.dedup();
    assert_eq!(known, packets);

    let folder = tempfile::tempdir().expect("a folder");
    let (wanted, damaged) = (folder.path().join("flows"), folder.path().join("damaged"));
    fs::write(&wanted, known[0].to_le_bytes()).expect("room");
    let some = read(&scan(&captures, &["--flows", wanted.to_str().expect("UTF-8")]).stdout);
    let of = |flow: i64, batches: &[RecordBatch]| numbers(batches, "flow").iter().filter(|one| **one == flow).count();
    assert_eq!(of(known[0], &some), of(known[0], &all));
    let others = some.iter().flat_map(|batch| {
        let flags = batch.column_by_name("flags").expect("flags").as_string::<i32>().clone();
        let flows = batch.column_by_name("flow").expect("flow").as_primitive::<Int64Type>().clone();
        (0..batch.num_rows())
            .filter(|row| flows.value(*row) != known[0])
            .map(|row| flags.value(row).to_owned())
            .collect::<Vec<_>>()
    });
    let others: Vec<String> = others.collect();
    assert!(!others.is_empty() && others.iter().all(|flags| flags.contains('S')), "{others:?}");

    fs::write(&damaged, [1, 2, 3]).expect("room");
    let output = scan(&captures, &["--flows", damaged.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not hold numbers of 8 bytes"), "{output:?}");
}
