//! Whether scenario, calls, kernel and verdicts agree.
//!
//! Each end's capture is explained alone, as `whyrst explain` would explain the kept file, with the
//! kernel's recording beside it when there is one.

use std::fmt::Write;

use whyrst_capture::{Counts, LinkType, Record, Unsaid};
use whyrst_core::observation::{Frame as FrameNumber, Interface};
use whyrst_core::outcome::Outcome;
use whyrst_core::recording::Recording;
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::verdict::{Judgement, judge as judge_outcome};
use whyrst_probe::SocketReset;

use crate::answers;
use crate::attribution::sender;
use crate::played::{End, Played};
use crate::scenario::{First, Host, View};

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
    /// Every outcome with its verdict, in order; with the kernel's word where it was asked.
    pub outcomes: Vec<(Outcome, Judgement)>,
    /// The first answers from its packets alone, in order; equal ones in a row are one.
    pub alone: Vec<First>,
}

/// Judges a play from both ends and compares everything with what the scenario expects.
pub fn judge(played: &Played) -> Judged {
    let recording = played.kernel.as_ref().ok();
    let ends = played.ends.each_ref().map(|end| explain(end, recording));
    let live: Option<Vec<_>> = played.told.as_ref().ok().map(|resets| resets.iter().map(judge_told).collect());
    let expect = &played.scenario.expect;
    let mut disagreements = played.disagreements.clone();
    if disagreements.is_empty() {
        disagreements.extend(kernel_disagreement(played));
        for (end, judged) in ends.iter().enumerate() {
            let host = played.ends[end].host;
            disagreements.extend(answers::disagreement(expect, host, View::Packets, &judged.alone));
            let with_kernel = recording.map(|_| judged.firsts());
            disagreements.extend(with_kernel.and_then(|it| answers::disagreement(expect, host, View::Kernel, &it)));
        }
        let told = live.iter().flatten();
        disagreements
            .extend(told.filter_map(|(outcome, judgement)| answers::live_disagreement(expect, outcome, judgement)));
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
            unsaid: Unsaid::NOTHING,
        };
        if let Ok(observation) = record.observe(&mut counts) {
            tracker.observe(&observation);
        }
    }
    tracker.finish();
    let (mut outcomes, mut alone) = (Vec::new(), Vec::new());
    while let Some(mut outcome) = tracker.poll() {
        alone.push(First::of_judgement(&judge_outcome(&outcome)));
        if let Some(recording) = recording {
            recording.note_word(&mut outcome);
        }
        let judgement = judge_outcome(&outcome);
        outcomes.push((outcome, judgement));
    }
    alone.dedup();
    EndJudged { name: end.name, outcomes, alone }
}

/// The first answers of what one capture holds, from its packets alone.
pub(crate) fn firsts_alone(end: &End) -> Vec<First> {
    explain(end, None).alone
}

fn judge_told(reset: &SocketReset) -> (Outcome, Judgement) {
    let outcome = reset.outcome();
    let judgement = judge_outcome(&outcome);
    (outcome, judgement)
}

fn dropped(end: &End) -> String {
    format!("the capture of the {} lost {} packets", end.name, end.dropped)
}

/// What the kernels said, where that is not what the scenario says: whose kernel, and which reason, in order; equal ones
/// in a row are one. `None` also where no kernel was asked.
pub fn kernel_disagreement(played: &Played) -> Option<String> {
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

impl EndJudged {
    /// The first answers of `outcomes`; equal ones in a row are one.
    pub fn firsts(&self) -> Vec<First> {
        answers::firsts(self.outcomes.iter().map(|(_, judgement)| judgement))
    }
}
