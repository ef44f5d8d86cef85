//! Sequence numbers (RFC 9293 section 3.4): a circle of 2^32, where "less" means "within half a
//! turn behind". An observer meets any two numbers whatever, so nothing here can panic.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A position in one direction's sequence space.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[serde(transparent)]
pub struct Seq(u32);

borrows_nothing!(Seq);

impl Seq {
    /// From the number in the header.
    #[inline]
    pub const fn new(raw: u32) -> Self {
        Self(raw)
    }

    /// The number as it stands in the header.
    #[inline]
    pub const fn raw(self) -> u32 {
        self.0
    }

    /// This position moved forward by `bytes`.
    #[must_use]
    #[inline]
    pub const fn add(self, bytes: u32) -> Self {
        Self(self.0.wrapping_add(bytes))
    }

    /// This position moved back by `bytes`.
    #[must_use]
    #[inline]
    pub const fn sub(self, bytes: u32) -> Self {
        Self(self.0.wrapping_sub(bytes))
    }

    /// Signed distance from `other` to here: positive when this is after `other`.
    #[expect(
        clippy::cast_possible_wrap,
        reason = "the sign of the wrapped difference is the order, RFC 9293 section 3.4"
    )]
    #[inline]
    pub const fn diff(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0) as i32
    }

    /// Forward distance from `start` to here, 0 to 2^32 - 1: the relative number Wireshark shows.
    #[inline]
    pub const fn relative_to(self, start: Self) -> u32 {
        self.0.wrapping_sub(start.0)
    }

    /// Whether this is strictly after `other`.
    #[inline]
    pub const fn after(self, other: Self) -> bool {
        self.diff(other) > 0
    }

    /// Whether this is strictly before `other`.
    #[inline]
    pub const fn before(self, other: Self) -> bool {
        self.diff(other) < 0
    }

    /// The later of the two.
    #[must_use]
    #[inline]
    pub const fn max(self, other: Self) -> Self {
        if self.after(other) { self } else { other }
    }

    /// Whether this lies in the `size` bytes that begin at `start`.
    #[inline]
    pub const fn in_window(self, start: Self, size: u32) -> bool {
        self.relative_to(start) < size
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn order_goes_around_the_wrap() {
        let before = Seq::new(u32::MAX - 3);
        let after = before.add(10);
        assert_eq!(after.raw(), 6);
        assert!(after.after(before) && before.before(after));
        assert_eq!(after.diff(before), 10);
        assert_eq!(before.max(after), after);
        assert!(Seq::new(2).in_window(before, 10));
        assert!(!Seq::new(6).in_window(before, 10));
    }

    proptest! {
        #[test]
        fn any_two_numbers_can_be_compared(a: u32, b: u32, n: u32) {
            let (a, b) = (Seq::new(a), Seq::new(b));
            prop_assert_eq!(a.add(n).sub(n), a);
            prop_assert_eq!(b.add(a.relative_to(b)), a);
            prop_assert!(!(a.after(b) && a.before(b)));
        }
    }
}
