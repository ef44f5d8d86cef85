//! The machine's report: one object a line, schemas `whyrst.reset/1` and `whyrst.failed-connect/1`
//! (DESIGN section 4). Fields may be added, never changed in meaning; what is not known is `null`.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::Serialize;

use super::account::{ProcessObject, SocketObject};
use super::escape::escape;
use super::page::PageObject;
use super::said::{self, SaidObject};
use super::vantage::VantageObject;
use super::{Context, Report};
use crate::connection::Roles;
use crate::ending::{Ending, EndingKind, KernelWord, OnWire, Rst};
use crate::evidence::idle::idle_suspects;
use crate::evidence::{Answer, Facts};
use crate::flow::Side;
use crate::kernel::Told;
use crate::segment::Endpoint;
use crate::time::Timestamp;
use crate::timeouts::IdleTimeout;
use crate::verdict::{Evidence, Role};
use crate::zeek::conn_state;

/// One line of JSON for `ending`, without a line end.
pub fn line(ending: &Ending, context: &Context) -> String {
    folded_line(ending, context, 1)
}

/// One line of JSON that stands for `count` endings that are equal but for their times and ports.
pub fn folded_line(ending: &Ending, context: &Context, count: u64) -> String {
    let report = Report::new(ending, context);
    serde_json::to_string(&Object { count, ..report.object() }).unwrap_or_default()
}

/// One line of JSON for what was told live, with the resets like it that were only counted.
pub fn told_line(told: &Told, context: &Context) -> String {
    folded_line(&told.reset.ending(), context, told.more.max(1))
}

/// One line of JSON for what was judged already, without a line end.
pub fn line_of(report: &Report<'_>) -> String {
    serde_json::to_string(&report.object()).unwrap_or_default()
}

/// The same with what a page shows beyond it (the ladder, the sentences of the text report), and without
/// the answers that it does not show: what is unknown stands in its sentences, and what might have refuted the
/// verdict and did not is no evidence for it.
pub fn page_line(report: &Report<'_>, count: u64) -> String {
    let mut object = Object { count, page: Some(report.page_object()), ..report.object() };
    object.evidence.retain(|one| one.answer != "unknown" && (one.role != Role::Refutes.name() || one.answer == "yes"));
    serde_json::to_string(&object).unwrap_or_default()
}

#[derive(Serialize)]
struct Object<'a> {
    schema: &'static str,
    source: &'a str,
    time: String,
    client: End,
    server: End,
    roles: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_wire: Option<OnWireObject>,
    resets: Vec<RstObject<'a>>,
    resets_total: u32,
    phase: &'static str,
    origin: &'static str,
    kind: &'static str,
    verdict: Verdict,
    alternatives: Vec<AlternativeObject>,
    evidence: Vec<EvidenceObject>,
    advice: Vec<String>,
    kernel: Option<KernelObject<'a>>,
    socket: Option<SocketObject>,
    process: Option<ProcessObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_socket: Option<SocketObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_process: Option<ProcessObject<'a>>,
    idle_suspects: Option<Vec<SuspectObject>>,
    display_filter: String,
    capture_filter: String,
    history: &'a str,
    conn_state: &'static str,
    severity: &'static str,
    severity_reason: String,
    asked_for: Option<AskedObject<'a>>,
    tampering_signature: Option<&'static str>,
    effect: Effect,
    count: u64,
    stats: Stats,
    #[serde(skip_serializing_if = "Option::is_none")]
    vantage: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vantages: Option<Vec<VantageObject<'a>>>,
    #[serde(flatten)]
    page: Option<PageObject<'a>>,
}

/// The ends that the other host knows the connection by; not there where nobody knows what this host's NAT makes of
/// them.
#[derive(Serialize)]
struct OnWireObject {
    client: End,
    server: End,
}

#[derive(Serialize)]
pub(super) struct End {
    ip: String,
    port: u16,
}

impl From<Endpoint> for End {
    fn from(end: Endpoint) -> Self {
        Self { ip: end.ip.to_string(), port: end.port }
    }
}

#[derive(Serialize)]
struct RstObject<'a> {
    file: String,
    frame: Option<u64>,
    time: String,
    from: &'static str,
    flags: Option<String>,
    seq_rel: u32,
    ack_rel: Option<u32>,
    seq: u32,
    ack: Option<u32>,
    window: Option<u16>,
    ttl: Option<u8>,
    payload: Option<String>,
    said: Option<SaidObject>,
    answers: Option<u64>,
    accepted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<BTreeMap<&'a str, u64>>,
}

#[derive(Serialize)]
struct Verdict {
    cause: &'static str,
    confidence: &'static str,
    title: String,
}

