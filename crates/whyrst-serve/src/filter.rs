//! Which rows are wanted, in words: `cause:close-unread -severity:benign 10.0.0.0/8`.
//!
//! Terms side by side must all hold, but several of one key are alternatives. `and`, `or`, `not` and parentheses join
//! them otherwise; `port 443`, `host ADDRESS` and `net ADDRESS/N` are read as tcpdump reads them. An address is that
//! address and no longer one that begins with it. What cannot be read is an error: nobody gets the answer to another
//! question. `web/src/filter.ts` reads the same for a report without a server; the browser tests hold the two together.

use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;
use thiserror::Error;
use whyrst_core::language::Language;
use whyrst_model::vocabulary::{End, Family};

use crate::row::{Name, Names, Row};

/// Longest filter that is read, in bytes.
const LONGEST: usize = 2_000;
/// Parentheses within each other.
const DEEPEST: usize = 20;

/// What a term is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Key {
    Family,
    Cause,
    Mechanism,
    Reason,
    Service,
    Peer,
    Process,
    Name,
    Severity,
    Confidence,
    Source,
    Origin,
    Ending,
    By,
    Phase,
    Kind,
    Host,
    Port,
    Time,
}

pub(crate) const KEYS: [(Key, &str); 19] = [
    (Key::Family, "family"),
    (Key::Cause, "cause"),
    (Key::Mechanism, "mechanism"),
    (Key::Reason, "reason"),
    (Key::Service, "service"),
    (Key::Peer, "peer"),
    (Key::Process, "process"),
    (Key::Name, "name"),
    (Key::Severity, "severity"),
    (Key::Confidence, "confidence"),
    (Key::Source, "source"),
    (Key::Origin, "origin"),
    (Key::Ending, "ending"),
    (Key::By, "by"),
    (Key::Phase, "phase"),
    (Key::Kind, "kind"),
    (Key::Host, "host"),
    (Key::Port, "port"),
    (Key::Time, "time"),
];

/// Why a filter cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(crate) enum FilterError {
    #[error("the filter has more than {LONGEST} bytes")]
    Long,
    #[error("{0}: expected an address, address/bits, address:port, or :port")]
    End(String),
    #[error("{0}: expected two times such as 2026-01-31T12:00:00Z..2026-01-31T12:05:00Z")]
    Time(String),
    #[error("there is no key {given}: did you mean {near}:? Put it in double quotes to search for that text")]
    Key { given: String, near: &'static str },
    #[error("a term is missing at the end of the filter, or before )")]
    Ends,
    #[error("a parenthesis has no other half")]
    Parenthesis,
    #[error("more than {DEEPEST} parentheses within each other")]
    Deep,
    #[error("a term is missing before {0}")]
    Misplaced(String),
}

impl FilterError {
    /// For whoever typed the filter.
    pub(crate) fn words(&self, language: Language) -> String {
        match (language, self) {
            (Language::English, _) => self.to_string(),
            (Language::Chinese, Self::Long) => format!("过滤条件超过了 {LONGEST} 字节"),
            (Language::Chinese, Self::End(value)) => format!("{value}：应为地址、地址/位数、地址:端口或 :端口"),
            (Language::Chinese, Self::Time(value)) => {
                format!("{value}：应为两个时间，例如 2026-01-31T12:00:00Z..2026-01-31T12:05:00Z")
            }
            (Language::Chinese, Self::Key { given, near }) => {
                format!("没有 {given} 这个键：是指 {near}: 吗？要按文字搜索，请放在双引号里")
            }
            (Language::Chinese, Self::Ends) => "过滤条件的末尾或 ) 之前缺少一项".to_owned(),
            (Language::Chinese, Self::Parenthesis) => "括号不成对".to_owned(),
            (Language::Chinese, Self::Deep) => format!("括号嵌套超过 {DEEPEST} 层"),
            (Language::Chinese, Self::Misplaced(word)) => format!("{word} 之前缺少一项"),
        }
    }
}

/// Which rows are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Filter {
    groups: Vec<Group>,
    /// What has no key of its own: words, addresses, and whatever `or` joins.
    others: Vec<Expression>,
}

/// Terms of one key.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Group {
    key: Key,
    any: Vec<Test>,
    none: Vec<Test>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Expression {
    Term(Key, Test),
    /// Text anywhere in the row, in lower case.
    Text(String),
    Not(Box<Expression>),
    All(Vec<Expression>),
    Any(Vec<Expression>),
}

