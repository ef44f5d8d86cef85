//! The two kinds of lines, as they stand in the file.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp as Moment;
use serde::{Deserialize, Serialize};
use whyrst_core::kernel::{KernelReset, RstReason};
use whyrst_core::recording::{Recording, Told};
use whyrst_core::segment::Endpoint;
use whyrst_core::socket::SocketReset;
use whyrst_core::socket::{SocketEvent, Told as Kind, Trigger};
use whyrst_core::time::Timestamp;

use super::RecordingError;
use super::end::End;
use super::told::{AccountLine, TriggerLine};

pub(super) const COVERAGE: &str = "whyrst.events/1";
pub(super) const EVENT: &str = "whyrst.event/1";
const SENT: &str = "tcp_send_reset";
const RECEIVED: &str = "tcp_receive_reset";
/// Resets that one line may stand for: counts of a recording must add up.
const MOST_AT_ONCE: u64 = 1 << 32;

/// What a line told.
pub(super) enum Line {
    Coverage(Coverage<'static>),
    Event(Box<Heard>),
}

/// One event, and what was told of its sockets where that was recorded.
pub(super) struct Heard {
    /// `None` for a RST that was received.
    pub(super) sent: Option<KernelReset>,
    pub(super) told: Option<Told>,
}

/// Why a line cannot be read.
pub(super) struct BadLine {
    /// Whether it belongs to a recording after all.
    pub(super) ours: bool,
    pub(super) cause: String,
}

#[derive(Deserialize)]
struct Tag {
    schema: String,
}

impl Line {
    pub(super) fn parse(text: &[u8]) -> Result<Self, BadLine> {
        let foreign = |cause| BadLine { ours: false, cause };
        let bad = |error: serde_json::Error| BadLine { ours: true, cause: reason(&error) };
        let tag: Tag = serde_json::from_slice(text).map_err(|error| foreign(reason(&error)))?;
        match tag.schema.as_str() {
            COVERAGE => serde_json::from_slice(text).map(Self::Coverage).map_err(bad),
            EVENT => serde_json::from_slice::<Event<'_>>(text).map_err(bad)?.heard().map(Self::Event),
            other => Err(foreign(format!("has the unknown schema {other:?}"))),
        }
    }
}

/// Without the line number, which is always 1 within a line.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    format!("is damaged at column {}: {text}", error.column())
}

#[derive(Serialize, Deserialize)]
pub(super) struct Coverage<'a> {
    schema: Cow<'a, str>,
    from: Moment,
    to: Moment,
    addresses: Cow<'a, [IpAddr]>,
    lost: u64,
}

