//! The answers that one outcome has given: each question is asked once, however many rules ask it.
//!
//! The rules of the catalogue ask some hundred and fifty questions eight hundred times. A question
//! is a `static`, so it is known by its address.

use alloc::vec::Vec;

use super::answer::Answer;
use super::question::Question;
use crate::outcome::Outcome;

/// Several times as many as there are questions.
const PLACES: usize = 1 << 9;
const MOST: usize = PLACES / 4 * 3;

/// The answers of one outcome.
#[derive(Debug)]
pub struct Answers<'a> {
    outcome: &'a Outcome,
    cache: &'a mut AnswerCache,
}

/// Where the answers of one outcome after the other are kept.
#[derive(Debug)]
pub struct AnswerCache {
    /// By the question's address: one more than the number of its answer, 0 where nothing is.
    places: [u16; PLACES],
    kept: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    question: &'static Question,
    answer: Answer,
    /// Whether a rule takes the answer into account.
    concerns: bool,
}

impl Default for AnswerCache {
    fn default() -> Self {
        Self { places: [0; PLACES], kept: Vec::new() }
    }
}

impl AnswerCache {
    fn clear(&mut self) {
        self.places = [0; PLACES];
        self.kept.clear();
    }
}

impl<'a> Answers<'a> {
    /// Nothing was asked yet, and nothing is left in `cache` of the outcome before.
    pub fn of(outcome: &'a Outcome, cache: &'a mut AnswerCache) -> Self {
        cache.clear();
        Self { outcome, cache }
    }

    /// What is asked.
    pub const fn outcome(&self) -> &'a Outcome {
        self.outcome
    }

    /// The answer; `None` where the question [does not concern](Question::concerns) the outcome.
    #[inline]
    pub fn relevant(&mut self, question: &'static Question) -> Option<&Answer> {
        let kept = self.find(question);
        kept.concerns.then_some(&kept.answer)
    }

    /// The answer, whether or not the question concerns the outcome.
    #[inline]
    pub fn answer(&mut self, question: &'static Question) -> &Answer {
        &self.find(question).answer
    }

    #[inline]
    fn find(&mut self, question: &'static Question) -> &Kept {
        let mut place = home(question);
        while let Some(at) = usize::from(self.cache.places[place]).checked_sub(1) {
            if core::ptr::eq(self.cache.kept[at].question, question) {
                return &self.cache.kept[at];
            }
            place = (place + 1) % PLACES;
        }
        self.ask(question, place)
    }

    /// Asks, and keeps the answer at `place`, which is free.
    fn ask(&mut self, question: &'static Question, mut place: usize) -> &Kept {
        let AnswerCache { places, kept } = &mut *self.cache;
        if kept.len() == MOST {
            // No catalogue is so large. What was answered is asked again then.
            *places = [0; PLACES];
            kept.clear();
            place = home(question);
        }
        let (answer, concerns) = (question.answer(self.outcome), question.concerns(self.outcome));
        let at = kept.len();
        kept.push(Kept { question, answer, concerns });
        places[place] = u16::try_from(at + 1).unwrap_or(0);
        &kept[at]
    }
}

/// Statics of one kind lie in a row, so these are mostly different places.
fn home(question: &'static Question) -> usize {
    core::ptr::from_ref(question).addr() / size_of::<Question>() % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{causes, conversation};

    #[test]
    fn what_is_kept_is_what_the_question_answers_however_often_it_is_asked() {
        let outcome = conversation("0 C > S S 0:0(0)\n+0.001 C < S RA 0:0(0) ack 1").outcome();
        let mut cache = AnswerCache::default();
        let mut answers = Answers::of(&outcome, &mut cache);
        let rules = || causes::ALL.iter().map(|cause| &cause.rule);
        for _ in 0..2 {
            for question in rules().flat_map(|rule| [rule.needs, rule.refuted_by, rule.supported_by]).flatten() {
                let expected = question.concerns(&outcome).then(|| question.answer(&outcome));
                assert_eq!(answers.relevant(question), expected.as_ref(), "{}", question.id);
            }
        }
        assert!(cache.kept.len() < MOST, "{} questions: more places are needed", cache.kept.len());
    }
}
