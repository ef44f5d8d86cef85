//! What became of the other connections to the same service: how long they had been silent when they died, how long
//! others were silent and lived on, how old they grew, and after which silence the service closed them itself.
//!
//! A limit on idle time or on age shows in no single connection; it does in several. Every reset counts, and of the
//! connections that went on or ended well the first [`FIRST`] of each service: those have had the most time to be
//! idle or old. They are the same whether the input is read once or twice, so an answer does not depend on that.
//!
//! What is remembered is bounded ([`FLOWS`], and as many services). What had no room is no sibling, and proves nothing.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use core::net::IpAddr;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::connection::Connection;
use crate::flow::Side;
use crate::half::Marks;
use crate::history::{Notes, Record};
use crate::rst::Rst;
use crate::segment::{Endpoint, Flags};
use crate::seq::Seq;
use crate::service::{Greeting, Moment};
use crate::sighting::{FIRST, FLOWS, Sighting};
use crate::time::{Span, Timestamp};
use crate::words::Protocol;

/// Services whose connections are remembered.
const SERVICES: usize = 4_096;
/// Ends of one service's connections that are remembered, the latest.
const ENDS: usize = 32;
/// A health check asks with one segment at most, gets one small answer, and is over soon (`timeout check`).
const TINY_WITHIN: Span = Span::from_secs(1);
/// Whoever accepts so soon after a reset listened before it.
const MEANWHILE: Span = Span::from_millis(100);
const TINY_QUESTION: u64 = 1_460;
const TINY_ANSWER: u64 = 4_380;
/// What is shorter is no silence: the time of a retransmission (RFC 6298 section 2).
pub(crate) const SILENCE: Span = Span::from_secs(1);

/// What one moment knows of the other connections to a service.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Siblings {
    /// Resets of its connections, up to a bound, the one in question among them; oldest first.
    pub deaths: Vec<Death>,
    /// The longest silence that a connection went on after.
    pub survived: Option<Span>,
    /// The greatest age that a connection without a reset had come to.
    pub oldest: Option<Span>,
    /// The silences after which the service sent the first FIN, oldest first.
    pub closed_after: Vec<Span>,
    /// When the service sent the first FIN on others, and after which silence.
    pub closed: Vec<(Timestamp, Span)>,
    /// Up to when others prove that their host kept its connections through the whole silence of the one in question.
    pub outlived: Option<Timestamp>,
    /// Those that were open when the one in question was reset.
    pub during: usize,
    /// The last request on one of those that came after that reset and was answered: the program lived on.
    pub served: Option<Timestamp>,
    /// Those that the service ended with a request unanswered, and before it had said anything.
    pub cut: usize,
    /// Those that the service ended before it was asked anything.
    pub unasked: usize,
    /// Those that are looked at, ended or not.
    pub known: usize,
    /// The sizes of the first requests that were answered.
    pub answered: Vec<u32>,
    /// Another login with the same identity, which came while the one in question was in use.
    pub taken_over: Option<Login>,
    /// Another one that was accepted after this one's last answer, and before it was reset or right after.
    pub begun_meanwhile: Option<Timestamp>,
    /// What its client's host held when it was refused.
    pub held: Option<Held>,
    /// The one in question.
    pub own: Option<Death>,
}

/// How many connections to the service the host of a refused client had, as far as all of them are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    /// Those that were open when it was refused.
    pub when_refused: usize,
    /// The most that were open when another one was accepted.
    pub when_accepted: usize,
    /// The last connection of another host that was accepted before the refusal.
    pub other_before: Option<Timestamp>,
    /// The first that was accepted after it.
    pub other_after: Option<Timestamp>,
}

/// How one connection of a service ended in a reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Death {
    /// Its client.
    pub client: Endpoint,
    /// When the RST came.
    pub time: Timestamp,
    /// When its first segment was seen.
    pub opened: Timestamp,
    /// When the segment came that ended its silence: what the RST answers, or the RST itself.
    pub woken: Timestamp,
    /// How long it had been silent before the RST, or before the segment that the RST answers.
    pub idle: Span,
    /// The RST claims to come from the service.
    pub by: End,
    /// What had been said.
    pub exchange: Exchange,
    /// Bytes of its client.
    pub asked: u64,
    /// Bytes of the service.
    pub said: u64,
    /// When the service next accepted a connection.
    pub next_accepted: Option<Timestamp>,
    /// Its beginning was captured.
    pub from_beginning: bool,
    /// How its client logged in.
    pub login: Option<Login>,
    /// When the client last asked something, before the service moved.
    pub asked_at: Option<Timestamp>,
    /// When the service did something at last: what it sent is what the RST refuses, or it is the RST.
    pub moved_at: Option<Timestamp>,
    /// What the service speaks on it, where that leaves no doubt.
    pub service_speaks: Option<Protocol>,
}

