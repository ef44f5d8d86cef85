//! A flood, folded: the first of each kind and second are reported, the rest are counted, and the count is
//! reported when the second is over. Nothing is lost from the counts.
//!
//! Everything here has a bound, for a flood may be of resets that are all unlike: so many are reported one by one in a
//! second, so many kinds are distinguished. Beyond that only what resets of a [`Crowd`] have in common is kept, and
//! where that is like nothing that was reported they are only counted. Half of what may be reported is kept for network
//! namespaces that had little of it ([`Allowance`]): the flood of one does not hide what happens in another.
//!
//! Folding happens before names and processes are looked up: that is what keeps a flood cheap.
//!
//! The facts behind it: docs/internals/probe.md#floods.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use whyrst_core::segment::Endpoint;
use whyrst_core::socket::{Listening, SocketReset, Told};
use whyrst_core::time::Span;

use crate::aggregate::Aggregate;
use crate::event::{Event, Tracepoint};
use crate::layout::{FROM_CLOSED, HAS_TRIGGER};

/// So many of one kind are reported in a second.
const REPORTED: u64 = 5;
/// So many of all kinds: more than anybody reads, and what their names and reports cost stays a share of a second.
const REPORTED_IN_ALL: u64 = 256;
/// So many of these are kept for network namespaces that had few reported in this second.
const RESERVED: u64 = REPORTED_IN_ALL / 2;
/// What a namespace may take of the rest of the reserve: a part of so many.
const PARTS: u64 = 8;
/// With more events than this in a second, ports no longer make a difference: a scan has many.
const MANY: u64 = 2_000;
/// Kinds that are distinguished within a second.
const KINDS: usize = 4_096;
/// Crowds that are distinguished beside them.
const CROWDS: usize = 1_024;
/// All of them, with those of which one is reported.
const MOST_FOLDS: usize = KINDS + CROWDS + 256;
/// Reported resets that are remembered, in case more of their kind come.
const REMEMBERED: usize = 512;
const WINDOW: Duration = Duration::from_secs(1);
/// What the kernel side counted comes a second or two after the one that it reported.
const RECENT: Duration = Duration::from_secs(4);
/// The other half of a reset that was folded may come so much later.
const AFTERMATH: Duration = Duration::from_secs(2);

/// Resets beyond those that were reported one by one.
#[derive(Clone, Debug)]
pub struct FoldedResets {
    /// The last one of the kind that was reported.
    pub like: SocketReset,
    /// How many more there were.
    pub count: u64,
    /// In how long.
    pub within: Span,
}

/// What became of a second's folded resets.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    pub(crate) alike: Vec<FoldedResets>,
    /// Further RSTs of connections whose reset was reported.
    pub(crate) later: u64,
    /// Resets that are like nothing that was reported.
    pub(crate) unlike: u64,
}

/// What makes resets equal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Key {
    crowd: Crowd,
    owner: u32,
    /// The end with the lower port: the service, mostly.
    service: Endpoint,
}

/// What resets of many services and owners have in common.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Crowd {
    sent: bool,
    reason: Option<u32>,
    state: u32,
    /// Of its marks and of the segment that it answers: `struct aggregate` of `bpf/event.h`.
    form: u32,
    netns: u32,
}

impl Crowd {
    /// An answer to a segment that met no connection is explained by reason, state and form alone; an abort by who
    /// made it and how, which differs within a crowd.
    const fn explains_itself(&self) -> bool {
        self.sent && self.form & HAS_TRIGGER != 0 && self.form & FROM_CLOSED == 0
    }
}

#[derive(Debug, Default)]
struct Fold {
    seen: u64,
    folded: u64,
}

/// What is remembered of a kind of which one was reported.
#[derive(Debug)]
struct Recent {
    at: Instant,
    /// `None` where it turned out to belong to a reset that was reported before.
    like: Option<Arc<SocketReset>>,
}

/// How many resets are reported one by one in this second, and whose.
#[derive(Debug, Default)]
struct Allowance {
    admitted: u64,
    /// By network namespace: never more than were admitted.
    by_netns: HashMap<u32, u64>,
}

