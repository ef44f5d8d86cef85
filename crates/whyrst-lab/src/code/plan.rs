//! From a story that a conductor tells to programs that stand alone.
//!
//! Each actor becomes a [`Part`], a program of its own. The order of the story is kept in two ways. Where a call waits
//! for the other end by itself (`accept` for its `connect`, `read` for its `write`) nothing is added. Where it does
//! not, the program sleeps until the other end is done, as a person would write it. A clock for each part, counted in
//! milliseconds from the moment when all have begun, says how long.

use std::collections::BTreeMap;

use whyrst_core::language::Language;

use crate::scenario::{Action, Actor, ExpectedReturn, Pace, Scenario, Step};

use super::options::{Opt, Value};
use super::{NoPrograms, Program, refusal, remarks};

/// What one program must leave the other, so that the order of a story is kept on a busy machine as well.
const MARGIN_MS: i64 = 100;

/// The same between programs of one host, which hold connections of their own and only take turns.
const TURN_MS: i64 = 1;

/// What a service waits for the others to be started, an interpreter on a busy machine among them, where it does not
/// wait for their connections anyway.
const START_MS: i64 = 1_000;

/// The port of the first connection of an actor whose story names ports (`actor/calls.rs` takes the same).
const FIRST_PORT: u16 = 40_000;

/// The programs of a scenario.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) scenario: &'static Scenario,
    /// In the order in which they appear.
    pub(super) parts: Vec<Part>,
}

/// One program.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: &'static str,
    /// It listens before it does anything else, so it is started first.
    pub(super) is_service: bool,
    /// The ports that it is given, in this order.
    pub(super) ports: Vec<u16>,
    pub(super) lines: Vec<Line>,
    /// The processes that it forks, by the name of their actor.
    pub(super) children: BTreeMap<&'static str, Vec<Line>>,
}

/// One thing that a program does.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// What is said above it.
    pub(super) remark: Option<String>,
    pub(super) act: Act,
    /// What it must return.
    pub(super) outcome: ExpectedReturn,
}

/// Which of a program's two connections.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Slot {
    Connection,
    /// The one that was laid aside.
    Other,
}

impl Slot {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Other => "other",
        }
    }

    const fn swapped(self) -> Self {
        match self {
            Self::Connection => Self::Other,
            Self::Other => Self::Connection,
        }
    }
}

/// What stands above the function that prints results.
pub(super) const fn said_words(language: Language) -> &'static str {
    match language {
        Language::English => "Prints what a call has returned, and returns it.",
        Language::Chinese => "打印调用的返回值，并返回它。",
    }
}

/// How a socket begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Opening {
    pub(super) port: u16,
    /// What is set before.
    pub(super) options: Vec<Opt>,
    pub(super) mptcp: bool,
    /// The port that it comes from, where the story says it.
    pub(super) from_port: Option<u16>,
}

impl Opening {
    /// Nothing but `socket` and the call itself.
    pub(super) const fn is_plain(&self) -> bool {
        self.options.is_empty() && !self.mptcp && self.from_port.is_none()
    }
}

/// What a line does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Act {
    Sleep(u32),
    Listen { opening: Opening, backlog: Option<u16> },
    Accept(Slot),
    Fork { child: &'static str, gives: Slot },
    Connect { to: Opening, into: Slot },
    ConnectUntilAccepted { to: Opening, into: Slot, every_ms: u32 },
    Write { on: Slot, bytes: u32 },
    Say { on: Slot, octets: &'static [u8] },
    Read { on: Slot, most: u32 },
    Shutdown { on: Slot, how: How },
    Set { on: Slot, options: Vec<Opt> },
    Dissolve(Slot),
    Close(Slot),
    CloseListener,
    Kill,
    HeedSigpipe,
}

/// What `shutdown` ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum How {
    Read,
    Write,
    Both,
}

impl How {
    pub(super) const fn constant(self) -> &'static str {
        match self {
            Self::Read => "SHUT_RD",
            Self::Write => "SHUT_WR",
            Self::Both => "SHUT_RDWR",
        }
    }
}

