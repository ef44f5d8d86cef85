//! A query and a report never disagree: rows of captures, of Parquet and of recordings are the same,
//! whichever program made them.

use std::path::{Path, PathBuf};

use crate::{fixtures, sorted, sql, text, whyrst};

fn captures() -> Vec<PathBuf> {
    fixtures().into_iter().map(|folder| folder.join("client.pcapng")).filter(|path| path.exists()).collect()
}

fn rows(table: &str, inputs: &[PathBuf]) -> String {
    text(sql().args(["--format", "json", &format!("select * from {table}")]).args(inputs))
}

#[test]
fn captures_parquet_and_recordings_give_the_rows_that_explain_gives() {
    let folder = tempfile::tempdir().unwrap();
    let (parquet, recording) = (folder.path().join("rows"), folder.path().join("recorded.jsonl"));
    let captures = captures();
    assert!(captures.len() > 100, "{}", captures.len());
    let mut explain = whyrst();
    explain.args(["explain", "--all", "--quiet", "--format", "json", "--parquet"]).arg(&parquet);
    let output = explain.arg("-o").arg(&recording).args(&captures).output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    for table in ["resets", "failed_connects", "incidents"] {
        let of_captures = rows(table, &captures);
        assert!(of_captures.lines().count() > 2, "{table}: {of_captures}");
        for (what, other) in [("Parquet", &parquet), ("a recording", &recording)] {
            let of_other = rows(table, std::slice::from_ref(other));
            assert!(sorted(&of_captures) == sorted(&of_other), "{table} of {what} are not those of captures");
        }
    }
    // All three together: three times the rows.
    let all = [captures.as_slice(), &[parquet, recording]].concat();
    assert_eq!(count("resets", &all), 3 * count("resets", &captures));
}

fn count(table: &str, inputs: &[PathBuf]) -> usize {
    rows(table, inputs).lines().count()
}

#[test]
fn what_watch_recorded_gives_the_rows_that_explain_gives() {
    let folder = tempfile::tempdir().unwrap();
    let (parquet, reports) = (folder.path().join("rows"), folder.path().join("reports.jsonl"));
    let recordings: Vec<PathBuf> =
        fixtures().into_iter().map(|folder| folder.join("live.jsonl")).filter(|path| path.exists()).collect();
    assert!(recordings.len() > 50, "{}", recordings.len());
    let mut explain = whyrst();
    explain.args(["explain", "--quiet", "--format", "json", "--parquet"]).arg(&parquet);
    let output = explain.arg("-o").arg(&reports).args(&recordings).output().unwrap();
    assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
    for table in ["resets", "incidents"] {
        let of_recordings = rows(table, &recordings);
        assert!(of_recordings.lines().count() > 2, "{table}: {of_recordings}");
        for (what, other) in [("Parquet", &parquet), ("the reports", &reports)] {
            let of_other = rows(table, std::slice::from_ref(other));
            assert!(sorted(&of_recordings) == sorted(&of_other), "{table} of {what} are not those of the recordings");
        }
    }
}

#[test]
fn a_parquet_file_of_version_1_is_asked_as_if_it_were_written_today() {
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("../whyrst-store/tests/v1/resets.parquet");
    let row = text(sql().args(["--format", "csv", "select cause, frame, pod from resets"]).arg(old));
    assert_eq!(row, "cause,frame,pod\nclose-unread,12,\n");
}
