//! The record of one connection that was reset, or of one connect that failed: `whyrst.reset/1` and
//! `whyrst.failed-connect/1`.
//!
//! This is the only definition. The order of the fields is their order in JSON. Fields may be added, never changed in
//! meaning; what is not known is `null`, never a made-up value. A reader ignores fields that it does not know, and a
//! line that an older version wrote lacks the newer ones: those have a default here.
//!
//! Every type borrows its texts from whoever fills it, or from the line that it is read from. (The `bound` attribute
//! says that to serde for a whole struct; the alternative is `#[serde(borrow)]` on each field.)

mod page;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use bounded_static::{IntoBoundedStatic as _, ToStatic};
use serde::{Deserialize, Serialize};

pub use self::page::{PacketsReport, Page, Rung, SegmentRung};
use crate::segment::{Endpoint, Flags};
use crate::seq::Seq;
use crate::text::Text;
use crate::time::Timestamp;
use crate::vocabulary::{
    AnswerWord, AskedIn, Certainty, Claimant, ClaimedIn, Confidence, End, Expiry, Family, Loss, OrderBy, Origin, Phase,
    Relation, ResetKind, Role, Roles, Severity, Standing, TcpState, TiedBy, TwinRelation,
};

vocabulary! {
    /// Which record a line is.
    ReportSchema {
        /// A connection that was reset.
        Reset = "whyrst.reset/1",
        /// A connect that failed, and no RST was seen.
        FailedConnect = "whyrst.failed-connect/1",
    }
}

