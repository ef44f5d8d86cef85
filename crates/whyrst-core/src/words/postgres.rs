//! `PostgreSQL` (its documentation, "Message Formats" and "Error and Notice Message Fields").

use super::bytes::{long, until};
use super::spoken::{Gist, Meaning, Spoken, means};

const HEAD: usize = 5;
/// Protocol 3.0, and the requests for TLS, GSSAPI and a cancel.
const STARTS: [u32; 4] = [0x0003_0000, 80_877_103, 80_877_104, 80_877_102];
const LARGEST: u32 = 65_536;
/// A server that cannot fork says so before it knows the client's protocol (postmaster `report_fork_failure_to_client`).
const UNFRAMED: &[u8] = b"Ecould not fork";

pub(super) fn opens(payload: &[u8]) -> bool {
    let fits = |least: u32| long(payload, 1).is_some_and(|len| (least..LARGEST).contains(&len));
    match payload {
        [b'E', ..] if payload.starts_with(UNFRAMED) => true,
        [b'E' | b'N', _, _, _, _, b'S', ..] => fits(8) && payload.get(6).is_some_and(u8::is_ascii_alphabetic),
        [b'X', 0, 0, 0, 4] | [b'R', 0, 0, 0, 8..=64, 0, 0, 0, 0..=12, ..] => true,
        [b'Q', _, _, _, _, first, ..] => {
            fits(5) && first.is_ascii_graphic() && long(payload, 1).is_some_and(|len| len < LARGEST)
        }
        [0, 0, _, _, ..] => long(payload, 4).is_some_and(|start| STARTS.contains(&start)),
        _ => false,
    }
}

/// Anything but a query; that only where the segment ends with it.
pub(super) fn is_signed(payload: &[u8]) -> bool {
    let whole = long(payload, 1).and_then(|len| usize::try_from(len).ok()).is_some_and(|len| len + 1 == payload.len());
    whole || payload.first() != Some(&b'Q')
}

pub(super) fn read(octets: &[u8]) -> Option<Spoken<'_>> {
    match octets {
        [b'E', ..] if octets.starts_with(UNFRAMED) => {
            let text = until(octets, 1, 0).trim_ascii();
            Some(
                Spoken::line(text, Gist::Refuses)
                    .meaning(means("the server cannot start another process", "服务端无法再创建进程")),
            )
        }
        [b'E' | b'N', ..] => error(octets),
        [b'X', ..] => Some(Spoken::named("Terminate", Gist::Goodbye)),
        [b'Q', ..] => Some(Spoken::named("Query", Gist::Goes).with_text(until(octets, HEAD, 0))),
        [b'R', ..] => Some(Spoken::named("Authentication", Gist::Goes)),
        _ => Some(Spoken::named("StartupMessage", Gist::Goes)),
    }
}

/// Fields: a letter, and a text that ends with zero.
fn error(octets: &[u8]) -> Option<Spoken<'_>> {
    let (mut severity, mut state, mut text): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
    for field in octets.get(HEAD..)?.split(|octet| *octet == 0) {
        match field {
            // The word that no language translates (V) comes after the one that may be.
            [b'V', value @ ..] => severity = value,
            [b'S', value @ ..] if severity.is_empty() => severity = value,
            [b'C', value @ ..] => state = value,
            [b'M', value @ ..] => {
                text = value;
                break;
            }
            _ => {}
        }
    }
    let (what, gist) = match (severity, state) {
        (b"FATAL", _) => ("FATAL", Gist::Refuses),
        (b"PANIC", _) => ("PANIC", Gist::Refuses),
        // A process that must end at once because another one crashed has no more than a warning (`quickdie`).
        (b"WARNING", b"57P01" | b"57P02") => ("WARNING", Gist::Refuses),
        (b"WARNING", _) => ("WARNING", Gist::Goes),
        (b"NOTICE" | b"INFO" | b"LOG" | b"DEBUG", _) => ("NOTICE", Gist::Goes),
        _ => ("ERROR", Gist::Fails),
    };
    Some(Spoken { state, ..Spoken::named(what, gist).with_text(text).meaning(meaning(state)) })
}

/// "`PostgreSQL` Error Codes".
fn meaning(state: &[u8]) -> Option<Meaning> {
    match state {
        b"53300" => means(
            "max_connections, or the limit of this role or database, was reached",
            "达到 max_connections，或该角色或数据库的上限",
        ),
        b"57P01" => means("an administrator or a shutdown ended the session", "管理员或停机结束了会话"),
        b"57P02" => means("another server process crashed", "另一个服务端进程崩溃"),
        b"57P03" => means("the server starts up, shuts down or recovers", "服务端正在启动、停机或恢复"),
        b"57P05" => {
            means("the session was idle for longer than idle_session_timeout", "会话空闲超过 idle_session_timeout")
        }
        b"25P03" => means(
            "the transaction was idle for longer than idle_in_transaction_session_timeout",
            "事务空闲超过 idle_in_transaction_session_timeout",
        ),
        [b'2', b'8', ..] => {
            means("the login was not accepted (pg_hba.conf, password)", "登录未被接受（pg_hba.conf、密码）")
        }
        [b'5', b'3', ..] => means("a resource of the server ran out", "服务端资源耗尽"),
        [b'0', b'8', ..] => means("what arrived breaks the protocol", "收到的内容违反协议"),
        _ => None,
    }
}
