//! The grammar of pcap-filter(7), as far as it is read here.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use super::condition::{Direction, Instruction, MAX_DEPTH, Network, Protocol, Test};
use super::error::FilterError;

pub(super) fn parse(expression: &str) -> Result<Vec<Instruction>, FilterError> {
    let mut parser = Parser {
        expression,
        words: split(expression),
        next: 0,
        depth: 0,
        before: Qualifiers::default(),
        steps: Vec::new(),
    };
    if parser.words.is_empty() {
        return Err(parser.wrong("the filter is empty"));
    }
    parser.expression()?;
    match parser.peek() {
        None => Ok(parser.steps),
        Some(")") => Err(parser.wrong("there is no \"(\" for this \")\"")),
        Some(_) => Err(parser.wrong("expected \"and\" or \"or\" before this")),
    }
}

/// A word and how many characters stand before it.
#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    at: usize,
}

fn split(expression: &str) -> Vec<Word<'_>> {
    const SIGNS: [&str; 5] = ["&&", "||", "(", ")", "!"];
    let mut words = Vec::new();
    let mut rest = expression;
    let mut at = 0;
    let sign = |text: &str| SIGNS.into_iter().find(|sign| text.starts_with(sign)).map(str::len);
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else {
            let end =
                |(place, c): (usize, char)| (c.is_whitespace() || sign(&rest[place..]).is_some()).then_some(place);
            sign(rest).unwrap_or_else(|| rest.char_indices().find_map(end).unwrap_or(rest.len()))
        };
        let (word, after) = rest.split_at(length);
        if !first.is_whitespace() {
            words.push(Word { text: word, at });
        }
        at += word.chars().count();
        rest = after;
    }
    words
}

