//! One outcome, as far as others can be compared with it.

use super::found::NameId;
use crate::cause::Severity;
use crate::connection::Phase;
use crate::evidence::accepting::{refused_while_up, service_went_on};
use crate::evidence::closing::SENDER_HAD_CLOSED;
use crate::evidence::form::{RST_ANSWERS_SYN, RST_ANSWERS_SYN_ACK};
use crate::evidence::siblings::SIBLINGS_OUTLIVED_SILENCE;
use crate::evidence::words::WORDS_REFUSE;
use crate::flow::Side;
use crate::half::Marks;
use crate::observation::Frame;
use crate::outcome::{Basis, Outcome};
use crate::rst::ResetKind;
use crate::segment::{Endpoint, OptionSet};
use crate::service::Moment;
use crate::time::{Span, Timestamp};
use crate::verdict::{Confidence, Judgement, Origin};

/// One outcome, as far as others can be compared with it.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each answers a question of its own about one outcome")]
pub(super) struct Member {
    pub(super) time: Timestamp,
    pub(super) frame: Frame,
    pub(super) client: Endpoint,
    pub(super) server: Endpoint,
    /// The end that the RST claims to come from.
    pub(super) by_client: bool,
    pub(super) cause: &'static str,
    pub(super) severity: Severity,
    pub(super) kind: ResetKind,
    pub(super) origin: Origin,
    pub(super) phase: Phase,
    /// Silence before the RST, or before the segment that it answers.
    pub(super) idle: Span,
    /// Payload octets of both sides.
    pub(super) octets: u64,
    /// Payload octets of the server.
    pub(super) server_octets: u64,
    /// The name that the client asked for.
    pub(super) name: Option<NameId>,
    pub(super) refusal: bool,
    /// An end had said why: it turned this one away.
    pub(super) turned_away: bool,
    /// Answers a segment of a connection that its sender had not closed.
    pub(super) forgot: bool,
    pub(super) accepted: Option<Moment>,
    pub(super) back: Option<Moment>,
    /// Refused while others were accepted: no sign that the service was away.
    pub(super) up: bool,
    /// The service went on right after it.
    pub(super) went_on: bool,
    /// The last request on other connections, open at that time, that came later and was answered.
    pub(super) served: Option<Timestamp>,
}

impl Member {
    pub(super) fn new(outcome: &Outcome, judgement: &Judgement, name: Option<NameId>) -> Self {
        let connection = outcome.finally();
        let (client, server) = (connection.endpoint(connection.client), connection.endpoint(connection.server()));
        let passive = judgement.kind == ResetKind::Passive;
        let refusal = RST_ANSWERS_SYN.answer_on_any_basis(outcome).is_yes();
        let open = matches!(judgement.phase, Phase::Established | Phase::Midstream);
        let answers_opening = refusal || RST_ANSWERS_SYN_ACK.answer_on_any_basis(outcome).is_yes();
        let (service, later) = (outcome.service(), outcome.service_later());
        Self {
            time: outcome.time(),
            frame: match outcome.rst() {
                // Its segments were concluded, not captured.
                _ if outcome.basis() == Basis::Sockets => Frame::default(),
                Some(rst) => rst.record.frame,
                None => connection.first_frame,
            },
            client,
            server,
            by_client: outcome.sender() == connection.client,
            cause: judgement.cause.map_or("unexplained", |cause| cause.id),
            severity: judgement.severity,
            kind: judgement.kind,
            origin: judgement.origin,
            phase: judgement.phase,
            idle: silence(outcome),
            octets: Side::BOTH.iter().map(|side| connection.half(*side).bytes).sum(),
            server_octets: connection.half(connection.server()).bytes,
            name,
            refusal,
            turned_away: turned_away(judgement),
            up: refusal && refused_while_up(outcome),
            went_on: service_went_on(outcome),
            served: outcome.siblings().and_then(|siblings| siblings.served),
            forgot: passive
                && open
                && !answers_opening
                && judgement.severity != Severity::Scan
                && shows_connection(outcome)
                && ![&SENDER_HAD_CLOSED, &SIBLINGS_OUTLIVED_SILENCE]
                    .iter()
                    .any(|question| question.answer_on_any_basis(outcome).is_yes()),
            accepted: service.accepted,
            back: later.recovered.filter(|moment| moment.time > outcome.time()),
        }
    }

    /// Whether it proves that the service was there: it accepted before or after, or reset what it had accepted.
    pub(super) const fn shows_presence(&self) -> bool {
        !self.refusal || self.accepted.is_some() || self.back.is_some()
    }

    /// The host that the RST claims to come from.
    pub(super) const fn sender(&self) -> Endpoint {
        if self.by_client { self.client } else { self.server }
    }
}

/// How long nothing was sent before the RST, or before the segment that it answers.
fn silence(outcome: &Outcome) -> Span {
    let Some(trigger) = outcome.rst().and_then(|rst| rst.trigger) else { return outcome.idle() };
    let before = outcome.latest(|record| record.frame < trigger.frame);
    before.map_or(Span::ZERO, |record| trigger.time.since(record.time))
}

/// Whether there had been a connection to forget: its sender had spoken on it, or is sent what only a connection has. A
/// lone ACK without data and options is a probe as well (nmap's `-sA`).
fn shows_connection(outcome: &Outcome) -> bool {
    let spoke = outcome.connection().half(outcome.sender()).marks.has(Marks::SPOKE);
    let trigger = outcome.rst().and_then(|rst| rst.trigger);
    spoke || trigger.is_some_and(|record| record.len > 0 || record.options.has(OptionSet::TIMESTAMPS))
}

fn turned_away(judgement: &Judgement) -> bool {
    let marks = judgement.cause.iter().flat_map(|cause| cause.rule.likely_when.iter().copied().flatten());
    judgement.confidence >= Confidence::Likely && marks.into_iter().any(|question| **question == WORDS_REFUSE)
}
