//! What people have when they have nothing else: the messages in `symptoms/`, of which the build script (`build/`) makes
//! Rust, and which of them stand in a text.
//!
//! A folder `<id>` holds what a machine needs of a message (`symptom.rs`) and its texts (`en.md`, `zh.md`).

use alloc::vec::Vec;
use core::ops::Range;

use crate::symptom::{Symptom, Texts, Topic};

include!(concat!(env!("OUT_DIR"), "/symptoms.rs"));

/// How much of a line is looked at.
pub const LONGEST_LINE: usize = 4096;

/// The symptom of that id.
pub fn find(id: &str) -> Option<&'static Symptom> {
    ALL.iter().copied().find(|symptom| symptom.id == id)
}

/// Those that the cause of that id brings about.
pub fn of_cause(id: &str) -> impl Iterator<Item = &'static Symptom> {
    ALL.iter().copied().filter(move |symptom| symptom.causes.contains(&id))
}

/// Those of one topic, in the order of their ids.
pub fn of_topic(topic: Topic) -> impl Iterator<Item = &'static Symptom> {
    ALL.iter().copied().filter(move |symptom| symptom.facts.topic == topic)
}

/// What was found in a text.
#[derive(Debug, Default)]
pub struct Reading<'a> {
    /// Each symptom once, in the order of their first lines.
    pub found: Vec<Sighting<'a>>,
    /// How many lines there are, blank ones aside.
    pub lines: usize,
    /// How many of them hold none.
    pub unknown: usize,
}

/// A symptom in a text.
#[derive(Debug)]
pub struct Sighting<'a> {
    /// Which.
    pub symptom: &'static Symptom,
    /// The first line that holds it.
    pub text: &'a str,
    /// The number of that line, from 1.
    pub line: usize,
    /// How many lines hold it.
    pub times: usize,
}

/// Looks at each line of `text`.
pub fn read(text: &str) -> Reading<'_> {
    let mut reading = Reading::default();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let found = in_line(line);
        reading.lines += 1;
        reading.unknown += usize::from(found.is_empty());
        for symptom in found {
            match reading.found.iter_mut().find(|sighting| sighting.symptom == symptom) {
                Some(sighting) => sighting.times += 1,
                None => reading.found.push(Sighting { symptom, text: line, line: at + 1, times: 1 }),
            }
        }
    }
    reading
}

/// A message at its place in a line.
struct Match {
    symptom: &'static Symptom,
    place: Range<usize>,
    weight: usize,
}

impl Match {
    /// How much of the line it explains, then how much of that the pattern says.
    const fn rank(&self) -> (usize, usize) {
        (self.place.end - self.place.start, self.weight)
    }
}

/// The symptoms in a line, the longest message first. A message within a longer one is part of that, and the
/// system's own words say nothing beside those of a program.
pub fn in_line(line: &str) -> Vec<&'static Symptom> {
    in_line_among(line, ALL.iter().copied())
}

/// The same, where it is known that no other than `among` can stand in the line, which are in the order of [`ALL`].
pub fn in_line_among(line: &str, among: impl Iterator<Item = &'static Symptom>) -> Vec<&'static Symptom> {
    let line = clipped(line);
    if let Some(symptom) = find(line.trim()) {
        return [symptom].into();
    }
    let mut matches: Vec<Match> = among.filter_map(|symptom| best(symptom, line)).collect();
    matches.sort_by_key(|found| core::cmp::Reverse(found.rank()));
    let mut kept: Vec<Match> = Vec::new();
    for found in matches {
        let is_within = |other: &Match| other.place.start <= found.place.start && found.place.end <= other.place.end;
        if !kept.iter().any(is_within) {
            kept.push(found);
        }
    }
    let is_program = |found: &Match| found.symptom.facts.topic != Topic::System;
    if kept.iter().any(is_program) {
        kept.retain(is_program);
    }
    kept.into_iter().map(|found| found.symptom).collect()
}

/// The pattern of `symptom` that explains most of `line`.
fn best(symptom: &'static Symptom, line: &str) -> Option<Match> {
    let found = |pattern: &crate::symptom::pattern::Pattern| {
        pattern.find(line).map(|place| Match { symptom, place, weight: pattern.weight() })
    };
    symptom.facts.patterns.iter().filter_map(found).max_by_key(Match::rank)
}

/// The part of a line that is looked at.
fn clipped(line: &str) -> &str {
    let end = (0..=LONGEST_LINE.min(line.len())).rev().find(|at| line.is_char_boundary(*at));
    &line[..end.unwrap_or(0)]
}

/// Those that mention `word`: in the name of their program, in their messages or in their texts.
pub fn mentioning(word: &str) -> impl Iterator<Item = &'static Symptom> {
    ALL.iter().copied().filter(move |symptom| {
        let texts = [&symptom.en, &symptom.zh].into_iter().flat_map(|texts| [texts.title, texts.meaning]);
        let facts = &symptom.facts;
        let messages = facts.examples.iter().copied().chain(facts.patterns.iter().map(|pattern| pattern.text));
        texts.chain(messages).chain([symptom.id, facts.program]).any(|text| holds(text, word))
    })
}

/// Whether `word` stands in `text`, in any case.
pub fn holds(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    !word.is_empty() && text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}
