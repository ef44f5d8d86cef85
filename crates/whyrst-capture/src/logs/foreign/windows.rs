//! Windows: the events of Microsoft-Windows-TCPIP as text, XML and CSV.
//!
//! The numbers and texts of the events are those of the provider's manifest (as `wevtutil gp Microsoft-Windows-TCPIP
//! /ge /gm` prints it); the form of a line of text is that of learn.microsoft.com, "Diagnosing packet loss".

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::tz::TimeZone;
use whyrst_core::claim::{Claimant, PartialEnd};
use whyrst_core::symptom::Came;
use whyrst_core::time::{Span, Timestamp};

use super::super::ends;
use super::super::stamp::{self, Stamp};
use super::event::{Event, Line};

const PROVIDER: &str = "Microsoft-Windows-TCPIP";
/// What of one event is kept.
const LONGEST_EVENT: usize = 1 << 16;

/// An event about the end of a connection: its number, its text behind the two ends, what had happened to the socket,
/// and whether this host sent a RST.
struct Known {
    number: u32,
    text: &'static str,
    came: Came,
    sent: Option<&'static str>,
}

const fn known(number: u32, text: &'static str, came: Came) -> Known {
    Known { number, text, came, sent: None }
}

const EVENTS: [Known; 11] = [
    Known { sent: Some("abort issued"), ..known(1039, "abort issued", Came::Own) },
    known(1045, "connect failed: connect-request timeout expired", Came::Silence),
    known(1046, "terminating: retransmission timeout expired", Came::Silence),
    known(1047, "terminating: keep-alive timeout expired", Came::Silence),
    known(1048, "terminating: disconnect timeout expired", Came::Silence),
    known(1183, "connect failed: received RST", Came::Refusal),
    known(1184, "connection terminated: received RST", Came::Rst),
    // The other end closed its window and never opened it, or never sent the FIN that was waited for.
    known(1200, "terminating: Zero window probe timeout expired", Came::Silence),
    known(1201, "terminating: FIN-WAIT-2 timeout expired", Came::Silence),
    known(1185, "connection terminated: received SYN in state", Came::Nothing),
    known(1038, "close issued", Came::Nothing),
];

/// Whether a line shows what the file is.
pub(super) fn shows(line: &str) -> bool {
    line.contains(PROVIDER) || line.contains("[Microsoft-Windows-") || is_header(line)
}

fn is_header(line: &str) -> bool {
    line.trim_start().starts_with("Event Name") && line.contains("User Data")
}

/// `[31]0000.0000::2025/03/27-16:12:19.9 [Microsoft-Windows-TCPIP]TCP: connection 0x1 (local=1.2.3.4:5 remote=...) ...`.
pub(super) fn line(text: &str, zone: &TimeZone) -> Line {
    let Some((before, after)) = text.split_once("::").filter(|_| text.starts_with('[')) else { return Line::Unknown };
    let Some((stamp, rest)) = stamp::at_beginning(after, zone) else { return Line::Unknown };
    let Some((provider, words)) = rest.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return Line::Unknown;
    };
    if provider != PROVIDER {
        return Line::Other;
    }
    let between = |name: &str| {
        let (_, rest) = words.split_once(name)?;
        ends::whole(rest.split([' ', ')']).next()?)
    };
    let (Some(near), Some(far)) = (between("local="), between("remote=")) else { return Line::Other };
    let handle = words.split_whitespace().find(|word| word.starts_with("0x")).map(str::to_owned);
    let own_pid = words.split_once("PID = ").or_else(|| words.split_once("PID=")).and_then(|(_, rest)| leading(rest));
    let Some(event) =
        EVENTS.iter().find(|event| words.contains(event.text)).filter(|event| event.came != Came::Nothing)
    else {
        return match (handle, own_pid) {
            (Some(handle), Some(pid)) => Line::Owner(handle, pid),
            _ => Line::Other,
        };
    };
    // Before the time stand the processor, the process and its thread, in hexadecimal; zeros where they are not known.
    let logged_by = before.split_once(']').and_then(|(_, ids)| u32::from_str_radix(ids.split('.').next()?, 16).ok());
    Line::Event(Box::new(Event {
        by: Claimant::Windows,
        stamp: Some(stamp),
        near,
        far,
        came: event.came,
        process: None,
        // Only an abort is logged by the process that asks for it; timers and packets run in any.
        pid: own_pid.or(logged_by.filter(|pid| *pid != 0 && event.sent.is_some())),
        handle,
        sent: event.sent,
    }))
}

