//! From answers to a verdict: every cause is tried, what is excluded falls away, and the rest is
//! ranked. Two causes that fit equally well are both named.

pub mod judgement;
pub mod points;

use alloc::vec::Vec;

pub use self::judgement::{Alternative, Confidence, Evidence, Judgement, Origin, Role};
use crate::alike;
use crate::cause::{Breadth, Cause, KernelSign, Likeness, LookAlike, Rule, Severity, Sketch};
use crate::causes;
use crate::evidence::cache::{AnswerCache, Answers};
use crate::evidence::closing::{RECEIVER_HAD_CLOSED, SENDER_HAD_CLOSED};
use crate::evidence::data::SENDER_RECEIVED_DATA;
use crate::evidence::form::{RST_ANSWERS_SYN, RST_IS_ACTIVE, RST_IS_PASSIVE};
use crate::evidence::handshake::SYN_SEEN;
use crate::outcome::{Basis, Outcome, OutcomeKind};

use crate::evidence::path::{RST_CONTRADICTS_SENDER, RST_TTL_DIFFERS, SENDER_TALKED_ON, odd_signs};
use crate::evidence::vantage::{RST_LEFT_ITS_SENDER, RST_MADE_BETWEEN};
use crate::evidence::{Answer, AskedOf, Question};
use crate::harm::harm;
use crate::kernel::{KernelWord, RstReason};
use crate::rst::ResetKind;
use crate::severity;
use crate::sketches;

/// The title of what nothing explains.
pub const UNEXPLAINED: &str = "no cause in the catalogue fits what the capture shows";

/// The same, when this host only received it.
pub const UNEXPLAINED_HERE: &str = "only the host that sent the RST, or a capture, can tell why";

/// What tells a verdict apart that the capture of another point would give.
pub const RIVAL: &str = "the capture of another point, taken alone, would say so: one of the two is incomplete";

/// What is said of a sketch, where there is no verdict.
pub const SKETCHED: &str = "the catalogue describes it; whyrst has no rule for it yet";

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
        verdict(&mut Answers::of(outcome, &mut self.cache))
    }
}

fn verdict(answers: &mut Answers<'_>) -> Judgement {
    let outcome = answers.outcome();
    let mut candidates: Vec<Candidate> = causes::leading().filter_map(|cause| Candidate::new(cause, answers)).collect();
    if candidates.is_empty() && reported_by_sender(outcome) {
        // No packet shows what these are about, but the kernel's word names them.
        candidates.extend(causes::leading().filter_map(|cause| Candidate::not_excluded(cause, answers)));
    }
    candidates.sort_by_key(Candidate::rank);
    let kind = kind(answers);
    let Some((best, others)) = candidates.split_first() else {
        return unexplained(answers, kind);
    };
    let sketched = sketched_beside(best.cause, answers);
    let evidence = evidence(questions(&best.cause.rule), answers);
    let mut alternatives = alternatives(best, others, &sketched);
    let mut confidence = best.confidence(&evidence, others, &sketched, answers);
    if let Some(joined) = outcome.joined().filter(|joined| !joined.rivals.is_empty()) {
        confidence = confidence.min(Confidence::Possible);
        name_rivals(&joined.rivals, &mut alternatives);
    }
    let phase = outcome.connection().phase();
    let weight = severity::weigh(best.cause.rule.severity, outcome, phase, &harm(outcome, kind));
    Judgement {
        cause: Some(best.cause),
        title: title(best.cause, answers),
        confidence,
        alternatives,
        phase,
        origin: origin(answers, kind),
        kind,
        severity: weight.severity,
        ground: weight.ground,
        evidence,
        previews: previews(answers),
    }
}

/// The previews that are not excluded.
fn previews(answers: &mut Answers<'_>) -> Vec<&'static Cause> {
    causes::previews().filter(|cause| Candidate::new(cause, answers).is_some()).collect()
}

/// The ids of every cause that is not excluded, best first: the row of the matrix test.
pub fn rank(outcome: &Outcome) -> Vec<&'static str> {
    let judgement = judge(outcome);
    let best = judgement.cause.map(|cause| cause.id);
    best.into_iter().chain(judgement.alternatives.iter().map(|other| other.id)).collect()
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
}

/// A sketch that is not excluded, beside a cause that names it.
#[derive(Debug)]
struct Sketched {
    sketch: &'static Sketch,
    alike: &'static LookAlike,
    kernel: KernelFit,
    /// Nothing that it needs is unknown.
    complete: bool,
}