/// Why one connection was reset, or why one connect failed.
///
/// One object stands for all RSTs of one incarnation of a connection. What is not known is `null`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Report<'a> {
    /// `whyrst.reset/1`, or `whyrst.failed-connect/1` for a connect that failed without any RST.
    pub schema: ReportSchema,
    /// The file that holds the first RST, or host and network namespace when live.
    pub source: Text<'a>,
    /// When the first RST was seen; for a failed connect, when the first SYN was sent.
    pub time: Timestamp,
    /// The end that opened the connection; the best guess when `roles` is `guessed`.
    pub client: Endpoint,
    /// The end that the connection was opened to.
    pub server: Endpoint,
    /// How it is known which end is the client.
    pub roles: Roles,
    /// The ends that the other host knows the connection by. Absent where nobody knows what the NAT of the reporting
    /// host makes of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_wire: Option<Ends>,
    /// The RSTs of the connection, in the order of time; the first ones where there are many.
    #[serde(default)]
    pub resets: Vec<ResetReport<'a>>,
    /// How many RSTs there were in all.
    #[serde(default)]
    pub resets_total: u32,
    /// How far the connection had come.
    pub phase: Phase,
    /// Who made the RST.
    pub origin: Origin,
    /// How the RST was made.
    pub kind: ResetKind,
    /// The leading answer: the first reason where that is likely or better, else the mechanism.
    pub verdict: Verdict<'a>,
    /// What is known best, in one sentence.
    #[serde(default)]
    pub headline: Text<'a>,
    /// First step of the verdict: the shape of the reset. `null` for a failed connect.
    #[serde(default)]
    pub family: Option<FamilyReport<'a>>,
    /// How sure `origin` is. `null` where it is unknown.
    #[serde(default)]
    pub origin_confidence: Option<Confidence>,
    /// Second step: how the reset was made. `null` where nothing in the catalogue fits.
    #[serde(default)]
    pub mechanism: Option<MechanismReport<'a>>,
    /// Third step: why somebody or something did that, the best reason first.
    #[serde(default)]
    pub reasons: Vec<ReasonReport<'a>>,
    /// The observations that decide between what is still open, the best one first.
    #[serde(default)]
    pub decide: Vec<DecideReport<'a>>,
    /// Other mechanisms that fit, the best first, then further reasons.
    #[serde(default)]
    pub alternatives: Vec<AlternativeReport<'a>>,
    /// The questions that the verdict rests on, with their answers.
    #[serde(default)]
    pub evidence: Vec<EvidenceReport<'a>>,
    /// What to do, in this order.
    #[serde(default)]
    pub advice: Vec<Text<'a>>,
    /// What the kernel of the RST's sender said of it. `null` when it was not asked; an object of nulls when it was
    /// asked and had sent none.
    #[serde(default)]
    pub kernel: Option<KernelReport<'a>>,
    /// The socket of the RST's sender, or that of its receiver where nothing is known of the sender's. `null` from a
    /// capture alone.
    #[serde(default)]
    pub socket: Option<SocketReport<'a>>,
    /// The process that owns that socket.
    #[serde(default)]
    pub process: Option<ProcessReport<'a>>,
    /// The socket of the other end, where it is on the same host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_socket: Option<SocketReport<'a>>,
    /// The process of the other end, where it is on the same host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_process: Option<ProcessReport<'a>>,
    /// Who had listened where the connection was refused, as `whyrst watch` remembers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listened: Option<Box<ListenedReport<'a>>>,
    /// Known idle timeouts that the silence before the RST fits: hints, not proofs. `null` where the silence is not
    /// known.
    #[serde(default)]
    pub idle_suspects: Option<Vec<IdleSuspect<'a>>>,
    /// A display filter that shows this connection in Wireshark.
    #[serde(default)]
    pub display_filter: Text<'a>,
    /// A capture filter for the same two ends, as tcpdump takes it.
    #[serde(default)]
    pub capture_filter: Text<'a>,
    /// What each side sent, in the letters of Zeek's `history`.
    pub history: Text<'a>,
    /// How the connection ended, in Zeek's codes: `RSTO`, `RSTR`, `REJ` and so on.
    pub conn_state: Text<'a>,
    /// How much the reset matters.
    pub severity: Severity,
    /// Why it matters that much.
    #[serde(default)]
    pub severity_reason: Text<'a>,
    /// The name that the client asked for in clear text.
    #[serde(default)]
    pub asked_for: Option<AskedFor<'a>>,
    /// The last message of each end, in the order of time, where it was captured in clear text and in a protocol that
    /// is known.
    #[serde(default)]
    pub words: Vec<WordsReport<'a>>,
    /// What lines of logs (`--log-file`) and the records of other systems' kernels (`--events`) claim of it, in the order
    /// of time; the first 16.
    #[serde(default)]
    pub claims: Vec<LoggedClaim<'a>>,
    /// The signature of connection tampering that the segments match.
    #[serde(default)]
    pub tampering_signature: Option<Text<'a>>,
    /// The same handshake, or the other leg of a proxy, between other endpoints. `null` where none was captured.
    #[serde(default)]
    pub twin: Option<TwinReport<'a>>,
    /// The other connections to the same service, as far as they were captured. `null` for a refused connect, and
    /// where nothing is known of them.
    #[serde(default)]
    pub siblings: Option<SiblingsReport<'a>>,
    /// Whether the RST was accepted, and what was lost by it.
    pub effect: Effect,
    /// How many equal resets this object stands for.
    pub count: u64,
    /// The connection in numbers.
    pub stats: Stats,
    /// The capture point whose frames and times these are, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vantage: Option<Text<'a>>,
    /// What each capture point has of the connection, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vantages: Option<Vec<VantageReport<'a>>>,
    /// What a page shows beyond all this: only in the lines that pages are made of.
    #[serde(flatten)]
    pub page: Option<Page<'a>>,
}

impl Report<'_> {
    /// The same with texts of its own, to outlive what it was made of.
    pub fn into_owned(self) -> Report<'static> {
        self.into_static()
    }
}

/// Both ends of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ends {
    /// The end that opened it.
    pub client: Endpoint,
    /// The end that it was opened to.
    pub server: Endpoint,
}

/// The same handshake, or the other leg of a proxy, between other endpoints.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct TwinReport<'a> {
    /// The frame of the SYN there, or of the refusal by the upstream, counted from 1.
    pub frames: Vec<u64>,
    /// Between whom, as `client > server`.
    pub tuple: Text<'a>,
    /// What the two have to do with each other.
    pub relation: TwinRelation,
}