fn leading(text: &str) -> Option<u32> {
    let digits = text.find(|one: char| !one.is_ascii_digit()).unwrap_or(text.len());
    text[..digits].parse().ok()
}

/// What lines of XML or CSV belong to.
#[derive(Default)]
pub(super) struct Form {
    /// The lines of an event so far.
    xml: Option<String>,
    columns: Option<Columns>,
}

/// What became of a line.
pub(super) enum Taken {
    /// It ends events, each with what is quoted of it.
    Events(Vec<(Line, String)>),
    /// It is a part of one, or of what surrounds them.
    Part,
    /// It stands alone.
    Line,
}

/// Where the columns of a CSV are.
struct Columns {
    number: usize,
    pid: Option<usize>,
    time: usize,
    data: usize,
}

impl Form {
    pub(super) fn take(&mut self, text: &str, zone: &TimeZone) -> Taken {
        let alone = |line| Taken::Events(vec![(line, text.trim().to_owned())]);
        if let Some(columns) = &self.columns {
            return alone(columns.event(text));
        }
        if is_header(text) {
            self.columns = Columns::of(text);
            return if self.columns.is_some() { Taken::Part } else { alone(Line::Unknown) };
        }
        let mut rest = text.trim_start();
        let is_xml =
            self.xml.is_some() || ["<?xml", "<Event", "</Events", "<!--"].iter().any(|begin| rest.starts_with(begin));
        if !is_xml {
            return Taken::Line;
        }
        let mut events = Vec::new();
        // A line holds a part of an event, or several.
        while let Some(begin) = if self.xml.is_some() { Some(0) } else { begins_event(rest) } {
            let (part, after) = match rest[begin..].split_once("</Event>") {
                Some((part, after)) => (part, Some(after)),
                None => (&rest[begin..], None),
            };
            let xml = self.xml.get_or_insert_default();
            if xml.len() + part.len() <= LONGEST_EVENT {
                xml.push_str(part);
                xml.push('\n');
            }
            let Some(after) = after else { break };
            let whole = self.xml.take().unwrap_or_default();
            events.push((xml_event(&whole, zone), shown(&whole)));
            rest = after;
        }
        if events.is_empty() { Taken::Part } else { Taken::Events(events) }
    }

    /// The beginning of an event whose end did not come.
    pub(super) fn unfinished(&self) -> Option<&str> {
        self.xml.as_deref().filter(|xml| !xml.trim().is_empty())
    }
}

/// Where an event begins.
fn begins_event(text: &str) -> Option<usize> {
    ["<Event ", "<Event>"].iter().filter_map(|begin| text.find(begin)).min()
}

/// What is quoted of an event.
fn shown(xml: &str) -> String {
    let number = element(xml, "EventID").and_then(|number| number.trim().parse().ok());
    let event = EVENTS.iter().find(|event| Some(event.number) == number).map_or("", |event| event.text);
    let [near, far] = ["LocalAddress", "RemoteAddress"].map(|name| data(xml, name).unwrap_or_default().trim());
    let number = number.unwrap_or_default();
    format!("{PROVIDER} {number}: TCP: connection (local={near} remote={far}) {event}")
}

fn xml_event(xml: &str, zone: &TimeZone) -> Line {
    let provider = xml.split_once("<Provider ").and_then(|(_, rest)| attribute(rest.split_once('>')?.0, "Name"));
    if provider != Some(PROVIDER) {
        return Line::Other;
    }
    let number = element(xml, "EventID").and_then(|number| number.trim().parse::<u32>().ok());
    let Some(event) =
        EVENTS.iter().find(|event| Some(event.number) == number).filter(|event| event.came != Came::Nothing)
    else {
        return Line::Other;
    };
    let end = |name| data(xml, name).and_then(socket_address);
    let (Some(near), Some(far)) = (end("LocalAddress"), end("RemoteAddress")) else { return Line::Unknown };
    let stamp = attribute(xml, "SystemTime").and_then(|time| stamp::at_beginning(time, zone)).map(|(stamp, _)| stamp);
    let pid = ["ProcessId", "ProcessID", "Pid"].into_iter().find_map(|name| data(xml, name)?.trim().parse().ok());
    Line::Event(Box::new(Event {
        by: Claimant::Windows,
        stamp,
        near,
        far,
        came: event.came,
        process: None,
        pid,
        handle: data(xml, "Tcb").map(|handle| handle.trim().to_owned()),
        sent: event.sent,
    }))
}