/// What the ends of a connection had said that its siblings learn from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Heard {
    /// How its client logged in.
    pub login: Option<Login>,
    /// What the service speaks.
    pub service_speaks: Option<Protocol>,
}

/// A login with an identity that a service knows only once at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Login {
    /// A hash of the identity.
    pub identity: u64,
    /// Where and when.
    pub at: Moment,
}

/// One end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Who opened it.
    Client,
    /// Who accepted it.
    Server,
}

/// How much had been said before a reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exchange {
    /// The SYN was refused.
    Refused,
    /// At most one small question and one answer, within a second.
    Tiny,
    /// More.
    Ordinary,
}

impl Death {
    /// Of a connection whose remembered segments are `records`, by its first RST.
    pub(crate) fn of(connection: &Connection, records: &[Record], rst: &Rst, heard: Heard) -> Self {
        let (woken, idle) = silence(records, rst);
        let by = if rst.record.from == connection.client { End::Client } else { End::Server };
        let moved_at = match (by, rst.trigger) {
            (End::Client, Some(trigger)) if trigger.from == connection.server() => Some(trigger.time),
            (End::Server, None) => Some(rst.record.time),
            _ => None,
        };
        Self {
            client: connection.endpoint(connection.client),
            time: rst.record.time,
            opened: connection.first,
            woken,
            idle,
            by,
            exchange: exchange(connection, rst),
            asked: connection.half(connection.client).bytes,
            said: connection.half(connection.server()).bytes,
            next_accepted: None,
            from_beginning: connection.half(connection.client).marks.has(Marks::SYN),
            login: heard.login,
            asked_at: moved_at.and_then(|until| last_asked(records, connection.client, until)),
            moved_at,
            service_speaks: heard.service_speaks,
        }
    }

    /// How old it was.
    pub fn age(&self) -> Span {
        self.time.since(self.opened)
    }

    /// When it fell silent.
    pub fn silent_since(&self) -> Timestamp {
        self.woken.plus(Span::from_nanos(-self.idle.nanos()))
    }
}

/// When `client` last sent something new.
fn last_asked(records: &[Record], client: Side, until: Timestamp) -> Option<Timestamp> {
    let again = |record: &Record| record.notes.has(Notes::RETRANSMISSION) || record.notes.has(Notes::PROBE);
    let asks = |record: &&Record| record.from == client && record.len > 0 && record.time <= until && !again(record);
    records.iter().rfind(asks).map(|record| record.time)
}

/// The last silence that nobody answered with data, and when it ended: a host acknowledges by itself what its program
/// never reads.
fn silence(records: &[Record], rst: &Rst) -> (Timestamp, Span) {
    let until = rst.trigger.map_or(rst.record.time, |trigger| trigger.time);
    let earlier = || records.iter().filter(|record| record.time <= until);
    let mut later: Option<&Record> = None;
    let mut spoke = [false; 2];
    for record in earlier().rev() {
        if let Some(next) = later {
            let gap = next.time.since(record.time);
            let answered = next.len > 0 && spoke[next.from.other().index()];
            if gap >= SILENCE && next.len > 0 && !answered {
                return (next.time, gap);
            }
        }
        spoke[record.from.index()] |= record.len > 0;
        later = Some(record);
    }
    let last = earlier().rfind(|record| rst.trigger.is_none_or(|trigger| trigger.frame != record.frame));
    (until, last.map_or(Span::ZERO, |last| until.since(last.time)))
}

fn exchange(connection: &Connection, rst: &Rst) -> Exchange {
    let (client, server) = (connection.half(connection.client), connection.half(connection.server()));
    let soon = rst.record.time.since(connection.first) <= TINY_WITHIN;
    if !server.marks.has(Marks::SYN) && client.marks.has(Marks::SYN) {
        Exchange::Refused
    } else if soon && client.bytes <= TINY_QUESTION && server.bytes <= TINY_ANSWER {
        Exchange::Tiny
    } else {
        Exchange::Ordinary
    }
}

