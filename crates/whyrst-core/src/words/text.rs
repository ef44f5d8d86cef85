//! Protocols of lines: replies with three digits (SMTP, FTP, NNTP), IMAP, POP3, Redis, and plain text.

use super::bytes::{begins, contains, first_line, is_text};
use super::http;
use super::spoken::{Gist, Meaning, Spoken, means};

/// Commands of SMTP, FTP, NNTP and POP3 that a client begins or ends with.
const COMMANDS: [&[u8]; 12] = [
    b"EHLO ",
    b"HELO ",
    b"MAIL FROM:",
    b"RCPT TO:",
    b"STARTTLS",
    b"AUTH ",
    b"USER ",
    b"PASS ",
    b"QUIT",
    b"RETR ",
    b"STOR ",
    b"LHLO ",
];
/// What follows these is nobody's business.
const SECRET: [&[u8]; 4] = [b"AUTH", b"PASS", b"LOGIN", b"AUTHENTICATE"];
/// A line of text has at least this many octets: fewer are chance.
const LEAST: usize = 4;
/// Nor more than this: segments of a transfer are full.
const MOST: usize = 1_024;

/// `421 Too many connections`.
pub(super) fn is_reply(payload: &[u8]) -> bool {
    let [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..] = payload else { return false };
    is_text(first_line(payload))
}

pub(super) fn is_mail_command(payload: &[u8]) -> bool {
    payload.first().is_some_and(u8::is_ascii_alphabetic) && COMMANDS.iter().any(|verb| begins(payload, verb))
}

/// RFC 5321 section 4.2, RFC 959 section 4.2, RFC 3977 section 3.2.
pub(super) fn read_reply(octets: &[u8]) -> Option<Spoken<'_>> {
    let line = first_line(octets);
    if !is_reply(octets) {
        return Some(Spoken::line(
            without_secret(line),
            if begins(line, b"QUIT") { Gist::Goodbye } else { Gist::Goes },
        ));
    }
    let code = core::str::from_utf8(line.get(..3)?).ok()?.parse::<u16>().ok()?;
    let gist = match code {
        221 | 205 => Gist::Goodbye,
        500..=503 if contains(line, b"command") => Gist::Misunderstands,
        400..=599 => Gist::Refuses,
        _ => Gist::Goes,
    };
    Some(Spoken::line(line, gist).meaning(reply_meaning(code)))
}

const fn reply_meaning(code: u16) -> Option<Meaning> {
    match code {
        421 => means(
            "the service is not available and closes: a limit, an idle timeout or a shutdown",
            "服务不可用并关闭连接：达到上限、空闲超时或停机",
        ),
        425 | 426 => means("the data connection failed", "数据连接失败"),
        450..=452 | 454 => means("turned down for now: try again later", "暂时被拒：请稍后重试"),
        530 | 535 => means("not logged in: the credentials were not accepted", "未登录：身份凭证未被接受"),
        550 | 553 | 554 => means("turned down by a rule of the server", "被服务端的规则拒绝"),
        _ => None,
    }
}

/// Programs count their commands, in so many octets at most.
const TAG: usize = 8;

/// `* BYE Too many connections`; a greeting; `a1 LOGOUT`.
pub(super) fn is_imap(payload: &[u8]) -> bool {
    const UNTAGGED: [&[u8]; 3] = [b"* BYE", b"* OK", b"* PREAUTH"];
    const TAGGED: [&[u8]; 4] = [b"LOGOUT", b"LOGIN ", b"CAPABILITY", b"IDLE"];
    if payload.first() == Some(&b'*') {
        return UNTAGGED.iter().any(|start| begins(payload, start));
    }
    let tag = payload.iter().take(TAG + 1).position(|octet| *octet == b' ');
    let command = tag.and_then(|at| payload.get(at + 1..)).unwrap_or_default();
    let tagged = payload.first().is_some_and(u8::is_ascii_alphanumeric);
    tagged && TAGGED.iter().any(|verb| begins(command, verb)) && is_text(first_line(payload))
}

/// RFC 9051 section 7.1.5: BYE is the last line before the close, on request or not.
pub(super) fn read_imap(octets: &[u8]) -> Spoken<'_> {
    let line = first_line(octets);
    if begins(line, b"* BYE") {
        let asked = [&b"logging out"[..], b"signing off"].iter().any(|phrase| contains(line, phrase));
        let gist = if asked { Gist::Goodbye } else { Gist::Refuses };
        return Spoken::line(line, gist).meaning(means("the server ends the connection", "服务端结束连接"));
    }
    let gist = if contains(line, b" LOGOUT") { Gist::Goodbye } else { Gist::Goes };
    Spoken::line(without_secret(line), gist)
}

