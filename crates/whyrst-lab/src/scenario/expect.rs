//! What must be seen when a story is over: at each end, in each view, the first answer of each step of the verdict.
//!
//! The ordinary case is written as the cause that is true ([`Verdicts`]), and [`First::of_truth`] makes the answer of
//! it. Where the first answer is another one, the scenario says which, and why that is right ([`But`]).

use std::fmt;

use whyrst_core::cause::{Cause, Family};
use whyrst_core::causes;
use whyrst_core::kernel::RstReason;
use whyrst_core::outcome::OutcomeKind;
use whyrst_core::verdict::Judgement;

use super::Host;

/// What must be seen when the story is over.
#[derive(Clone, Copy, Debug)]
pub struct Expect {
    /// What the client's capture must lead to.
    pub client: Verdicts,
    /// What the server's capture must lead to.
    pub server: Verdicts,
    /// The resets that the kernels must report: whose kernel, and which reason. In order; one
    /// entry stands for any number of equal ones in a row.
    pub kernel: &'static [(Host, RstReason)],
    /// Where the first answers are others than those that the truth has of itself. The first that concerns an end
    /// and a view counts.
    pub but: &'static [But],
}

impl Expect {
    /// Each end's capture leads to this, and these are the kernel's words.
    pub const fn ends(client: Verdicts, server: Verdicts, kernel: &'static [(Host, RstReason)]) -> Self {
        Self { client, server, kernel, but: &[] }
    }

    /// Both captures lead to `causes`, and these are the kernel's words.
    pub const fn both(causes: &'static [&'static str], kernel: &'static [(Host, RstReason)]) -> Self {
        Self::ends(Verdicts::Resets(causes), Verdicts::Resets(causes), kernel)
    }

    /// Both captures show a connect that failed without any RST, of `cause`.
    pub const fn failed_connect(cause: &'static str) -> Self {
        Self::ends(Verdicts::FailedConnect(cause), Verdicts::FailedConnect(cause), &[])
    }

    /// The same with these first answers.
    #[must_use]
    pub const fn but(self, but: &'static [But]) -> Self {
        Self { but, ..self }
    }

    /// No reset anywhere.
    pub const QUIET: Self = Self::ends(Verdicts::NoReset, Verdicts::NoReset, &[]);

    /// What the capture of that end must lead to.
    pub const fn verdicts(&self, end: Host) -> Verdicts {
        match end {
            Host::Client => self.client,
            _ => self.server,
        }
    }

    /// The exception that concerns this end in this view.
    pub fn exception(&self, end: Host, view: View) -> Option<&But> {
        self.but.iter().find(|but| but.concerns(end, view))
    }

    /// The exception that concerns what the sender's sockets lead to.
    pub fn exception_of_sockets(&self) -> Option<&But> {
        self.exception(Host::Client, View::Sockets)
    }

    /// The first answers that must come of that end in that view, in order; equal ones in a row are one.
    pub fn firsts(&self, end: Host, view: View) -> Vec<First> {
        let truths = || self.verdicts(end).firsts();
        let mut firsts = self.exception(end, view).map_or_else(truths, |but| but.firsts.to_vec());
        firsts.dedup();
        firsts
    }
}

/// What one capture must lead to: the causes that are true.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdicts {
    /// Reset connections with these causes, in the order of their first RST. One entry stands for
    /// any number of connections in a row with the same cause.
    Resets(&'static [&'static str]),
    /// No connection was reset.
    NoReset,
    /// A connection that failed without any RST, of this cause.
    FailedConnect(&'static str),
}

impl Verdicts {
    /// The causes, in order.
    pub const fn causes(&self) -> &[&'static str] {
        match self {
            Self::Resets(causes) => causes,
            Self::NoReset => &[],
            Self::FailedConnect(cause) => std::slice::from_ref(cause),
        }
    }

    /// The answers that the causes have of themselves.
    pub fn firsts(&self) -> Vec<First> {
        self.causes().iter().map(|id| First::of_truth(id, self.kind())).collect()
    }

    /// With a RST or without.
    pub const fn kind(&self) -> OutcomeKind {
        match self {
            Self::Resets(_) | Self::NoReset => OutcomeKind::Reset,
            Self::FailedConnect(_) => OutcomeKind::FailedConnect,
        }
    }
}

/// What a verdict is made from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum View {
    /// The capture of one end, and nothing else.
    Packets,
    /// The same with what the kernels said.
    Kernel,
    /// What the probe told of the sockets, and no packet.
    Sockets,
}

impl View {
    /// Those of a capture.
    pub const OF_CAPTURES: [Self; 2] = [Self::Packets, Self::Kernel];

    /// `packets`, `kernel` or `sockets`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packets => "packets",
            Self::Kernel => "kernel",
            Self::Sockets => "sockets",
        }
    }
}

/// The first answer of each step of a verdict.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct First {
    /// The shape; `None` for a connect that failed without a RST.
    pub family: Option<Family>,
    /// The mechanism; `None` when nothing fits.
    pub mechanism: Option<&'static str>,
    /// The first reason.
    pub reason: Option<&'static str>,
}

impl First {
    /// This mechanism, and no reason.
    pub const fn of(family: Family, mechanism: &'static str) -> Self {
        Self { family: Some(family), mechanism: Some(mechanism), reason: None }
    }

