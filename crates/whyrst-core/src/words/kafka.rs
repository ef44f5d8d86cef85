//! Kafka (its protocol guide, <https://kafka.apache.org/protocol.html>): a length of four octets, then of a request the
//! number of the API, its version, a number that the answer repeats, and the name of the client. Answers do not say what
//! they answer; errors are read where all layouts of a short answer agree.

use super::bytes::{long, part, word};
use super::spoken::{Gist, Meaning, Spoken, means};

/// The length in front of everything.
const LENGTH: usize = 4;
const NAME_LEN: usize = 12;
const NAME: usize = 14;
/// The number of the answer stands in front of it.
const ANSWER: usize = 8;
/// APIs and versions have small numbers.
const APIS: u16 = 128;
const VERSIONS: u16 = 32;
/// No broker takes more at once by default (`socket.request.max.bytes`).
const LARGEST: u32 = 104_857_600;
/// The shortest answers that have an error: with a number of two octets, after a throttle time, and with tags.
const BARE: u32 = 6;
const THROTTLED: u32 = 10;
const TAGGED: u32 = 12;

const SASL_AUTHENTICATION_FAILED: u16 = 58;
const NONE: u16 = 0;

pub(super) fn opens(payload: &[u8]) -> bool {
    is_request(payload) || is_answer(payload)
}

/// A request: an answer begins with two numbers that may be anything.
pub(super) fn is_request(payload: &[u8]) -> bool {
    let [0, _, _, _, 0, _, 0, _, 0, _, _, _, 0, name_len, name @ ..] = payload else { return false };
    let small = word(payload, 4).is_some_and(|api| api < APIS) && word(payload, 6).is_some_and(|one| one < VERSIONS);
    let shown = name.get(..usize::from(*name_len)).unwrap_or(name);
    let names = *name_len > 0 && !shown.is_empty() && shown.iter().all(|octet| (b' '..=b'~').contains(octet));
    // What the guide calls the size counts all that follows it.
    let room = length(payload).is_some_and(|len| len as usize >= NAME - LENGTH + usize::from(*name_len));
    small && names && room
}

/// One that the segment ends with.
fn is_answer(payload: &[u8]) -> bool {
    let whole = length(payload).is_some_and(|len| len as usize + LENGTH == payload.len() && len >= BARE);
    whole && payload.get(LENGTH) == Some(&0)
}

fn length(payload: &[u8]) -> Option<u32> {
    long(payload, 0).filter(|len| *len > 0 && *len <= LARGEST)
}

pub(super) fn read(octets: &[u8]) -> Option<Spoken<'_>> {
    if is_request(octets) {
        let (what, gist) = api(word(octets, 4)?);
        let name = part(octets, NAME, usize::from(word(octets, NAME_LEN)?));
        return Some(Spoken::named(what, gist).with_text(name));
    }
    let code = match length(octets)? {
        BARE => word(octets, ANSWER),
        THROTTLED => word(octets, ANSWER + 4),
        TAGGED => word(octets, ANSWER + 5),
        _ => word(octets, ANSWER).filter(|code| *code == SASL_AUTHENTICATION_FAILED),
    };
    let Some(code) = code.filter(|code| *code != NONE) else { return Some(Spoken::named("answer", Gist::Goes)) };
    let (gist, meaning) = error(code);
    let text = match code {
        SASL_AUTHENTICATION_FAILED => part(octets, ANSWER + 4, usize::from(word(octets, ANSWER + 2)?)),
        _ => &[],
    };
    Some(Spoken::named("error", gist).with_code(code.into()).with_text(text).meaning(meaning))
}

/// The guide's table of API keys.
const fn api(key: u16) -> (&'static str, Gist) {
    match key {
        0 => ("Produce request", Gist::Goes),
        1 => ("Fetch request", Gist::Goes),
        2 => ("ListOffsets request", Gist::Goes),
        3 => ("Metadata request", Gist::Goes),
        8 => ("OffsetCommit request", Gist::Goes),
        9 => ("OffsetFetch request", Gist::Goes),
        10 => ("FindCoordinator request", Gist::Goes),
        11 => ("JoinGroup request", Gist::Goes),
        12 => ("Heartbeat request", Gist::Heartbeat),
        13 => ("LeaveGroup request", Gist::Goes),
        14 => ("SyncGroup request", Gist::Goes),
        17 => ("SaslHandshake request", Gist::Goes),
        18 => ("ApiVersions request", Gist::Goes),
        22 => ("InitProducerId request", Gist::Goes),
        36 => ("SaslAuthenticate request", Gist::Goes),
        _ => ("request", Gist::Goes),
    }
}

/// The guide's table of error codes.
const fn error(code: u16) -> (Gist, Option<Meaning>) {
    match code {
        22 => (Gist::Fails, means("the group has gone on without this member", "消费组已继续前进，不再包含这个成员")),
        25 => (Gist::Fails, means("the group does not know this member any more", "消费组已不认识这个成员")),
        27 => (Gist::Fails, means("the group is rebalancing", "消费组正在重新平衡")),
        29..=31 => (Gist::Refuses, means("access was refused", "访问被拒绝")),
        33 => (Gist::Refuses, means("the SASL mechanism is not offered", "不提供这种 SASL 机制")),
        34 => (Gist::Misunderstands, means("SASL was not expected now", "此时不应有 SASL 消息")),
        35 => (Gist::Misunderstands, means("the version of this API is not supported", "不支持这个 API 版本")),
        SASL_AUTHENTICATION_FAILED => (Gist::Refuses, means("the login failed", "认证失败")),
        _ => (Gist::Fails, None),
    }
}
