//! From answers to a verdict in three steps: the shape of the reset ([`family`]), the mechanisms that can have
//! that shape and that nothing refutes, and the reasons that explain one of them.
//!
//! Causes that fit equally well are all named. What makes one of them *likely* although others fit stands in
//! its rule, as [`Rule::likely_when`].

pub mod claims;
pub mod decide;
pub mod family;
pub mod judgement;
pub mod makers;
pub mod points;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

pub use self::family::Shape;
use self::family::shape;
pub use self::judgement::{Alternative, Confidence, Evidence, Judgement, Mechanism, NamedBy, Origin, Reason, Role};
use crate::cause::{Breadth, Cause, Family, KernelSign, Rule, Severity};
use crate::causes;
use crate::evidence::cache::{AnswerCache, Answers};
use crate::evidence::claims::{LOG_NAMES_REASON, named_by, reasons_named};
use crate::evidence::clock::{CLOSED_AFTER_SILENCE, SILENCE_WAS_LONG};
use crate::evidence::closing::{RECEIVER_HAD_CLOSED, SENDER_HAD_CLOSED};
use crate::evidence::data::SENDER_RECEIVED_DATA;
use crate::evidence::firewall::{REFUSAL_TTL_SAME, REFUSED_AS_FAR_AS_HOST};
use crate::evidence::form::{
    DSCP_MIRRORED, FLOW_LABEL_SET, REFUSAL_HAS_NUMBER, RST_ANSWERS_SYN, RST_IS_ACTIVE, RST_IS_PASSIVE,
};
use crate::evidence::handshake::{SYN_ACK_WINDOW_ZERO, SYN_SEEN};
use crate::evidence::path::{
    RST_CONTRADICTS_SENDER, RST_MADE_AT_CAPTURE, RST_TTL_DIFFERS, SENDER_TALKED_ON, odd_signs, signs,
};
use crate::evidence::sealed::REFUSED_BY_ALERT;
use crate::evidence::stack::SENDER_IS_NOT_LINUX;
use crate::evidence::vantage::{RST_LEFT_ITS_SENDER, RST_MADE_BETWEEN};
use crate::evidence::words::is_quoted;
use crate::evidence::{Answer, AskedOf, Question};
use crate::harm::harm;
use crate::kernel::{KernelWord, RstReason};
use crate::outcome::{Basis, Outcome, OutcomeKind};
use crate::rst::ResetKind;
use crate::severity::{self, AsARule};

/// The title of what nothing explains.
pub const UNEXPLAINED: &str = "no cause in the catalogue fits what the capture shows";

/// The same, when this host only received it.
pub const UNEXPLAINED_HERE: &str = "only the host that sent the RST, or a capture, can tell why";

/// Asked when no cause fits, so that a report can still say what was and was not seen.
static GENERAL: &[&Question] = &[
    &SYN_SEEN,
    &RST_IS_PASSIVE,
    &RST_IS_ACTIVE,
    &SENDER_RECEIVED_DATA,
    &SENDER_HAD_CLOSED,
    &RECEIVER_HAD_CLOSED,
    &RST_CONTRADICTS_SENDER,
];

/// Judges one outcome.
pub fn judge(outcome: &Outcome) -> Judgement {
    Judge::default().judge(outcome)
}

/// Judges one outcome after the other. Nothing of one has to do with the next; only its memory is used again.
#[derive(Debug, Default)]
pub struct Judge {
    cache: AnswerCache,
}

impl Judge {
    /// The verdict.
    pub fn judge(&mut self, outcome: &Outcome) -> Judgement {
        let answers = &mut Answers::of(outcome, &mut self.cache);
        let judgement = verdict(answers);
        let evidence = lead_evidence(judgement.cause, judgement.mechanism.as_ref(), answers);
        Judgement { evidence, ..judgement }
    }

    /// The same without its evidence, for whoever only counts verdicts.
    pub fn judge_briefly(&mut self, outcome: &Outcome) -> Judgement {
        verdict(&mut Answers::of(outcome, &mut self.cache))
    }
}

/// The ids of every cause that is not excluded, best first.
pub fn rank(outcome: &Outcome) -> Vec<&'static str> {
    let judgement = judge(outcome);
    let best = judgement.cause.map(|cause| cause.id);
    best.into_iter().chain(judgement.alternatives.iter().map(|other| other.cause.id)).collect()
}