    /// The shape, and nothing that fits it.
    pub const fn unexplained(family: Family) -> Self {
        Self { family: Some(family), mechanism: None, reason: None }
    }

    /// A connect that failed without a RST.
    pub const fn failed_connect(mechanism: &'static str) -> Self {
        Self { family: None, mechanism: Some(mechanism), reason: None }
    }

    /// With this reason.
    #[must_use]
    pub const fn for_reason(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// Where the cause of this id is true and nothing else is said: a mechanism with the first of its shapes and no
    /// reason; a reason with the first of the mechanisms that it explains.
    pub fn of_truth(id: &'static str, kind: OutcomeKind) -> Self {
        let cause = causes::find(id);
        let reason = cause.filter(|cause| cause.is_reason()).map(|cause| cause.id);
        let explained = cause.and_then(|cause| cause.explains().first().copied());
        let mechanism = if reason.is_some() { explained } else { Some(id) };
        let shows = mechanism.and_then(causes::find).and_then(|cause| cause.shows().first().copied());
        Self { family: shows.filter(|_| kind == OutcomeKind::Reset), mechanism, reason }
    }

    /// Of a verdict.
    pub fn of_judgement(judgement: &Judgement) -> Self {
        Self {
            family: judgement.shape.map(|shape| shape.family),
            mechanism: judgement.mechanism.as_ref().map(|mechanism| mechanism.cause.id),
            reason: judgement.reasons.first().map(|reason| reason.cause.id),
        }
    }

    /// The causes that it names.
    pub fn causes(self) -> impl Iterator<Item = &'static Cause> {
        [self.mechanism, self.reason].into_iter().flatten().filter_map(causes::find)
    }
}

/// `aborted, close-unread, early-answer`.
impl fmt::Display for First {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = self.family.map_or("no RST", Family::name);
        write!(f, "{family}, {}", self.mechanism.unwrap_or("unexplained"))?;
        self.reason.map_or(Ok(()), |reason| write!(f, ", {reason}"))
    }
}

/// First answers that are others than those the truth has of itself, and why that is right.
#[derive(Clone, Copy, Debug)]
pub struct But {
    /// Only at this end; `None` at both.
    pub end: Option<Host>,
    /// Only in this view; `None` in both of a capture.
    pub view: Option<View>,
    /// What comes first, of each outcome in order; equal ones in a row are one.
    pub firsts: &'static [First],
    /// A sentence.
    pub because: &'static str,
}

impl But {
    /// The probe tells of the segment that was answered, and knows of no connection before it.
    pub const NOTHING_BEFORE: Self = Self::sockets(
        &[First::of(Family::UnknownConnection, "stray-segment")],
        "the probe tells of the segment that was answered, and without packets nothing shows a connection before it",
    );

    /// From packets alone.
    pub const fn packets(firsts: &'static [First], because: &'static str) -> Self {
        Self { end: None, view: Some(View::Packets), firsts, because }
    }

    /// With the kernel's word.
    pub const fn kernel(firsts: &'static [First], because: &'static str) -> Self {
        Self { end: None, view: Some(View::Kernel), firsts, because }
    }

    /// Whether or not a kernel is asked.
    pub const fn always(firsts: &'static [First], because: &'static str) -> Self {
        Self { end: None, view: None, firsts, because }
    }

    /// From the sockets of the RST's sender alone: one of these, whichever socket it is.
    pub const fn sockets(firsts: &'static [First], because: &'static str) -> Self {
        Self { end: None, view: Some(View::Sockets), firsts, because }
    }

    /// Only at this end.
    #[must_use]
    pub const fn at(self, end: Host) -> Self {
        Self { end: Some(end), ..self }
    }

    fn concerns(&self, end: Host, view: View) -> bool {
        let in_view = self.view.map_or(view != View::Sockets, |own| own == view);
        in_view && self.end.is_none_or(|own| own == end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_truth_says_all_three_steps_of_itself() {
        let first = First::of_truth("close-unread", OutcomeKind::Reset);
        assert_eq!(first, First::of(Family::Aborted, "close-unread"));
        let reason = causes::ALL.iter().find(|cause| cause.is_reason()).expect("a reason");
        let first = First::of_truth(reason.id, OutcomeKind::Reset);
        assert_eq!((first.mechanism, first.reason), (reason.explains().first().copied(), Some(reason.id)));
        assert_eq!(First::of_truth("syn-unanswered", OutcomeKind::FailedConnect).family, None);
    }

    #[test]
    fn an_exception_holds_where_it_says_and_the_first_one_counts() {
        static UNREAD: &[First] = &[First::of(Family::Aborted, "close-unread")];
        static EXIT: &[First] = &[First::of(Family::Aborted, "exit-unread")];
        static BUT: &[But] = &[But::packets(UNREAD, "").at(Host::Client), But::packets(EXIT, "")];
        let expect = Expect::both(&["linger-zero"], &[]).but(BUT);
        assert_eq!(expect.firsts(Host::Client, View::Packets), UNREAD);
        assert_eq!(expect.firsts(Host::Server, View::Packets), EXIT);
        assert_eq!(expect.firsts(Host::Server, View::Kernel), [First::of(Family::Aborted, "linger-zero")]);
    }
}
