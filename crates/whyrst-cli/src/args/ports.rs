//! Ports as people write them: `443`, `8000-8010`, `http`.

use std::fs;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Names of services and their ports (services(5)).
const SERVICES: &str = "/etc/services";

/// One port, or a range of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ports(RangeInclusive<u16>);

impl Ports {
    pub(crate) fn range(&self) -> RangeInclusive<u16> {
        self.0.clone()
    }

    pub(crate) fn has(&self, port: u16) -> bool {
        self.0.contains(&port)
    }
}

impl FromStr for Ports {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(range) = range(text)? {
            return Ok(Self(range));
        }
        let services = fs::read_to_string(SERVICES).map_err(|error| {
            format!("\"{text}\" is no port, and {SERVICES} with their names cannot be read: {error}")
        })?;
        let port = named(&services, text).ok_or_else(|| {
            format!("\"{text}\" is no port, no range such as 8000-8010, and no TCP service of {SERVICES}")
        })?;
        Ok(Self(port..=port))
    }
}

/// `None` for what is no number at all.
fn range(text: &str) -> Result<Option<RangeInclusive<u16>>, String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let port = |text: &str| text.parse::<u16>().map_err(|_| format!("{text} is no port: they end at 65535"));
    match text.split_once('-') {
        None if is_number(text) => port(text).map(|port| Some(port..=port)),
        Some((first, last)) if is_number(first) && is_number(last) => {
            let (from, to) = (port(first)?, port(last)?);
            if from > to { Err(format!("{text} is empty: {from} is above {to}")) } else { Ok(Some(from..=to)) }
        }
        _ => Ok(None),
    }
}

/// `http 80/tcp www`, comments after `#`.
fn named(services: &str, name: &str) -> Option<u16> {
    let lines = services.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.into_iter().find_map(|line| {
        let mut words = line.split_whitespace();
        let (first, place) = (words.next()?, words.next()?);
        let port = place.strip_suffix("/tcp")?.parse().ok()?;
        std::iter::once(first).chain(words).any(|word| word.eq_ignore_ascii_case(name)).then_some(port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_a_range_or_the_name_of_a_tcp_service() {
        assert_eq!(range("443"), Ok(Some(443..=443)));
        assert_eq!(range("8000-8010"), Ok(Some(8_000..=8_010)));
        assert_eq!(range("http-alt"), Ok(None));
        for wrong in ["65536", "70000-70001", "8010-8000"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
        let services = "# names\ntftp 69/udp\nhttp\t80/tcp  www # web\nhttp-alt 8080/tcp webcache\n";
        assert_eq!(named(services, "http"), Some(80));
        assert_eq!(named(services, "WWW"), Some(80));
        assert_eq!(named(services, "http-alt"), Some(8_080));
        assert_eq!(named(services, "tftp"), None, "it is of UDP");
        assert_eq!(named(services, "web"), None, "it stands in a comment");
    }
}