/// All but the evidence.
fn verdict(answers: &mut Answers<'_>) -> Judgement {
    let outcome = answers.outcome();
    let kind = kind(answers);
    let seen = shape(answers);
    let mut candidates = mechanisms(seen, answers);
    let reasons = reasons(seen, &candidates, answers);
    put_explained_first(&mut candidates, &reasons);
    let mechanism = mechanism(seen, &candidates, answers);
    let shape = seen.map(|shape| shown(shape, mechanism.as_ref()));
    let lead = lead(mechanism.as_ref(), &reasons);
    let previews = previews(seen, answers);
    let alternatives = alternatives(lead.cause, mechanism.as_ref(), &reasons, &previews, outcome);
    let phase = outcome.connection().phase();
    let by_cause = as_a_rule(severity_of(lead.cause, &reasons), lead, mechanism.as_ref());
    let weight = severity::weigh(by_cause, outcome, phase, &harm(outcome, kind), kind);
    let origin = origin(answers, kind);
    Judgement {
        shape,
        cause: lead.cause,
        title: lead.title.unwrap_or_else(|| unexplained(outcome)),
        confidence: lead.confidence,
        alternatives,
        evidence: Vec::new(),
        mechanism,
        reasons: reasons.into_iter().filter_map(|reason| reason.listed).collect(),
        phase,
        origin,
        origin_confidence: origin_confidence(origin, answers),
        kind,
        severity: weight.severity,
        ground: weight.ground,
        previews,
    }
}

/// A cause that is not excluded.
#[derive(Debug)]
struct Candidate {
    cause: &'static Cause,
    kernel: KernelFit,
    /// Needs whose answer is unknown.
    missing: usize,
    /// Supports that are yes less those that are no.
    support: i32,
    /// Everything that makes it likely was seen.
    is_marked: bool,
    /// How sure it is by what logs say of it.
    by_logs: Option<Confidence>,
}

/// What the sender's kernel has to say of a mechanism.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum KernelFit {
    Says,
    NotAsked,
}

/// The mechanisms that can have this shape and that nothing refutes, best first.
fn mechanisms(shape: Option<Shape>, answers: &mut Answers<'_>) -> Vec<Candidate> {
    let outcome = answers.outcome();
    let mut candidates: Vec<Candidate> =
        showing(shape).filter_map(|cause| Candidate::of_mechanism(cause, answers)).collect();
    if candidates.is_empty() && reported_by_sender(outcome) {
        // No packet shows what these are about, but the kernel's word names them.
        candidates.extend(causes::mechanisms().filter_map(|cause| Candidate::not_excluded(cause, answers)));
    }
    candidates.sort_by_key(Candidate::rank);
    candidates
}

/// The mechanisms that can have this shape.
fn showing(shape: Option<Shape>) -> impl Iterator<Item = &'static Cause> {
    causes::mechanisms_of(shape.map(|shape| shape.family))
}

/// A failed connect has no shape, and whether a rule is about one is asked beside it.
fn can_show(cause: &Cause, shape: Option<Shape>) -> bool {
    shape.is_none_or(|shape| cause.shows().contains(&shape.family))
}

/// What the kernel says can show a shape that the packets do not; and how a reset was made for certain entails its
/// shape where it has only one.
fn shown(shape: Shape, mechanism: Option<&Mechanism>) -> Shape {
    let Some(how) = mechanism else { return shape };
    let certain = how.confidence == Confidence::Certain;
    match how.cause.shows() {
        [only] if certain => Shape { family: *only, confidence: Confidence::Certain },
        shows if shows.contains(&shape.family) => shape,
        shows => {
            let family = shows.first().copied().unwrap_or(Family::Unseen);
            Shape { family, confidence: Confidence::Likely }
        }
    }
}

impl Candidate {
    fn of_mechanism(cause: &'static Cause, answers: &mut Answers<'_>) -> Option<Self> {
        if cause.rule.outcome != answers.outcome().kind() {
            return None;
        }
        // The first need is what the cause is about: unseen, there is no evidence, and most causes
        // fall away by it.
        let first = cause.rule.needs.iter().find(|question| question.concerns(answers.outcome()))?;
        if !answers.answer(first).is_yes() {
            return None;
        }
        let candidate = Self::not_excluded(cause, answers)?;
        // An umbrella that needs guessing says nothing.
        let guesses = candidate.missing > 0
            && (cause.rule.breadth == Breadth::Umbrella || reported_by_receiver(answers.outcome()));
        (!guesses).then_some(candidate)
    }

