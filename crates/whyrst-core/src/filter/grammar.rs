//! The grammar: that of pcap-filter(7) and `key:value` in one.
//!
//! `and` and `or` bind alike, from left to right, as tcpdump has them. Terms side by side bind closer: all must
//! hold, but several of one key are alternatives. A value without words takes those of the value before: `port 80 or
//! 443`.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::ops::RangeInclusive;

use jiff::Timestamp;

use super::error::{DEEPEST, FilterError, LONGEST, Why};
use super::expression::{Direction, EndTest, Expression, Net, Protocol, Test, Value};
use super::key::Key;
use super::tokens::{Part, Token, tokens};
use crate::nearest::nearest;

/// What pcap-filter(7) knows beside what is read here: searched for as text it would find nothing, silently.
const UNSUPPORTED: [&str; 13] = [
    "ether",
    "vlan",
    "mpls",
    "pppoes",
    "gateway",
    "broadcast",
    "multicast",
    "proto",
    "protochain",
    "geneve",
    "vxlan",
    "inbound",
    "outbound",
];

/// What a parenthesis adds to the depth.
const PARENTHESIS: usize = 10;

/// What the whole text asks for; `None` where it asks for nothing.
pub(super) fn parse(text: &str) -> Result<Option<Expression>, FilterError> {
    let wrong = |at, width, why| FilterError { filter: text.to_owned(), at, width, why };
    if text.len() > LONGEST {
        return Err(wrong(0, 0, Why::Long));
    }
    let tokens = tokens(text);
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser { tokens: &tokens, next: 0, depth: 0, before: Words::default() };
    let read = parser.joined().and_then(|whole| match parser.tokens.get(parser.next) {
        None => Ok(Some(whole)),
        Some(_) => Err(parser.wrong(Why::Parenthesis)),
    });
    read.map_err(|Wrong { token, why }| match tokens.get(token) {
        Some(Token { at, width, .. }) => wrong(*at, *width, why),
        None => wrong(text.trim_end().chars().count(), 1, why),
    })
}

/// What is wrong, at the token of that number.
struct Wrong {
    token: usize,
    why: Why,
}

/// The words that stand before a value.
#[derive(Clone, Copy, Default)]
struct Words {
    protocol: Option<Protocol>,
    direction: Option<Direction>,
    kind: Option<Kind>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Host,
    Net,
    Port,
}

/// In double quotes a star is a star.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Written {
    Plain,
    Quoted,
}

