//! What has to be said of captures when they were read: what was passed over, what was cut, what was forgotten.

use std::collections::BTreeMap;

use whyrst_capture::{CaptureSet, Counts, Note};
use whyrst_core::census::Census;
use whyrst_core::report::escape::escape_name;
use whyrst_core::report::summary::Reading;
use whyrst_core::tracker::{self, Tracker};

/// Files of directories that are named when they are passed over; the rest is counted.
const OTHERS: usize = 20;

/// What has to be said of `captures`, whose files are called `files`; `more` was counted beside them.
pub fn of(captures: &CaptureSet, more: &Counts, files: Vec<String>) -> Reading {
    let mut counts = captures.counts();
    counts += more;
    let remarks = counts.remarks().map(|(count, remark)| format!("{count} {remark}"));
    let several = captures.names().len() > 1;
    let notes = captures.readings().flat_map(|reading| {
        let name = captures.names().nth(reading.file as usize).filter(|_| several);
        let place = name.map_or_else(String::new, |name| format!("{name}: "));
        reading.notes.iter().map(|note| format!("{place}{note}")).collect::<Vec<_>>()
    });
    let others = captures.others();
    let beyond = others.len().saturating_sub(OTHERS);
    let others = others.iter().take(OTHERS).map(|other| format!("passed over: {other}"));
    let others =
        others.chain((beyond > 0).then(|| format!("passed over: {beyond} more files that cannot be read as captures")));
    Reading {
        files,
        frames: counts.frames,
        passed_over: counts.reasons().map(|(reason, n)| (reason.name(), reason.sentence(), n)).collect(),
        asked: BTreeMap::new(),
        notes: remarks.chain(notes).chain(others).map(|note| escape_name(&note)).collect(),
    }
}

/// The files that became shorter while they were read, by their numbers.
pub fn shrunk(captures: &CaptureSet) -> impl Iterator<Item = (u32, Note)> {
    let shrank = |note: &&Note| matches!(note, Note::Shrank { .. });
    captures.readings().filter_map(move |reading| Some((reading.file, reading.notes.iter().find(shrank)?.clone())))
}

/// What `tracker` counted of `segments`, and `census` beside it; what is not exact is said in `reading`.
pub fn counted(reading: &mut Reading, tracker: &Tracker, census: &Census, segments: u64) -> tracker::Counts {
    reading.asked = tracker.asked_of_services().collect();
    say_what_is_not_exact(reading, census.forgotten());
    tracker::Counts { connections: census.connections(), segments, ..tracker.counts() }
}

/// Says that so many connections may have been counted twice.
pub fn say_what_is_not_exact(reading: &mut Reading, forgotten: u64) {
    if forgotten > 0 {
        reading.notes.push(format!(
            "{forgotten} connections went on when their number had been forgotten to stay within the memory bound, or \
             might have: there may be fewer connections than counted"
        ));
    }
}
