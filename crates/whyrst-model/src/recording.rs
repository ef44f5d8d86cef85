//! The lines of a recording of kernel events: `whyrst.events/1`, which says what was covered, and `whyrst.event/1`, one
//! for each event. `whyrst watch --record` and the lab write them, `whyrst explain` reads them.
//!
//! Times of a line itself are RFC 3339; those inside an account are nanoseconds since 1970, so that millions of lines
//! stay small. For the same reason what is not known is absent there.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::segment::Endpoint;
use crate::seq::Seq;
use crate::text::Text;
use crate::time::{Timestamp, shortest};

vocabulary! {
    /// The word in `schema` of the line that says what was covered.
    CoverageSchema {
        /// The only version so far.
        V1 = "whyrst.events/1",
    }
}

/// What a recording covers. This is what makes silence mean something: a RST from a covered address at a covered time
/// without an event was not sent by that host's TCP.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Coverage {
    /// `whyrst.events/1`.
    pub schema: CoverageSchema,
    /// When the recording began.
    #[serde(with = "shortest")]
    #[cfg_attr(feature = "schema", schemars(with = "Timestamp"))]
    pub from: Timestamp,
    /// When it ended.
    #[serde(with = "shortest")]
    #[cfg_attr(feature = "schema", schemars(with = "Timestamp"))]
    pub to: Timestamp,
    /// The addresses whose kernel was asked.
    pub addresses: Vec<IpAddr>,
    /// Events that were lost; above zero, silence means nothing.
    pub lost: u64,
}

vocabulary! {
    /// The word in `schema` of the line of one event.
    EventSchema {
        /// The only version so far.
        V1 = "whyrst.event/1",
    }
}

/// One reset, as the kernel of one of its ends reported it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct Event<'a> {
    /// `whyrst.event/1`.
    pub schema: EventSchema,
    /// When, on the wall clock of that host.
    #[serde(with = "shortest")]
    #[cfg_attr(feature = "schema", schemars(with = "Timestamp"))]
    pub time: Timestamp,
    /// The name of the trace event: `tcp_send_reset` or `tcp_receive_reset`.
    #[serde(rename = "event")]
    pub name: Text<'a>,
    /// The name in `enum sk_rst_reason` without its prefix. `null` when the kernel gave none.
    #[serde(default)]
    pub reason: Option<Text<'a>>,
    /// The state of the socket, by the kernel's name.
    pub state: Text<'a>,
    /// The end that reports.
    pub local: Endpoint,
    /// The other end. `null` when the event does not carry it.
    #[serde(default)]
    pub remote: Option<Endpoint>,
    /// The functions that led to the event, the innermost first.
    #[serde(default)]
    pub stack: Vec<Text<'a>>,
    /// The name of the task that was running.
    #[serde(default)]
    pub comm: Text<'a>,
    /// Its process id.
    #[serde(default)]
    pub pid: u32,
    /// What was known of this end. With it, the line is a reset that was reported live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<EventAccount<'a>>,
    /// The segment that the RST answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<EventTrigger>,
    /// The other end, where it is on the same host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<EventPeer<'a>>,
    /// Whether the sender is on the same host and its TCP sent no such RST: a firewall made it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unsent: bool,
    /// Above zero, the line stands for so many more that were only counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// The end that received the RST, with the same two endpoints the other way round.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct EventPeer<'a> {
    /// When it received it.
    #[serde(with = "shortest")]
    #[cfg_attr(feature = "schema", schemars(with = "Timestamp"))]
    pub time: Timestamp,
    /// What was known of it.
    pub account: EventAccount<'a>,
}

/// A segment by its headers alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventTrigger {
    /// Its sequence number.
    pub seq: Seq,
    /// Its acknowledgment field, significant or not.
    pub ack: Seq,
    /// Bytes of payload.
    pub len: u32,
    /// The window field, not scaled.
    pub window: u16,
    /// The low eight flag bits of its header.
    pub flags: u8,
    /// Time to live or hop limit: hops left.
    pub ttl: u8,
}

/// What was known of one end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct EventAccount<'a> {
    /// Its socket, open or remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub socket: Option<EventSocket<'a>>,
    /// The process that owns it, or owned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<EventProcess<'a>>,
    /// The process that closed it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closer: Option<EventProcess<'a>>,
    /// The process that made the reset, where that is not the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker: Option<EventProcess<'a>>,
    /// The error number that the program gets because of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errno: Option<u16>,
    /// The number of the cgroup that the socket was opened in, 0 when that is not known.
    #[serde(default)]
    pub cgroup: u64,
    /// The inode of the network namespace, as `lsns -t net` shows it.
    #[serde(default)]
    pub netns: u32,
    /// Where else the host listened at this port, when a SYN found nobody. Absent when nobody looked.
    #[serde(default, skip_serializing_if = "EventListening::is_unknown")]
    pub listening: EventListening,
    /// Who had listened at this port, when a SYN found nobody. Absent where nobody is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listened: Option<Box<EventListened<'a>>>,
    /// What the host's NAT makes of the connection. Absent when nobody could say.
    #[serde(default, skip_serializing_if = "EventTranslation::is_unknown")]
    pub translation: EventTranslation,
}

