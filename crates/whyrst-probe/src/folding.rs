//! A flood of equal resets, folded: the first of each second are reported, the rest are counted, and
//! the count is reported when the second is over. Nothing is lost from the counts.
//!
//! Folding happens before names and processes are looked up: that is what keeps a flood cheap.
//!
//! The facts behind it: docs/internals/probe.md#floods.

use std::collections::HashMap;

use whyrst_core::segment::Endpoint;
use whyrst_core::socket::SocketReset;
use whyrst_core::time::{Span, Timestamp};

use crate::aggregate::Aggregate;
use crate::event::{Event, Tracepoint};

/// So many of one kind are reported in a second.
const REPORTED: u64 = 5;
/// With more events than this in a second, ports no longer make a difference: a scan has many.
const MANY: u64 = 2_000;
const WINDOW: Span = Span::from_secs(1);
/// What the kernel side counted comes a second or two after the one that it reported.
const RECENT: Span = Span::from_secs(4);

/// Resets beyond those that were reported one by one.
#[derive(Clone, Debug)]
pub struct FoldedResets {
    /// The last one of the kind that was reported.
    pub like: SocketReset,
    /// How many more there were.
    pub count: u64,
    /// In how long.
    pub within: Span,
}

/// What makes resets equal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Key {
    sent: bool,
    reason: Option<u32>,
    state: u32,
    netns: u32,
    owner: u32,
    /// The end with the lower port: the service, mostly.
    service: Endpoint,
}

#[derive(Debug, Default)]
struct Fold {
    seen: u64,
    folded: u64,
    like: Option<SocketReset>,
}

/// Counts by kind within one second.
#[derive(Debug, Default)]
pub(crate) struct Folding {
    began: Timestamp,
    total: u64,
    folds: HashMap<Key, Fold>,
    /// What was reported in the last seconds.
    recent: HashMap<Key, (Timestamp, SocketReset)>,
}

impl Folding {
    /// The kind of `event`.
    pub(crate) fn key(&self, event: &Event) -> Key {
        let (local, remote) = (event.tuple.local, event.tuple.remote);
        let mut service = if local.port <= remote.port { local } else { remote };
        if self.total > MANY {
            service.port = 0;
        }
        let sent = event.tracepoint == Tracepoint::Sent;
        let owner = event.owner.pid;
        Key { sent, reason: event.reason, state: event.state, netns: event.tuple.netns, owner, service }
    }

    /// Counts an event of this kind, and says whether it is to be reported by itself.
    pub(crate) fn counts_alone(&mut self, key: &Key) -> bool {
        self.total += 1;
        let fold = self.folds.entry(key.clone()).or_default();
        fold.seen += 1;
        fold.folded += u64::from(fold.seen > REPORTED);
        fold.seen <= REPORTED
    }

    /// What the kernel side only counted.
    pub(crate) fn add(&mut self, aggregate: &Aggregate, count: u64) {
        let Aggregate { reason, state, netns, owner, service, .. } = *aggregate;
        let key = Key { sent: aggregate.tracepoint == Tracepoint::Sent, reason, state, netns, owner, service };
        let like = self.like(&key);
        let fold = self.folds.entry(key).or_default();
        fold.seen += count;
        fold.folded += count;
        fold.like = fold.like.take().or(like);
    }

    /// Something that was reported, as like as can be had.
    fn like(&self, key: &Key) -> Option<SocketReset> {
        let any_port = Key { service: Endpoint::new(key.service.ip, 0), ..key.clone() };
        let known = |key: &Key| self.recent.get(key).map(|(_, reset)| reset.clone());
        let similar = |other: &Key| {
            (other.sent, other.reason, other.state, other.netns) == (key.sent, key.reason, key.state, key.netns)
        };
        known(key).or_else(|| known(&any_port)).or_else(|| {
            let mut all = self.recent.iter().filter(|(other, _)| similar(other));
            all.next().map(|(_, (_, reset))| reset.clone())
        })
    }

    /// Remembers what the folded ones are like.
    pub(crate) fn remember(&mut self, key: Key, reset: &SocketReset) {
        self.recent.insert(key.clone(), (reset.event.time, reset.clone()));
        self.folds.entry(key).or_default().like = Some(reset.clone());
    }

    /// Whether events are being counted only.
    pub(crate) fn is_folding(&self) -> bool {
        self.folds.values().any(|fold| fold.folded > 0)
    }

    /// What was folded, when the second is over, and how many were like nothing that was reported: further
    /// RSTs of connections whose reset was reported.
    pub(crate) fn finish(&mut self, now: Timestamp) -> (Vec<FoldedResets>, u64) {
        let within = now.since(self.began);
        if within < WINDOW { (Vec::new(), 0) } else { self.flush(now) }
    }

    /// The same, before the second is over.
    pub(crate) fn flush(&mut self, now: Timestamp) -> (Vec<FoldedResets>, u64) {
        let within = now.since(self.began);
        self.began = now;
        self.total = 0;
        self.recent.retain(|_, (time, _)| now.since(*time) < RECENT);
        let folds = std::mem::take(&mut self.folds);
        let sent: Vec<Endpoint> =
            folds.iter().filter(|(key, fold)| key.sent && fold.folded > 0).map(|(key, _)| key.service).collect();
        // Both ends on one host: the sender's count is the one.
        let counts = |key: &Key| key.sent || !sent.contains(&key.service);
        let mut more = Vec::new();
        let mut later = 0;
        for (_, fold) in folds.into_iter().filter(|(key, fold)| fold.folded > 0 && counts(key)) {
            match fold.like {
                Some(like) => more.push(FoldedResets { like, count: fold.folded, within }),
                None => later += fold.folded,
            }
        }
        (more, later)
    }
}

#[cfg(test)]
impl Default for Key {
    fn default() -> Self {
        let service = Endpoint::new([0, 0, 0, 0].into(), 0);
        Self { sent: true, reason: None, state: 0, netns: 0, owner: 0, service }
    }
}
