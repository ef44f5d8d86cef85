//! Who resets whom: which services reset their clients, and which clients their services. Where many services are
//! involved, this shows whether one of them, or one client, is behind it all.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt::{self, Write};
use core::net::IpAddr;

use whyrst_model::summary::ResetsBetween;
use whyrst_model::vocabulary::End;

use super::layout::{padded, right};
use super::style::{Part, Style};
use super::words::digits;
use crate::language::Language;
use crate::segment::Endpoint;

/// So few services say in the table of issues who resets whom.
const FEW: usize = 3;
/// Lines for a person.
const SHOWN: usize = 10;
/// Lines in a record.
const RECORDED: usize = 100;
/// Services and sides counted one by one.
const COUNTED: usize = 65_536;
/// Clients of one service that are told apart.
const CLIENTS: usize = 256;

/// Counts resets by service and by the side that they came from.
#[derive(Debug)]
pub(super) struct ServiceMap {
    most: usize,
    tallies: BTreeMap<(Endpoint, End), Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    count: u64,
    clients: BTreeSet<IpAddr>,
    clients_beyond: bool,
    causes: BTreeMap<&'static str, u64>,
}

impl ServiceMap {
    /// For so many services at most.
    pub(super) fn of(most: usize) -> Self {
        Self { most: most.min(COUNTED), tallies: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, service: Endpoint, client: IpAddr, by: End, cause: &'static str) {
        let key = (service, by);
        if self.tallies.len() >= self.most && !self.tallies.contains_key(&key) {
            return;
        }
        let tally = self.tallies.entry(key).or_default();
        tally.count += 1;
        *tally.causes.entry(cause).or_default() += 1;
        if tally.clients.len() < CLIENTS || tally.clients.contains(&client) {
            tally.clients.insert(client);
        } else {
            tally.clients_beyond = true;
        }
    }

    /// The most first.
    fn ranked(&self) -> Vec<(Endpoint, End, &Tally)> {
        let mut all: Vec<_> = self.tallies.iter().map(|((service, by), tally)| (*service, *by, tally)).collect();
        all.sort_by_key(|(service, by, tally)| (Reverse(tally.count), *service, *by));
        all
    }

    pub(super) fn record(&self) -> Vec<ResetsBetween<'static>> {
        let one = |(service, by, tally): (Endpoint, End, &Tally)| ResetsBetween {
            service: service.to_string().into(),
            by,
            client: tally.only_client().map(|client| client.to_string().into()),
            clients: tally.clients.len() as u64,
            count: tally.count,
            cause: tally.commonest().into(),
        };
        self.ranked().into_iter().take(RECORDED).map(one).collect()
    }

    /// The map for a person, where there are more than three services.
    pub(super) fn write(&self, style: Style, language: Language, out: &mut String) -> fmt::Result {
        let services: BTreeSet<Endpoint> = self.tallies.keys().map(|(service, _)| *service).collect();
        if services.len() <= FEW {
            return Ok(());
        }
        let [count, sender, receiver, cause] =
            language.pick(["count", "who resets", "whom", "mostly"], ["次数", "谁重置", "重置谁", "多为"]);
        let ranked = self.ranked();
        let ends: Vec<(String, String)> =
            ranked.iter().take(SHOWN).map(|(service, by, tally)| tally.ends(*service, *by, language)).collect();
        let width = |of: fn(&(String, String)) -> &String| ends.iter().map(|ends| of(ends).len()).max().unwrap_or(0);
        let (first, second) = (width(|ends| &ends.0).max(18), width(|ends| &ends.1).max(18));
        let line = |count: &str, sender: &str, arrow: &str, receiver: &str, cause: &str| {
            format!("{}  {} {arrow} {}  {cause}", right(count, 7), padded(sender, first), padded(receiver, second))
        };
        writeln!(out, "\n{}", style.paint(Part::Label, line(count, sender, " ", receiver, cause)))?;
        for ((_, _, tally), (sender, receiver)) in ranked.iter().zip(&ends) {
            writeln!(out, "{}", line(&digits(tally.count), sender, "→", receiver, tally.commonest()))?;
        }
        let rest = ranked.get(SHOWN..).unwrap_or_default();
        if !rest.is_empty() {
            let resets = rest.iter().map(|(.., tally)| tally.count).sum();
            let noun = if resets == 1 { "reset" } else { "resets" };
            let (more, resets) = (rest.len(), digits(resets));
            match language {
                Language::English => writeln!(out, "and {more} more with {resets} {noun} (--format json)")?,
                Language::Chinese => writeln!(out, "另有 {more} 行，共 {resets} 次重置（--format json）")?,
            }
        }
        Ok(())
    }
}

impl Tally {
    fn only_client(&self) -> Option<IpAddr> {
        let mut clients = self.clients.iter();
        clients.next().copied().filter(|_| clients.next().is_none() && !self.clients_beyond)
    }

    fn commonest(&self) -> &'static str {
        let commonest = self.causes.iter().max_by_key(|(cause, count)| (**count, Reverse(**cause)));
        commonest.map_or("unexplained", |(cause, _)| cause)
    }

    /// Who sent them, and to whom.
    fn ends(&self, service: Endpoint, by: End, language: Language) -> (String, String) {
        let more = if self.clients_beyond { "+" } else { "" };
        let clients = match (self.only_client(), language) {
            (Some(only), _) => only.to_string(),
            (None, Language::English) => format!("{}{more} clients", self.clients.len()),
            (None, Language::Chinese) => format!("{}{more} 个客户端", self.clients.len()),
        };
        match by {
            End::Server => (service.to_string(), clients),
            End::Client => (clients, service.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(last: u8, port: u16) -> Endpoint {
        Endpoint { ip: IpAddr::from([10, 0, 0, last]), port }
    }

    fn text(map: &ServiceMap) -> String {
        let mut out = String::new();
        map.write(Style::Plain, Language::English, &mut out).expect("a String");
        out
    }

    #[test]
    fn a_map_needs_more_than_three_services() {
        let mut map = ServiceMap::of(100);
        for port in 1..=3 {
            map.add(end(1, port), end(9, 0).ip, End::Server, "close-unread");
        }
        assert_eq!(text(&map), "");
        for client in [7, 7, 8] {
            map.add(end(2, 443), end(client, 0).ip, End::Client, "linger-zero");
        }
        let text = text(&map);
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert_eq!(lines[0], "      3  2 clients          → 10.0.0.2:443        linger-zero");
        assert_eq!(lines[1], "      1  10.0.0.1:1         → 10.0.0.9            close-unread");
        let record = map.record();
        assert_eq!((record[0].clients, &record[0].client), (2, &None));
        assert_eq!(record[1].client.as_deref(), Some("10.0.0.9"));
    }

    #[test]
    fn what_is_beyond_a_bound_is_not_told_apart() {
        let mut map = ServiceMap::of(1);
        for client in 0..300_u16 {
            let [high, low] = client.to_be_bytes();
            map.add(end(1, 80), IpAddr::from([10, 1, high, low]), End::Server, "close-unread");
        }
        map.add(end(2, 80), end(9, 0).ip, End::Server, "close-unread");
        assert_eq!(map.record().len(), 1);
        assert_eq!(map.ranked()[0].2.ends(end(1, 80), End::Server, Language::English).1, "256+ clients");
    }
}
