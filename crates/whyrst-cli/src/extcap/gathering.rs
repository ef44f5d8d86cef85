//! Keeps the last packets of each connection, and writes those of connections that are reset.
//!
//! Frames get their numbers when they are written, as Wireshark will number them; only then is the
//! connection judged, so that the comments name the right ones.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};

use jiff::tz::TimeZone;
use whyrst_capture::writer::{InterfaceId, NewFrame, PcapNgWriter};
use whyrst_capture::{Counts, Filter, LinkType, Record, Unsaid};
use whyrst_core::flow::FlowKey;
use whyrst_core::language::Language;
use whyrst_core::observation::{Frame, Interface, Seen};
use whyrst_core::recording::Recording;
use whyrst_core::report::{Context, Explanation};
use whyrst_core::segment::Flags;
use whyrst_core::time::{Span, Timestamp};
use whyrst_core::tracker::{Limits, Tracker};
use whyrst_core::verdict::Confidence;

use super::socket::Packet;

/// Bytes of packets that wait for a reset of their connection.
const ROOM: usize = 64 * 1024 * 1024;
/// Packets kept of one connection: its opening and its end.
const OPENING: usize = 16;
const LAST: usize = 48;
/// What follows a RST within this time can change its verdict.
const SETTLES_AFTER: Span = Span::from_millis(200);

pub(super) struct Gathering<W: Write> {
    writer: PcapNgWriter<W>,
    /// By their number in the system.
    interfaces: HashMap<u32, InterfaceId>,
    filter: Option<Filter>,
    least: Confidence,
    /// Of the comments.
    language: Language,
    flows: HashMap<FlowKey, Flow>,
    /// Flows in the order of their packets, to forget the oldest first.
    order: VecDeque<FlowKey>,
    bytes: usize,
    /// Flows with a RST, and when they are reported.
    due: VecDeque<(Timestamp, FlowKey)>,
    frames: u64,
}

#[derive(Default)]
struct Flow {
    packets: VecDeque<Kept>,
    due: bool,
}

struct Kept {
    time: Timestamp,
    interface: u32,
    bytes: Box<[u8]>,
    original: u32,
    /// Its number, when it was written.
    number: Option<u64>,
}

impl<W: Write> Gathering<W> {
    pub(super) fn new(writer: PcapNgWriter<W>, filter: Option<Filter>, least: Confidence, language: Language) -> Self {
        Self {
            writer,
            interfaces: HashMap::new(),
            filter,
            least,
            language,
            flows: HashMap::new(),
            order: VecDeque::new(),
            bytes: 0,
            due: VecDeque::new(),
            frames: 0,
        }
    }

    /// Describes the interfaces, so that Wireshark shows an empty capture at once.
    pub(super) fn begin(&mut self, interfaces: Vec<(u32, String)>) -> io::Result<()> {
        for (number, name) in interfaces {
            let id = self.writer.add_interface(&name, LinkType::RAW, 0)?;
            self.interfaces.insert(number, id);
        }
        self.writer.flush()
    }

    pub(super) fn take(&mut self, packet: &Packet<'_>) {
        let kept = Kept {
            time: packet.time,
            interface: packet.interface,
            bytes: packet.bytes.into(),
            original: u32::try_from(packet.original).unwrap_or(u32::MAX),
            number: None,
        };
        let Ok(seen) = kept.record(0).observe(&mut Counts::default()).map(|seen| seen.what) else { return };
        if self.filter.as_ref().is_some_and(|filter| !filter.matches(&seen, kept.original)) {
            return;
        }
        let (key, reset) = match &seen {
            Seen::Segment(segment) => (FlowKey::of(segment.src, segment.dst).0, segment.flags.has(Flags::RST)),
            Seen::Icmp(error) => (FlowKey::of(error.src, error.dst).0, false),
        };
        let flow = self.flows.entry(key).or_default();
        if reset && !flow.due {
            flow.due = true;
            self.due.push_back((kept.time.plus(SETTLES_AFTER), key));
        }
        self.bytes += kept.bytes.len();
        flow.packets.push_back(kept);
        self.order.push_back(key);
        if flow.packets.len() > OPENING + LAST {
            let gone = flow.packets.remove(OPENING).map_or(0, |kept| kept.bytes.len());
            self.bytes -= gone;
        }
        self.forget();
    }