impl<'a> Coverage<'a> {
    pub(super) fn of(recording: &'a Recording) -> Result<Self, RecordingError> {
        Ok(Self {
            schema: COVERAGE.into(),
            from: moment(recording.from)?,
            to: moment(recording.to)?,
            addresses: recording.addresses.as_slice().into(),
            lost: recording.lost,
        })
    }

    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }

    pub(super) fn cover(self, recording: &mut Recording) {
        recording.from = timestamp(self.from);
        recording.to = timestamp(self.to);
        recording.addresses = self.addresses.into_owned();
        recording.lost = self.lost;
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Event<'a> {
    schema: Cow<'a, str>,
    time: Moment,
    #[serde(rename = "event")]
    name: Cow<'a, str>,
    /// `null` when the kernel gave none.
    #[serde(default)]
    reason: Option<Cow<'a, str>>,
    state: Cow<'a, str>,
    local: End,
    /// `null` when the event does not carry it.
    #[serde(default)]
    remote: Option<End>,
    #[serde(default)]
    stack: Cow<'a, [String]>,
    #[serde(default)]
    comm: Cow<'a, str>,
    #[serde(default)]
    pid: u32,
    /// What `whyrst watch` knew of this end: with it, the event is a reset that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<AccountLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trigger: Option<TriggerLine>,
    /// The other end, where it is on the same host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<Peer>,
    #[serde(default, skip_serializing_if = "is_false")]
    unsent: bool,
    /// Stands for so many more that were only counted.
    #[serde(default, skip_serializing_if = "is_zero")]
    more: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// The end that received it, with the same two endpoints the other way round.
#[derive(Serialize, Deserialize)]
struct Peer {
    time: Moment,
    account: AccountLine,
}

impl<'a> Event<'a> {
    pub(super) fn of(reset: &'a KernelReset) -> Result<Self, RecordingError> {
        Ok(Self {
            schema: EVENT.into(),
            time: moment(reset.time)?,
            name: SENT.into(),
            reason: Some(reset.reason_name.as_str().into()).filter(|name: &Cow<'_, str>| !name.is_empty()),
            state: reset.state.as_str().into(),
            local: reset.local.into(),
            remote: reset.remote.map(End::from),
            stack: reset.stack.as_slice().into(),
            comm: reset.comm.as_str().into(),
            pid: reset.pid,
            account: None,
            trigger: None,
            peer: None,
            unsent: false,
            more: 0,
        })
    }

    pub(super) fn told(told: &'a Told) -> Result<Self, RecordingError> {
        let SocketEvent { time, told: kind, local, remote, trigger, account } = &told.reset.event;
        let event = match kind {
            Kind::Sent(word) => Self::of(word)?,
            Kind::Received => Self::received(*time, *local)?,
        };
        let peer = |peer: &SocketEvent| Ok(Peer { time: moment(peer.time)?, account: (&peer.account).into() });
        Ok(Self {
            time: moment(*time)?,
            remote: Some((*remote).into()),
            account: Some(account.into()),
            trigger: trigger.as_ref().map(TriggerLine::from),
            peer: told.reset.peer.as_ref().map(peer).transpose()?,
            unsent: told.reset.unsent,
            more: told.more,
            ..event
        })
    }

    fn received(time: Timestamp, local: Endpoint) -> Result<Self, RecordingError> {
        Ok(Self {
            schema: EVENT.into(),
            time: moment(time)?,
            name: RECEIVED.into(),
            reason: None,
            state: "".into(),
            local: local.into(),
            remote: None,
            stack: Cow::default(),
            comm: "".into(),
            pid: 0,
            account: None,
            trigger: None,
            peer: None,
            unsent: false,
            more: 0,
        })
    }

    fn heard(mut self) -> Result<Box<Heard>, BadLine> {
        let bad = |cause: String| BadLine { ours: true, cause };
        let told = self.account.take().map(|account| (account, self.trigger.take(), self.peer.take()));
        let (time, local, remote) = (timestamp(self.time), Endpoint::from(self.local), self.remote.map(Endpoint::from));
        let (unsent, more) = (self.unsent, self.more);
        if more > MOST_AT_ONCE {
            return Err(bad(format!("stands for {more} resets, more than any host has sent")));
        }
        let sent = match &*self.name {
            SENT => Some(self.reset()),
            RECEIVED => None,
            other => return Err(bad(format!("has the unknown event {other:?}"))),
        };
        let Some((account, trigger, peer)) = told else { return Ok(Box::new(Heard { sent, told: None })) };
        let Some(remote) = remote else { return Err(bad("has a socket and no other end".into())) };
        let end = |time, told, (local, remote), account: AccountLine, trigger: Option<TriggerLine>| SocketEvent {
            time,
            told,
            local,
            remote,
            trigger: trigger.map(Trigger::from),
            account: account.into(),
        };
        let kind = sent.clone().map_or(Kind::Received, Kind::Sent);
        let peer =
            peer.map(|Peer { time, account }| end(timestamp(time), Kind::Received, (remote, local), account, None));
        let reset = SocketReset { event: end(time, kind, (local, remote), account, trigger), peer, unsent };
        // One that was only counted is no event of its own.
        Ok(Box::new(Heard { sent: sent.filter(|_| more == 0), told: Some(Told { reset, more }) }))
    }

    fn reset(self) -> KernelReset {
        let reason_name = self.reason.map(Cow::into_owned).unwrap_or_default();
        KernelReset {
            time: timestamp(self.time),
            reason: RstReason::from_name(&reason_name),
            reason_name,
            state: self.state.into_owned(),
            local: self.local.into(),
            remote: self.remote.map(Endpoint::from),
            stack: self.stack.into_owned(),
            comm: self.comm.into_owned(),
            pid: self.pid,
        }
    }
}

fn moment(time: Timestamp) -> Result<Moment, RecordingError> {
    let nanos = time.nanos();
    Moment::from_nanosecond(nanos.into()).map_err(|_| RecordingError::Time { nanos })
}

/// Held at the ends of the range, 1677 and 2262.
fn timestamp(moment: Moment) -> Timestamp {
    let nanos = moment.as_nanosecond().clamp(i64::MIN.into(), i64::MAX.into());
    Timestamp::from_nanos(i64::try_from(nanos).expect("invariant: clamped to the range"))
}
