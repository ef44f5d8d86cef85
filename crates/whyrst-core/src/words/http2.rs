//! HTTP/2 in clear text (RFC 9113 section 4.1): GOAWAY and `RST_STREAM`, with code and debug text, and the trailers in
//! which gRPC says how a call ended ([`grpc`](super::grpc)).

use super::bytes::{long, part, three};
use super::grpc::{Status, status};
use super::spoken::{Gist, Meaning, Spoken, means};

const PREFACE: &[u8] = b"PRI * HTTP/2.0";
const HEAD: usize = 9;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
/// The last frame of a stream, and all of its header block (section 6.2); octets that stand around or before it.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;
/// Frames of one segment that are looked at.
const FRAMES: usize = 32;

/// The client's preface, or frames from the first octet on, of which the first stands alone there: SETTINGS (section
/// 3.4), or one of the two that are read.
pub(super) fn opens(payload: &[u8]) -> bool {
    payload.starts_with(PREFACE) || frames(payload).any(|frame| frame.is_word() || frame.status(payload).is_some())
}

/// The preface, SETTINGS at the beginning, or a GOAWAY with a known code that ends the segment.
pub(super) fn is_signed(payload: &[u8]) -> bool {
    const CODES: u32 = 14;
    let says = |frame: Frame| match frame.kind {
        SETTINGS => frame.is_word(),
        GOAWAY => {
            let known = long(payload, frame.at + HEAD + 4).is_some_and(|code| code < CODES);
            known && frame.is_word() && frame.at + HEAD + frame.len == payload.len()
        }
        _ => false,
    };
    payload.starts_with(PREFACE) || frames(payload).any(says)
}

/// Where the frame begins that is quoted: the last GOAWAY, `RST_STREAM` or status, else the first.
pub(super) fn last_word(payload: &[u8]) -> usize {
    let says = |frame: &Frame| matches!(frame.kind, RST_STREAM | GOAWAY) || frame.status(payload).is_some();
    let words = frames(payload).filter(says);
    words.last().map_or(0, |frame| frame.at)
}

struct Frame {
    at: usize,
    kind: u8,
    flags: u8,
    len: usize,
    stream: u32,
}

impl Frame {
    /// Of the size and on the stream that RFC 9113 sections 6.4, 6.5 and 6.8 demand.
    const fn is_word(&self) -> bool {
        match self.kind {
            RST_STREAM => self.len == 4 && self.stream > 0,
            SETTINGS => self.at == 0 && self.len.is_multiple_of(6) && self.stream == 0,
            GOAWAY => self.len >= 8 && self.stream == 0,
            _ => false,
        }
    }

    /// Of the trailers that end a stream.
    fn status<'a>(&self, payload: &'a [u8]) -> Option<Status<'a>> {
        let ends = END_STREAM | END_HEADERS;
        if self.kind != HEADERS || self.flags & ends != ends || self.stream == 0 || self.flags & PADDED != 0 {
            return None;
        }
        let before = if self.flags & PRIORITY == 0 { 0 } else { 5 };
        status(part(payload, self.at + HEAD + before, self.len.saturating_sub(before)))
    }
}

fn frames(payload: &[u8]) -> impl Iterator<Item = Frame> {
    let mut at = 0;
    let next = move || {
        let len = usize::try_from(three(payload, at)?).ok()?;
        let kind = *payload.get(at + 3).filter(|kind| **kind <= 9)?;
        let flags = *payload.get(at + 4)?;
        let stream = long(payload, at + 5).filter(|stream| stream >> 31 == 0)?;
        let frame = Frame { at, kind, flags, len, stream };
        at += HEAD + len;
        Some(frame)
    };
    core::iter::from_fn(next).take(FRAMES)
}

pub(super) fn read(octets: &[u8]) -> Option<Spoken<'_>> {
    if octets.starts_with(PREFACE) {
        return Some(Spoken::line(PREFACE, Gist::Goes));
    }
    let frame = frames(octets).next()?;
    if let Some(status) = frame.status(octets) {
        return Some(status.spoken());
    }
    let frame = Some(frame).filter(Frame::is_word)?;
    match frame.kind {
        GOAWAY => {
            let code = long(octets, HEAD + 4)?;
            // Section 6.8: NO_ERROR is the graceful end.
            let gist = if code == 11 { Gist::Refuses } else { Gist::GoesAway };
            let spoken = Spoken::named(goaway(code), gist).with_code(code);
            Some(spoken.with_text(part(octets, HEAD + 8, frame.len - 8)).meaning(meaning(code)))
        }
        RST_STREAM => {
            let code = long(octets, HEAD)?;
            Some(Spoken::named("RST_STREAM", Gist::Goes).with_code(code).meaning(meaning(code)))
        }
        _ => Some(Spoken::named("SETTINGS", Gist::Goes)),
    }
}

/// Section 7.
const fn goaway(code: u32) -> &'static str {
    match code {
        0 => "GOAWAY NO_ERROR",
        1 => "GOAWAY PROTOCOL_ERROR",
        2 => "GOAWAY INTERNAL_ERROR",
        3 => "GOAWAY FLOW_CONTROL_ERROR",
        4 => "GOAWAY SETTINGS_TIMEOUT",
        6 => "GOAWAY FRAME_SIZE_ERROR",
        9 => "GOAWAY COMPRESSION_ERROR",
        11 => "GOAWAY ENHANCE_YOUR_CALM",
        12 => "GOAWAY INADEQUATE_SECURITY",
        13 => "GOAWAY HTTP_1_1_REQUIRED",
        _ => "GOAWAY",
    }
}

const fn meaning(code: u32) -> Option<Meaning> {
    match code {
        0 => means(
            "a graceful end: shutdown, reload, or the connection's largest age or number of requests",
            "正常结束：停机、重载，或连接达到最大时长或请求数",
        ),
        1 => means("the peer broke the protocol", "对端违反协议"),
        2 => means("the sender's program failed", "发送方程序出错"),
        7 => {
            means("the stream was refused before it was processed: it can be sent again", "流在处理前被拒绝：可以重发")
        }
        8 => means("the stream is no longer needed", "不再需要该流"),
        11 => means("too much load from the peer: a limit, such as on pings", "对端负载过大：触发限制，例如 ping 过多"),
        _ => None,
    }
}
