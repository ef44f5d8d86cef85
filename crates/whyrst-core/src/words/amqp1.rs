//! AMQP 1.0 (OASIS, parts 1.6, 2.3 and 2.7): `open`, `close` with its error, the empty frame that is a heartbeat, and the
//! outcome of SASL.

use super::bytes::{long, part};
use super::spoken::{Gist, Meaning, Spoken, means};

const HEAD: usize = 8;
const AMQP: u8 = 0;
const SASL: u8 = 1;
/// Performatives, as small numbers (part 2.7): a descriptor is 0, 0x53 and one of these.
const DESCRIBED: [u8; 2] = [0, 0x53];
const OPEN: u8 = 0x10;
const CLOSE: u8 = 0x18;
const ERROR: u8 = 0x1d;
const SASL_OUTCOME: u8 = 0x44;

/// One frame from the first octet on: its size, where its body begins in fours of octets, its type and channel.
pub(super) fn opens(payload: &[u8]) -> bool {
    is_empty(payload) || performative(payload).is_some()
}

/// A frame without a body is four short numbers.
pub(super) fn is_signed(payload: &[u8]) -> bool {
    !is_empty(payload)
}

fn is_empty(payload: &[u8]) -> bool {
    matches!(payload, [0, 0, 0, 8, 2, AMQP, ..])
}

fn performative(payload: &[u8]) -> Option<(u8, &[u8])> {
    let size = usize::try_from(long(payload, 0)?).ok()?;
    let (2, kind) = (*payload.get(4)?, *payload.get(5)?) else { return None };
    let (descriptor, rest) = payload.get(HEAD..)?.split_first_chunk::<2>()?;
    let (code, rest) = rest.split_first()?;
    let known = match kind {
        AMQP => (OPEN..=CLOSE).contains(code),
        SASL => (0x40..=SASL_OUTCOME).contains(code),
        _ => false,
    };
    let fits = (HEAD..1 << 20).contains(&size) && *descriptor == DESCRIBED;
    (known && fits).then_some((*code, rest))
}

pub(super) fn read(octets: &[u8]) -> Option<Spoken<'_>> {
    if is_empty(octets) {
        return Some(Spoken::named("heartbeat", Gist::Heartbeat));
    }
    match performative(octets)? {
        (OPEN, _) => Some(Spoken::named("open", Gist::Goes)),
        (CLOSE, rest) => Some(closed(rest)),
        (SASL_OUTCOME, rest) => sasl(rest),
        _ => Some(Spoken::named("frame", Gist::Goes)),
    }
}

/// A list of one field, the error, which is itself a list: condition, description, information.
fn closed(rest: &[u8]) -> Spoken<'_> {
    let error = list(rest).and_then(|fields| fields.strip_prefix(&[0, 0x53, ERROR])).and_then(list);
    let Some((condition, rest)) = error.and_then(string) else {
        return Spoken::named("close", Gist::Goodbye);
    };
    let text = string(rest).map_or(&[][..], |(text, _)| text);
    let (gist, meaning) = means_of(condition);
    Spoken { state: condition, ..Spoken::named("close", gist).with_text(text).meaning(meaning) }
}

/// The fields of a list with a length in one octet or in four (part 1.6.22).
fn list(octets: &[u8]) -> Option<&[u8]> {
    match octets {
        [0xc0, _, _, rest @ ..] | [0xd0, _, _, _, _, _, _, _, _, rest @ ..] => Some(rest),
        _ => None,
    }
}

/// A string or a symbol (parts 1.6.20 and 1.6.21), as far as it was captured, and what follows it.
fn string(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (from, len) = match octets {
        [0xa1 | 0xa3, len, ..] => (2, usize::from(*len)),
        [0xb1 | 0xb3, ..] => (5, usize::try_from(long(octets, 1)?).ok()?),
        _ => return None,
    };
    let text = part(octets, from, len);
    Some((text, octets.get(from.saturating_add(len)..).unwrap_or_default()))
}

/// Part 5.3.3.6: the first field is the code, and 0 is success.
fn sasl(rest: &[u8]) -> Option<Spoken<'_>> {
    match list(rest)? {
        [0x50, 0, ..] => Some(Spoken::named("SASL outcome", Gist::Goes).with_code(0)),
        [0x50, code @ 1..=4, ..] => {
            let meaning = means("the broker does not accept who logs in", "代理不接受登录者");
            Some(Spoken::named("SASL outcome", Gist::Refuses).with_code(u32::from(*code)).meaning(meaning))
        }
        _ => None,
    }
}

/// Parts 2.8.15 and 2.8.16.
fn means_of(condition: &[u8]) -> (Gist, Option<Meaning>) {
    match condition {
        b"amqp:connection:forced" => (
            Gist::Refuses,
            means("an operator, a shutdown or an idle limit ends the connection", "管理员、停机或空闲上限结束了连接"),
        ),
        b"amqp:connection:redirect" => {
            (Gist::GoesAway, means("the client is to use another server", "客户端应改用另一台服务器"))
        }
        b"amqp:unauthorized-access" => (Gist::Refuses, means("access was refused", "访问被拒绝")),
        b"amqp:resource-limit-exceeded" => (Gist::Refuses, means("a limit was reached", "达到上限")),
        b"amqp:not-allowed" => (Gist::Refuses, means("not allowed", "不被允许")),
        b"amqp:connection:framing-error" | b"amqp:decode-error" | b"amqp:invalid-field" => {
            (Gist::Misunderstands, means("what arrived breaks the protocol", "收到的内容违反协议"))
        }
        _ => (Gist::Fails, None),
    }
}
