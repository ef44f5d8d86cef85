//! The two kinds of lines: from the file to what the core judges, and back.

use std::borrow::Cow;

use serde::Deserialize;
use whyrst_core::kernel::{KernelReset, RstReason};
use whyrst_core::recording::{Recording, Told};
use whyrst_core::segment::Endpoint;
use whyrst_core::socket::{SocketEvent, SocketReset, Told as Direction};
use whyrst_core::time::Timestamp;
use whyrst_model::Text;
use whyrst_model::recording::{Coverage, CoverageSchema, Event, EventAccount, EventPeer, EventSchema, EventTrigger};

use super::socket;

const SENT: &str = "tcp_send_reset";
const RECEIVED: &str = "tcp_receive_reset";
/// Resets that one line may stand for: counts of a recording must add up.
const MOST_AT_ONCE: u64 = 1 << 32;

/// What a line says.
pub(super) enum Line {
    Coverage(Coverage),
    Event(Box<ParsedEvent>),
}

/// One event, and its reset with the sockets where those were recorded.
pub(super) struct ParsedEvent {
    /// `None` for a RST that was received.
    pub(super) sent: Option<KernelReset>,
    pub(super) reported: Option<Told>,
}

/// Why a line cannot be read.
pub(super) struct BadLine {
    /// Whether it belongs to a recording after all.
    pub(super) ours: bool,
    pub(super) cause: String,
}

#[derive(Deserialize)]
struct Tag<'a> {
    #[serde(borrow)]
    schema: Cow<'a, str>,
}

impl Line {
    pub(super) fn parse(text: &[u8]) -> Result<Self, BadLine> {
        let foreign = |cause| BadLine { ours: false, cause };
        let bad = |error: serde_json::Error| BadLine { ours: true, cause: reason(&error) };
        let tag: Tag<'_> = serde_json::from_slice(text).map_err(|error| foreign(reason(&error)))?;
        let schema = &*tag.schema;
        if schema == CoverageSchema::V1.name() {
            serde_json::from_slice(text).map(Self::Coverage).map_err(bad)
        } else if schema == EventSchema::V1.name() {
            parsed(serde_json::from_slice(text).map_err(bad)?).map(Self::Event)
        } else {
            Err(foreign(format!("has the unknown schema {schema:?}")))
        }
    }
}

/// Without the line number, which is always 1 within a line.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    format!("is damaged at column {}: {text}", error.column())
}

pub(super) fn coverage(recording: &Recording) -> Coverage {
    Coverage {
        schema: CoverageSchema::V1,
        from: recording.from,
        to: recording.to,
        addresses: recording.addresses.clone(),
        lost: recording.lost,
    }
}

pub(super) fn cover(recording: &mut Recording, coverage: Coverage) {
    let Coverage { from, to, addresses, lost, .. } = coverage;
    (recording.from, recording.to, recording.addresses, recording.lost) = (from, to, addresses, lost);
}

/// The line of an event alone.
pub(super) fn event(reset: &KernelReset) -> Event<'_> {
    Event {
        reason: Some((&reset.reason_name).into()).filter(|name: &Text<'_>| !name.is_empty()),
        state: (&reset.state).into(),
        remote: reset.remote,
        stack: reset.stack.iter().map(Text::from).collect(),
        comm: (&reset.comm).into(),
        pid: reset.pid,
        ..named(SENT, reset.time, reset.local)
    }
}

/// The line of an event with what was known of its sockets.
pub(super) fn reported_event(reported: &Told) -> Event<'_> {
    let SocketEvent { time, told: direction, local, remote, trigger, account } = &reported.reset.event;
    let event = match direction {
        Direction::Sent(sent) => event(sent),
        Direction::Received => named(RECEIVED, *time, *local),
    };
    Event {
        time: *time,
        remote: Some(*remote),
        account: Some(socket::account_line(account)),
        trigger: trigger.as_ref().map(socket::trigger_line),
        peer: reported.reset.peer.as_ref().map(peer_line),
        unsent: reported.reset.unsent,
        more: reported.more,
        ..event
    }
}

fn peer_line(peer: &SocketEvent) -> EventPeer<'_> {
    EventPeer { time: peer.time, account: socket::account_line(&peer.account) }
}

/// An event of which nothing else is known.
fn named(name: &'static str, time: Timestamp, local: Endpoint) -> Event<'static> {
    Event {
        schema: EventSchema::V1,
        time,
        name: name.into(),
        reason: None,
        state: Text::default(),
        local,
        remote: None,
        stack: Vec::new(),
        comm: Text::default(),
        pid: 0,
        account: None,
        trigger: None,
        peer: None,
        unsent: false,
        more: 0,
    }
}

fn parsed(mut event: Event<'_>) -> Result<Box<ParsedEvent>, BadLine> {
    let bad = |cause: String| BadLine { ours: true, cause };
    let sockets = event.account.take().map(|account| (account, event.trigger.take(), event.peer.take()));
    let (time, local, remote) = (event.time, event.local, event.remote);
    let (unsent, more) = (event.unsent, event.more);
    if more > MOST_AT_ONCE {
        return Err(bad(format!("stands for {more} resets, more than any host has sent")));
    }
    let sent = match &*event.name {
        SENT => Some(reset(event)),
        RECEIVED => None,
        other => return Err(bad(format!("has the unknown event {other:?}"))),
    };
    let Some((account, trigger, peer)) = sockets else { return Ok(Box::new(ParsedEvent { sent, reported: None })) };
    let Some(remote) = remote else { return Err(bad("has a socket and no other end".into())) };
    let end = |time, told, (local, remote), account: EventAccount<'_>, trigger: Option<EventTrigger>| SocketEvent {
        time,
        told,
        local,
        remote,
        trigger: trigger.map(socket::trigger),
        account: socket::account(account),
    };
    let direction = sent.clone().map_or(Direction::Received, Direction::Sent);
    let peer = peer.map(|EventPeer { time, account }| end(time, Direction::Received, (remote, local), account, None));
    let reset = SocketReset { event: end(time, direction, (local, remote), account, trigger), peer, unsent };
    // One that was only counted is no event of its own.
    Ok(Box::new(ParsedEvent { sent: sent.filter(|_| more == 0), reported: Some(Told { reset, more }) }))
}

fn reset(event: Event<'_>) -> KernelReset {
    let reason_name = event.reason.map(String::from).unwrap_or_default();
    KernelReset {
        time: event.time,
        reason: RstReason::from_name(&reason_name),
        reason_name,
        state: event.state.into(),
        local: event.local,
        remote: event.remote,
        stack: event.stack.into_iter().map(String::from).collect(),
        comm: event.comm.into(),
        pid: event.pid,
    }
}