struct Parser<'a> {
    tokens: &'a [Token],
    next: usize,
    depth: usize,
    /// Those of the last value that had some.
    before: Words,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Part> {
        self.tokens.get(self.next).map(|token| &token.what)
    }

    /// The next word, where it is one outside of quotes.
    fn word(&self) -> Option<&'a str> {
        match self.peek() {
            Some(Part::Word { text, quoted_from: None }) => Some(text),
            _ => None,
        }
    }

    fn takes(&mut self, part: &Part) -> bool {
        let is = self.peek() == Some(part);
        self.next += usize::from(is);
        is
    }

    /// The next token cannot be what it is.
    const fn wrong(&self, why: Why) -> Wrong {
        Wrong { token: self.next, why }
    }

    /// A parenthesis costs ten times what a change between `and` and `or` does: functions within functions read it.
    fn deeper(&mut self, by: usize) -> Result<(), Wrong> {
        self.depth += by;
        if self.depth > DEEPEST * PARENTHESIS { Err(self.wrong(Why::Deep)) } else { Ok(()) }
    }

    /// Terms joined by `and` and `or`, from left to right.
    fn joined(&mut self) -> Result<Expression, Wrong> {
        let depth = self.depth;
        let mut so_far = self.beside()?;
        let mut last = None;
        while let Some(join @ (Part::And | Part::Or)) = self.peek() {
            if last.is_some_and(|last| last != join) {
                self.deeper(1)?;
            }
            last = Some(join);
            self.next += 1;
            let next = self.beside()?;
            so_far = match (so_far, join) {
                (Expression::All(mut all), Part::And) => {
                    all.push(next);
                    Expression::All(all)
                }
                (Expression::Any(mut any), Part::Or) => {
                    any.push(next);
                    Expression::Any(any)
                }
                (one, Part::And) => Expression::All(vec![one, next]),
                (one, _) => Expression::Any(vec![one, next]),
            };
        }
        self.depth = depth;
        Ok(so_far)
    }

    /// Terms side by side.
    fn beside(&mut self) -> Result<Expression, Wrong> {
        let mut groups: Vec<(Option<Key>, Vec<Expression>)> = Vec::new();
        loop {
            let next = self.one()?;
            let key = match &next {
                Expression::Test(Test::Term(key, _)) => Some(*key),
                _ => None,
            };
            match groups.iter_mut().find(|(own, _)| key.is_some() && *own == key) {
                Some((_, alternatives)) => alternatives.push(next),
                None => groups.push((key, vec![next])),
            }
            if matches!(self.peek(), None | Some(Part::And | Part::Or | Part::Close)) {
                break;
            }
        }
        let all = groups.into_iter().map(|(_, alternatives)| one_or(alternatives, Expression::Any)).collect();
        Ok(one_or(all, Expression::All))
    }

    fn one(&mut self) -> Result<Expression, Wrong> {
        let mut negated = false;
        while self.takes(&Part::Not) {
            negated = !negated;
        }
        let one = match self.peek() {
            None | Some(Part::Not) => return Err(self.wrong(Why::Ends)),
            Some(Part::Open) => self.group()?,
            Some(Part::Close) => return Err(self.wrong(if self.depth > 0 { Why::Ends } else { Why::Parenthesis })),
            Some(Part::Or) => return Err(self.wrong(Why::Misplaced("or".to_owned()))),
            Some(Part::And) => return Err(self.wrong(Why::Misplaced("and".to_owned()))),
            Some(Part::Word { text, quoted_from }) => self.term(text, *quoted_from)?,
        };
        Ok(if negated { Expression::Not(Box::new(one)) } else { one })
    }

    fn group(&mut self) -> Result<Expression, Wrong> {
        self.deeper(PARENTHESIS)?;
        self.next += 1;
        let inner = self.joined()?;
        self.depth -= PARENTHESIS;
        if self.takes(&Part::Close) { Ok(inner) } else { Err(self.wrong(Why::Parenthesis)) }
    }

    fn term(&mut self, text: &str, quoted_from: Option<usize>) -> Result<Expression, Wrong> {
        if quoted_from == Some(0) {
            self.next += 1;
            return Ok(Expression::Test(Test::Text(text.to_lowercase())));
        }
        if quoted_from.is_none() {
            if let Some(length) = self.length(text)? {
                return Ok(length);
            }
            if let Some(said) = self.said()? {
                return Ok(said);
            }
            if let Some(taken) = self.with(self.before) {
                return Ok(taken);
            }
        }
        let term = free(text, quoted_from).map_err(|why| self.wrong(why))?;
        self.next += 1;
        Ok(Expression::Test(term))
    }

    /// `less 60`, `greater 1000`.
    fn length(&mut self, word: &str) -> Result<Option<Expression>, Wrong> {
        if !matches!(word, "less" | "greater") {
            return Ok(None);
        }
        self.next += 1;
        let bytes: u32 = self.word().and_then(|text| text.parse().ok()).ok_or_else(|| self.wrong(Why::Length))?;
        self.next += 1;
        let range = if word == "less" { 0..=bytes } else { bytes..=u32::MAX };
        Ok(Some(Expression::Test(Test::Length(range))))
    }

    /// `tcp`, `port 443`, `src net 10.0.0.0/8`, `tcp port (80 or 443)`: what has words of pcap-filter(7).
    fn said(&mut self) -> Result<Option<Expression>, Wrong> {
        let first = self.next;
        let words = self.words()?;
        if self.next == first {
            return Ok(None);
        }
        let names_an_end = words.direction.is_some() || words.kind.is_some();
        match (self.peek(), words.protocol) {
            (Some(Part::Open), _) if names_an_end => {
                self.before = words;
                self.group().map(Some)
            }
            (_, Some(protocol)) if !names_an_end => {
                let address = self.word().filter(|word| word.parse::<IpAddr>().is_ok());
                let Some(_) = address else { return Ok(Some(Expression::Test(Test::Protocol(protocol)))) };
                self.before = words;
                Ok(self.with(words))
            }
            (Some(Part::Word { text, .. }), _) => {
                self.before = words;
                let term = self.tokens[first..=self.next].iter().map(spelled).collect::<Vec<_>>().join(" ");
                let why = match words.kind {
                    Some(Kind::Port) => Why::Port(term),
                    Some(Kind::Net) => Why::Net(term),
                    _ if text.contains('[') && end_of(text).is_none() => Why::Bytes(text.clone()),
                    _ => Why::Address(term),
                };
                let at = self.next;
                self.with(words).map(Some).ok_or(Wrong { token: at, why })
            }
            _ if words.kind == Some(Kind::Port) => Err(self.wrong(Why::Port("port".to_owned()))),
            _ => Err(self.wrong(Why::Address(self.tokens[first..self.next].iter().map(spelled).collect()))),
        }
    }

    fn words(&mut self) -> Result<Words, Wrong> {
        let mut words = Words::default();
        while let Some(word) = self.word() {
            if let Some(protocol) = protocol(word) {
                if words.direction.is_some() || words.kind.is_some() {
                    return Err(self.wrong(Why::Order(word.to_owned())));
                }
                if words.protocol.is_some() {
                    break;
                }
                words.protocol = Some(protocol);
                self.next += 1;
            } else if matches!(word, "src" | "dst") && words.direction.is_none() && words.kind.is_none() {
                words.direction = self.direction();
            } else if let Some(kind) = kind(word).filter(|_| words.kind.is_none()) {
                words.kind = Some(kind);
                self.next += 1;
            } else {
                break;
            }
        }
        Ok(words)
    }

    /// `src`, `dst`, `src and dst`; either of them, `src or dst`, is no direction.
    fn direction(&mut self) -> Option<Direction> {
        let other = |at: usize| match self.tokens.get(self.next + at).map(|token| &token.what) {
            Some(Part::Word { text, quoted_from: None }) => text.as_str(),
            _ => "",
        };
        let (first, third) = (other(0), other(2));
        let joined = matches!((first, third), ("src", "dst") | ("dst", "src"));
        let (direction, width) = match self.tokens.get(self.next + 1).map(|token| &token.what).filter(|_| joined) {
            Some(Part::Or) => (None, 3),
            Some(Part::And) => (Some(Direction::Both), 3),
            _ if first == "src" => (Some(Direction::Source), 1),
            _ => (Some(Direction::Destination), 1),
        };
        self.next += width;
        direction
    }

    /// The next word as the value of these words; nothing is read when it is none.
    fn with(&mut self, words: Words) -> Option<Expression> {
        let Some(Part::Word { text, .. }) = self.peek() else { return None };
        let end = match words.kind {
            Some(Kind::Port) => EndTest { net: None, ports: Some(ports(text)?) },
            Some(Kind::Net) => {
                let (net, more) = self.net(text)?;
                self.next += more;
                EndTest { net: Some(net), ports: None }
            }
            Some(Kind::Host) | None => end_of(text)?,
        };
        self.next += 1;
        let key = if words.kind == Some(Kind::Port) { Key::Port } else { Key::Host };
        let test = match words.direction {
            None => Test::Term(key, Value::End(end)),
            Some(direction) => Test::Directed(direction, end),
        };
        Some(match words.protocol {
            None => Expression::Test(test),
            Some(protocol) => Expression::All(vec![Expression::Test(test), Expression::Test(Test::Protocol(protocol))]),
        })
    }

    /// `10.0.0.0/8`, `10.1`, `2001:db8::/32`, and with the two words behind it `10.0.0.0 mask 255.0.0.0`.
    fn net(&self, text: &str) -> Option<(Net, usize)> {
        if let Some(net) = Net::read(text).filter(|_| text.contains('/')) {
            return Some((net, 0));
        }
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let whole = address.parse().ok().map(Net::of).or_else(|| part_of_an_address(address))?;
        let Some(bits) = bits else {
            return match self.mask() {
                Some(bits) => Some((Net { bits: bits?, ..whole }, 2)),
                None => Some((whole, 0)),
            };
        };
        let bits = bits.parse().ok().filter(|bits| *bits <= Net::of(whole.ip).bits)?;
        Some((Net { bits, ..whole }, 0))
    }

    /// The bits of the mask that follows the next word; `Some(None)` where what follows `mask` is none.
    #[expect(clippy::option_option, reason = "no mask, and a mask that is none")]
    fn mask(&self) -> Option<Option<u32>> {
        let word = |at: usize| match self.tokens.get(self.next + at).map(|token| &token.what) {
            Some(Part::Word { text, quoted_from: None }) => Some(text.as_str()),
            _ => None,
        };
        word(1).filter(|word| *word == "mask")?;
        let mask = word(2).and_then(|word| word.parse::<Ipv4Addr>().ok()).map(Ipv4Addr::to_bits);
        let mask = mask.filter(|mask| mask.leading_ones() + mask.trailing_zeros() == 32);
        Some(mask.map(u32::leading_ones))
    }
}