    fn forget(&mut self) {
        let beyond = 8 * (OPENING + LAST) * self.flows.len().max(64);
        while self.bytes > ROOM || self.order.len() > beyond {
            let Some(key) = self.order.pop_front() else { return };
            let Some(flow) = self.flows.get_mut(&key) else { continue };
            self.bytes -= flow.packets.pop_front().map_or(0, |kept| kept.bytes.len());
            if flow.packets.is_empty() {
                self.flows.remove(&key);
            }
        }
    }

    /// Writes the connections whose time has come.
    pub(super) fn write_due(&mut self, now: Timestamp, recording: &Recording) -> io::Result<()> {
        let mut wrote = false;
        while self.due.front().is_some_and(|(time, _)| *time <= now)
            && let Some((_, key)) = self.due.pop_front()
        {
            wrote = true;
            self.write(&key, recording)?;
        }
        if wrote { self.writer.flush() } else { Ok(()) }
    }

    fn write(&mut self, key: &FlowKey, recording: &Recording) -> io::Result<()> {
        let Some(flow) = self.flows.get_mut(key) else { return Ok(()) };
        flow.due = false;
        let mut next = self.frames;
        let numbers: Vec<u64> = flow
            .packets
            .iter()
            .map(|kept| {
                kept.number.unwrap_or_else(|| {
                    next += 1;
                    next
                })
            })
            .collect();
        let (comments, surest) = judged(&flow.packets, &numbers, recording, self.language);
        if surest < self.least {
            return Ok(());
        }
        for (kept, number) in flow.packets.iter_mut().zip(numbers) {
            if kept.number.is_some() {
                continue;
            }
            kept.number = Some(number);
            let interface = if let Some(id) = self.interfaces.get(&kept.interface) {
                *id
            } else {
                // It came after the others.
                let id = self.writer.add_interface(&format!("if{}", kept.interface), LinkType::RAW, 0)?;
                self.interfaces.insert(kept.interface, id);
                id
            };
            let own: Vec<&str> = comments
                .iter()
                .filter(|(frame, _)| frame.number() == number)
                .map(|(_, comment)| comment.as_str())
                .collect();
            self.writer.write(&NewFrame {
                interface,
                time: kept.time,
                bytes: &kept.bytes,
                original: kept.original,
                comments: &own,
            })?;
        }
        self.frames = next;
        Ok(())
    }
}

/// The comments on the packets of one connection, and how sure the surest verdict is.
fn judged(
    packets: &VecDeque<Kept>,
    numbers: &[u64],
    recording: &Recording,
    language: Language,
) -> (Vec<(Frame, String)>, Confidence) {
    let mut tracker = Tracker::new(Limits { connections: 16, ..Limits::default() });
    for (kept, number) in packets.iter().zip(numbers) {
        if let Ok(seen) = kept.record(*number).observe(&mut Counts::default()) {
            tracker.observe(&seen);
        }
    }
    tracker.finish();
    let context = Context { files: vec!["live".to_owned()], zone: TimeZone::UTC, language };
    let mut surest = Confidence::Unexplained;
    let comments = std::iter::from_fn(|| tracker.poll()).flat_map(|mut outcome| {
        recording.note_word(&mut outcome);
        let report = Explanation::new(&outcome, &context);
        surest = surest.max(report.judgement.confidence);
        report.comments()
    });
    let comments = comments.collect();
    (comments, surest)
}

impl Kept {
    fn record(&self, number: u64) -> Record<'_> {
        Record {
            frame: Frame::new(0, number),
            time: self.time,
            interface: Interface(u16::try_from(self.interface).unwrap_or(u16::MAX)),
            link: LinkType::RAW,
            original: self.original,
            bytes: &self.bytes,
            unsaid: Unsaid::NOTHING,
        }
    }
}
