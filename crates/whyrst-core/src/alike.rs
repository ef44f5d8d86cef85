//! Which causes look alike, seen from both of them.
//!
//! One page is enough to name a pair: what the other one's page would say of it is made here, when the
//! catalogue is compiled. So a new cause needs no other folder than its own.

use crate::cause::{Cause, Likeness, LookAlike, Status, Text};
use crate::causes::{ALL, find};
use crate::language::Language;

/// A look-alike that the other one's page alone names, as its own page would name it.
#[derive(Clone, Copy)]
struct Reverse {
    /// Whose look-alike it is.
    of: &'static str,
    alike: LookAlike,
}

const REVERSES: usize = reverses();

static NAMED_FROM_THERE: [Reverse; REVERSES] = named_from_there();

/// The look-alikes of a cause that speak for other causes' pages as well: those of a preview do not yet.
const fn speaks_for_others(cause: &Cause) -> &'static [LookAlike] {
    if matches!(cause.rule.status, Status::Preview) { &[] } else { cause.look_alikes }
}

const fn reverses() -> usize {
    let (mut count, mut at) = (0, 0);
    while at < ALL.len() {
        let (mut entry, named) = (0, speaks_for_others(ALL[at]));
        while entry < named.len() {
            count += named[entry].from_there.is_some() as usize;
            entry += 1;
        }
        at += 1;
    }
    count
}

const fn named_from_there() -> [Reverse; REVERSES] {
    let nothing =
        LookAlike { cause: "", likeness: Likeness::Similar, told_apart_by: Text { en: "", zh: "" }, from_there: None };
    let (mut reverses, mut count, mut at) = ([Reverse { of: "", alike: nothing }; REVERSES], 0, 0);
    while at < ALL.len() {
        let (mut entry, cause, named) = (0, ALL[at], speaks_for_others(ALL[at]));
        while entry < named.len() {
            let LookAlike { cause: of, likeness, from_there, .. } = named[entry];
            if let Some(told_apart_by) = from_there {
                let alike =
                    LookAlike { cause: cause.id, likeness: likeness.reversed(), told_apart_by, from_there: None };
                reverses[count] = Reverse { of, alike };
                count += 1;
            }
            entry += 1;
        }
        at += 1;
    }
    reverses
}

/// All look-alikes of a cause: those that its page names, then those whose pages name it for both.
pub fn look_alikes(cause: &Cause) -> impl Iterator<Item = &'static LookAlike> {
    let id = cause.id;
    let named_from_there = NAMED_FROM_THERE.iter().filter(move |reverse| reverse.of == id);
    cause.look_alikes.iter().chain(named_from_there.map(|reverse| &reverse.alike))
}

/// How `other` looks like `cause`; `None` when it does not.
pub fn likeness(cause: &Cause, other: &str) -> Option<Likeness> {
    look_alikes(cause).find(|alike| alike.cause == other).map(|alike| alike.likeness)
}

/// What tells `other` from `cause`; `None` when they are no look-alikes.
pub fn told_apart_by(cause: &Cause, other: &str, language: Language) -> Option<&'static str> {
    look_alikes(cause).find(|alike| alike.cause == other).map(|alike| alike.told_apart_by.in_language(language))
}

/// Whether both can be true of one reset: one says more closely, or why or how, what the other says.
pub fn may_both_hold(one: &str, other: &str) -> bool {
    use Likeness::{Broader, How, SpecialCase, Why};
    let names = |one: &str, other: &str| {
        find(one)
            .and_then(|cause| likeness(cause, other))
            .is_some_and(|likeness| matches!(likeness, SpecialCase | Why | How | Broader))
    };
    one == other || names(one, other) || names(other, one)
}