fn one_or(mut all: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    if all.len() == 1 { all.remove(0) } else { join(all) }
}

/// The key of a term, or of terms that are alternatives.
pub(super) fn key_of(expression: &Expression) -> Option<Key> {
    match expression {
        Expression::Test(Test::Term(key, _)) => Some(*key),
        Expression::Any(any) => {
            let key = any.first().and_then(key_of)?;
            any.iter().all(|one| matches!(one, Expression::Test(_)) && key_of(one) == Some(key)).then_some(key)
        }
        _ => None,
    }
}

fn spelled(token: &Token) -> String {
    match &token.what {
        Part::Word { text, .. } => text.clone(),
        Part::Or => "or".to_owned(),
        Part::And => "and".to_owned(),
        Part::Not => "not".to_owned(),
        Part::Open => "(".to_owned(),
        Part::Close => ")".to_owned(),
    }
}

/// A term that no word of pcap-filter(7) begins.
fn free(text: &str, quoted_from: Option<usize>) -> Result<Test, Why> {
    if let Some(end) = end_of(text) {
        return Ok(Test::Term(Key::Host, Value::End(end)));
    }
    let as_text = || Ok(Test::Text(text.to_lowercase()));
    if quoted_from.is_none() {
        if UNSUPPORTED.contains(&text) {
            return Err(Why::Unsupported(text.to_owned()));
        }
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Why::Number(text.to_owned()));
        }
        if text.split_once('[').is_some_and(|(name, _)| protocol(name).is_some() || UNSUPPORTED.contains(&name)) {
            return Err(Why::Bytes(text.to_owned()));
        }
    }
    let Some((name, value)) = text.split_once(':').filter(|(_, value)| !value.is_empty()) else { return as_text() };
    let Some(key) = Key::named(name) else {
        let is_key = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic());
        return if is_key { Err(unknown(name)) } else { as_text() };
    };
    let written = if quoted_from.is_some() { Written::Quoted } else { Written::Plain };
    Ok(Test::Term(key, self::value(key, value, text, written)?))
}