impl Plan {
    pub(super) fn of(scenario: &'static Scenario, program: Program, language: Language) -> Result<Self, NoPrograms> {
        let refused = refusal::of(scenario).or_else(|| refusal::of_language(scenario, program));
        refused.map_or_else(|| Ok(Planning::new(scenario, language).plan()), Err)
    }

    /// Every line, also of children.
    pub(super) fn lines(part: &Part) -> impl Iterator<Item = &Line> {
        part.lines.iter().chain(part.children.values().flatten())
    }
}

/// Something that another part may have to wait for.
#[derive(Clone, Copy, Debug)]
struct Event {
    actor: Actor,
    /// Its actor was waiting for others to be started, nobody knows how long.
    adrift: bool,
    at: i64,
    kind: EventKind,
    step: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum EventKind {
    /// A segment went out that the other end hears.
    Spoke,
    /// A connection was made.
    Connected,
    /// A connection or a listener ended.
    Ended,
    /// Nothing goes out, but what comes next must not come before it.
    Took,
}

/// What is known of an actor while the steps are read.
#[derive(Debug)]
struct Hand {
    actor: Actor,
    /// Whose program it is written in.
    part: usize,
    clock: i64,
    /// Events up to here are behind it.
    seen: usize,
    /// It is in a call that something later ends.
    waits: bool,
    /// It began to listen before the others began, and has heard of none of them since.
    adrift: bool,
    slot: Slot,
    /// The connections, then the listener.
    holds: [bool; 3],
    options: Vec<Opt>,
    mptcp: bool,
    /// Where the story names ports, as every connection of that actor then has one.
    next_port: Option<u16>,
    dscp: Option<u8>,
    read_timeout_ms: u32,
    /// A pause of the story that has not been written yet.
    pause: i64,
    lines: Vec<Line>,
    birth: Birth,
}

/// How an actor came into being.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Birth {
    Started,
    Forked,
}

/// The place of the listener among what an actor holds.
const LISTENER: usize = 2;

struct Planning {
    scenario: &'static Scenario,
    language: Language,
    hands: Vec<Hand>,
    events: Vec<Event>,
}

impl Planning {
    fn new(scenario: &'static Scenario, language: Language) -> Self {
        Self { scenario, language, hands: Vec::new(), events: Vec::new() }
    }

    fn plan(mut self) -> Plan {
        for (number, step) in self.scenario.steps.iter().enumerate() {
            self.take(number, step);
        }
        self.stay_to_the_end();
        let scenario = self.scenario;
        let mut parts: Vec<Part> = Vec::new();
        for hand in self.hands {
            if hand.birth == Birth::Forked {
                let parent = &mut parts[hand.part];
                parent.children.insert(hand.actor.name, hand.lines);
            } else {
                let taken = ports(&hand.lines);
                let is_service = matches!(hand.lines.first(), Some(Line { act: Act::Listen { .. }, .. }));
                let (name, lines) = (hand.actor.name, hand.lines);
                parts.push(Part { name, is_service, ports: taken, lines, children: BTreeMap::new() });
            }
        }
        Plan { scenario, parts }
    }

    fn hand(&mut self, actor: Actor) -> usize {
        if let Some(known) = self.hands.iter().position(|hand| hand.actor == actor) {
            return known;
        }
        let part = self.hands.iter().filter(|hand| hand.birth == Birth::Started).count();
        let mut hand = Hand::new(actor, part);
        let names_ports = |step: &Step| step.actor == actor && matches!(step.action, Action::UsePort(_));
        hand.next_port = self.scenario.steps.iter().any(names_ports).then_some(FIRST_PORT);
        self.hands.push(hand);
        self.hands.len() - 1
    }

    fn take(&mut self, number: usize, step: &'static Step) {
        let hand = self.hand(step.actor);
        if let Action::Pause(ms) = step.action {
            self.rest(hand, i64::from(ms), number);
            return;
        }
        if let Action::AwaitUnread { .. } = step.action {
            // What is there at once is there within this time.
            self.rest(hand, step.took.map_or(0, |(_, most)| most.nanos() / 1_000_000), number);
            return;
        }
        if self.hands[hand].prepare(&step.action) {
            return;
        }
        self.keep_order(hand, number, step);
        self.perform(hand, number, step);
    }

