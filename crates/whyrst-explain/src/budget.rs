//! How much memory a reading may use, and how its parts share it.

use whyrst_core::tracker::Limits;

/// Resets that wait for what their siblings do later: some 8 MB.
pub const HELD: usize = 2_048;

/// What the program needs itself: its code, and the chunks, reports and rows that are under way.
const PROGRAM: u64 = 20 << 20;
/// A connection with its records, as the tracker keeps it, and its share of the tables.
const PER_CONNECTION: u64 = 1_200;
/// A reset that waits to be reported, with the segments before and after it.
const PER_RESET: u64 = 4_096;
/// What is known of a service, with its share of the table.
const PER_SERVICE: u64 = 512;

/// The memory of one run. It bounds the whole process, so each part gets a share of it, which another does not use when
/// it is free: the shares of what is there at the same time make up the whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget(u64);

impl Budget {
    /// What `memory` leaves beside the program, and a quarter of it in any case.
    pub fn of(memory: u64) -> Self {
        Self(memory.saturating_sub(PROGRAM).max(memory / 4))
    }

    /// The same for each of several that are there at the same time.
    #[must_use]
    pub fn each_of(self, several: usize) -> Self {
        Self(self.0 / several.max(1) as u64)
    }

    /// Bytes of a first look, before anything is followed: when its table grows, the one half as large is there as well.
    pub fn first_look(self) -> usize {
        self.share(2)
    }

    /// Bytes for the names of the flows that are to be followed.
    pub fn noted(self) -> usize {
        self.share(8)
    }

    /// Bytes for counting connections beside a tracker.
    pub fn count(self) -> usize {
        self.share(8)
    }

    /// Bytes for comparing outcomes.
    pub fn incidents(self) -> usize {
        self.share(32)
    }

    /// Bytes of comments that wait until a capture is written once more with them.
    pub fn comments(self) -> usize {
        self.share(12)
    }

    /// Bytes of reports that wait for what stands above them; a text that grows takes up to twice as much.
    pub fn held_text(self) -> usize {
        self.share(24)
    }

    /// Bytes of rows that wait for their file.
    pub fn rows(self) -> usize {
        self.share(12)
    }

    /// Services that a summary counts one by one.
    pub fn services(self) -> usize {
        self.number(32, PER_SERVICE).clamp(1_024, 65_536)
    }

    /// Bytes for the segments that several capture points have of the same connections.
    pub fn segments(self) -> u64 {
        self.0 / 2
    }

    /// The bounds of a tracker, in which `held` resets wait for what their siblings do later.
    pub fn limits(self, held: usize) -> Limits {
        let unsettled = self.number(8, PER_RESET).clamp(256, 65_536);
        Limits {
            connections: self.number(2, PER_CONNECTION).max(16),
            services: self.services(),
            unsettled,
            held: held.min(unsettled / 2),
            closed: (unsettled / 4).clamp(256, 16_384),
            ..Limits::default()
        }
    }

    fn share(self, parts: u64) -> usize {
        self.number(parts, 1)
    }

    fn number(self, parts: u64, octets: u64) -> usize {
        usize::try_from(self.0 / parts / octets).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_that_are_used_at_the_same_time_make_up_the_whole() {
        for memory in [64 << 20, 256 << 20, 2_u64 << 30] {
            let budget = Budget::of(memory);
            let limits = budget.limits(2_048);
            let followed = limits.connections as u64 * PER_CONNECTION
                + (limits.unsettled + limits.held) as u64 * PER_RESET
                + 2 * budget.services() as u64 * PER_SERVICE
                + (budget.noted().max(budget.count()) + budget.incidents() + budget.comments().max(budget.rows()))
                    as u64;
            assert!(PROGRAM + followed <= memory, "{memory}: {followed}");
        }
        assert_eq!(Budget::of(2 << 30).limits(0).services, 65_536, "who has memory is bounded as ever");
    }
}
