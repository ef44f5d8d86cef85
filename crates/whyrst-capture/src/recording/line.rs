//! The two kinds of lines, as they stand in the file.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp as Moment;
use serde::{Deserialize, Serialize};
use whyrst_core::kernel::{KernelReset, Recording, RstReason};
use whyrst_core::segment::Endpoint;
use whyrst_core::time::Timestamp;

use super::RecordingError;

pub(super) const COVERAGE: &str = "whyrst.events/1";
pub(super) const EVENT: &str = "whyrst.event/1";
const RESET: &str = "tcp_send_reset";

/// What a line told.
pub(super) enum Line {
    Coverage(Coverage<'static>),
    Reset(Box<KernelReset>),
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
            EVENT => serde_json::from_slice::<Event<'_>>(text).map_err(bad)?.reset().map(Self::Reset),
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
}

#[derive(Serialize, Deserialize)]
struct End {
    ip: IpAddr,
    port: u16,
}

impl<'a> Event<'a> {
    pub(super) fn of(reset: &'a KernelReset) -> Result<Self, RecordingError> {
        Ok(Self {
            schema: EVENT.into(),
            time: moment(reset.time)?,
            name: RESET.into(),
            reason: Some(reset.reason_name.as_str().into()).filter(|name: &Cow<'_, str>| !name.is_empty()),
            state: reset.state.as_str().into(),
            local: reset.local.into(),
            remote: reset.remote.map(End::from),
            stack: reset.stack.as_slice().into(),
            comm: reset.comm.as_str().into(),
            pid: reset.pid,
        })
    }

    fn reset(self) -> Result<Box<KernelReset>, BadLine> {
        if self.name != RESET {
            return Err(BadLine { ours: true, cause: format!("has the unknown event {:?}", self.name) });
        }
        let reason_name = self.reason.map(Cow::into_owned).unwrap_or_default();
        Ok(Box::new(KernelReset {
            time: timestamp(self.time),
            reason: RstReason::from_name(&reason_name),
            reason_name,
            state: self.state.into_owned(),
            local: self.local.into(),
            remote: self.remote.map(Endpoint::from),
            stack: self.stack.into_owned(),
            comm: self.comm.into_owned(),
            pid: self.pid,
        }))
    }
}

impl From<Endpoint> for End {
    fn from(end: Endpoint) -> Self {
        Self { ip: end.ip, port: end.port }
    }
}

impl From<End> for Endpoint {
    fn from(end: End) -> Self {
        Self::new(end.ip, end.port)
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