/// What a value must be.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Test {
    Word(String),
    /// The parts between stars.
    Pattern(Vec<String>),
    End {
        net: Option<Net>,
        port: Option<u16>,
    },
    /// Nanoseconds since 1970, both included.
    Between(i64, i64),
}

/// Addresses that begin with the same bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Net {
    ip: IpAddr,
    bits: u32,
}

/// Whether a row is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fit {
    Yes,
    /// It would be, without the terms of this key: that facet counts it.
    But(Key),
    No,
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, FilterError> {
        if text.len() > LONGEST {
            return Err(FilterError::Long);
        }
        let mut filter = Self::default();
        let tokens = tokens(text);
        if tokens.is_empty() {
            return Ok(filter);
        }
        let mut parser = Parser { tokens: &tokens, depth: 0 };
        let expression = parser.any()?;
        if !parser.tokens.is_empty() {
            return Err(FilterError::Parenthesis);
        }
        filter.add(expression);
        Ok(filter)
    }

    /// Terms side by side are in groups, by which facets count.
    fn add(&mut self, expression: Expression) {
        match expression {
            Expression::All(all) => all.into_iter().for_each(|one| self.add(one)),
            Expression::Term(key, test) => self.group(key).any.push(test),
            Expression::Not(not) => match *not {
                Expression::Term(key, test) => self.group(key).none.push(test),
                other => self.others.push(Expression::Not(Box::new(other))),
            },
            other => self.others.push(other),
        }
    }

    fn group(&mut self, key: Key) -> &mut Group {
        let at = self.groups.iter().position(|group| group.key == key).unwrap_or_else(|| {
            self.groups.push(Group { key, any: Vec::new(), none: Vec::new() });
            self.groups.len() - 1
        });
        &mut self.groups[at]
    }

    /// The key that alone keeps the row out, or whether it fits.
    pub(crate) fn verdict(&self, row: &Row, names: &Names) -> Fit {
        if !self.others_hold(row, names) {
            return Fit::No;
        }
        let mut failing = self.groups.iter().filter(|group| !group.holds(row, names));
        match (failing.next(), failing.next()) {
            (None, _) => Fit::Yes,
            (Some(group), None) => Fit::But(group.key),
            _ => Fit::No,
        }
    }

    pub(crate) fn fits(&self, row: &Row, names: &Names) -> bool {
        self.groups.iter().all(|group| group.holds(row, names)) && self.others_hold(row, names)
    }

    fn others_hold(&self, row: &Row, names: &Names) -> bool {
        let mut text = None;
        self.others.iter().all(|one| one.holds(row, names, &mut text))
    }
}

impl Group {
    fn holds(&self, row: &Row, names: &Names) -> bool {
        let is = |test: &Test| test.holds(self.key, row, names);
        (self.any.is_empty() || self.any.iter().any(is)) && !self.none.iter().any(is)
    }
}

impl Expression {
    /// `line` is all of the row in lower case, as soon as it is needed.
    fn holds(&self, row: &Row, names: &Names, line: &mut Option<String>) -> bool {
        match self {
            Self::Term(key, test) => test.holds(*key, row, names),
            Self::Text(part) => line.get_or_insert_with(|| text_of(row, names)).contains(part.as_str()),
            Self::Not(not) => !not.holds(row, names, line),
            Self::All(all) => all.iter().all(|one| one.holds(row, names, line)),
            Self::Any(any) => any.iter().any(|one| one.holds(row, names, line)),
        }
    }
}

fn text_of(row: &Row, names: &Names) -> String {
    let word = |name: Option<Name>| name.map_or("", |name| names.word(name));
    let (process, asked) = (word(row.process), word(row.asked));
    let (cause, source) = (names.word(row.cause), names.word(row.source));
    let (mechanism, reason) = (word(row.mechanism), word(row.reason));
    let (steps, ends) = (format!("{cause} {mechanism} {reason}"), format!("{} {}", row.client, row.server));
    format!("{ends} {steps} {process} {asked} {source}").to_lowercase()
}

impl Test {
    fn holds(&self, key: Key, row: &Row, names: &Names) -> bool {
        match self {
            Self::Word(word) => key.word_of(row, names).is_some_and(|own| own == word),
            Self::Pattern(parts) => key.word_of(row, names).is_some_and(|own| fits_pattern(own, parts)),
            Self::Between(from, to) => (*from..=*to).contains(&row.time.nanos()),
            Self::End { net, port } => {
                let is = |end: &SocketAddr| {
                    net.is_none_or(|net| net.has(end.ip())) && port.is_none_or(|port| port == end.port())
                };
                match key {
                    Key::Service => is(&row.server),
                    Key::Peer => is(&row.client),
                    _ => is(&row.server) || is(&row.client),
                }
            }
        }
    }
}

