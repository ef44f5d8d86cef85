//! Names of numbers, by the running kernel's own type information (BTF).
//!
//! `enum sk_rst_reason` grew in the middle, so a number alone says nothing. Only what is needed is
//! read: enums and the size of everything else. Format: Documentation/bpf/btf.rst.

use std::collections::BTreeMap;
use std::fs;

use crate::error::ProbeError;

const PATH: &str = "/sys/kernel/btf/vmlinux";
const MAGIC: u16 = 0xeb9f;

/// The enums of the running kernel that the probe's events use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    reasons: BTreeMap<u32, String>,
    states: BTreeMap<u32, String>,
}

impl Names {
    pub(crate) fn of_running_kernel() -> Result<Self, ProbeError> {
        let bytes = fs::read(PATH).map_err(|error| ProbeError::NoBtf { cause: error.to_string() })?;
        Self::parse(&bytes).ok_or_else(|| ProbeError::NoBtf { cause: "it is damaged".into() })
    }

    /// `NO_SOCKET`; `None` when this kernel has no such reason.
    pub(crate) fn reason(&self, number: u32) -> Option<&str> {
        let name = self.reasons.get(&number)?;
        Some(name.strip_prefix("SK_RST_REASON_").unwrap_or(name))
    }

    /// `ESTABLISHED`.
    pub(crate) fn state(&self, number: u32) -> &str {
        let name = self.states.get(&number).map_or("UNKNOWN", String::as_str);
        name.strip_prefix("TCP_").unwrap_or(name)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let btf = Btf::parse(bytes)?;
        let mut names = Self::default();
        btf.each_enum(|name, members| {
            if name == "sk_rst_reason" {
                names.reasons = members.iter().map(|(name, value)| (*value, (*name).to_owned())).collect();
            } else if members.iter().any(|(member, _)| *member == "TCP_ESTABLISHED") {
                names.states = members.iter().map(|(name, value)| (*value, (*name).to_owned())).collect();
            }
        })?;
        Some(names)
    }
}

struct Btf<'a> {
    types: &'a [u8],
    strings: &'a [u8],
}

impl<'a> Btf<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let magic = u16::from_ne_bytes(*bytes.first_chunk()?);
        let header = usize::try_from(word(bytes, 4)?).ok()?;
        let part = |at: usize| {
            let offset = usize::try_from(word(bytes, at)?).ok()?;
            let len = usize::try_from(word(bytes, at + 4)?).ok()?;
            bytes.get(header + offset..)?.get(..len)
        };
        (magic == MAGIC).then_some(())?;
        Some(Self { types: part(8)?, strings: part(16)? })
    }

    fn string(&self, at: u32) -> Option<&'a str> {
        let text = self.strings.get(usize::try_from(at).ok()?..)?;
        let end = text.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(&text[..end]).ok()
    }

    /// Calls `seen` with every enum of 32 bits; `None` when the types are damaged.
    fn each_enum(&self, mut seen: impl FnMut(&str, &[(&str, u32)])) -> Option<()> {
        const ENUM: u32 = 6;
        let mut rest = self.types;
        while !rest.is_empty() {
            let (name, info) = (word(rest, 0)?, word(rest, 4)?);
            let (kind, members) = ((info >> 24) & 0x1f, usize::try_from(info & 0xffff).ok()?);
            let body = rest.get(12..)?;
            if kind == ENUM {
                let member = |at: usize| Some((self.string(word(body, at * 8)?)?, word(body, at * 8 + 4)?));
                seen(self.string(name)?, &(0..members).map(member).collect::<Option<Vec<_>>>()?);
            }
            rest = body.get(size_after_header(kind, members)?..)?;
        }
        Some(())
    }
}

/// Bytes that follow the twelve common ones.
const fn size_after_header(kind: u32, members: usize) -> Option<usize> {
    Some(match kind {
        2 | 7..=12 | 16 | 18 => 0, // pointer, forward, typedef, qualifiers, function, float, type tag
        1 | 14 | 17 => 4,          // integer, variable, declaration tag
        3 => 12,                   // array
        4 | 5 | 15 | 19 => members * 12, // structure, union, section, enum of 64 bits
        6 | 13 => members * 8,     // enum, function prototype
        _ => return None,
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_ne_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_kernel_names_its_reasons_and_states() {
        let Ok(bytes) = fs::read(PATH) else { return };
        let names = Names::parse(&bytes).expect("a running kernel's BTF can be read");
        assert_eq!(names.state(1), "ESTABLISHED");
        assert_eq!(names.state(99), "UNKNOWN");
        assert!(names.reasons.is_empty() || names.reasons.values().any(|name| name == "SK_RST_REASON_NO_SOCKET"));
    }

    #[test]
    fn damaged_type_information_is_no_panic() {
        let Ok(bytes) = fs::read(PATH) else { return };
        for len in [0, 1, 8, 23, 24, 25, 1_000, bytes.len() / 2] {
            assert!(Names::parse(&bytes[..len]).is_none());
        }
        let mut wrong = bytes[..bytes.len().min(100_000)].to_vec();
        wrong[30] ^= 0xff;
        assert!(Names::parse(&wrong).is_none());
    }
}
