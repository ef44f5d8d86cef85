//! `.slt` files: a query, and what must come of it. Each names its inputs in its first line.
//! `UPDATE_SLT=1` writes what comes instead; look at the difference.

use std::fs;
use std::path::Path;

use sqllogictest::{DB, DBOutput, DefaultColumnType, Runner};

use crate::{root, said, sql};

#[derive(Clone, Debug)]
struct Program {
    inputs: Vec<String>,
}

#[derive(Debug)]
struct Complaint(String);

impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Complaint {}

impl DB for Program {
    type Error = Complaint;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, query: &str) -> Result<DBOutput<DefaultColumnType>, Complaint> {
        let output = sql().args(["--format", "csv", query]).args(&self.inputs).output().unwrap();
        if !output.status.success() {
            return Err(Complaint(said(&output)));
        }
        let mut reader = csv::Reader::from_reader(output.stdout.as_slice());
        let columns = reader.headers().unwrap().len();
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Text; columns], rows: rows.collect() })
    }
}

/// The files that the first line names, after `# inputs:`.
fn inputs(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let first = text.lines().next().unwrap_or_default();
    let named = first.strip_prefix("# inputs:").unwrap_or_else(|| panic!("{} names no inputs", path.display()));
    named.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn queries_answer_what_their_files_say() {
    let folder = root().join("crates/whyrst-sql/tests/slt");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "slt"));
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let program = Program { inputs: inputs(&file) };
        let mut runner = Runner::new(|| async { Ok(program.clone()) });
        if std::env::var_os("UPDATE_SLT").is_some() {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let update = runner.update_test_file(
                &file,
                " ",
                sqllogictest::default_validator,
                sqllogictest::default_normalizer,
                sqllogictest::default_column_validator,
            );
            runtime.block_on(update).unwrap();
        } else if let Err(error) = runner.run_file(&file) {
            panic!("{}", error.display(false));
        }
    }
}