    /// A pause of the story, which begins when what came before it is over.
    fn rest(&mut self, hand: usize, ms: i64, number: usize) {
        let unseen = self.unseen(hand);
        let after = unseen.iter().map(|event| event.at).max().unwrap_or_default();
        let margin = self.margin(hand, &unseen);
        let hand = &mut self.hands[hand];
        let behind = (after - hand.clock).max(0);
        let ms = ms.max(margin);
        hand.pause += behind + ms;
        hand.clock += behind + ms;
        hand.seen = self.events.len();
        let at = hand.clock;
        let (actor, adrift) = (hand.actor, hand.adrift);
        // Who comes next comes after the pause.
        self.events.push(Event { actor, adrift, at, kind: EventKind::Took, step: number });
    }

    /// How long after the last of these it is surely over. A pause ends at its time, whoever looks.
    fn margin(&self, hand: usize, unseen: &[Event]) -> i64 {
        let host = self.hands[hand].actor.host;
        let of = |event: &Event| match self.scenario.steps[event.step].action {
            _ if event.adrift && !self.is_accept(event) => MARGIN_MS + START_MS,
            Action::Pause(_) => 0,
            Action::CloseListener => MARGIN_MS,
            _ if self.is_accept(event) => 0,
            _ if event.actor.host == host => TURN_MS,
            _ => MARGIN_MS,
        };
        unseen.iter().map(of).max().unwrap_or_default()
    }

    fn unseen(&self, hand: usize) -> Vec<Event> {
        let hand = &self.hands[hand];
        self.events[hand.seen..].iter().filter(|event| event.actor != hand.actor).copied().collect()
    }

    /// Sleeps where the call would not wait by itself until the others are done.
    fn keep_order(&mut self, hand: usize, number: usize, step: &Step) {
        if self.knocks_at_the_dead(number, step) {
            let me = &mut self.hands[hand];
            (me.pause, me.clock) = (me.pause + MARGIN_MS, me.clock + MARGIN_MS);
        }
        let unseen = self.unseen(hand);
        let Some(latest) = unseen.iter().map(|event| event.at).max() else { return };
        let count = |kind| unseen.iter().filter(|event| event.kind == kind).count();
        let (spoke, connected, ended) = (count(EventKind::Spoke), count(EventKind::Connected), count(EventKind::Ended));
        let first_of_all = self.hands[hand].lines.is_empty() && self.hands[hand].pause == 0;
        let waits_by_itself = match step.action {
            Action::Accept => connected == 1 && ended == 0,
            Action::Read { .. } => spoke + ended <= 1 && connected == 0 && !rests_after_speaking(&unseen),
            // Nothing has happened that it could come too early for.
            Action::Connect { .. }
            | Action::ConnectWithin { .. }
            | Action::Listen { .. }
            | Action::ListenWithBacklog { .. } => first_of_all && spoke + ended + connected == 0,
            _ => false,
        };
        // Nobody has to wait for an `accept`, which lets nothing out.
        let nothing_to_wait_for = unseen.iter().all(|event| self.is_accept(event));
        let margin = self.margin(hand, &unseen);
        let me = &mut self.hands[hand];
        me.seen = self.events.len();
        if waits_by_itself || nothing_to_wait_for || me.waits {
            me.clock = me.clock.max(latest);
            me.adrift &= nothing_to_wait_for;
        } else {
            let behind = (latest - me.clock).max(0) + margin;
            me.pause += behind;
            me.clock += behind;
        }
    }

    /// A connect right after the RST of a killed process: its listener may be closed a moment later.
    fn knocks_at_the_dead(&self, number: usize, step: &Step) -> bool {
        let before = &self.scenario.steps[..number];
        let dead = before.iter().rposition(|other| matches!(other.action, Action::IsKilled));
        let connects = matches!(step.action, Action::Connect { .. });
        connects && dead.is_some_and(|at| before[at..].iter().all(|other| !matches!(other.action, Action::Pause(_))))
    }

    fn is_accept(&self, event: &Event) -> bool {
        matches!(
            self.scenario.steps[event.step].action,
            Action::Accept | Action::Fork { .. } | Action::Listen { .. } | Action::ListenWithBacklog { .. }
        )
    }

