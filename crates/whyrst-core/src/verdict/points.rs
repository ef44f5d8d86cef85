//! Of several points' outcomes of one connection, the one that is reported.

use alloc::vec::Vec;

use super::{Confidence, Judge};
use crate::outcome::Outcome;
use crate::time::Timestamp;
use crate::vantage::{Taken, Version, join};

/// What several points say together.
#[derive(Debug)]
pub struct Together {
    /// One outcome for each connection, in the order of the first RST.
    pub outcomes: Vec<Outcome>,
    /// For each point, how many connections it has in common with another one: those that ended badly,
    /// and some of the others between the same hosts.
    pub shared: Vec<u64>,
}

/// Joins what was taken at several points, whose order is that of naming, and decides for each connection
/// whose outcome is reported.
pub fn of_points(taken: &[Taken]) -> Together {
    let joint = join(taken);
    let mut judge = Judge::default();
    let mut chosen: Vec<(Timestamp, Outcome)> =
        joint.connections().map(|versions| choose(versions, &mut judge)).collect();
    chosen.sort_by_key(|(time, _)| *time);
    Together { outcomes: chosen.into_iter().map(|(_, outcome)| outcome).collect(), shared: joint.shared().to_vec() }
}

/// That of the point whose capture says most of the RST. What the others say beside it, as surely as
/// *likely*, is noted as a rival: one of the captures is incomplete then.
fn choose(mut versions: Vec<Version>, judge: &mut Judge) -> (Timestamp, Outcome) {
    let mut verdicts: Vec<Verdict> = versions.iter().map(|version| Verdict::of(&version.outcome, judge)).collect();
    // The first of the best.
    let best = (0..verdicts.len()).rev().max_by_key(|at| verdicts[*at].confidence).unwrap_or(0);
    let (Version { mut outcome, time }, verdict) = (versions.swap_remove(best), verdicts.swap_remove(best));
    let rivals = verdicts.iter().filter(|other| other.confidence >= Confidence::Likely && other.cause != verdict.cause);
    if let Some(joined) = &mut outcome.incarnation_mut().joined {
        joined.rivals = rivals.filter_map(|other| other.cause).collect();
    }
    (time, outcome)
}

/// As much of a judgement as two of them are compared by.
struct Verdict {
    confidence: Confidence,
    cause: Option<&'static str>,
}

impl Verdict {
    fn of(outcome: &Outcome, judge: &mut Judge) -> Self {
        let judgement = judge.judge(outcome);
        Self { confidence: judgement.confidence, cause: judgement.cause.map(|cause| cause.id) }
    }
}