/// The words that stand before a value.
#[derive(Clone, Copy, Default)]
struct Qualifiers {
    protocol: Option<Protocol>,
    direction: Option<Direction>,
    kind: Option<TypeQualifier>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TypeQualifier {
    Host,
    Net,
    Port,
    PortRange,
}

struct Parser<'a> {
    expression: &'a str,
    words: Vec<Word<'a>>,
    next: usize,
    depth: usize,
    /// Those of the last value that had some.
    before: Qualifiers,
    steps: Vec<Instruction>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.next).map(|word| word.text)
    }

    fn take(&mut self, word: &str) -> bool {
        let there = self.peek() == Some(word);
        self.next += usize::from(there);
        there
    }

    /// The next word cannot be what it is.
    fn wrong(&self, why: impl Into<String>) -> FilterError {
        self.wrong_at(self.next, why)
    }

    fn wrong_at(&self, number: usize, why: impl Into<String>) -> FilterError {
        let (at, width) = match self.words.get(number) {
            Some(word) => (word.at, word.text.chars().count()),
            None => (self.expression.trim_end().chars().count(), 1),
        };
        FilterError { expression: self.expression.to_owned(), at, width, why: why.into() }
    }

    fn expression(&mut self) -> Result<(), FilterError> {
        self.term()?;
        loop {
            let step = match self.peek() {
                Some("and" | "&&") => Instruction::And,
                Some("or" | "||") => Instruction::Or,
                _ => return Ok(()),
            };
            self.next += 1;
            self.term()?;
            self.steps.push(step);
        }
    }

    fn term(&mut self) -> Result<(), FilterError> {
        let mut negated = false;
        while self.take("not") || self.take("!") {
            negated = !negated;
        }
        if self.peek() == Some("(") {
            self.group()?;
        } else {
            self.primitive()?;
        }
        if negated {
            self.steps.push(Instruction::Not);
        }
        Ok(())
    }

    fn group(&mut self) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.wrong("too many parentheses within parentheses"));
        }
        self.next += 1;
        self.expression()?;
        if !self.take(")") {
            return Err(self.wrong("expected \")\" here"));
        }
        self.depth -= 1;
        Ok(())
    }

    fn primitive(&mut self) -> Result<(), FilterError> {
        let first = self.next;
        if let Some(test) = self.length()? {
            self.steps.push(Instruction::Test(test));
            return Ok(());
        }
        let words = self.words_before_a_value()?;
        let said = self.next > first;
        match self.peek() {
            Some("(") if words.direction.is_some() || words.kind.is_some() => {
                self.before = words;
                self.group()
            }
            None | Some(")" | "and" | "or" | "&&" | "||" | "not" | "!" | "(") => match words {
                Qualifiers { protocol: Some(protocol), direction: None, kind: None } => {
                    self.steps.push(Instruction::Test(Test::Protocol(protocol)));
                    Ok(())
                }
                Qualifiers { kind: Some(TypeQualifier::Port | TypeQualifier::PortRange), .. } => {
                    Err(self.wrong("expected a port here"))
                }
                _ if said => Err(self.wrong("expected an address here")),
                _ => Err(self.wrong("the filter cannot end or go on like this here")),
            },
            Some(value) => {
                if said {
                    self.before = words;
                }
                self.value(value)
            }
        }
    }

    fn length(&mut self) -> Result<Option<Test>, FilterError> {
        let less = match self.peek() {
            Some("less") => true,
            Some("greater") => false,
            _ => return Ok(None),
        };
        self.next += 1;
        let number = self.peek().and_then(|word| word.parse().ok());
        let number: u32 = number.ok_or_else(|| self.wrong("expected a number of bytes here"))?;
        self.next += 1;
        Ok(Some(Test::Length(if less { 0..=number } else { number..=u32::MAX })))
    }

    fn words_before_a_value(&mut self) -> Result<Qualifiers, FilterError> {
        let mut words = Qualifiers::default();
        while let Some(word) = self.peek() {
            if let Some(protocol) = protocol(word) {
                if words.direction.is_some() || words.kind.is_some() {
                    return Err(self.wrong(format!("\"{word}\" must stand before the direction and the kind")));
                }
                if words.protocol.is_some() {
                    return Err(self.wrong("expected \"and\" between two protocols"));
                }
                words.protocol = Some(protocol);
            } else if matches!(word, "src" | "dst") && words.direction.is_none() && words.kind.is_none() {
                words.direction = Some(self.direction());
                continue;
            } else if let Some(kind) = kind(word).filter(|_| words.kind.is_none()) {
                words.kind = Some(kind);
            } else {
                break;
            }
            self.next += 1;
        }
        Ok(words)
    }

    /// `src`, `dst`, `src or dst`, `src and dst`.
    fn direction(&mut self) -> Direction {
        let texts: Vec<&str> = self.words[self.next..].iter().take(3).map(|word| word.text).collect();
        let (direction, length) = match texts.as_slice() {
            ["src", "or" | "||", "dst"] | ["dst", "or" | "||", "src"] => (Direction::Either, 3),
            ["src", "and" | "&&", "dst"] | ["dst", "and" | "&&", "src"] => (Direction::Both, 3),
            ["src", ..] => (Direction::Source, 1),
            _ => (Direction::Destination, 1),
        };
        self.next += length;
        direction
    }

    fn value(&mut self, value: &str) -> Result<(), FilterError> {
        let Qualifiers { protocol, direction, kind } = self.before;
        let direction = direction.unwrap_or_default();
        let test = match kind {
            Some(TypeQualifier::Port) => Test::Port(direction, self.port(value)?),
            Some(TypeQualifier::PortRange) => Test::Port(direction, self.port_range(value)?),
            Some(TypeQualifier::Net) => Test::Address(direction, self.network(value)?),
            Some(TypeQualifier::Host) | None => Test::Address(direction, self.host(value)?),
        };
        self.next += 1;
        self.steps.push(Instruction::Test(test));
        if let Some(protocol) = protocol {
            self.steps.extend([Instruction::Test(Test::Protocol(protocol)), Instruction::And]);
        }
        Ok(())
    }

    fn port(&self, value: &str) -> Result<RangeInclusive<u16>, FilterError> {
        match value.parse() {
            Ok(port) => Ok(port..=port),
            Err(_) => Err(self.wrong(format!("\"{value}\" is no port number (names of services are not read)"))),
        }
    }

    fn port_range(&self, value: &str) -> Result<RangeInclusive<u16>, FilterError> {
        let ends = value.split_once('-').and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
        match ends {
            Some((low, high)) if low <= high => Ok(low..=high),
            _ => Err(self.wrong(format!("\"{value}\" is no range of ports, such as 8000-8100"))),
        }
    }

    fn host(&self, value: &str) -> Result<Network, FilterError> {
        if let Ok(address) = value.parse::<IpAddr>() {
            return Ok(Network { address, bits: if address.is_ipv4() { 32 } else { 128 } });
        }
        Err(self.wrong(match value {
            _ if value.contains('[') => {
                format!("\"{value}\": filters on bytes of a packet are not supported")
            }
            _ if value.contains('/') => format!("\"{value}\" is a network: net {value}"),
            _ if value.parse::<u16>().is_ok() => format!("what is {value}? For a port: port {value}"),
            _ if self.before.kind.is_none() && self.before.direction.is_none() => {
                format!(
                    "\"{value}\" is not known here; known are host, net, port, portrange, src, dst, tcp, icmp, \
                     icmp6, ip, ip6, less, greater, and, or, not"
                )
            }
            _ => format!("\"{value}\" is no IP address (names of hosts are not looked up)"),
        }))
    }

    /// `10.0.0.0/8`, `10.1`, `2001:db8::/32`, `10.0.0.0 mask 255.0.0.0`.
    fn network(&mut self, value: &str) -> Result<Network, FilterError> {
        let (address, bits) = value.split_once('/').map_or((value, None), |(address, bits)| (address, Some(bits)));
        let (address, natural) = match (address.parse::<IpAddr>(), part_of_an_address(address)) {
            (Ok(address), _) => (address, if address.is_ipv4() { 32 } else { 128 }),
            (Err(_), Some((address, bits))) => (address.into(), bits),
            _ => return Err(self.wrong(format!("\"{value}\" is no network, such as 10.0.0.0/8"))),
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= most),
            None => self.mask(natural)?,
        };
        let bits = bits.ok_or_else(|| self.wrong(format!("\"{value}\" has no length from 0 to {most} after its /")))?;
        let beyond = match address {
            IpAddr::V4(address) => u128::from(address.to_bits().checked_shl(bits).unwrap_or(0)),
            IpAddr::V6(address) => address.to_bits().checked_shl(bits).unwrap_or(0),
        };
        if beyond != 0 {
            return Err(self.wrong(format!("\"{value}\" has bits behind the network's {bits}")));
        }
        Ok(Network { address, bits })
    }

    /// What follows `mask` behind the network, which is the next word.
    fn mask(&mut self, natural: u32) -> Result<Option<u32>, FilterError> {
        if self.words.get(self.next + 1).is_none_or(|word| word.text != "mask") {
            return Ok(Some(natural));
        }
        let mask = self.words.get(self.next + 2).and_then(|word| word.text.parse::<Ipv4Addr>().ok());
        let bits = mask.map(Ipv4Addr::to_bits).filter(|mask| mask.leading_ones() + mask.trailing_zeros() == 32);
        let Some(bits) = bits else {
            return Err(self.wrong_at(self.next + 2, "expected a mask such as 255.255.0.0 here"));
        };
        self.next += 2;
        Ok(Some(bits.leading_ones()))
    }
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

fn kind(word: &str) -> Option<TypeQualifier> {
    Some(match word {
        "host" => TypeQualifier::Host,
        "net" => TypeQualifier::Net,
        "port" => TypeQualifier::Port,
        "portrange" => TypeQualifier::PortRange,
        _ => return None,
    })
}

/// `10`, `192.168`, `10.1.2`: the first bytes of an address, and how many bits they are.
fn part_of_an_address(text: &str) -> Option<(Ipv4Addr, u32)> {
    let octets = text.split('.').map(|octet| octet.parse::<u8>().ok()).collect::<Option<Vec<_>>>()?;
    let mut all = [0; 4];
    all.get_mut(..octets.len()).filter(|part| !part.is_empty())?.copy_from_slice(&octets);
    Some((all.into(), u32::try_from(octets.len()).ok()? * 8))
}
