//! Which resets are wanted, in words: `port 443 and not cause:close-unread`, `-severity:benign 10.0.0.0/8`.
//!
//! One language for `explain --filter`, `watch --filter`, the `/` of the terminal and the page. It has what
//! pcap-filter(7) says of connections, with its precedence, and `key:value` for what a report says; docs/filters.md is
//! its page. What cannot be read is an error: nobody gets the answer to another question. The page of a report
//! without a server reads the same in TypeScript (`web/src/filter.ts` of whyrst-serve); the browser tests hold the two
//! together.
//!
//! A [`Filter`] chooses among reports. Where captures are read, [`Divided`] has what packets alone decide apart from
//! it, so that what is not wanted need not be followed.

mod error;
mod expression;
mod grammar;
mod key;
mod subject;
#[cfg(test)]
mod tests;
mod tokens;

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::SocketAddr;

pub use self::error::{FilterError, Why};
pub use self::expression::{Direction, EndTest, Expression, Net, Protocol, Test, Value};
pub use self::key::Key;
pub use self::subject::Subject;

use self::expression::Knower;
use self::grammar::{key_of, parse};

/// Which reports are wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    groups: Vec<Group>,
    /// What has no key of its own: words, and whatever joins several keys.
    others: Vec<Expression>,
}

/// Terms of one key, which a facet leaves out when it counts what else there is.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Group {
    key: Key,
    term: Expression,
}

/// Whether a report is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fit {
    /// It is.
    Yes,
    /// It would be, without the terms of this key: that facet counts it.
    But(Key),
    /// It is not.
    No,
}

/// A filter where packets are read as well.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Divided {
    /// What packets alone decide; `None` is all of them.
    pub packets: Option<Expression>,
    /// What reports decide.
    pub reports: Filter,
    /// All of it, for reports of resets that no packet shows; `None` where it has a word that is about packets.
    pub anywhere: Option<Filter>,
}

impl Filter {
    /// Reads a filter; an empty one fits everything.
    ///
    /// # Errors
    ///
    /// For what cannot be read, and for words that are about single packets.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let conjuncts = conjuncts(text)?;
        match conjuncts.iter().find_map(|one| one.beyond(Knower::Reports)) {
            Some(stranger) => Err(misplaced(text, stranger, Why::Packets)),
            None => Ok(conjuncts.into_iter().collect()),
        }
    }

    /// Whether it has no term at all.
    pub const fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.others.is_empty()
    }

    /// Whether `subject` is wanted.
    pub fn fits(&self, subject: &impl Subject) -> bool {
        let mut line = None;
        self.groups.iter().all(|group| holds(&group.term, subject, &mut line)) && self.others_hold(subject, &mut line)
    }

    /// The key that alone keeps it out, or whether it fits.
    pub fn verdict(&self, subject: &impl Subject) -> Fit {
        let mut line = None;
        if !self.others_hold(subject, &mut line) {
            return Fit::No;
        }
        let mut failing = self.groups.iter().filter(|group| !holds(&group.term, subject, &mut line));
        match failing.next() {
            None => Fit::Yes,
            Some(group) if failing.all(|other| other.key == group.key) => Fit::But(group.key),
            Some(_) => Fit::No,
        }
    }

    fn others_hold<'a>(&self, subject: &'a impl Subject, line: &mut Option<Cow<'a, str>>) -> bool {
        self.others.iter().all(|one| holds(one, subject, line))
    }
}

impl FromIterator<Expression> for Filter {
    /// Of what must all hold.
    fn from_iter<T: IntoIterator<Item = Expression>>(conjuncts: T) -> Self {
        let mut filter = Self::default();
        for one in conjuncts {
            let negated = match &one {
                Expression::Not(not) if matches!(**not, Expression::Test(_)) => key_of(not),
                _ => None,
            };
            match key_of(&one).or(negated) {
                Some(key) => filter.groups.push(Group { key, term: one }),
                None => filter.others.push(one),
            }
        }
        filter
    }
}

