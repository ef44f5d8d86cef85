//! Whether scenario, calls, kernel and verdicts agree.
//!
//! Each end's capture is explained alone, as `whyrst explain` would explain the kept file, with the
//! kernel's recording beside it when there is one.

use std::fmt::Write;
use std::net::IpAddr;

use whyrst_capture::{Counts, LinkType, Record};
use whyrst_core::cause::Breadth;
use whyrst_core::flow::Side;
use whyrst_core::kernel::KernelWord;
use whyrst_core::observation::{Frame as FrameNumber, Interface};
use whyrst_core::outcome::{Outcome, OutcomeKind};
use whyrst_core::recording::Recording;
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::verdict::{Confidence, Judgement, judge as judge_outcome};
use whyrst_core::causes;
use whyrst_probe::SocketReset;

use crate::attribution::sender;
use crate::played::{End, Played};
use crate::plug::{ipv4_of, ipv6_of};
use crate::scenario::{Expect, Host, Verdicts};

/// What was made of a play.
#[derive(Debug)]
pub struct Judged {
    /// What each end's capture led to: client, then server.
    pub ends: [EndJudged; 2],
    /// What the probe's account of the sockets led to, without any packet; `None` where it was not loaded.
    pub live: Option<Vec<(Outcome, Judgement)>>,
    /// Everything that is not as the scenario says; empty when it passed.
    pub disagreements: Vec<String>,
}

impl Judged {
    /// Whether all is as the scenario says.
    pub const fn passed(&self) -> bool {
        self.disagreements.is_empty()
    }
}

/// What one end's capture led to.
#[derive(Debug)]
pub struct EndJudged {
    /// `client` or `server`.
    pub name: &'static str,
    /// Every outcome with its verdict, in order.
    pub outcomes: Vec<(Outcome, Judgement)>,
}

/// Judges a play from both ends and compares everything with what the scenario expects.
pub fn judge(played: &Played) -> Judged {
    let recording = played.kernel.as_ref().ok();
    let ends = played.ends.each_ref().map(|end| explain(end, recording));
    let live: Option<Vec<_>> = played.told.as_ref().ok().map(|resets| resets.iter().map(judge_told).collect());
    let expect = &played.scenario.expect;
    let mut disagreements = played.disagreements.clone();
    if disagreements.is_empty() {
        disagreements.extend(compare_kernel(played));
        for (judged, expected) in ends.iter().zip([expect.client, expect.server]) {
            disagreements.extend(compare_verdicts(judged, expected, recording.is_some()));
        }
        disagreements.extend(live.iter().flatten().filter_map(|told| compare_live(told, expect)));
        disagreements.extend(played.ends.iter().filter(|end| end.dropped > 0).map(dropped));
    }
    Judged { ends, live, disagreements }
}

fn explain(end: &End, recording: Option<&Recording>) -> EndJudged {
    let mut tracker = Tracker::new(Limits::default());
    let mut counts = Counts::default();
    for (number, frame) in (1..).zip(&end.frames) {
        let record = Record {
            frame: FrameNumber::new(0, number),
            time: frame.time,
            interface: Interface::default(),
            link: LinkType::RAW,
            original: u32::try_from(frame.bytes.len()).unwrap_or(u32::MAX),
            bytes: &frame.bytes,
        };
        if let Ok(observation) = record.observe(&mut counts) {
            tracker.observe(&observation);
        }
    }
    tracker.finish();
    let mut outcomes = Vec::new();
    while let Some(mut outcome) = tracker.poll() {
        if let Some(recording) = recording {
            recording.note_word(&mut outcome);
        }
        let judgement = judge_outcome(&outcome);
        outcomes.push((outcome, judgement));
    }
    EndJudged { name: end.name, outcomes }
}

fn judge_told(reset: &SocketReset) -> (Outcome, Judgement) {
    let outcome = reset.outcome();
    let judgement = judge_outcome(&outcome);
    (outcome, judgement)
}

