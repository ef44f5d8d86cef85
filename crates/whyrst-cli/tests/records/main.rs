//! What is written is what `docs/schema` says, and everything that was ever written is read again: the types of
//! `whyrst-model` hold for today's lines, for recordings of the fixtures and for lines that stay as they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use boon::{Compiler, SchemaIndex, Schemas};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use whyrst_model::Report;
use whyrst_model::catalogue::CauseReport;
use whyrst_model::incident::IncidentReport;
use whyrst_model::recording::{Coverage, Event};
use whyrst_model::summary::SummaryReport;
use whyrst_model::symptom::{SymptomReport, WhyReport};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folders of the fixtures, in order.
fn fixtures() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("fixtures")).expect("the fixtures are there");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    folders.retain(|folder| folder.join("client.pcapng").is_file());
    folders.sort();
    assert!(folders.len() > 100, "{}", folders.len());
    folders
}

fn lines(arguments: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_whyrst")).args(arguments).env("LC_ALL", "C").output();
    let output = output.expect("whyrst runs");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("JSON is UTF-8").lines().map(str::to_owned).collect()
}

/// Read with the type `T` and written again, a line is the same to the last byte.
fn again<'a, T: Deserialize<'a> + Serialize>(line: &'a str) {
    let record: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!(serde_json::to_string(&record).expect("a record can be written"), line);
}

fn written_again(line: &str) {
    #[derive(Deserialize)]
    struct Tag<'a> {
        schema: &'a str,
    }
    let Tag { schema } = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    match schema {
        "whyrst.reset/1" | "whyrst.failed-connect/1" => again::<Report<'_>>(line),
        "whyrst.incident/1" => again::<IncidentReport<'_>>(line),
        "whyrst.summary/1" => again::<SummaryReport<'_>>(line),
        "whyrst.cause/1" => again::<CauseReport<'_>>(line),
        "whyrst.symptom/1" => again::<SymptomReport<'_>>(line),
        "whyrst.why/1" => again::<WhyReport<'_>>(line),
        "whyrst.events/1" => again::<Coverage>(line),
        "whyrst.event/1" => again::<Event<'_>>(line),
        other => panic!("no type for {other}"),
    }
}

/// The schemas of `docs/schema`, compiled when they are asked for.
struct Validator {
    compiler: Compiler,
    schemas: Schemas,
}

impl Validator {
    fn new() -> Self {
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        Self { compiler, schemas: Schemas::new() }
    }

    fn schema(&mut self, name: &str) -> SchemaIndex {
        let path = root().join("docs/schema").join(name).with_extension("json");
        let path = path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let compiled = self.compiler.compile(&path.display().to_string(), &mut self.schemas);
        compiled.unwrap_or_else(|error| panic!("{error:#}"))
    }

    fn validate(&mut self, line: &str) {
        let object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let schema = object["schema"].as_str().expect("every record says what it is");
        let name = schema.strip_prefix("whyrst.").and_then(|name| name.strip_suffix("/1")).expect("a schema of ours");
        let schema = self.schema(if name == "failed-connect" { "reset" } else { name });
        if let Err(error) = self.schemas.validate(&object, schema) {
            panic!("{error:#}\n{line}");
        }
    }
}

/// All that `explain` can say of a fixture, as lines.
fn explained(folder: &Path) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    let (client, server, live) = (file("client.pcapng"), file("server.pcapng"), file("live.jsonl"));
    let (at_client, at_server) = (format!("client={client}"), format!("server={server}"));
    let json = ["explain", "--format", "json", "--all"];
    let each: [&[&str]; 5] = [
        &[&client],
        &["--page", &server],
        &[&live],
        &["--vantage", &at_client, "--vantage", &at_server],
        &["--summary", &client],
    ];
    each.iter().flat_map(|more| lines(&[&json, *more].concat())).collect()
}

#[test]
fn every_line_is_as_its_schema_says_and_as_its_type() {
    let mut validator = Validator::new();
    let mut seen = 0;
    for folder in fixtures().iter().step_by(3) {
        for line in explained(folder) {
            validator.validate(&line);
            written_again(&line);
            seen += 1;
        }
    }
    let why = ["why", "--format", "json"];
    let asked = [&why[..], &["curl: (52) Empty reply from server\nread: Connection reset by peer"]].concat();
    let unknown = [&why[..], &["nothing that is known"]].concat();
    let catalogue: [&[&str]; 4] =
        [&["causes", "--format", "json"], &["causes", "--format", "json", "nginx"], &asked, &unknown];
    for line in catalogue.iter().flat_map(|arguments| lines(arguments)) {
        validator.validate(&line);
        written_again(&line);
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn a_line_that_is_not_as_the_schema_says_is_found() {
    let line = &lines(&["explain", "--format", "json", &fixture("closed-port/client.pcapng")])[0];
    let mut validator = Validator::new();
    let schema = validator.schema("reset");
    let good: Value = serde_json::from_str(line).expect("JSON");
    assert!(validator.schemas.validate(&good, schema).is_ok());
    let spoilt: [(&str, Value); 4] =
        [("severity", "grave".into()), ("time", "yesterday".into()), ("count", (-1).into()), ("verdict", Value::Null)];
    for (field, value) in spoilt {
        let mut bad = good.clone();
        bad[field] = value;
        assert!(validator.schemas.validate(&bad, schema).is_err(), "{field}");
    }
}

fn fixture(name: &str) -> String {
    root().join("fixtures").join(name).display().to_string()
}

#[test]
fn recordings_are_read_and_written_again() {
    let mut validator = Validator::new();
    let mut seen = 0;
    for folder in fixtures() {
        for name in ["events.jsonl", "live.jsonl"] {
            let text = fs::read_to_string(folder.join(name)).expect("each fixture has recordings");
            for line in text.lines() {
                written_again(line);
                validator.validate(line);
                seen += 1;
            }
        }
    }
    assert!(seen > 500, "{seen}");
}

/// Whether `new` says all that `old` says: it may have members that came later.
fn says_as_much(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            old.iter().all(|(name, old)| new.get(name).is_some_and(|new| says_as_much(new, old)))
        }
        (Value::Array(new), Value::Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| says_as_much(new, old))
        }
        _ => new == old,
    }
}

/// `records.jsonl` is never written anew: it has the lines of one version after the other, the first of them with the
/// fields that there were from the start.
#[test]
fn lines_of_older_versions_stay_readable() {
    let lines = include_str!("records.jsonl");
    assert!(lines.lines().count() > 30);
    for line in lines.lines() {
        let old: Value = serde_json::from_str(line).expect("JSON");
        let new = match old["schema"].as_str() {
            Some("whyrst.summary/1") => as_value::<SummaryReport<'_>>(line),
            Some("whyrst.incident/1") => as_value::<IncidentReport<'_>>(line),
            _ => as_value::<Report<'_>>(line),
        };
        assert!(says_as_much(&new, &old), "{new}\n{old}");
    }
}

/// Read with the type `T` and written again.
fn as_value<'a, T: Deserialize<'a> + Serialize>(line: &'a str) -> Value {
    let record: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    serde_json::to_value(&record).expect("a record can be written")
}
