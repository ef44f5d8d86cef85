//! SSH (RFC 4253): the line before the keys, what OpenSSH says instead of it, and `SSH_MSG_DISCONNECT` in clear text.

use super::bytes::{begins, contains, first_line, long, part};
use super::spoken::{Gist, Meaning, Spoken, means};

const BANNER: &[u8] = b"SSH-";
const DISCONNECT: u8 = 1;
const PACKET_HEAD: usize = 5;
/// A packet of this size has no room for more than a reason and a line.
const LARGEST: u32 = 1_024;

/// What OpenSSH's server writes instead of its banner, or after a wrong one (sshd.c `sshd_exchange_identification`,
/// `srclimit.c`): the end of each.
const LINES: [(&[u8], Gist); 5] = [
    (b"Exceeded MaxStartups", Gist::Refuses),
    (b"Not allowed at this time", Gist::Refuses),
    (b"Exceeded per-source", Gist::Refuses),
    (b"Protocol mismatch", Gist::Misunderstands),
    (b"Invalid SSH identification string", Gist::Misunderstands),
];

pub(super) fn opens(payload: &[u8]) -> bool {
    payload.starts_with(BANNER) || LINES.iter().any(|(line, _)| begins(payload, line)) || is_disconnect(payload)
}

/// A line; a disconnect only where SSH was spoken before.
pub(super) fn is_signed(payload: &[u8]) -> bool {
    !is_disconnect(payload)
}

fn is_disconnect(payload: &[u8]) -> bool {
    let fits = long(payload, 0).is_some_and(|len| (12..=LARGEST).contains(&len) && len % 4 == 0);
    let reason = long(payload, PACKET_HEAD + 1).is_some_and(|reason| (1..=15).contains(&reason));
    fits && payload.get(PACKET_HEAD) == Some(&DISCONNECT) && reason
}

pub(super) fn read(octets: &[u8]) -> Option<Spoken<'_>> {
    if is_disconnect(octets) {
        let reason = long(octets, PACKET_HEAD + 1)?;
        let len = usize::try_from(long(octets, PACKET_HEAD + 5)?).ok()?;
        // RFC 4253 section 11.1.
        let gist = match reason {
            11 => Gist::Goodbye,
            1 | 12 | 14 | 15 => Gist::Refuses,
            _ => Gist::Fails,
        };
        return Some(Spoken::named("disconnect", gist).with_code(reason).with_text(part(octets, PACKET_HEAD + 9, len)));
    }
    let line = first_line(octets);
    // One of them may follow the banner in the same segment.
    let found = LINES.iter().find(|(phrase, _)| contains(octets, phrase));
    let gist = found.map_or(Gist::Goes, |(_, gist)| *gist);
    let after_banner = octets.get(line.len()..).unwrap_or_default().trim_ascii();
    let quote = if line.starts_with(BANNER) && gist != Gist::Goes { first_line(after_banner) } else { line };
    Some(Spoken::line(quote, gist).meaning(meaning(gist)))
}

const fn meaning(gist: Gist) -> Option<Meaning> {
    match gist {
        Gist::Refuses => means(
            "sshd's limit on logins in progress or on this address was reached",
            "达到 sshd 对正在登录的连接数或对该地址的限制",
        ),
        Gist::Misunderstands => means("the peer did not speak SSH", "对端说的不是 SSH"),
        _ => None,
    }
}
