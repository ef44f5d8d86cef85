//! macOS and FreeBSD: what their kernels log of TCP.
//!
//! XNU's `bsd/netinet/tcp_log.c`: `tcp control outgoing RST ACK [10.0.0.1:40000<->10.0.0.2:80] interface: ...`, the own end
//! first. FreeBSD's `netinet/tcp_subr.c` `tcp_log_addrs`: `TCP: [10.0.0.1]:40000 to [10.0.0.2]:80 tcpflags ...; function:
//! message`, the other end first, since it is about a segment that came. The script in `dtrace_tcp(4)` has the own end on
//! the left and an arrow in the direction of the segment.

use jiff::tz::TimeZone;
use whyrst_core::claim::{Claimant, PartialEnd};
use whyrst_core::symptom::Came;

use super::super::ends;
use super::super::stamp::{self, Stamp};
use super::super::syslog;
use super::event::{Event, Line};

/// What FreeBSD's kernel says when it answers a segment with a RST, and by what name that is shown. With
/// `net.inet.tcp.blackhole` it logs an attempt to a closed port as well, and answers nothing (`tcp_input`).
const FREEBSD_SENDS: [(&str, Option<&str>); 3] = [
    ("sending RST and removing tcpcb", Some("data after the socket was closed")),
    ("Connection attempt to closed port", None),
    ("sending RST", Some("RST sent")),
];

/// `ECONNRESET` and `ECONNREFUSED`, `ETIMEDOUT` in `errno.h` of both.
const RESET: &str = "so_error: 54 ";
const TIMED_OUT: &str = "so_error: 60 ";
const REFUSED: &str = "so_error: 61 ";

/// Whether a line shows what the file is.
pub(super) fn shows(line: &str) -> bool {
    (line.contains("<->") && line.contains("tcp "))
        || line.contains("TCP: [") && line.contains(" tcpflags ")
        || line.starts_with("Timestamp") && line.contains("Thread") && line.contains("Activity")
        || dtrace(line).is_some()
}

pub(super) fn line(text: &str, zone: &TimeZone) -> Line {
    let stamp = stamp::at_beginning(text.trim_start(), zone).map(|(stamp, _)| stamp);
    if let Some(event) = dtrace(text) {
        return event.map_or(Line::Other, |event| Line::Event(Box::new(event)));
    }
    // Other programs log into the same files, and strangers choose their words: only the kernel's own lines count.
    let prefixed = syslog::prefix(text, zone);
    let is_kernels = prefixed.process.as_deref().is_none_or(|name| name == "kernel");
    if let Some(words) = prefixed.rest.strip_prefix("TCP: [").filter(|_| is_kernels) {
        return freebsd(words, stamp);
    }
    let of_macos = text.split_once(": ").filter(|(head, _)| head.ends_with("kernel") || head.ends_with("kernel[0]"));
    if let Some((before, words)) = of_macos.and_then(|(_, words)| words.strip_prefix("tcp ")?.split_once("<->")) {
        return macos(before, words, text, stamp);
    }
    let is_frame = text.starts_with("Timestamp") || text.trim_start().starts_with("CPU");
    if stamp.is_some() || is_frame { Line::Other } else { Line::Unknown }
}

/// `10.0.0.1]:40000 to [10.0.0.2]:80 tcpflags 0x18<PUSH,ACK>; tcp_do_segment: FIN_WAIT_2: Received ...`.
fn freebsd(words: &str, stamp: Option<Stamp>) -> Line {
    let Some((ends, message)) = words.split_once(" tcpflags ") else { return Line::Other };
    let mut both = ends.splitn(2, " to ");
    let end = |text: Option<&str>| ends::whole(&format!("[{}", text?.trim_start_matches('[')));
    let (Some(far), Some(near)) = (end(both.next()), end(both.next())) else { return Line::Unknown };
    let sends = FREEBSD_SENDS.iter().find(|(words, _)| message.contains(words)).map(|(_, name)| *name);
    let Some(sent) = sends else { return Line::Other };
    Line::Event(Box::new(Event {
        by: Claimant::Freebsd,
        stamp,
        near,
        far,
        came: Came::Own,
        process: None,
        pid: None,
        handle: None,
        sent,
    }))
}

