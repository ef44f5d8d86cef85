//! Two ends that answer each other without end: each takes what the other sends for wrong, and says so with a segment that
//! the other takes for wrong as well.
//!
//! A RST in the window that is not the next number is answered by a challenge ACK (RFC 5961 section 3.2); who meant it
//! answers with the right number and is believed. A stack that sends its wrong number again, or a device that shifts numbers,
//! gets the same answer again. Two ends whose numbers a device shifts answer each other's bare ACKs so (RFC 9293 section
//! 3.10.7.4, first: an unacceptable segment is answered by an ACK). Linux sends at most one such answer in 500 ms
//! (`tcp_invalid_ratelimit`, made against these loops).

use super::answer::{Answer, Value, no, yes};
use super::question::{AskedOf, Question, Wording, by};
use crate::acceptance::Acceptance;
use crate::flow::Side;
use crate::history::{Notes, Record};
use crate::outcome::Outcome;
use crate::rst::Rst;

/// What comes so often is no chance: a challenge ACK or a RST may be lost once.
const ROUNDS: usize = 3;

/// The ends answered each other with the same segments, again and again.
pub static ANSWERS_WITHOUT_END: Question = Question {
    id: "answers-without-end",
    asked_of: AskedOf::Packets,
    yes: "from {} on, {sender} and {receiver} answered each other {} times with the same segments, and neither accepted the other's",
    no: "the ends did not answer each other with the same segments",
    unknown: "several RSTs with one number that the receiver answers by ACKs, or several bare ACKs in turn",
    zh: Wording {
        yes: "从{}起，{sender}和{receiver}用相同的报文相互应答了{}次，双方都不接受对方的报文",
        no: "两端没有用相同的报文相互应答",
        unknown: "接收方以 ACK 应答的、序列号相同的若干个 RST，或轮流发出的若干个纯 ACK",
    },
    ask: by(|outcome| {
        let found = refused_resets(outcome).or_else(|| acks_in_turn(outcome));
        match found.filter(|(_, rounds)| *rounds >= ROUNDS) {
            Some((first, rounds)) => Answer::Yes(yes().frame(&first).value(Value::Number(rounds as u64))),
            None if outcome.rsts().len() < ROUNDS && outcome.one_sided() => Answer::Unknown,
            None => Answer::No(no()),
        }
    }),
};

/// The first of the RSTs with one number that were each answered by an ACK, and how many those are.
fn refused_resets(outcome: &Outcome) -> Option<(Record, usize)> {
    let first = outcome.rst()?;
    let same = |rst: &&Rst| rst.record.from == first.record.from && rst.record.seq == first.record.seq;
    let refused = |rst: &&Rst| rst.acceptance == Acceptance::Challenged;
    let resets = || outcome.rsts().iter().filter(same);
    if !resets().all(|rst| refused(&rst)) {
        return None;
    }
    let ends = resets().skip(1).map(|next| Some(next.record.frame)).chain([None]);
    let answered = |(rst, end): &(&Rst, Option<crate::observation::Frame>)| {
        let within = |ack: &&Record| ack.frame > rst.record.frame && end.is_none_or(|end| ack.frame < end);
        outcome.after().iter().filter(within).any(|ack| ack.from != rst.record.from && ack.is_pure_ack())
    };
    Some((first.record, resets().zip(ends).filter(answered).count()))
}

/// The first of the bare ACKs that the ends sent in turn, each with the same numbers as its last one, up to the RST; and how
/// many of one end. Probes are answered by such ACKs too, and have a number below the next.
fn acks_in_turn(outcome: &Outcome) -> Option<(Record, usize)> {
    let is_turn = |record: &Record| record.is_pure_ack() && !record.notes.has(Notes::PROBE);
    let mut last: [Option<Record>; 2] = [None; 2];
    let (mut first, mut turns, mut next): (Option<Record>, usize, Option<Side>) = (None, 0, None);
    for record in outcome.before().iter().rev() {
        let known = last[record.from.index()].replace(*record);
        let again =
            known.is_none_or(|known| (known.seq, known.ack, known.window) == (record.seq, record.ack, record.window));
        if !is_turn(record) || !again || next.is_some_and(|side| side != record.from) {
            break;
        }
        (first, turns, next) = (Some(*record), turns + 1, Some(record.from.other()));
    }
    first.map(|first| (first, turns / 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::conversation;

    const OPENED: &str = "
        0.000 C > S S 0:0(0)
        +0.001 C < S SA 0:0(0) ack 1
        +0.0001 C > S A 1:1(0) ack 1
        0.100 C > S PA 1:101(100) ack 1
        0.101 C < S PA 1:51(50) ack 101\n";

    fn asked(rest: &str) -> Answer {
        ANSWERS_WITHOUT_END.answer(&conversation(&[OPENED, rest].concat()).outcome())
    }

    #[test]
    fn resets_with_a_wrong_number_and_the_acks_that_refuse_them_are_a_loop() {
        let round = "+0.600 C > S R 110:110(0)\n+0.001 C < S A 51:51(0) ack 101\n";
        assert!(asked(&round.repeat(3)).is_yes());
        assert!(asked(&round.repeat(2)).is_no());
    }

    #[test]
    fn a_reset_that_is_corrected_is_none() {
        let wrong = "+0.600 C > S R 110:110(0)\n+0.001 C < S A 51:51(0) ack 101\n";
        let right = "+0.001 C > S R 101:101(0)\n";
        assert!(asked(&[&wrong.repeat(3), right].concat()).is_yes());
        assert!(asked(&[wrong, right].concat()).is_no());
    }

    #[test]
    fn numbers_that_climb_are_guesses() {
        let guess = |seq: u32| std::format!("+0.100 C > S R {seq}:{seq}(0)\n+0.001 C < S A 51:51(0) ack 101\n");
        assert!(asked(&[guess(110), guess(2_000), guess(4_000)].concat()).is_no());
    }

    #[test]
    fn acks_in_turn_are_a_loop_and_keep_alives_are_none() {
        let acks = "+0.010 C > S A 101:101(0) ack 51\n+0.010 C < S A 51:51(0) ack 101\n";
        assert!(asked(&[&acks.repeat(3), "9.0 C > S RA 101:101(0) ack 51"].concat()).is_yes());
        assert!(asked(&[acks, "9.0 C > S RA 101:101(0) ack 51"].concat()).is_no());
        let probes = "+1.000 C > S A 100:100(0) ack 51\n+0.010 C < S A 51:51(0) ack 101\n";
        assert!(asked(&[&probes.repeat(4), "9.0 C > S RA 101:101(0) ack 51"].concat()).is_no());
    }
}
