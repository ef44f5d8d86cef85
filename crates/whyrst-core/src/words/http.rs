//! HTTP/1 (RFC 9112), and the control frames of a `WebSocket` (RFC 6455 section 5.5).

use super::bytes::{begins, contains, first_line, part, word};
use super::spoken::{Announced, Gist, Head, Length, Meaning, Spoken, means};

const METHODS: [&[u8]; 9] =
    [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT ", b"TRACE "];
const ANSWER: &[u8] = b"HTTP/1.";
/// A head is looked through so far.
const MOST: usize = 16_384;

pub(super) fn opens(payload: &[u8]) -> bool {
    match payload.first() {
        Some(b'H') if payload.starts_with(ANSWER) => true,
        Some(b'A'..=b'Z') => METHODS.iter().any(|method| asks(payload, method)),
        _ => false,
    }
}

/// With a path, a URL or, for OPTIONS, a star (RFC 9112 section 3.2): Redis and RTSP have such verbs too.
fn asks(payload: &[u8], method: &[u8]) -> bool {
    let target = payload.strip_prefix(method);
    target.is_some_and(|target| matches!(target.first(), Some(b'/' | b'h' | b'*') | None) || method == b"CONNECT ")
}

/// 100 Continue and the like are no answer yet (RFC 9110 section 15.2); 101 is the last of this protocol.
pub(super) fn is_interim(payload: &[u8]) -> bool {
    status(payload).is_some_and(|status| status < 200 && status != 101)
}

pub(super) fn status(payload: &[u8]) -> Option<u16> {
    let digits = payload.get(9..12).filter(|_| payload.starts_with(ANSWER))?;
    core::str::from_utf8(digits).ok()?.parse().ok()
}

/// How long the head is, as far as it is read.
pub(super) fn head_len(payload: &[u8]) -> usize {
    let head = part(payload, 0, MOST);
    head.windows(4).position(|end| end == b"\r\n\r\n").map_or(head.len(), |at| at + 4)
}

/// Content-Length or chunks (RFC 9112 section 6). A request that can have a body and whose head is cut off before it
/// says how long that is, has one of any length.
pub(super) fn announced(payload: &[u8]) -> Announced {
    let mut announced = Announced::default();
    let (mut len, mut chunked) = (0, false);
    for line in part(payload, 0, MOST).split_inclusive(|octet| *octet == b'\n') {
        len += line.len();
        let whole = line.ends_with(b"\n");
        let line = line.trim_ascii();
        if whole && line.is_empty() {
            announced.head = Head::Whole;
            break;
        }
        if !whole {
            break;
        }
        if let Some(value) = header(line, b"content-length") {
            announced.length = number(value).map_or(Length::Unknown, Length::Octets);
        } else if let Some(value) = header(line, b"transfer-encoding") {
            chunked |= contains(value, b"chunked");
        } else if let Some(value) = header(line, b"connection") {
            announced.closes |= contains(value, b"close");
        } else if let Some(value) = header(line, b"expect") {
            announced.awaits_continue |= begins(value, b"100-continue");
        }
    }
    announced.misdirected =
        status(payload) == Some(400) && MISDIRECTED.iter().any(|phrase| contains(part(payload, 0, MOST), phrase));
    // RFC 9110 section 6.4.1.
    if status(payload).is_some_and(|status| status < 200 || matches!(status, 204 | 304)) {
        announced.length = Length::Unknown;
        chunked = false;
    }
    let open = announced.head == Head::Cut && announced.length == Length::Unknown && can_have_body(payload);
    if chunked || open {
        announced.length = Length::OpenEnded;
    }
    if announced.head == Head::Cut && announced.length == Length::Unknown && payload.len() < MOST {
        announced.length = Length::HeadGoesOn;
    }
    announced.len = u32::try_from(len).unwrap_or_default();
    announced
}

/// RFC 9110 section 9.3.
fn can_have_body(payload: &[u8]) -> bool {
    [&b"POST "[..], b"PUT ", b"PATCH "].iter().any(|method| payload.starts_with(method))
}

fn header<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let rest = line.get(name.len()..).filter(|_| begins(line, name))?;
    rest.strip_prefix(b":").map(<[u8]>::trim_ascii)
}

fn number(value: &[u8]) -> Option<u64> {
    core::str::from_utf8(value).ok()?.parse().ok()
}

