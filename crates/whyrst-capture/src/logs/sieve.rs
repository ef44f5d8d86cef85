//! Whether a line may hold a symptom at all: most lines of a log hold none, and to hold each against every message is
//! dear.
//!
//! Of each message the longest part without a gap is known by its last four characters; a line in which none of these
//! stands holds no message. The few messages that have no such part are asked one by one.

use std::collections::HashMap;

use whyrst_core::symptom::pattern::Pattern;
use whyrst_core::symptom::{Symptom, Topic};
use whyrst_core::symptoms::{self, ALL, LONGEST_LINE};

/// The last four octets of a part, in lower case.
type Key = [u8; 4];

/// A part of a message, and the place of its symptom in [`ALL`].
type Part = (Vec<u8>, usize);

/// What is asked of each line first.
#[derive(Debug)]
pub struct Sieve {
    parts: HashMap<Key, Vec<Part>>,
    /// A bit for each pair of octets that a key ends with.
    ends: Vec<u64>,
    short: Vec<(&'static Pattern, usize)>,
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
        let patterns =
            |(at, symptom): (usize, &&'static Symptom)| symptom.facts.patterns.iter().map(move |pattern| (pattern, at));
        for (pattern, at) in ALL.iter().enumerate().flat_map(patterns) {
            let parts = pattern.text.split(['*', '?', '#']).filter(|part| !part.eq_ignore_ascii_case("HTTP/"));
            let longest = parts.max_by_key(|part| part.len()).unwrap_or_default().to_ascii_lowercase().into_bytes();
            let Some(key) = longest.last_chunk::<4>() else {
                sieve.short.push((pattern, at));
                continue;
            };
            let place = usize::from(u16::from_be_bytes([key[2], key[3]]));
            sieve.ends[place / 64] |= 1 << (place % 64);
            sieve.parts.entry(*key).or_default().push((longest, at));
        }
        sieve
    }

    /// Whether `line` may hold one.
    pub fn lets_through(&self, line: &str) -> bool {
        !self.candidates(line).is_empty() || symptoms::find(line.trim()).is_some()
    }

    /// The places in [`ALL`] of those that `line` may hold, in their order.
    fn candidates(&self, line: &str) -> Vec<usize> {
        let octets = line.as_bytes();
        let octets: Vec<u8> = octets[..octets.len().min(LONGEST_LINE)].to_ascii_lowercase();
        let is_key = |pair: &[u8]| {
            let place = usize::from(u16::from_be_bytes([pair[0], pair[1]]));
            self.ends[place / 64] >> (place % 64) & 1 == 1
        };
        let mut found: Vec<usize> =
            self.short.iter().filter(|(pattern, _)| pattern.find(line).is_some()).map(|(_, at)| *at).collect();
        for (at, _) in octets.windows(2).enumerate().filter(|(_, pair)| is_key(pair)) {
            let end = at + 2;
            let parts = octets[..end].last_chunk::<4>().and_then(|key| self.parts.get(key)).into_iter().flatten();
            found.extend(parts.filter(|(part, _)| octets[..end].ends_with(part)).map(|(_, at)| *at));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The symptoms in `line`, as [`symptoms::in_line`] finds them.
    pub fn symptoms(&self, line: &str) -> Vec<&'static Symptom> {
        symptoms::in_line_among(line, self.candidates(line).into_iter().map(|at| ALL[at]))
    }

    /// The first symptom in words of `program` itself: one of its messages, or the system's within them.
    ///
    /// What others say within a line, a header say, must not be among the words; and a message of another program is
    /// not this one's, wherever it came from.
    pub(super) fn of_program(&self, words: &str, program: &str) -> Option<&'static Symptom> {
        let is_its_own = |symptom: &&Symptom| symptom.facts.program == program || symptom.facts.topic == Topic::System;
        self.symptoms(words).into_iter().find(is_its_own)
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
                assert_eq!(sieve.symptoms(example), symptoms::in_line(example), "{example}");
                assert_eq!(sieve.symptoms(example).first().map(|found| found.id), Some(symptom.id), "{example}");
            }
        }
        assert!(!sieve.lets_through("10.0.0.9 - - [30/Nov/2026:03:12:07 +0000] \"GET / HTTP/1.1\" 200 612"));
    }
}
