//! What somebody else says of a connection: a line of a log, or what another system's kernel wrote down.
//!
//! A claim is the word of a party. The packets can agree with it or contradict it (`evidence/claims.rs`); it never makes
//! anything certain. What a message says happened to the socket stands in its symptom ([`crate::symptoms`]), so that a
//! program whose log is understood is one folder there and one reader of its lines.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

pub use whyrst_model::vocabulary::{Claimant, Standing, TiedBy};

use crate::flow::Side;
use crate::segment::Endpoint;
use crate::symptom::{Came, Symptom};
use crate::time::Timestamp;

/// How many claims stand in one report.
pub const MOST_CLAIMS: usize = 16;
/// How many characters of a line are kept.
pub const LONGEST_CLAIM: usize = 240;

/// What a line says, before it is known which connection it is about.
#[derive(Clone, PartialEq, Debug)]
pub struct Claim {
    /// The file, as a user named it.
    pub source: Arc<str>,
    /// The number of the line, from 1.
    pub line: u64,
    /// Who says it.
    pub by: Claimant,
    /// When.
    pub time: Option<Timestamp>,
    /// The line itself, at most [`LONGEST_CLAIM`] characters.
    pub text: Box<str>,
    /// The process that it names.
    pub process: Option<Box<str>>,
    /// Its number.
    pub pid: Option<u32>,
    /// The message that it holds.
    pub symptom: Option<&'static Symptom>,
    /// What the claimant's socket went through.
    pub came: Came,
    /// The id of the one reason of the catalogue that it names, where it names just one.
    pub cause: Option<&'static str>,
    /// On which of a proxy's two connections.
    pub leg: Leg,
    /// The ends that it names.
    pub about: About,
}

/// Which connection a line speaks of, as seen from the one that it is tied to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leg {
    /// That one.
    This,
    /// The one to a proxy's upstream, beside that of its client.
    Upstream,
}

/// What a line says of the ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct About {
    /// The claimant's own end.
    pub near: PartialEnd,
    /// The other one.
    pub far: PartialEnd,
    /// Which of the two had opened the connection, as far as the line says.
    pub role: ClaimantRole,
}

/// An end, as far as a line says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PartialEnd {
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Its port.
    pub port: Option<u16>,
}

/// What the claimant is in the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ClaimantRole {
    /// The end that opened it.
    Client,
    /// The end that it was opened to.
    Server,
    /// The line does not say.
    #[default]
    Either,
}

impl PartialEnd {
    /// Address and port.
    pub const fn whole(end: Endpoint) -> Self {
        Self { ip: Some(end.ip), port: Some(end.port) }
    }

    /// An address alone.
    pub const fn address(ip: IpAddr) -> Self {
        Self { ip: Some(ip), port: None }
    }

    /// Whether that end may be this one.
    pub fn fits(self, end: Endpoint) -> bool {
        self.ip.is_none_or(|ip| unmapped(ip) == unmapped(end.ip)) && self.port.is_none_or(|port| port == end.port)
    }

    /// Whether it is said in full.
    pub const fn is_whole(self) -> bool {
        self.ip.is_some() && self.port.is_some()
    }
}

/// `::ffff:10.0.0.1` is 10.0.0.1 (RFC 4291 section 2.5.5.2): a socket for both families logs it so.
pub fn unmapped(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

impl About {
    /// By what it would be tied to a connection.
    pub const fn tied_by(self) -> Option<TiedBy> {
        match (self.near.is_whole(), self.far.is_whole()) {
            (true, true) => Some(TiedBy::BothEnds),
            (true, false) | (false, true) => Some(TiedBy::OneEnd),
            (false, false) if self.near.ip.is_some() || self.far.ip.is_some() => Some(TiedBy::Address),
            (false, false) => None,
        }
    }
}

/// A claim that is about a connection.
#[derive(Clone, Debug)]
pub struct Tied {
    /// What is claimed.
    pub claim: Arc<Claim>,
    /// The end that the claimant is.
    pub side: Option<Side>,
    /// How that is known.
    pub by: TiedBy,
}

/// The claims about one connection, in the order of time.
pub type Claims = Vec<Tied>;