/// Whether the parts stand in `text` one after the other, the first at its beginning and the last at its end.
fn fits_pattern<'a>(text: &'a str, parts: &[String]) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some(rest) = text.strip_prefix(first.as_str()) else { return false };
    let after = |rest: &'a str, part: &String| rest.split_once(part.as_str()).map(|(_, after)| after);
    middle.iter().try_fold(rest, after).is_some_and(|rest| rest.ends_with(last.as_str()))
}

impl Key {
    pub(crate) fn named(name: &str) -> Option<Self> {
        KEYS.iter().find(|(_, other)| *other == name).map(|(key, _)| *key)
    }

    fn word_of<'a>(self, row: &Row, names: &'a Names) -> Option<&'a str> {
        let name = match self {
            Self::Cause => row.cause,
            Self::Mechanism => row.mechanism?,
            Self::Reason => row.reason?,
            Self::Family => return row.family.map(Family::name),
            Self::Process => row.process?,
            Self::Name => row.asked?,
            Self::Source => row.source,
            Self::Origin => return Some(row.origin.name()),
            Self::Ending => return Some(row.ending),
            Self::By => return row.by.map(End::name),
            Self::Phase => return Some(row.phase.name()),
            Self::Kind => return Some(row.kind.name()),
            Self::Severity => return Some(row.severity.name()),
            Self::Confidence => return Some(row.confidence.name()),
            Self::Service | Self::Peer | Self::Host | Self::Port | Self::Time => return None,
        };
        Some(names.word(name))
    }
}

impl Net {
    fn read(text: &str) -> Option<Self> {
        let (ip, bits) = match text.split_once('/') {
            Some((ip, bits)) => (ip.parse().ok()?, Some(bits.parse().ok()?)),
            None => (text.parse().ok()?, None),
        };
        let all = if matches!(ip, IpAddr::V4(_)) { 32 } else { 128 };
        Some(Self { ip, bits: bits.unwrap_or(all) }).filter(|net| net.bits <= all)
    }

    fn has(self, other: IpAddr) -> bool {
        let (one, other) = match (self.ip, other) {
            (IpAddr::V4(one), IpAddr::V4(other)) => {
                (u128::from(one.to_bits()) << 96, u128::from(other.to_bits()) << 96)
            }
            (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits(), other.to_bits()),
            _ => return false,
        };
        (one ^ other).leading_zeros() >= self.bits
    }
}

/// A part of a filter.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    Open,
    Close,
    Or,
    And,
    Not,
    /// What stands in double quotes is no key and no operator.
    Word {
        text: String,
        quoted_from: Option<usize>,
    },
}

/// Words apart by blanks; what stands in double quotes is one, or belongs to one.
fn tokens(text: &str) -> Vec<Token> {
    let mut all = Vec::new();
    let (mut word, mut quoted, mut quoted_from) = (String::new(), false, None);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let begins = word.is_empty() && quoted_from.is_none();
        match character {
            '"' => {
                quoted = !quoted;
                quoted_from.get_or_insert(word.len());
            }
            '\\' if quoted && characters.peek().is_some_and(|next| matches!(next, '"' | '\\')) => {
                word.extend(characters.next());
            }
            _ if quoted => word.push(character),
            _ if character.is_whitespace() => end(&mut word, &mut quoted_from, &mut all),
            '(' if begins => all.push(Token::Open),
            ')' => {
                end(&mut word, &mut quoted_from, &mut all);
                all.push(Token::Close);
            }
            '!' if begins => all.push(Token::Not),
            '-' if begins && characters.peek().is_some_and(|next| !next.is_whitespace()) => all.push(Token::Not),
            _ => word.push(character),
        }
    }
    end(&mut word, &mut quoted_from, &mut all);
    all
}

