//! Printed captures: what tcpdump, tshark and Wireshark print of packets, as people paste it, read as a capture.
//!
//! A text is recognised by what it says, after all binary formats were ruled out ([`Text::recognise`]). Its lines are taken one
//! by one ([`text`]): a parser for each dialect makes of them what was printed ([`packet::Printed`]), [`numbers`] puts their
//! sequence numbers into one space, and each becomes a frame with a note of what the text did not say
//! ([`crate::unsaid`]). The frames are handed on as the bytes of a container of their own ([`frames`]), so that whoever reads
//! captures need not know that they were text.
//!
//! Text is hostile: lines may be of any length and in any order. Nothing is remembered but connections, names and the packet
//! that is being read, each of them bounded.

mod details;
mod fields;
mod frames;
mod json;
mod names;
mod numbers;
mod packet;
mod pdml;
mod tcpdump;
mod text;
mod tshark;

use std::io;
use std::time::Duration;

use serde_json::Value;
use whyrst_core::segment::Endpoint;

use crate::source::{Filled, Source};
use crate::window::{Have, Window};
use details::Details;
use frames::Out;
use json::Objects;
use names::Names;
use numbers::Numbers;
use packet::{FLAGS, IpHeader, Length, Made, Number, Options, Printed, Tcp, What};
use tcpdump::{Ends, Line};
use tshark::{Listed, Table};

/// A packet's text may be wrapped into so many lines.
const MOST_JOINED: usize = 8;
/// So much of a text is looked at to find whether it is a capture.
pub(crate) const ENOUGH: usize = 64 * 1024;

/// How a text is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// Line by line.
    Lines,
    Json,
    Pdml,
}

/// How bytes are letters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Encoding {
    Utf8,
    /// As `PowerShell` redirects what a program prints.
    Utf16,
}

/// A text that is a capture, about to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    form: Form,
    encoding: Encoding,
    clock: Clock,
}

impl Text {
    /// Whether what begins with `first` is text with a packet in it.
    pub(crate) fn recognise(first: &[u8]) -> Option<Self> {
        let encoding = if first.starts_with(&[0xff, 0xfe]) { Encoding::Utf16 } else { Encoding::Utf8 };
        let first = decoded(first, encoding);
        let begins = first.split(|byte| *byte == b'\n').map(text::clean).find(|line| is_content(line))?;
        let form = match begins.trim_start() {
            line if line.starts_with('{') || line == "[" || line.starts_with("[{") => Form::Json,
            line if line.starts_with("<?xml") || line.starts_with("<pdml") || line.starts_with("<packet") => Form::Pdml,
            _ => Form::Lines,
        };
        let mut reader = Reader::new(Self { form, encoding, clock: Clock::Day });
        let mut times = Vec::new();
        for line in first.split(|byte| *byte == b'\n') {
            reader.line(line);
            times.extend(reader.out.take_times());
        }
        reader.end();
        times.extend(reader.out.take_times());
        reader.found.then(|| Self { form, encoding, clock: Clock::of(&times) })
    }
}

/// Whether the text ahead in `window` is a capture. It is waited for as long as it may still become one.
pub(crate) fn recognise(window: &mut Window) -> io::Result<Option<Text>> {
    let mut wanted = 4_096;
    loop {
        let have = window.have(wanted)?;
        let ahead = &window.ahead()[..window.ahead().len().min(ENOUGH)];
        if !is_text(ahead) {
            return Ok(None);
        }
        if let Some(text) = Text::recognise(ahead) {
            return Ok(Some(text));
        }
        match have {
            Have::Idle if window.stop.is_wanted() => {
                return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted before it began"));
            }
            Have::Idle => {}
            Have::All if wanted < ENOUGH => wanted *= 2,
            Have::All | Have::Only(_) => return Ok(None),
        }
    }
}

