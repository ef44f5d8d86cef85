//! Equal resets between the same two ends: the first few are reported whole, the rest are counted.
//!
//! A client in a retry loop can fill a screen with one fault. Equal means: the same client host,
//! the same service, the same cause, as sure. What is folded is still in every total, and the
//! counts of all reports add up.

use std::collections::HashMap;
use std::net::IpAddr;

use whyrst_core::language::Language;
use whyrst_core::outcome::Outcome;
use whyrst_core::report::{Context, words};
use whyrst_core::segment::Endpoint;
use whyrst_core::verdict::{Confidence, Judgement};

use crate::args::{Explain, Fold, ReportFormat};

/// Reported whole.
const SHOWN: u64 = 3;
/// Groups told apart; what comes beyond is reported whole.
const GROUPS: usize = 4_096;

type Key = (IpAddr, Endpoint, &'static str, Confidence);

/// Counts equal resets.
#[derive(Debug)]
pub(crate) struct Folds {
    folding: bool,
    groups: HashMap<Key, Group>,
}

/// Equal resets, and the first of those that are not reported whole.
#[derive(Debug, Default)]
struct Group {
    seen: u64,
    folded: Option<Box<Outcome>>,
}

/// Resets that stand for others like them.
pub(crate) struct Folded<'a> {
    /// The first one that was not reported.
    pub(crate) first: &'a Outcome,
    /// How many, the first included.
    pub(crate) count: u64,
    key: &'a Key,
}

impl Folds {
    /// Machines get every reset unless they ask; people do not.
    pub(crate) fn new(arguments: &Explain) -> Self {
        let folding = match arguments.fold {
            Fold::Always => true,
            Fold::Never => false,
            // Whoever looks at a list wants all of it, and every reset has a row of its own.
            Fold::Auto => arguments.format != ReportFormat::Json && !arguments.tui && arguments.parquet.is_none(),
        };
        Self { folding, groups: HashMap::new() }
    }

    /// Whether this one is only counted.
    pub(crate) fn takes(&mut self, outcome: &Outcome, judgement: &Judgement) -> bool {
        let connection = outcome.finally();
        let (client, server) = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        let key = (client.ip, server, judgement.cause.map_or("unexplained", |cause| cause.id), judgement.confidence);
        if !self.folding || (self.groups.len() >= GROUPS && !self.groups.contains_key(&key)) {
            return false;
        }
        let group = self.groups.entry(key).or_default();
        group.seen += 1;
        if group.seen > SHOWN && group.folded.is_none() {
            group.folded = Some(Box::new(outcome.clone()));
        }
        group.seen > SHOWN
    }

    /// What was folded, in the order of the first of each.
    pub(crate) fn folded(&self) -> Vec<Folded<'_>> {
        let mut all: Vec<_> = self.groups.iter().filter_map(|(key, group)| group.stands_for(key)).collect();
        all.sort_by_key(|folded| (folded.first.time(), folded.first.finally().first_frame));
        all
    }
}

impl Group {
    fn stands_for<'a>(&'a self, key: &'a Key) -> Option<Folded<'a>> {
        let first = self.folded.as_deref()?;
        Some(Folded { first, count: self.seen - SHOWN, key })
    }
}

impl Folded<'_> {
    /// One line for a person.
    pub(crate) fn line(&self, context: &Context) -> String {
        let (client, server, cause, confidence) = self.key;
        let frame = self.first.rst().map_or(self.first.finally().first_frame, |rst| rst.record.frame);
        let (count, frame) = (self.count, context.frame(frame));
        let like = match context.language {
            Language::English => format!("{count} more like this from frame {frame} on:"),
            Language::Chinese => format!("从帧 {frame} 起还有 {count} 个同样的："),
        };
        let sure = words::confidence(*confidence, context.language);
        format!("{like}\n  {client} > {server}  {cause} [{sure}]\n")
    }
}