    fn perform(&mut self, hand: usize, number: usize, step: &'static Step) {
        if let Action::Fork { child } = step.action {
            self.fork(hand, child);
        }
        let remark = remarks::of(self.scenario, number, self.language);
        let sleep_remark = remarks::of_sleep(self.scenario, number, self.language);
        let me = &mut self.hands[hand];
        me.write_pause(sleep_remark);
        let Some(act) = me.act(&step.action) else { return };
        me.lines.push(Line { remark, act, outcome: step.outcome });
        if me.lines.len() == 1 && matches!(me.lines[0].act, Act::Listen { .. }) {
            me.clock -= START_MS;
            me.adrift = true;
        }
        let begun = me.clock;
        // Others wait for the longest that it may take.
        let took = step.took.map_or(0, |(_, most)| most.nanos() / 1_000_000);
        let gave_up = step.outcome == ExpectedReturn::Fails("EAGAIN");
        me.clock += took.max(if gave_up { i64::from(me.read_timeout_ms) } else { 0 });
        if let Action::ConnectWithin { ms, .. } = step.action
            && matches!(step.outcome, ExpectedReturn::Fails("EINPROGRESS" | "ETIMEDOUT"))
        {
            me.clock = me.clock.max(begun + i64::from(ms));
        }
        let meanwhile = step.pace == Pace::Meanwhile;
        me.waits = meanwhile;
        let at = if meanwhile { begun } else { me.clock };
        if let Some(kind) = kind_of(&step.action) {
            let actor = step.actor;
            let adrift = self.hands[hand].adrift;
            self.events.push(Event { actor, adrift, at, kind, step: number });
            for other in self.hands.iter_mut().filter(|other| other.waits && other.actor != actor) {
                if kind != EventKind::Took {
                    (other.waits, other.clock, other.seen) = (false, other.clock.max(at), self.events.len());
                }
            }
        }
    }

    fn fork(&mut self, parent: usize, child: Actor) {
        let Hand { part, clock, slot, .. } = self.hands[parent];
        let mut made = Hand::new(child, part);
        (made.clock, made.slot, made.birth, made.seen) = (clock, slot, Birth::Forked, self.events.len());
        made.holds[slot as usize] = true;
        self.hands.push(made);
    }

    /// A program that still holds a socket must not end, and so close it, before the story has ended.
    fn stay_to_the_end(&mut self) {
        let end = self.hands.iter().map(|hand| hand.clock).max().unwrap_or_default();
        let last = self.scenario.steps.len();
        for hand in &mut self.hands {
            let holds = hand.holds.contains(&true);
            let left = end - hand.clock;
            let dies = matches!(hand.lines.last(), Some(Line { outcome: ExpectedReturn::DiesOf(_), .. }));
            if holds && !dies && (left > 0 || hand.pause > 0) {
                hand.pause += left.max(0) + MARGIN_MS;
            } else if !holds {
                hand.pause = 0;
            }
            hand.write_pause(remarks::of_sleep(self.scenario, last, self.language));
        }
    }
}

impl Hand {
    const fn new(actor: Actor, part: usize) -> Self {
        Self {
            actor,
            part,
            clock: 0,
            seen: 0,
            waits: false,
            adrift: false,
            slot: Slot::Connection,
            holds: [false; 3],
            options: Vec::new(),
            mptcp: false,
            next_port: None,
            dscp: None,
            read_timeout_ms: 0,
            pause: 0,
            lines: Vec::new(),
            birth: Birth::Started,
        }
    }

    fn write_pause(&mut self, remark: String) {
        let ms = u32::try_from(std::mem::take(&mut self.pause)).unwrap_or_default();
        if ms > 0 {
            let remark = Some(remark);
            self.lines.push(Line { remark, act: Act::Sleep(ms), outcome: ExpectedReturn::Succeeds });
        }
    }

    /// What concerns the next socket alone; true where that is all.
    fn prepare(&mut self, action: &Action) -> bool {
        match *action {
            Action::OtherConnection => self.slot = self.slot.swapped(),
            Action::UseMptcp => self.mptcp = true,
            Action::UsePort(port) => self.next_port = Some(port),
            Action::UseSequence(number) => self.options.extend(Opt::first_number(number)),
            Action::UseDscp(dscp) => self.dscp = Some(dscp),
            Action::Set(option) if !self.holds[self.slot as usize] => self.options.extend(Opt::of(option)),
            _ => return false,
        }
        true
    }