/// Whether bytes can be letters at all.
fn is_text(bytes: &[u8]) -> bool {
    let is_letter = |byte: &&u8| **byte >= b' ' || matches!(**byte, b'\t' | b'\n' | b'\r' | 0x1b | 0x0c | 0x08);
    let others = bytes.iter().filter(|byte| !is_letter(byte)).count();
    bytes.starts_with(&[0xff, 0xfe]) || others * 100 <= bytes.len()
}

fn is_content(line: &str) -> bool {
    !line.trim().is_empty() && !is_fence(line)
}

fn is_fence(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with("```") || line.starts_with("~~~") || line == "..." || line == "…"
}

fn decoded(bytes: &[u8], encoding: Encoding) -> Vec<u8> {
    if encoding == Encoding::Utf8 {
        return bytes.to_vec();
    }
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|letter| letter.unwrap_or('\u{fffd}')).collect::<String>().into_bytes()
}

/// What printed times count from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Clock {
    /// Midnight, 1970 or the first packet: they stand as they are, but that a day may end.
    Day,
    /// The packet before.
    Previous,
}

impl Clock {
    /// By the first times of a text: from the packet before they begin with 0 and do not only grow.
    fn of(times: &[i64]) -> Self {
        let falls = times.windows(2).any(|pair| pair[1] < pair[0]);
        if times.first() == Some(&0) && falls { Self::Previous } else { Self::Day }
    }
}

/// Reads a text from a window and is the source of the frames in it.
pub(crate) struct Reading {
    window: Window,
    reader: Reader,
    /// Of a line that has not ended yet.
    begun: Vec<u8>,
    ended: bool,
}

impl Reading {
    pub(crate) fn new(window: Window, text: Text) -> Self {
        let reader = Reader::new(text);
        Self { window, reader, begun: Vec::new(), ended: false }
    }

    /// Takes the next line, or what there is of it; says what was there.
    fn take_line(&mut self) -> io::Result<Have> {
        match self.window.have(1)? {
            Have::Idle => return Ok(Have::Idle),
            Have::Only(_) => {
                let rest = std::mem::take(&mut self.begun);
                self.reader.encoded_line(&rest);
                self.reader.end();
                self.ended = true;
                return Ok(Have::Only(0));
            }
            Have::All => {}
        }
        let ahead = self.window.ahead();
        let end = ahead.iter().position(|byte| *byte == b'\n');
        let count = end.map_or(ahead.len(), |at| at + 1);
        let room = (4 * text::LONGEST).saturating_sub(self.begun.len());
        self.begun.extend(&ahead[..count.min(room)]);
        self.window.advance(count);
        // The second byte of a line feed of 16 bits is the first of the next line; it is nothing alone.
        if end.is_some() {
            let line = std::mem::take(&mut self.begun);
            self.reader.encoded_line(&line);
        }
        Ok(Have::All)
    }
}

impl Source for Reading {
    fn fill(&mut self, into: &mut [u8], patience: Duration) -> io::Result<Filled> {
        self.window.patience = patience;
        while self.reader.out.is_empty() && !self.ended {
            if self.take_line()? == Have::Idle {
                self.reader.idle();
                if self.reader.out.is_empty() {
                    return Ok(Filled::Idle);
                }
            }
        }
        if self.reader.out.is_empty()
            && let Some((kind, cause)) = self.window.damage.take()
        {
            return Ok(Filled::Damaged(kind, cause));
        }
        Ok(Filled::octets_or_end(self.reader.out.move_into(into)))
    }
}

/// The packet that is being read.
struct Pending {
    /// In which line it began.
    line: u64,
    text: String,
    joined: usize,
    printed: Option<Box<Printed>>,
    ends: Ends,
}

