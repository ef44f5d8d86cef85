//! The catalogue: the folders in `catalogue/`, of which the build script (`build/`) makes Rust.
//!
//! A folder `<id>` holds what a machine needs of a cause (`rule.rs`), its texts (`en.md`, `zh.md`) and
//! conversations with their verdicts (`cases.txt`).

use crate::cause::{Cause, Family, Rule, Status, Texts};

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// Every cause, the smallest [`Rule::prior`] first: where packets cannot tell two apart, the one that stands
/// first is named first.
pub static ALL: &[&Cause] = &by_prior(FOLDERS);

/// Those that can lead a verdict.
pub fn leading() -> impl Iterator<Item = &'static Cause> {
    ALL.iter().copied().filter(|cause| cause.rule.status != Status::Preview)
}

/// Those that are judged and lead no verdict yet.
pub fn previews() -> impl Iterator<Item = &'static Cause> {
    at_places(PREVIEWS)
}

/// The cause of that id.
pub fn find(id: &str) -> Option<&'static Cause> {
    ALL.iter().copied().find(|cause| cause.id == id)
}

/// The mechanisms that can lead, commonest first.
pub fn mechanisms() -> impl Iterator<Item = &'static Cause> {
    leading().filter(|cause| !cause.is_reason())
}

/// The reasons that can lead, commonest first.
pub fn reasons() -> impl Iterator<Item = &'static Cause> {
    leading().filter(|cause| cause.is_reason())
}

/// The mechanisms that can show `family`, commonest first.
pub fn showing(family: Family) -> impl Iterator<Item = &'static Cause> {
    mechanisms().filter(move |cause| cause.shows().contains(&family))
}

/// The reasons that can explain `mechanism`, commonest first.
pub fn explaining(mechanism: &'static str) -> impl Iterator<Item = &'static Cause> {
    reasons().filter(move |cause| cause.explains().contains(&mechanism))
}

/// As [`mechanisms`], without those that cannot show `family` where there is one: asked for every reset.
pub fn mechanisms_of(family: Option<Family>) -> impl Iterator<Item = &'static Cause> {
    at_places(family.map_or(MECHANISMS, |family| SHOWING[family as usize]))
}

/// As [`reasons`], without those that explain none of `mechanisms`: asked for every reset.
pub fn reasons_of(mechanisms: Set) -> impl Iterator<Item = &'static Cause> {
    at_places(mechanisms.numbers().fold(0, |places, number| places | EXPLAINING[number]))
}

/// Those at these places of [`ALL`], a bit for each, in its order.
fn at_places(mut places: u128) -> impl Iterator<Item = &'static Cause> {
    core::iter::from_fn(move || {
        let cause = ALL.get(places.trailing_zeros() as usize)?;
        places &= places - 1;
        Some(*cause)
    })
}

/// For each family, the places of the mechanisms that can lead and can show it.
static SHOWING: [u128; Family::ALL.len()] = showing_each();
/// The places of the mechanisms that can lead.
static MECHANISMS: u128 = !REASONS & places_of_leading();
/// The places of those that are no more than judged.
static PREVIEWS: u128 = !places_of_leading();
/// The places of the reasons that can lead.
static REASONS: u128 = places_of_reasons() & places_of_leading();

const fn showing_each() -> [u128; Family::ALL.len()] {
    let mut places = [0; Family::ALL.len()];
    let mut at = 0;
    while at < ALL.len() {
        let (shows, mut nth) = (ALL[at].shows(), 0);
        while nth < shows.len() {
            places[shows[nth] as usize] |= MECHANISMS & 1 << at;
            nth += 1;
        }
        at += 1;
    }
    places
}

const fn places_of_leading() -> u128 {
    let (mut places, mut at) = (0, 0);
    while at < ALL.len() {
        places |= (!matches!(ALL[at].rule.status, Status::Preview) as u128) << at;
        at += 1;
    }
    places
}

const fn places_of_reasons() -> u128 {
    let (mut places, mut at) = (0, 0);
    while at < ALL.len() {
        places |= (ALL[at].is_reason() as u128) << at;
        at += 1;
    }
    places
}

/// A set of causes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Set(u128);

impl Set {
    /// With `cause`.
    #[must_use]
    pub const fn with(self, cause: &Cause) -> Self {
        Self(self.0 | 1 << cause.number)
    }

    /// The numbers of the causes in it.
    fn numbers(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let number = rest.trailing_zeros() as usize;
            rest &= rest.checked_sub(1)?;
            Some(number)
        })
    }

    /// Whether one of them is in both.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl FromIterator<&'static Cause> for Set {
    fn from_iter<I: IntoIterator<Item = &'static Cause>>(causes: I) -> Self {
        causes.into_iter().fold(Self::default(), Self::with)
    }
}

/// For each cause, by its number, the mechanisms that it explains.
const fn explained() -> [Set; FOLDERS.len()] {
    assert!(FOLDERS.len() <= u128::BITS as usize, "a set of causes has a bit for each");
    let mut sets = [Set(0); FOLDERS.len()];
    let mut at = 0;
    while at < FOLDERS.len() {
        let (explains, mut nth) = (FOLDERS[at].explains(), 0);
        while nth < explains.len() {
            let mut other = 0;
            while other < FOLDERS.len() {
                if is_same(FOLDERS[other].id.as_bytes(), explains[nth].as_bytes()) {
                    sets[at] = sets[at].with(FOLDERS[other]);
                }
                other += 1;
            }
            nth += 1;
        }
        at += 1;
    }
    sets
}

/// For each mechanism, by its number, the places of the reasons that can lead and explain it.
static EXPLAINING: [u128; FOLDERS.len()] = explaining_each();

const fn explaining_each() -> [u128; FOLDERS.len()] {
    let (sets, mut places) = (explained(), [0; FOLDERS.len()]);
    let mut at = 0;
    while at < ALL.len() {
        let mut number = 0;
        while number < FOLDERS.len() {
            if sets[ALL[at].number].0 >> number & 1 == 1 {
                places[number] |= REASONS & 1 << at;
            }
            number += 1;
        }
        at += 1;
    }
    places
}

/// Whether both can be true of one reset: one is a reason of the other, or both are reasons of one mechanism.
pub fn may_both_hold(one: &str, other: &str) -> bool {
    let (Some(first), Some(second)) = (find(one), find(other)) else { return one == other };
    one == other
        || first.explains().contains(&other)
        || second.explains().contains(&one)
        || first.explains().iter().any(|mechanism| second.explains().contains(mechanism))
}

/// Sorted by insertion: `sort` cannot be called at compile time. Equal ones stay in the order of their ids.
const fn by_prior<const COUNT: usize>(mut causes: [&'static Cause; COUNT]) -> [&'static Cause; COUNT] {
    let mut sorted = 1;
    while sorted < COUNT {
        let mut at = sorted;
        while at > 0 && causes[at - 1].rule.prior > causes[at].rule.prior {
            causes.swap(at - 1, at);
            at -= 1;
        }
        sorted += 1;
    }
    causes
}

/// Whether these are the questions of the rule's variants, in their order: the page gives each its title.
const fn asks_of_variants(rule: &Rule, questions: &[&str]) -> bool {
    let mut at = 0;
    while at < rule.variants.len() && at < questions.len() {
        if !is_same(rule.variants[at].id.as_bytes(), questions[at].as_bytes()) {
            return false;
        }
        at += 1;
    }
    rule.variants.len() == questions.len()
}

/// `==`, at compile time.
const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}