/// Somebody who listened at a port, and listens no more.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct EventListened<'a> {
    /// Until when, in nanoseconds since 1970.
    pub until: i64,
    /// Who closed that socket, or ended and closed it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<EventProcess<'a>>,
    /// The process whose signal ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub killer: Option<EventProcess<'a>>,
}

/// Where a host listens: `"nowhere"`, or the end at which it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum EventListening {
    /// Nobody looked.
    #[default]
    Unknown,
    /// At no address.
    Nowhere,
    /// At this one.
    At(Endpoint),
}

impl EventListening {
    const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// What a NAT makes of a connection: `"untranslated"`, or the two ends that are on the wire, the own one first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum EventTranslation {
    /// Nobody could say.
    #[default]
    Unknown,
    /// The ends are those of the socket.
    Untranslated,
    /// They are these: the own end, the other end.
    To(Endpoint, Endpoint),
}

impl EventTranslation {
    const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

/// A socket when its connection was reset, or when it was closed. Times are nanoseconds since 1970.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct EventSocket<'a> {
    /// Bytes received that no program had read.
    pub unread: u32,
    /// Bytes written that had not been sent.
    pub unsent: u32,
    /// Bytes sent that had not been acknowledged.
    pub unacked: u32,
    /// `SO_LINGER` in seconds. Absent when it is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linger: Option<u32>,
    /// SND.NXT.
    pub snd_nxt: Seq,
    /// RCV.NXT.
    pub rcv_nxt: Seq,
    /// Bytes received in order; a FIN counts as one.
    pub received: u64,
    /// Bytes that were acknowledged; a SYN and a FIN of this end count as one each.
    pub acked: u64,
    /// Segments sent again.
    pub retransmits: u32,
    /// When a segment was last sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_retransmitted: Option<i64>,
    /// The last error number that the program got before, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_earlier: Option<(u16, i64)>,
    /// What the program asked of it.
    #[serde(default, skip_serializing_if = "EventTimeouts::is_empty")]
    pub timeouts: EventTimeouts,
    /// Probes without an answer (keepalive, zero window).
    pub probes: u8,
    /// `SO_ERROR` as errno, 0 for none.
    pub error: u32,
    /// Whether the peer's FIN has come.
    pub peer_closed: bool,
    /// Whether no program held it any more.
    #[serde(default)]
    pub orphan: bool,
    /// Whether `TCP_LINGER2` was below zero: it would not wait in FIN-WAIT-2.
    #[serde(default)]
    pub linger2_negative: bool,
    /// When data last came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_received: Option<i64>,
    /// When data was last sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sent: Option<i64>,
    /// A tick of the clock by which the kernel dates data, in nanoseconds. Absent when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<i64>,
    /// How it was opened.
    pub opened: EventOpened,
    /// The last states that it went through, the oldest first: when, and which by its name in RFC 9293.
    pub states: Vec<(i64, Text<'a>)>,
    /// When it was closed. Absent for a socket that was there when the reset happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<i64>,
}

/// After how many milliseconds a socket gives up or asks. Absent: never, or not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventTimeouts {
    /// `SO_SNDTIMEO`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_ms: Option<i64>,
    /// `SO_RCVTIMEO`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receive_ms: Option<i64>,
    /// `TCP_USER_TIMEOUT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_ms: Option<i64>,
    /// `TCP_KEEPIDLE` of a socket that has `SO_KEEPALIVE`: idle time until the first probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keepalive_ms: Option<i64>,
}

impl EventTimeouts {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

vocabulary! {
    /// Who opened a connection, by what its socket did.
    EventOpened {
        /// Before anybody looked.
        Unseen = "unseen",
        /// This end, by `connect()`.
        Actively = "actively",
        /// The other end; a listener accepted it.
        Passively = "passively",
    }
}

/// A process, as far as it was known when the reset happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct EventProcess<'a> {
    /// Its process id, in the host's namespace.
    pub pid: u32,
    /// The name of its program, at most 15 bytes.
    pub comm: Text<'a>,
    /// Its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmdline: Option<Text<'a>>,
    /// Its user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The path of its cgroup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<Text<'a>>,
    /// Its container, by the cgroup's path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<EventContainer<'a>>,
    /// Its systemd unit, by the cgroup's path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Text<'a>>,
    /// The system call that it was in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub syscall: Option<Text<'a>>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_signal: Option<u8>,
    /// Whether it was ending when it closed the socket.
    #[serde(default)]
    pub exiting: bool,
    /// Whether the kernel ended it because memory ran out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub oom_killed: bool,
}

/// A container, by the path of its cgroup.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(bound(deserialize = "'de: 'a"))]
pub struct EventContainer<'a> {
    /// `docker`, `containerd`, `cri-o` or `podman`. Absent where the path names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Text<'a>>,
    /// Its id.
    pub id: Text<'a>,
    /// The uid of its Kubernetes pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Text<'a>>,
}
