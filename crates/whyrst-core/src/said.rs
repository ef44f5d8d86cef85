//! What a RST says of itself: some stacks and load balancers write their reason into it.
//!
//! - The RST diagnostic payload (draft-ietf-tcpm-rst-diagnostic-payload): eight octets, the magic
//!   number 0x33AA, a reason code, and whose code it is (an IANA private enterprise number, 0 for
//!   the draft's own registry, which version -03 renumbered: most codes have two readings). The draft also knows a variant that is in use: a payload of 1000
//!   octets whose first is the number of Linux's `enum sk_rst_reason` and whose rest is zero.
//! - F5 BIG-IP writes text into the payload (`tm.rstcause.pkt`), or a trailer behind the IP packet
//!   (tcpdump's `:nnn` noise level).
//! - Others send plain text.
//! - Multipath TCP has an option for it, `MP_TCPRST` (RFC 8684 section 3.6).
//!
//! All of it is the sender's claim: a forger can write it as well. It supports a verdict and never
//! makes one.
//!
//! The facts behind it: docs/internals/claims.md.

use crate::rst::Rst;

/// Octets of the magic number, code and enterprise number.
const DIAGNOSTIC: u32 = 8;
/// Size of the variant that carries Linux's number.
const LINUX_PAYLOAD: u32 = 1_000;
/// New trailers begin with it.
const F5_MAGIC: [u8; 4] = [0xf5, 0xde, 0xb0, 0xf5];
/// The provider and type of the part that holds the cause.
const F5_MEDIUM: (u16, u16) = (1, 2);
/// Octets of that part before the cause, in its version 4 without the part's own header.
const F5_MEDIUM_FIXED: usize = 32;
/// Version and side, cause and line, before the text.
const F5_CAUSE_HEAD: usize = 9;
/// Shorter runs of letters are chance.
const TEXT_FROM: usize = 4;

/// What a RST says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claim<'a> {
    /// A code of the draft's registry, or of an enterprise.
    Diagnostic {
        /// The reason code.
        code: u16,
        /// Whose code; 0 is the draft's registry.
        enterprise: u32,
    },
    /// The number of Linux's `enum sk_rst_reason` in the kernel that sent it.
    Linux(u8),
    /// F5's text, in the payload or in the trailer.
    BigIp(&'a [u8]),
    /// Plain text.
    Text(&'a [u8]),
    /// `MP_TCPRST` with this reason (RFC 8684 section 3.6).
    Multipath(u8),
}

/// What the claim amounts to, over all of the ways to make it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gist {
    /// Data came after the close.
    DataAfterClose,
    /// The connection was not known.
    NotKnown,
    /// Nothing had come for too long, or nothing was answered.
    TimedOut,
    /// A rule forbids it.
    Forbidden,
    /// Memory, ports or queues ran out.
    Exhausted,
    /// The reset came from the other side of a proxy and is passed on.
    PassedOn,
    /// The program ended it.
    Aborted,
    /// A balancer has no server behind it to pass the connection to.
    NoBackend,
}

/// What `rst` says, if anything.
pub fn claim(rst: &Rst) -> Option<Claim<'_>> {
    let payload = rst.payload.as_slice();
    diagnostic(payload, rst.record.len)
        .or_else(|| big_ip(payload))
        .or_else(|| text(payload).map(Claim::Text))
        .or_else(|| trailer(&rst.trailer))
        .or_else(|| rst.mptcp_reason.map(Claim::Multipath))
}

fn diagnostic(payload: &[u8], len: u32) -> Option<Claim<'static>> {
    match payload {
        [0x33, 0xaa, high, low, enterprise @ ..] if len == DIAGNOSTIC => {
            let code = u16::from_be_bytes([*high, *low]);
            let enterprise = u32::from_be_bytes(*enterprise.first_chunk()?);
            // 0 is reserved: malformed.
            (code != 0 || enterprise != 0).then_some(Claim::Diagnostic { code, enterprise })
        }
        [number, rest @ ..] if len == LINUX_PAYLOAD && *number > 0 && rest.iter().all(|octet| *octet == 0) => {
            Some(Claim::Linux(*number))
        }
        _ => None,
    }
}