    fn not_excluded(cause: &'static Cause, answers: &mut Answers<'_>) -> Option<Self> {
        if cause.rule.outcome != answers.outcome().kind() {
            return None;
        }
        let kernel = kernel_fit(cause.kernel(), answers.outcome().kernel())?;
        Self::weighed(cause, kernel, answers)
    }

    /// `None` when an answer excludes it.
    fn weighed(cause: &'static Cause, kernel: KernelFit, answers: &mut Answers<'_>) -> Option<Self> {
        let (mut missing, mut support) = (0, 0);
        for question in cause.rule.needs {
            match answers.relevant(question) {
                Some(Answer::No(_)) => return None,
                Some(Answer::Unknown) => missing += 1,
                Some(Answer::Yes(_)) | None => {}
            }
        }
        for question in cause.rule.refuted_by {
            if answers.relevant(question).is_some_and(Answer::is_yes) {
                return None;
            }
        }
        for question in cause.rule.supported_by {
            match answers.relevant(question) {
                Some(Answer::Yes(_)) => support += 1,
                Some(Answer::No(_)) => support -= 1,
                Some(Answer::Unknown) | None => {}
            }
        }
        let mut all = |marks: &&[&'static Question]| marks.iter().all(|question| answers.answer(question).is_yes());
        let is_marked = cause.rule.likely_when.iter().any(&mut all);
        Some(Self { cause, kernel, missing, support, is_marked, by_logs: None })
    }

    /// Smaller is better. Ties keep the order of the catalogue.
    fn rank(&self) -> (KernelFit, usize, bool, bool, i32) {
        (self.kernel, self.missing, self.is_umbrella(), !self.is_marked, -self.support)
    }

    fn is_umbrella(&self) -> bool {
        self.cause.rule.breadth == Breadth::Umbrella
    }

    /// As a mechanism, beside the others that are open.
    fn confidence(&self, shape: Option<Shape>, others: &[Self], answers: &mut Answers<'_>) -> Confidence {
        let outcome = answers.outcome();
        if self.is_the_kernels(outcome) {
            return Confidence::Certain;
        }
        // A kernel that sent none excludes much and proves nothing.
        let kernel_says = self.kernel == KernelFit::Says && matches!(outcome.kernel(), KernelWord::Sent(_));
        let has_mark = self.is_marked || kernel_says;
        let unseen =
            |answers: &mut Answers<'_>| refuses_unseen_syn(outcome) || !has_mark && !others_were_asked(shape, answers);
        if self.missing > 0 || self.is_umbrella() || unseen(answers) || self.is_doubtful(answers) {
            return Confidence::Possible;
        }
        // An umbrella says what is seen when more cannot be known.
        let alone = others.iter().all(|other| self.is_marked && other.is_umbrella());
        let proven = || kernel_says || is_proven_by_both_ends(&self.cause.rule, outcome);
        if alone && proven() && (reported_by_sender(outcome) || !leaves_open(&self.cause.rule, answers)) {
            Confidence::Certain
        } else if alone || (self.is_marked && others.iter().all(|other| !other.is_marked)) {
            Confidence::Likely
        } else {
            Confidence::Possible
        }
    }

    /// No other cause gives this word: then the kernel has decided, and what a socket's history
    /// cannot show is not missing.
    fn is_the_kernels(&self, outcome: &Outcome) -> bool {
        if !reported_by_sender(outcome) || self.kernel != KernelFit::Says || self.is_umbrella() {
            return false;
        }
        let fits = |cause: &&'static Cause| kernel_fit(cause.kernel(), outcome.kernel()) == Some(KernelFit::Says);
        causes::mechanisms().filter(fits).count() == 1
    }

    /// One field of the RST is not its sender's: no proof of a forgery, but of no certainty either.
    fn is_doubtful(&self, answers: &mut Answers<'_>) -> bool {
        let from_host = || self.cause.rule.refuted_by.contains(&&RST_CONTRADICTS_SENDER);
        self.kernel == KernelFit::NotAsked && from_host() && signs().any(|sign| answers.answer(sign).is_yes())
    }
}

/// The second step.
fn mechanism(shape: Option<Shape>, candidates: &[Candidate], answers: &mut Answers<'_>) -> Option<Mechanism> {
    let (best, others) = candidates.split_first()?;
    let mut confidence = best.confidence(shape, others, answers);
    if answers.outcome().joined().is_some_and(|joined| !joined.rivals.is_empty()) {
        confidence = confidence.min(Confidence::Possible);
    }
    Some(Mechanism {
        cause: best.cause,
        title: title(best.cause, answers),
        confidence,
        open: others.iter().map(|other| other.cause).collect(),
    })
}

/// A reason that nothing refutes.
#[derive(Debug)]
struct OpenReason {
    cause: &'static Cause,
    /// As a report lists it; `None` without evidence of its own.
    listed: Option<Reason>,
}

/// The reasons that explain an open mechanism and that nothing refutes, best first. Where no mechanism is open
/// because too little was seen of the RST, those that explain one of that shape.
fn reasons(shape: Option<Shape>, mechanisms: &[Candidate], answers: &mut Answers<'_>) -> Vec<OpenReason> {
    let unasked = *answers.outcome().kernel() == KernelWord::NotAsked;
    let explained: causes::Set = match mechanisms {
        [] if unasked => showing(shape).collect(),
        open => open.iter().map(|one| one.cause).collect(),
    };
    let mut candidates: Vec<Candidate> =
        causes::reasons_of(explained).filter_map(|cause| Candidate::of_reason(cause, answers)).collect();
    add_named_in_logs(&mut candidates, explained, answers);
    // What an end said itself comes before what clocks and numbers suggest.
    let is_said = |candidate: &Candidate| candidate.is_marked && quotes(&candidate.cause.rule);
    let in_logs = |one: &Candidate| one.by_logs.is_some();
    // Of those that nothing marks, one that does not explain the first mechanism would contradict the line above it.
    let contradicts = |one: &Candidate| {
        !one.is_marked && mechanisms.first().is_some_and(|best| !one.cause.explains().contains(&best.cause.id))
    };
    candidates.sort_by_key(|one| {
        let (open, unmarked) = (one.missing > 0 && !in_logs(one), !one.is_marked && !in_logs(one));
        (open, unmarked, !is_said(one), contradicts(one), -one.support)
    });
    let nothing_else = mechanisms.is_empty();
    let shown = |one: &Candidate| one.missing == 0 && (one.is_marked || one.support > 0);
    let listed = |one: &Candidate| nothing_else || in_logs(one) || shown(one);
    let open = |one: &Candidate| OpenReason {
        cause: one.cause,
        listed: listed(one).then(|| one.as_reason(mechanisms.first(), answers)),
    };
    candidates.iter().map(open).collect()
}

/// Adds the reasons that lines of logs name and no packet refutes: why is seldom in packets.
fn add_named_in_logs(candidates: &mut Vec<Candidate>, explained: causes::Set, answers: &mut Answers<'_>) {
    if answers.outcome().claims().is_empty() {
        return;
    }
    let kind = answers.outcome().kind();
    for cause in causes::reasons_of(explained).filter(|cause| cause.rule.outcome == kind) {
        let Some(by_logs) = claims::confidence_of(answers.outcome(), cause) else { continue };
        if let Some(known) = candidates.iter_mut().find(|one| one.cause == cause) {
            known.by_logs = Some(by_logs);
            continue;
        }
        if cause.rule.refuted_by.iter().any(|question| answers.answer(question).is_yes()) {
            continue;
        }
        // What the packets deny of its needs leaves the words alone.
        let denied = cause.rule.needs.iter().any(|question| answers.answer(question).is_no());
        let by_logs = if denied { by_logs.min(Confidence::Possible) } else { by_logs };
        candidates.push(Candidate {
            cause,
            kernel: KernelFit::NotAsked,
            missing: 1,
            support: 0,
            is_marked: false,
            by_logs: Some(by_logs),
        });
    }
}

/// Whether what makes it likely was said by an end.
fn quotes(rule: &Rule) -> bool {
    rule.likely_when.iter().copied().flatten().any(|question| is_quoted(question))
}

/// What a likely reason explains comes before what it does not.
fn put_explained_first(mechanisms: &mut [Candidate], reasons: &[OpenReason]) {
    let first = reasons.first().and_then(|reason| reason.listed.as_ref());
    if let Some(reason) = first.filter(|reason| reason.confidence >= Confidence::Likely) {
        let explained = |one: &Candidate| reason.cause.explains().contains(&one.cause.id);
        mechanisms.sort_by_key(|one| (one.kernel, one.missing, one.is_umbrella(), !explained(one)));
    }
}

impl Candidate {
    fn of_reason(cause: &'static Cause, answers: &mut Answers<'_>) -> Option<Self> {
        if cause.rule.outcome != answers.outcome().kind() {
            return None;
        }
        let first = cause.rule.needs.iter().find(|question| question.concerns(answers.outcome()))?;
        if !answers.answer(first).is_yes() {
            return None;
        }
        let mut candidate = Self::weighed(cause, KernelFit::NotAsked, answers)?;
        // What these observations cannot show at all is missing too.
        candidate.missing += cause.rule.needs.iter().filter(|question| !question.concerns(answers.outcome())).count();
        Some(candidate)
    }