impl Allowance {
    /// Whether one more of this namespace may be reported: whoever comes first has one half, and of the other half
    /// each takes less the less is left; the first one of a namespace always has its place while there is any.
    fn has_room(&self, netns: u32) -> bool {
        let left = REPORTED_IN_ALL.saturating_sub(self.admitted);
        let had = self.by_netns.get(&netns).copied().unwrap_or_default();
        left > RESERVED || (left > 0 && had == 0) || had < left / PARTS
    }

    fn take(&mut self, netns: u32) {
        self.admitted += 1;
        *self.by_netns.entry(netns).or_default() += 1;
    }
}

/// Counts by kind within one second.
#[derive(Debug)]
pub(crate) struct Folding {
    began: Instant,
    /// Events of this second.
    total: u64,
    /// Of these, those that were admitted.
    allowance: Allowance,
    /// The same, of those that matter most.
    preferred: u64,
    folds: HashMap<Key, Fold>,
    /// Of more crowds than are distinguished.
    beyond: u64,
    /// Resets that were reported without their other end, which may have been folded.
    unmatched: u64,
    /// What was reported in the last seconds.
    recent: HashMap<Key, Recent>,
    folded_last: Option<Instant>,
}

impl Folding {
    pub(crate) fn beginning(now: Instant) -> Self {
        Self {
            began: now,
            total: 0,
            allowance: Allowance::default(),
            preferred: 0,
            folds: HashMap::new(),
            beyond: 0,
            unmatched: 0,
            recent: HashMap::new(),
            folded_last: None,
        }
    }

    /// The kind of `event`.
    pub(crate) fn key(&self, event: &Event) -> Key {
        let (local, remote) = (event.tuple.local, event.tuple.remote);
        let mut service = if local.port <= remote.port { local } else { remote };
        if self.total > MANY {
            service.port = 0;
        }
        let crowd = Crowd {
            sent: event.tracepoint == Tracepoint::Sent,
            reason: event.reason,
            state: event.state,
            form: event.form(),
            netns: event.tuple.netns,
        };
        Key { crowd, owner: event.owner.pid, service }
    }

    /// Counts an event of this kind, and says whether it is to be reported by itself.
    pub(crate) fn admits(&mut self, key: &Key, now: Instant) -> bool {
        // Room among the kinds is no condition: those that are admitted are few.
        if !self.allowance.has_room(key.crowd.netns) {
            self.fold(key, now);
            return false;
        }
        let admits = self.is_among_the_first(key, now);
        if admits {
            self.allowance.take(key.crowd.netns);
        }
        admits
    }

    /// The same for one that matters most: a flood of others takes none of its places.
    pub(crate) fn admits_preferred(&mut self, key: &Key, now: Instant) -> bool {
        if self.preferred >= REPORTED_IN_ALL {
            self.fold(key, now);
            return false;
        }
        let admits = self.is_among_the_first(key, now);
        self.preferred += u64::from(admits);
        admits
    }

    /// Counts it, and says whether it is among the first of its kind in this second.
    fn is_among_the_first(&mut self, key: &Key, now: Instant) -> bool {
        self.total += 1;
        let fold = self.folds.entry(key.clone()).or_default();
        fold.seen += 1;
        if fold.seen > REPORTED {
            fold.folded += 1;
            self.folded_last = Some(now);
            return false;
        }
        self.keep(key, Recent { at: now, like: None });
        true
    }

    /// Counts an event of this kind that cannot be reported by itself.
    pub(crate) fn fold(&mut self, key: &Key, now: Instant) {
        self.total += 1;
        self.folded_last = Some(now);
        self.count(key.clone(), 1);
    }

    /// What the kernel side only counted.
    pub(crate) fn add(&mut self, aggregate: &Aggregate, count: u64) {
        let Aggregate { reason, state, form, netns, owner, service, .. } = *aggregate;
        let crowd = Crowd { sent: aggregate.tracepoint == Tracepoint::Sent, reason, state, form, netns };
        self.count(Key { crowd, owner, service }, count);
    }

