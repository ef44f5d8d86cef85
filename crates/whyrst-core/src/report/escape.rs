//! Octets from packets made safe for a terminal: nothing but printable ASCII passes as it is.

use alloc::string::String;
use core::fmt::Write;

/// `GET /\r\n`, `\x1b[2J`: control characters, quotes of no use to a reader, and everything beyond
/// ASCII are written as escapes.
pub fn escape(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    for octet in octets {
        match octet {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x20..=0x7e => out.push(char::from(*octet)),
            // Writing to a String cannot fail.
            _ => write!(out, "\\x{octet:02x}").unwrap_or_default(),
        }
    }
    out
}

/// A name (file, interface, process) made safe: control characters are escaped, and so is what turns the direction of
/// writing, ends a line or cannot be seen; other text stays.
pub fn escape_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_control() || is_hidden(character) {
            write!(out, "\\u{{{:x}}}", u32::from(character)).unwrap_or_default();
        } else {
            out.push(character);
        }
    }
    out
}

/// What a terminal or a browser obeys and nobody sees: marks of direction, separators of lines, blanks without width.
const fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_a_packet_reaches_the_terminal_as_a_command() {
        assert_eq!(escape(b"\x1b[2J\x07\r\n\\ ok \xff"), "\\x1b[2J\\x07\\r\\n\\\\ ok \\xff");
        assert_eq!(escape_name("a\u{1b}[31m\u{9b}é"), "a\\u{1b}[31m\\u{9b}é");
        assert_eq!(escape_name("a\u{202e}gpj\u{2028}b"), "a\\u{202e}gpj\\u{2028}b");
    }
}