/// Redis says `-ERR` too, but never `+OK` to nobody.
pub(super) fn is_pop3(payload: &[u8]) -> bool {
    payload.starts_with(b"+OK ") || (payload.starts_with(b"-ERR ") && !is_redis(payload))
}

/// RFC 1939 section 3.
pub(super) fn read_pop3(octets: &[u8]) -> Spoken<'_> {
    let line = first_line(octets);
    Spoken::line(line, if line.starts_with(b"-") { Gist::Refuses } else { Gist::Goes })
}

/// Errors that Redis names (its source: `server.c` `createSharedObjects`, `networking.c`), and a command of its clients.
pub(super) fn is_redis(payload: &[u8]) -> bool {
    match payload {
        [b'-', rest @ ..] => {
            let own = rest.first().is_some_and(u8::is_ascii_uppercase) && !rest.starts_with(b"ERR ");
            (own || REDIS.iter().any(|(phrase, _)| payload.starts_with(phrase))) && is_text(first_line(payload))
        }
        [b'*', b'1'..=b'9', rest @ ..] => {
            let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
            rest.get(digits..).is_some_and(|rest| rest.starts_with(b"\r\n$"))
        }
        [b'+', ..] => payload.starts_with(b"+OK\r\n") || payload.starts_with(b"+PONG\r\n"),
        _ => false,
    }
}

const TOO_LARGE: Option<Meaning> = means("the command is larger than Redis accepts", "命令超过 Redis 允许的大小");

const REDIS: [(&[u8], Option<Meaning>); 13] = [
    (b"-ERR max number of clients", means("Redis' maxclients was reached", "达到 Redis 的 maxclients 上限")),
    (b"-ERR max number of client", means("Redis' maxclients was reached", "达到 Redis 的 maxclients 上限")),
    // networking.c, processMultibulkBuffer: `proto-max-bulk-len`, and much less before AUTH.
    (b"-ERR Protocol error: invalid bulk length", TOO_LARGE),
    (b"-ERR Protocol error: invalid multibulk length", TOO_LARGE),
    (b"-ERR Protocol error: unauthenticated", TOO_LARGE),
    (b"-ERR Protocol error", means("the peer did not speak Redis' protocol", "对端说的不是 Redis 协议")),
    (b"-DENIED", means("Redis' protected mode refuses other hosts", "Redis 的保护模式拒绝其他主机")),
    (b"-NOAUTH", means("a password is wanted", "需要密码")),
    (b"-WRONGPASS", means("the password was not accepted", "密码未被接受")),
    (b"-NOPERM", means("the user may not do this", "该用户没有权限")),
    (b"-LOADING", means("Redis is still loading its data", "Redis 仍在加载数据")),
    (b"-OOM", means("Redis' maxmemory was reached", "达到 Redis 的 maxmemory 上限")),
    (b"-MASTERDOWN", means("the replica has lost its master", "副本失去了主节点")),
];

pub(super) fn read_redis(octets: &[u8]) -> Spoken<'_> {
    let line = first_line(octets);
    match octets.first() {
        Some(b'-') => {
            let known = REDIS.iter().find(|(phrase, _)| line.starts_with(phrase));
            let gist = match line {
                // What has a length began as Redis' protocol demands.
                line if contains(line, b"Protocol error") && known.and_then(|(_, means)| *means) != TOO_LARGE => {
                    Gist::Misunderstands
                }
                line if known.is_some() || line.starts_with(b"-ERR max") => Gist::Refuses,
                _ => Gist::Fails,
            };
            Spoken::line(line, gist).meaning(known.and_then(|(_, meaning)| *meaning))
        }
        Some(b'*') => {
            let verb = octets.split(|octet| *octet == b'\n').nth(2).unwrap_or_default().trim_ascii();
            Spoken::line(verb, if begins(verb, b"QUIT") { Gist::Goodbye } else { Gist::Goes })
        }
        _ => Spoken::line(line, Gist::Goes),
    }
}

/// A segment that is text, has several words or a line's end, and is no more than what a program says at once: no word
/// in the middle of a transfer.
pub(super) fn is_line(payload: &[u8]) -> bool {
    // A frame of STOMP ends with NUL (STOMP 1.2, STOMP Frames).
    let payload = payload.strip_suffix(b"\0").unwrap_or(payload);
    let line = first_line(payload);
    let speaks = line.contains(&b' ') || payload.contains(&b'\n');
    payload.len() <= MOST && line.len() >= LEAST && speaks && is_text(payload)
}

