//! A capture on its way to lines of JSON.

use std::task::Poll;

use serde::{Deserialize, Serialize};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;
use whyrst_explain::whole::Connection;
use whyrst_explain::{Detail, Explained, Options, ReadError, Told};
use whyrst_model::time::Timestamp;

use crate::language_of;
use crate::source::{Reader, Source, random};

/// Bytes of lines that are handed over at once.
const BATCH: usize = 256 << 10;

/// What is to be told, and how: `whyrst_explain::Options`, as JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Asked {
    name: Option<String>,
    #[serde(default)]
    failed_connects: bool,
    /// With what a page shows.
    #[serde(default)]
    page: bool,
    language: Option<String>,
    /// Octets.
    memory: Option<u64>,
    filter: Option<String>,
    /// Lines of `whyrst watch --record`.
    events: Option<String>,
}

impl Asked {
    fn options(self) -> Result<Options, JsError> {
        let mut options = Options::default().hash_seed(random());
        if self.failed_connects {
            options = options.told(Told::FailedConnectsToo);
        }
        if self.page {
            options = options.detail(Detail::Page);
        }
        if let Some(language) = self.language {
            options = options.language(language_of(&language));
        }
        if let Some(octets) = self.memory {
            options = options.memory(octets);
        }
        if let Some(filter) = self.filter {
            options = options.filter(filter.parse().map_err(|error| JsError::new(&format!("filter: {error}")))?);
        }
        if let Some(events) = self.events {
            let read = options.events_bytes(events.as_bytes(), "events");
            options = read.map_err(|error| JsError::new(&error.to_string()))?;
        }
        Ok(if let Some(name) = self.name { options.called(name) } else { options })
    }
}

fn asked(options: &str) -> Result<Options, JsError> {
    serde_json::from_str::<Asked>(options).map_err(|error| JsError::new(&format!("options: {error}")))?.options()
}

/// What could not be read.
#[derive(Serialize)]
struct Unread {
    file: String,
    frame: Option<u64>,
    reason: String,
    message: String,
}

impl From<ReadError> for Unread {
    fn from(error: ReadError) -> Self {
        let message = error.to_string();
        let ReadError { file, frame, reason } = error;
        Self { file, frame, reason, message }
    }
}

/// A capture that is being read.
#[wasm_bindgen]
pub struct Reading {
    /// `None` where nothing could be read.
    explained: Option<Explained>,
    unread: Vec<Unread>,
    ended: bool,
}

#[wasm_bindgen]
impl Reading {
    /// Begins to read `source`; `options` are JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(source: Source, options: &str) -> Result<Reading, JsError> {
        Ok(match asked(options)?.explain_reader(Reader::of(source)) {
            Ok(explained) => Self { explained: Some(explained), unread: Vec::new(), ended: false },
            Err(error) => Self { explained: None, unread: vec![error.into()], ended: true },
        })
    }

    /// Reads on, until `frames` frames brought nothing or a quarter of a megabyte is together; gives the lines.
    pub fn read(&mut self, frames: u32) -> Vec<u8> {
        let mut lines = Vec::new();
        let Some(explained) = &mut self.explained else { return lines };
        while !self.ended && lines.len() < BATCH {
            match explained.next_within(u64::from(frames)) {
                Poll::Pending => break,
                Poll::Ready(None) => self.ended = true,
                Poll::Ready(Some(Ok(report))) => push(&mut lines, &report),
                Poll::Ready(Some(Err(error))) => self.unread.push(error.into()),
            }
        }
        lines
    }

    /// Whether everything was read.
    #[wasm_bindgen(getter)]
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// What could not be read so far, as JSON.
    pub fn unread(&self) -> String {
        serde_json::to_string(&self.unread).unwrap_or_default()
    }

    /// What the reports so far have in common, each a line.
    pub fn incidents(&self) -> Vec<u8> {
        let mut lines = Vec::new();
        for incident in self.explained.iter().flat_map(Explained::incidents) {
            push(&mut lines, &incident);
        }
        lines
    }

    /// What was read so far, in numbers: a line, or nothing where nothing was read.
    pub fn summary(&self) -> Vec<u8> {
        let mut lines = Vec::new();
        if let Some(explained) = &self.explained {
            push(&mut lines, &explained.summary());
        }
        lines
    }

    /// What has to be said of the reading so far, as JSON.
    pub fn notes(&self) -> String {
        let notes = self.explained.as_ref().map(Explained::notes).unwrap_or_default();
        serde_json::to_string(&notes).unwrap_or_default()
    }
}

/// Writing to memory cannot fail, and records have no maps whose keys are not text.
fn push(lines: &mut Vec<u8>, record: &impl Serialize) {
    serde_json::to_writer(&mut *lines, record).unwrap_or_default();
    lines.push(b'\n');
}

/// A connection as `Page::connection` names it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) source: usize,
    client: std::net::SocketAddr,
    server: std::net::SocketAddr,
    /// Nanoseconds since 1970; text, since they are more than a number of JavaScript holds.
    time: String,
}

impl Named {
    pub(crate) fn of(connection: whyrst_page::Connection, source: usize) -> Self {
        let whyrst_page::Connection { client, server, time } = connection;
        Self { source, client, server, time: time.nanos().to_string() }
    }
}

/// At most `most` packets of one connection, as JSON. `open` is asked twice for a source.
#[wasm_bindgen]
pub fn packets(first: Source, second: Source, connection: &str, most: u32, options: &str) -> Result<String, JsError> {
    let Named { client, server, time, .. } = serde_json::from_str(connection)?;
    let connection = Connection { client, server, time: Timestamp::from_nanos(time.parse()?) };
    let mut sources = vec![Reader::of(second), Reader::of(first)];
    let mut next = move || Some(sources.pop());
    let options = asked(options)?;
    let found = options.packets(&connection, most as usize, || Again(next().flatten()));
    match found {
        Ok(Some(line)) => Ok(line),
        Ok(None) => Err(JsError::new("the capture does not have this connection any more")),
        Err(error) => Err(JsError::new(&error.to_string())),
    }
}

/// A source, where there is one left.
struct Again(Option<Reader>);

impl std::io::Read for Again {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.as_mut().map_or(Ok(0), |reader| reader.read(into))
    }
}