/// Makes frames of lines.
struct Reader {
    text: Text,
    number: u64,
    /// The line has a sign before it that quotes it, or an arrow.
    is_quoted: bool,
    names: Names,
    numbers: Numbers,
    pending: Option<Pending>,
    details: Option<(u64, Details)>,
    table: Option<Table>,
    objects: Objects,
    xml: Option<(u64, pdml::Packet)>,
    out: Out,
    last_number: u64,
    last_time: i64,
    /// What is added to times, for days that have ended.
    days: i64,
    /// A segment or an ICMP error was found.
    found: bool,
}

impl Reader {
    fn new(text: Text) -> Self {
        Self {
            text,
            number: 0,
            is_quoted: false,
            names: Names::default(),
            numbers: Numbers::default(),
            pending: None,
            details: None,
            table: None,
            objects: Objects::default(),
            xml: None,
            out: Out::default(),
            last_number: 0,
            last_time: 0,
            days: 0,
            found: false,
        }
    }

    fn encoded_line(&mut self, line: &[u8]) {
        if self.text.encoding == Encoding::Utf8 {
            return self.line(line);
        }
        let line = line.strip_prefix(&[0]).unwrap_or(line);
        self.line(&decoded(line, Encoding::Utf16));
    }

    fn line(&mut self, line: &[u8]) {
        self.number += 1;
        self.is_quoted = text::is_quoted(line);
        let line = text::clean(line);
        if is_fence(&line) {
            return;
        }
        match self.text.form {
            Form::Json => self.json(&line),
            Form::Pdml => self.pdml(&line),
            Form::Lines => self.printed(&line),
        }
    }

    /// Nothing more will come for a while: what is whole need not wait.
    fn idle(&mut self) {
        if self.pending.as_ref().is_some_and(|pending| pending.ends == Ends::Here) {
            self.flush();
        }
    }

    /// Nothing more will come.
    fn end(&mut self) {
        self.flush();
        self.end_details();
        if self.objects.is_within() {
            self.out.unread(self.objects.line, "{");
        }
        if let Some((line, _)) = self.xml.take() {
            self.out.unread(line, "<packet>");
        }
        self.out.end(&self.names);
    }

    fn printed(&mut self, line: &str) {
        if details::begins(line) {
            self.flush();
            self.end_details();
            self.details = Some((self.number, Details::default()));
        }
        if let Some((_, details)) = &mut self.details
            && details.line(line)
        {
            return;
        }
        self.end_details();
        if self.dump(line) {
            return;
        }
        match tcpdump::read(line, &mut self.names) {
            Line::Packet(printed, ends) => self.begin(line, Some(printed), ends),
            Line::Begun => self.begin(line, None, Ends::Perhaps),
            Line::Other if self.join(line) => {}
            Line::Other => self.listed(line),
        }
    }

    /// A line of the bytes of the packet before.
    fn dump(&mut self, line: &str) -> bool {
        const MOST: usize = 256 * 1024;
        let Some((at, bytes)) = text::dump_line(line) else { return false };
        let Some(printed) = self.pending.as_mut().and_then(|pending| pending.printed.as_mut()) else { return false };
        if at == printed.dump.len() && at < MOST {
            printed.dump.extend(bytes);
        }
        true
    }

    fn begin(&mut self, line: &str, printed: Option<Box<Printed>>, ends: Ends) {
        self.flush();
        self.pending = Some(Pending { line: self.number, text: line.to_owned(), joined: 0, printed, ends });
    }

