//! Conversations written as a capture reads, so that a test can be read by who reads captures.
//!
//! ```text
//! 0.000 C > S S 0:0(0) win 64240              # times in seconds; `+0.1` is relative to the line above
//! 0.162 C < S SA 0:0(0) ack 1                 # flags as tcpdump, numbers relative to the first ones
//! +0     C > S R 1:1(0)
//! 1.000 C:40001 > S S 0:0(0) ttl 52 id 7 ts none if 1
//! +0.00001 copy if 1                          # the packet above once more, at another interface
//! 2.000 icmp port-unreachable C > S
//! ```
//!
//! What a line leaves out is what Linux would send: TTL 64, a running IP identification per
//! direction (0 in a SYN-ACK and in a reset in answer), timestamps once both SYNs had them or no
//! SYN was seen, window 0 and no options in a reset in answer. A host whose name ends in `6` speaks
//! IPv6, and an IPv4 address is itself. A RST+ACK with number 0 has the number 0 itself: it refuses a SYN.
//!
//! Words after the numbers: `ack N`, `win N`, `id N`, `ttl N`, `tos N`, `label N`, `ts none`,
//! `ts N`, `echo N`, `opts ordinary|mss|none|mptcp|md5`, `ws N`, `sack N`, `if N`, `mac N` (the last byte of the sender's address on the link; `own`: the capturing host sent it), `time N` (a broken clock: seconds since
//! the epoch, without moving the time of the lines below), `mp capable|join|fastclose|rst`, `reason N` (of
//! `MP_TCPRST`), `sum right|wrong` (the checksum), `says TEXT` (the payload's beginning; `_` is a space, `0x..` octets).

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::evidence::Answer;
use crate::kernel::KernelWord;
use crate::kernel::{KernelReset, RstReason};
use crate::observation::{Frame, IcmpError, IcmpKind, Interface, LinkAddress, Observation, Seen};
use crate::outcome::Outcome;
use crate::segment::{Assumed, Endpoint, Flags, IpFacts, IpKind, OptionSet, Options, Segment, Timestamps};
use crate::seq::Seq;
use crate::time::{Span, Timestamp};
use crate::tracker::{Counts, Limits, Tracker};
use crate::verdict::Judgement;
// For tests of what lies below verdicts and reports: those modules import neither, not even for a test.
pub(crate) use crate::causes;
pub(crate) use crate::report;
pub(crate) use crate::verdict::points::{Together, of_points};
pub(crate) use crate::verdict::{Confidence, Origin, judge};

/// When every conversation begins: 2023-11-14 22:13:20 UTC.
pub(crate) const START: i64 = 1_700_000_000;
/// Payload of the longest segment that a test may send.
static PAYLOAD: [u8; 65_536] = [b'x'; 65_536];

/// One line of a conversation.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) time: Timestamp,
    pub(crate) interface: Interface,
    pub(crate) link: Option<LinkAddress>,
    pub(crate) what: Seen<'static>,
}

/// A capture.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conversation {
    pub(crate) packets: Vec<Packet>,
}

/// Reads a conversation; a line that does not make sense fails the test.
pub(crate) fn conversation(text: &str) -> Conversation {
    read_conversation(text).unwrap_or_else(|what| panic!("{what}"))
}

/// Reads a conversation, or says which line does not make sense.
pub(crate) fn read_conversation(text: &str) -> Result<Conversation, String> {
    let mut reader = Reader::default();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        if !words.is_empty() {
            let packet = reader.line(&words).ok_or_else(|| std::format!("cannot read the line: {line}"))?;
            reader.packets.push(packet);
        }
    }
    Ok(Conversation { packets: reader.packets })
}

/// The same conversation with hosts that speak IPv6.
pub(crate) fn over_ipv6(text: &str) -> String {
    let v6 = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            [time, left, arrow @ ("<" | ">"), right, ref rest @ ..] => {
                std::format!("{time} {left}6 {arrow} {right}6 {}", rest.join(" "))
            }
            _ => line.to_string(),
        }
    };
    text.lines().map(v6).collect::<Vec<_>>().join("\n")
}

/// The judgement of the one reset in `text`.
pub(crate) fn judged(text: &str) -> Judgement {
    conversation(text).judged()
}

/// The word of a kernel that sent the reset.
pub(crate) fn sent(reason: RstReason, stack: &[&str]) -> KernelWord {
    let nowhere = Endpoint::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    KernelWord::Sent(KernelReset {
        time: Timestamp::default(),
        reason: Some(reason),
        reason_name: reason.name().to_string(),
        state: "CLOSE".to_string(),
        local: nowhere,
        remote: None,
        stack: stack.iter().map(ToString::to_string).collect(),
        comm: String::new(),
        pid: 0,
    })
}

