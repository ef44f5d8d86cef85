//! The lines of a text, as they were pasted: without quoting, code fences, escapes of terminals and the like.

use std::borrow::Cow;

/// A line longer than this is cut: nothing that any program prints of a packet's headers is as long.
pub(super) const LONGEST: usize = 64 * 1024;

/// The line without what mails, chats and terminals put around it.
pub(super) fn clean(line: &[u8]) -> String {
    let line = &line[..line.len().min(LONGEST)];
    let text = String::from_utf8_lossy(line);
    let text = without_escapes(&text);
    let text = unquoted(text.trim_end_matches(['\r', '\n', ' ', '\0']));
    if text.contains('&') { entities(text) } else { text.to_owned() }
}

/// Whether the line begins with the sign of a quotation.
pub(super) fn is_quoted(line: &[u8]) -> bool {
    line.trim_ascii_start().first() == Some(&b'>')
}

/// Without "> " of mails, "| " of chats, and a byte order mark.
fn unquoted(mut text: &str) -> &str {
    text = text.trim_start_matches('\u{feff}');
    loop {
        let inner = text.trim_start_matches([' ', '\t']);
        match inner.strip_prefix(['>', '|']).or_else(|| inner.strip_prefix("&gt;")) {
            Some(rest) if rest.is_empty() || rest.starts_with([' ', '\t', '>', '|']) || is_quoted_line(rest) => {
                text = rest.strip_prefix(' ').unwrap_or(rest);
            }
            _ => return text.trim_matches('`'),
        }
    }
}

/// Right behind the sign, as some write it.
fn is_quoted_line(rest: &str) -> bool {
    rest.starts_with(|first: char| first.is_ascii_digit() || first == '{' || first == '[' || first == '"')
}

/// Without what colours a terminal (ECMA-48, CSI).
fn without_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        let escape = escape.strip_prefix('[').unwrap_or(escape);
        let end = escape.find(|last: char| last.is_ascii_alphabetic()).map_or(escape.len(), |at| at + 1);
        rest = &escape[end..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// As pages on the web write them.
fn entities(text: &str) -> String {
    text.replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&rarr;", "→")
        .replace("&amp;", "&")
}

/// The bytes of a line of a hex dump as tcpdump, tshark and Wireshark print it, and where they stand in the packet.
pub(super) fn dump_line(line: &str) -> Option<(usize, Vec<u8>)> {
    const MOST: usize = 16;
    let line = line.trim_start();
    let (offset, rest) = line.split_once([' ', '\t'])?;
    let (digits, colon) = offset.strip_suffix(':').map_or((offset, false), |digits| (digits, true));
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    if !(4..=8).contains(&digits.len()) {
        return None;
    }
    let at = usize::from_str_radix(digits, 16).ok().filter(|at| at % MOST == 0)?;
    // Two spaces or more lie between the bytes and what they are as text.
    let rest = rest.trim_start();
    let hex = rest.split("  ").next()?;
    let mut bytes = Vec::new();
    for word in hex.split(' ').filter(|word| !word.is_empty()) {
        if !matches!(word.len(), 2 | 4) || !word.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            break;
        }
        for pair in word.as_bytes().chunks(2) {
            bytes.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
        }
    }
    bytes.truncate(MOST);
    (!bytes.is_empty() && (colon || rest.len() > 2)).then_some((at, bytes))
}

/// A number with digits alone, or `0x` and hex digits.
pub(super) fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if text.starts_with('+') => None,
        None => text.parse().ok(),
    }
}

/// The digits that `text` begins with.
pub(super) fn leading_number(text: &str) -> Option<u64> {
    let end = text.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// Seconds with their fraction as nanoseconds.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let mut nanos = 0;
    for at in 0..9 {
        nanos = nanos * 10 + fraction.as_bytes().get(at).map_or(0, |digit| i64::from(digit - b'0'));
    }
    whole.checked_mul(1_000_000_000)?.checked_add(nanos)?.checked_mul(sign)
}

/// `12:34:56.789` as nanoseconds.
pub(super) fn clock(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let (hours, minutes, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let two = |text: &str| (text.len() == 2).then(|| text.parse::<i64>().ok()).flatten();
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let rest = rest.trim_end_matches('Z');
    let nanos = seconds(rest).filter(|_| !rest.starts_with('-'))?;
    (hours < 24 && minutes < 60 && nanos < 61_000_000_000).then_some((hours * 60 + minutes) * 60_000_000_000 + nanos)
}

/// `2026-01-31` (or with slashes) as nanoseconds since 1970.
pub(super) fn date(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ['-', '/']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let date =
        jiff::civil::Date::new(year.parse().ok().filter(|_| year.len() == 4)?, month.parse().ok()?, day.parse().ok()?);
    let moment = date.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    moment.timestamp().as_second().checked_mul(1_000_000_000)
}