/// The connections of all services, as far as they are remembered.
#[derive(Debug, Default)]
pub(crate) struct Book {
    services: HashMap<Endpoint, Entry, FixedState>,
    flows: Vec<Sibling>,
    by_name: HashMap<u64, Handle, FixedState>,
}

/// A connection in the book.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Handle(u32);

#[derive(Debug, Default)]
struct Entry {
    flows: Vec<Handle>,
    deaths: VecDeque<Death>,
    closed_after: VecDeque<Span>,
    /// So many of the latest deaths wait for the service to accept another connection. Mostly none does, and a SYN-ACK
    /// comes for each connection of the capture.
    waiting: usize,
}

/// Whether the service has said anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Speech {
    None,
    Some,
    /// It was asked, and ended the connection before.
    Cut,
    /// It ended the connection before it was asked anything.
    Unasked,
}

/// One of the first connections of a service.
#[derive(Clone, Copy, Debug)]
struct Sibling {
    server: Endpoint,
    client: Endpoint,
    service_side: Side,
    opened: Timestamp,
    last: Timestamp,
    /// The last segment of the service with anything but a RST.
    answered: Timestamp,
    /// The last silence that ended. A kernel answers what its program resets: whether the connection went on after it
    /// shows when it falls silent again, closes, or is looked at.
    silence: Span,
    /// Who broke it.
    woken_by: Side,
    /// The other end has sent something since.
    taken: bool,
    /// The longest silence that it went on after.
    survived: Span,
    /// The number of the first octet of its client.
    begins: Seq,
    /// The last segment of its client that a program pushed, where it has no answer yet.
    asked: Option<Timestamp>,
    /// The last such segment that the service answered.
    served: Option<Timestamp>,
    /// The size of the first request that was answered.
    request: u32,
    speech: Speech,
    state: State,
    /// When the service sent the first FIN, and after which silence.
    closed: Option<(Timestamp, Span)>,
    /// When the first FIN or RST came.
    ended: Option<Timestamp>,
    was_reset: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Open,
    /// An end has sent FIN.
    Closing,
    /// Reset, or its endpoints begin another one.
    Over,
}

impl Book {
    /// A SYN-ACK was seen: a service accepted the connection of this name. `None` is no sibling.
    pub(crate) fn opened(&mut self, name: u64, syn_ack: &Greeting, service_side: Side) -> Option<Handle> {
        let (server, client, time) = (syn_ack.src, syn_ack.dst, syn_ack.at.time);
        let is_first = self.accepts(server, time);
        if let Some(known) = self.find(name).filter(|at| self.is_open_at(*at, server)) {
            return Some(known);
        }
        let number = u32::try_from(self.flows.len()).ok().filter(|_| is_first)?;
        let entry = self.entry(server)?;
        let handle = Handle(number);
        entry.flows.push(handle);
        self.by_name.insert(name, handle);
        self.flows.push(Sibling {
            server,
            client,
            service_side,
            opened: time,
            last: time,
            answered: time,
            silence: Span::ZERO,
            woken_by: service_side,
            taken: false,
            survived: Span::ZERO,
            begins: syn_ack.ack,
            asked: None,
            served: None,
            request: 0,
            speech: Speech::None,
            state: State::Open,
            closed: None,
            ended: None,
            was_reset: false,
        });
        Some(handle)
    }

    /// The connection of this name.
    pub(crate) fn find(&self, name: u64) -> Option<Handle> {
        self.by_name.get(&name).copied()
    }