/// `BIG-IP: [0x2409a71:704] {peer} TCP RST from remote system`.
fn big_ip(payload: &[u8]) -> Option<Claim<'_>> {
    let rest = payload.strip_prefix(b"BIG-IP: ")?;
    text(rest).map(Claim::BigIp)
}

/// Printable ASCII from the first octet to the last; a line end or zero may follow it.
fn text(payload: &[u8]) -> Option<&[u8]> {
    let end = payload.iter().rposition(|octet| !matches!(octet, 0 | b'\r' | b'\n'))? + 1;
    let line = &payload[..end];
    let readable = line.iter().all(|octet| matches!(octet, b' '..=b'~' | b'\r' | b'\n' | b'\t'));
    (readable && line.len() >= TEXT_FROM).then_some(line)
}

/// The cause in a trailer of F5's, of the format with the magic number, which may follow padding.
fn trailer(trailer: &[u8]) -> Option<Claim<'_>> {
    let at = trailer.windows(F5_MAGIC.len()).position(|window| window == F5_MAGIC)?;
    // Magic, length, version; then parts, each with its provider, type, length and version.
    let mut parts = trailer.get(at + 8..)?;
    while let Some(head) = parts.first_chunk::<8>() {
        let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        let length = usize::from(word(4)).max(head.len());
        let part = parts.get(head.len()..length.min(parts.len()))?;
        if (word(0), word(2)) == F5_MEDIUM {
            return cause(part);
        }
        parts = parts.get(length..)?;
    }
    None
}

fn cause(part: &[u8]) -> Option<Claim<'_>> {
    let (fixed, rest) = part.split_at_checked(F5_MEDIUM_FIXED)?;
    let length = usize::from(*fixed.last()?);
    let cause = rest.get(..length)?;
    text(cause.get(F5_CAUSE_HEAD..)?).map(Claim::BigIp)
}

impl Claim<'_> {
    /// What it amounts to, where that is clear.
    pub fn gist(&self) -> Option<Gist> {
        match self {
            Self::Diagnostic { code, enterprise: 0 } => of_code(*code),
            Self::Diagnostic { .. } | Self::Linux(_) => None,
            Self::BigIp(text) | Self::Text(text) => of_text(text),
            Self::Multipath(reason) => of_multipath(*reason),
        }
    }
}

