//! What stands before a program's own words: a time, the host, the program and its process, as syslog (RFC 3164, RFC
//! 5424) and journalctl write it.

use jiff::tz::TimeZone;

use super::stamp::{self, Stamp};

/// A line without what stands before it.
pub(super) struct Prefixed<'a> {
    pub(super) stamp: Option<Stamp>,
    pub(super) process: Option<String>,
    pub(super) pid: Option<u32>,
    pub(super) rest: &'a str,
}

/// Takes apart what stands before the words of a line. The time of a program itself is part of its words.
pub(super) fn prefix<'a>(line: &'a str, zone: &TimeZone) -> Prefixed<'a> {
    let line = line.trim_start();
    let none = Prefixed { stamp: None, process: None, pid: None, rest: line };
    // A priority, and with RFC 5424 a version.
    let text = match line.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((priority, rest)) if priority.bytes().all(|octet| octet.is_ascii_digit()) => {
            rest.strip_prefix("1 ").unwrap_or(rest)
        }
        _ => line,
    };
    let Some((stamp, after)) = stamp::at_beginning(text, zone) else {
        return with_program(none);
    };
    let Some(after) = after.strip_prefix(' ') else { return Prefixed { stamp: Some(stamp), ..none } };
    // The host is one word, and what follows it names the program.
    let named = after.split_once(' ').and_then(|(_, rest)| program(rest));
    match named {
        Some((process, pid, rest)) => Prefixed { stamp: Some(stamp), process: Some(process), pid, rest },
        None => Prefixed { stamp: Some(stamp), rest: after, ..none },
    }
}

/// What the container runtimes of Kubernetes write before each line (CRI): a time, the stream, and whether the line is
/// whole: `2026-11-30T03:12:07.1Z stderr F `.
pub(super) fn container<'a>(line: &'a str, zone: &TimeZone) -> Option<(Stamp, &'a str)> {
    let (stamp, rest) = stamp::at_beginning(line.trim_start(), zone)?;
    let (stream, rest) = rest.strip_prefix(' ')?.split_once(' ')?;
    let (tag, rest) = rest.split_once(' ')?;
    let is_one = matches!(stream, "stdout" | "stderr") && (tag.starts_with('F') || tag.starts_with('P'));
    (is_one && tag.len() <= 16).then_some((stamp, rest))
}

/// Without a time, as a program is asked to log without it.
fn with_program(none: Prefixed<'_>) -> Prefixed<'_> {
    match program(none.rest) {
        Some((process, Some(pid), rest)) => Prefixed { process: Some(process), pid: Some(pid), rest, ..none },
        _ => none,
    }
}

/// `sshd[812]: `, `kernel: `, and of RFC 5424 `sshd 812 ID - `, with its structured data.
fn program(text: &str) -> Option<(String, Option<u32>, &str)> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 64
            && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_./@()".contains(&octet))
    };
    let (word, rest) = text.split_once(' ')?;
    if let Some(word) = word.strip_suffix(':') {
        let (name, pid) = match word.strip_suffix(']').and_then(|word| word.split_once('[')) {
            Some((name, pid)) => (name, Some(pid.parse().ok()?)),
            None => (word, None),
        };
        return is_name(name).then(|| (name.to_owned(), pid, rest));
    }
    let (pid, rest) = rest.split_once(' ')?;
    let pid = if pid == "-" { None } else { Some(pid.parse().ok()?) };
    let (_id, rest) = rest.split_once(' ')?;
    let rest = behind_data(rest)?;
    is_name(word).then(|| (word.to_owned(), pid, rest))
}

/// What follows the structured data of RFC 5424, section 6.3: `-`, or `[id name="value"]` any number of times, where a
/// backslash escapes a quote and a bracket.
fn behind_data(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix("- ") {
        return Some(rest);
    }
    let (mut escaped, mut quoted, mut depth) = (false, false, 0_u8);
    for (at, one) in text.char_indices() {
        match one {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            _ if quoted => {}
            '[' if depth == 0 => depth = 1,
            ']' if depth == 1 => depth = 0,
            ' ' if depth == 0 && at > 0 => return Some(&text[at + 1..]),
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> (bool, Option<String>, Option<u32>, String) {
        let Prefixed { stamp, process, pid, rest } = prefix(line, &TimeZone::UTC);
        (stamp.is_some(), process, pid, rest.to_owned())
    }

    #[test]
    fn what_stands_before_the_words_is_taken_off() {
        let sshd = |stamp| (stamp, Some("sshd".to_owned()), Some(812), "words: here".to_owned());
        assert_eq!(parts("Nov 30 03:12:07 host sshd[812]: words: here"), sshd(true));
        assert_eq!(parts("2026-11-30T03:12:07.1+00:00 host sshd[812]: words: here"), sshd(true));
        assert_eq!(parts("<38>1 2026-11-30T03:12:07Z host sshd 812 - - words: here"), sshd(true));
        let data = "<38>1 2026-11-30T03:12:07Z host sshd 812 ID1 [a@1 b=\"x\\\"] y\"][c d=\"\"] words: here";
        assert_eq!(parts(data), sshd(true));
        assert_eq!(parts("sshd[812]: words: here"), sshd(false));
        assert_eq!(parts("just words"), (false, None, None, "just words".to_owned()));
    }
}