    /// A segment of it was seen.
    pub(crate) fn saw(&mut self, handle: Handle, from: Side, flags: Flags, seq: Seq, time: Timestamp) {
        let Some(sibling) = self.flows.get_mut(handle.0 as usize) else { return };
        // A SYN belongs to `left`, a SYN-ACK to `opened`.
        if sibling.state == State::Over || flags.has(Flags::SYN) {
            return;
        }
        sibling.heard(from, flags, seq, time);
        let silence = time.since(sibling.last);
        sibling.last = sibling.last.max(time);
        if flags.has(Flags::RST) {
            if silence >= SILENCE {
                sibling.survived = sibling.went_on_after();
            }
            sibling.taken = false;
            sibling.state = State::Over;
            sibling.was_reset = true;
            sibling.ended.get_or_insert(time);
            return;
        }
        if silence >= SILENCE {
            sibling.survived = sibling.went_on_after();
            (sibling.silence, sibling.woken_by, sibling.taken) = (silence, from, false);
        } else {
            sibling.taken |= from != sibling.woken_by;
        }
        let by_service = from == sibling.service_side;
        if by_service {
            sibling.answered = time;
        }
        if flags.has(Flags::FIN) && sibling.state == State::Open {
            // What a FIN ended nobody went on after.
            (sibling.survived, sibling.silence) = (sibling.went_on_after(), Span::ZERO);
            sibling.state = State::Closing;
            sibling.ended = Some(time);
            sibling.closed = by_service.then_some((time, silence));
            if by_service && silence >= SILENCE {
                let server = sibling.server;
                if let Some(entry) = self.services.get_mut(&server) {
                    push(&mut entry.closed_after, silence);
                }
            }
        }
    }

    /// A SYN was seen: the endpoints of this name begin another connection.
    pub(crate) fn left(&mut self, name: u64) {
        let handle = self.find(name);
        if let Some(sibling) = handle.and_then(|at| self.flows.get_mut(at.0 as usize)) {
            sibling.state = State::Over;
        }
    }

    /// The same for who has only a first look at it.
    pub(crate) fn glimpsed(&mut self, sighting: &Sighting) {
        if sighting.flags.is_syn() {
            self.left(sighting.flow);
        } else if let Some(handle) = self.find(sighting.flow) {
            self.saw(handle, sighting.from, sighting.flags, sighting.seq, sighting.time);
        }
    }

    /// A connection to `server` was reset.
    pub(crate) fn died(&mut self, server: Endpoint, death: Death) {
        if let Some(entry) = self.entry(server) {
            push(&mut entry.deaths, death);
            entry.waiting += 1;
        }
    }

    /// `server` accepts a connection: those that died before know when it did. Whether it is one of the first.
    fn accepts(&mut self, server: Endpoint, time: Timestamp) -> bool {
        let has_room = self.flows.len() < FLOWS;
        match self.services.get_mut(&server) {
            Some(entry) => {
                entry.accepts_again(time);
                has_room && entry.flows.len() < FIRST
            }
            None => has_room,
        }
    }

    /// What is known of the connections to `server`, for the one that ended so.
    pub(crate) fn of(&self, server: Endpoint, own: &Death) -> Option<Siblings> {
        let entry = self.services.get(&server)?;
        let all = || entry.flows.iter().filter_map(|at| self.flows.get(at.0 as usize));
        let others = || all().filter(|one| one.client != own.client);
        let mut siblings = Siblings { own: Some(*own), ..Siblings::default() };
        others().for_each(|one| siblings.lived_beside(one, own));
        siblings.served = siblings.served.filter(|time| *time > own.time);
        if own.exchange == Exchange::Refused {
            // Where not all are known, others may have been open as well.
            siblings.held = (entry.flows.len() < FIRST && self.flows.len() < FLOWS).then(|| held(all(), own));
            return Some(siblings);
        }
        siblings.answered.reserve_exact(siblings.known);
        others().for_each(|one| siblings.went_on(one));
        Some(Siblings {
            deaths: entry.deaths.iter().copied().collect(),
            survived: all().map(Sibling::went_on_after).filter(|span| *span > Span::ZERO).max(),
            closed_after: entry.closed_after.iter().copied().collect(),
            closed: others().filter_map(|one| one.closed).collect(),
            // What was not silent had no time to reboot.
            outlived: if own.idle >= SILENCE { outlived(others(), own) } else { None },
            taken_over: entry.taken_over(own),
            begun_meanwhile: begun_meanwhile(others(), own),
            ..siblings
        })
    }

    /// Where both ends accept, it is a sibling of two services, one after the other.
    fn is_open_at(&self, handle: Handle, server: Endpoint) -> bool {
        self.flows.get(handle.0 as usize).is_some_and(|one| one.state == State::Open && one.server == server)
    }

    /// Whether no other service has room.
    pub(crate) fn is_full(&self) -> bool {
        self.services.len() >= SERVICES
    }

    fn entry(&mut self, server: Endpoint) -> Option<&mut Entry> {
        if self.services.len() >= SERVICES && !self.services.contains_key(&server) {
            return None;
        }
        Some(self.services.entry(server).or_default())
    }
}