    fn count(&mut self, key: Key, count: u64) {
        let is_known = self.folds.contains_key(&key);
        let key = match self.folds.len() {
            _ if is_known => key,
            ..KINDS => key,
            _ => Key { owner: 0, service: Endpoint::new([0, 0, 0, 0].into(), 0), ..key },
        };
        if self.folds.len() >= MOST_FOLDS && !self.folds.contains_key(&key) {
            self.beyond += count;
            return;
        }
        let fold = self.folds.entry(key).or_default();
        fold.seen += count;
        fold.folded += count;
    }

    /// Remembers what the folded ones are like.
    pub(crate) fn remember(&mut self, key: &Key, reset: &SocketReset, now: Instant) {
        self.unmatched += u64::from(reset.peer.is_none() && reset.event.told != Told::Received);
        self.keep(key, Recent { at: now, like: Some(Arc::new(reset.clone())) });
    }

    /// What a kind is like is not forgotten for one that is like nothing.
    fn keep(&mut self, key: &Key, mut fresh: Recent) {
        if self.recent.len() >= REMEMBERED && !self.recent.contains_key(key) {
            self.recent.retain(|_, recent| fresh.at.duration_since(recent.at) < WINDOW);
            if self.recent.len() >= REMEMBERED {
                return;
            }
        }
        let before = self.recent.remove(key).and_then(|before| before.like);
        fresh.like = fresh.like.or(before);
        self.recent.insert(key.clone(), fresh);
    }

    fn known(&self, key: &Key) -> Option<&Recent> {
        let any_port = Key { service: Endpoint::new(key.service.ip, 0), ..key.clone() };
        self.recent.get(key).or_else(|| self.recent.get(&any_port))
    }

    /// Something that was reported, as like as can be had.
    fn similar(&self, crowd: &Crowd) -> Option<&SocketReset> {
        let of_crowd = self.recent.iter().filter(|(key, _)| crowd.explains_itself() && key.crowd == *crowd);
        let mut likes = of_crowd.filter_map(|(_, recent)| recent.like.as_deref());
        // Where somebody listens at another address is true of one service.
        likes.find(|like| !matches!(like.event.account.listening, Listening::At(_)))
    }

    /// Whether the other half of an event may have been counted instead of reported.
    pub(crate) fn is_folding(&self, now: Instant) -> bool {
        self.folded_last.is_some_and(|last| now.duration_since(last) < AFTERMATH)
    }

    /// What was folded, when the second is over.
    pub(crate) fn finish(&mut self, now: Instant) -> Option<Folded> {
        (now.duration_since(self.began) >= WINDOW).then(|| self.flush(now))
    }

    /// The same, before the second is over.
    pub(crate) fn flush(&mut self, now: Instant) -> Folded {
        let within = span(now.duration_since(self.began));
        (self.began, self.total, self.allowance, self.preferred) = (now, 0, Allowance::default(), 0);
        let mut folds = std::mem::take(&mut self.folds);
        folds.retain(|_, fold| fold.folded > 0);
        let sent: HashSet<Endpoint> = folds.keys().filter(|key| key.crowd.sent).map(|key| key.service).collect();
        let mut folded = Folded { unlike: std::mem::take(&mut self.beyond), ..Folded::default() };
        let mut crowds: HashMap<Crowd, u64> = HashMap::new();
        for (key, Fold { folded: count, .. }) in folds {
            match self.known(&key) {
                // Both ends on one host: the sender's count is the one.
                Some(_) if !key.crowd.sent && sent.contains(&key.service) => {}
                Some(Recent { like: Some(like), .. }) => {
                    folded.alike.push(FoldedResets { like: SocketReset::clone(like), count, within });
                }
                Some(Recent { like: None, .. }) => folded.later += count,
                None => *crowds.entry(key.crowd).or_default() += count,
            }
        }
        // Of crowds the same, as far as there are so many of either.
        let of_crowds: u64 = crowds.iter().filter(|(crowd, _)| crowd.sent).map(|(_, count)| *count).sum();
        let mut other_ends = of_crowds + std::mem::take(&mut self.unmatched);
        for (crowd, mut count) in crowds {
            if !crowd.sent {
                let of_sent = count.min(other_ends);
                (count, other_ends) = (count - of_sent, other_ends - of_sent);
            }
            match self.similar(&crowd) {
                Some(like) if count > 0 => folded.alike.push(FoldedResets { like: like.clone(), count, within }),
                _ => folded.unlike += count,
            }
        }
        self.recent.retain(|_, recent| now.duration_since(recent.at) < RECENT);
        folded
    }
}