#[derive(Serialize)]
struct AlternativeObject {
    cause: &'static str,
    confidence: &'static str,
    told_apart_by: String,
}

#[derive(Serialize)]
struct EvidenceObject {
    question: &'static str,
    answer: &'static str,
    role: &'static str,
    frames: Vec<u64>,
    text: String,
}

#[derive(Serialize)]
struct KernelObject<'a> {
    reason: Option<&'a str>,
    state: Option<&'a str>,
    skb_drop: Option<&'a str>,
    stack: &'a [String],
}

/// A known idle timeout that the silence before the reset fits: a hint, not a proof.
#[derive(Serialize)]
struct SuspectObject {
    name: &'static str,
    seconds: u32,
    on_expiry: &'static str,
    source: &'static str,
}

impl From<&'static IdleTimeout> for SuspectObject {
    fn from(timeout: &'static IdleTimeout) -> Self {
        let IdleTimeout { name, seconds, expiry, source, .. } = timeout;
        Self { name, seconds: *seconds, on_expiry: expiry.name(), source }
    }
}

/// The name that the client asked for in clear text.
#[derive(Serialize)]
struct AskedObject<'a> {
    name: &'a str,
    stood_in: &'static str,
}

#[derive(Serialize)]
struct Effect {
    accepted: Option<bool>,
    lost_client_bytes: Option<u64>,
    lost_server_bytes: Option<u64>,
    surely_lost_client_bytes: u64,
    surely_lost_server_bytes: u64,
    certainty: &'static str,
}

#[derive(Serialize)]
struct Stats {
    frames: u64,
    client_bytes: u64,
    server_bytes: u64,
    retransmits: u64,
    copies: u32,
    duration_ms: f64,
    idle_before_rst_ms: Option<f64>,
}