/// What a code of the draft's registry stands for.
type Meaning = (&'static str, Option<Gist>);

/// The registry up to version -02 (May 2026); the first entry is code 1.
const UP_TO_02: [Meaning; 17] = [
    ("illegal option length", None),
    ("desynchronized state", Some(Gist::NotKnown)),
    ("new data after CLOSE", Some(Gist::DataAfterClose)),
    ("ABORT", Some(Gist::Aborted)),
    ("unexpected ACK in a non-synchronized state", None),
    ("unexpected SYN in the window", None),
    ("unexpected security compartment", None),
    ("malformed message", None),
    ("not authorized", Some(Gist::Forbidden)),
    ("resource exceeded", Some(Gist::Exhausted)),
    ("network failure", None),
    ("reset received from the peer", Some(Gist::PassedOn)),
    ("destination unreachable", None),
    ("connection timeout", Some(Gist::TimedOut)),
    ("too much outstanding data", Some(Gist::Exhausted)),
    ("unacceptable performance", None),
    ("middlebox interference", None),
];

/// The registry of the text of version -03 (July 2026), section 9.1.
const FROM_03: [Meaning; 19] = [
    ("illegal option length", None),
    ("data that the application can no longer read", Some(Gist::DataAfterClose)),
    ("ABORT", Some(Gist::Aborted)),
    ("segment in CLOSED", Some(Gist::NotKnown)),
    ("ACK in LISTEN", None),
    ("bad ACK in SYN-SENT", None),
    ("bad ACK in SYN-RECEIVED", None),
    ("unexpected SYN in the window", None),
    ("unexpected security compartment", None),
    ("malformed message", None),
    ("not authorized", Some(Gist::Forbidden)),
    ("resource exceeded", Some(Gist::Exhausted)),
    ("network failure", None),
    ("reset received from the peer", Some(Gist::PassedOn)),
    ("destination unreachable", None),
    ("connection timeout", Some(Gist::TimedOut)),
    ("too much outstanding data", Some(Gist::Exhausted)),
    ("unacceptable performance", None),
    ("middlebox interference", None),
];

fn meaning(registry: &[Meaning], code: u16) -> Option<Meaning> {
    registry.get(usize::from(code).checked_sub(1)?).copied()
}

/// What a code amounts to: nothing where it depends on the version of the draft.
fn of_code(code: u16) -> Option<Gist> {
    match (meaning(&UP_TO_02, code), meaning(&FROM_03, code)) {
        (Some((_, old)), Some((_, new))) => old.filter(|gist| Some(*gist) == new),
        (only, None) | (None, only) => only.and_then(|(_, gist)| gist),
    }
}

/// What the draft calls a code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeName {
    /// No version knows it.
    Unassigned,
    /// All versions that know it call it so.
    One(&'static str),
    /// The registry was renumbered, and a code does not say which one it is of.
    Either {
        /// In versions up to -02.
        up_to_02: &'static str,
        /// In version -03.
        from_03: &'static str,
    },
}

/// What the draft calls its code.
pub fn diagnostic_name(code: u16) -> CodeName {
    match (meaning(&UP_TO_02, code), meaning(&FROM_03, code)) {
        (Some((up_to_02, _)), Some((from_03, _))) if up_to_02 != from_03 => CodeName::Either { up_to_02, from_03 },
        (Some((name, _)), _) | (None, Some((name, _))) => CodeName::One(name),
        (None, None) => CodeName::Unassigned,
    }
}

/// What RFC 8684 section 3.6 calls its code.
pub const fn multipath_name(reason: u8) -> &'static str {
    match reason {
        0 => "unspecified error",
        1 => "MPTCP-specific error",
        2 => "lack of resources",
        3 => "administratively prohibited",
        4 => "too much outstanding data",
        5 => "unacceptable performance",
        6 => "middlebox interference",
        _ => "unassigned",
    }
}

const fn of_multipath(reason: u8) -> Option<Gist> {
    match reason {
        2 | 4 => Some(Gist::Exhausted),
        3 => Some(Gist::Forbidden),
        _ => None,
    }
}

/// Words that load balancers and firewalls use, in lower case.
const WORDS: [(&[u8], Gist); 14] = [
    // F5 K13223: "No available pool member", "Pool member unavailable", "No local listener", "Node down".
    (b"no available", Gist::NoBackend),
    (b"pool member", Gist::NoBackend),
    (b"node down", Gist::NoBackend),
    (b"no local listener", Gist::NotKnown),
    (b"idle timeout", Gist::TimedOut),
    (b"flow expired", Gist::TimedOut),
    (b"timed out", Gist::TimedOut),
    (b"no flow found", Gist::NotKnown),
    (b"rst from", Gist::PassedOn),
    (b"access denied", Gist::Forbidden),
    (b"policy", Gist::Forbidden),
    (b"forbidden", Gist::Forbidden),
    (b"out of memory", Gist::Exhausted),
    (b"limit", Gist::Exhausted),
];