/// What the sender's kernel has to say of a cause.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum KernelFit {
    Says,
    NotAsked,
}

/// One sign decides nothing: a cause is *likely* when this many more signs speak for it than for
/// any other that fits. With three signs of two opposite causes that is: all of them.
const CLEAR_MARGIN: i32 = 3;

impl Candidate {
    fn new(cause: &'static Cause, answers: &mut Answers<'_>) -> Option<Self> {
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
        let kernel = kernel_fit(cause.rule.kernel_reasons, answers.outcome().kernel())?;
        let (mut missing, mut support) = (0, 0);
        for (role, question) in questions(&cause.rule) {
            let Some(answer) = answers.relevant(question) else { continue };
            if excludes(role, answer) {
                return None;
            }
            match role {
                Role::Need => missing += usize::from(*answer == Answer::Unknown),
                Role::Refutes | Role::Vantage => {}
                Role::Supports => support += i32::from(answer.is_yes()) - i32::from(answer.is_no()),
            }
        }
        Some(Self { cause, kernel, missing, support })
    }

    /// Smaller is better. Ties keep the order of the catalogue.
    fn rank(&self) -> (KernelFit, usize, bool, i32) {
        (self.kernel, self.missing, self.cause.rule.breadth == Breadth::Umbrella, -self.support)
    }

    fn confidence(
        &self,
        evidence: &[Evidence],
        others: &[Self],
        sketched: &[Sketched],
        answers: &mut Answers<'_>,
    ) -> Confidence {
        let outcome = answers.outcome();
        // A kernel that sent none excludes much and proves nothing.
        let kernel_says = self.kernel == KernelFit::Says && matches!(outcome.kernel(), KernelWord::Sent(_));
        let says = kernel_says || self.is_proven_by_both_ends(evidence, others, sketched, outcome);
        let rivals = || {
            others.iter().filter(|other| {
                let agrees = match self.likeness(other.cause.id) {
                    Some(Likeness::SpecialCase) => true,
                    Some(Likeness::Why) => kernel_says,
                    _ => false,
                };
                other.kernel == self.kernel
                    && other.missing == 0
                    && other.cause.rule.breadth == Breadth::Specific
                    && !agrees
            })
        };
        let close = rivals().any(|other| self.support - other.support < CLEAR_MARGIN);
        // The kernel's reason fits several causes, and what tells them apart was not seen.
        let goes_along =
            |other: &Self| matches!(self.likeness(other.cause.id), Some(Likeness::Why | Likeness::SpecialCase));
        let unseen = kernel_says && others.iter().any(|other| other.is_open_beside(self) && !goes_along(other));
        let is_twin = |likeness| matches!(likeness, Likeness::Identical | Likeness::Broader | Likeness::Why);
        let twin = rivals().any(|other| self.likeness(other.cause.id).is_some_and(is_twin))
            || sketched.iter().any(|one| one.holds_back(self.kernel));
        if self.is_the_kernels(answers) {
            return Confidence::Certain;
        }
        let weak = close
            || twin
            || unseen
            || refuses_unseen_syn(outcome)
            || self.is_doubtful(outcome)
            || self.is_unsupported_reason();
        if self.missing > 0 || self.cause.rule.breadth == Breadth::Umbrella || weak {
            Confidence::Possible
        } else if says && rivals().next().is_none() && (reported_by_sender(outcome) || !leaves_open(evidence)) {
            Confidence::Certain
        } else {
            Confidence::Likely
        }
    }

    /// No other cause gives this word: then the kernel has decided, and what a socket's history
    /// cannot show is not missing.
    fn is_the_kernels(&self, answers: &mut Answers<'_>) -> bool {
        let outcome = answers.outcome();
        if !reported_by_sender(outcome)
            || self.kernel != KernelFit::Says
            || self.cause.rule.breadth != Breadth::Specific
        {
            return false;
        }
        let fits = |reasons| kernel_fit(reasons, outcome.kernel()) == Some(KernelFit::Says);
        let causes = causes::leading().filter(|cause| fits(cause.rule.kernel_reasons)).count();
        let mut sketched = sketches::SKETCHES.iter().filter(|sketch| fits(sketch.kernel_reasons));
        causes == 1 && !sketched.any(|sketch| stands(sketch, answers).is_some())
    }

