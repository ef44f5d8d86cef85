//! All packets of one connection, when somebody asks for more than the few that a connection is remembered by.
//!
//! The capture is read once more for it. Memory is bounded: of a long connection its beginning and what led to its end
//! are kept, and what lies between is counted.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::connection::Connection;
use crate::flow::FlowKey;
use crate::history::{Notes, Record};
use crate::observation::{Observation, Seen};
use crate::outcome::Outcome;
use crate::segment::{Flags, Segment};
use crate::time::{Span, Timestamp};

/// Copies of one packet come within this time of each other (docs/internals/captures.md#copies).
const COPY_WITHIN: Span = Span::from_millis(50);
/// So many packets back a copy is looked for.
const COPY_AMONG: usize = 64;

/// The packets of one incarnation of a connection, in the order of arrival.
#[derive(Debug)]
pub struct Whole {
    /// Its beginning.
    pub head: Vec<Record>,
    /// Packets between the two that were not kept.
    pub left_out: u64,
    /// The latest.
    pub tail: VecDeque<Record>,
    /// Copies of packets, which are not kept.
    pub copies: u64,
    key: FlowKey,
    from: Timestamp,
    /// When the first RST came.
    reset: Option<Timestamp>,
    most_head: usize,
    most_tail: usize,
    connection: Option<Connection>,
    is_over: bool,
}

impl Whole {
    /// For the connection of `outcome`, at most so many packets; a quarter of them are its beginning.
    pub fn of(outcome: &Outcome, most: usize) -> Self {
        let most_head = most / 4;
        Self {
            head: Vec::new(),
            left_out: 0,
            tail: VecDeque::new(),
            copies: 0,
            key: outcome.connection().key,
            from: outcome.connection().first,
            reset: outcome.rst().map(|rst| rst.record.time),
            most_head,
            most_tail: most - most_head,
            connection: None,
            is_over: false,
        }
    }

    /// Takes in what the capture has, of whatever connection.
    pub fn observe(&mut self, observation: &Observation<'_>) {
        let Seen::Segment(segment) = &observation.what else { return };
        let (key, from) = FlowKey::of(segment.src, segment.dst);
        if key != self.key || observation.time < self.from || self.is_over {
            return;
        }
        let mut record = Record::new(observation, segment, from);
        if self.is_copy(&record) {
            self.copies += 1;
            return;
        }
        if self.begins_anew(&record, segment) {
            self.is_over = true;
            return;
        }
        record.notes.insert(self.notes_on(segment, &record));
        self.keep(record);
    }

    /// How many packets there are.
    pub fn total(&self) -> u64 {
        self.left_out + (self.head.len() + self.tail.len()) as u64
    }

    /// A SYN of the next connection between the same two: one that the connection itself says, or after its reset one
    /// with another number than it had begun with.
    fn begins_anew(&self, record: &Record, segment: &Segment<'_>) -> bool {
        let Some(connection) = &self.connection else { return false };
        let first = connection.half(record.from).first_seq;
        let after_reset = self.reset.is_some_and(|time| record.time > time);
        connection.is_reopened_by(record.from, segment) || after_reset && segment.flags.is_syn() && first != segment.seq
    }

    fn notes_on(&mut self, segment: &Segment<'_>, record: &Record) -> Notes {
        let new = || Connection::new(self.key, record.from, segment, record.time, record.frame);
        let connection = self.connection.get_or_insert_with(new);
        // A RST moves nothing: it may be forged.
        if record.flags.has(Flags::RST) {
            Notes::default()
        } else {
            connection.observe(record.from, segment, record.time, record.frame)
        }
    }

    fn keep(&mut self, record: Record) {
        if self.head.len() < self.most_head {
            self.head.push(record);
            return;
        }
        self.tail.push_back(record);
        if self.tail.len() > self.most_tail {
            self.tail.pop_front();
            self.left_out += 1;
        }
    }

    /// The same IPv4 identification and the same numbers, at once: one packet seen twice.
    fn is_copy(&self, record: &Record) -> bool {
        let is_named = record.ip_id().is_some_and(|id| id != 0) && !record.notes.has(Notes::IPV6);
        let numbers = |one: &Record| (one.from, one.seq, one.ack, one.len, one.flags, one.window, one.ip_id());
        let latest = self.tail.iter().rev().chain(self.head.iter().rev()).take(COPY_AMONG);
        is_named
            && latest
                .take_while(|seen| record.time.since(seen.time).abs() <= COPY_WITHIN)
                .any(|seen| numbers(seen) == numbers(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;
    use std::string::String;

    fn whole_of(text: &str, most: usize) -> Whole {
        let conversation = conversation(text);
        let reset = |outcome: &Outcome| !outcome.rsts().is_empty();
        let outcome = conversation.outcomes().into_iter().find(reset).expect("a reset");
        let mut whole = Whole::of(&outcome, most);
        for (number, packet) in conversation.packets.iter().enumerate() {
            whole.observe(&packet.observation(number));
        }
        whole
    }

    const OPENED: &str = "0.000 C > S S 0:0(0)\n+0.001 C < S SA 0:0(0) ack 1\n+0.0001 C > S A 1:1(0) ack 1\n";

    #[test]
    fn a_long_connection_keeps_its_beginning_and_its_end() {
        let mut text = String::from(OPENED);
        let data = |at: u32| std::format!("+0.01 C > S PA {}:{}(10) ack 1\n", 1 + at * 10, 11 + at * 10);
        text.extend((0..100).map(data));
        text += "+0.1 C < S RA 1:1(0) ack 1001\n";
        let whole = whole_of(&text, 40);
        assert_eq!((whole.head.len(), whole.tail.len(), whole.left_out), (10, 30, 64));
        assert_eq!(whole.total(), 104);
        assert!(whole.tail.back().is_some_and(|last| last.flags.has(Flags::RST)));
        assert_eq!(whole_of(&text, 1_000).left_out, 0);
    }

    #[test]
    fn others_and_copies_are_no_packets_of_it() {
        let text = std::format!(
            "{OPENED}+0.01 C > S PA 1:11(10) ack 1\n+0.00001 copy if 1\n+0.01 D > S S 0:0(0)\n+0.1 C < S RA 1:1(0) ack 11\n"
        );
        let whole = whole_of(&text, 40);
        assert_eq!((whole.total(), whole.copies), (5, 1));
    }

    #[test]
    fn what_was_sent_again_is_noted_and_the_next_connection_is_left_out() {
        let text = std::format!(
            "{OPENED}+0.01 C > S PA 1:11(10) ack 1\n+0.3 C > S PA 1:11(10) ack 1\n+0.1 C < S RA 1:1(0) ack 11\n\
             +1 C > S S 5000:5000(0)\n"
        );
        let whole = whole_of(&text, 40);
        assert!(whole.tail.iter().chain(&whole.head).any(|one| one.notes.has(Notes::RETRANSMISSION)));
        assert_eq!(whole.total(), 6);
    }
}
