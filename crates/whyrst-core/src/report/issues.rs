//! Issues: resets that are alike for whoever has to mend them, with their share of what the service was asked for.
//!
//! Alike are resets of one shape with one leading answer that matter as much, in the name of the same side, of the same
//! port. There are few of them where there are thousands of resets. What is benign is only counted, unless it is asked for.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt::{self, Write};

use whyrst_model::summary::IssueReport;
use whyrst_model::vocabulary::End;

use super::layout::{padded, right};
use super::style::{Part, Style};
use super::words::{confidence, digits};
use crate::cause::{Family, Severity};
use crate::language::Language;
use crate::segment::Endpoint;
use crate::verdict::{Confidence, Judgement};

/// Issues in a table; the rest is counted.
const SHOWN: usize = 10;
/// Issues counted one by one: ports are chosen by strangers.
const COUNTED: usize = 65_536;
/// Servers of one issue that are told apart.
const SERVERS: usize = 256;

/// How many connections each server was asked for.
type Asked = BTreeMap<Endpoint, u64>;

/// What is alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Key {
    family: Option<Family>,
    cause: &'static str,
    by: End,
    port: u16,
    severity: Severity,
}

#[derive(Debug, Default)]
struct Tally {
    count: u64,
    servers: BTreeMap<Endpoint, u64>,
    servers_beyond: bool,
    confidences: BTreeMap<Confidence, u64>,
}

/// All issues, as they are counted.
#[derive(Debug)]
pub(super) struct Issues {
    most: usize,
    tallies: BTreeMap<Key, Tally>,
    total: u64,
}

impl Default for Issues {
    fn default() -> Self {
        Self::of(COUNTED)
    }
}

impl Issues {
    /// For so many of them at most.
    pub(super) fn of(most: usize) -> Self {
        Self { most: most.min(COUNTED), tallies: BTreeMap::new(), total: 0 }
    }

    /// Counts one verdict.
    pub(super) fn add(&mut self, judgement: &Judgement, server: Endpoint, by: End) {
        self.total += 1;
        let key = Key {
            family: judgement.shape.map(|shape| shape.family),
            cause: judgement.cause.map_or("unexplained", |cause| cause.id),
            by,
            port: server.port,
            severity: judgement.severity,
        };
        if self.tallies.len() >= self.most && !self.tallies.contains_key(&key) {
            return;
        }
        let tally = self.tallies.entry(key).or_default();
        tally.count += 1;
        *tally.confidences.entry(judgement.confidence).or_default() += 1;
        if tally.servers.len() < SERVERS || tally.servers.contains_key(&server) {
            *tally.servers.entry(server).or_default() += 1;
        } else {
            tally.servers_beyond = true;
        }
    }

    /// How many resets and failed connects there are in all.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// The commonest first.
    pub(super) fn ranked(&self) -> Vec<Issue<'_>> {
        let mut issues: Vec<Issue<'_>> = self.tallies.iter().map(|(key, tally)| Issue { key: *key, tally }).collect();
        issues.sort_by_key(|issue| (Reverse(issue.tally.count), issue.key));
        issues
    }
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Issue<'a> {
    key: Key,
    tally: &'a Tally,
}

