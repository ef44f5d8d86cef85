//! Ends as they are printed: by address and port, or, without `-n`, by names.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use whyrst_core::segment::Endpoint;

/// Names beyond this number are not told apart from each other by an address.
const MOST: usize = 4_096;
/// Addresses that nobody has (RFC 1112 section 4: reserved).
const FIRST: u32 = 0xf000_0001;

/// Hosts that were printed by name, each with an address that stands for it.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: HashMap<String, Ipv4Addr>,
    first: Option<(String, Ipv4Addr)>,
}

impl Names {
    /// `10.0.0.1.80`, `fd77::1.80`, `web1.http`.
    pub(crate) fn end(&mut self, text: &str) -> Option<Endpoint> {
        let (host, port) = text.trim().rsplit_once('.')?;
        Some(Endpoint::new(self.host(host)?, port_of(port)?))
    }

    /// An address or a name.
    pub(crate) fn host(&mut self, text: &str) -> Option<IpAddr> {
        let plain = text.trim_start_matches('[').trim_end_matches(']');
        let plain = plain.split('%').next()?;
        if let Ok(ip) = plain.parse::<IpAddr>() {
            return Some(ip);
        }
        is_name(text).then(|| self.named(text)).flatten().map(IpAddr::V4)
    }

    /// The first host that has only a name, with the address that stands for it, and how many more there are.
    pub(crate) fn first(&self) -> Option<(&str, Ipv4Addr, usize)> {
        let (name, address) = self.first.as_ref()?;
        Some((name, *address, self.known.len() - 1))
    }

    fn named(&mut self, name: &str) -> Option<Ipv4Addr> {
        if let Some(known) = self.known.get(name) {
            return Some(*known);
        }
        if self.known.len() >= MOST {
            return None;
        }
        let address = Ipv4Addr::from_bits(FIRST + u32::try_from(self.known.len()).ok()?);
        self.first.get_or_insert_with(|| (name.to_owned(), address));
        self.known.insert(name.to_owned(), address);
        Some(address)
    }
}

/// A host name: letters somewhere, and nothing that host names do not have.
fn is_name(text: &str) -> bool {
    text.len() <= 253
        && text.contains(|letter: char| letter.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// By number, or by the name that services have on most systems (services(5)).
pub(crate) fn port_of(text: &str) -> Option<u16> {
    const SERVICES: &[(&str, u16)] = &[
        ("ftp", 21),
        ("ssh", 22),
        ("telnet", 23),
        ("smtp", 25),
        ("domain", 53),
        ("http", 80),
        ("www", 80),
        ("kerberos", 88),
        ("pop3", 110),
        ("sunrpc", 111),
        ("nntp", 119),
        ("imap2", 143),
        ("imap", 143),
        ("bgp", 179),
        ("ldap", 389),
        ("https", 443),
        ("microsoft-ds", 445),
        ("submission", 587),
        ("ldaps", 636),
        ("imaps", 993),
        ("pop3s", 995),
        ("socks", 1080),
        ("ms-sql-s", 1433),
        ("oracle", 1521),
        ("mqtt", 1883),
        ("nfs", 2049),
        ("docker", 2375),
        ("etcd-client", 2379),
        ("mysql", 3306),
        ("ms-wbt-server", 3389),
        ("commplex-main", 5000),
        ("sip", 5060),
        ("xmpp-client", 5222),
        ("postgresql", 5432),
        ("postgres", 5432),
        ("rfb", 5900),
        ("amqps", 5671),
        ("amqp", 5672),
        ("redis", 6379),
        ("http-alt", 8080),
        ("webcache", 8080),
        ("https-alt", 8443),
        ("sunproxyadmin", 8081),
        ("us-cli", 8082),
        ("wap-wsp", 9200),
    ];
    text.parse().ok().or_else(|| SERVICES.iter().find(|(name, _)| *name == text).map(|(_, port)| *port))
}