    /// Whether the line goes on with the packet before, whose text was wrapped or has several lines.
    fn join(&mut self, line: &str) -> bool {
        let Some(pending) = self.pending.as_mut() else { return false };
        if pending.ends == Ends::Here || pending.joined >= MOST_JOINED || pending.text.len() > text::LONGEST {
            return false;
        }
        // Programs break at blanks, terminals anywhere; and the arrow of a wrapped line looks like a quotation.
        let is_arrow = self.is_quoted && pending.printed.is_none() && !pending.text.contains(" > ");
        let joints: &[&str] = if is_arrow { &[" > ", " ", ""] } else { &[" ", ""] };
        for joint in joints {
            let whole = [pending.text.as_str(), joint, line.trim_start_matches(' ')].concat();
            match tcpdump::read(&whole, &mut self.names) {
                Line::Packet(printed, ends)
                    if ends == Ends::Here
                        || joint.is_empty()
                        || pending.printed.is_none()
                        || pending.text.ends_with(',') =>
                {
                    pending.text = whole;
                    pending.joined += 1;
                    (pending.printed, pending.ends) = (Some(printed), ends);
                    return true;
                }
                Line::Begun if joint.is_empty() || line.starts_with([' ', '\t']) => {
                    pending.text = whole;
                    pending.joined += 1;
                    return true;
                }
                _ => {}
            }
        }
        false
    }

    /// A line of a packet list.
    fn listed(&mut self, line: &str) {
        if let Some(table) = Table::named(line) {
            self.table = Some(table);
            return;
        }
        let table = self.table.clone().or_else(|| Table::usual(line));
        let listed = match &table {
            Some(table) if table.is_fields() => {
                let mut fields = fields::Fields::default();
                for (name, value) in table.named_cells(line) {
                    fields.add(&name, &value);
                }
                fields.packet(&mut self.names).map(|packet| Listed { packet, other: None })
            }
            Some(table) => table.line(line, &mut self.names),
            None => None,
        };
        let Some(listed) = listed.or_else(|| tshark::line(line, &mut self.names)) else {
            // The names of the columns.
            if !(line.contains("Source") && line.contains("Destination")) {
                self.out.unread(self.number, line);
            }
            return;
        };
        self.flush();
        let mut packet = listed.packet;
        if let Some((from, to, length)) = listed.other
            && let Some((src, dst)) = self.numbers.only_between(from, to)
        {
            packet.what = What::Segment(unnumbered(src, dst, PUSHED, Length::Frame(length)));
        }
        self.pending = Some(Pending {
            line: self.number,
            text: String::new(),
            joined: 0,
            printed: Some(Box::new(packet)),
            ends: Ends::Here,
        });
    }

    fn flush(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        match pending.printed {
            Some(printed) => self.emit(pending.line, &printed),
            None => self.out.unread(pending.line, &pending.text),
        }
    }

    fn end_details(&mut self) {
        if let Some((line, details)) = self.details.take() {
            self.fields(line, &details.fields);
        }
    }

    fn fields(&mut self, line: u64, fields: &fields::Fields) {
        match fields.packet(&mut self.names) {
            Some(printed) => self.emit(line, &printed),
            None => self.out.unread(line, "a packet without addresses or ports"),
        }
    }

    fn json(&mut self, line: &str) {
        let mut objects = std::mem::take(&mut self.objects);
        objects.line(self.number, line, |began, object| match object.map(serde_json::from_slice::<Value>) {
            Some(Ok(object)) => self.object(began, &object),
            Some(Err(_)) | None => self.out.unread(began, "{"),
        });
        self.objects = objects;
    }

    fn object(&mut self, line: u64, object: &Value) {
        if let Some(fields) = json::fields(object) {
            self.fields(line, &fields);
        } else if let Some(printed) = json::flow(object).and_then(|flow| hubble(flow, &mut self.names)) {
            self.emit(line, &printed);
        } else if object.get("index").is_none() {
            self.out.unread(line, &object.to_string());
        }
    }

    fn pdml(&mut self, line: &str) {
        for tag in pdml::tags(line) {
            match (tag, &mut self.xml) {
                (pdml::Tag::Packet, xml) => *xml = Some((self.number, pdml::Packet::default())),
                (pdml::Tag::Protocol(name), Some((_, packet))) => packet.protocol(&name),
                (pdml::Tag::Field(name, value), Some((_, packet))) => packet.fields.add(&name, &value),
                (pdml::Tag::EndOfPacket, xml) => {
                    if let Some((line, packet)) = xml.take() {
                        self.fields(line, &packet.fields);
                    }
                }
                (pdml::Tag::Protocol(_) | pdml::Tag::Field(..), None) => {}
            }
        }
    }

