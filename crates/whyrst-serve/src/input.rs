//! What a reader is given, and how it is read once more when somebody asks for all packets of a connection.

use std::fs::File;
use std::io;
use std::path::PathBuf;

/// What is to be read.
#[derive(Debug)]
pub(crate) enum Input {
    /// Files that a person has named; `-` is this program's own standard input.
    Named(Vec<PathBuf>),
    /// A capture that was dropped onto the page: a file without a name, and what it was called.
    Dropped(File, String),
}

/// Dropped captures that can be read again: they lie in files without a name.
pub(crate) const DROPPED_KEPT: usize = 4;

/// How a source can be read once more.
#[derive(Debug, Default)]
pub(crate) enum Again {
    /// Not at all: it has no packets, or they are gone.
    #[default]
    Never,
    /// Files that a person has named.
    Named(Vec<PathBuf>),
    /// What was dropped onto the page.
    Dropped(File, String),
}

impl Again {
    pub(crate) fn of(input: &Input) -> io::Result<Self> {
        Ok(match input {
            // Standard input is gone.
            Input::Named(files) if files.iter().any(|file| file.as_os_str() == "-") => Self::Never,
            Input::Named(files) => Self::Named(files.clone()),
            Input::Dropped(file, name) => Self::Dropped(file.try_clone()?, name.clone()),
        })
    }

    pub(crate) fn input(&self) -> io::Result<Option<Input>> {
        Ok(match self {
            Self::Never => None,
            Self::Named(files) => Some(Input::Named(files.clone())),
            Self::Dropped(file, name) => Some(Input::Dropped(file.try_clone()?, name.clone())),
        })
    }
}
