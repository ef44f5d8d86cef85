//! The fixtures as packets, and what a capture of packets leads to.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::Cursor;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use whyrst_capture::{Capture, Pulled, Reason, Step, recording};
use whyrst_core::causes;
use whyrst_core::flow::Side;
use whyrst_core::history::Record;
use whyrst_core::outcome::{Outcome, OutcomeKind};
use whyrst_core::recording::Recording;
use whyrst_core::segment::Endpoint;
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::verdict::{Confidence, Judgement, judge};

pub(super) const ENDS: [&str; 2] = ["client", "server"];

/// What the lab recorded of a scenario.
#[derive(Clone, Debug)]
pub(super) struct Fixture {
    /// The scenario's, and its folder's name.
    pub(super) id: String,
}

/// Every one, by name.
pub(super) fn all() -> Vec<Fixture> {
    let folders = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut ids: Vec<String> = folders.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    ids.sort();
    assert!(ids.len() > 100, "{ids:?}");
    ids.into_iter().map(|id| Fixture { id }).collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// An IP packet.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    pub(super) micros: i64,
    pub(super) octets: Vec<u8>,
}

impl Packet {
    pub(super) fn later(&self, micros: i64) -> Self {
        Self { micros: self.micros + micros, octets: self.octets.clone() }
    }

    pub(super) fn is_v6(&self) -> bool {
        self.octets[0] >> 4 == 6
    }

    /// Source address.
    pub(super) fn source(&self) -> &[u8] {
        if self.is_v6() { &self.octets[8..24] } else { &self.octets[12..16] }
    }
}

fn folder(of: &Fixture) -> PathBuf {
    fixtures().join(&of.id)
}

pub(super) fn packets(of: &Fixture, end: &str) -> Vec<Packet> {
    let mut capture = Capture::open(&folder(of).join(end).with_extension("pcapng"), 0).unwrap();
    let mut packets = Vec::new();
    loop {
        match capture.next_record().unwrap() {
            Pulled::Record(record) => {
                packets.push(Packet { micros: record.time.nanos() / 1_000, octets: record.bytes.to_vec() });
            }
            Pulled::PassedOver(..) | Pulled::Idle => {}
            Pulled::End => return packets,
        }
    }
}

pub(super) fn events(of: &Fixture) -> Recording {
    recording::open(&folder(of).join("events.jsonl")).unwrap().recording
}

/// What is said of one connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Told {
    pub(super) ends: [Endpoint; 2],
    pub(super) kind: OutcomeKind,
    pub(super) cause: &'static str,
    pub(super) confidence: Confidence,
    pub(super) others: Vec<&'static str>,
    /// Each step of the verdict that says something.
    pub(super) steps: Vec<Said>,
}

/// One step of a verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Said {
    /// `family`, `mechanism` or `reason`.
    pub(super) step: &'static str,
    pub(super) id: &'static str,
    pub(super) confidence: Confidence,
}

impl Said {
    fn all(judgement: &Judgement) -> Vec<Self> {
        let family = judgement.shape.map(|shape| ("family", shape.family.name(), shape.confidence));
        let how = judgement.mechanism.as_ref().map(|how| ("mechanism", how.cause.id, how.confidence));
        let why = judgement.reasons.iter().map(|reason| ("reason", reason.cause.id, reason.confidence));
        let steps = family.into_iter().chain(how).chain(why);
        steps.map(|(step, id, confidence)| Self { step, id, confidence }).collect()
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.id, self.confidence.name())
    }
}

impl Told {
    /// Of the traffic that a test mixed in: its addresses are outside the lab's.
    pub(super) fn is_of_others(&self) -> bool {
        self.ends.iter().any(|end| matches!(end.ip, IpAddr::V4(ip) if ip.octets()[1] != 77))
    }

    /// Whether this says at `now`'s step the same as surely, or, of how or why, something that can be true beside it.
    /// Of the shape it may say another as surely: what was missed can have left no trace.
    pub(super) fn is_as_sure_of(&self, other: &Self, now: &Said) -> bool {
        let mut here = self.steps.iter().filter(|said| said.step == now.step);
        let same = here.any(|said| said.id == now.id && said.confidence >= now.confidence);
        let sure = self.steps.iter().filter(|said| said.step != "family" && said.confidence >= now.confidence);
        let beside = now.step != "family"
            && sure.into_iter().any(|said| said.id != now.id && causes::may_both_hold(said.id, now.id));
        let mut shapes = self.steps.iter().filter(|said| said.step == "family" && now.step == "family");
        let surer = shapes.any(|said| {
            said.confidence >= now.confidence.max(Confidence::Likely) && now.confidence < Confidence::Certain
        });
        self.is_about(other) && self.kind == other.kind && (same || beside || surer)
    }

    /// About a connection between the same ends. In a simultaneous open both are openers (RFC 9293 section 3.5,
    /// figure 7), and the one whose SYN is captured first is called the client.
    pub(super) fn is_about(&self, other: &Self) -> bool {
        let [client, server] = self.ends;
        other.ends == [client, server] || other.ends == [server, client]
    }