impl Conversation {
    /// What a tracker with these limits makes of it.
    pub(crate) fn tracked(&self, limits: Limits) -> (Vec<Outcome>, Counts) {
        let mut tracker = Tracker::new(limits);
        let mut outcomes = Vec::new();
        for (number, packet) in self.packets.iter().enumerate() {
            tracker.observe(&packet.observation(number));
            outcomes.extend(core::iter::from_fn(|| tracker.poll()));
        }
        tracker.finish();
        outcomes.extend(core::iter::from_fn(|| tracker.poll()));
        (outcomes, tracker.counts())
    }

    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        self.tracked(Limits::default()).0
    }

    pub(crate) fn counts(&self) -> Counts {
        self.tracked(Limits::default()).1
    }

    /// The only outcome.
    pub(crate) fn outcome(&self) -> Outcome {
        let mut outcomes = self.outcomes();
        assert_eq!(outcomes.len(), 1, "outcomes: {outcomes:#?}");
        outcomes.remove(0)
    }

    pub(crate) fn judged(&self) -> Judgement {
        let outcome = self.outcome();
        check_texts(&outcome);
        judge(&outcome)
    }

    /// The capture goes on for so many seconds: packets of somebody else pass by.
    pub(crate) fn watched_for(mut self, seconds: i64) -> Self {
        let last = self.packets.last().map_or(Timestamp::default(), |packet| packet.time);
        let stranger = conversation("0 X > Y A 1:1(0) ack 1");
        for step in 1..=8 {
            let mut packet = stranger.packets[0].clone();
            packet.time = last.plus(Span::from_millis(seconds * 125 * step));
            self.packets.push(packet);
        }
        self
    }
}

impl Packet {
    pub(crate) fn observation(&self, number: usize) -> Observation<'static> {
        Observation {
            time: self.time,
            frame: Frame::new(0, number as u64 + 1),
            interface: self.interface,
            link: self.link,
            what: self.what,
        }
    }
}

impl Judgement {
    /// The id of the verdict and its confidence.
    #[track_caller]
    pub(crate) fn is(&self, cause: &str, confidence: Confidence) -> &Self {
        let got = (self.cause.map_or("unexplained", |cause| cause.id), self.confidence);
        assert_eq!(got, (cause, confidence), "{}", self.explained());
        self
    }

    /// That these are among the alternatives.
    #[track_caller]
    pub(crate) fn beside(&self, causes: &[&str]) -> &Self {
        for cause in causes {
            assert!(self.names(cause), "{cause} should be an alternative\n{}", self.explained());
        }
        self
    }

    /// That these are not among the alternatives.
    #[track_caller]
    pub(crate) fn without(&self, causes: &[&str]) -> &Self {
        for cause in causes {
            assert!(!self.names(cause), "{cause} should be excluded\n{}", self.explained());
        }
        self
    }

    pub(crate) fn explained(&self) -> String {
        let evidence: Vec<String> = self
            .evidence
            .iter()
            .map(|one| std::format!("  {:?} {} {:?}", one.role, one.question.id, one.answer))
            .collect();
        let others: Vec<&str> = self.alternatives.iter().map(|other| other.cause.id).collect();
        let reasons: Vec<_> = self.reasons.iter().map(|reason| (reason.cause.id, reason.confidence)).collect();
        let how = self.mechanism.as_ref().map(|how| (how.cause.id, how.confidence));
        let evidence = evidence.join("\n");
        std::format!("evidence:\n{evidence}\n{:?}\nby {how:?}\nfor {reasons:?}\nbeside {others:?}", self.shape)
    }
}

/// Every question of every cause can be put to `outcome`, and has a value for every `{}` of its text.
#[track_caller]
pub(crate) fn check_texts(outcome: &Outcome) {
    let rules = crate::causes::ALL.iter().map(|cause| &cause.rule);
    let asked = rules
        .flat_map(|rule| {
            [rule.needs, rule.refuted_by, rule.supported_by].into_iter().chain(rule.likely_when.iter().copied())
        })
        .flatten();
    for question in asked {
        let (text, values) = match question.answer(outcome) {
            Answer::Yes(facts) => (question.yes, facts.values.len()),
            Answer::No(facts) => (question.no, facts.values.len()),
            Answer::Unknown => (question.unknown, 0),
        };
        let numbered = (0..9).filter(|number| text.contains(&std::format!("{{{number}}}"))).max();
        let wanted = text.matches("{}").count();
        assert!(
            values >= wanted && numbered.is_none_or(|last| values > last),
            "{}: {values} for {text:?}",
            question.id
        );
    }
}

