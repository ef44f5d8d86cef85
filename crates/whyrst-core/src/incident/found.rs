//! What the finders find: several outcomes with one explanation.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;

pub use whyrst_model::vocabulary::IncidentKind;

use crate::cause::Severity;
use crate::observation::Frame;
use crate::segment::Endpoint;
use crate::service::Moment;
use crate::time::{Span, Timestamp};

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
pub struct NameId(pub(super) u32);

/// Whether the numbers of an incident are all that there were.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counted {
    /// They are.
    All,
    /// There were more outcomes than are compared: some of those may belong to it.
    AtLeast,
}

/// Several outcomes with one explanation.
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
    /// What the numbers that follow are.
    pub counted: Counted,
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
    /// The service went on right after it, for others.
    pub went_on: bool,
    /// Some were refused as unknown that their sender had never closed: a process that ends closes its connections.
    pub forgot: bool,
}