impl Report<'_> {
    fn object(&self) -> Object<'_> {
        let (ending, judgement) = (self.ending, &self.judgement);
        let connection = &ending.finally;
        let frame = ending.rst().map_or(connection.first_frame, |rst| rst.record.frame);
        Object {
            schema: match ending.kind {
                EndingKind::Reset => "whyrst.reset/1",
                EndingKind::FailedConnect => "whyrst.failed-connect/1",
            },
            source: self.context.file(self.first_named(frame)),
            time: utc(ending.time()),
            client: connection.endpoint(connection.client).into(),
            server: connection.endpoint(connection.server()).into(),
            roles: if connection.roles == Roles::Seen { "seen" } else { "guessed" },
            on_wire: match ending.on_wire() {
                OnWire::Unknown => None,
                OnWire::Same => Some(OnWireObject {
                    client: connection.endpoint(connection.client).into(),
                    server: connection.endpoint(connection.server()).into(),
                }),
                OnWire::Other { client, server } => Some(OnWireObject { client: client.into(), server: server.into() }),
            },
            resets: self.all_resets().into_iter().map(|rst| self.rst(rst)).collect(),
            resets_total: ending.resets_total.saturating_add(self.resets_elsewhere()),
            phase: judgement.phase.name(),
            origin: judgement.origin.name(),
            kind: judgement.kind.name(),
            verdict: Verdict { cause: self.cause_id(), confidence: judgement.confidence.name(), title: self.title() },
            alternatives: self.alternative_objects(),
            evidence: self.evidence_objects(),
            advice: judgement.cause.map_or(Vec::new(), |cause| {
                cause.texts(self.language()).advice.iter().map(|step| self.words(step)).collect()
            }),
            kernel: self.kernel_object(),
            socket: self.teller().and_then(|side| self.socket_object(side)),
            process: self.teller().and_then(|side| self.process_object(side)),
            peer_socket: self.peer().and_then(|side| self.socket_object(side)),
            peer_process: self.peer().and_then(|side| self.process_object(side)),
            idle_suspects: idle_suspects(ending).map(|found| found.into_iter().map(SuspectObject::from).collect()),
            display_filter: self.display_filter(),
            capture_filter: self.capture_filter(),
            history: connection.letters.as_str(),
            conn_state: conn_state(connection),
            severity: judgement.severity.name(),
            severity_reason: self.severity_words(),
            asked_for: ending
                .asked
                .as_ref()
                .map(|asked| AskedObject { name: &asked.name, stood_in: asked.stood_in.name() }),
            tampering_signature: crate::tampering::signature(ending),
            effect: Effect {
                accepted: self.harm.accepted,
                lost_client_bytes: self.harm.lost_client_bytes,
                lost_server_bytes: self.harm.lost_server_bytes,
                surely_lost_client_bytes: self.harm.surely_client_bytes,
                surely_lost_server_bytes: self.harm.surely_server_bytes,
                certainty: self.harm.certainty.name(),
            },
            count: 1,
            stats: self.stats(),
            vantage: self.ending.joined.as_ref().map(|joined| self.point(joined.at)),
            vantages: self.vantage_objects(),
            page: None,
        }
    }

    fn rst(&self, rst: &Rst) -> RstObject<'_> {
        let record = &rst.record;
        let ack = record.flags.has(crate::segment::Flags::ACK).then_some(record.ack);
        let seen = self.ending.has_frames();
        let first = self.first_named(record.frame);
        RstObject {
            file: self.context.file(first).to_string(),
            frame: seen.then(|| first.number()),
            time: utc(record.time),
            from: if record.from == self.ending.connection.client { "client" } else { "server" },
            flags: (seen || self.ending.kernel != KernelWord::NotAsked).then(|| record.flags.to_string()),
            seq_rel: self.relative(record.from, record.seq),
            ack_rel: ack.map(|ack| self.relative(record.from.other(), ack)),
            seq: record.seq.raw(),
            ack: ack.map(crate::seq::Seq::raw),
            window: seen.then_some(record.window),
            ttl: seen.then_some(record.ttl),
            payload: (!rst.payload.is_empty()).then(|| escape(&rst.payload)),
            said: said::object(rst),
            answers: rst.trigger.filter(|_| seen).map(|trigger| trigger.frame.number()),
            accepted: rst.acceptance.accepted(),
            frames: self.frames_by_point(record.frame),
        }
    }

    fn alternative_objects(&self) -> Vec<AlternativeObject> {
        let others = self.judgement.alternatives.iter();
        others
            .map(|other| AlternativeObject {
                cause: other.id,
                confidence: "possible",
                told_apart_by: self.told_apart_by(other),
            })
            .collect()
    }

    fn evidence_objects(&self) -> Vec<EvidenceObject> {
        let kernel = self.kernel_says().map(|text| EvidenceObject {
            question: "kernel-reason",
            answer: "yes",
            role: "supports",
            frames: Vec::new(),
            text,
        });
        let judged = self.judgement.evidence.iter().map(|one| self.evidence_object(one));
        let known = self.vantage_answers().into_iter().map(|(question, answer)| EvidenceObject {
            role: "vantage",
            ..self.evidence_object(&Evidence { question, answer, role: Role::Supports })
        });
        kernel.into_iter().chain(judged).chain(known).collect()
    }

    fn evidence_object(&self, evidence: &Evidence) -> EvidenceObject {
        let seen = self.ending.has_frames();
        let frames = |facts: &Facts| facts.frames.iter().filter(|_| seen).map(|frame| frame.number()).collect();
        let (answer, frames) = match &evidence.answer {
            Answer::Yes(facts) => ("yes", frames(facts)),
            Answer::No(facts) => ("no", frames(facts)),
            Answer::Unknown => ("unknown", Vec::new()),
        };
        EvidenceObject {
            question: evidence.question.id,
            answer,
            role: evidence.role.name(),
            frames,
            text: self.answer(evidence.question, &evidence.answer),
        }
    }

    fn kernel_object(&self) -> Option<KernelObject<'_>> {
        match &self.ending.kernel {
            KernelWord::NotAsked => None,
            KernelWord::SentNone => Some(KernelObject { reason: None, state: None, skb_drop: None, stack: &[] }),
            KernelWord::Sent(event) => Some(KernelObject {
                reason: Some(&event.reason_name),
                state: Some(&event.state),
                skb_drop: None,
                stack: &event.stack,
            }),
        }
    }

    fn stats(&self) -> Stats {
        let connection = &self.ending.finally;
        let halves = || Side::BOTH.iter().map(|side| connection.half(*side));
        Stats {
            frames: halves().map(|half| u64::from(half.segments)).sum::<u64>() + u64::from(self.ending.resets_total),
            client_bytes: connection.half(connection.client).bytes,
            server_bytes: connection.half(connection.server()).bytes,
            retransmits: halves().map(|half| u64::from(half.retransmissions)).sum(),
            copies: connection.copies,
            duration_ms: self.ending.time().since(connection.first).as_millis_f64(),
            idle_before_rst_ms: self.ending.rst().map(|_| self.ending.idle().as_millis_f64()),
        }
    }
}

/// RFC 3339 with nanoseconds, always UTC.
pub fn utc(time: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time.nanos()))
        .map_or_else(|_| time.nanos().to_string(), |at| alloc::format!("{at:.9}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_with_nanoseconds() {
        assert_eq!(utc(Timestamp::from_nanos(1_769_860_800_123_456_789)), "2026-01-31T12:00:00.123456789Z");
        assert_eq!(utc(Timestamp::from_nanos(0)), "1970-01-01T00:00:00.000000000Z");
    }
}
