//! What a term of a filter can be about, and the words that it then can have.

use alloc::vec::Vec;

use crate::causes;
use whyrst_model::vocabulary::{Confidence, End, Family, Origin, Phase, ResetKind, Severity};

/// What a term is about: `cause` in `cause:close-unread`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[expect(missing_docs, reason = "each is the field of that name in a record, or a word of pcap-filter(7)")]
pub enum Key {
    Family,
    Cause,
    Mechanism,
    Reason,
    Service,
    Peer,
    Process,
    Name,
    Severity,
    Confidence,
    Source,
    Origin,
    Ending,
    By,
    Phase,
    Kind,
    Host,
    Port,
    Time,
}

/// What a record can be.
const ENDINGS: [&str; 2] = ["reset", "failed-connect"];

impl Key {
    /// All of them, in the order in which help lists them.
    pub const ALL: [Self; 19] = [
        Self::Family,
        Self::Cause,
        Self::Mechanism,
        Self::Reason,
        Self::Service,
        Self::Peer,
        Self::Process,
        Self::Name,
        Self::Severity,
        Self::Confidence,
        Self::Source,
        Self::Origin,
        Self::Ending,
        Self::By,
        Self::Phase,
        Self::Kind,
        Self::Host,
        Self::Port,
        Self::Time,
    ];

    /// The word before the colon.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Family => "family",
            Self::Cause => "cause",
            Self::Mechanism => "mechanism",
            Self::Reason => "reason",
            Self::Service => "service",
            Self::Peer => "peer",
            Self::Process => "process",
            Self::Name => "name",
            Self::Severity => "severity",
            Self::Confidence => "confidence",
            Self::Source => "source",
            Self::Origin => "origin",
            Self::Ending => "ending",
            Self::By => "by",
            Self::Phase => "phase",
            Self::Kind => "kind",
            Self::Host => "host",
            Self::Port => "port",
            Self::Time => "time",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// All words that it can have, where they are a closed list.
    pub(super) fn words(self) -> Option<Vec<&'static str>> {
        Some(match self {
            Self::Cause => causes::ALL.iter().map(|cause| cause.id).chain(["unexplained"]).collect(),
            Self::Mechanism => causes::mechanisms().map(|cause| cause.id).collect(),
            Self::Reason => causes::reasons().map(|cause| cause.id).collect(),
            Self::Family => Family::ALL.map(Family::name).to_vec(),
            Self::Severity => Severity::ALL.map(Severity::name).to_vec(),
            Self::Confidence => Confidence::ALL.map(Confidence::name).to_vec(),
            Self::Origin => Origin::ALL.map(Origin::name).to_vec(),
            Self::By => End::ALL.map(End::name).to_vec(),
            Self::Phase => Phase::ALL.map(Phase::name).to_vec(),
            Self::Kind => ResetKind::ALL.map(ResetKind::name).to_vec(),
            Self::Ending => ENDINGS.to_vec(),
            _ => return None,
        })
    }
}
