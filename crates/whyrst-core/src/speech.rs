//! What each end said first and last: the few octets of payload that some causes are told by.
//!
//! A TLS alert, a request line, a banner: they stand at the beginning of what an end says, or are
//! the last thing that it said. So sixteen octets of the first data and eight of the latest are
//! kept, in a pool: a connection without data costs nothing but its handle. Beside them stands the name
//! that the client asked for ([`crate::asked`]), where it said one: the one allocation of a connection.
//!
//! Where the first octets of a segment begin a message of a protocol that is known, its beginning is kept too
//! ([`crate::words`]). That takes 300 octets, so there is room for [`MESSAGES`] of them: beyond, the oldest
//! gives its place to the newest, and its connection has said nothing that is known.

use alloc::boxed::Box;
use alloc::vec::Vec;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::asked::{Asked, asked};
use crate::connection::Connection;
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::segment::{Flags, Segment};
use crate::service::Moment;
use crate::siblings::Login;
use crate::words::{Message, Protocol, Word, Words, first_sealed, hello_len, identity, opening};

/// Messages that are kept at once, at most: some 20 MiB. A file is read twice, and only connections that were reset are
/// followed then; a pipe follows all of them.
pub const MESSAGES: usize = 65_536;

const FIRST: usize = 16;
const LAST: usize = 8;
const NONE: u32 = u32::MAX;

/// The remembered octets of one end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Speech {
    first: [u8; FIRST],
    last: [u8; LAST],
    first_len: u8,
    last_len: u8,
    sealed: u16,
}

impl Speech {
    /// The first octets that this end sent, at most sixteen; empty when the capture does not show them.
    pub fn first(&self) -> &[u8] {
        &self.first[..usize::from(self.first_len).min(FIRST)]
    }

    /// The first octets of the latest segment with new data, at most eight.
    pub fn last(&self) -> &[u8] {
        &self.last[..usize::from(self.last_len).min(LAST)]
    }

    /// How long the first encrypted record of a TLS client is that follows its `ClientHello`, where the capture shows
    /// it: Finished, or what it sends before that.
    pub fn sealed(&self) -> Option<u16> {
        (self.sealed > 0).then_some(self.sealed)
    }

    fn begins_with(&mut self, payload: &[u8]) {
        self.first_len = keep(&mut self.first, payload);
    }

    fn goes_on_with(&mut self, payload: &[u8]) {
        self.last_len = keep(&mut self.last, payload);
    }
}

/// Copies what fits and says how much that is.
fn keep(into: &mut [u8], payload: &[u8]) -> u8 {
    let len = payload.len().min(into.len());
    into[..len].copy_from_slice(&payload[..len]);
    u8::try_from(len).unwrap_or_default()
}

/// A connection's handle on what its ends said.
#[derive(Clone, Copy, Debug)]
pub struct Handle(u32);

impl Default for Handle {
    fn default() -> Self {
        Self(NONE)
    }
}

/// What the ends of all connections said.
#[derive(Debug, Default)]
pub struct SpeechPool {
    said: Vec<[Speech; 2]>,
    asked: Vec<Option<Asked>>,
    talks: Vec<[Talk; 2]>,
    messages: Messages,
    /// Of the few connections whose client said who it is, by their handles.
    logins: HashMap<u32, Login, FixedState>,
    /// Octets of all names.
    names: usize,
    free: Vec<u32>,
}

impl SpeechPool {
    /// An empty one that keeps at most `messages` messages.
    pub fn with_room(messages: usize) -> Self {
        let messages = Messages { room: messages.clamp(1, MESSAGES), ..Messages::default() };
        Self { messages, ..Self::default() }
    }

    /// Remembers the payload of `segment`, which `from` sent and `connection` has taken in with `notes`.
    pub fn hear(
        &mut self,
        handle: &mut Handle,
        connection: &Connection,
        from: Side,
        segment: &Segment<'_>,
        record: &Record,
    ) {
        if segment.payload.is_empty() || is_said_before(record.notes) {
            return;
        }
        if handle.0 == NONE {
            handle.0 = self.take();
        }
        let speech = &mut self.said[handle.0 as usize][from.index()];
        if is_first(connection, from, segment) {
            speech.begins_with(segment.payload);
            if from == connection.client {
                self.asks(*handle, asked(segment.payload));
            }
        }
        let speech = &mut self.said[handle.0 as usize][from.index()];
        speech.goes_on_with(segment.payload);
        if speech.sealed == 0 && follows_hello(connection, from, segment, &speech.first) {
            speech.sealed = first_sealed(segment.payload).unwrap_or_default();
        }
        self.understand(*handle, segment, record);
    }

