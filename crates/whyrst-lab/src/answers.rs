//! Whether verdicts answer each step first with what the scenario says: over what was just played, and over what was
//! recorded before.

use std::net::IpAddr;

use whyrst_core::flow::Side;
use whyrst_core::kernel::KernelWord;
use whyrst_core::outcome::Outcome;
use whyrst_core::verdict::{Confidence, Judgement};

use crate::plug::{ipv4_of, ipv6_of};
use crate::scenario::{Expect, First, Host, Verdicts, View};

/// The first answers in order; equal ones in a row are one.
pub fn firsts<'a>(judgements: impl IntoIterator<Item = &'a Judgement>) -> Vec<First> {
    let mut firsts: Vec<First> = judgements.into_iter().map(First::of_judgement).collect();
    firsts.dedup();
    firsts
}

/// First answers in words.
pub fn words(firsts: &[First]) -> String {
    if firsts.is_empty() {
        return "no reset".into();
    }
    firsts.iter().map(First::to_string).collect::<Vec<_>>().join("; ")
}

/// What one end's capture leads to in one view, where that is not what the scenario says.
pub fn disagreement(expect: &Expect, end: Host, view: View, found: &[First]) -> Option<String> {
    let wanted = expect.firsts(end, view);
    let from = match view {
        View::Packets => "alone",
        View::Kernel | View::Sockets => "with the kernel's word",
    };
    (wanted != found).then(|| {
        let (wanted, found) = (words(&wanted), words(found));
        format!("the {}'s capture {from} should lead to {wanted}; but it led to {found}", end.name())
    })
}

/// What one socket leads to without any packet, where that is not what the scenario says.
///
/// The kernel that sent the RST knows how it was made: the first mechanism is one that its word leads to at one of
/// the ends, or the scenario says which other and why. The kernel that received it knows nothing of that, so then
/// nothing may be sure.
pub fn live_disagreement(expect: &Expect, outcome: &Outcome, judgement: &Judgement) -> Option<String> {
    if !is_between_the_ends(outcome) || never_leaves(expect) {
        return None;
    }
    let first = First::of_judgement(judgement);
    if !matches!(outcome.kernel(), KernelWord::Sent(_)) {
        let reasons = judgement.reasons.iter().map(|reason| reason.confidence);
        let surest = reasons.chain([judgement.mechanism_confidence()]).max();
        let is_sure = surest > Some(Confidence::Possible);
        return is_sure.then(|| format!("the receiver's kernel knows nothing, but its socket leads surely to {first}"));
    }
    let (is_wanted, wanted) = if let Some(but) = expect.exception_of_sockets() {
        (but.firsts.contains(&first), but.firsts.iter().map(First::to_string).collect())
    } else {
        let mechanisms = live_mechanisms(expect);
        (first.mechanism.is_some_and(|one| mechanisms.iter().any(|id| id == one)), mechanisms)
    };
    let wanted = || wanted.join(" or ");
    (!is_wanted).then(|| format!("the sender's socket should lead to {}; but it led to {first}", wanted()))
}

/// The mechanisms that are true at either end, and those that the kernel's word leads to.
fn live_mechanisms(expect: &Expect) -> Vec<String> {
    let of_end = |end| expect.firsts(end, View::Kernel);
    let truths = |end: Host| expect.verdicts(end).firsts();
    let firsts = [Host::Client, Host::Server].into_iter().flat_map(|end| truths(end).into_iter().chain(of_end(end)));
    let mut all: Vec<String> = firsts.filter_map(|first| Some(first.mechanism?.into())).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What a proxy of the play has with others, or with itself, stands in neither capture.
pub fn is_between_the_ends(outcome: &Outcome) -> bool {
    let hosts = [Host::Client, Host::Server].map(|host| [IpAddr::from(ipv4_of(host)), IpAddr::from(ipv6_of(host))]);
    let ends = Side::BOTH.map(|side| outcome.connection().endpoint(side).ip);
    ends.iter().all(|ip| hosts.as_flattened().contains(ip)) && ends[0] != ends[1]
}

/// A RST can be sent and never leave its host: a link that is down, a filter on the way out.
const fn never_leaves(expect: &Expect) -> bool {
    matches!((expect.client, expect.server), (Verdicts::NoReset, Verdicts::NoReset))
}