impl Entry {
    fn accepts_again(&mut self, time: Timestamp) {
        if self.waiting > 0 {
            self.deaths.iter_mut().rev().take(self.waiting).for_each(|death| death.next_accepted = Some(time));
            self.waiting = 0;
        }
    }

    /// The first login with the identity of `own` on another connection while that was in use. Only of what was reset
    /// itself: what went well is not followed where the input is read twice.
    fn taken_over(&self, own: &Death) -> Option<Login> {
        first_takeover(own, self.deaths.iter().filter_map(|death| Some((death.client, death.login?))))
    }
}

/// The first of these clients' logins that had the identity of `own` while that was in use.
pub(crate) fn first_takeover(own: &Death, logins: impl Iterator<Item = (Endpoint, Login)>) -> Option<Login> {
    let first = own.login?;
    let meanwhile = |login: &Login| login.at.time > first.at.time && login.at.time <= own.time;
    let others = logins.filter(|(client, _)| *client != own.client).map(|(_, login)| login);
    others.filter(|login| login.identity == first.identity && meanwhile(login)).min_by_key(|login| login.at.time)
}

impl Sibling {
    /// What its program says, as far as flags and numbers show it: a program's data ends with PSH (RFC 9293 section
    /// 3.9.1.2), and what a kernel sends for a program that is gone answers nothing.
    fn heard(&mut self, from: Side, flags: Flags, seq: Seq, time: Timestamp) {
        let pushed = flags.has(Flags::PSH);
        if from != self.service_side {
            if self.served.is_some() && self.request == 0 {
                self.request = u32::try_from(seq.diff(self.begins)).unwrap_or_default();
            }
            self.asked = pushed.then_some(time).or(self.asked);
        } else if pushed && self.state == State::Open {
            self.served = self.asked.take().or(self.served);
            self.speech = Speech::Some;
        } else if flags.has(Flags::FIN) || flags.has(Flags::RST) {
            let first = self.ended.is_none() && self.speech == Speech::None;
            self.speech = match (first, self.asked) {
                (true, Some(_)) => Speech::Cut,
                (true, None) => Speech::Unasked,
                (false, _) => self.speech,
            };
        }
    }

    /// The longest silence that it went on after, as it looks now.
    fn went_on_after(&self) -> Span {
        if self.taken { self.survived.max(self.silence) } else { self.survived }
    }
}

impl Siblings {
    /// `one` was there when `own` died, or before or after: the last of those that were asked meanwhile counts.
    fn lived_beside(&mut self, one: &Sibling, own: &Death) {
        let open = one.opened < own.time && one.ended.is_none_or(|end| end > own.time);
        if open {
            self.during += 1;
            self.served = self.served.max(one.served);
        }
        self.cut += usize::from(one.speech == Speech::Cut);
        self.unasked += usize::from(one.speech == Speech::Unasked);
        self.known += 1;
    }

    /// How old `one` grew, and how much it asked for.
    fn went_on(&mut self, one: &Sibling) {
        if !one.was_reset {
            self.oldest = self.oldest.max(Some(one.answered.since(one.opened)));
        }
        if one.request > 0 {
            self.answered.push(one.request);
        }
    }

    /// Resets in the name of the same end.
    pub fn deaths_by(&self, end: End) -> impl Iterator<Item = &Death> + Clone {
        self.deaths.iter().filter(move |death| death.by == end)
    }

    /// Resets of connections from the same host.
    pub fn deaths_of(&self, client: IpAddr) -> impl Iterator<Item = &Death> + Clone {
        self.deaths.iter().filter(move |death| death.client.ip == client)
    }
}

/// A connection that was opened before a moment and answered after it outlived that moment, and its host did not
/// forget its connections then. Whether such lives cover all of the silence, and up to when.
fn outlived<'a>(others: impl Iterator<Item = &'a Sibling>, own: &Death) -> Option<Timestamp> {
    let mut lives: Vec<(Timestamp, Timestamp)> = others.map(|one| (one.opened, one.answered)).collect();
    lives.sort_unstable();
    let since = own.silent_since();
    let reach = lives.into_iter().fold(
        since,
        |reach, (opened, answered)| {
            if opened < reach { reach.max(answered) } else { reach }
        },
    );
    (reach > since && reach >= own.woken).then_some(reach)
}