impl Issue<'_> {
    pub(super) fn record(&self, asked: &Asked) -> IssueReport<'static> {
        IssueReport {
            family: self.key.family,
            cause: self.key.cause.into(),
            confidence: self.confidence(),
            by: self.key.by,
            service: self.service().into(),
            servers: self.tally.servers.len() as u64,
            count: self.tally.count,
            of_connections: self.of_connections(asked),
            severity: Some(self.key.severity),
        }
    }

    /// Whether somebody may want to do something about it.
    pub(super) fn matters(&self) -> bool {
        self.key.severity != Severity::Benign
    }

    /// What most of them are called.
    fn confidence(&self) -> Confidence {
        let most = self.tally.confidences.iter().max_by_key(|(_, count)| **count);
        most.map_or(Confidence::Unexplained, |(confidence, _)| *confidence)
    }

    /// `10.0.0.2:80`, or `:80` of several.
    fn service(&self) -> String {
        let mut servers = self.tally.servers.keys();
        match (servers.next(), servers.next()) {
            (Some(only), None) if !self.tally.servers_beyond => only.to_string(),
            _ => format!(":{}", self.key.port),
        }
    }

    fn at(&self, language: Language) -> String {
        let servers = self.tally.servers.len();
        let more = if self.tally.servers_beyond { "+" } else { "" };
        match (servers, language) {
            (1, _) => self.service(),
            (_, Language::English) => format!("{} on {servers}{more} servers", self.service()),
            (_, Language::Chinese) => format!("{}（{servers}{more} 台服务器）", self.service()),
        }
    }

    /// Connections that its servers were asked for; `None` where fewer were seen to begin than were reset.
    fn of_connections(&self, asked: &Asked) -> Option<u64> {
        let each = self.tally.servers.keys().map(|server| asked.get(server).copied().unwrap_or_default());
        let sum: u64 = each.sum();
        (!self.tally.servers_beyond && sum >= self.tally.count).then_some(sum)
    }

    fn share(&self, asked: &Asked) -> String {
        match self.of_connections(asked) {
            None => "-".to_string(),
            Some(all) if self.tally.count * 100 < all => "< 1 %".to_string(),
            Some(all) => format!("{} %", self.tally.count * 100 / all),
        }
    }

    /// What the capture is mainly about.
    pub(super) fn sentence(&self, total: u64, language: Language) -> String {
        let what = shape(self.key.family, self.key.by, language);
        let (count, total, at) = (digits(self.tally.count), digits(total), self.at(language));
        let (cause, sure) = (self.key.cause, confidence(self.confidence(), language));
        match language {
            Language::English => format!("mainly: {what}, {at}: {count} of {total} ({cause}, {sure})"),
            Language::Chinese => format!("主要是：{what}，{at}：{total} 个中的 {count} 个（{cause}，{sure}）"),
        }
    }
}

/// What becomes of benign issues in a table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Benign {
    /// They are counted in one line.
    Counted,
    /// They stand among the others.
    Listed,
}