    /// As a report lists it: a reason says why, which is seldom in the packets, so without what its rule marks
    /// it is no more than possible. Nor where a kernel says how, and that is not what it explains.
    fn as_reason(&self, best: Option<&Self>, answers: &mut Answers<'_>) -> Reason {
        let unasked = *answers.outcome().kernel() == KernelWord::NotAsked;
        let explains = best.is_some_and(|best| self.cause.explains().contains(&best.cause.id));
        let sure = self.is_marked && self.missing == 0 && (unasked || explains);
        // What the sender's kernel lists itself is no hint.
        let mut marks = self.cause.rule.likely_when.iter().copied().flatten();
        let listed = reported_by_sender(answers.outcome()) && marks.any(|mark| mark.asked_of == AskedOf::SocketAlone);
        let by_packets = match (sure, listed) {
            (true, true) => Confidence::Certain,
            (true, false) => Confidence::Likely,
            (false, _) => Confidence::Possible,
        };
        let by_logs = self.by_logs.filter(|_| unasked || explains);
        let mut evidence = speaks_for(&self.cause.rule, answers);
        evidence.extend(self.by_logs.map(|_| &LOG_NAMES_REASON));
        Reason {
            cause: self.cause,
            title: title(self.cause, answers),
            confidence: by_packets.max(by_logs.unwrap_or(by_packets)),
            evidence,
        }
    }
}

/// The leading answer.
#[derive(Clone, Copy, Debug)]
struct Lead {
    cause: Option<&'static Cause>,
    title: Option<&'static str>,
    confidence: Confidence,
}

fn lead(mechanism: Option<&Mechanism>, reasons: &[OpenReason]) -> Lead {
    let first = reasons.first().and_then(|reason| reason.listed.as_ref());
    match (first.filter(|reason| reason.confidence >= Confidence::Likely || mechanism.is_none()), mechanism) {
        (Some(reason), _) => {
            Lead { cause: Some(reason.cause), title: Some(reason.title), confidence: reason.confidence }
        }
        (None, Some(how)) => Lead { cause: Some(how.cause), title: Some(how.title), confidence: how.confidence },
        (None, None) => Lead { cause: None, title: None, confidence: Confidence::Unexplained },
    }
}

/// As a rule; but what a device did for a reason that packets name is no attack.
fn severity_of(lead: Option<&'static Cause>, reasons: &[OpenReason]) -> Severity {
    let why = reasons.first().and_then(|reason| reason.listed.as_ref()).map(|reason| reason.cause.rule.severity);
    match (lead.map_or(Severity::Fault, |cause| cause.rule.severity), why) {
        (Severity::Attack, Some(why)) => why,
        (own, _) => own,
    }
}

/// Whether the other mechanisms that are open would matter as little, and whether it is a reason that says so.
fn as_a_rule(severity: Severity, lead: Lead, mechanism: Option<&Mechanism>) -> AsARule {
    let open = || mechanism.into_iter().flat_map(|how| &how.open);
    let doubted = severity == Severity::Benign
        && lead.confidence < Confidence::Likely
        && open().any(|other| other.rule.severity == Severity::Fault);
    let by_reason = severity == Severity::Fault && lead.cause.is_some_and(Cause::is_reason);
    match (doubted, by_reason) {
        (true, _) => AsARule::PerhapsBenign,
        (false, true) => AsARule::ByReason,
        (false, false) => AsARule::Surely(severity),
    }
}

/// What the leading answer rests on, and below a reason what its mechanism rests on.
fn lead_evidence(
    lead: Option<&'static Cause>,
    mechanism: Option<&Mechanism>,
    answers: &mut Answers<'_>,
) -> Vec<Evidence> {
    let Some(lead) = lead else {
        return evidence(GENERAL.iter().map(|question| (Role::Supports, *question)), answers);
    };
    let mut all = evidence(questions(&lead.rule), answers);
    let named = reasons_named(answers.outcome()).find(|(_, id)| *id == lead.id);
    all.extend(named.map(|(tied, _)| Evidence {
        question: &LOG_NAMES_REASON,
        answer: named_by(tied),
        role: Role::Supports,
    }));
    if let Some(cause) = mechanism.map(|mechanism| mechanism.cause).filter(|cause| *cause != lead) {
        let below = evidence(questions(&cause.rule), answers);
        let unasked = |one: &Evidence| all.iter().all(|known| known.question != one.question);
        let below: Vec<Evidence> = below.into_iter().filter(unasked).collect();
        all.extend(below);
    }
    // Which alert it was says more than that there was one.
    all.sort_by_key(|one| one.question == &REFUSED_BY_ALERT);
    // Long silences belong to the evidence whatever the rules ask.
    let silences = [&SILENCE_WAS_LONG, &CLOSED_AFTER_SILENCE].map(|question| (Role::Supports, question));
    let silences = evidence(silences.into_iter(), answers);
    let was_long = |one: &Evidence| one.answer.is_yes() && all.iter().all(|known| known.question != one.question);
    let silences: Vec<Evidence> = silences.into_iter().filter(was_long).collect();
    all.extend(silences);
    all
}

/// Everything that is named beside the leading answer.
fn alternatives(
    lead: Option<&'static Cause>,
    mechanism: Option<&Mechanism>,
    reasons: &[OpenReason],
    previews: &[&'static Cause],
    outcome: &Outcome,
) -> Vec<Alternative> {
    let rivals = outcome.joined().into_iter().flat_map(|joined| &joined.rivals).filter_map(|id| causes::find(id));
    let rivals = rivals.map(|cause| Alternative { cause, named_by: NamedBy::OtherPoint });
    let of_mechanism = mechanism.into_iter().flat_map(|how| core::iter::once(&how.cause).chain(&how.open));
    let of_rules =
        of_mechanism.copied().chain(reasons.iter().map(|reason| reason.cause)).chain(previews.iter().copied());
    let of_rules = of_rules.map(|cause| Alternative { cause, named_by: NamedBy::Rule });
    let mut named = lead.map_or_else(causes::Set::default, |lead| causes::Set::default().with(lead));
    let mut all: Vec<Alternative> = Vec::with_capacity(16);
    for other in rivals.chain(of_rules) {
        let own = causes::Set::default().with(other.cause);
        if !named.meets(own) {
            named = named.with(other.cause);
            all.push(other);
        }
    }
    all
}

/// The previews that are not excluded.
fn previews(shape: Option<Shape>, answers: &mut Answers<'_>) -> Vec<&'static Cause> {
    let fits = |cause: &&'static Cause| {
        if cause.is_reason() {
            Candidate::of_reason(cause, answers).is_some()
        } else {
            can_show(cause, shape) && Candidate::of_mechanism(cause, answers).is_some()
        }
    };
    causes::previews().filter(fits).collect()
}

/// Something that would exclude a cause was not seen. Who made the RST and on which system is no question: its kernel
/// says so, or captures of both ends.
fn leaves_open(rule: &Rule, answers: &mut Answers<'_>) -> bool {
    let of_maker = |question: &Question| {
        [&RST_CONTRADICTS_SENDER, &RST_MADE_AT_CAPTURE, &SENDER_IS_NOT_LINUX].contains(&question)
            || question.asked_of == AskedOf::SeveralPoints
    };
    rule.refuted_by.iter().any(|question| {
        !of_maker(question) && answers.relevant(question).is_some_and(|answer| *answer == Answer::Unknown)
    })
}

/// Captures on both sides of where the RST was made show that its sender did not send it, and that
/// is what the cause says. A capture can lose a single packet without a trace, so the RST itself must also
/// be odd.
fn is_proven_by_both_ends(rule: &Rule, outcome: &Outcome) -> bool {
    let says = rule.needs.iter().chain(rule.supported_by).any(|question| **question == RST_MADE_BETWEEN);
    says && RST_MADE_BETWEEN.answer(outcome).is_yes()
        && (odd_signs(outcome) > 0 || SENDER_TALKED_ON.answer(outcome).is_yes())
}

/// A refusal by its form, and the capture misses the SYN: what came before it may decide.
fn refuses_unseen_syn(outcome: &Outcome) -> bool {
    outcome.basis() == Basis::Packets
        && outcome.rst().is_some_and(|rst| rst.trigger.is_none())
        && RST_ANSWERS_SYN.answer(outcome).is_yes()
}

/// Whether what was captured could have kept other mechanisms open. To be the only one left says nothing where it could
/// not: without a shape, unless the RST is not its sender's anyhow; with one direction; where the RST that refuses a
/// SYN has a number, so that a SYN-ACK may have been missed before it; or in a text without the hops left, which first
/// show that somebody else made the RST.
fn others_were_asked(shape: Option<Shape>, answers: &mut Answers<'_>) -> bool {
    let outcome = answers.outcome();
    let Some(shape) = shape.filter(|_| outcome.basis() == Basis::Packets) else { return true };
    let has_ground = match shape.family {
        Family::Unseen => answers.answer(&RST_CONTRADICTS_SENDER).is_yes(),
        Family::Refused => !answers.answer(&REFUSAL_HAS_NUMBER).is_yes(),
        _ => true,
    };
    let shows_maker = outcome.rst().is_none_or(|rst| rst.record.ttl().is_some());
    has_ground && shows_maker && !outcome.one_sided()
}

/// The sender's kernel reported it, with the socket as it was: single packets decide nothing more, also where they were
/// captured beside it.
fn reported_by_sender(outcome: &Outcome) -> bool {
    let has_account = outcome.basis() == Basis::Sockets || outcome.account(outcome.sender()).is_some();
    has_account && matches!(outcome.kernel(), KernelWord::Sent(_))
}

/// Only its receiver's kernel reported it: that knows nothing of why.
fn reported_by_receiver(outcome: &Outcome) -> bool {
    outcome.basis() == Basis::Sockets && !matches!(outcome.kernel(), KernelWord::Sent(_))
}

/// `None` when the kernel's word excludes what gives these reasons.
fn kernel_fit(reasons: &[KernelSign], word: &KernelWord) -> Option<KernelFit> {
    match word {
        KernelWord::NotAsked => Some(KernelFit::NotAsked),
        KernelWord::SentNone | KernelWord::MadeInTransit => {
            (reasons.is_empty() || reasons.iter().any(KernelSign::is_silence)).then_some(KernelFit::Says)
        }
        // An older kernel gives no reason, and some paths none of their own: the host sent it, no more.
        KernelWord::Sent(event) if matches!(event.reason, None | Some(RstReason::NotSpecified)) => {
            reasons.iter().any(|sign| !sign.is_silence()).then_some(KernelFit::NotAsked)
        }
        KernelWord::Sent(event) => reasons.iter().any(|sign| sign.matches(event)).then_some(KernelFit::Says),
    }
}

/// Everything that `rule` asks.
fn questions(rule: &Rule) -> impl Iterator<Item = (Role, &'static Question)> {
    let lists = [(Role::Need, rule.needs), (Role::Refutes, rule.refuted_by), (Role::Supports, rule.supported_by)];
    lists.into_iter().flat_map(|(role, questions)| questions.iter().map(move |question| (role, *question)))
}

/// The same with the answers, without what does not concern the outcome.
fn evidence(questions: impl Iterator<Item = (Role, &'static Question)>, answers: &mut Answers<'_>) -> Vec<Evidence> {
    // No rule asks more than that.
    let mut evidence = Vec::with_capacity(16);
    let answered = questions
        .filter_map(|(role, question)| Some(Evidence { question, answer: answers.relevant(question)?.clone(), role }));
    evidence.extend(answered);
    evidence
}

/// The questions of `rule` whose answers speak for it.
fn speaks_for(rule: &Rule, answers: &mut Answers<'_>) -> Vec<&'static Question> {
    let speaks = |role: Role, answer: &Answer| if role == Role::Refutes { answer.is_no() } else { answer.is_yes() };
    let mut speak_for = Vec::with_capacity(8);
    for (role, question) in questions(rule) {
        if answers.relevant(question).is_some_and(|answer| speaks(role, answer)) {
            speak_for.push(question);
        }
    }
    speak_for
}

fn title(cause: &Cause, answers: &mut Answers<'_>) -> &'static str {
    let special = cause.rule.variants.iter().position(|question| answers.answer(question).is_yes());
    special.and_then(|at| cause.en.variants.get(at)).copied().unwrap_or(cause.en.title)
}

fn unexplained(outcome: &Outcome) -> &'static str {
    match (outcome.basis(), outcome.kernel()) {
        (Basis::Sockets | Basis::Sample, KernelWord::NotAsked) => UNEXPLAINED_HERE,
        _ => UNEXPLAINED,
    }
}

fn kind(answers: &mut Answers<'_>) -> ResetKind {
    if answers.outcome().kind() == OutcomeKind::FailedConnect {
        ResetKind::Unknown
    } else if answers.answer(&RST_IS_ACTIVE).is_yes() {
        ResetKind::Active
    } else if answers.answer(&RST_IS_PASSIVE).is_yes() {
        ResetKind::Passive
    } else {
        ResetKind::Unknown
    }
}

/// An endpoint only where something of it can be compared with the RST; a refused SYN shows nothing
/// of its sender but the refusal.
fn origin(answers: &mut Answers<'_>, kind: ResetKind) -> Origin {
    let outcome = answers.outcome();
    if matches!(outcome.kernel(), KernelWord::Sent(_)) || RST_LEFT_ITS_SENDER.answer(outcome).is_yes() {
        return Origin::Endpoint;
    }
    if *outcome.kernel() == KernelWord::MadeInTransit {
        return Origin::Path;
    }
    let alike = kind != ResetKind::Unknown && answers.answer(&RST_TTL_DIFFERS).is_no();
    match answers.answer(&RST_CONTRADICTS_SENDER) {
        // A SYN proxy answers in the name of the host behind it, and then hands that one's RST on (Linux
        // net/netfilter/nf_synproxy_core.c, synproxy_send_client_synack): all that there is to compare is the proxy's.
        Answer::Yes(_) if !RST_MADE_BETWEEN.answer(outcome).is_yes() && only_proxy_spoke(outcome) => Origin::Unknown,
        Answer::Yes(_) => Origin::Path,
        Answer::No(_) if alike => Origin::Endpoint,
        Answer::Unknown if refused_by_host_itself(outcome) => Origin::Endpoint,
        _ => Origin::Unknown,
    }
}

/// Whether all that came from the RST's sender before is a SYN-ACK as SYN proxies send it.
fn only_proxy_spoke(outcome: &Outcome) -> bool {
    let sender = outcome.sender();
    let mut before = outcome.before().iter().filter(|record| record.from == sender);
    SYN_ACK_WINDOW_ZERO.answer(outcome).is_yes() && before.all(|record| record.flags.is_syn_ack())
}

/// A refusal has no other segment of its connection to be compared with; but one that came as far as the SYN-ACKs of
/// that host, or that carries what only the TCP of a host copies from the SYN, is the host's own.
fn refused_by_host_itself(outcome: &Outcome) -> bool {
    [&REFUSAL_TTL_SAME, &REFUSED_AS_FAR_AS_HOST, &DSCP_MIRRORED, &FLOW_LABEL_SET]
        .iter()
        .any(|question| question.answer(outcome).is_yes())
}

/// Certain where a kernel or captures of several points say it, likely where the packets are alike or not.
fn origin_confidence(origin: Origin, answers: &mut Answers<'_>) -> Option<Confidence> {
    let outcome = answers.outcome();
    let reported = matches!(outcome.kernel(), KernelWord::Sent(_)) || RST_LEFT_ITS_SENDER.answer(outcome).is_yes();
    let between = RST_MADE_BETWEEN.answer(outcome).is_yes() || *outcome.kernel() == KernelWord::MadeInTransit;
    match origin {
        Origin::Unknown => None,
        Origin::Endpoint if reported => Some(Confidence::Certain),
        Origin::Path if between => Some(Confidence::Certain),
        Origin::Endpoint | Origin::Path => Some(Confidence::Likely),
    }
}
