//! What a tool takes, and what an answer is. A tool that cannot do what it was asked says why in its answer.

use std::sync::Arc;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool, ToolAnnotations};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::text::{self, LONGEST};

/// What a tool answers, or why it cannot.
pub(crate) type Answer = Result<Told, String>;

/// An answer.
pub(crate) struct Told {
    pub(crate) text: String,
    /// The same in numbers, where there are some.
    pub(crate) numbers: Option<Value>,
}

impl Told {
    pub(crate) fn plain(text: String) -> Self {
        Self { text, numbers: None }
    }
}

/// A tool error that a client shows to its model.
pub(crate) fn refused(why: &str) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text::bounded(why, 2_000))])
}

/// Tools keep within the bounds themselves, and say what they leave out; this holds in any case.
pub(crate) fn within_bounds(text: String) -> String {
    let most = LONGEST + LONGEST / 4;
    if text.chars().count() <= most {
        text
    } else {
        text::bounded(&text, most) + "\n(cut here: the answer is too long)"
    }
}

/// The arguments as a tool takes them.
pub(crate) fn read<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, String> {
    serde_json::from_value(Value::Object(arguments)).map_err(|error| format!("wrong arguments: {error}"))
}

/// A tool that reads and changes nothing.
pub(crate) fn tool(name: &'static str, about: String, properties: &Value, required: &[&str]) -> Tool {
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
