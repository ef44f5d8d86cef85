//! What is to be told, and how.

use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use whyrst_capture::Filter;
use whyrst_capture::recording::{self, RecordingError};
use whyrst_core::language::Language;
use whyrst_core::recording::Recording;

use crate::error::ReadError;

/// Bytes for connections when nothing else is said.
const MEMORY: u64 = 512 << 20;

/// Which outcomes are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Told {
    /// Connections that were reset.
    #[default]
    Resets,
    /// These and connects that failed without any RST (`explain --all`).
    FailedConnectsToo,
}

/// What a record holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Detail {
    /// What `whyrst explain --format json` prints.
    #[default]
    Record,
    /// Also what a page shows: the rungs of the ladder, the sentences of the text report.
    Page,
}

/// What is to be told, and how. Without a word it is what `whyrst explain --format json` does.
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) told: Told,
    pub(crate) detail: Detail,
    pub(crate) language: Language,
    pub(crate) memory: u64,
    pub(crate) called: Option<String>,
    pub(crate) events: Option<Recording>,
    pub(crate) filter: Option<Filter>,
    seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            told: Told::default(),
            detail: Detail::default(),
            language: Language::English,
            memory: MEMORY,
            called: None,
            events: None,
            filter: None,
            seed: None,
        }
    }
}

impl Options {
    /// Tells `told`.
    #[must_use]
    pub fn told(mut self, told: Told) -> Self {
        self.told = told;
        self
    }

    /// With so much in each record.
    #[must_use]
    pub fn detail(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }

    /// Texts in `language`; ids and names are the same in all.
    #[must_use]
    pub fn language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// Bytes for connections, 512 MiB when not said. Beyond it the quietest are forgotten, and that is
    /// [said](crate::Explained::notes).
    #[must_use]
    pub fn memory(mut self, octets: u64) -> Self {
        self.memory = octets;
        self
    }

    /// The `source` of each record, whatever the file is called.
    #[must_use]
    pub fn called(mut self, name: impl Into<String>) -> Self {
        self.called = Some(name.into());
        self
    }

    /// Explains only the connections that `filter` matches (`explain --filter`); what passes beside them is read for what it
    /// says of these. Where the filter has a word about single packets (`src`, `dst`, `less`, `greater`, `icmp`), only the
    /// segments that it matches are looked at.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Keys all hashes, for who has random numbers where the standard library has none, as in WebAssembly: addresses
    /// and ports are chosen by strangers, who must not know the key.
    #[must_use]
    pub fn hash_seed(mut self, random: u64) -> Self {
        self.seed = Some(random);
        self
    }

    /// Joins the kernel's events of the RSTs' sender with the packets (`explain --events`).
    pub fn events(mut self, path: impl AsRef<Path>) -> Result<Self, ReadError> {
        let path = path.as_ref();
        let read = recording::open(path).map_err(|error| unread(path.display().to_string(), &error))?;
        self.events = Some(read.recording);
        Ok(self)
    }

    /// The same of events in memory; errors call them `name`.
    pub fn events_bytes(mut self, events: &[u8], name: &str) -> Result<Self, ReadError> {
        let read = recording::read(events, name).map_err(|error| unread(name.to_owned(), &error))?;
        self.events = Some(read.recording);
        Ok(self)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| RandomState::new().hash_one(0))
    }
}

fn unread(file: String, error: &RecordingError) -> ReadError {
    ReadError { file, frame: None, reason: error.to_string() }
}
