//! Messages with what varies left out: `*` is any text, `?` one character that is no blank, `#` a number.
//!
//! A pattern is looked for anywhere in a line, but for one that has to be the [whole](alone) line. Where it begins or ends with a letter or a digit, no other may stand beside
//! it, so that `(5)` is not found in `(56)` and `EOF` not in `GEOFENCE`. Only the earliest place of each part between two
//! `*` is looked for: the time is that of a search for each part, whatever a hostile line holds.

use core::ops::Range;

/// A message with what varies left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pattern {
    /// The message.
    pub text: &'static str,
    case: Case,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Anywhere,
    /// It says too little within other words: a number, say.
    Whole,
}

/// Whether a pattern goes on after one of its parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Rest {
    Follows,
    Nothing,
}

impl Rest {
    fn after<'a>(parts: &mut core::iter::Peekable<impl Iterator<Item = &'a str>>) -> Self {
        if parts.peek().is_some() { Self::Follows } else { Self::Nothing }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Case {
    /// People type it as they like.
    Any,
    /// The case of a letter has a meaning: `sQ` and `SQ` are two things.
    Exact,
}

/// A message in any case.
pub const fn says(text: &'static str) -> Pattern {
    Pattern { text, case: Case::Any, place: Place::Anywhere }
}

/// A message in this case alone.
pub const fn exactly(text: &'static str) -> Pattern {
    Pattern { text, case: Case::Exact, place: Place::Anywhere }
}

/// A message in any case that is all that stands in the line.
pub const fn alone(text: &'static str) -> Pattern {
    Pattern { text, case: Case::Any, place: Place::Whole }
}

impl Pattern {
    /// How much of it is said, and not left open.
    pub fn weight(&self) -> usize {
        self.text.bytes().filter(|byte| !b"*?#".contains(byte)).count()
    }

    /// Where the message stands in `line`.
    pub fn find(&self, line: &str) -> Option<Range<usize>> {
        if self.place == Place::Whole && line.trim().len() != self.text.len() {
            return None;
        }
        let (line, mut parts) = (line.as_bytes(), self.text.split('*').peekable());
        let first = parts.next()?.as_bytes();
        let mut from = 0;
        let mut found = self.part(first, line, from, Rest::after(&mut parts))?;
        let start = found.start;
        while let Some(part) = parts.next() {
            from = found.end;
            found = self.part(part.as_bytes(), line, from, Rest::after(&mut parts))?;
        }
        Some(start..found.end)
    }

    /// The first place of `part` at or after `from`.
    fn part(&self, part: &[u8], line: &[u8], from: usize, rest: Rest) -> Option<Range<usize>> {
        (from..=line.len()).find_map(|at| {
            let end = self.at(part, line, at)?;
            let begins = from > 0 || is_apart(part.first(), at.checked_sub(1).and_then(|before| line.get(before)));
            let ends = rest == Rest::Follows || is_apart(part.last(), line.get(end));
            (begins && ends).then_some(at..end)
        })
    }

    /// Where `part` ends when it begins at `at`.
    fn at(&self, part: &[u8], line: &[u8], mut at: usize) -> Option<usize> {
        for wanted in part {
            let found = *line.get(at)?;
            let fits = match wanted {
                b'?' => !found.is_ascii_whitespace(),
                b'#' => found.is_ascii_digit(),
                _ => self.is_same(*wanted, found),
            };
            if !fits {
                return None;
            }
            at += 1;
            if *wanted == b'#' {
                at += line[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            }
        }
        Some(at)
    }

    const fn is_same(&self, wanted: u8, found: u8) -> bool {
        match self.case {
            Case::Any => wanted.eq_ignore_ascii_case(&found),
            Case::Exact => wanted == found,
        }
    }
}

/// Whether two neighbours do not make one word: of the pattern, and beside it.
fn is_apart(inner: Option<&u8>, outer: Option<&u8>) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    let of_pattern = |byte: &u8| is_word(byte) || b"?#".contains(byte);
    !(inner.is_some_and(of_pattern) && outer.is_some_and(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_is_left_out() {
        let refused = says("connect() failed (111: Connection refused)*upstream: \"*\"");
        let line = "[error] 7#7: *1 connect() failed (111: Connection refused) while, upstream: \"http://a:1/\", host";
        assert_eq!(refused.find(line).map(|found| &line[found.start..found.start + 7]), Some("connect"));
        assert_eq!(refused.find("connect() failed (111: Connection refused)"), None);
        assert!(says("after # ms").find("after 1234 ms").is_some());
        assert!(says("after # ms").find("after ms").is_none());
    }

    #[test]
    fn a_word_is_not_part_of_a_longer_one() {
        assert!(says("EOF").find("GEOFENCE").is_none());
        assert!(says("EOF").find("EOFS EOF").is_some());
        assert!(says("os error 10").find("os error 104").is_none());
        assert!(says("error #").find("error 104x").is_none());
    }

    #[test]
    fn case_matters_where_it_has_a_meaning() {
        assert!(exactly("sQ--").find("SQ--").is_none());
        assert!(exactly("SD?? #/#/#").find(" SDVN 1/1/1/1/0").is_some());
        assert!(exactly("SD?? #/#/#").find(" SD 1/1/1/1/0").is_none());
        assert!(says("econnreset").find("read ECONNRESET").is_some());
        assert!(alone("10054").find(" 10054 ").is_some() && alone("10054").find("port 10054").is_none());
    }

    #[test]
    fn text_of_any_language_is_no_obstacle() {
        let line = "错误：连接被对方重设。";
        let found = says("连接被对方重设").find(line);
        assert_eq!(found.map(|found| &line[found]), Some("连接被对方重设"));
        assert_eq!(says("a*b").find(""), None);
    }
}