    /// Keeps the message that the segment begins, where it does.
    fn understand(&mut self, handle: Handle, segment: &Segment<'_>, record: &Record) {
        let Some(talks) = self.talks.get_mut(handle.0 as usize) else { return };
        let peer = talks[record.from.other().index()].protocol;
        let known = talks[record.from.index()].protocol;
        if let Some(protocol) = opening(segment.payload, known, peer) {
            let side = record.from.other();
            let asked = self.messages.of(talks[side.index()].place, Owner { handle: handle.0, side });
            let message = Message::new(protocol, segment, record.frame, record.time).answering(asked);
            let owner = Owner { handle: handle.0, side: record.from };
            let talk = &mut talks[record.from.index()];
            talk.protocol = Some(protocol);
            talk.place = self.messages.keep(talk.place, owner, &message);
            if let Some(identity) = identity(protocol, segment.payload) {
                let at = Moment { time: record.time, frame: record.frame };
                self.logins.insert(handle.0, Login { identity, at });
            }
        }
    }

    /// The last messages of the ends, as far as they are known.
    pub fn words(&self, handle: Handle) -> Words {
        let Some(talks) = self.talks.get(handle.0 as usize) else { return Words::default() };
        Side::BOTH.map(|side| {
            let owner = Owner { handle: handle.0, side };
            self.messages.of(talks[side.index()].place, owner).map(|message| Box::new(Word::from(*message)))
        })
    }

    /// How the client logged in, where it said who it is.
    pub fn login(&self, handle: Handle) -> Option<Login> {
        self.logins.get(&handle.0).copied()
    }

    /// What the ends said, indexed by [`Side::index`].
    pub fn said(&self, handle: Handle) -> [Speech; 2] {
        self.said.get(handle.0 as usize).copied().unwrap_or_default()
    }

    /// The name that the client asked for, where it said one in its first segment.
    pub fn asked(&self, handle: Handle) -> Option<Asked> {
        self.asked.get(handle.0 as usize).cloned().flatten()
    }

    fn asks(&mut self, handle: Handle, asked: Option<Asked>) {
        let octets = |asked: &Option<Asked>| asked.as_ref().map_or(0, |asked| asked.name.len());
        let place = &mut self.asked[handle.0 as usize];
        self.names = self.names + octets(&asked) - octets(place);
        *place = asked;
    }

    /// Gives the place back.
    pub fn release(&mut self, handle: &mut Handle) {
        if handle.0 != NONE {
            self.asks(*handle, None);
            for side in Side::BOTH {
                let place = self.talks[handle.0 as usize][side.index()].place;
                self.messages.release(place, Owner { handle: handle.0, side });
            }
            self.logins.remove(&handle.0);
            self.free.push(handle.0);
            *handle = Handle::default();
        }
    }

    /// Octets that the pool occupies.
    pub fn bytes(&self) -> usize {
        let places = self.said.capacity() * size_of::<[Speech; 2]>()
            + self.asked.capacity() * size_of::<Option<Asked>>()
            + self.talks.capacity() * size_of::<[Talk; 2]>();
        let logins = self.logins.capacity() * size_of::<(u32, Login)>();
        places + logins + self.messages.bytes() + self.names + self.free.capacity() * size_of::<u32>()
    }

    #[expect(clippy::cast_possible_truncation, reason = "2^32 places of 80 octets do not fit into any memory")]
    fn take(&mut self) -> u32 {
        let at = self.free.pop().unwrap_or_else(|| {
            self.said.push([Speech::default(); 2]);
            self.asked.push(None);
            self.talks.push(<[Talk; 2]>::default());
            (self.said.len() - 1) as u32
        });
        self.said[at as usize] = [Speech::default(); 2];
        self.talks[at as usize] = <[Talk; 2]>::default();
        at
    }
}

/// What one end speaks, and where its last message is kept.
#[derive(Clone, Copy, Debug)]
struct Talk {
    protocol: Option<Protocol>,
    place: u32,
}

impl Default for Talk {
    fn default() -> Self {
        Self { protocol: None, place: NONE }
    }
}

/// Whose message it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Owner {
    handle: u32,
    side: Side,
}

/// The last messages of all connections, in a bounded number of places.
#[derive(Debug)]
struct Messages {
    places: Vec<(Option<Owner>, Message)>,
    free: Vec<u32>,
    /// The next place to be taken from its owner when all are taken.
    hand: u32,
    /// How many places there may be.
    room: usize,
}

impl Default for Messages {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new(), hand: 0, room: MESSAGES }
    }
}

impl Messages {
    /// Keeps `message` where its owner has a place, or else in a new one; says where.
    fn keep(&mut self, at: u32, owner: Owner, message: &Message) -> u32 {
        let at = if self.of(at, owner).is_some() { at } else { self.take() };
        match self.places.get_mut(at as usize) {
            Some(place) => *place = (Some(owner), *message),
            None => self.places.push((Some(owner), *message)),
        }
        at
    }