fn unknown(given: &str) -> Why {
    let near = nearest(given, Key::ALL.iter().map(|key| key.name())).unwrap_or("cause");
    let near = Key::named(near).map_or("cause", Key::name);
    Why::Key { given: given.to_owned(), near }
}

fn value(key: Key, value: &str, term: &str, written: Written) -> Result<Value, Why> {
    match key {
        Key::Service | Key::Peer | Key::Host => {
            end_of(value).map(Value::End).ok_or_else(|| Why::Address(term.to_owned()))
        }
        Key::Port => {
            let ports = ports(value).ok_or_else(|| Why::Port(term.to_owned()))?;
            Ok(Value::End(EndTest { net: None, ports: Some(ports) }))
        }
        Key::Time => between(value).ok_or_else(|| Why::Time(term.to_owned())),
        _ if written == Written::Plain && value.contains('*') => {
            Ok(Value::Pattern(value.split('*').map(str::to_owned).collect()))
        }
        _ => match key.words().filter(|words| !words.contains(&value)) {
            Some(words) => {
                let near = words.iter().copied().min_by_key(|word| crate::nearest::distance(value, word));
                Err(Why::Word { key: key.name(), given: value.to_owned(), near: near.unwrap_or_default() })
            }
            None => Ok(Value::Word(value.to_owned())),
        },
    }
}