    /// Captures on both sides of where the RST was made show that its sender did not send it, and that
    /// is what the cause says; and nothing that looks the same remains possible. A capture can lose a
    /// single packet without a trace, so the RST itself must also be odd.
    fn is_proven_by_both_ends(
        &self,
        evidence: &[Evidence],
        others: &[Self],
        sketched: &[Sketched],
        outcome: &Outcome,
    ) -> bool {
        let is_twin = |likeness| {
            matches!(likeness, Likeness::Identical | Likeness::Broader | Likeness::Why | Likeness::SpecialCase)
        };
        let shows =
            |one: &Evidence| one.answer.is_yes() && one.role != Role::Refutes && one.question == &RST_MADE_BETWEEN;
        evidence.iter().any(shows)
            && !sketched.iter().any(|one| is_twin(one.alike.likeness))
            && !others.iter().any(|other| self.likeness(other.cause.id).is_some_and(is_twin))
            && (odd_signs(outcome) > 0 || SENDER_TALKED_ON.answer(outcome).is_yes())
    }

    /// The kernel says this one as well, and the capture misses what would decide.
    fn is_open_beside(&self, best: &Self) -> bool {
        self.kernel == best.kernel && self.missing > 0 && self.cause.rule.breadth == Breadth::Specific
    }

    fn likeness(&self, other: &str) -> Option<Likeness> {
        alike::likeness(self.cause, other)
    }

    /// Why a program or device resets is seldom in the packets: such a cause needs signs of its own,
    /// not only that nothing else is left.
    fn is_unsupported_reason(&self) -> bool {
        let is_reason = alike::look_alikes(self.cause).any(|alike| alike.likeness == Likeness::How);
        is_reason && self.support < CLEAR_MARGIN
    }

    /// One field of the RST is not its sender's: no proof of a forgery, but of no certainty either.
    fn is_doubtful(&self, outcome: &Outcome) -> bool {
        let from_host = self.cause.rule.refuted_by.contains(&&RST_CONTRADICTS_SENDER);
        self.kernel == KernelFit::NotAsked && from_host && odd_signs(outcome) > 0
    }
}

/// Something that would exclude a cause was not seen. Who made the RST is no question: its kernel says
/// so, or captures of both ends.
fn leaves_open(evidence: &[Evidence]) -> bool {
    let open = |one: &Evidence| one.role == Role::Refutes && one.answer == Answer::Unknown;
    let of_maker =
        |one: &Evidence| *one.question == RST_CONTRADICTS_SENDER || (one.question.asked_of == AskedOf::SeveralPoints);
    evidence.iter().any(|one| open(one) && !of_maker(one))
}

impl Sketched {
    fn new(alike: &'static LookAlike, answers: &mut Answers<'_>) -> Option<Self> {
        let sketch = sketches::find(alike.cause)?;
        let kernel = kernel_fit(sketch.kernel_reasons, answers.outcome().kernel())?;
        let complete = stands(sketch, answers)?;
        Some(Self { sketch, alike, kernel, complete })
    }

    /// Nothing in the packets prefers the cause beside it.
    fn holds_back(&self, kernel: KernelFit) -> bool {
        self.alike.likeness == Likeness::Identical && self.complete && self.kernel <= kernel
    }
}

/// A refusal by its form, and the capture misses the SYN: what came before it may decide.
fn refuses_unseen_syn(outcome: &Outcome) -> bool {
    outcome.basis() == Basis::Packets
        && outcome.rst().is_some_and(|rst| rst.trigger.is_none())
        && RST_ANSWERS_SYN.answer(outcome).is_yes()
}

/// The sender's kernel reported it, with the socket as it was: single packets decide nothing more.
fn reported_by_sender(outcome: &Outcome) -> bool {
    outcome.basis() == Basis::Sockets && matches!(outcome.kernel(), KernelWord::Sent(_))
}

/// Only its receiver's kernel reported it: that knows nothing of why.
fn reported_by_receiver(outcome: &Outcome) -> bool {
    outcome.basis() == Basis::Sockets && !matches!(outcome.kernel(), KernelWord::Sent(_))
}

/// `None` when the sketch is excluded; whether everything that it needs was seen.
fn stands(sketch: &Sketch, answers: &mut Answers<'_>) -> Option<bool> {
    let mut complete = true;
    for question in sketch.needs {
        match answers.answer(question) {
            Answer::Yes(_) => {}
            Answer::No(_) => return None,
            Answer::Unknown => complete = false,
        }
    }
    let refuted = sketch.refuted_by.iter().any(|question| answers.answer(question).is_yes());
    (!refuted).then_some(complete)
}