fn end(word: &mut String, quoted_from: &mut Option<usize>, all: &mut Vec<Token>) {
    let (text, quoted_from) = (std::mem::take(word), quoted_from.take());
    match (text.as_str(), quoted_from) {
        ("", _) => {}
        ("or" | "||", None) => all.push(Token::Or),
        ("and" | "&&", None) => all.push(Token::And),
        ("not", None) => all.push(Token::Not),
        _ => all.push(Token::Word { text, quoted_from }),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Parser<'_> {
    /// Terms joined by `or`, which binds less than `and`.
    fn any(&mut self) -> Result<Expression, FilterError> {
        let mut any = vec![self.all()?];
        while self.takes(&Token::Or) {
            any.push(self.all()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Expression::Any(any) })
    }

    /// Terms side by side, or joined by `and`.
    fn all(&mut self) -> Result<Expression, FilterError> {
        let mut all = vec![self.one()?];
        loop {
            let joined = self.takes(&Token::And);
            match self.tokens.first() {
                None | Some(Token::Or | Token::Close) if !joined => break,
                _ => all.push(self.one()?),
            }
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::All(all) })
    }

    fn one(&mut self) -> Result<Expression, FilterError> {
        let Some((token, rest)) = self.tokens.split_first() else { return Err(FilterError::Ends) };
        self.tokens = rest;
        match token {
            Token::Not => {
                self.deeper()?;
                let one = self.one()?;
                self.depth -= 1;
                Ok(Expression::Not(Box::new(one)))
            }
            Token::Open => {
                self.deeper()?;
                let inner = self.any()?;
                self.depth -= 1;
                if self.takes(&Token::Close) { Ok(inner) } else { Err(FilterError::Parenthesis) }
            }
            Token::Close if self.depth > 0 => Err(FilterError::Ends),
            Token::Close => Err(FilterError::Parenthesis),
            Token::Or => Err(FilterError::Misplaced("or".to_owned())),
            Token::And => Err(FilterError::Misplaced("and".to_owned())),
            Token::Word { text, quoted_from } => self.term(text, *quoted_from),
        }
    }

    fn deeper(&mut self) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > DEEPEST { Err(FilterError::Deep) } else { Ok(()) }
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is = self.tokens.first() == Some(token);
        self.tokens = &self.tokens[usize::from(is)..];
        is
    }

    fn term(&mut self, text: &str, quoted_from: Option<usize>) -> Result<Expression, FilterError> {
        if quoted_from == Some(0) {
            return Ok(Expression::Text(text.to_lowercase()));
        }
        if quoted_from.is_none()
            && let Some(spaced) = self.spaced(text)?
        {
            return Ok(spaced);
        }
        if let Some(end) = end_of(text) {
            return Ok(Expression::Term(Key::Host, end));
        }
        let Some((name, value)) = text.split_once(':').filter(|(_, value)| !value.is_empty()) else {
            return Ok(Expression::Text(text.to_lowercase()));
        };
        let Some(key) = Key::named(name) else {
            let is_key = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic());
            return if is_key { Err(unknown(name)) } else { Ok(Expression::Text(text.to_lowercase())) };
        };
        let written = if quoted_from.is_some() { Written::Quoted } else { Written::Plain };
        Ok(Expression::Term(key, test(key, value, text, written)?))
    }

    /// `port 443`, `host 10.0.0.1`, `net 10.0.0.0/8`, as tcpdump has them.
    fn spaced(&mut self, word: &str) -> Result<Option<Expression>, FilterError> {
        let key = match word {
            "port" => Key::Port,
            "host" | "net" => Key::Host,
            _ => return Ok(None),
        };
        let Some((Token::Word { text, quoted_from }, rest)) = self.tokens.split_first() else { return Ok(None) };
        self.tokens = rest;
        let written = if quoted_from.is_some() { Written::Quoted } else { Written::Plain };
        Ok(Some(Expression::Term(key, test(key, text, &format!("{word} {text}"), written)?)))
    }
}

fn unknown(given: &str) -> FilterError {
    let near = KEYS.iter().min_by_key(|(_, name)| strsim::damerau_levenshtein(given, name));
    FilterError::Key { given: given.to_owned(), near: near.map_or("cause", |(_, name)| name) }
}

/// In double quotes a star is a star.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Written {
    Plain,
    Quoted,
}

fn test(key: Key, value: &str, term: &str, written: Written) -> Result<Test, FilterError> {
    match key {
        Key::Service | Key::Peer | Key::Host => end_of(value).ok_or_else(|| FilterError::End(term.to_owned())),
        Key::Port => {
            let port = value.parse().map_err(|_| FilterError::End(term.to_owned()))?;
            Ok(Test::End { net: None, port: Some(port) })
        }
        Key::Time => between(value).ok_or_else(|| FilterError::Time(term.to_owned())),
        _ if written == Written::Plain && value.contains('*') => {
            Ok(Test::Pattern(value.split('*').map(str::to_owned).collect()))
        }
        _ => Ok(Test::Word(value.to_owned())),
    }
}