/// The issues for a person.
pub(super) fn table(
    issues: &[Issue<'_>],
    asked: &Asked,
    benign: Benign,
    style: Style,
    language: Language,
    out: &mut String,
) -> fmt::Result {
    let (issues, hidden): (Vec<Issue<'_>>, Vec<Issue<'_>>) =
        issues.iter().partition(|issue| benign == Benign::Listed || issue.matters());
    let hidden: u64 = hidden.iter().map(|issue| issue.tally.count).sum();
    if !issues.is_empty() {
        rows(&issues, asked, style, language, out)?;
    }
    if hidden > 0 {
        let hidden = digits(hidden);
        match language {
            Language::English => writeln!(out, "and {hidden} benign (--all shows them)")?,
            Language::Chinese => writeln!(out, "另有 {hidden} 条无害（--all 显示）")?,
        }
    }
    Ok(())
}

fn rows(issues: &[Issue<'_>], asked: &Asked, style: Style, language: Language, out: &mut String) -> fmt::Result {
    let [count, share, what, service, cause] =
        language.pick(["count", "share", "what", "service", "likeliest"], ["次数", "占比", "现象", "服务", "最可能"]);
    let line = |count: &str, share: &str, what: &str, service: &str, cause: &str| {
        let (count, share) = (right(count, 7), right(share, 6));
        format!("{count}  {share}  {}  {}  {cause}", padded(what, 18), padded(service, 18))
    };
    writeln!(out, "\n{}", style.paint(Part::Label, line(count, share, what, service, cause)))?;
    for issue in issues.iter().take(SHOWN) {
        let what = shape(issue.key.family, issue.key.by, language);
        let sure = issue.confidence();
        let cause = match sure {
            Confidence::Likely | Confidence::Certain => format!("{} ({})", issue.key.cause, confidence(sure, language)),
            // As most are.
            Confidence::Possible | Confidence::Unexplained => issue.key.cause.to_string(),
        };
        let text = line(&digits(issue.tally.count), &issue.share(asked), &what, &issue.at(language), &cause);
        writeln!(out, "{text}")?;
    }
    let rest = issues.get(SHOWN..).unwrap_or_default();
    if !rest.is_empty() {
        let resets: u64 = rest.iter().map(|issue| issue.tally.count).sum();
        let (more, resets) = (rest.len(), digits(resets));
        match language {
            Language::English => writeln!(out, "and {more} more issues with {resets} connections (--format json)")?,
            Language::Chinese => writeln!(out, "另有 {more} 类问题，共 {resets} 条连接（--format json）")?,
        }
    }
    Ok(())
}

/// `aborted by server`; after a comma stands the end that the RST came from.
fn shape(family: Option<Family>, by: End, language: Language) -> String {
    let Some(family) = family else { return language.pick("failed to connect", "建连失败").to_string() };
    let (english, chinese) = match family {
        Family::Refused => ("refused by", "拒绝建连"),
        Family::UnwantedAnswer => ("rejected by", "拒绝应答"),
        Family::BrokenHandshake => ("handshake,", "握手中断"),
        Family::Aborted => ("aborted by", "中止"),
        Family::LateData => ("late data,", "关闭后的数据"),
        Family::LastSegment => ("after close,", "关闭后重置"),
        Family::UnknownConnection => ("unknown to", "不认识连接"),
        Family::SynCollision => ("SYN clash,", "SYN 冲突"),
        Family::Unseen => ("unseen,", "未见起因"),
    };
    match (language, by) {
        (Language::English, by) => format!("{english} {by}"),
        (Language::Chinese, End::Client) => format!("客户端{chinese}"),
        (Language::Chinese, End::Server) => format!("服务端{chinese}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{conversation, judge};

    /// A refused connect, and an abort after both ends had closed.
    const BOTH: &str = "
        0.000 C > S S 0:0(0)
        +0.0001 C < S RA 0:0(0) ack 1
        1.000 C:40001 > S S 0:0(0)
        +0.001 C:40001 < S SA 0:0(0) ack 1
        +0.0001 C:40001 > S A 1:1(0) ack 1
        +0.001 C:40001 > S PA 1:101(100) ack 1
        +0.001 C:40001 < S PA 1:51(50) ack 101
        +0.001 C:40001 > S FA 101:101(0) ack 51
        +0.001 C:40001 < S FA 51:51(0) ack 102
        +0.001 C:40001 > S A 102:102(0) ack 52
        +0.001 C:40001 > S RA 102:102(0) ack 52";

    fn table_of(benign: Benign) -> String {
        let mut issues = Issues::default();
        for outcome in conversation(BOTH).outcomes() {
            let server = outcome.connection().endpoint(outcome.connection().server());
            let by = if outcome.sender() == outcome.connection().client { End::Client } else { End::Server };
            issues.add(&judge(&outcome), server, by);
        }
        let mut out = String::new();
        table(&issues.ranked(), &Asked::new(), benign, Style::Plain, Language::English, &mut out).unwrap();
        out
    }

    #[test]
    fn what_is_benign_is_counted_unless_it_is_asked_for() {
        let counted = table_of(Benign::Counted);
        assert!(
            counted.contains("refused by server") && counted.contains("and 1 benign (--all shows them)"),
            "{counted}"
        );
        assert!(!counted.contains("client"), "{counted}");
        let listed = table_of(Benign::Listed);
        assert!(listed.contains("client") && !listed.contains("--all"), "{listed}");
    }
}
