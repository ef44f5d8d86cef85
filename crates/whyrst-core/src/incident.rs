//! What several endings have in common: a service that died, a host that forgot its connections,
//! a scan. One such sentence explains a hundred resets, and says which of them are only noise.
//!
//! An incident states what was seen of several connections together and never more: that a process
//! ended or that a rule was put in place is its likeliest reading, and is worded as one. The facts
//! that it is drawn from are in [`Told`]; each ending belongs to at most one incident.

mod host;
mod idle;
mod name;
mod noise;
mod path;
mod repeated;
mod service;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::cause::Severity;
use crate::ending::{Ending, EndingKind};
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::form::{RST_ANSWERS_SYN, RST_ANSWERS_SYN_ACK};
use crate::flow::Side;
use crate::observation::Frame;
use crate::segment::Endpoint;
use crate::service::Moment;
use crate::time::{Span, Timestamp};
use crate::verdict::{Judgement, Kind, Origin, Phase};

pub use whyrst_model::vocabulary::IncidentKind;

/// Endings looked at together; a longer run is counted beyond it ([`Incidents::beyond`]).
const REMEMBERED: usize = 200_000;
/// Frames kept of one incident.
const LISTED: usize = 8;
/// Different names told apart; what asks for others is compared by everything else.
const NAMES: usize = 65_536;

/// Whom an incident is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Subject {
    /// A host.
    Host(IpAddr),
    /// A service.
    Service(Endpoint),
    /// What one host does with one service.
    Between(IpAddr, Endpoint),
    /// The path between several hosts.
    Path,
    /// Whoever is called so.
    Name(NameId),
}

/// A name that clients asked for; [`Incident::name`] says which.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct NameId(u32);

/// Several endings with one explanation.
#[derive(Clone, Debug)]
pub struct Incident {
    /// What they have in common.
    pub kind: IncidentKind,
    /// Whom it is about.
    pub subject: Subject,
    /// The name that all clients asked for, where that is what they have in common.
    pub name: Option<Box<str>>,
    /// The first RST.
    pub first: Timestamp,
    /// The last one.
    pub last: Timestamp,
    /// The last time that the service had accepted before.
    pub accepted: Option<Moment>,
    /// When the service accepted again.
    pub back: Option<Moment>,
    /// Endings, refused connects among them.
    pub connections: u64,
    /// Refused connects.
    pub refused: u64,
    /// Different clients.
    pub clients: u64,
    /// Different services.
    pub services: u64,
    /// Different addresses of the services.
    pub hosts: u64,
    /// The silence before the reset, or the interval between two of them, where it is always the same.
    pub rhythm: Option<Span>,
    /// How often which cause was the verdict, commonest first.
    pub causes: Vec<(&'static str, u64)>,
    /// Frames of the first RSTs, up to a bound.
    pub frames: Vec<Frame>,
    /// How much it matters.
    pub severity: Severity,
}

/// One ending, as far as others can be compared with it.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    time: Timestamp,
    frame: Frame,
    client: Endpoint,
    server: Endpoint,
    /// The end that the RST claims to come from.
    by_client: bool,
    cause: &'static str,
    severity: Severity,
    kind: Kind,
    origin: Origin,
    phase: Phase,
    /// Silence before the RST, or before the segment that it answers.
    idle: Span,
    /// Payload octets of both sides.
    octets: u64,
    /// Payload octets of the server.
    server_octets: u64,
    /// The name that the client asked for.
    name: Option<NameId>,
    refusal: bool,
    /// Answers a segment of a connection that its sender had not closed.
    forgot: bool,
    accepted: Option<Moment>,
    back: Option<Moment>,
}

impl Told {
    fn new(ending: &Ending, judgement: &Judgement, name: Option<NameId>) -> Self {
        let connection = &ending.finally;
        let (client, server) = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        let passive = judgement.kind == Kind::Passive;
        let refusal = (RST_ANSWERS_SYN.ask)(ending).is_yes();
        let open = matches!(judgement.phase, Phase::Established | Phase::Midstream);
        let answers_opening = refusal || (RST_ANSWERS_SYN_ACK.ask)(ending).is_yes();
        let (service, later) = (ending.service, ending.service_later);
        Self {
            time: ending.time(),
            frame: ending.rst().map_or(connection.first_frame, |rst| rst.record.frame),
            client,
            server,
            by_client: ending.sender() == connection.client,
            cause: judgement.cause.map_or("unexplained", |cause| cause.id),
            severity: judgement.severity,
            kind: judgement.kind,
            origin: judgement.origin,
            phase: judgement.phase,
            idle: silence(ending),
            octets: Side::BOTH.iter().map(|side| connection.half(*side).bytes).sum(),
            server_octets: connection.half(connection.server()).bytes,
            name,
            refusal,
            forgot: passive && open && !answers_opening && !(SENDER_HAD_CLOSED.ask)(ending).is_yes(),
            accepted: service.accepted,
            back: later.recovered.filter(|moment| moment.time > ending.time()),
        }
    }

    /// The host that the RST claims to come from.
    const fn sender(&self) -> Endpoint {
        if self.by_client { self.client } else { self.server }
    }
}

/// How long nothing was sent before the RST, or before the segment that it answers.
fn silence(ending: &Ending) -> Span {
    let Some(trigger) = ending.rst().and_then(|rst| rst.trigger) else { return ending.idle() };
    let before = ending.latest(|record| record.frame < trigger.frame);
    before.map_or(Span::ZERO, |record| trigger.time.since(record.time))
}

/// Collects endings and says at the end what they have in common.
#[derive(Debug, Default)]
pub struct Incidents {
    told: Vec<Told>,
    beyond: u64,
    /// Names by what they are called, each with its number.
    names: BTreeMap<Box<str>, NameId>,
}