/// `<EventID>1039</EventID>`, with attributes or without.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}"))?;
    let (_, rest) = rest.split_once('>')?;
    rest.split_once('<').map(|(text, _)| text)
}

/// `<Data Name="LocalAddress">...</Data>`, in quotes of either kind.
fn data<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = ['"', '\''].into_iter().find_map(|quote| xml.split_once(&format!("Name={quote}{name}{quote}")))?;
    let (_, rest) = rest.split_once('>')?;
    rest.split_once('<').map(|(text, _)| text)
}

fn attribute<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    ['"', '\''].into_iter().find_map(|quote| {
        let (_, rest) = xml.split_once(&format!("{name}={quote}"))?;
        rest.split_once(quote).map(|(text, _)| text)
    })
}

/// `10.0.0.1:80`, or the octets of a `SOCKADDR_IN` or `SOCKADDR_IN6` in hexadecimal, where the event only says binary.
fn socket_address(text: &str) -> Option<PartialEnd> {
    const AF_INET: u16 = 2;
    const AF_INET6: u16 = 23;
    let text = text.trim().trim_matches('"');
    if let Some(end) = ends::whole(text) {
        return Some(end);
    }
    let text = text.strip_prefix("0x").unwrap_or(text);
    let pairs = text.as_bytes().chunks_exact(2).take(28);
    let octets: Option<Vec<u8>> =
        pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect();
    let octets = octets.filter(|_| text.len().is_multiple_of(2))?;
    let family = u16::from_le_bytes(*octets.first_chunk()?);
    let port = u16::from_be_bytes(*octets.get(2..)?.first_chunk()?);
    let ip: IpAddr = match family {
        AF_INET => Ipv4Addr::from(*octets.get(4..)?.first_chunk::<4>()?).into(),
        AF_INET6 => Ipv6Addr::from(*octets.get(8..)?.first_chunk::<16>()?).into(),
        _ => return None,
    };
    Some(PartialEnd { ip: Some(ip), port: Some(port) })
}

impl Columns {
    fn of(header: &str) -> Option<Self> {
        let names: Vec<&str> = header.split(',').map(str::trim).collect();
        let at = |name: &str| names.iter().position(|known| *known == name);
        Some(Self { number: at("Event ID")?, pid: at("PID"), time: at("Clock-Time")?, data: at("User Data")? })
    }

    fn event(&self, line: &str) -> Line {
        let fields: Vec<&str> = line.split(',').map(|field| field.trim().trim_matches('"')).collect();
        let number = fields.get(self.number).and_then(|number| number.parse::<u32>().ok());
        let (Some(number), true) = (number, fields.len() > self.data) else { return Line::Unknown };
        if fields.first() != Some(&PROVIDER) {
            return Line::Other;
        }
        let Some(event) =
            EVENTS.iter().find(|event| event.number == number).filter(|event| event.came != Came::Nothing)
        else {
            return Line::Other;
        };
        // Of every such event the local end stands before the remote one.
        let mut ends = fields[self.data..].iter().filter_map(|field| socket_address(field));
        let (Some(near), Some(far)) = (ends.next(), ends.next()) else { return Line::Unknown };
        let number = |text: &&str| match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        };
        let pid = self.pid.and_then(|at| fields.get(at)).and_then(number);
        Line::Event(Box::new(Event {
            by: Claimant::Windows,
            stamp: fields.get(self.time).and_then(|ticks| file_time(ticks)),
            near,
            far,
            came: event.came,
            process: None,
            // As in text, only an abort is logged by the process that asks for it.
            pid: pid.filter(|pid| event.sent.is_some() && *pid != 0 && *pid != u32::MAX),
            handle: None,
            sent: event.sent,
        }))
    }
}

/// Tenths of a microsecond since 1601 (`FILETIME`).
fn file_time(ticks: &str) -> Option<Stamp> {
    const UNIX_EPOCH: i64 = 116_444_736_000_000_000;
    let ticks: i64 = ticks.parse().ok()?;
    let nanos = ticks.checked_sub(UNIX_EPOCH)?.checked_mul(100)?;
    Some(Stamp::At(Timestamp::from_nanos(nanos), Span::from_nanos(100)))
}
