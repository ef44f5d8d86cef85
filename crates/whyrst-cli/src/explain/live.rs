//! Reading frame by frame, on one thread: for pipes that somebody still writes to, where the verdict
//! is wanted at once, and for who wants to see each frame that is passed over.

use std::time::{Duration, Instant, SystemTime};

use whyrst_capture::{CaptureSet, Reason, Step, sighting};
use whyrst_core::observation::Seen;
use whyrst_core::time::{Span, Timestamp};
use whyrst_core::tracker::Tracker;
use whyrst_core::verdict::Judge;

use super::following::Following;
use super::source::complain_of_interrupt;
use super::workers::{BATCH, Workers};
use crate::interrupt::Interrupt;
use crate::output;
use crate::progress::Progress;

/// A pipe is taken for live when its packets are not older than this.
const LIVE_WITHIN: Span = Span::from_secs(10);
/// On a live pipe a verdict does not wait longer for what may follow.
const LIVE_SETTLES_AFTER: Span = Span::from_millis(50);
/// A live pipe that is silent for so long is used to print what has settled.
const LIVE_PATIENCE: Duration = Duration::from_millis(20);
/// How often progress is looked at.
const PROGRESS_EVERY: u64 = 256;

/// Whether each frame that is passed over is named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PassedOver {
    Named,
    Counted,
}

/// Follows every connection; says how many files could not be read to their end.
pub(super) fn follow(
    captures: &mut CaptureSet,
    progress: &mut Progress,
    workers: &Workers<'_>,
    following: &mut Following,
    passed_over: PassedOver,
    interrupt: &Interrupt,
) -> usize {
    captures.idle_after(LIVE_PATIENCE);
    let mut live = Live::new(captures);
    let (mut steps, mut unread) = (0u64, 0);
    let mut judge = Judge::default();
    let mut report_batch = |following: &mut Following| {
        loop {
            let endings: Vec<_> = std::iter::from_fn(|| following.tracker.next_settled()).take(BATCH).collect();
            let last = endings.len() < BATCH;
            let wanted = workers.report(endings, &mut judge);
            if !wanted || last {
                return wanted;
            }
        }
    };
    loop {
        match captures.next() {
            Ok(Step::Observation(seen)) => {
                live.saw(seen.time, &mut following.tracker);
                following.tracker.observe(&seen);
                if let Seen::Segment(segment) = &seen.what {
                    following.census.saw(&sighting(segment, seen.time, &following.names));
                }
            }
            Ok(Step::PassedOver(frame, reason)) => {
                // What the filter leaves out is no loss: its number stands at the end.
                if passed_over == PassedOver::Named && reason != Reason::LeftOut {
                    let file = captures.names().nth(frame.file() as usize).unwrap_or("-");
                    output::remark(&format!("frame {frame} of {file} passed over: {reason}"));
                }
            }
            Ok(Step::Idle) if interrupt.came() => {
                // A live pipe ends this way; any other was to be read to its end.
                if !live.is_live() {
                    unread += 1;
                    complain_of_interrupt(captures.counts().frames);
                }
                break;
            }
            Ok(Step::Idle) => live.passes(&mut following.tracker),
            Ok(Step::End) => break,
            Err(error) => {
                unread += 1;
                output::complain(&error.into());
            }
        }
        if following.tracker.has_settled() {
            if !report_batch(following) {
                return unread;
            }
            if live.is_live() {
                workers.flush();
            }
        }
        steps += 1;
        if steps.is_multiple_of(PROGRESS_EVERY) {
            progress.at(captures.position());
            // What a live pipe still holds is read: who fills it was interrupted as well.
            if interrupt.came() && !live.is_live() {
                unread += 1;
                complain_of_interrupt(captures.counts().frames);
                break;
            }
        }
    }
    following.tracker.finish();
    report_batch(following);
    unread
}

/// Keeps the tracker's time going while a live pipe is silent.
struct Live {
    /// The packet time last seen and when it was seen; `None` until packets prove to be fresh.
    last: Option<(Timestamp, Instant)>,
    pipe: bool,
    decided: bool,
}

impl Live {
    /// No plain file is live.
    fn new(captures: &CaptureSet) -> Self {
        Self { last: None, pipe: captures.may_fall_silent(), decided: false }
    }

    fn saw(&mut self, time: Timestamp, tracker: &mut Tracker) {
        if !self.pipe {
            return;
        }
        if !self.decided {
            self.decided = true;
            self.pipe = wall_clock().since(time).abs() < LIVE_WITHIN;
            if self.pipe {
                tracker.settle_after(LIVE_SETTLES_AFTER);
            }
        }
        self.last = Some((time, Instant::now()));
    }

    const fn is_live(&self) -> bool {
        self.decided && self.pipe
    }

    fn passes(&self, tracker: &mut Tracker) {
        if let (true, Some((time, seen))) = (self.pipe, self.last) {
            let elapsed = i64::try_from(seen.elapsed().as_nanos()).unwrap_or(i64::MAX);
            tracker.advance(time.plus(Span::from_nanos(elapsed)));
        }
    }
}

fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