/// The other connections to one service.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct SiblingsReport<'a> {
    /// Address and port of the service.
    pub service: Text<'a>,
    /// Connections that it had accepted before this one was reset, this one not counted.
    pub before: u64,
    /// Those of the first 64 that were open when this one was reset.
    pub during: u64,
    /// Connections that it accepted within the time that the reset was watched for. `null` where the capture was not
    /// read on.
    pub after: Option<u64>,
    /// Connections that were reset, this one among them; of the last 32.
    pub died: u64,
    /// How long those had been silent, in ms, in the order of their resets.
    pub idle_ms_died: Vec<f64>,
    /// How old those had become, in ms, in the same order.
    pub age_ms_died: Vec<f64>,
    /// The longest silence after which one of the first 64 went on, in ms. `null` where none of them was silent.
    pub idle_ms_survived_max: Option<f64>,
    /// The silences after which the service closed a connection itself, in ms; of the last 32.
    pub idle_ms_closed: Vec<f64>,
}

/// One RST.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ResetReport<'a> {
    /// The file that holds it.
    pub file: Text<'a>,
    /// The number of its frame in that file, counted from 1. `null` when no frame was captured.
    pub frame: Option<u64>,
    /// When it was seen.
    pub time: Timestamp,
    /// The end that it claims to come from.
    pub from: End,
    /// Its TCP flags. `null` when no frame was captured and no kernel was asked.
    pub flags: Option<Flags>,
    /// Its sequence number, counted from the first of its sender.
    pub seq_rel: u32,
    /// Its acknowledgment number, counted from the first of its receiver. `null` without the ACK flag.
    pub ack_rel: Option<u32>,
    /// Its sequence number as in the header. `null` where the source does not say it, as text with relative numbers.
    pub seq: Option<Seq>,
    /// Its acknowledgment number as in the header. `null` without the ACK flag, and as `seq`.
    pub ack: Option<Seq>,
    /// The window field, not scaled. `null` when no frame was captured.
    pub window: Option<u16>,
    /// Time to live or hop limit: hops left. `null` when no frame was captured.
    pub ttl: Option<u8>,
    /// Its payload, with everything escaped that is not printable. `null` when it has none.
    pub payload: Option<Text<'a>>,
    /// What it says of itself: a claim of whoever made it.
    #[serde(default)]
    pub said: Option<ClaimReport<'a>>,
    /// The frame of the segment that it answers.
    #[serde(default)]
    pub answers: Option<u64>,
    /// Whether its receiver accepted it. `null` where the packets do not decide that.
    pub accepted: Option<bool>,
    /// How that is known, or why it is not: from its numbers and checksum, and from what its receiver did afterwards.
    /// `null` where no packet was captured.
    #[serde(default)]
    pub accepted_because: Option<Text<'a>>,
    /// Its frame at each capture point that saw it, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames: Option<BTreeMap<Text<'a>, u64>>,
    /// The verdict on it alone, where another maker than that of the first RST sent it: a host and a device both reset the
    /// connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict<'a>>,
}

/// What a RST says of itself.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ClaimReport<'a> {
    /// In which form it says so.
    pub by: ClaimedIn,
    /// The code that it gives. `null` for text.
    pub code: Option<u32>,
    /// Whose code: an IANA private enterprise number, 0 for the registry of the draft.
    pub enterprise: Option<u32>,
    /// The meaning of the code, or the text itself, escaped.
    pub text: Text<'a>,
}

/// A line of a log about the connection: what somebody says of it, no proof.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct LoggedClaim<'a> {
    /// The file that it stands in.
    pub source: Text<'a>,
    /// The number of its line there, from 1; of the packet's frame where a capture says it.
    pub line: u64,
    /// When it was written or, where the line says that instead, when what it is about began. `null` where it says
    /// neither.
    pub time: Option<Timestamp>,
    /// Who says it.
    pub by: Claimant,
    /// The end of the connection that the claimant is. `null` where that is not known.
    pub end: Option<End>,
    /// The name of the process that wrote it or that it is about. `null` where the line does not say it.
    pub process: Option<Text<'a>>,
    /// Its number.
    pub pid: Option<u32>,
    /// By what it is known to be about this connection.
    pub tied_by: TiedBy,
    /// The line, escaped; at most 240 characters of it.
    pub text: Text<'a>,
    /// The message that it holds, as `whyrst why` lists it. `null` where it is none of those.
    pub symptom: Option<Text<'a>>,
    /// The reason that it names, by its id in the catalogue. `null` where it names none.
    pub cause: Option<Text<'a>>,
    /// How the packets bear on it.
    pub standing: Standing,
    /// What in the packets does that; empty where they do not.
    pub because: Text<'a>,
}

