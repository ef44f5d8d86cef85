//! Reading octets that may end anywhere.

/// Two octets, the high one first, at `at`.
pub(super) fn word(octets: &[u8], at: usize) -> Option<u16> {
    octets.get(at..)?.first_chunk::<2>().map(|octets| u16::from_be_bytes(*octets))
}

/// Three octets, the high one first, at `at`.
pub(super) fn three(octets: &[u8], at: usize) -> Option<u32> {
    let [high, middle, low] = *octets.get(at..)?.first_chunk::<3>()?;
    Some(u32::from_be_bytes([0, high, middle, low]))
}

/// Four octets, the high one first, at `at`.
pub(super) fn long(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..)?.first_chunk::<4>().map(|octets| u32::from_be_bytes(*octets))
}

/// What stands between `from` and the first `end`, or the end of all.
pub(super) fn until(octets: &[u8], from: usize, end: u8) -> &[u8] {
    let rest = octets.get(from..).unwrap_or_default();
    let len = rest.iter().position(|octet| *octet == end).unwrap_or(rest.len());
    rest.get(..len).unwrap_or_default()
}

/// At most `len` octets from `from` on.
pub(super) fn part(octets: &[u8], from: usize, len: usize) -> &[u8] {
    let rest = octets.get(from..).unwrap_or_default();
    rest.get(..len).unwrap_or(rest)
}

/// The first line, without its end.
pub(super) fn first_line(octets: &[u8]) -> &[u8] {
    until(octets, 0, b'\n').trim_ascii()
}

/// Whether `octets` contains `wanted`, in capitals or not.
pub(super) fn contains(octets: &[u8], wanted: &[u8]) -> bool {
    let Some(first) = wanted.first() else { return true };
    let begins = |window: &[u8]| window.first().is_some_and(|octet| octet.eq_ignore_ascii_case(first));
    octets.windows(wanted.len()).any(|window| begins(window) && window.eq_ignore_ascii_case(wanted))
}

/// Whether `octets` begins with `wanted`, in capitals or not.
pub(super) fn begins(octets: &[u8], wanted: &[u8]) -> bool {
    octets.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted))
}

/// Whether text may stand there: printable, or UTF-8 beyond ASCII, or a tab or a line end.
pub(super) fn is_text(octets: &[u8]) -> bool {
    let fits = |octet: &u8| matches!(octet, b' '..=b'~' | b'\r' | b'\n' | b'\t' | 0x80..=0xff);
    octets.iter().all(fits) && octets.iter().filter(|octet| octet.is_ascii()).count() * 2 > octets.len()
}
