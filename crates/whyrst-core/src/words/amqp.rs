//! AMQP 0-9-1 (its specification, sections 2.3.5 and 4.2): the protocol header, `connection.close`, `close-ok`. Version
//! 1.0 has the same header and other frames ([`amqp1`]).

use super::amqp1;
use super::bytes::{long, part, word};
use super::spoken::{Gist, Meaning, Spoken, means};

const HEADER: &[u8] = b"AMQP";
const METHOD: u8 = 1;
const HEARTBEAT: u8 = 8;
const FRAME_HEAD: usize = 7;
const CONNECTION: u16 = 10;
const START: u16 = 10;
const CLOSE: u16 = 50;
const CLOSE_OK: u16 = 51;

pub(super) fn opens(payload: &[u8]) -> bool {
    match payload {
        [b'A', b'M', b'Q', b'P', 0..=3, ..] | [HEARTBEAT, 0, 0, 0, 0, 0, 0, 0xce] => true,
        [METHOD, 0, 0, ..] => {
            let class = word(payload, FRAME_HEAD) == Some(CONNECTION);
            class && word(payload, FRAME_HEAD + 2).is_some_and(|method| (START..=CLOSE_OK).contains(&method))
        }
        _ => amqp1::opens(payload),
    }
}

/// The empty frame of version 1.0 only where AMQP was spoken before.
pub(super) fn is_signed(payload: &[u8]) -> bool {
    amqp1::is_signed(payload)
}

pub(super) fn read(octets: &[u8]) -> Option<Spoken<'_>> {
    if octets.starts_with(HEADER) {
        return Some(Spoken::named("protocol header", Gist::Goes));
    }
    if octets.first() == Some(&HEARTBEAT) {
        return Some(Spoken::named("heartbeat", Gist::Heartbeat));
    }
    if octets.first() == Some(&0) {
        return amqp1::read(octets);
    }
    match word(octets, FRAME_HEAD + 2)? {
        START => Some(Spoken::named("connection.start", Gist::Goes)),
        CLOSE_OK => Some(Spoken::named("connection.close-ok", Gist::Goodbye)),
        CLOSE => {
            let code = word(octets, FRAME_HEAD + 4)?;
            let len = usize::from(*octets.get(FRAME_HEAD + 6)?);
            let text = part(octets, FRAME_HEAD + 7, len);
            let (gist, meaning) = close(code);
            Some(Spoken::named("connection.close", gist).with_code(code.into()).with_text(text).meaning(meaning))
        }
        _ => long(octets, FRAME_HEAD).map(|_| Spoken::named("method", Gist::Goes)),
    }
}

/// Section 1.2 of the specification's reference.
const fn close(code: u16) -> (Gist, Option<Meaning>) {
    match code {
        200 => (Gist::Goodbye, means("it is through", "正常结束")),
        320 => (Gist::Refuses, means("an operator or a shutdown ends the connection", "管理员或停机结束了连接")),
        402 | 403 => (Gist::Refuses, means("access was refused", "访问被拒绝")),
        506 => (Gist::Refuses, means("a resource of the broker ran out", "代理资源耗尽")),
        530 => {
            (Gist::Refuses, means("not allowed: a virtual host, a limit or a rule", "不被允许：虚拟主机、上限或规则"))
        }
        501..=505 => (Gist::Misunderstands, means("what arrived breaks the protocol", "收到的内容违反协议")),
        _ => (Gist::Fails, None),
    }
}