/// The cause, and how sure it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Verdict<'a> {
    /// The id of the cause, as `whyrst causes` lists it; `unexplained` where none fits.
    pub cause: Text<'a>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it means, to be read after "The connection was reset because".
    pub title: Text<'a>,
}

/// The shape of the reset on the wire.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct FamilyReport<'a> {
    /// Which shape.
    pub id: Family,
    /// How sure it is.
    pub confidence: Confidence,
    /// The end in whose name the RST came.
    pub by: End,
    /// The same as a sentence.
    pub text: Text<'a>,
}

/// How the reset was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct MechanismReport<'a> {
    /// The id of the mechanism, as `whyrst causes` lists it.
    pub cause: Text<'a>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it means, to be read after "The connection was reset because".
    pub title: Text<'a>,
    /// What proves it outside of this capture.
    pub confirm: Text<'a>,
    /// The ids of the other mechanisms of this family that nothing refutes, the best first.
    pub open: Vec<Text<'a>>,
}

/// Why somebody or something reset the connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ReasonReport<'a> {
    /// The id of the reason, as `whyrst causes` lists it.
    pub cause: Text<'a>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it means, to be read after "The connection was reset because".
    pub title: Text<'a>,
    /// What proves it outside of this capture.
    pub confirm: Text<'a>,
    /// The ids of the questions that speak for it.
    pub evidence: Vec<Text<'a>>,
}

/// One observation that decides between what is still open.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct DecideReport<'a> {
    /// The end on whose host it is made.
    pub on: End,
    /// What to run there.
    pub command: Text<'a>,
    /// What it distinguishes: each text is one outcome, the ids that it leaves joined by `+`.
    pub splits: Vec<Text<'a>>,
}

/// Another cause that fits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct AlternativeReport<'a> {
    /// Its id.
    pub cause: Text<'a>,
    /// How sure it is.
    pub confidence: Confidence,
    /// What would distinguish it from the verdict.
    pub told_apart_by: Text<'a>,
}

/// One question with its answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct EvidenceReport<'a> {
    /// The id of the question.
    pub question: Text<'a>,
    /// The answer. Unknown is never no.
    pub answer: AnswerWord,
    /// What part it plays for the verdict.
    pub role: Role,
    /// The frames that show it.
    pub frames: Vec<u64>,
    /// The answer as a sentence.
    pub text: Text<'a>,
}

/// What the kernel of the RST's sender said of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct KernelReport<'a> {
    /// The name in `enum sk_rst_reason` without its prefix; empty where the kernel gives none.
    pub reason: Option<Text<'a>>,
    /// The state of the socket when the RST was sent, by the kernel's name.
    pub state: Option<Text<'a>>,
    /// The reason for which the segment was dropped that the RST answers. Always `null` so far.
    pub skb_drop: Option<Text<'a>>,
    /// The functions that led to the RST, the innermost first.
    #[serde(default)]
    pub stack: Vec<Text<'a>>,
}