impl Incidents {
    /// Takes in one ending. Failed connects without a RST belong to no incident.
    pub fn add(&mut self, ending: &Ending, judgement: &Judgement) {
        if ending.kind != EndingKind::Reset {
        } else if self.told.len() < REMEMBERED {
            let name = self.name_of(ending);
            self.told.push(Told::new(ending, judgement, name));
        } else {
            self.beyond += 1;
        }
    }

    /// A name that is new gets the next number, up to a bound.
    fn name_of(&mut self, ending: &Ending) -> Option<NameId> {
        let asked = ending.asked.as_ref()?;
        if let Some(known) = self.names.get(&asked.name) {
            return Some(*known);
        }
        let next = u32::try_from(self.names.len()).ok().map(NameId).filter(|_| self.names.len() < NAMES)?;
        self.names.insert(asked.name.clone(), next);
        Some(next)
    }

    /// Endings that came after so many others that they were not compared.
    pub const fn beyond(&self) -> u64 {
        self.beyond
    }

    /// What the endings so far have in common: faults before noise, then by time.
    pub fn found(&self) -> Vec<Incident> {
        let mut pool = Pool::new(&self.told);
        let mut found = Vec::new();
        for find in FINDERS {
            find(&mut pool, &mut found);
        }
        let called: BTreeMap<NameId, &Box<str>> = self.names.iter().map(|(name, id)| (*id, name)).collect();
        for incident in &mut found {
            if let Subject::Name(id) = incident.subject {
                incident.name = called.get(&id).copied().cloned();
            }
        }
        found.sort_by_key(|incident| (noise(incident.severity), incident.first, incident.kind, incident.subject));
        found
    }
}

type Finder = fn(&mut Pool<'_>, &mut Vec<Incident>);

/// What claims most firmly comes first: an ending that has found its incident is not asked again.
const FINDERS: [Finder; 10] = [
    noise::scans,
    noise::health_checks,
    service::outages,
    name::same,
    path::resets,
    host::forgotten,
    host::aborted_together,
    idle::timeouts,
    service::absent,
    repeated::repeated,
];

/// What needs nobody's attention comes last.
const fn noise(severity: Severity) -> bool {
    matches!(severity, Severity::Benign | Severity::Scan)
}

/// The endings that belong to no incident yet.
struct Pool<'a> {
    told: &'a [Told],
    taken: Vec<bool>,
}

impl<'a> Pool<'a> {
    fn new(told: &'a [Told]) -> Self {
        Self { told, taken: alloc::vec![false; told.len()] }
    }

    /// Free endings by a common key, each group in the order of time.
    fn groups<K: Ord>(&self, key: impl Fn(&Told) -> Option<K>) -> BTreeMap<K, Vec<usize>> {
        let mut groups: BTreeMap<K, Vec<usize>> = BTreeMap::new();
        for (at, told) in self.told.iter().enumerate() {
            if let Some(key) = key(told).filter(|_| !self.taken[at]) {
                groups.entry(key).or_default().push(at);
            }
        }
        for members in groups.values_mut() {
            members.sort_by_key(|at| self.told[*at].time);
        }
        groups
    }

    /// Makes an incident of `members`, which must not be empty, and takes them out of the pool.
    fn take(&mut self, kind: IncidentKind, subject: Subject, members: &[usize]) -> Incident {
        let told = || members.iter().map(|at| &self.told[*at]);
        let incident = Incident {
            kind,
            subject,
            name: None,
            first: told().map(|one| one.time).min().unwrap_or_default(),
            last: told().map(|one| one.time).max().unwrap_or_default(),
            accepted: None,
            back: None,
            connections: members.len() as u64,
            refused: told().filter(|one| one.refusal).count() as u64,
            clients: distinct(told().map(|one| one.client.ip)),
            services: distinct(told().map(|one| one.server)),
            hosts: distinct(told().map(|one| one.server.ip)),
            rhythm: None,
            causes: counted(told().map(|one| one.cause)),
            frames: told().map(|one| one.frame).take(LISTED).collect(),
            severity: told().map(|one| one.severity).min().unwrap_or(Severity::Fault),
        };
        for at in members {
            self.taken[*at] = true;
        }
        incident
    }
}

fn distinct<T: Ord>(all: impl Iterator<Item = T>) -> u64 {
    all.collect::<BTreeSet<T>>().len() as u64
}

fn counted(all: impl Iterator<Item = &'static str>) -> Vec<(&'static str, u64)> {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for one in all {
        *counts.entry(one).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(cause, count)| (core::cmp::Reverse(*count), *cause));
    counts
}

/// The common length of several spans: their median, when none is further than a twentieth (or
/// `slack`) from it.
fn common_length(mut spans: Vec<Span>, slack: Span) -> Option<Span> {
    spans.sort();
    let median = *spans.get(spans.len() / 2)?;
    let slack = slack.nanos().max(median.nanos() / 20);
    let near = |span: &Span| span.nanos().saturating_sub(median.nanos()).saturating_abs() <= slack;
    (median > Span::ZERO && spans.iter().all(near)).then_some(median)
}

/// The times from each member to the next.
fn intervals(told: &[Told], members: &[usize]) -> Vec<Span> {
    members.windows(2).map(|pair| told[pair[1]].time.since(told[pair[0]].time)).collect()
}

/// Runs of members that follow each other within `gap`.
fn runs<'m>(told: &[Told], members: &'m [usize], gap: Span) -> Vec<&'m [usize]> {
    members.chunk_by(|one, next| told[*next].time.since(told[*one].time) <= gap).collect()
}
