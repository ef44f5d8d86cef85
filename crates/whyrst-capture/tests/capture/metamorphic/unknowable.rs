//! What a thinned capture cannot know, and so may say as surely as a whole capture of the same packets does.
//!
//! Each excuse is a class with its ground, never a list of fixtures: what is left of the connection is packet for packet
//! what a whole capture of another event holds, or the claim is true of the wire as well. Whatever shows a gap (numbers,
//! SACK, timers, copies) is no excuse: there the rules have to know.

use whyrst_core::verdict::Confidence;

use super::fixture::{Explained, Heard, Packet, Said, explained_of_packets};
use crate::metamorphic::surer_of_less;

/// Why a claim about less may stand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Excuse {
    /// The claim of the whole capture is this one and something more, which the capture has to show. See [`NARROWER`].
    Narrower,
    /// The first RST was left out, and the claim is about the next one: it is what the capture says without the RSTs
    /// before that.
    AnotherReset,
    /// Nothing is left but the SYNs of one end, which sends them again when it takes no answer, whether none came, its
    /// firewall dropped it (RFC 6298 section 2) or the capture misses it.
    OnlySyns,
    /// A segment that the RST, or an equal one behind it, answers was left out, and no number in the rest shows that it
    /// was ever sent: what a receiver neither takes nor acknowledges moves no number of either end (RFC 9293 section
    /// 3.10.7.4). What is left is a RST that answers nothing, as devices send it, or only what came before. Never
    /// certain, but of the shape that the whole capture names as well.
    AnsweredSegment,
    /// Everything behind the RST was left out, as in a capture that was stopped there: what the sender does next is all
    /// that tells a program with a TCP of its own from one that only scans, or an end from a forger. Never certain.
    WhatFollowed,
}

impl Excuse {
    pub(super) const ALL: [Self; 5] =
        [Self::Narrower, Self::AnotherReset, Self::OnlySyns, Self::AnsweredSegment, Self::WhatFollowed];
}

/// Claims of whole captures that are another claim and something more: step, the narrower claim, the other, and why both
/// are true of the same RST.
const NARROWER: [(&str, &str, &str, &str); 4] = [
    (
        "family",
        "syn-collision",
        "refused",
        "it answers a SYN, as a port without a listener does (RFC 9293 section 3.10.7.1); a collision is that, and another \
         connection on the ports that the capture shows",
    ),
    (
        "family",
        "syn-collision",
        "aborted",
        "its sender had the connection and gives it up at its own next number, as RFC 793 section 3.9 demands for a SYN in \
         the window; a collision is that, and the SYN",
    ),
    (
        "family",
        "syn-collision",
        "last-segment",
        "it answers an ACK of a connection that both ends had closed; a collision is that, and the SYN that drew the ACK",
    ),
    (
        "mechanism",
        "simultaneous-open-missed",
        "closed-port",
        "the kernel had no socket for the SYN, and says so (NO_SOCKET): a missed simultaneous open is that, and a SYN of \
         the refusing end's own, sooner or later",
    ),
];

/// A thinned capture, and one verdict of it.
pub(super) struct Thinned<'a> {
    pub(super) whole: &'a [Explained],
    /// All of them.
    pub(super) packets: &'a [Packet],
    pub(super) left: &'a [Packet],
    pub(super) now: &'a Explained,
}

impl Thinned<'_> {
    /// Why what it claims may stand.
    pub(super) fn excuse(&self, claim: Said, heard: Heard<'_>) -> Option<Excuse> {
        let is_sure = claim.confidence == Confidence::Certain;
        let step_is_open = claim.step != "family" && !is_sure;
        let same_reset = self.same_reset();
        let seen = &self.now.seen;
        let rules = [
            (Excuse::Narrower, same_reset.is_some_and(|before| is_narrower(before, claim))),
            (Excuse::OnlySyns, seen.resets.is_empty() && seen.one_sided && !is_sure),
            (
                Excuse::AnsweredSegment,
                self.train().any(|before| (step_is_open || says(before, claim)) && self.misses_answered(before)),
            ),
            (Excuse::WhatFollowed, step_is_open && seen.followed == 0 && same_reset.is_some_and(was_followed)),
            (Excuse::AnotherReset, same_reset.is_none() && self.is_said_of_that_reset(claim, heard)),
        ];
        rules.into_iter().find_map(|(excuse, holds)| holds.then_some(excuse))
    }

    /// The verdict of the whole capture on the same RST.
    fn same_reset(&self) -> Option<&Explained> {
        let same = |before: &&Explained| {
            self.now.seen.first_reset().is_some() && before.seen.first_reset() == self.now.seen.first_reset()
        };
        self.whole.iter().find(same)
    }

    /// The verdicts of the whole capture that this RST belongs to.
    fn train(&self) -> impl Iterator<Item = &Explained> {
        let reset = self.now.seen.first_reset();
        self.whole.iter().filter(move |before| reset.is_some_and(|reset| before.seen.resets.contains(&reset)))
    }

    fn misses_answered(&self, before: &Explained) -> bool {
        let is_left = |micros: i64| self.left.iter().any(|packet| packet.micros == micros);
        !self.now.seen.has_gap && before.seen.answered.iter().any(|answered| !is_left(*answered))
    }

    /// The whole capture says the same as surely, once the RSTs are left out that came before this one.
    fn is_said_of_that_reset(&self, claim: Said, heard: Heard<'_>) -> bool {
        let Some(this) = self.now.seen.first_reset() else { return false };
        let about = self.whole.iter().filter(|before| before.told.is_about(&self.now.told));
        let earlier: Vec<i64> =
            about.flat_map(|before| &before.seen.resets).copied().filter(|micros| *micros < this).collect();
        let rest: Vec<Packet> =
            self.packets.iter().filter(|packet| !earlier.contains(&packet.micros)).cloned().collect();
        let surer = surer_of_less(&explained_of_packets(&rest, heard), std::slice::from_ref(self.now));
        !earlier.is_empty() && surer.iter().all(|(_, said)| *said != claim)
    }
}

fn is_narrower(before: &Explained, claim: Said) -> bool {
    let is_known = |narrow: &str| {
        NARROWER.iter().any(|(step, it, other, _)| (*step, *it, *other) == (claim.step, narrow, claim.id))
    };
    before.told.steps.iter().any(|said| said.step == claim.step && is_known(said.id))
}

fn says(before: &Explained, claim: Said) -> bool {
    before.told.steps.iter().any(|said| (said.step, said.id) == (claim.step, claim.id))
}

fn was_followed(before: &Explained) -> bool {
    before.seen.followed > 0
}
