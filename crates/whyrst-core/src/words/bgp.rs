//! BGP-4 (RFC 4271 section 4): NOTIFICATION, after which its sender closes the connection, and the heartbeats.

use super::bytes::{part, word};
use super::spoken::{Gist, Meaning, Spoken, means};

const MARKER: [u8; 16] = [0xff; 16];
const HEAD: usize = 19;
/// RFC 4271 section 4.1, and RFC 8654 for those that extend it.
const MOST: usize = 65_535;
const OPEN: u8 = 1;
const UPDATE: u8 = 2;
const NOTIFICATION: u8 = 3;
const KEEPALIVE: u8 = 4;
/// RFC 2918.
const ROUTE_REFRESH: u8 = 5;

pub(super) fn opens(payload: &[u8]) -> bool {
    head(payload).is_some()
}

/// Where the last message of `payload` begins: a speaker says why it leaves after all that it had to send.
pub(super) fn last_word(payload: &[u8]) -> usize {
    let mut at = 0;
    while let Some((len, _)) = payload.get(at..).and_then(head) {
        match payload.get(at + len..).and_then(head) {
            Some(_) => at += len,
            None => break,
        }
    }
    at
}

/// The length and the type of the message that begins here.
fn head(octets: &[u8]) -> Option<(usize, u8)> {
    let kind = octets.get(HEAD - 1).copied().filter(|kind| (OPEN..=ROUTE_REFRESH).contains(kind))?;
    let len = usize::from(word(octets, MARKER.len()).filter(|_| octets.starts_with(&MARKER))?);
    (HEAD..=MOST).contains(&len).then_some((len, kind))
}

pub(super) fn read(octets: &[u8]) -> Option<Spoken<'_>> {
    let (len, kind) = head(octets)?;
    match kind {
        OPEN => Some(Spoken::named("OPEN", Gist::Goes)),
        UPDATE => Some(Spoken::named("UPDATE", Gist::Goes)),
        KEEPALIVE => Some(Spoken::named("KEEPALIVE", Gist::Heartbeat)),
        NOTIFICATION => {
            let [code, subcode, ..] = *octets.get(HEAD..)? else { return None };
            let text = shutdown_text(code, subcode, octets.get(HEAD + 2..len.min(octets.len())).unwrap_or_default());
            let (what, gist, meaning) = notification(code, subcode);
            let spoken = Spoken::named(what, gist).with_text(text).meaning(meaning);
            // 0 says that there is nothing more to say (RFC 4271 section 4.5).
            Some(if subcode == 0 { spoken } else { spoken.with_code(subcode.into()) })
        }
        _ => Some(Spoken::named("ROUTE-REFRESH", Gist::Goes)),
    }
}

/// RFC 9003 section 2: an operator says why, after the length of that.
fn shutdown_text(code: u8, subcode: u8, data: &[u8]) -> &[u8] {
    match (code, subcode, data) {
        (6, 2 | 4, [len, rest @ ..]) => part(rest, 0, usize::from(*len)),
        _ => &[],
    }
}

/// RFC 4271 section 4.5, RFC 4486 section 3, RFC 8538 section 3.1, RFC 9384 section 3.
const fn notification(code: u8, subcode: u8) -> (&'static str, Gist, Option<Meaning>) {
    match (code, subcode) {
        (1, _) => (
            "NOTIFICATION message header error",
            Gist::Misunderstands,
            means("what arrived was no message of BGP", "收到的不是 BGP 消息"),
        ),
        (2, 2) => (
            "NOTIFICATION OPEN message error",
            Gist::Refuses,
            means("the peer's AS number is not the configured one", "对端的 AS 号与配置不符"),
        ),
        (2, 3) => (
            "NOTIFICATION OPEN message error",
            Gist::Refuses,
            means("the peer's BGP identifier is not acceptable", "对端的 BGP 标识符不可接受"),
        ),
        (2, 6) => (
            "NOTIFICATION OPEN message error",
            Gist::Refuses,
            means("the hold time is not acceptable", "保持时间（hold time）不可接受"),
        ),
        (2, _) => (
            "NOTIFICATION OPEN message error",
            Gist::Refuses,
            means("what the peer offers is not acceptable", "对端提出的参数不可接受"),
        ),
        (3, _) => ("NOTIFICATION UPDATE message error", Gist::Fails, means("a route was malformed", "路由格式有误")),
        (4, _) => (
            "NOTIFICATION hold timer expired",
            Gist::Refuses,
            means(
                "no KEEPALIVE or UPDATE of the peer came within the hold time",
                "保持时间内没有收到对端的 KEEPALIVE 或 UPDATE",
            ),
        ),
        (5, _) => ("NOTIFICATION finite state machine error", Gist::Fails, None),
        (6, 1) => ("NOTIFICATION cease", Gist::Refuses, means("too many prefixes", "前缀数量超过上限")),
        (6, 2) => ("NOTIFICATION cease", Gist::Refuses, means("an operator shut the session down", "管理员关闭了会话")),
        (6, 3) => ("NOTIFICATION cease", Gist::Refuses, means("the peer is no longer configured", "对端已被移除配置")),
        (6, 4) => ("NOTIFICATION cease", Gist::GoesAway, means("an operator reset the session", "管理员重置了会话")),
        (6, 5) => (
            "NOTIFICATION cease",
            Gist::Refuses,
            means("the connection is not wanted: a rule or the configuration", "连接被拒绝：规则或配置不允许"),
        ),
        (6, 6) => ("NOTIFICATION cease", Gist::GoesAway, means("the configuration changed", "配置已变更")),
        (6, 7) => (
            "NOTIFICATION cease",
            Gist::TakenOver,
            means("both speakers had connected, and the other connection stays", "双方同时建立了连接，保留另一条"),
        ),
        (6, 8) => ("NOTIFICATION cease", Gist::Refuses, means("out of resources", "资源不足")),
        (6, 10) => ("NOTIFICATION cease", Gist::Refuses, means("BFD reports the path down", "BFD 报告路径中断")),
        (6, _) => ("NOTIFICATION cease", Gist::Refuses, None),
        _ => ("NOTIFICATION", Gist::Fails, None),
    }
}