    fn opening(&mut self, port: u16) -> Opening {
        let mut options = std::mem::take(&mut self.options);
        options.extend(self.dscp.map(Opt::dscp));
        let from_port = self.next_port;
        self.next_port = self.next_port.map(|port| port.saturating_add(1));
        Opening { port, options, mptcp: self.mptcp, from_port }
    }

    fn act(&mut self, action: &Action) -> Option<Act> {
        let on = self.slot;
        let set = |options: Vec<Opt>| Some(Act::Set { on, options });
        match *action {
            Action::Listen { port } | Action::ListenOnLoopback { port } => Some(self.listening(port, None)),
            Action::ListenWithBacklog { port, backlog } => Some(self.listening(port, Some(backlog))),
            Action::Accept => {
                self.holds[on as usize] = true;
                Some(Act::Accept(on))
            }
            Action::Fork { child } => {
                self.holds[on as usize] = false;
                Some(Act::Fork { child: child.name, gives: on })
            }
            Action::Connect { port, .. } => {
                let to = self.opening(port);
                self.holds[on as usize] = true;
                Some(Act::Connect { to, into: on })
            }
            Action::ConnectWithin { port, limit, ms, .. } => {
                let mut to = self.opening(port);
                to.options.extend(Opt::limit(limit, ms));
                self.holds[on as usize] = true;
                Some(Act::Connect { to, into: on })
            }
            Action::ConnectUntilAccepted { port, every_ms, .. } => {
                let to = self.opening(port);
                self.holds[on as usize] = true;
                Some(Act::ConnectUntilAccepted { to, into: on, every_ms })
            }
            Action::Write { bytes } => Some(Act::Write { on, bytes }),
            Action::Say(octets) => Some(Act::Say { on, octets }),
            Action::Read { most } => Some(Act::Read { on, most }),
            Action::ShutdownWrite => Some(Act::Shutdown { on, how: How::Write }),
            Action::ShutdownBoth => Some(Act::Shutdown { on, how: How::Both }),
            Action::ShutdownRead => Some(Act::Shutdown { on, how: How::Read }),
            Action::Set(option) => set(Opt::of(option).into_iter().collect()),
            Action::LingerZero => set(vec![Opt::linger(0)]),
            Action::Keepalive { idle_s, every_s, probes } => set(Opt::keepalive(idle_s, every_s, probes).to_vec()),
            Action::ReadTimeout(ms) => {
                self.read_timeout_ms = ms;
                set(vec![Opt::read_timeout(ms)])
            }
            Action::Dissolve => Some(Act::Dissolve(on)),
            Action::Close => {
                self.holds[on as usize] = false;
                Some(Act::Close(on))
            }
            Action::Vanish => {
                self.holds[on as usize] = false;
                self.lines.push(Line {
                    remark: None,
                    act: Act::Set { on, options: vec![Opt::REPAIR] },
                    outcome: ExpectedReturn::Succeeds,
                });
                Some(Act::Close(on))
            }
            Action::CloseListener => {
                self.holds[LISTENER] = false;
                Some(Act::CloseListener)
            }
            Action::IsKilled => Some(Act::Kill),
            Action::HeedSigpipe => Some(Act::HeedSigpipe),
            _ => None,
        }
    }

    fn listening(&mut self, port: u16, backlog: Option<u16>) -> Act {
        self.holds[LISTENER] = true;
        let mut options = std::mem::take(&mut self.options);
        options.insert(0, Opt::REUSE_ADDRESS);
        let opening = Opening { port, options, mptcp: self.mptcp, from_port: None };
        Act::Listen { opening, backlog }
    }
}

/// Whether something was waited for after the last segment went out.
fn rests_after_speaking(unseen: &[Event]) -> bool {
    let spoke = unseen.iter().filter(|event| event.kind != EventKind::Took).map(|event| event.at).max();
    spoke.is_some_and(|spoke| unseen.iter().any(|event| event.at > spoke))
}