fn end_of(value: &str) -> Option<Test> {
    if let Some(port) = value.strip_prefix(':').and_then(|port| port.parse().ok()) {
        return Some(Test::End { net: None, port: Some(port) });
    }
    if let Ok(end) = value.parse::<SocketAddr>() {
        return Some(Test::End { net: Net::read(&end.ip().to_string()), port: Some(end.port()) });
    }
    Some(Test::End { net: Some(Net::read(value)?), port: None })
}

fn between(value: &str) -> Option<Test> {
    let (from, to) = value.split_once("..")?;
    let moment = |text: &str| i64::try_from(text.parse::<Timestamp>().ok()?.as_nanosecond()).ok();
    Some(Test::Between(moment(from)?, moment(to)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Filter::parse(text).expect_err(text).to_string()
    }

    fn same(one: &str, other: &str) {
        assert_eq!(Filter::parse(one), Filter::parse(other), "{one} and {other}");
        assert!(Filter::parse(one).is_ok(), "{one}");
    }

    #[test]
    fn what_is_written_otherwise_means_the_same() {
        same("port 443 and not cause:closed-port", "port:443 -cause:closed-port");
        same("port:443 or port:80", "(port:443) || port:80");
        same("a b or c", "(a and b) or (c)");
        same("not (a or b)", "!(a || b)");
        same("host 10.0.0.1", "10.0.0.1");
        same("net 10.0.0.0/8", "host:10.0.0.0/8");
        same("\"or\"", "\"o\"r\"\"");
        same("--a", "not not a");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert!(error("casue:closed-port").contains("did you mean cause:"), "{}", error("casue:closed-port"));
        assert!(error("prot:443").contains("did you mean port:"));
        assert!(error("port:443 or").contains("a term is missing"));
        assert!(error("(port:443 or)").contains("a term is missing"));
        assert_eq!(error("or port:443"), "a term is missing before or");
        assert!(error("(port:443").contains("parenthesis"));
        assert!(error("port:443)").contains("parenthesis"));
        assert!(error("port 443x").starts_with("port 443x: expected"));
        assert!(error("service:nonsense").contains("expected an address"));
        assert!(error("host:10.0.0.0/33").contains("expected an address"));
        assert!(error("time:yesterday").contains("expected two times"));
        assert!(error(&"(".repeat(500)).contains("within each other"));
        assert!(error(&"!".repeat(500)).contains("within each other"));
        assert!(error(&"a".repeat(LONGEST + 1)).contains("more than"));
    }

    #[test]
    fn an_address_is_no_text_and_text_is_no_key() {
        let host = |text: &str| matches!(&Filter::parse(text).expect(text).groups[..], [Group { key: Key::Host, .. }]);
        assert!(host("10.0.0.1") && host("dead:beef::1") && host("10.0.0.1:80") && host("[::1]:80") && host(":443"));
        let text = |text: &str| matches!(&Filter::parse(text).expect(text).others[..], [Expression::Text(_)]);
        assert!(text("close") && text("\"casue:x\"") && text("cause:") && text("a/b") && text("10.0.") && text("-"));
    }

    #[test]
    fn nets_and_patterns() {
        let net = |text: &str| Net::read(text).expect(text);
        let ip = |text: &str| text.parse::<IpAddr>().expect(text);
        assert!(net("10.0.0.0/8").has(ip("10.255.0.1")) && !net("10.0.0.0/8").has(ip("11.0.0.1")));
        assert!(net("0.0.0.0/0").has(ip("1.2.3.4")) && !net("0.0.0.0/0").has(ip("::1")));
        assert!(net("fd00::/8").has(ip("fd77::1")) && net("::1").has(ip("::1")) && !net("::1").has(ip("::2")));
        let pattern =
            |pattern: &str, text| fits_pattern(text, &pattern.split('*').map(str::to_owned).collect::<Vec<_>>());
        assert!(pattern("close-*", "close-unread") && pattern("*-unread", "close-unread") && pattern("*", ""));
        assert!(pattern("c*-*d", "close-unread") && !pattern("close-*", "exit-unread") && !pattern("ab*ba", "aba"));
    }
}