/// What is known of one direction while a conversation is read.
#[derive(Clone, Copy, Debug, Default)]
struct Voice {
    spoke: bool,
    timestamps: Option<bool>,
    next_id: u16,
}

#[derive(Default)]
struct Reader {
    packets: Vec<Packet>,
    now: Timestamp,
    voices: HashMap<(Endpoint, Endpoint), Voice>,
}

impl Reader {
    fn line(&mut self, words: &[&str]) -> Option<Packet> {
        self.now = match words[0].strip_prefix('+') {
            Some(step) => self.now.plus(seconds(step)?),
            None => Timestamp::from_nanos(START * 1_000_000_000).plus(seconds(words[0])?),
        };
        match *words.get(1)? {
            "copy" => self.copy(&words[2..]),
            "icmp" => self.icmp(&words[2..]),
            _ => self.segment(&words[1..]),
        }
    }

    fn copy(&mut self, words: &[&str]) -> Option<Packet> {
        let mut packet = Packet { time: self.now, ..self.packets.last()?.clone() };
        for pair in words.chunks(2) {
            match (pair, &mut packet.what) {
                (["if", number], _) => packet.interface = Interface(number.parse().ok()?),
                (["ttl", number], Seen::Segment(segment)) => segment.ip.ttl = Some(number.parse().ok()?),
                _ => return None,
            }
        }
        Some(packet)
    }

    fn icmp(&mut self, words: &[&str]) -> Option<Packet> {
        let [kind, rest @ ..] = words else { return None };
        let kind = match *kind {
            "port-unreachable" => IcmpKind::PortUnreachable,
            "host-unreachable" => IcmpKind::HostUnreachable,
            "prohibited" => IcmpKind::Prohibited,
            "too-big" => IcmpKind::TooBig,
            _ => return None,
        };
        let (src, dst) = ends(rest)?;
        let what = Seen::Icmp(IcmpError { from: dst.ip, kind, src, dst, seq: None });
        Some(Packet { time: self.now, interface: Interface(0), link: None, what })
    }

    fn segment(&mut self, words: &[&str]) -> Option<Packet> {
        let (src, dst) = ends(words)?;
        let flags = flags(words.get(3)?)?;
        let (from, len) = range(words.get(4)?)?;
        let voice =
            self.voices.get(&(src, dst)).copied().unwrap_or(Voice { next_id: 1_000 + src.port, ..Voice::default() });
        let peer = self.voices.get(&(dst, src)).copied().unwrap_or_default();
        let answer = flags.has(Flags::RST) && (!flags.has(Flags::ACK) || !voice.spoke || from == 0);
        let base = if answer && flags.has(Flags::ACK) && from == 0 { Seq::new(0) } else { first_number(src, dst) };
        let mut segment = Segment {
            src,
            dst,
            seq: base.add(from),
            ack: Seq::new(0),
            flags,
            window: default_window(flags, answer),
            checksum: 0,
            checksum_right: None,
            ip: IpFacts { ttl: Some(64), traffic_class: Some(0), kind: ip_kind(src, voice, flags, answer) },
            options: default_options(flags, answer, voice, peer),
            assumed: Assumed::NOTHING,
            len,
            payload: &PAYLOAD[..len as usize],
            trailer: &[],
        };
        if let Some(timestamps) = &mut segment.options.timestamps {
            timestamps.value = self.clock(src);
        }
        let mut packet =
            Packet { time: self.now, interface: Interface(0), link: None, what: Seen::Icmp(no_error(src)) };
        for pair in words[5..].chunks(2) {
            let [name, value] = pair else { return None };
            apply(&mut segment, &mut packet, name, value)?;
        }
        segment.checksum = checksum(&segment);
        self.note(&segment);
        packet.what = Seen::Segment(segment);
        Some(packet)
    }

    /// Milliseconds of the host's own clock.
    fn clock(&self, host: Endpoint) -> u32 {
        let millis = self.now.nanos() / 1_000_000 - START * 1_000;
        u32::from(host.port)
            .wrapping_mul(7_919)
            .wrapping_add(u32::try_from(millis.rem_euclid(1 << 32)).unwrap_or_default())
    }

    fn note(&mut self, segment: &Segment<'_>) {
        let voice = self
            .voices
            .entry((segment.src, segment.dst))
            .or_insert(Voice { next_id: 1_000 + segment.src.port, ..Voice::default() });
        if let IpKind::V4 { id: Some(id), .. } = segment.ip.kind {
            voice.next_id = if id == 0 { voice.next_id } else { id.wrapping_add(1).max(1) };
        }
        if !segment.flags.has(Flags::RST) {
            voice.spoke = true;
            if segment.flags.has(Flags::SYN) {
                voice.timestamps = Some(segment.options.timestamps.is_some());
            }
        }
    }
}