impl Divided {
    /// Reads a filter; an empty one is refused, since on a command line it is a variable that was not set.
    ///
    /// # Errors
    ///
    /// For what cannot be read, and for what neither packets nor reports alone can say, such as
    /// `src host 10.0.0.1 or cause:closed-port`.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let all = conjuncts(text)?;
        if all.is_empty() {
            return Err(FilterError { filter: text.to_owned(), at: 0, width: 1, why: Why::Empty });
        }
        let is_known_of_reports = all.iter().all(|one| one.beyond(Knower::Reports).is_none());
        let anywhere = is_known_of_reports.then(|| all.iter().cloned().collect());
        let (packets, reports): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|one| one.beyond(Knower::Packets).is_none());
        if let Some(stranger) = reports.iter().find_map(|one| one.beyond(Knower::Reports)) {
            return Err(misplaced(text, stranger, Why::Packets));
        }
        let packets = if packets.is_empty() { None } else { Some(Expression::All(packets)) };
        Ok(Self { packets, reports: reports.into_iter().collect(), anywhere })
    }
}

/// Reads a filter where there are packets and nothing else.
///
/// # Errors
///
/// For what cannot be read, and for what only reports say.
pub fn of_packets(text: &str) -> Result<Expression, FilterError> {
    let divided = Divided::parse(text)?;
    let reports = divided.reports.groups.iter().map(|group| &group.term).chain(&divided.reports.others);
    match (reports.map(|one| one.beyond(Knower::Packets)).next().flatten(), divided.packets) {
        (Some(stranger), _) => Err(misplaced(text, stranger, Why::Verdicts)),
        (None, packets) => Ok(packets.unwrap_or(Expression::All(Vec::new()))),
    }
}

/// What must all hold.
fn conjuncts(text: &str) -> Result<Vec<Expression>, FilterError> {
    fn add(expression: Expression, all: &mut Vec<Expression>) {
        match expression {
            Expression::All(parts) => parts.into_iter().for_each(|part| add(part, all)),
            other => all.push(other),
        }
    }
    let mut all = vec![];
    if let Some(whole) = parse(text)? {
        add(whole, &mut all);
    }
    Ok(all)
}

/// An error about a word that stands somewhere in the text.
fn misplaced(text: &str, stranger: &Test, why: fn(String) -> Why) -> FilterError {
    let word = stranger.word();
    let before = text.find(&word).map_or("", |at| &text[..at]);
    let (at, width) = (before.chars().count(), word.chars().count());
    FilterError { filter: text.to_owned(), at, width, why: why(word) }
}

/// `line` is what texts are looked for in, as soon as it is needed.
fn holds<'a, S: Subject>(expression: &Expression, subject: &'a S, line: &mut Option<Cow<'a, str>>) -> bool {
    match expression {
        Expression::Test(Test::Text(text)) => line.get_or_insert_with(|| subject.text()).contains(text.as_str()),
        Expression::Test(test) => is(test, subject),
        Expression::Not(one) => !holds(one, subject, line),
        Expression::All(all) => all.iter().all(|one| holds(one, subject, line)),
        Expression::Any(any) => any.iter().any(|one| holds(one, subject, line)),
    }
}

fn is(test: &Test, subject: &impl Subject) -> bool {
    let ends = || [subject.client(), subject.server()];
    match test {
        Test::Term(key, value) => has(*key, value, subject),
        Test::Protocol(Protocol::Tcp) => true,
        Test::Protocol(Protocol::Ip4) => subject.server().is_ipv4(),
        Test::Protocol(Protocol::Ip6) => subject.server().is_ipv6(),
        Test::Directed(Direction::Both, wanted) => ends().iter().all(|end| wanted.has(end.ip(), end.port())),
        // A text is looked for elsewhere, and what only packets know does not come here.
        Test::Protocol(_) | Test::Directed(..) | Test::Length(_) | Test::Text(_) => false,
    }
}

fn has(key: Key, value: &Value, subject: &impl Subject) -> bool {
    match value {
        Value::Word(word) => subject.word(key).is_some_and(|own| own == word),
        Value::Pattern(parts) => subject.word(key).is_some_and(|own| fits_pattern(own, parts)),
        Value::Between(from, to) => (*from..=*to).contains(&subject.time().nanos()),
        Value::End(wanted) => {
            let is = |end: SocketAddr| wanted.has(end.ip(), end.port());
            match key {
                Key::Service => is(subject.server()),
                Key::Peer => is(subject.client()),
                _ => is(subject.server()) || is(subject.client()),
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
