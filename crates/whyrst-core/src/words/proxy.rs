//! What comes before the protocol proper: the PROXY protocol (`HAProxy`'s `proxy-protocol.txt`), SOCKS (RFC 1928 section
//! 6, and the older version 4).

use super::bytes::first_line;
use super::spoken::{Gist, Meaning, Spoken, means};

const VERSION_2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

pub(super) fn opens_header(payload: &[u8]) -> bool {
    payload.starts_with(b"PROXY ") || payload.starts_with(VERSION_2)
}

pub(super) fn read_header(octets: &[u8]) -> Spoken<'_> {
    if octets.starts_with(VERSION_2) {
        return Spoken::named("PROXY header, version 2", Gist::Goes);
    }
    Spoken::line(first_line(octets), Gist::Goes)
}

/// A reply, or the refusal of all methods. Requests are too short to be known.
pub(super) fn opens_socks(payload: &[u8]) -> bool {
    match payload {
        [5, 0xff] => true,
        [5, 0..=8, 0, 1 | 4, ..] => payload.len() >= 10,
        [0, 0x5a..=0x5d, ..] => payload.len() == 8,
        _ => false,
    }
}

pub(super) fn read_socks(octets: &[u8]) -> Option<Spoken<'_>> {
    let (code, meaning) = match octets {
        [5, 0xff] => (0xff, means("no method of authentication is acceptable", "没有可接受的认证方式")),
        [5, code, ..] => (*code, reply(*code)),
        [0, 0x5a, ..] => (0x5a, None),
        [0, code, ..] => (*code, means("the proxy refused or failed", "代理拒绝或失败")),
        _ => return None,
    };
    let gist = if matches!(code, 0 | 0x5a) { Gist::Goes } else { Gist::Refuses };
    Some(Spoken::named("SOCKS reply", gist).with_code(u32::from(code)).meaning(meaning))
}

const fn reply(code: u8) -> Option<Meaning> {
    match code {
        1 => means("the proxy failed", "代理失败"),
        2 => means("a rule of the proxy forbids the connection", "代理的规则禁止该连接"),
        3 => means("the proxy cannot reach the network", "代理无法到达该网络"),
        4 => means("the proxy cannot reach the host", "代理无法到达该主机"),
        5 => means("the destination refused the proxy's connection", "目标拒绝了代理的连接"),
        6 => means("the TTL expired on the way to the destination", "到目标的途中 TTL 耗尽"),
        7 | 8 => means("the proxy does not support this", "代理不支持该请求"),
        _ => None,
    }
}
