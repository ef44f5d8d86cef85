//! TLS records (RFC 8446 section 5.1) and alerts (section 6).

use super::bytes::word;
use super::spoken::{Gist, Spoken};

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;
const CLEAR_ALERT: u16 = 2;
/// An alert as TLS 1.3 sends it: level and description, the type that it hides, and a tag of 16 octets (RFC 8446 sections
/// 5.2 and 5.3).
pub const SEALED_ALERT: u16 = 2 + 1 + 16;
const HEADER: u32 = 5;
/// What a client sends before its encrypted records for the sake of middleboxes (RFC 8446 appendix D.4).
const CHANGE_CIPHER_SPEC: &[u8] = &[20, 3, 3, 0, 1, 1];
/// A record has no more (RFC 8446 section 5.2, RFC 5246 section 6.2.3).
const LARGEST: u16 = 18_432;

pub(super) fn opens(payload: &[u8]) -> bool {
    matches!(payload, [20..=23, 3, 0..=4, ..]) && word(payload, 3).is_some_and(|len| (1..=LARGEST).contains(&len))
}

/// A `ClientHello` or a `ServerHello`.
pub(super) fn begins_handshake(payload: &[u8]) -> bool {
    opens(payload) && matches!(payload, [HANDSHAKE, _, _, _, _, 1 | 2, ..])
}

/// How many octets the record takes that a `ClientHello` begins in.
pub(crate) fn hello_len(first: &[u8]) -> Option<u32> {
    match first {
        [HANDSHAKE, 3, _, high, low, 1, ..] => Some(HEADER + u32::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

/// How long the first encrypted record of `payload` is, which begins with it but for a `change_cipher_spec`.
pub(crate) fn first_sealed(payload: &[u8]) -> Option<u16> {
    match payload.strip_prefix(CHANGE_CIPHER_SPEC).unwrap_or(payload) {
        [DATA, 3, 3, high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
        _ => None,
    }
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
            let name = alert_name(*description);
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

/// Names of the registry "TLS Alerts" (RFC 8446 section 6, RFC 5246 section 7.2).
pub fn alert_name(description: u8) -> &'static str {
    match description {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => "unassigned",
    }
}
