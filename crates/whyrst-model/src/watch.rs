//! What `whyrst watch` saw in all, written when it ends: `whyrst.watch/1`.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::summary::CauseCount;

vocabulary! {
    /// The word in `schema`.
    WatchSchema {
        /// The only version so far.
        V1 = "whyrst.watch/1",
    }
}

/// What was seen in all.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct WatchReport<'a> {
    /// `whyrst.watch/1`.
    pub schema: WatchSchema,
    /// Resets that were shown.
    pub shown: u64,
    /// Resets that did not fit the filters.
    pub passed_over: u64,
    /// Events that the kernel side left out by port and address.
    pub passed_over_events: u64,
    /// How many of which cause, the commonest first.
    pub causes: Vec<CauseCount<'a>>,
    /// RSTs that this host sent.
    pub sent: u64,
    /// RSTs that this host received.
    pub received: u64,
    /// RSTs that answered late segments of connections already reported.
    pub further_rsts: u64,
    /// Events that were not reported because the ring buffer was full; they are in the counts.
    pub lost: u64,
    /// Resets that were only counted: unlike those that were reported, and too many at once.
    #[serde(default)]
    pub only_counted: u64,
    /// The network namespaces in which RSTs were sent.
    pub namespaces: Vec<NamespaceReport>,
}

/// The RSTs sent in one network namespace.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NamespaceReport {
    /// Its inode, as `lsns -t net` shows it.
    pub netns: u32,
    /// How many were seen.
    pub seen: u64,
    /// How many its kernel counted (`TcpOutRsts`).
    pub counted: u64,
}
