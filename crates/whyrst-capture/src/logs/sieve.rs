//! Whether a line may hold a symptom at all: most lines of a log hold none, and to hold each against every message is dear.
//!
//! Of each message the longest part without a gap is known by its last four characters; a line in which none of these
//! stands holds no message. The few messages that have no such part are asked one by one.

use std::collections::HashMap;

use whyrst_core::symptom::Symptom;
use whyrst_core::symptom::pattern::Pattern;
use whyrst_core::symptoms::{self, ALL, LONGEST_LINE};

/// The last four octets of a part, in lower case.
type Key = [u8; 4];

/// What is asked of each line first.
#[derive(Debug)]
pub struct Sieve {
    parts: HashMap<Key, Vec<Vec<u8>>>,
    /// A bit for each pair of octets that a key ends with.
    ends: Vec<u64>,
    short: Vec<&'static Pattern>,
}

impl Default for Sieve {
    fn default() -> Self {
        Self::new()
    }
}

impl Sieve {
    /// Of all messages that are known.
    pub fn new() -> Self {
        let mut sieve = Self { parts: HashMap::new(), ends: vec![0; 1 << 10], short: Vec::new() };
        for pattern in ALL.iter().flat_map(|symptom| symptom.facts.patterns) {
            let parts = pattern.text.split(['*', '?', '#']).filter(|part| !part.eq_ignore_ascii_case("HTTP/"));
            let longest = parts.max_by_key(|part| part.len()).unwrap_or_default().to_ascii_lowercase().into_bytes();
            let Some(key) = longest.last_chunk::<4>() else {
                sieve.short.push(pattern);
                continue;
            };
            let place = usize::from(u16::from_be_bytes([key[2], key[3]]));
            sieve.ends[place / 64] |= 1 << (place % 64);
            sieve.parts.entry(*key).or_default().push(longest);
        }
        sieve
    }

    /// Whether `line` may hold one.
    pub fn lets_through(&self, line: &str) -> bool {
        let octets = line.as_bytes();
        let octets: Vec<u8> = octets[..octets.len().min(LONGEST_LINE)].to_ascii_lowercase();
        let is_key = |pair: &[u8]| {
            let place = usize::from(u16::from_be_bytes([pair[0], pair[1]]));
            self.ends[place / 64] >> (place % 64) & 1 == 1
        };
        let stands_at = |(at, pair): (usize, &[u8])| {
            let end = at + 2;
            is_key(pair)
                && octets[..end]
                    .last_chunk::<4>()
                    .and_then(|key| self.parts.get(key))
                    .is_some_and(|parts| parts.iter().any(|part| octets[..end].ends_with(part)))
        };
        octets.windows(2).enumerate().any(stands_at)
            || self.short.iter().any(|pattern| pattern.find(line).is_some())
            || symptoms::find(line.trim()).is_some()
    }

    /// The first symptom in `line`.
    pub fn symptom(&self, line: &str) -> Option<&'static Symptom> {
        self.lets_through(line).then(|| symptoms::in_line(line))?.into_iter().next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_message_is_held_back() {
        let sieve = Sieve::new();
        for symptom in ALL {
            for example in symptom.facts.examples {
                assert!(sieve.lets_through(example), "{example}");
                assert_eq!(sieve.symptom(example).map(|found| found.id), Some(symptom.id), "{example}");
            }
        }
        assert!(!sieve.lets_through("10.0.0.9 - - [30/Nov/2026:03:12:07 +0000] \"GET / HTTP/1.1\" 200 612"));
    }
}
