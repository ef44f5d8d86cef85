//! `MySQL` and `MariaDB` (their documentation of the client/server protocol): three octets of length, the low one first,
//! and a number; the greeting, the ERR packet and the commands.

use super::bytes::until;
use super::spoken::{Announced, Gist, Head, Length, Meaning, Spoken, means};

const HEAD: usize = 4;
const GREETING: u8 = 10;
const ERR: u8 = 0xff;
const COM_QUIT: u8 = 1;
const COM_INIT_DB: u8 = 2;
const COM_QUERY: u8 = 3;
const COM_PING: u8 = 14;
/// Error numbers begin here.
const FIRST_ERROR: u16 = 1_000;

pub(super) fn opens(payload: &[u8]) -> bool {
    let Some(len) = length(payload) else { return false };
    match payload.get(3..) {
        // The version follows, in digits.
        Some([0, GREETING, b'0'..=b'9', ..]) => len < 1_024,
        Some([_, ERR, low, high, ..]) => {
            let whole = usize::try_from(len).is_ok_and(|len| len + HEAD == payload.len() || payload.len() == 16);
            whole && len >= 4 && u16::from_le_bytes([*low, *high]) >= FIRST_ERROR
        }
        Some([0, COM_QUIT | COM_PING]) => len == 1,
        Some([0, COM_INIT_DB | COM_QUERY, first, ..]) => len > 1 && matches!(first, b' '..=b'~' | b'\n' | b'\t' | 0),
        _ => false,
    }
}

/// A greeting or an error; a command only where the segment ends with it.
pub(super) fn is_signed(payload: &[u8]) -> bool {
    let whole =
        length(payload).and_then(|len| usize::try_from(len).ok()).is_some_and(|len| len + HEAD == payload.len());
    whole || !matches!(payload.get(HEAD), Some(&(COM_QUIT | COM_INIT_DB | COM_QUERY | COM_PING)))
}

fn length(payload: &[u8]) -> Option<u32> {
    let [low, middle, high] = *payload.first_chunk::<3>()?;
    Some(u32::from_le_bytes([low, middle, high, 0])).filter(|len| *len > 0)
}

pub(super) fn announced(payload: &[u8]) -> Announced {
    let length = length(payload).map_or(Length::Unknown, |len| Length::Octets(len.into()));
    Announced { len: 4, head: Head::Whole, length, ..Announced::default() }
}

pub(super) fn read(octets: &[u8]) -> Option<Spoken<'_>> {
    let text = |at: usize| octets.get(at..).unwrap_or_default();
    match octets.get(3..)? {
        [0, GREETING, ..] => Some(Spoken::named("greeting", Gist::Goes).with_text(until(octets, HEAD + 1, 0))),
        [_, ERR, low, high, rest @ ..] => {
            let code = u16::from_le_bytes([*low, *high]);
            let (state, at) = match rest {
                [b'#', state @ ..] => (state.get(..5).unwrap_or(state), HEAD + 9),
                _ => (&[][..], HEAD + 3),
            };
            let (gist, meaning) = error(code);
            Some(Spoken {
                state,
                ..Spoken::named("ERR", gist).with_code(code.into()).with_text(text(at)).meaning(meaning)
            })
        }
        [0, COM_QUIT] => Some(Spoken::named("COM_QUIT", Gist::Goodbye)),
        [0, COM_PING] => Some(Spoken::named("COM_PING", Gist::Goes)),
        [0, COM_INIT_DB, ..] => Some(Spoken::named("COM_INIT_DB", Gist::Goes).with_text(text(HEAD + 1))),
        [0, COM_QUERY, ..] => Some(Spoken::named("COM_QUERY", Gist::Goes).with_text(text(HEAD + 1))),
        _ => None,
    }
}

/// Numbers of the `MySQL` and `MariaDB` error references.
const fn error(code: u16) -> (Gist, Option<Meaning>) {
    match code {
        1040 => (Gist::Refuses, means("max_connections was reached", "达到 max_connections 上限")),
        1203 | 1226 => (Gist::Refuses, means("this user's limit was reached", "达到该用户的上限")),
        1129 => (
            Gist::Refuses,
            means(
                "the host is blocked after too many connection errors (max_connect_errors)",
                "连接错误过多，主机被封（max_connect_errors）",
            ),
        ),
        1130 => (Gist::Refuses, means("the host may not connect", "该主机无权连接")),
        1044 | 1045 | 1698 => (Gist::Refuses, means("the login was not accepted", "登录未被接受")),
        1053 | 1077 | 1079 => (Gist::Refuses, means("the server shuts down", "服务端正在停机")),
        1317 | 1927 | 3169 => (Gist::Refuses, means("the session was killed (KILL)", "会话被 KILL 终止")),
        1159 | 1161 | 4031 => {
            (Gist::Refuses, means("the session was idle for too long (wait_timeout)", "会话空闲过久（wait_timeout）"))
        }
        1153 => (Gist::Fails, means("the packet is larger than max_allowed_packet", "报文大于 max_allowed_packet")),
        1156 | 1157 | 1047 | 1835 => {
            (Gist::Misunderstands, means("what arrived is no packet of this protocol", "收到的不是该协议的报文"))
        }
        _ => (Gist::Fails, None),
    }
}