/// Sockets alone may leave several causes, as packets may: then the expected one must be among
/// those named. They show how a RST was made and not always why, so a cause that names the other as
/// its look-alike is the same thing more closely said. Of a RST that no kernel sent its receiver knows nothing, so it must not be sure.
fn compare_live((outcome, judgement): &(Outcome, Judgement), expect: &Expect) -> Option<String> {
    // What a proxy of the play has with others, or with itself, stands in neither capture.
    let hosts = [Host::Client, Host::Server].map(|host| [IpAddr::from(ipv4_of(host)), IpAddr::from(ipv6_of(host))]);
    let ends = Side::BOTH.map(|side| outcome.connection().endpoint(side).ip);
    let between_them = ends.iter().all(|ip| hosts.as_flattened().contains(ip)) && ends[0] != ends[1];
    // A RST can be sent and never leave its host: a link that is down, a filter on the way out.
    let never_left = matches!((expect.client, expect.server), (Verdicts::NoReset, Verdicts::NoReset));
    let causes_of_both = [expect.client, expect.server].into_iter().flat_map(|verdicts| match verdicts {
        Verdicts::Resets(causes) => causes,
        Verdicts::NoReset | Verdicts::FailedConnect(_) => &[],
    });
    let named = judgement.cause.map_or("unexplained", |cause| cause.id);
    let alternatives = || judgement.alternatives.iter().map(|other| other.cause.id);
    let unsure = judgement.confidence <= Confidence::Possible;
    // An umbrella says that more cannot be known.
    let umbrella = judgement.cause.is_some_and(|cause| cause.rule.breadth == Breadth::Umbrella);
    let nobody_knows = unsure && (umbrella || !matches!(outcome.kernel(), KernelWord::Sent(_)));
    let more_closely = |cause: &str| causes::may_both_hold(cause, named);
    let mut expected = causes_of_both.copied();
    let fits = expected
        .any(|cause| cause == named || more_closely(cause) || (unsure && alternatives().any(|other| other == cause)));
    let confidence = judgement.confidence.name();
    (between_them && !never_left && !fits && !nobody_knows)
        .then(|| format!("the probe's sockets lead to {named} ({confidence})"))
}

fn dropped(end: &End) -> String {
    format!("the capture of the {} lost {} packets", end.name, end.dropped)
}

/// The kernels' reasons in order, equal ones in a row taken as one.
fn compare_kernel(played: &Played) -> Option<String> {
    let recording = played.kernel.as_ref().ok()?;
    if recording.lost > 0 {
        return Some(format!("the kernel's ring buffer lost {} events", recording.lost));
    }
    let everybody = played.everybody();
    let said = recording.resets.iter().map(|reset| (sender(reset, &everybody), reset.reason_name.as_str()));
    let mut said: Vec<(Option<Host>, &str)> = said.collect();
    said.dedup();
    let expected: Vec<(Option<Host>, &str)> =
        played.scenario.expect.kernel.iter().map(|(host, reason)| (Some(*host), reason.name())).collect();
    (said != expected).then(|| format!("the kernels should say {}, but they said {}", words(&expected), words(&said)))
}

fn words(reasons: &[(Option<Host>, &str)]) -> String {
    if reasons.is_empty() {
        return "nothing".into();
    }
    let mut text = String::new();
    for (host, reason) in reasons {
        let _ = write!(text, "{} {reason}, ", host.map_or("unknown", Host::name));
    }
    text.trim_end_matches(", ").into()
}

/// With the kernel's word the verdict must be the expected cause, or be sure of nothing that the
/// catalogue says cannot be told from it. Packets alone may leave several that look the same: then
/// the expected one must be among those named.
fn compare_verdicts(judged: &EndJudged, expected: Verdicts, kernel_asked: bool) -> Option<String> {
    let (kind, causes): (_, &[&str]) = match &expected {
        Verdicts::Resets(causes) => (OutcomeKind::Reset, causes),
        Verdicts::NoReset => (OutcomeKind::Reset, &[]),
        Verdicts::FailedConnect(cause) => (OutcomeKind::FailedConnect, std::slice::from_ref(cause)),
    };
    let found: Vec<&Judgement> =
        judged.outcomes.iter().filter(|(outcome, _)| outcome.kind() == kind).map(|(_, judgement)| judgement).collect();
    let others = judged.outcomes.len() - found.len();
    let fits = |judgement: &Judgement, cause: &str| {
        judgement.allows(cause) || (!kernel_asked && judgement.alternatives.iter().any(|other| other.cause.id == cause))
    };
    if others == 0 && in_order(&found, causes, fits) {
        return None;
    }
    let wanted = if causes.is_empty() { "no reset".into() } else { causes.join(", ") };
    Some(format!("the {}'s capture should lead to {wanted}, but it led to {}", judged.name, judged.summary()))
}

/// Whether the causes describe all of `found` in order, each one of at least one in a row.
fn in_order(found: &[&Judgement], causes: &[&str], fits: impl Fn(&Judgement, &str) -> bool) -> bool {
    let mut rest = found;
    for cause in causes {
        let run = rest.iter().take_while(|judgement| fits(judgement, cause)).count();
        if run == 0 {
            return false;
        }
        rest = &rest[run..];
    }
    rest.is_empty()
}

impl EndJudged {
    /// `closed-port (possible, or fw-reject-syn)`, one entry for equal ones in a row.
    pub fn summary(&self) -> String {
        let mut verdicts: Vec<String> = self.outcomes.iter().map(|(_, judgement)| verdict(judgement)).collect();
        verdicts.dedup();
        if verdicts.is_empty() { "no reset".into() } else { verdicts.join("; ") }
    }
}

fn verdict(judgement: &Judgement) -> String {
    let id = judgement.cause.map_or("unexplained", |cause| cause.id);
    let mut text = format!("{id} ({}", judgement.confidence.name());
    for other in &judgement.alternatives {
        let _ = write!(text, ", or {}", other.cause.id);
    }
    text + ")"
}