fn apply(segment: &mut Segment<'static>, packet: &mut Packet, name: &str, value: &str) -> Option<()> {
    match name {
        "ack" => segment.ack = first_number(segment.dst, segment.src).add(value.parse().ok()?),
        "win" => segment.window = value.parse().ok()?,
        "ttl" => segment.ip.ttl = Some(value.parse().ok()?),
        "tos" => segment.ip.traffic_class = Some(value.parse().ok()?),
        "id" => segment.ip.kind = IpKind::V4 { id: Some(value.parse().ok()?), dont_fragment: Some(true) },
        "label" => segment.ip.kind = IpKind::V6 { flow_label: Some(value.parse().ok()?) },
        "opts" => segment.options = named_options(value, segment.options)?,
        "ws" => segment.options.window_scale = Some(value.parse().ok()?),
        "ts" if value == "none" => {
            segment.options.timestamps = None;
            segment.options.set = OptionSet::from_bits(segment.options.set.bits() & !OptionSet::TIMESTAMPS.bits());
        }
        "ts" => {
            segment.options.set.insert(OptionSet::TIMESTAMPS);
            segment.options.timestamps = Some(Timestamps { value: value.parse().ok()?, echo: 0 });
        }
        "echo" => segment.options.timestamps.as_mut()?.echo = value.parse().ok()?,
        "sack" => {
            segment.options.set.insert(OptionSet::SACK);
            segment.options.sack_edge = Some(first_number(segment.dst, segment.src).add(value.parse().ok()?));
        }
        "mp" => {
            let subtype = match value {
                "capable" => OptionSet::MP_CAPABLE,
                "join" => OptionSet::MP_JOIN,
                "fastclose" => OptionSet::MP_FASTCLOSE,
                "rst" => OptionSet::MP_TCPRST,
                _ => return None,
            };
            segment.options.set.insert(OptionSet::MPTCP);
            segment.options.set.insert(subtype);
        }
        "reason" => segment.options.mptcp_reason = Some(value.parse().ok()?),
        "sum" => segment.checksum_right = Some(["wrong", "right"].iter().position(|word| *word == value)? == 1),
        "says" => segment.payload = payload(value, segment.len)?,
        "if" => packet.interface = Interface(value.parse().ok()?),
        "mac" if value == "own" => packet.link = Some(LinkAddress::OWN),
        "mac" => packet.link = Some(LinkAddress::new([2, 0, 0, 0, 0, value.parse().ok()?])),
        "time" => packet.time = Timestamp::from_nanos(value.parse::<i64>().ok()?.saturating_mul(1_000_000_000)),
        _ => return None,
    }
    Some(())
}

/// `GET_/` is "GET /", `0x1503` two octets; what is shorter than the segment is filled up with `x`.
fn payload(says: &str, len: u32) -> Option<&'static [u8]> {
    let mut octets = match says.strip_prefix("0x") {
        Some(hex) => (0..hex.len() / 2)
            .map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok())
            .collect::<Option<Vec<u8>>>()?,
        None => says.replace('_', " ").into_bytes(),
    };
    octets.resize(len as usize, b'x');
    Some(octets.leak())
}

/// Where the numbers of `src` towards `dst` begin: any fixed number that differs between directions.
pub(crate) fn first_number(src: Endpoint, dst: Endpoint) -> Seq {
    let mix = u32::from(src.port).wrapping_mul(2_654_435_761) ^ u32::from(dst.port).wrapping_mul(40_503);
    Seq::new(mix | 1)
}

fn ends(words: &[&str]) -> Option<(Endpoint, Endpoint)> {
    let (left, right) = (endpoint(words.first()?)?, endpoint(words.get(2)?)?);
    match *words.get(1)? {
        ">" => Some((left, right)),
        "<" => Some((right, left)),
        _ => None,
    }
}

/// `C`, `S`, `S2:81`, `C6`: hosts by name; a client's port is 40000 and a server's 80 unless it is said.
fn endpoint(name: &str) -> Option<Endpoint> {
    let (host, port) = name.split_once(':').unwrap_or((name, if name.starts_with('S') { "80" } else { "40000" }));
    if let Ok(ip) = host.parse() {
        return Some(Endpoint::new(ip, port.parse().ok()?));
    }
    let number = host.bytes().fold(0u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    let [high, low] = number.to_be_bytes();
    let ip = if host.ends_with('6') {
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, number))
    } else {
        IpAddr::V4(Ipv4Addr::new(10, 77, high, low))
    };
    Some(Endpoint::new(ip, port.parse().ok()?))
}

