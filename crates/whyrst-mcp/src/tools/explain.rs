//! `explain`: why each connection in captures was reset. The library reads them here, frame by frame; a client that
//! cancels is heeded between frames.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::task::Poll;

use rmcp::model::Tool;
use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use whyrst_explain::{Explained, Options, ReadError, Report, Told as Which};
use whyrst_model::vocabulary::Confidence;

use crate::answer::{Answer, Told, tool};
use crate::paths::Paths;
use crate::text::{self, Depth, LONGEST, UNTRUSTED};

/// Frames after which somebody looks whether the answer is still wanted.
const PATIENCE: u64 = 50_000;
/// Reports of one answer at most, and when nothing is said.
const MOST: u64 = 100;
const USUAL: u64 = 10;
/// Incidents and notes of one answer.
const COMMON: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    paths: Vec<String>,
    #[serde(default)]
    all: bool,
    #[serde(default)]
    cause: Option<String>,
    #[serde(default)]
    min_confidence: Option<Confidence>,
    #[serde(default)]
    filter: Option<String>,
    #[serde(default)]
    first: Option<u64>,
    #[serde(default)]
    most: Option<u64>,
    #[serde(default)]
    detail: Detail,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Detail {
    #[default]
    Short,
    Full,
    Json,
}

pub(super) fn offered(paths: &Paths) -> Tool {
    let about = format!(
        "Why was each TCP connection in a packet capture reset? One report for each: verdict with confidence, evidence \
         with frame numbers, what is still open and the command that decides, what to do. pcap, pcapng and snoop, \
         plain or compressed, folders and archives of them; {}.",
        paths.described()
    );
    let files = "captures of one capture point; several are read as one, in the order of time";
    let filter = "only connections that match, in tcpdump's language: host 10.0.0.1 and port 443";
    let first = "number of the first report to tell, to go on after an answer";
    let most = format!("reports to tell, {USUAL} when not said");
    let detail = "full has what is unknown and all that is open; json the records of docs/json.md";
    let sure = "only verdicts at least this sure";
    let properties = json!({
        "paths": {"type": "array", "items": {"type": "string"}, "minItems": 1, "description": files},
        "all": {"type": "boolean", "description": "also connects that failed without any RST"},
        "cause": {"type": "string", "description": "only verdicts with a step of this cause, such as close-unread"},
        "min_confidence": {"enum": Confidence::ALL.map(Confidence::name), "description": sure},
        "filter": {"type": "string", "description": filter},
        "first": {"type": "integer", "minimum": 1, "description": first},
        "most": {"type": "integer", "minimum": 1, "maximum": MOST, "description": most},
        "detail": {"enum": ["short", "full", "json"], "description": detail},
    });
    tool("explain", about, &properties, &["paths"])
}

pub(super) async fn explain(asked: Asked, paths: &Paths, cancelled: CancellationToken) -> Answer {
    if asked.paths.is_empty() {
        return Err("paths names no capture".to_owned());
    }
    let files = asked.paths.iter().map(|path| paths.allowed(path)).collect::<Result<Vec<PathBuf>, _>>()?;
    let mut options = Options::default();
    if asked.all {
        options = options.told(Which::FailedConnectsToo);
    }
    if let Some(filter) = &asked.filter {
        let filter = filter.parse().map_err(|error| format!("the filter cannot be used: {error}"))?;
        options = options.filter(filter);
    }
    if let Some(cause) =
        asked.cause.as_deref().filter(|id| *id != "unexplained" && whyrst_core::causes::find(id).is_none())
    {
        return Err(format!(
            "there is no cause {}; the tool causes lists them",
            text::quoted(&text::bounded(cause, 60))
        ));
    }
    // Reading a file blocks, and so does a panic not harm whoever waits.
    let read = tokio::task::spawn_blocking(move || {
        let explained = options.explain_all(&files).map_err(|error| error.to_string())?;
        Reading::of(asked, explained).read(&cancelled)
    });
    read.await.unwrap_or_else(|_| Err("reading failed in a way that is a fault of whyrst".to_owned()))
}

/// An answer in the making.
struct Reading {
    asked: Asked,
    explained: Explained,
    body: String,
    /// Reports that were asked for, and told.
    matching: u64,
    told: u64,
    first: u64,
    /// The number of the first that was left out behind those that are told.
    next: Option<u64>,
    causes: BTreeMap<String, u64>,
    unread: Vec<ReadError>,
}