    /// Hands the frame of a packet on.
    fn emit(&mut self, line: u64, printed: &Printed) {
        let number = printed.number.unwrap_or(line).max(self.last_number + 1);
        self.last_number = number;
        let untimed = printed.time.is_none();
        let time = printed.time.map_or(self.last_time, |time| self.moment(time));
        self.last_time = time;
        let made = match &printed.what {
            What::Segment(tcp) => {
                let placed = self.numbers.place(tcp);
                let (src, dst) = (tcp.src.ip, tcp.dst.ip);
                let dump = Made::dump(&printed.dump, src, dst);
                dump.or_else(|| Made::segment(&printed.ip, printed.links, tcp, &placed))
            }
            What::Icmp(icmp) => {
                let dump = Made::dump(&printed.dump, icmp.from, icmp.to);
                dump.or_else(|| Made::icmp(&printed.ip, printed.links, icmp))
            }
            What::NotTcp => None,
        };
        self.found |= made.is_some();
        self.out.frame(number, printed.time, time, untimed, made.as_ref());
    }

    fn moment(&mut self, time: i64) -> i64 {
        const DAY: i64 = 86_400_000_000_000;
        match self.text.clock {
            Clock::Previous => self.last_time.saturating_add(time.max(0)),
            Clock::Day => {
                let time = time.saturating_add(self.days);
                let midnight = time < DAY * 366 && self.last_time.saturating_sub(time) > DAY / 2;
                if midnight {
                    self.days += DAY;
                }
                if midnight { time + DAY } else { time }
            }
        }
    }
}

const PUSHED: u8 = 0x18;

/// A segment of which only this is known.
fn unnumbered(src: Endpoint, dst: Endpoint, flags: u8, len: Length) -> Tcp {
    Tcp {
        src,
        dst,
        seq: Number::Unsaid,
        ack: Number::Unsaid,
        flags,
        window: packet::Window::Unsaid,
        options: Options::unknown(),
        sack: None,
        checksum: None,
        checksum_right: None,
        len,
        frame: None,
        payload: Vec::new(),
    }
}

/// A flow of hubble: addresses, ports and flags of one packet.
fn hubble(flow: &serde_json::Map<String, Value>, names: &mut Names) -> Option<Printed> {
    let ip = flow.get("IP")?;
    let mut host = |name: &str| names.host(ip.get(name)?.as_str()?);
    let (from, to) = (host("source")?, host("destination")?);
    let time = flow.get("time").and_then(Value::as_str).and_then(|time| tshark::moment(time.trim_end_matches('Z')));
    let tcp = flow.get("l4")?.get("TCP");
    // What was dropped never arrived, and a flow without flags is of another layer.
    let delivered = flow.get("verdict").and_then(Value::as_str).is_none_or(|verdict| verdict != "DROPPED");
    let what = tcp.filter(|_| delivered).and_then(|tcp| {
        let flags = tcp.get("flags")?.as_object()?;
        let is_set = |name: &&(&str, u8)| flags.get(name.0).and_then(Value::as_bool) == Some(true);
        let bits = FLAGS.iter().filter(is_set).fold(0, |all, (_, bit)| all | bit);
        let port = |name: &str| u16::try_from(tcp.get(name)?.as_u64()?).ok();
        let (src, dst) = (Endpoint::new(from, port("source_port")?), Endpoint::new(to, port("destination_port")?));
        Some(What::Segment(unnumbered(src, dst, bits, Length::Payload(0))))
    });
    let what = what.unwrap_or(What::NotTcp);
    Some(Printed { number: None, time, what, links: None, ip: IpHeader::default(), dump: Vec::new() })
}