fn span(duration: Duration) -> Span {
    Span::from_nanos(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
impl Default for Key {
    fn default() -> Self {
        Self::of_test(0, 0)
    }
}

#[cfg(test)]
impl Key {
    /// An answer to a SYN for this port, or whatever has this form.
    fn of_test(port: u16, form: u32) -> Self {
        let crowd = Crowd { sent: true, reason: None, state: 0, form, netns: 0 };
        Self { crowd, owner: 0, service: Endpoint::new([10, 0, 0, 1].into(), port) }
    }
}

#[cfg(test)]
mod tests {
    use whyrst_core::segment::Endpoint;
    use whyrst_core::socket::{Account, SocketEvent};
    use whyrst_core::time::Timestamp;

    use super::*;

    /// Answers a segment that met no connection.
    const ANSWER: u32 = HAS_TRIGGER;
    const ABORT: u32 = 0;

    fn reset() -> SocketReset {
        let end = Endpoint::new([10, 0, 0, 1].into(), 1);
        let event = SocketEvent {
            time: Timestamp::default(),
            told: Told::Received,
            local: end,
            remote: end,
            trigger: None,
            account: Account::default(),
        };
        SocketReset { event, peer: None, unsent: false }
    }

    /// A second of `count` resets, each of a port of its own; how many were reported, and what became of the others.
    fn second(folding: &mut Folding, now: Instant, count: u32, form: u32) -> (u64, Folded) {
        let mut reported = 0;
        for number in 0..count {
            let port = u16::try_from(number % 60_000).unwrap();
            let mut key = Key::of_test(port, form);
            key.owner = number;
            if folding.admits(&key, now) {
                reported += 1;
                folding.remember(&key, &reset(), now);
            }
        }
        (reported, folding.finish(now + WINDOW).expect("the second is over"))
    }

    #[test]
    fn unlike_resets_are_bounded_and_none_is_lost_from_the_counts() {
        let now = Instant::now();
        for (form, told_alike) in [(ANSWER, true), (ABORT, false)] {
            let mut folding = Folding::beginning(now);
            let (reported, folded) = second(&mut folding, now, 100_000, form);
            let alike: u64 = folded.alike.iter().map(|more| more.count).sum();
            assert_eq!(reported + alike + folded.unlike + folded.later, 100_000);
            assert_eq!(reported, REPORTED_IN_ALL - RESERVED, "one namespace has half");
            assert_eq!(alike > 0, told_alike, "an abort among many unlike ones is not called like another");
            assert!(folding.recent.len() <= REMEMBERED);
        }
    }

    /// One in each of `namespaces`, after a flood of unlike aborts in one that took all it could; and the counts.
    fn beside_a_flood(namespaces: u32) -> (u32, u64) {
        let now = Instant::now();
        let mut folding = Folding::beginning(now);
        let of = |netns, owner| {
            let mut key = Key::of_test(443, ABORT);
            (key.crowd.netns, key.owner) = (netns, owner);
            key
        };
        let mut admitted = 0;
        let mut take = |folding: &mut Folding, key: Key| {
            let admits = folding.admits(&key, now);
            if admits {
                admitted += 1;
                folding.remember(&key, &reset(), now);
            }
            admits
        };
        for owner in 0..50_000 {
            take(&mut folding, of(0, owner));
        }
        let calm = (1..=namespaces).filter(|netns| take(&mut folding, of(*netns, 1))).count();
        // The flood goes on, and what is remembered of the others stays.
        for owner in 50_000..60_000 {
            take(&mut folding, of(0, owner));
        }
        let remembered = (1..=namespaces).filter(|netns| folding.known(&of(*netns, 1)).is_some()).count();
        assert_eq!(remembered, calm);
        let folded = folding.finish(now + WINDOW).expect("the second is over");
        let alike: u64 = folded.alike.iter().map(|more| more.count).sum();
        (u32::try_from(calm).unwrap(), admitted + alike + folded.unlike + folded.later)
    }

    #[test]
    fn the_flood_of_one_namespace_hides_no_reset_of_another() {
        for namespaces in [1, 20, 100] {
            assert_eq!(beside_a_flood(namespaces), (namespaces, 60_000 + u64::from(namespaces)));
        }
        let (calm, counted) = beside_a_flood(1_000);
        assert!(calm >= 100, "as many as there is room for: {calm}");
        assert_eq!(counted, 61_000);
    }

    #[test]
    fn several_floods_leave_each_namespace_its_place() {
        let mut allowance = Allowance::default();
        let mut had = |netns: u32| {
            let has_room = allowance.has_room(netns);
            if has_room {
                allowance.take(netns);
            }
            has_room
        };
        for _ in 0..10_000 {
            let _floods: u32 = (0..8).map(|flooding| u32::from(had(flooding))).sum();
        }
        assert!((8..70).all(&mut had), "sixty others have one each");
        assert!(allowance.admitted <= REPORTED_IN_ALL);
    }

    #[test]
    fn a_flood_of_others_takes_no_place_of_what_matters_most() {
        let now = Instant::now();
        let mut folding = Folding::beginning(now);
        for number in 0..2 * u32::try_from(KINDS).unwrap() {
            folding.admits(&Key { owner: number, ..Key::of_test(1, ABORT) }, now);
        }
        let ours = Key { owner: u32::MAX, ..Key::of_test(2, ABORT) };
        assert!(!folding.admits(&ours, now));
        let reported = (0..10).filter(|_| folding.admits_preferred(&ours, now)).count();
        assert_eq!(u64::try_from(reported).unwrap(), REPORTED, "as if nothing else had come");
    }

    #[test]
    fn kinds_and_crowds_beyond_their_bound_are_still_counted() {
        let now = Instant::now();
        let mut folding = Folding::beginning(now);
        for number in 0..20_000_u32 {
            folding.fold(&Key::of_test(1, number << 8), now);
        }
        assert!(folding.folds.len() <= MOST_FOLDS);
        assert_eq!(folding.flush(now).unlike, 20_000);
    }

    #[test]
    fn a_fold_begins_when_counting_began() {
        let now = Instant::now();
        let mut folding = Folding::beginning(now);
        let key = Key::default();
        assert!(folding.admits(&key, now));
        folding.remember(&key, &reset(), now);
        for _ in 0..10 {
            folding.admits(&key, now);
        }
        let folded = folding.finish(now + Duration::from_millis(1_250)).unwrap();
        let [more] = folded.alike.as_slice() else { panic!("one kind: {folded:?}") };
        assert_eq!((more.count, more.within), (6, Span::from_millis(1_250)));
    }

    #[test]
    fn further_answers_of_a_reported_connection_are_no_resets_of_their_own() {
        let now = Instant::now();
        let mut folding = Folding::beginning(now);
        let key = Key::default();
        for _ in 0..10 {
            folding.admits(&key, now);
        }
        let folded = folding.flush(now);
        assert_eq!((folded.alike.len(), folded.later, folded.unlike), (0, 5, 0));
    }

    #[test]
    fn silence_means_nothing_for_a_while_after_something_was_folded() {
        let now = Instant::now();
        let mut folding = Folding::beginning(now);
        assert!(!folding.is_folding(now));
        folding.fold(&Key::default(), now);
        folding.flush(now);
        assert!(folding.is_folding(now + WINDOW) && !folding.is_folding(now + 2 * AFTERMATH));
    }
}
