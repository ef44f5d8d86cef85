//! Which causes look alike, seen from both of them.
//!
//! One file is enough to name a pair: what the other one's file would say of it is made here, when the
//! catalogue is compiled. So a new cause needs no other file than its own.

use crate::cause::{Cause, Likeness, LookAlike};
use crate::causes::{ALL, find};
use crate::language::Language;

/// A look-alike that the other one's file alone names, as its own file would name it.
#[derive(Clone, Copy)]
struct Reverse {
    /// Whose look-alike it is.
    of: &'static str,
    alike: LookAlike,
    chinese: &'static str,
}

const REVERSES: usize = reverses();

static NAMED_FROM_THERE: [Reverse; REVERSES] = named_from_there();

const fn reverses() -> usize {
    let (mut count, mut at) = (0, 0);
    while at < ALL.len() {
        let (mut entry, named) = (0, ALL[at].look_alikes);
        while entry < named.len() {
            count += named[entry].from_there.is_some() as usize;
            entry += 1;
        }
        at += 1;
    }
    count
}

const fn named_from_there() -> [Reverse; REVERSES] {
    let nothing = Reverse { of: "", alike: LookAlike::similar("", ""), chinese: "" };
    let (mut reverses, mut count, mut at) = ([nothing; REVERSES], 0, 0);
    while at < ALL.len() {
        let (mut entry, cause) = (0, ALL[at]);
        while entry < cause.look_alikes.len() {
            let LookAlike { cause: of, likeness, from_there, .. } = cause.look_alikes[entry];
            if let Some([english, chinese]) = from_there {
                let alike = LookAlike {
                    cause: cause.id,
                    likeness: likeness.reversed(),
                    told_apart_by: english,
                    from_there: None,
                };
                reverses[count] = Reverse { of, alike, chinese };
                count += 1;
            }
            entry += 1;
        }
        at += 1;
    }
    reverses
}

fn reverses_of(cause: &Cause) -> impl Iterator<Item = &'static Reverse> {
    let id = cause.id;
    NAMED_FROM_THERE.iter().filter(move |reverse| reverse.of == id)
}

/// All look-alikes of a cause: those that its file names, then those whose files name it for both.
pub fn look_alikes(cause: &Cause) -> impl Iterator<Item = &'static LookAlike> {
    cause.look_alikes.iter().chain(reverses_of(cause).map(|reverse| &reverse.alike))
}

/// How `other` looks like `cause`; `None` when it does not.
pub fn likeness(cause: &Cause, other: &str) -> Option<Likeness> {
    look_alikes(cause).find(|alike| alike.cause == other).map(|alike| alike.likeness)
}

/// What tells `other` from `cause`; `None` when they are no look-alikes.
pub fn told_apart_by(cause: &Cause, other: &str, language: Language) -> Option<&'static str> {
    let english = look_alikes(cause).find(|alike| alike.cause == other)?.told_apart_by;
    let own = cause.zh.told_apart_by.iter().find(|(id, _)| *id == other).map(|(_, text)| *text);
    let reverse = || reverses_of(cause).find(|reverse| reverse.alike.cause == other).map(|reverse| reverse.chinese);
    Some(language.pick(english, own.or_else(reverse).unwrap_or(english)))
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
