//! The tools: what they take, and what an answer is. A tool that cannot do what it was asked says why in its answer.

pub(crate) mod catalogue;
mod explain;
mod programs;

use std::sync::Arc;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool, ToolAnnotations};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::paths::Paths;
use crate::text::{self, LONGEST};
use programs::Programs;

/// What a tool answers, or why it cannot.
pub(crate) type Answer = Result<Told, String>;

/// An answer.
pub(crate) struct Told {
    pub(crate) text: String,
    /// The same in numbers, where there are some.
    pub(crate) numbers: Option<Value>,
}

impl Told {
    fn plain(text: String) -> Self {
        Self { text, numbers: None }
    }
}

/// All tools.
pub(crate) struct Tools {
    paths: Paths,
    programs: Programs,
}

impl Tools {
    pub(crate) fn new(paths: Paths) -> Self {
        Self { paths, programs: Programs::found() }
    }

    /// Those that work here.
    pub(crate) fn offered(&self) -> Vec<Tool> {
        let mut tools = vec![explain::offered(&self.paths), catalogue::causes_offered(), catalogue::why_offered()];
        tools.extend(self.programs.offered(&self.paths));
        tools
    }

    /// Calls one by its name.
    pub(crate) async fn call(&self, name: &str, arguments: JsonObject, cancelled: CancellationToken) -> CallToolResult {
        let answer = match name {
            "explain" => match read(arguments) {
                Ok(asked) => explain::explain(asked, &self.paths, cancelled).await,
                Err(error) => Err(error),
            },
            "causes" => read(arguments).and_then(|asked| catalogue::causes(&asked)),
            "why" => read(arguments).map(|asked| catalogue::why(&asked)),
            "watch" | "check" | "sql" => tokio::select! {
                answer = self.programs.call(name, arguments, &self.paths) => answer,
                () = cancelled.cancelled() => Err("cancelled".to_owned()),
            },
            other => Err(format!("there is no tool {}; tools/list has all of them", text::quoted(&text::bounded(other, 60)))),
        };
        match answer {
            Ok(told) => {
                let mut result = CallToolResult::success(vec![ContentBlock::text(within_bounds(told.text))]);
                result.structured_content = told.numbers;
                result
            }
            Err(why) => refused(&why),
        }
    }
}

/// A tool error that a client shows to its model.
pub(crate) fn refused(why: &str) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text::bounded(why, 2_000))])
}

/// Tools keep within the bounds themselves, and say what they leave out; this holds in any case.
fn within_bounds(text: String) -> String {
    let most = LONGEST + LONGEST / 4;
    if text.chars().count() <= most { text } else { text::bounded(&text, most) + "\n(cut here: the answer is too long)" }
}

/// The arguments as a tool takes them.
fn read<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, String> {
    serde_json::from_value(Value::Object(arguments)).map_err(|error| format!("wrong arguments: {error}"))
}

/// A tool that reads and changes nothing.
fn tool(name: &'static str, about: String, properties: &Value, required: &[&str]) -> Tool {
    let schema = json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    });
    let schema = match schema {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    let reads_only = ToolAnnotations::new().read_only(true).destructive(false).open_world(false);
    Tool::new(name, about, Arc::new(schema)).with_annotations(reads_only)
}