/// One that was accepted after `own` fell silent, and no later than a program takes to be started.
fn begun_meanwhile<'a>(others: impl Iterator<Item = &'a Sibling>, own: &Death) -> Option<Timestamp> {
    let (from, until) = (own.silent_since(), own.time.plus(MEANWHILE));
    others.map(|one| one.opened).filter(|opened| *opened > from && *opened <= until).max()
}

fn held<'a>(all: impl Iterator<Item = &'a Sibling> + Clone, own: &Death) -> Held {
    let host = own.client.ip;
    let (of_host, others) = (all.clone().filter(move |one| one.client.ip == host), all);
    let open_at = |time: Timestamp| {
        let open = |one: &&Sibling| one.opened < time && one.ended.is_none_or(|end| end > time);
        of_host.clone().filter(open).count()
    };
    let opened = || others.clone().filter(|one| one.client.ip != host).map(|one| one.opened);
    Held {
        when_refused: open_at(own.time),
        when_accepted: of_host.clone().map(|one| open_at(one.opened)).max().unwrap_or_default(),
        other_before: opened().filter(|time| *time <= own.time).max(),
        other_after: opened().filter(|time| *time > own.time).min(),
    }
}

fn push<T>(line: &mut VecDeque<T>, one: T) {
    if line.len() >= ENDS {
        line.pop_front();
    }
    line.push_back(one);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;

    /// A connection from port `port` that begins at `from` seconds, with one exchange.
    fn opened(port: u16, from: i64) -> std::string::String {
        std::format!(
            "{from}.0 C:{port} > S S 0:0(0)\n+0.001 C:{port} < S SA 0:0(0) ack 1\n+0.001 C:{port} > S A 1:1(0) ack 1
            +0.001 C:{port} > S PA 1:101(100) ack 1\n+0.001 C:{port} < S PA 1:51(50) ack 101\n"
        )
    }

    fn last_siblings(text: &str) -> Siblings {
        let outcomes = conversation(text).outcomes();
        outcomes.last().and_then(|outcome| outcome.siblings().cloned()).expect("it was accepted")
    }

    #[test]
    fn what_its_kernel_acknowledged_and_its_program_reset_has_not_survived() {
        let text = opened(1, 0)
            + "5.0 C:1 > S PA 101:201(100) ack 51\n+0.001 C:1 < S A 51:51(0) ack 201\n+0.1 C:1 < S RA 51:51(0) ack 201";
        let siblings = last_siblings(&text);
        assert_eq!(siblings.survived, None);
        assert_eq!(siblings.deaths.iter().map(|death| death.idle.nanos() / 1_000_000).collect::<Vec<_>>(), [4_996]);
    }

    #[test]
    fn a_silence_that_was_answered_is_survived_and_one_that_the_service_ended_is_its_own() {
        let text = opened(1, 0)
            + &opened(2, 1)
            + "5.0 C:1 > S PA 101:201(100) ack 51\n+0.001 C:1 < S PA 51:101(50) ack 201
            9.0 C:2 < S FA 51:51(0) ack 101\n+0.001 C:2 > S FA 101:101(0) ack 52\n+0.001 C:2 < S A 52:52(0) ack 102
            10.0 C:1 < S RA 101:101(0) ack 201";
        let siblings = last_siblings(&text);
        let seconds = |span: &Span| span.nanos() / 1_000_000_000;
        assert_eq!(siblings.survived.as_ref().map(seconds), Some(4));
        assert_eq!(siblings.closed_after.iter().map(seconds).collect::<Vec<_>>(), [7]);
        assert_eq!(siblings.during, 0);
    }

    #[test]
    fn lives_that_overlap_prove_that_their_host_kept_its_connections() {
        let of = |back: &str| {
            let text = opened(1, 0)
                + &opened(2, 1)
                + "30.0 C:2 > S PA 101:201(100) ack 51\n+0.001 C:2 < S PA 51:101(50) ack 201\n"
                + &opened(3, 20)
                + back
                + "60.0 C:1 > S PA 101:201(100) ack 51\n+0.001 C:1 < S R 51:51(0)\n62.0 C:3 < S A 51:51(0) ack 101";
            last_siblings(&text).outlived.is_some()
        };
        // The first fell silent before the second began: what was then nobody knows.
        assert!(!of(""));
        assert!(!of("40.0 C:2 > S PA 201:301(100) ack 101\n+0.001 C:2 < S PA 101:151(50) ack 301\n"));
    }
}
