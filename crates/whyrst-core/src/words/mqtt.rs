//! MQTT 3.1.1 (section 3) and 5 (section 2.4, reason codes): CONNECT, CONNACK, DISCONNECT.

use super::bytes::word;
use super::spoken::{Gist, Meaning, Spoken, means};

pub(super) fn opens(payload: &[u8]) -> bool {
    match payload {
        // CONNECT, of version 3.1 too; CONNACK of version 3; the packets of two octets.
        [0x10, _, 0, 4, b'M', b'Q', b'T', b'T', ..]
        | [0x10, _, _, 0, 4, b'M', b'Q', b'T', b'T', ..]
        | [0x10, _, 0, 6, b'M', b'Q', b'I', b's', b'd', b'p', ..]
        | [0x20, 2, 0 | 1, 0..=5]
        | [0xe0 | 0xc0 | 0xd0, 0] => true,
        // Of version 5, with properties.
        [0x20, len @ 3..=127, 0 | 1, code, ..] => is_whole(payload, *len) && (*code == 0 || *code >= 0x80),
        [0xe0, len @ 1..=127, code, ..] => is_whole(payload, *len) && (matches!(code, 0 | 4) || *code >= 0x80),
        _ => false,
    }
}

/// A packet of two octets only where MQTT was spoken before.
pub(super) const fn is_signed(payload: &[u8]) -> bool {
    payload.len() > 2
}

fn is_whole(payload: &[u8], len: u8) -> bool {
    payload.len() == usize::from(len) + 2
}

/// Of a CONNECT (MQTT 3.1.1 section 3.1.3.1, MQTT 5 section 3.1.3.1). An empty one is nobody's: the broker makes one up.
pub(super) fn client_identifier(payload: &[u8]) -> Option<&[u8]> {
    let (0x10, rest) = (payload.first()?, payload.get(1..)?) else { return None };
    let (_, rest) = variable_length(rest)?;
    let (name, rest) = string(rest)?;
    // Version, flags and keep-alive time.
    let (version, rest) = (*rest.first()?, rest.get(4..)?);
    let known = matches!((name, version & 0x7f), (b"MQIsdp", 3) | (b"MQTT", 4 | 5));
    let rest = if version == 5 {
        let (properties, rest) = variable_length(rest)?;
        rest.get(properties..)?
    } else {
        rest
    };
    let (identifier, _) = string(rest).filter(|_| known)?;
    (!identifier.is_empty()).then_some(identifier)
}

/// A number in seven bits an octet, the low ones first, and what follows it (MQTT 5 section 1.5.5).
fn variable_length(octets: &[u8]) -> Option<(usize, &[u8])> {
    let len = octets.iter().take(4).position(|octet| octet & 0x80 == 0)?;
    let digits = octets.get(..=len)?.iter().rev();
    let value = digits.fold(0, |value, octet| value << 7 | usize::from(octet & 0x7f));
    Some((value, octets.get(len + 1..)?))
}

/// A string with its length before it, and what follows it.
fn string(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = octets.get(2..)?;
    rest.split_at_checked(usize::from(word(octets, 0)?))
}

pub(super) fn read(octets: &[u8]) -> Option<Spoken<'_>> {
    match octets {
        [0x10, ..] => Some(Spoken::named("CONNECT", Gist::Goes)),
        [0x20, _, _, 0, ..] => Some(Spoken::named("CONNACK", Gist::Goes).with_code(0)),
        [0x20, _, _, code, ..] => {
            let (gist, meaning) = if *code < 0x80 { refused(*code) } else { reason(*code) };
            Some(Spoken::named("CONNACK", gist).with_code(u32::from(*code)).meaning(meaning))
        }
        [0xe0, 0] | [0xe0, _, 0, ..] => Some(Spoken::named("DISCONNECT", Gist::Goodbye)),
        [0xe0, _, code, ..] => {
            let (gist, meaning) = reason(*code);
            Some(Spoken::named("DISCONNECT", gist).with_code(u32::from(*code)).meaning(meaning))
        }
        [0xc0, ..] => Some(Spoken::named("PINGREQ", Gist::Heartbeat)),
        [0xd0, ..] => Some(Spoken::named("PINGRESP", Gist::Goes)),
        _ => None,
    }
}

/// MQTT 3.1.1, table 3.1.
const fn refused(code: u8) -> (Gist, Option<Meaning>) {
    match code {
        1 => {
            (Gist::Misunderstands, means("the broker does not speak this version of MQTT", "代理不支持这个 MQTT 版本"))
        }
        2 => (Gist::Refuses, means("the client identifier is not allowed", "客户端标识不被允许")),
        3 => (Gist::Refuses, means("the broker is not available", "代理不可用")),
        4 => (Gist::Refuses, means("wrong user name or password", "用户名或密码错误")),
        _ => (Gist::Refuses, means("not authorized", "未授权")),
    }
}

/// MQTT 5, section 2.4.
const fn reason(code: u8) -> (Gist, Option<Meaning>) {
    match code {
        0x04 => (Gist::Goodbye, means("it is through; its will message is sent", "正常结束，并发送遗嘱消息")),
        0x81 | 0x82 => (Gist::Misunderstands, means("what arrived breaks the protocol", "收到的内容违反协议")),
        0x84 => {
            (Gist::Misunderstands, means("the broker does not speak this version of MQTT", "代理不支持这个 MQTT 版本"))
        }
        0x86 => (Gist::Refuses, means("wrong user name or password", "用户名或密码错误")),
        0x87 | 0x8c => (Gist::Refuses, means("not authorized", "未授权")),
        0x88 | 0x89 => (Gist::Refuses, means("the broker is not available or busy", "代理不可用或繁忙")),
        0x8a => (Gist::Refuses, means("the client is banned", "客户端被封禁")),
        0x8b => (Gist::GoesAway, means("the broker shuts down", "代理正在停机")),
        0x8d => (
            Gist::Refuses,
            means("nothing came for longer than the keep-alive time", "超过 keep alive 时间没有收到数据"),
        ),
        0x8e => (
            Gist::TakenOver,
            means(
                "another connection with the same client identifier took over",
                "另一条连接用同一客户端标识接管了会话",
            ),
        ),
        0x93 | 0x95 | 0x96 | 0x97 | 0x9f => {
            (Gist::Refuses, means("a limit on size, rate or quota was reached", "达到大小、速率或配额上限"))
        }
        0x98 => (Gist::Refuses, means("an administrator ended the connection", "管理员结束了连接")),
        0x9c | 0x9d => (Gist::GoesAway, means("the client is to use another server", "客户端应改用另一台服务器")),
        _ => (Gist::Fails, None),
    }
}

/// The keep-alive time of a CONNECT, in seconds, of which the first octets are known (MQTT 3.1.1 section 3.1.2.10). A zero
/// turns it off.
pub(super) fn keep_alive(first: &[u8]) -> Option<u16> {
    let ([0x10, 0x00..=0x7f, rest @ ..] | [0x10, 0x80..=0xff, 0x00..=0x7f, rest @ ..]) = first else { return None };
    let [0, 4, b'M', b'Q', b'T', b'T', 4 | 5, _, high, low, ..] = rest else { return None };
    Some(u16::from_be_bytes([*high, *low])).filter(|seconds| *seconds > 0)
}
