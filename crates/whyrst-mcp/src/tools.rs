//! The tools: who answers which, and that what comes out is bounded.

pub(crate) mod catalogue;
mod explain;
mod programs;

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, Tool};
use tokio_util::sync::CancellationToken;

use crate::answer::{read, refused, within_bounds};
use crate::paths::Paths;
use crate::text;
use programs::Programs;

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
            other => {
                Err(format!("there is no tool {}; tools/list has all of them", text::quoted(&text::bounded(other, 60))))
            }
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