/// An address, several that begin with the same bits, an address and a port, or a port.
fn end_of(value: &str) -> Option<EndTest> {
    if let Some(port) = value.strip_prefix(':').and_then(port) {
        return Some(EndTest { net: None, ports: Some(port..=port) });
    }
    if let Ok(end) = value.parse::<SocketAddr>() {
        return Some(EndTest { net: Some(Net::of(end.ip())), ports: Some(end.port()..=end.port()) });
    }
    Some(EndTest { net: Some(Net::read(value)?), ports: None })
}

/// `443`, `8000-8100`.
fn ports(value: &str) -> Option<RangeInclusive<u16>> {
    let (low, high) = value.split_once('-').unwrap_or((value, value));
    let (low, high) = (port(low)?, port(high)?);
    (low <= high).then_some(low..=high)
}

/// Digits alone: Rust would take `+80` as well.
fn port(value: &str) -> Option<u16> {
    value.parse().ok().filter(|_| value.bytes().all(|byte| byte.is_ascii_digit()))
}

fn between(value: &str) -> Option<Value> {
    let (from, to) = value.split_once("..")?;
    let moment = |text: &str| i64::try_from(text.parse::<Timestamp>().ok()?.as_nanosecond()).ok();
    Some(Value::Between(moment(from)?, moment(to)?))
}

fn protocol(word: &str) -> Option<Protocol> {
    Some(match word {
        "ip" => Protocol::Ip4,
        "ip6" => Protocol::Ip6,
        "tcp" => Protocol::Tcp,
        "icmp" => Protocol::Icmp4,
        "icmp6" => Protocol::Icmp6,
        "udp" | "sctp" | "arp" | "rarp" | "igmp" | "esp" | "ah" => Protocol::Other,
        _ => return None,
    })
}

fn kind(word: &str) -> Option<Kind> {
    Some(match word {
        "host" => Kind::Host,
        "net" => Kind::Net,
        "port" | "portrange" => Kind::Port,
        _ => return None,
    })
}

/// `10`, `192.168`, `10.1.2`: the first bytes of an address, and how many bits they are.
fn part_of_an_address(text: &str) -> Option<Net> {
    let parts = text.split('.').map(|part| part.parse::<u8>().ok()).collect::<Option<Vec<_>>>()?;
    let mut all = [0; 4];
    all.get_mut(..parts.len()).filter(|part| !part.is_empty())?.copy_from_slice(&parts);
    Some(Net { ip: Ipv4Addr::from(all).into(), bits: u32::try_from(parts.len()).ok()? * 8 })
}