    /// What is said at that step.
    pub(super) fn words_at(&self, step: &str) -> String {
        let said: Vec<String> = self.steps.iter().filter(|said| said.step == step).map(ToString::to_string).collect();
        if said.is_empty() { "nothing".to_owned() } else { said.join(" + ") }
    }
}

/// A verdict, and what it is about.
#[derive(Clone, Debug)]
pub(super) struct Explained {
    pub(super) told: Told,
    pub(super) seen: Seen,
}

/// What of a connection was in the capture.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// When each RST came, as [`Packet::micros`]. The verdict is about the first.
    pub(super) resets: Vec<i64>,
    /// When the segments came that they answer.
    pub(super) answered: Vec<i64>,
    /// How many segments followed the first.
    pub(super) followed: u32,
    /// Numbers show that something is missing.
    pub(super) has_gap: bool,
    /// Of one end there is nothing.
    pub(super) one_sided: bool,
}

impl Seen {
    fn of(outcome: &Outcome) -> Self {
        let micros = |record: &Record| record.time.nanos() / 1_000;
        let finally = outcome.finally();
        Self {
            resets: outcome.rsts().iter().map(|rst| micros(&rst.record)).collect(),
            answered: outcome.rsts().iter().filter_map(|rst| rst.trigger.as_ref().map(micros)).collect(),
            followed: outcome.after_total(),
            has_gap: Side::BOTH.iter().any(|side| finally.has_gap(*side)),
            one_sided: outcome.one_sided(),
        }
    }

    /// When the RST came that the verdict is about.
    pub(super) fn first_reset(&self) -> Option<i64> {
        self.resets.first().copied()
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.cause, self.confidence.name())
    }
}

pub(super) fn words(whole: &[Explained], step: &str) -> String {
    whole.iter().map(|one| one.told.words_at(step)).collect::<Vec<_>>().join(", ")
}

/// The kernel's recording, where it is asked.
pub(super) type Heard<'a> = Option<&'a Recording>;

/// What a capture leads to.
pub(super) fn told(file: &[u8], heard: Heard<'_>) -> Vec<Told> {
    explained(file, heard).into_iter().map(|one| one.told).collect()
}

fn explained(file: &[u8], heard: Heard<'_>) -> Vec<Explained> {
    let mut capture = Capture::from_reader(Cursor::new(file.to_vec()), "fixture", 0).unwrap();
    let mut tracker = Tracker::new(Limits::default());
    loop {
        match capture.next().unwrap() {
            Step::Observation(seen) => tracker.observe(&seen),
            // Of a capture that was cut.
            Step::PassedOver(frame, reason) if reason != Reason::RecordCut => {
                panic!("frame {frame} passed over: {reason}")
            }
            Step::PassedOver(..) | Step::Idle => {}
            Step::End => break,
        }
    }
    tracker.finish();
    let outcomes = std::iter::from_fn(|| tracker.poll());
    outcomes
        .map(|mut outcome| {
            if let Some(recording) = heard {
                recording.note_word(&mut outcome);
            }
            let judgement = judge(&outcome);
            let connection = outcome.connection();
            let told = Told {
                ends: [connection.client, connection.server()].map(|side| connection.endpoint(side)),
                kind: outcome.kind(),
                cause: judgement.cause.map_or("unexplained", |cause| cause.id),
                confidence: judgement.confidence,
                others: judgement.alternatives.iter().map(|other| other.cause.id).collect(),
                steps: Said::all(&judgement),
            };
            Explained { told, seen: Seen::of(&outcome) }
        })
        .collect()
}

pub(super) fn told_of_packets(packets: &[Packet], heard: Heard<'_>) -> Vec<Told> {
    told(&super::wrap::file(packets, &super::wrap::RAW), heard)
}

pub(super) fn explained_of_packets(packets: &[Packet], heard: Heard<'_>) -> Vec<Explained> {
    explained(&super::wrap::file(packets, &super::wrap::RAW), heard)
}

/// Equal to what the file in `fixtures/` holds; or, blessing, what it holds from now on.
pub(super) fn assert_snapshot(name: &str, now: &str) {
    let path = fixtures().join(name);
    if std::env::var_os("WHYRST_BLESS").is_some() {
        fs::write(&path, now).unwrap();
        return;
    }
    let before = fs::read_to_string(&path).unwrap_or_default();
    let (before, now): (BTreeSet<&str>, BTreeSet<&str>) = (before.lines().collect(), now.lines().collect());
    let changed: Vec<String> = [(&before, &now, "-"), (&now, &before, "+")]
        .into_iter()
        .flat_map(|(of, without, mark)| of.difference(without).map(move |line| format!("{mark} {line}")))
        .collect();
    let hint = "if that is right: WHYRST_BLESS=1 cargo test";
    assert!(changed.is_empty(), "{} has changed; {hint}:\n{}", path.display(), changed.join("\n"));
}
