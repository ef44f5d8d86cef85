//! Numbers out of bytes that may be too few: every read says `None` instead of panicking.

/// Byte order of the numbers in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    Little,
    Big,
}

impl Order {
    #[inline]
    pub(crate) fn u16(self, octets: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(octets),
            Self::Big => u16::from_be_bytes(octets),
        }
    }

    #[inline]
    pub(crate) fn u32(self, octets: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(octets),
            Self::Big => u32::from_be_bytes(octets),
        }
    }

    pub(crate) fn i64(self, octets: [u8; 8]) -> i64 {
        match self {
            Self::Little => i64::from_le_bytes(octets),
            Self::Big => i64::from_be_bytes(octets),
        }
    }

    #[inline]
    pub(crate) fn u16_at(self, bytes: &[u8], at: usize) -> Option<u16> {
        array_at(bytes, at).map(|octets| self.u16(octets))
    }

    #[inline]
    pub(crate) fn u32_at(self, bytes: &[u8], at: usize) -> Option<u32> {
        array_at(bytes, at).map(|octets| self.u32(octets))
    }
}

/// The `N` bytes that begin at `at`.
#[inline]
pub(crate) fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// A number in network byte order.
#[inline]
pub(crate) fn be16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Order::Big.u16_at(bytes, at)
}

/// A number in network byte order.
#[inline]
pub(crate) fn be32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Order::Big.u32_at(bytes, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_not_all_there_is_none() {
        assert_eq!(be16_at(&[1, 2, 3], 1), Some(0x0203));
        assert_eq!(be16_at(&[1, 2, 3], 2), None);
        assert_eq!(be32_at(&[1, 2, 3], usize::MAX), None);
        assert_eq!(Order::Little.u32_at(&[1, 2, 3, 4], 0), Some(0x0403_0201));
    }
}
