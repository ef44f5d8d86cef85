//! Addresses and ports as logs write them.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use whyrst_core::claim::PartialEnd;

/// `10.0.0.1:80`, `[::1]:80`, `[10.0.0.1]:80` (OpenSSH), `http://10.0.0.1:80/path` (nginx), or an address alone.
pub(super) fn end(text: &str) -> Option<PartialEnd> {
    let text = text.trim_matches(['"', '\'', ',']);
    let text = ["http://", "https://", "tcp://", "grpc://", "fastcgi://", "uwsgi://", "scgi://", "grpcs://"]
        .into_iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text);
    let text = text.split('/').next()?;
    if let Ok(whole) = text.parse::<SocketAddr>() {
        return Some(PartialEnd { ip: Some(whole.ip()), port: Some(whole.port()) });
    }
    if let Some((ip, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
        return Some(PartialEnd { ip: Some(address(ip)?), port: Some(port.parse().ok()?) });
    }
    match address(text.trim_matches(['[', ']'])) {
        Some(ip) => Some(PartialEnd::address(ip)),
        None => colon_port(text),
    }
}

/// `10.0.0.1:80` and `2001:db8::1:80`: the port follows the last colon, as `HAProxy` writes it, without brackets.
pub(super) fn colon_port(text: &str) -> Option<PartialEnd> {
    let (ip, port) = text.rsplit_once(':')?;
    Some(PartialEnd { ip: Some(address(ip.trim_matches(['[', ']']))?), port: Some(port.parse().ok()?) })
}

/// An address; its zone (`fe80::1%eth0`, RFC 4007 section 11) is of the host that logs, and no packet names it.
fn address(text: &str) -> Option<IpAddr> {
    match text.split_once('%') {
        Some((ip, zone)) if !zone.is_empty() => ip.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// The same, with its port.
pub(super) fn whole(text: &str) -> Option<PartialEnd> {
    end(text).filter(|end| end.is_whole())
}

/// `10.0.0.1 port 40000`: the last one, since what a stranger calls himself stands before it.
pub(super) fn with_word_port(text: &str) -> Option<PartialEnd> {
    let (before, after) = text.rsplit_once(" port ")?;
    let ip = address(before.split_whitespace().next_back()?)?;
    let digits = after.find(|character: char| !character.is_ascii_digit()).unwrap_or(after.len());
    Some(PartialEnd { ip: Some(ip), port: Some(after[..digits].parse().ok()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_an_end_is_read() {
        let whole = |ip: &str, port| Some(PartialEnd { ip: ip.parse().ok(), port: Some(port) });
        assert_eq!(end("10.0.0.1:80"), whole("10.0.0.1", 80));
        assert_eq!(end("[10.0.0.1]:80"), whole("10.0.0.1", 80));
        assert_eq!(end("[2001:db8::1]:80"), whole("2001:db8::1", 80));
        assert_eq!(end("\"http://10.0.0.2:8080/a?b\""), whole("10.0.0.2", 8080));
        assert_eq!(end("10.0.0.1").map(PartialEnd::is_whole), Some(false));
        assert_eq!(end("2001:db8::1").map(PartialEnd::is_whole), Some(false));
        for nothing in ["", "-", "unix:/run/a.sock", "http://backend/", "_", "1.2.3", "10.0.0.1:99999", "[]:1"] {
            assert_eq!(end(nothing), None, "{nothing}");
        }
        assert_eq!(colon_port("2001:db8::9:4822"), whole("2001:db8::9", 4_822));
        assert_eq!(colon_port("fe80::1%eth0:48227"), whole("fe80::1", 48_227));
        assert_eq!(end("[fe80::1%eth0]:80"), whole("fe80::1", 80));
        let hostile = "Connection closed by invalid user from 1.2.3.4 port 5 10.0.0.9 port 40000 [preauth]";
        assert_eq!(with_word_port(hostile), whole("10.0.0.9", 40_000));
        assert_eq!(with_word_port(" port "), None);
    }
}