/// What a step is to the others; `None` where nobody can notice it.
const fn kind_of(action: &Action) -> Option<EventKind> {
    Some(match action {
        Action::Connect { .. } | Action::ConnectWithin { .. } | Action::ConnectUntilAccepted { .. } => {
            EventKind::Connected
        }
        Action::Write { .. } | Action::Say(_) | Action::ShutdownWrite | Action::ShutdownBoth | Action::Dissolve => {
            EventKind::Spoke
        }
        Action::Close | Action::Vanish | Action::CloseListener | Action::IsKilled => EventKind::Ended,
        Action::Read { .. }
        | Action::Accept
        | Action::Fork { .. }
        | Action::Listen { .. }
        | Action::ListenOnLoopback { .. }
        | Action::ListenWithBacklog { .. }
        | Action::ShutdownRead => EventKind::Took,
        _ => return None,
    })
}

/// The ports that a program takes part in, in the order of their first use.
fn ports(lines: &[Line]) -> Vec<u16> {
    let mut ports = Vec::new();
    for line in lines {
        let port = match &line.act {
            Act::Listen { opening, .. } => opening.port,
            Act::Connect { to, .. } | Act::ConnectUntilAccepted { to, .. } => to.port,
            _ => continue,
        };
        if !ports.contains(&port) {
            ports.push(port);
        }
    }
    ports
}

impl Part {
    /// The largest that it reads or writes at once.
    pub(super) fn buffer(&self) -> u32 {
        let size = |line: &Line| match line.act {
            Act::Write { bytes, .. } => bytes,
            Act::Read { most, .. } => most,
            _ => 0,
        };
        Plan::lines(self).map(size).max().unwrap_or_default()
    }

    /// Whether any of its lines is such.
    pub(super) fn has(&self, is_such: impl Fn(&Act) -> bool) -> bool {
        Plan::lines(self).any(|line| is_such(&line.act))
    }

    /// Every option that it sets.
    pub(super) fn options(&self) -> impl Iterator<Item = Opt> + '_ {
        Plan::lines(self).flat_map(|line| match &line.act {
            Act::Listen { opening, .. } => opening.options.clone(),
            Act::Connect { to, .. } | Act::ConnectUntilAccepted { to, .. } => to.options.clone(),
            Act::Set { options, .. } => options.clone(),
            _ => Vec::new(),
        })
    }

    /// Whether it sets an option of that kind.
    pub(super) fn sets(&self, is_such: impl Fn(Value) -> bool) -> bool {
        self.options().any(|option| is_such(option.value))
    }

    /// Whether it uses that connection.
    pub(super) fn uses(&self, slot: Slot) -> bool {
        self.has(|act| act.slot() == Some(slot))
    }

    /// Whether it takes an address: to bind or to connect.
    pub(super) fn needs_address(&self) -> bool {
        self.has(|act| matches!(act, Act::Listen { .. } | Act::Connect { .. } | Act::ConnectUntilAccepted { .. }))
    }

    /// How its argument for that port is called.
    pub(super) fn port_name(&self, port: u16) -> String {
        match self.ports.iter().position(|known| *known == port) {
            Some(0) | None => "port".into(),
            Some(at) => format!("port{}", at + 1),
        }
    }
}

impl Line {
    /// Whether the story goes nowhere where this call fails.
    pub(super) const fn must_succeed(&self) -> bool {
        !matches!(self.outcome, ExpectedReturn::Fails(_) | ExpectedReturn::DiesOf(_))
    }
}

impl Act {
    /// The connection that it is about.
    pub(super) const fn slot(&self) -> Option<Slot> {
        match self {
            Self::Accept(slot) | Self::Dissolve(slot) | Self::Close(slot) => Some(*slot),
            Self::Fork { gives, .. } => Some(*gives),
            Self::Connect { into, .. } | Self::ConnectUntilAccepted { into, .. } => Some(*into),
            Self::Write { on, .. }
            | Self::Say { on, .. }
            | Self::Read { on, .. }
            | Self::Shutdown { on, .. }
            | Self::Set { on, .. } => Some(*on),
            Self::Sleep(_) | Self::Listen { .. } | Self::CloseListener | Self::Kill | Self::HeedSigpipe => None,
        }
    }
}