/// A socket when its connection was reset, or when it was closed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct SocketReport<'a> {
    /// Which end it is.
    pub end: End,
    /// Bytes received that no program had read.
    pub unread_bytes: u32,
    /// Bytes written that had not been sent.
    pub unsent_bytes: u32,
    /// Bytes sent that had not been acknowledged.
    pub unacked_bytes: u32,
    /// `SO_LINGER` in seconds. `null` when it is off.
    pub linger: Option<u32>,
    /// Milliseconds since it was opened. `null` when that was not seen.
    pub age_ms: Option<f64>,
    /// Milliseconds since data was last sent or received.
    pub idle_ms: Option<f64>,
    /// Bytes received in order; a FIN counts as one.
    #[serde(default)]
    pub received_bytes: u64,
    /// Bytes that were acknowledged; a SYN and a FIN of this end count as one each.
    #[serde(default)]
    pub acked_bytes: u64,
    /// Segments sent again.
    #[serde(default)]
    pub retransmits: u32,
    /// Milliseconds since it was closed. `null` when it was open.
    #[serde(default)]
    pub closed_ms_ago: Option<f64>,
    /// Milliseconds since a segment was last sent again.
    #[serde(default)]
    pub retransmitted_ms_ago: Option<f64>,
    /// The error that the program gets because of this reset, by its name. `null` when it gets none.
    #[serde(default)]
    pub errno: Option<Text<'a>>,
    /// The last error that the program got before.
    #[serde(default)]
    pub told_earlier: Option<Text<'a>>,
    /// What the program asked of its socket.
    #[serde(default)]
    pub timeouts: TimeoutsReport,
    /// The last states that it went through, the oldest first.
    #[serde(default)]
    pub states: Vec<StateReport>,
}

/// After how many milliseconds a socket gives up or asks. `null`: never, or not known.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TimeoutsReport {
    /// `SO_SNDTIMEO`.
    pub send_ms: Option<f64>,
    /// `SO_RCVTIMEO`.
    pub receive_ms: Option<f64>,
    /// `TCP_USER_TIMEOUT`.
    pub user_ms: Option<f64>,
    /// `TCP_KEEPIDLE` of a socket that has `SO_KEEPALIVE`: idle time until the first probe.
    pub keepalive_ms: Option<f64>,
}

/// A change of a socket's state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StateReport {
    /// When.
    pub time: Timestamp,
    /// Into which state.
    pub state: TcpState,
}

/// A process, as far as it was known when the reset happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ProcessReport<'a> {
    /// Which end it is. Absent for `closer` and `maker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// Its process id, in the host's namespace.
    pub pid: u32,
    /// The name of its program, at most 15 bytes.
    pub comm: Text<'a>,
    /// Its arguments.
    pub cmdline: Option<Text<'a>>,
    /// Its user.
    #[serde(default)]
    pub uid: Option<u32>,
    /// The path of its cgroup.
    pub cgroup: Option<Text<'a>>,
    /// Its container, by the cgroup's path.
    pub container: Option<ContainerReport<'a>>,
    /// Its systemd unit, by the cgroup's path.
    #[serde(default)]
    pub unit: Option<Text<'a>>,
    /// The inode of its network namespace, as `lsns -t net` shows it.
    pub netns: u32,
    /// The system call that it was in.
    pub syscall: Option<Text<'a>>,
    /// The signal that ended it.
    pub exit_signal: Option<u8>,
    /// Whether the kernel ended it because memory ran out; the signal is 9 then as well.
    #[serde(default, skip_serializing_if = "is_false")]
    pub oom_killed: bool,
    /// The process that closed the socket first.
    #[serde(default)]
    pub closer: Option<Box<ProcessReport<'a>>>,
    /// The process that made this reset, where that is not the owner: it destroyed the socket (`ss -K`), or its
    /// signal ended the owner.
    #[serde(default)]
    pub maker: Option<Box<ProcessReport<'a>>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Somebody who listened at a port, and listens no more.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ListenedReport<'a> {
    /// Until when.
    pub until: Timestamp,
    /// Milliseconds from then to the refusal.
    pub ended_ms_ago: f64,
    /// Who closed that socket, or ended and closed it so. `null` where that was not seen.
    pub process: Option<ProcessReport<'a>>,
    /// The process whose signal ended it.
    pub killer: Option<ProcessReport<'a>>,
}

/// A container, by the path of its cgroup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct ContainerReport<'a> {
    /// `docker`, `containerd`, `cri-o` or `podman`. `null` where the path names none.
    pub runtime: Option<Text<'a>>,
    /// Its id.
    pub id: Text<'a>,
    /// The uid of its Kubernetes pod.
    pub pod: Option<Text<'a>>,
}

/// A known idle timeout that the silence before the reset fits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct IdleSuspect<'a> {
    /// Product and setting.
    pub name: Text<'a>,
    /// Its default in seconds.
    pub seconds: u32,
    /// What is seen when it expires.
    pub on_expiry: Expiry,
    /// Where the default is documented.
    pub source: Text<'a>,
}

