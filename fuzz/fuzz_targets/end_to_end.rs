//! Conversations of a few endpoints, made of fields that are often near each other, from the capture
//! to the text of the report.

#![no_main]

use std::io::Cursor;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use whyrst_capture::{Capture, Step};
use whyrst_core::language::Language;
use whyrst_core::report::Context;
use whyrst_core::report::json;
use whyrst_core::tracker::{Limits, Tracker};

#[derive(Arbitrary, Debug)]
struct Packet {
    milliseconds: i16,
    /// Two bits of client port, one of direction, one of address.
    way: u8,
    flags: u8,
    seq: i16,
    ack: i16,
    window: u16,
    id: u16,
    ttl: u8,
    payload: u8,
}

#[derive(Arbitrary, Debug)]
struct Conversation {
    start: u32,
    base: u32,
    connections: u8,
    packets: Vec<Packet>,
}

impl Packet {
    fn octets(&self, base: u32) -> Vec<u8> {
        let client = 40_000 + u16::from(self.way & 3);
        let (source, destination) = if self.way & 4 == 0 { (client, 80) } else { (80, client) };
        let (from, to) = if self.way & 4 == 0 { (1, 2 + (self.way >> 7)) } else { (2 + (self.way >> 7), 1) };
        let total = 40 + u16::from(self.payload);
        let number = |offset: i16| base.wrapping_add_signed(offset.into()).to_be_bytes();
        let ip = [&[0x45, 0][..], &total.to_be_bytes(), &self.id.to_be_bytes(), &[0, 0, self.ttl, 6, 0, 0]].concat();
        let ports = [source.to_be_bytes(), destination.to_be_bytes()].concat();
        let tail = [&[0x50, self.flags][..], &self.window.to_be_bytes(), &[0; 4]].concat();
        let payload = vec![0x61; self.payload.into()];
        let (seq, ack) = (number(self.seq), number(self.ack));
        [&ip[..], &[10, 0, 0, from, 10, 0, 0, to], &ports, &seq, &ack, &tail, &payload].concat()
    }
}

fuzz_target!(|conversation: Conversation| {
    let mut file = [0xa1b2_c3d4u32.to_le_bytes(), [2, 0, 4, 0], [0; 4], [0; 4], [0, 0, 4, 0], [101, 0, 0, 0]].concat();
    let mut millis = i64::from(conversation.start) * 1_000;
    for packet in &conversation.packets {
        millis = millis.saturating_add(packet.milliseconds.into()).max(0);
        let octets = packet.octets(conversation.base);
        let length = octets.len() as u32;
        let words = [(millis / 1_000) as u32, (millis % 1_000) as u32 * 1_000, length, length];
        file.extend(words.map(u32::to_le_bytes).concat());
        file.extend(octets);
    }
    let mut capture = Capture::from_reader(Cursor::new(file), "fuzz", 0).expect("a header is there");
    let limits = Limits { connections: usize::from(conversation.connections).max(1), ..Limits::default() };
    let mut tracker = Tracker::new(limits);
    let context = Context { files: vec!["fuzz".into()], zone: jiff::tz::TimeZone::UTC, language: Language::English };
    let report = |tracker: &mut Tracker| {
        while let Some(ending) = tracker.poll() {
            assert!(!json::line(&ending, &context).contains('\n'));
        }
    };
    loop {
        match capture.next().expect("memory can be read") {
            Step::Observation(seen) => tracker.observe(&seen),
            Step::PassedOver(..) | Step::Idle => {}
            Step::End => break,
        }
        report(&mut tracker);
    }
    tracker.finish();
    report(&mut tracker);
});