pub(super) fn read(octets: &[u8]) -> Spoken<'_> {
    let line = first_line(octets);
    let Some(status) = status(octets) else { return Spoken::line(line, Gist::Goes) };
    Spoken::line(line, gist(status)).meaning(meaning(status))
}

/// What servers of HTTPS answer to plain HTTP.
pub(super) fn read_misdirected(octets: &[u8]) -> Spoken<'_> {
    let meaning =
        means("this port speaks HTTPS, and the request was plain HTTP", "该端口使用 HTTPS，而请求是明文 HTTP");
    Spoken::line(first_line(octets), Gist::Misunderstands).meaning(meaning)
}

/// nginx, Go, Apache and Tomcat, in this order.
const MISDIRECTED: [&[u8]; 4] = [
    b"HTTP request was sent to HTTPS",
    b"HTTP request to an HTTPS",
    b"speaking plain HTTP to an SSL-enabled",
    b"combination of host and port requires TLS",
];

/// Whether it is an answer that turns the request down (RFC 9110 section 15.4 and what follows it).
pub(super) const fn gist(status: u16) -> Gist {
    match status {
        505 => Gist::Misunderstands,
        // Limits of size, of time and of number among them.
        401 | 403 | 407 | 408 | 413 | 414 | 421 | 423 | 429 | 431 | 451 | 503 | 509 | 511 => Gist::Refuses,
        // SIP goes on where HTTP ends (RFC 3261 section 21.6).
        400..=699 => Gist::Fails,
        _ => Gist::Goes,
    }
}

/// RFC 9110 section 15.5 and 15.6, RFC 6585.
const fn meaning(status: u16) -> Option<Meaning> {
    match status {
        400 => means("the server cannot parse the request", "服务端无法解析请求"),
        401 => means("the request lacks valid credentials", "请求没有有效的身份凭证"),
        403 => means("the request is forbidden", "请求被禁止"),
        407 => means("the proxy wants credentials", "代理要求身份凭证"),
        408 => means("the request did not arrive in time", "请求没有及时到达"),
        411 => means("the request must announce its length", "请求必须声明长度"),
        413 => means("the request body is larger than the server accepts", "请求体超过服务端允许的大小"),
        414 | 431 => means("the request's head is larger than the server accepts", "请求头超过服务端允许的大小"),
        417 => means("the server does not accept `Expect`", "服务端不接受 `Expect`"),
        429 => means("too many requests: a rate limit", "请求过多：触发限流"),
        500 => means("the server's program failed", "服务端程序出错"),
        502 => means("the proxy got no valid answer from its upstream", "代理没有从上游得到有效应答"),
        503 => means("the server is overloaded or in maintenance", "服务端过载或在维护"),
        504 => means("the proxy's upstream did not answer in time", "代理的上游没有及时应答"),
        505 => means("the server does not speak this version of HTTP", "服务端不支持这个 HTTP 版本"),
        _ => None,
    }
}

/// A Close or a Ping frame and nothing else, masked or not.
pub(super) fn controls_web_socket(payload: &[u8]) -> bool {
    match payload {
        [0x88 | 0x89, len @ 0..=125, rest @ ..] => rest.len() == usize::from(*len) && *len != 1,
        [0x88 | 0x89, len @ 128..=253, rest @ ..] => rest.len() == usize::from(*len - 128) + 4,
        _ => false,
    }
}

pub(super) fn read_web_socket(octets: &[u8]) -> Option<Spoken<'_>> {
    let [kind, len, ..] = octets else { return None };
    if *kind == 0x89 {
        return Some(Spoken::named("Ping", Gist::Heartbeat));
    }
    let close = Spoken::named("Close", Gist::Goodbye);
    // What is masked hides the code (RFC 6455 section 5.3).
    let Some(code) = word(octets, 2).filter(|_| *len < 128 && *len >= 2) else { return Some(close) };
    // Section 7.4.1: 1000 is normal, 1001 says that an end goes away.
    let text = octets.get(4..).unwrap_or_default();
    let gist = match code {
        // Libraries end with 1011 or 1002 what did not answer their Ping (Section 5.5.2), and say so.
        _ if contains(text, b"ping timeout") => Gist::Refuses,
        1000 => Gist::Goodbye,
        1001 | 1012 => Gist::GoesAway,
        1008 | 1013 => Gist::Refuses,
        _ => Gist::Fails,
    };
    Some(Spoken { gist, ..close.with_code(code.into()).with_text(text) })
}