/// The name that a client asked for in clear text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct AskedFor<'a> {
    /// The name, in lower case.
    pub name: Text<'a>,
    /// Where it stood.
    pub stood_in: AskedIn,
}

/// The last message of one end, as far as it stands in clear text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct WordsReport<'a> {
    /// The end that said it.
    pub from: End,
    /// The frame that it begins in.
    pub frame: u64,
    /// In which protocol: `http`, `http2`, `tls`, `ssh`, `smtp-or-ftp`, `mysql`, `text` and so on.
    pub protocol: Text<'a>,
    /// Its first line or its name and code, at most 200 bytes of it, with everything escaped that is not printable.
    pub text: Text<'a>,
    /// What the code means. `null` where the text says it, or it is not known.
    pub meaning: Option<Text<'a>>,
    /// The body that is not complete: of the message itself, or of the request that it answers too early. `null` where
    /// all of it was sent, or there is none.
    pub of: Option<BodyReport>,
}

/// The body of a message: how long it should be, and how much of it was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BodyReport {
    /// The end that sends it.
    pub from: End,
    /// How long it is, as its head announces. `null` where it comes in chunks, or the head is cut off.
    pub content_length: Option<u64>,
    /// Bytes of it that were sent before the first RST.
    pub seen: u64,
}

/// What the reset did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Effect {
    /// Whether its receiver accepted it. `null` where the packets do not decide that.
    pub accepted: Option<bool>,
    /// Bytes of the client that the server's program did not get, as firm as `certainty` says.
    pub lost_client_bytes: Option<u64>,
    /// Bytes of the server that the client's program did not get, as firm as `certainty` says.
    pub lost_server_bytes: Option<u64>,
    /// Of the client's bytes, those that were lost for certain.
    #[serde(default)]
    pub surely_lost_client_bytes: u64,
    /// Of the server's bytes, those that were lost for certain.
    #[serde(default)]
    pub surely_lost_server_bytes: u64,
    /// How firm `lost_client_bytes` and `lost_server_bytes` are.
    pub certainty: Certainty,
}

/// A connection in numbers.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stats {
    /// Frames of the connection, copies not counted.
    pub frames: u64,
    /// Payload bytes that the client sent, each counted once.
    pub client_bytes: u64,
    /// Payload bytes that the server sent, each counted once.
    pub server_bytes: u64,
    /// Segments sent again.
    pub retransmits: u64,
    /// Copies of packets that were left out: several interfaces, or a mirror port.
    #[serde(default)]
    pub copies: u32,
    /// Milliseconds from the first segment to the first RST.
    pub duration_ms: f64,
    /// Milliseconds of silence before the first RST. `null` when no RST was seen.
    pub idle_before_rst_ms: Option<f64>,
}

borrows_nothing!(BodyReport, Effect, Ends, StateReport, Stats, TimeoutsReport);

/// What one of several capture points has of the connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToStatic)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct VantageReport<'a> {
    /// The name of the point.
    pub name: Text<'a>,
    /// The first of its files.
    pub source: Option<Text<'a>>,
    /// Segments of the connection that were recorded there.
    pub frames: u64,
    /// The point's clock less that of the first-named point, in nanoseconds. `null` where traffic does not bound it.
    pub clock_offset_ns: Option<i64>,
    /// How far off that may be, in nanoseconds.
    pub clock_uncertainty_ns: Option<i64>,
    /// Whether the RST passed there. `null` where its absence means nothing.
    pub saw_rst: Option<bool>,
    /// Whether the segment passed there that the RST answers.
    pub saw_trigger: Option<bool>,
    /// The ends as packets have them there.
    pub tuple: Option<Ends>,
    /// Which of the point's connections it is.
    pub relation: Relation,
    /// Why packets may be missing from its capture. `null` where nothing says so.
    pub loss: Option<Loss>,
    /// Its place on the path, 0 next to the client. `null` where it saw nothing of the connection.
    pub place: Option<usize>,
    /// How the place is known.
    pub place_known_by: Option<OrderBy>,
}

#[cfg(test)]
mod tests;