fn sketched_beside(cause: &'static Cause, answers: &mut Answers<'_>) -> Vec<Sketched> {
    alike::look_alikes(cause).filter_map(|alike| Sketched::new(alike, answers)).collect()
}

/// `None` when the kernel's word excludes what gives these reasons.
fn kernel_fit(reasons: &[KernelSign], word: &KernelWord) -> Option<KernelFit> {
    match word {
        KernelWord::NotAsked => Some(KernelFit::NotAsked),
        KernelWord::SentNone => {
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

const fn excludes(role: Role, answer: &Answer) -> bool {
    match role {
        Role::Need => answer.is_no(),
        Role::Refutes => answer.is_yes(),
        Role::Supports | Role::Vantage => false,
    }
}

fn title(cause: &Cause, answers: &mut Answers<'_>) -> &'static str {
    let special = cause.rule.variants.iter().position(|question| answers.answer(question).is_yes());
    special.and_then(|at| cause.en.variants.get(at)).copied().unwrap_or(cause.en.title)
}

/// The other candidates, then the sketches that the cause names: first those that fit entirely.
fn alternatives(best: &Candidate, others: &[Candidate], sketched: &[Sketched]) -> Vec<Alternative> {
    let candidate = |other: &'static Cause| {
        let alike = alike::look_alikes(best.cause).find(|alike| alike.cause == other.id);
        Alternative {
            id: other.id,
            title: other.en.title,
            told_apart_by: alike.map_or(other.en.title, |alike| alike.told_apart_by.en),
        }
    };
    let of = |complete: bool| sketched.iter().filter(move |one| one.complete == complete);
    let named = of(true).chain(of(false)).map(|one| Alternative {
        id: one.sketch.id,
        title: one.sketch.title,
        told_apart_by: one.alike.told_apart_by.en,
    });
    others.iter().map(|other| candidate(other.cause)).chain(named).collect()
}

/// What the capture of another point would call it.
fn name_rivals(rivals: &[&'static str], alternatives: &mut Vec<Alternative>) {
    for cause in rivals.iter().filter_map(|id| causes::find(id)) {
        if alternatives.iter().all(|other| other.id != cause.id) {
            alternatives.insert(0, Alternative { id: cause.id, title: cause.en.title, told_apart_by: RIVAL });
        }
    }
}

/// What is known by name only, when no cause fits.
fn sketched_alone(answers: &mut Answers<'_>) -> Vec<Alternative> {
    let outcome = answers.outcome();
    if outcome.kind() != OutcomeKind::Reset {
        return Vec::new();
    }
    let fits = |sketch: &&Sketch| {
        kernel_fit(sketch.kernel_reasons, outcome.kernel()).is_some() && stands(sketch, answers) == Some(true)
    };
    let named = |sketch: &'static Sketch| Alternative { id: sketch.id, title: sketch.title, told_apart_by: SKETCHED };
    sketches::SKETCHES.iter().filter(fits).map(named).collect()
}

fn unexplained(answers: &mut Answers<'_>, kind: ResetKind) -> Judgement {
    let outcome = answers.outcome();
    let general = GENERAL.iter().map(|question| (Role::Supports, *question));
    let phase = outcome.connection().phase();
    let weight = severity::weigh(Severity::Fault, outcome, phase, &harm(outcome, kind));
    Judgement {
        cause: None,
        title: match (outcome.basis(), outcome.kernel()) {
            (Basis::Sockets | Basis::Sample, KernelWord::NotAsked) => UNEXPLAINED_HERE,
            _ => UNEXPLAINED,
        },
        confidence: Confidence::Unexplained,
        alternatives: sketched_alone(answers),
        evidence: evidence(general, answers),
        previews: previews(answers),
        phase,
        origin: origin(answers, kind),
        kind,
        severity: weight.severity,
        ground: weight.ground,
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
    let alike = kind != ResetKind::Unknown && answers.answer(&RST_TTL_DIFFERS).is_no();
    match answers.answer(&RST_CONTRADICTS_SENDER) {
        Answer::Yes(_) => Origin::Path,
        Answer::No(_) if alike => Origin::Endpoint,
        _ => Origin::Unknown,
    }
}