fn flags(letters: &str) -> Option<Flags> {
    letters.chars().try_fold(Flags::default(), |flags, letter| {
        let flag = match letter {
            'S' => Flags::SYN,
            'F' => Flags::FIN,
            'R' => Flags::RST,
            'P' => Flags::PSH,
            'A' => Flags::ACK,
            'U' => Flags::URG,
            'E' => Flags::ECE,
            'C' => Flags::CWR,
            '-' => Flags::default(),
            _ => return None,
        };
        Some(flags.with(flag))
    })
}

/// `1:101(100)`, as tcpdump writes it.
fn range(text: &str) -> Option<(u32, u32)> {
    let (numbers, len) = text.strip_suffix(')')?.split_once('(')?;
    let (from, to) = numbers.split_once(':')?;
    let (from, to, len): (u32, u32, u32) = (from.parse().ok()?, to.parse().ok()?, len.parse().ok()?);
    (to.wrapping_sub(from) == len).then_some((from, len))
}

#[expect(clippy::cast_possible_truncation, reason = "tests last less than centuries")]
fn seconds(text: &str) -> Option<Span> {
    let seconds: f64 = text.parse().ok()?;
    Some(Span::from_nanos((seconds * 1e9).round() as i64))
}

fn default_window(flags: Flags, answer: bool) -> u16 {
    match flags {
        _ if answer => 0,
        _ if flags.is_syn() => 64_240,
        _ if flags.is_syn_ack() => 65_160,
        _ => 502,
    }
}

fn ip_kind(src: Endpoint, voice: Voice, flags: Flags, answer: bool) -> IpKind {
    if src.ip.is_ipv6() {
        return IpKind::V6 { flow_label: Some(0x12345) };
    }
    let id = if answer || flags.is_syn_ack() { 0 } else { voice.next_id };
    IpKind::V4 { id: Some(id), dont_fragment: Some(true) }
}

fn default_options(flags: Flags, answer: bool, voice: Voice, peer: Voice) -> Options {
    if answer {
        return Options::default();
    }
    if flags.has(Flags::SYN) {
        let asked = !flags.has(Flags::ACK) || peer.timestamps != Some(false);
        let options = named_options("ordinary", Options::default()).unwrap_or_default();
        return if asked { options } else { named_options("mss", options).unwrap_or_default() };
    }
    let both = voice.timestamps != Some(false) && peer.timestamps != Some(false);
    let mut options = Options::default();
    if both {
        options.set.insert(OptionSet::TIMESTAMPS);
        options.timestamps = Some(Timestamps { value: 0, echo: 0 });
    }
    options
}

fn named_options(name: &str, given: Options) -> Option<Options> {
    let mut options = Options::default();
    match name {
        "none" => {}
        "mss" => {
            options.mss = Some(1_460);
            options.set.insert(OptionSet::MSS);
        }
        "ordinary" => {
            options = Options {
                mss: Some(1_460),
                window_scale: Some(7),
                timestamps: Some(given.timestamps.unwrap_or(Timestamps { value: 0, echo: 0 })),
                ..options
            };
            for kind in [OptionSet::MSS, OptionSet::WINDOW_SCALE, OptionSet::SACK_PERMITTED, OptionSet::TIMESTAMPS] {
                options.set.insert(kind);
            }
        }
        "mptcp" | "md5" => {
            options = given;
            options.set.insert(if name == "md5" { OptionSet::MD5 } else { OptionSet::MPTCP });
        }
        _ => return None,
    }
    Some(options)
}

/// Different for packets that differ in what the TCP checksum covers.
fn checksum(segment: &Segment<'_>) -> u16 {
    let words = [
        segment.seq.raw(),
        segment.ack.raw(),
        u32::from(segment.flags.bits()) << 16 | u32::from(segment.window),
        segment.options.timestamps.map_or(0, |timestamps| timestamps.value),
        segment.options.sack_edge.map_or(0, Seq::raw),
        segment.len,
    ];
    let mixed = words.iter().fold(0u32, |sum, word| (sum ^ word).wrapping_mul(16_777_619));
    let [a, b, c, d] = mixed.to_be_bytes();
    u16::from_be_bytes([a ^ c, b ^ d])
}

fn no_error(end: Endpoint) -> IcmpError {
    IcmpError { from: end.ip, kind: IcmpKind::TooBig, src: end, dst: end, seq: None }
}
