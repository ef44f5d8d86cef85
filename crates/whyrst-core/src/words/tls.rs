//! TLS records (RFC 8446 section 5.1) and alerts (section 6).

use super::bytes::word;
use super::{Gist, Spoken};

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;
const CLEAR_ALERT: u16 = 2;
/// A record has no more (RFC 8446 section 5.2, RFC 5246 section 6.2.3).
const LARGEST: u16 = 18_432;

pub(super) fn opens(payload: &[u8]) -> bool {
    matches!(payload, [20..=23, 3, 0..=4, ..]) && word(payload, 3).is_some_and(|len| (1..=LARGEST).contains(&len))
}

/// A `ClientHello` or a `ServerHello`.
pub(super) fn begins_handshake(payload: &[u8]) -> bool {
    opens(payload) && matches!(payload, [HANDSHAKE, _, _, _, _, 1 | 2, ..])
}

pub(super) fn read(octets: &[u8]) -> Option<Spoken<'_>> {
    match octets {
        [ALERT, _, _, _, _, level, description, ..] if word(octets, 3) == Some(CLEAR_ALERT) => {
            let gist = match (level, description) {
                // close_notify, user_canceled.
                (_, 0 | 90) => Gist::Goodbye,
                (2, _) => Gist::Fails,
                _ => Gist::Goes,
            };
            let name = crate::evidence::speech::alert_name(*description);
            let what = if *level == 2 { "fatal alert" } else { "alert" };
            Some(Spoken::named(what, gist).with_code(u32::from(*description)).with_text(name.as_bytes()))
        }
        // Encrypted, where a warning of close_notify is nearly always what it is (RFC 5246 section 7.2.1).
        [ALERT, ..] => Some(Spoken::named("encrypted alert", Gist::Goodbye)),
        // The same in TLS 1.3, where every record looks like data: two octets, their type and a tag of 16 (RFC 8446
        // sections 5.2 and 5.3). No program sends two octets and closes.
        [DATA, _, _, 0, 19, rest @ ..] if rest.len() == 19 => {
            Some(Spoken::named("encrypted record of an alert's size", Gist::Goodbye))
        }
        [HANDSHAKE, _, _, _, _, 1, ..] => Some(Spoken::named("ClientHello", Gist::Goes)),
        [HANDSHAKE, _, _, _, _, 2, ..] => Some(Spoken::named("ServerHello", Gist::Goes)),
        _ => None,
    }
}