fn macos(before: &str, after: &str, text: &str, stamp: Option<Stamp>) -> Line {
    let Some((words, near)) = before.rsplit_once('[') else { return Line::Unknown };
    let Some((far, rest)) = after.split_once(']') else { return Line::Unknown };
    // Addresses are redacted unless net.inet.ip.log.privacy is off.
    let (Some(near), Some(far)) = (ends::whole(near), ends::whole(far)) else { return Line::Other };
    let process = process_of(text);
    let (came, sent) = match words {
        _ if words.contains("control outgoing") && words.contains("RST ") => (Came::Own, Some("RST sent")),
        _ if words.contains("control incoming") && words.contains("RST ") => (Came::Rst, None),
        _ => match error_of(rest) {
            Some(came) => (came, None),
            // A segment was dropped, a RST or another: what the socket got of it stands in the line behind.
            None if words.contains("drop incoming") => (Came::Nothing, None),
            None => return Line::Other,
        },
    };
    let is_held = came == Came::Nothing;
    let event = Box::new(Event {
        by: Claimant::Macos,
        stamp,
        near,
        far,
        came,
        pid: process.as_ref().map(|(_, pid)| *pid),
        process: process.map(|(name, _)| name),
        handle: None,
        sent,
    });
    if is_held { Line::Held(event) } else { Line::Event(event) }
}

/// What came, by the error that the socket has of it.
fn error_of(text: &str) -> Option<Came> {
    let errors = [(RESET, Came::Rst), (REFUSED, Came::Refusal), (TIMED_OUT, Came::Silence)];
    errors.into_iter().find_map(|(error, came)| text.contains(error).then_some(came))
}

/// `process: curl:812 `: the name may hold colons.
fn process_of(text: &str) -> Option<(String, u32)> {
    let (_, rest) = text.split_once("process: ")?;
    let (named, _) = rest.split_once(' ').unwrap_or((rest, ""));
    let (name, pid) = named.rsplit_once(':')?;
    (!name.is_empty() && name.len() <= 64).then_some(())?;
    Some((name.to_owned(), pid.parse().ok()?))
}

/// What the second line of an entry says.
pub(super) struct More {
    pub(super) process: Option<(String, u32)>,
    pub(super) came: Option<Came>,
}

/// The second line of an entry: the kernel's format breaks the line before it.
pub(super) fn continued(text: &str) -> Option<More> {
    text.starts_with("so_gencnt: ").then(|| More { process: process_of(text), came: error_of(text) })
}

/// `  0         10.0.0.2:80    ->         10.0.0.1:40000      0  (RST|ACK)`; `None` where it is no such line.
#[expect(clippy::option_option, reason = "a line of that form may be about no RST")]
fn dtrace(text: &str) -> Option<Option<Event>> {
    let mut words = text.split_whitespace();
    let _cpu: u16 = words.next()?.parse().ok()?;
    let near = ends::whole(words.next()?)?;
    let arrow = words.next()?;
    let far: PartialEnd = ends::whole(words.next()?)?;
    let _length: u32 = words.next()?.parse().ok()?;
    let flags = words.next()?.strip_prefix('(')?.strip_suffix(')')?;
    let (came, sent) = match arrow {
        "->" => (Came::Own, Some("RST sent")),
        "<-" => (Came::Rst, None),
        _ => return None,
    };
    let is_rst = flags.split('|').any(|flag| flag == "RST");
    Some(is_rst.then_some(Event {
        by: Claimant::Freebsd,
        stamp: None,
        near,
        far,
        came,
        process: None,
        pid: None,
        handle: None,
        sent,
    }))
}
