//! What the page asks, answered with the code of `whyrst serve`. Answers are the same JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;
use whyrst_core::causes;
use whyrst_core::filter::Filter;
use whyrst_core::language::Language;
use whyrst_core::report::beside;
use whyrst_core::report::catalogue::{self, Reproducible};
use whyrst_explain::played::Played;
use whyrst_model::Report;
use whyrst_page::{Limits, Order, Slice, SourceId, SourceKind, State, identity};

use crate::language_of;
use crate::reading::Named;
use crate::source::Kept;

/// Rows of one answer, at most.
const ROWS: usize = 1_000;
/// What a page keeps: rows in its memory, some 60 MB of them, and their lines in what the browser puts on disk.
const LIMITS: Limits = Limits { rows: 200_000, octets: 2 << 30 };

/// What the lab says of a cause: whether it plays it, and what it recorded. `cargo xtask browser` writes it.
#[derive(Deserialize)]
struct Lab {
    cause: String,
    /// Why it is not played.
    not_played: Option<String>,
    /// `whyrst lab code` gives programs that make it.
    has_programs: bool,
    run: Option<Run>,
}

#[derive(Deserialize)]
struct Run {
    scenario: String,
    story: String,
    /// Base64.
    capture: String,
    events: Option<String>,
}

/// What was told, and what is asked of it.
#[wasm_bindgen]
pub struct Page {
    kept: whyrst_page::Kept<Kept>,
    language: Language,
    lab: Vec<Lab>,
}

#[wasm_bindgen]
impl Page {
    /// An empty one in `language`; `lab` has the lab's runs, a line of JSON each.
    #[wasm_bindgen(constructor)]
    pub fn new(language: &str, lab: &str) -> Result<Page, JsError> {
        let lab = lab.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(Self { kept: whyrst_page::Kept::within(LIMITS), language: language_of(language), lab })
    }

    /// Begins a source, which arrives; gives its number.
    pub fn begin(&mut self, name: &str) -> usize {
        self.kept.begin(name, SourceKind::Dropped).place()
    }

    /// Takes lines of a source; says how many of them are nothing that is kept.
    pub fn take(&mut self, source: usize, lines: &[u8]) -> Result<u32, JsError> {
        let text = String::from_utf8_lossy(lines);
        let strange = self.kept.take(SourceId::of(source), text.lines().filter(|line| !line.is_empty()))?;
        Ok(u32::try_from(strange).unwrap_or(u32::MAX))
    }

    /// Says something about a source.
    pub fn remark(&mut self, source: usize, text: &str) {
        self.kept.remark(SourceId::of(source), text);
    }

    /// Says how far a source is, as JSON.
    pub fn state(&mut self, source: usize, state: &str) -> Result<(), JsError> {
        let state: State = serde_json::from_str(state)?;
        self.kept.set_state(SourceId::of(source), state);
        Ok(())
    }

    /// `GET /api/overview`
    pub fn overview(&self) -> String {
        self.kept.overview()
    }

    /// `GET /api/view`
    pub fn view(&self, q: &str) -> Result<String, JsError> {
        Ok(serde_json::to_string(&self.kept.view(&self.filter(q)?))?)
    }

    /// `GET /api/resets`
    pub fn page(
        &self,
        q: &str,
        order: &str,
        offset: usize,
        limit: usize,
        find: Option<String>,
    ) -> Result<String, JsError> {
        let order: Order = serde_json::from_value(order.into())?;
        let find = find.as_deref().and_then(identity);
        Ok(self.kept.page(&self.filter(q)?, order, Slice { offset, limit: limit.min(ROWS), find }))
    }

    /// `GET /api/resets/{id}`
    pub fn reset(&self, id: &str) -> Result<String, JsError> {
        match identity(id).and_then(|id| self.kept.line(id)) {
            Some(Ok(line)) => Ok(line),
            Some(Err(error)) => {
                let what = self.language.pick("cannot read this reset again: ", "无法再次读取这个重置：");
                Err(JsError::new(&format!("{what}{error}")))
            }
            None => Err(self.gone()),
        }
    }

    /// Where a reset is to be looked for again: its source and its connection, as JSON.
    pub fn connection(&self, id: &str) -> Result<String, JsError> {
        let found = identity(id).and_then(|id| self.kept.connection(id));
        let (connection, source) = found.ok_or_else(|| self.gone())?;
        Ok(serde_json::to_string(&Named::of(connection, source.place()))?)
    }

    /// `GET /api/resets/{id}/beside`
    pub fn beside(&self, id: &str) -> Result<String, JsError> {
        let line = self.reset(id)?;
        let yours: Report<'_> = serde_json::from_str(&line)?;
        let run = beside::wanted(&yours).find_map(|cause| self.lab_run(cause));
        Ok(serde_json::to_string(&run.map(|run| beside::beside(&yours, &run, self.language)))?)
    }

    /// `GET /api/causes/{id}`
    pub fn cause(&self, id: &str) -> Result<String, JsError> {
        let (english, chinese) = ("the catalogue has no page of this name", "目录里没有这个名字的页面");
        let cause = causes::ALL.iter().find(|cause| cause.id == id);
        let cause = cause.ok_or_else(|| JsError::new(self.language.pick(english, chinese)))?;
        Ok(catalogue::json(cause, self.reproducible(id), self.language))
    }
}

impl Page {
    fn filter(&self, q: &str) -> Result<Filter, JsError> {
        Filter::parse(q).map_err(|error| JsError::new(&error.words(self.language)))
    }

    fn gone(&self) -> JsError {
        JsError::new(self.language.pick("this reset is not here (any more)", "这里没有（或不再有）这个重置"))
    }

    fn of_lab(&self, cause: &str) -> Option<&Lab> {
        self.lab.iter().find(|one| one.cause == cause)
    }

    fn reproducible(&self, cause: &str) -> Reproducible {
        match self.of_lab(cause) {
            Some(Lab { not_played: Some(why), .. }) => Reproducible::No(lasting(why)),
            Some(Lab { has_programs: true, .. }) => Reproducible::AsPrograms,
            Some(_) => Reproducible::Yes,
            None => Reproducible::Unknown,
        }
    }

    fn lab_run(&self, cause: &str) -> Option<beside::LabRun> {
        let Run { scenario, story, capture, events } = self.of_lab(cause)?.run.as_ref()?;
        let capture = STANDARD.decode(capture).ok()?;
        let events = events.as_ref().map(String::as_bytes);
        let played = Played { scenario: lasting(scenario), story: lasting(story), capture: &capture, events };
        played.explained(cause, self.language)
    }
}

/// As long as the program's own words live there; there are no more of them than causes are looked at.
fn lasting(words: &str) -> &'static str {
    Box::leak(Box::from(words))
}
