//! What one ending was asked: each question once, however many rules ask it.
//!
//! The rules of the catalogue ask some hundred and fifty questions eight hundred times. A question
//! is a `static`, so it is known by its address.

use alloc::vec::Vec;

use super::answer::Answer;
use super::question::Question;
use crate::ending::Ending;

/// Several times as many as there are questions.
const PLACES: usize = 1 << 9;
const MOST: usize = PLACES / 4 * 3;

/// The questions that one ending was asked, with its answers.
#[derive(Debug)]
pub struct Interview<'a> {
    ending: &'a Ending,
    memory: &'a mut Memory,
}

/// What one interview after the other is written into.
#[derive(Debug)]
pub struct Memory {
    /// By the question's address: one more than the number of its answer, 0 where nothing is.
    places: [u16; PLACES],
    heard: Vec<Heard>,
}

#[derive(Debug)]
struct Heard {
    question: &'static Question,
    answer: Answer,
    /// Whether a rule takes the answer into account.
    concerns: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self { places: [0; PLACES], heard: Vec::new() }
    }
}

impl Memory {
    fn forget(&mut self) {
        self.places = [0; PLACES];
        self.heard.clear();
    }
}

impl<'a> Interview<'a> {
    /// Nothing was asked yet, and nothing is left in `memory` of who was asked before.
    pub fn of(ending: &'a Ending, memory: &'a mut Memory) -> Self {
        memory.forget();
        Self { ending, memory }
    }

    /// Who is asked.
    pub const fn ending(&self) -> &'a Ending {
        self.ending
    }

    /// The answer; `None` where the question [does not concern](Question::concerns) the ending.
    #[inline]
    pub fn hear(&mut self, question: &'static Question) -> Option<&Answer> {
        let heard = self.find(question);
        heard.concerns.then_some(&heard.answer)
    }

    /// The answer, whether or not the question concerns the ending.
    #[inline]
    pub fn answer(&mut self, question: &'static Question) -> &Answer {
        &self.find(question).answer
    }

    #[inline]
    fn find(&mut self, question: &'static Question) -> &Heard {
        let mut place = home(question);
        while let Some(at) = usize::from(self.memory.places[place]).checked_sub(1) {
            if core::ptr::eq(self.memory.heard[at].question, question) {
                return &self.memory.heard[at];
            }
            place = (place + 1) % PLACES;
        }
        self.ask(question, place)
    }

    /// Asks, and keeps the answer at `place`, which is free.
    fn ask(&mut self, question: &'static Question, mut place: usize) -> &Heard {
        let Memory { places, heard } = &mut *self.memory;
        if heard.len() == MOST {
            // No catalogue is so large. What was heard is asked again then.
            *places = [0; PLACES];
            heard.clear();
            place = home(question);
        }
        let (answer, concerns) = (question.answer(self.ending), question.concerns(self.ending));
        let at = heard.len();
        heard.push(Heard { question, answer, concerns });
        places[place] = u16::try_from(at + 1).unwrap_or(0);
        &heard[at]
    }
}

/// Statics of one kind lie in a row, so these are mostly different places.
fn home(question: &'static Question) -> usize {
    core::ptr::from_ref(question).addr() / size_of::<Question>() % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes;
    use crate::testing::conversation;

    #[test]
    fn what_is_heard_is_what_the_question_answers_however_often_it_is_asked() {
        let ending = conversation("0 C > S S 0:0(0)\n+0.001 C < S RA 0:0(0) ack 1").ending();
        let mut memory = Memory::default();
        let mut asked = Interview::of(&ending, &mut memory);
        let rules = || causes::ALL.iter().map(|cause| &cause.rule);
        for _ in 0..2 {
            for question in rules().flat_map(|rule| [rule.needs, rule.refuted_by, rule.supported_by]).flatten() {
                let expected = question.concerns(&ending).then(|| question.answer(&ending));
                assert_eq!(asked.hear(question), expected.as_ref(), "{}", question.id);
            }
        }
        assert!(memory.heard.len() < MOST, "{} questions: more places are needed", memory.heard.len());
    }
}
