//! Writes the JSON Schema of every record into a folder, one file each: `cargo xtask schema` runs it.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::Value;
use whyrst_model::catalogue::CauseReport;
use whyrst_model::connection::ConnectionReport;
use whyrst_model::host::{DoctorReport, FindingReport};
use whyrst_model::incident::IncidentReport;
use whyrst_model::lab::LabReport;
use whyrst_model::provoke::ProvokedReport;
use whyrst_model::recording::{Coverage, Event};
use whyrst_model::report::Report;
use whyrst_model::summary::SummaryReport;
use whyrst_model::symptom::{SymptomReport, WhyReport};
use whyrst_model::watch::WatchReport;

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("usage: schema FOLDER");
        return ExitCode::from(2);
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("schema: cannot write to {}: {error}", Path::new(&folder).display());
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, schema) in schemas() {
        let text = serde_json::to_string_pretty(&schema)? + "\n";
        fs::write(folder.join(name).with_extension("json"), text)?;
    }
    Ok(())
}

/// Each record by the name in its `schema`. A failed connect has the schema of a reset; a connection is no line of
/// JSON, only a row.
fn schemas() -> [(&'static str, Schema); 14] {
    [
        ("reset", schema::<Report<'_>>()),
        ("connection", schema::<ConnectionReport<'_>>()),
        ("incident", schema::<IncidentReport<'_>>()),
        ("summary", schema::<SummaryReport<'_>>()),
        ("cause", schema::<CauseReport<'_>>()),
        ("symptom", schema::<SymptomReport<'_>>()),
        ("why", schema::<WhyReport<'_>>()),
        ("lab", schema::<LabReport<'_>>()),
        ("watch", schema::<WatchReport<'_>>()),
        ("provoked", schema::<ProvokedReport<'_>>()),
        ("finding", schema::<FindingReport<'_>>()),
        ("doctor", schema::<DoctorReport<'_>>()),
        ("events", schema::<Coverage>()),
        ("event", schema::<Event<'_>>()),
    ]
}

/// What is written, which is more than what a reader requires: a member that older versions lack is there today.
fn schema<T: JsonSchema>() -> Schema {
    let mut schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>();
    RecursiveTransform(paragraphs).transform(&mut schema);
    schema
}

/// Doc comments are wrapped; a description has one line for each paragraph.
fn paragraphs(schema: &mut Schema) {
    let Some(Value::String(text)) = schema.get_mut("description") else { return };
    let paragraphs: Vec<String> = text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
    *text = paragraphs.join("\n\n");
}
