//! What a capture's report needs beside its frames: counts, notes and interfaces.

use crate::counts::Counts;
use crate::link::LinkType;
use crate::note::Notes;

/// What is kept of an interface for the report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InterfaceInfo {
    /// Name by the file; the description where there is no name; empty where there is neither.
    pub name: String,
    /// Its link layer.
    pub link: LinkType,
}

/// What was counted and noted while reading.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) counts: Counts,
    pub(crate) notes: Notes,
    pub(crate) interfaces: Vec<InterfaceInfo>,
}
