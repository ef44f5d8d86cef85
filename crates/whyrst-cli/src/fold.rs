//! Equal resets between the same two ends: the first few are reported whole, the rest are counted.
//!
//! A client in a retry loop can fill a screen with one fault. Equal means: the same client host,
//! the same service, the same cause, as sure. What is folded is still in every total, and the
//! counts of all reports add up.
//!
//! Nobody reads ten million reports, and no browser shows them: for people, what comes when [`MANY`] are reported is
//! counted with the others of its service, whoever the client is, and where there are too many services, of its cause.

use std::collections::HashMap;
use std::net::IpAddr;

use whyrst_core::language::Language;
use whyrst_core::observation::Frame;
use whyrst_core::outcome::Outcome;
use whyrst_core::report::{Context, words};
use whyrst_core::segment::Endpoint;
use whyrst_core::time::Timestamp;
use whyrst_core::verdict::{Confidence, Judgement};

use crate::args::{Explain, Fold, ReportFormat};

/// Reported whole.
const SHOWN: u64 = 3;
/// Groups of each kind that are told apart.
const GROUPS: usize = 4_096;
/// Reported whole in all, for people.
const MANY: u64 = 20_000;

/// Whose resets are equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Ends {
    /// Those of one client host at one service.
    Pair(IpAddr, Endpoint),
    /// Those of any client at one service.
    Service(Endpoint),
    /// All.
    Any,
}

/// What resets must have in common to be equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Key {
    ends: Ends,
    cause: &'static str,
    confidence: Confidence,
}

/// What is kept of the first reset that is folded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kept {
    /// Where it is, which is all that a line of text says.
    Place,
    /// All of it, to be reported as others are.
    Whole,
}

/// Counts equal resets.
#[derive(Debug)]
pub(crate) struct Folds {
    folding: bool,
    kept: Kept,
    /// More are not reported one by one.
    most: u64,
    reported: u64,
    /// Those that are counted because there were so many.
    beyond: u64,
    groups: HashMap<Key, Group>,
    /// How many groups there are of pairs and of services.
    pairs: usize,
    services: usize,
}

/// Equal resets, and the first of those that are not reported whole.
#[derive(Debug, Default)]
struct Group {
    reported: u64,
    folded: u64,
    first: Option<First>,
}

#[derive(Debug)]
struct First {
    time: Timestamp,
    frame: Frame,
    outcome: Option<Box<Outcome>>,
}

/// Resets that stand for others like them.
pub(crate) struct Folded<'a> {
    first: &'a First,
    /// How many, the first included.
    pub(crate) count: u64,
    key: &'a Key,
}

impl Folds {
    /// Machines get every reset unless they ask; people do not.
    pub(crate) fn new(arguments: &Explain) -> Self {
        let for_people = arguments.format != ReportFormat::Json && !arguments.tui && arguments.parquet.is_none();
        let folding = match arguments.fold {
            Fold::Always => true,
            Fold::Never => false,
            // Whoever looks at a list wants all of it, and every reset has a row of its own.
            Fold::Auto => for_people,
        };
        let as_lines = matches!(arguments.format, ReportFormat::Text | ReportFormat::Markdown);
        let kept = if as_lines && arguments.parquet.is_none() { Kept::Place } else { Kept::Whole };
        let most = if for_people { MANY } else { u64::MAX };
        Self { folding, kept, most, reported: 0, beyond: 0, groups: HashMap::new(), pairs: 0, services: 0 }
    }

    /// Whether this one is only counted.
    pub(crate) fn takes(&mut self, outcome: &Outcome, judgement: &Judgement) -> bool {
        if !self.folding {
            return false;
        }
        let connection = outcome.finally();
        let (client, server) = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        let Some(ends) = self.ends(client.ip, server, judgement) else {
            self.reported += 1;
            return false;
        };
        let too_many = self.reported >= self.most;
        let group = self.groups.entry(key(ends, judgement)).or_default();
        if group.reported < SHOWN && !too_many {
            group.reported += 1;
            self.reported += 1;
            return false;
        }
        self.beyond += u64::from(group.reported < SHOWN);
        group.folded += 1;
        if group.first.is_none() {
            group.first = Some(First::of(outcome, self.kept));
        }
        true
    }

    /// With whom it is counted; `None`: it is reported, since no group has room for it.
    fn ends(&mut self, client: IpAddr, server: Endpoint, judgement: &Judgement) -> Option<Ends> {
        let (pair, service) = (Ends::Pair(client, server), Ends::Service(server));
        let known = |ends| self.groups.contains_key(&key(ends, judgement));
        if known(pair) {
            return Some(pair);
        }
        if self.reported < self.most {
            let room = self.pairs < GROUPS;
            self.pairs += usize::from(room);
            return room.then_some(pair);
        }
        if known(service) {
            return Some(service);
        }
        let room = self.services < GROUPS;
        self.services += usize::from(room);
        Some(if room { service } else { Ends::Any })
    }

    /// What was folded, in the order of the first of each.
    pub(crate) fn folded(&self) -> Vec<Folded<'_>> {
        let mut all: Vec<_> = self.groups.iter().filter_map(|(key, group)| group.stands_for(key)).collect();
        all.sort_by_key(|folded| (folded.first.time, folded.first.frame));
        all
    }

    /// What has to be said of those that were too many.
    pub(crate) fn note(&self) -> Option<String> {
        (self.beyond > 0).then(|| {
            format!(
                "{} resets are reported one by one; {} more were too many and are counted by service, or by cause \
                 (--fold never reports each)",
                self.reported, self.beyond
            )
        })
    }
}

fn key(ends: Ends, judgement: &Judgement) -> Key {
    let cause = judgement.cause.map_or("unexplained", |cause| cause.id);
    Key { ends, cause, confidence: judgement.confidence }
}

impl First {
    fn of(outcome: &Outcome, kept: Kept) -> Self {
        let frame = outcome.rst().map_or(outcome.finally().first_frame, |rst| rst.record.frame);
        let outcome_kept = (kept == Kept::Whole).then(|| Box::new(outcome.clone()));
        Self { time: outcome.time(), frame, outcome: outcome_kept }
    }
}

impl Group {
    fn stands_for<'a>(&'a self, key: &'a Key) -> Option<Folded<'a>> {
        let first = self.first.as_ref()?;
        Some(Folded { first, count: self.folded, key })
    }
}

impl Folded<'_> {
    /// The first of them, where it is kept.
    pub(crate) fn outcome(&self) -> Option<&Outcome> {
        self.first.outcome.as_deref()
    }

    /// One line for a person.
    pub(crate) fn line(&self, context: &Context) -> String {
        let Key { ends, cause, confidence } = self.key;
        let (count, frame) = (self.count, context.frame(self.first.frame));
        let like = match context.language {
            Language::English => format!("{count} more like this from frame {frame} on:"),
            Language::Chinese => format!("从帧 {frame} 起还有 {count} 个同样的："),
        };
        let ends = match (ends, context.language) {
            (Ends::Pair(client, server), _) => format!("{client} > {server}"),
            (Ends::Service(server), Language::English) => format!("any client > {server}"),
            (Ends::Service(server), Language::Chinese) => format!("任意客户端 > {server}"),
            (Ends::Any, language) => language.pick("any client > any server", "任意客户端 > 任意服务端").to_owned(),
        };
        let sure = words::confidence(*confidence, context.language);
        format!("{like}\n  {ends}  {cause} [{sure}]\n")
    }
}