/// The status in the first line of an answer that is built as those of HTTP are: RTSP (RFC 7826 section 8.1), SIP (RFC 3261
/// section 7.2), Icecast.
fn status(line: &[u8]) -> Option<u16> {
    let (name, rest) = line.split_at_checked(line.iter().position(|octet| *octet == b' ')?)?;
    let versioned = |name: &[u8]| [&b"RTSP/"[..], b"SIP/"].iter().any(|start| name.starts_with(start));
    let digits = rest.get(1..4).filter(|_| name == b"ICY" || versioned(name))?;
    core::str::from_utf8(digits).ok()?.parse().ok().filter(|status| (100..700).contains(status))
}

/// What an `ERROR` of STOMP says of itself, after which its server closes (STOMP 1.2, ERROR).
fn stomp_error(octets: &[u8]) -> Option<&[u8]> {
    let headers = octets.strip_prefix(b"ERROR\n").or_else(|| octets.strip_prefix(b"ERROR\r\n"))?;
    headers.split(|octet| *octet == b'\n').find_map(|line| line.strip_prefix(b"message:")).map(<[u8]>::trim_ascii)
}

/// What programs say when they turn somebody away, whatever they speak.
const REFUSALS: [&[u8]; 26] = [
    b"too many",
    b"max number of",
    b"maximum number of",
    b"limit exceeded",
    b"limit reached",
    b"access denied",
    b"permission denied",
    b"not allowed",
    b"not permitted",
    b"connection refused",
    b"forbidden",
    b"banned",
    b"server is busy",
    b"server busy",
    b"server is full",
    b"try again later",
    b"closing link",
    b"unauthorized",
    b"not authorized",
    b"authentication failed",
    b"authentication required",
    b"shutting down",
    b"service unavailable",
    b"temporarily unavailable",
    b"quota exceeded",
    b"rate limit",
];
const TIMEOUTS: [&[u8]; 9] = [
    b"idle timeout",
    b"timed out",
    b"inactivity",
    b"idle for too long",
    b"idle too long",
    b"ping timeout",
    b"session timeout",
    b"session expired",
    b"stale connection",
];
/// They say it in few lines: a listing may hold any word.
const LINES: usize = 3;
const MISUNDERSTANDINGS: [&[u8]; 4] =
    [b"protocol error", b"protocol mismatch", b"HTTP request to an HTTPS", b"HTTP request was sent to HTTPS"];

pub(super) fn read_line(octets: &[u8]) -> Spoken<'_> {
    let line = first_line(octets);
    if let Some(status) = status(line) {
        // RFC 7826 section 17.4.31: there is not the bandwidth for one more.
        let gist = if status == 453 { Gist::Refuses } else { http::gist(status) };
        return Spoken::line(line, gist);
    }
    if let Some(message) = stomp_error(octets) {
        return Spoken::line(message, Gist::Refuses);
    }
    // rsyncd says why and closes (rsync's clientserver.c, start_daemon and rsync_module).
    if line.starts_with(b"@ERROR") {
        return Spoken::line(line, Gist::Refuses);
    }
    let short = octets.split(|octet| *octet == b'\n').count() <= LINES + 1;
    let says = |phrases: &[&[u8]]| short && phrases.iter().any(|phrase| contains(octets, phrase));
    let gist = match line {
        // RFC 6120 section 4.9.3.3: another session of the same resource.
        _ if says(&[b"<conflict"]) => Gist::TakenOver,
        line if line.starts_with(b"</stream:stream>") || line.eq_ignore_ascii_case(b"quit") => Gist::Goodbye,
        _ if says(&MISUNDERSTANDINGS) => Gist::Misunderstands,
        _ if says(&REFUSALS) || says(&TIMEOUTS) => Gist::Refuses,
        _ => Gist::Goes,
    };
    Spoken::line(without_secret(line), gist)
}

/// The line up to a password.
fn without_secret(line: &[u8]) -> &[u8] {
    let mut at = 0;
    // The verb of IMAP stands behind a tag.
    for word in line.split(|octet| *octet == b' ').take(2) {
        at += word.len();
        if SECRET.iter().any(|verb| word.eq_ignore_ascii_case(verb)) {
            return line.get(..at).unwrap_or_default();
        }
        at += 1;
    }
    line
}