impl Reading {
    fn of(asked: Asked, explained: Explained) -> Self {
        let first = asked.first.unwrap_or(1).max(1);
        Self {
            asked,
            explained,
            body: String::new(),
            matching: 0,
            told: 0,
            first,
            next: None,
            causes: BTreeMap::new(),
            unread: Vec::new(),
        }
    }

    fn read(mut self, cancelled: &CancellationToken) -> Answer {
        loop {
            match self.explained.next_within(PATIENCE) {
                Poll::Pending if cancelled.is_cancelled() => return Err("cancelled".to_owned()),
                Poll::Pending => {}
                Poll::Ready(None) => break,
                Poll::Ready(Some(Err(error))) => self.unread.push(error),
                Poll::Ready(Some(Ok(report))) => self.take(&report)?,
            }
            if cancelled.is_cancelled() {
                return Err("cancelled".to_owned());
            }
        }
        Ok(self.answer())
    }

    fn take(&mut self, report: &Report<'_>) -> Result<(), String> {
        if !self.is_wanted(report) {
            return Ok(());
        }
        self.matching += 1;
        *self.causes.entry(report.verdict.cause.to_string()).or_default() += 1;
        let most = self.asked.most.unwrap_or(USUAL).min(MOST);
        if self.matching < self.first || self.next.is_some() {
            return Ok(());
        }
        let text = match self.asked.detail {
            Detail::Short => text::report(report, self.matching, Depth::Short),
            Detail::Full => text::report(report, self.matching, Depth::Full),
            Detail::Json => serde_json::to_string(report).map_err(|error| error.to_string())? + "\n",
        };
        // One is told however long it is.
        let is_full = self.told > 0 && self.body.len() + text.len() > LONGEST;
        if self.told == most || is_full {
            self.next = Some(self.matching);
        } else {
            self.told += 1;
            self.body += &text;
        }
        Ok(())
    }

    fn is_wanted(&self, report: &Report<'_>) -> bool {
        let sure = self.asked.min_confidence.is_none_or(|least| report.verdict.confidence >= least);
        let steps = report.mechanism.iter().map(|how| &*how.cause).chain(report.reasons.iter().map(|why| &*why.cause));
        let mut steps = steps.chain([&*report.verdict.cause]);
        sure && self.asked.cause.as_deref().is_none_or(|cause| steps.any(|step| step == cause))
    }

    fn answer(self) -> Told {
        let summary = self.explained.summary();
        let mut text = UNTRUSTED.to_owned();
        text += &format!("Frames read: {}; connections: {}. ", summary.frames, summary.connections);
        text += &match self.matching {
            0 => "No reset that was asked for is in it.\n".to_owned(),
            1 => format!("One report: {}.\n", text::counted(&self.causes)),
            all => format!("{all} reports: {}.\n", text::counted(&self.causes)),
        };
        if summary.failed_connects > 0 && !self.asked.all {
            text += &format!("{} connects failed without any RST: all=true tells them.\n", summary.failed_connects);
        }
        for error in self.unread.iter().take(COMMON) {
            text += &format!("NOT READ WHOLLY: {}\n", text::quoted(&error.to_string()));
        }
        say_how_many_more(self.unread.len(), "errors", &mut text);
        for incident in summary.incidents.iter().take(COMMON) {
            text += &text::incident(incident);
        }
        say_how_many_more(summary.incidents.len(), "incidents", &mut text);
        for note in summary.notes.iter().take(COMMON) {
            text += &format!("note: {}\n", text::quoted(note));
        }
        say_how_many_more(summary.notes.len(), "notes", &mut text);
        text += "\n";
        text += &self.body;
        let left_out = self.matching - self.told;
        if left_out > 0 {
            text += &format!("{left_out} of {} reports are left out here", self.matching);
            text += &self.next.map_or_else(|| ".\n".to_owned(), |next| format!(": go on with first={next}.\n"));
        }
        let numbers = json!({
            "frames": summary.frames, "connections": summary.connections, "reports": self.matching, "told": self.told,
            "left_out": left_out, "next": self.next, "causes": self.causes, "incidents": summary.incidents.len(),
            "unread": self.unread.len(),
        });
        Told { text, numbers: Some(numbers) }
    }
}

fn say_how_many_more(all: usize, what: &str, text: &mut String) {
    if all > COMMON {
        *text += &format!("({} more {what} are left out)\n", all - COMMON);
    }
}