fn of_text(text: &[u8]) -> Option<Gist> {
    let says = |word: &[u8]| text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
    WORDS.iter().find(|(word, _)| says(word)).map(|(_, gist)| *gist)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn said(payload: &[u8]) -> Option<Claim<'_>> {
        diagnostic(payload, u32::try_from(payload.len()).unwrap())
            .or_else(|| big_ip(payload))
            .or_else(|| text(payload).map(Claim::Text))
    }

    #[test]
    fn the_diagnostic_payload_has_eight_octets_and_a_code() {
        let claim = said(&[0x33, 0xaa, 0, 3, 0, 0, 0, 0]).unwrap();
        assert_eq!(claim, Claim::Diagnostic { code: 3, enterprise: 0 });
        assert_eq!(said(&[0x33, 0xaa, 0, 3, 0, 0, 0, 9]).unwrap().gist(), None);
        assert_eq!(said(&[0x33, 0xaa, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(said(&[0x33, 0xaa, 0, 3, 0, 0, 0]), None);
        assert_eq!(said(&[0x33, 0xaa, 0, 3, 0, 0, 0, 0, 0]), None);
    }

    /// Nothing of what amounts to anything has kept its number.
    #[test]
    fn a_code_that_was_renumbered_has_two_names_and_no_gist() {
        assert_eq!(diagnostic_name(3), CodeName::Either { up_to_02: "new data after CLOSE", from_03: "ABORT" },);
        assert_eq!(diagnostic_name(1), CodeName::One("illegal option length"));
        assert_eq!(diagnostic_name(19), CodeName::One("middlebox interference"));
        assert_eq!(diagnostic_name(20), CodeName::Unassigned);
        for code in 0..=u16::from(u8::MAX) {
            assert_eq!(Claim::Diagnostic { code, enterprise: 0 }.gist(), None, "{code}");
        }
    }

    #[test]
    fn a_thousand_octets_with_one_number_are_linux_s_reason() {
        let mut payload = vec![0; 128];
        payload[0] = 9;
        assert_eq!(diagnostic(&payload, 1000), Some(Claim::Linux(9)));
        payload[70] = 1;
        assert_eq!(diagnostic(&payload, 1000), None);
    }

    #[test]
    fn text_is_taken_for_text_and_padding_for_nothing() {
        assert_eq!(said(b"Go away\r\n"), Some(Claim::Text(b"Go away")));
        assert_eq!(
            said(b"BIG-IP: [0x2409a71:704] {peer} TCP RST from remote system").unwrap().gist(),
            Some(Gist::PassedOn)
        );
        assert_eq!(said(b"Access Denied").unwrap().gist(), Some(Gist::Forbidden));
        assert_eq!(said(&[0, 0, 0, 0, 0, 0]), None);
        assert_eq!(said(b"abc"), None);
        assert_eq!(said(b"caf\xc3\xa9 au lait"), None);
    }

    #[test]
    fn the_reason_of_a_multipath_reset_is_read_though_nothing_else_was_captured() {
        let outcome = crate::testing::conversation("0.000 C < S R 1:1(0) mp rst reason 2").outcome();
        let claim = claim(outcome.rst().unwrap()).unwrap();
        assert_eq!((claim, claim.gist()), (Claim::Multipath(2), Some(Gist::Exhausted)));
    }

    fn f5_trailer(padding: usize, words: &[u8]) -> Vec<u8> {
        let mut cause = vec![2, 0, 0, 0, 0, 0, 0, 0, 1];
        cause.extend(words);
        let mut medium = vec![0; F5_MEDIUM_FIXED - 1];
        medium.push(u8::try_from(cause.len()).unwrap());
        medium.extend(cause);
        let mut trailer = vec![0; padding];
        trailer.extend(F5_MAGIC);
        trailer.extend([0, 60, 0, 1]);
        // A low part before it, eight octets of header and four of its own.
        trailer.extend([0, 1, 0, 1, 0, 12, 0, 4, 9, 9, 9, 9]);
        let length = u16::try_from(medium.len() + 8).unwrap().to_be_bytes();
        trailer.extend([0, 1, 0, 2, length[0], length[1], 0, 4]);
        trailer.extend(medium);
        trailer
    }

    #[test]
    fn the_cause_in_an_f5_trailer_is_read_behind_padding() {
        let bytes = f5_trailer(6, b"No flow found for ACK");
        let claim = trailer(&bytes).unwrap();
        assert_eq!(claim, Claim::BigIp(b"No flow found for ACK"));
        assert_eq!(claim.gist(), Some(Gist::NotKnown));
    }

    #[test]
    fn a_trailer_cut_anywhere_says_nothing_wrong() {
        let bytes = f5_trailer(0, b"Policy action");
        for end in 0..bytes.len() {
            assert_eq!(trailer(&bytes[..end]), None, "cut at {end}");
        }
    }
}