    /// The message at `at`, while it is still that of `owner`.
    fn of(&self, at: u32, owner: Owner) -> Option<&Message> {
        let (of, message) = self.places.get(at as usize)?;
        (*of == Some(owner)).then_some(message)
    }

    fn release(&mut self, at: u32, owner: Owner) {
        if let Some(place) = self.places.get_mut(at as usize).filter(|(of, _)| *of == Some(owner)) {
            place.0 = None;
            self.free.push(at);
        }
    }

    /// A free place, a new one, or that of the connection whose turn it is to lose its own.
    fn take(&mut self) -> u32 {
        if let Some(free) = self.free.pop() {
            return free;
        }
        match u32::try_from(self.places.len()) {
            Ok(next) if self.places.len() < self.room => next,
            _ => {
                self.hand = (self.hand + 1) % u32::try_from(self.places.len()).unwrap_or(u32::MAX).max(1);
                self.hand
            }
        }
    }

    const fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<(Option<Owner>, Message)>() + self.free.capacity() * size_of::<u32>()
    }
}

fn is_said_before(notes: Notes) -> bool {
    [Notes::RETRANSMISSION, Notes::PROBE, Notes::OUT_OF_WINDOW, Notes::SYN_ON_LIVE]
        .into_iter()
        .any(|note| notes.has(note))
}

/// Only where the SYN was seen is it known which octets are the first.
fn is_first(connection: &Connection, from: Side, segment: &Segment<'_>) -> bool {
    let half = connection.half(from);
    let start = half.first_seq.add(u32::from(!segment.flags.has(Flags::SYN)));
    half.marks.has(Marks::SYN) && segment.seq == start
}

/// Whether the client's flight that ends a TLS handshake begins here: right behind its `ClientHello`, and after the
/// server had spoken. Early data is sent before that (RFC 8446 section 2.3).
fn follows_hello(connection: &Connection, from: Side, segment: &Segment<'_>, first: &[u8]) -> bool {
    let server = connection.half(from.other());
    let answers = || {
        let heard = server.first_seq.add(1);
        server.marks.has(Marks::SYN) && segment.acknowledges().is_some_and(|ack| ack.after(heard))
    };
    let behind = |len: u32| segment.seq == connection.half(from).first_seq.add(1).add(len);
    from == connection.client && hello_len(first).is_some_and(behind) && answers()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;
    use alloc::vec;

    const TALK: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.010 C > S PA 1:6(5) ack 1 says GET_/
        +0.001 C < S PA 1:5(4) ack 6 says HTTP
        +0.001 C < S PA 5:7(2) ack 6 says ok
        +0.001 C < S PA 5:7(2) ack 6 says no
        0.100 C < S RA 7:7(0) ack 6";

    #[test]
    fn beyond_their_room_the_oldest_message_gives_way() {
        let outcome = conversation(TALK).outcome();
        let message = outcome.message(outcome.connection().client).copied().expect("it asked in clear text");
        let mut messages = Messages { room: 2, ..Messages::default() };
        let owner = |handle| Owner { handle, side: Side::Low };
        let places: Vec<u32> = (0..5).map(|handle| messages.keep(NONE, owner(handle), &message)).collect();
        let known = |messages: &Messages| {
            (0..5_u32).filter(|at| messages.of(places[*at as usize], owner(*at)).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(known(&messages), [3, 4]);
        messages.release(places[0], owner(0));
        assert_eq!(known(&messages), [3, 4], "a place that was lost is not given back");
        messages.release(places[4], owner(4));
        messages.keep(NONE, owner(9), &message);
        assert_eq!((known(&messages), messages.places.len()), (vec![3], 2));
    }

    #[test]
    fn the_first_octets_and_the_latest_new_ones_are_kept() {
        let outcome = conversation(TALK).outcome();
        let (client, server) = (outcome.connection().client, outcome.connection().server());
        assert_eq!(outcome.said(client).first(), b"GET /");
        assert_eq!((outcome.said(server).first(), outcome.said(server).last()), (&b"HTTP"[..], &b"ok"[..]));
    }

    #[test]
    fn without_the_beginning_the_first_octets_are_not_known() {
        let text: vec::Vec<&str> = TALK.lines().skip(4).collect();
        let outcome = conversation(&text.join("\n")).outcome();
        let server = outcome.sender();
        assert_eq!((outcome.said(server).first(), outcome.said(server).last()), (&b""[..], &b"ok"[..]));
    }

    #[test]
    fn places_are_used_again() {
        let mut pool = SpeechPool::default();
        let mut handle = Handle(pool.take());
        pool.release(&mut handle);
        assert_eq!((pool.take(), pool.said.len()), (0, 1));
        assert!(size_of::<[Speech; 2]>() + size_of::<Option<Asked>>() <= 80);
    }
}
