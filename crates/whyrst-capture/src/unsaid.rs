//! What the source of a frame did not say: nothing for what was captured, much for what was printed.
//!
//! A text is read as packets (`printed`) that have something in every field; what stands there for want of anything better
//! is taken back here, where the observation is made.

use whyrst_core::observation::Seen;
use whyrst_core::segment::{Assumed, Flags, IpKind, OptionSet, Segment};

use crate::counts::{Counts, Reason};
use crate::dissect;

/// What the source of a frame did not say, as a set. Empty for what was captured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Unsaid(u16);

impl Unsaid {
    /// All is there.
    pub const NOTHING: Self = Self(0);
    /// Hops left.
    pub(crate) const TTL: Self = Self(1);
    /// Identification or flow label.
    pub(crate) const ID: Self = Self(1 << 1);
    /// DSCP and ECN.
    pub(crate) const CLASS: Self = Self(1 << 2);
    /// The "don't fragment" bit.
    pub(crate) const DONT_FRAGMENT: Self = Self(1 << 3);
    /// The TCP checksum.
    pub(crate) const CHECKSUM: Self = Self(1 << 4);
    /// Who printed the checksum found it right.
    pub(crate) const CHECKSUM_RIGHT: Self = Self(1 << 5);
    /// Who printed the checksum found it wrong.
    pub(crate) const CHECKSUM_WRONG: Self = Self(1 << 6);
    /// The sequence number.
    pub(crate) const SEQ: Self = Self(1 << 7);
    /// Where the numbers begin.
    pub(crate) const BASE: Self = Self(1 << 8);
    /// The window.
    pub(crate) const WINDOW: Self = Self(1 << 9);
    /// Whether there are more options.
    pub(crate) const OPTIONS: Self = Self(1 << 10);
    /// Payload.
    pub(crate) const PAYLOAD: Self = Self(1 << 11);
    /// It was text: nothing else need be missing.
    pub(crate) const PRINTED: Self = Self(1 << 15);

    pub(crate) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    /// Whether all of `other` is unsaid.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether the source was text.
    #[inline]
    pub(crate) const fn is_anything(self) -> bool {
        self.0 != 0
    }

    /// What the IP packet in `bytes` shows, without what it has only because a packet must have something there.
    #[inline]
    pub(crate) fn packet<'a>(self, bytes: &'a [u8], wire: usize, counts: &mut Counts) -> Result<Seen<'a>, Reason> {
        if self.is_anything() { self.printed(bytes, wire) } else { dissect::packet(bytes, wire, counts) }
    }

    /// What is odd about a packet that is made of text is no oddity of a capture.
    #[cold]
    fn printed(self, bytes: &[u8], wire: usize) -> Result<Seen<'_>, Reason> {
        let mut seen = dissect::packet(bytes, wire, &mut Counts::default())?;
        if let Seen::Segment(segment) = &mut seen {
            self.take_back(segment);
        }
        Ok(seen)
    }

    /// Takes back what `segment` has only because a packet must have something there.
    pub(crate) fn take_back(self, segment: &mut Segment<'_>) {
        let ip = &mut segment.ip;
        ip.ttl = ip.ttl.filter(|_| !self.has(Self::TTL));
        ip.traffic_class = ip.traffic_class.filter(|_| !self.has(Self::CLASS));
        match &mut ip.kind {
            IpKind::V4 { id, dont_fragment } => {
                *id = id.filter(|_| !self.has(Self::ID));
                *dont_fragment = dont_fragment.filter(|_| !self.has(Self::DONT_FRAGMENT));
            }
            IpKind::V6 { flow_label } => *flow_label = flow_label.filter(|_| !self.has(Self::ID)),
        }
        // Of a packet made of text the checksum proves nothing; only who printed it can have checked it.
        segment.checksum_right = None;
        let looked_at = [Flags::SYN, Flags::FIN, Flags::RST].iter().any(|flag| segment.flags.has(*flag));
        if looked_at && self.has(Self::CHECKSUM_RIGHT) {
            segment.checksum_right = Some(true);
        } else if looked_at && self.has(Self::CHECKSUM_WRONG) {
            segment.checksum_right = Some(false);
        }
        for (unsaid, assumed) in
            [(Self::SEQ, Assumed::SEQ), (Self::BASE, Assumed::BASE), (Self::WINDOW, Assumed::WINDOW)]
        {
            if self.has(unsaid) {
                segment.assumed.insert(assumed);
            }
        }
        if self.has(Self::OPTIONS) {
            segment.options.set.insert(OptionSet::CUT);
        }
    }

    /// Names of what is unsaid, for one plain sentence.
    pub(crate) fn names(self) -> Vec<&'static str> {
        const NAMES: [(Unsaid, &str); 8] = [
            (Unsaid::TTL, "TTL"),
            (Unsaid::ID, "IP ID"),
            (Unsaid::CLASS, "DSCP"),
            (Unsaid::BASE, "absolute sequence numbers"),
            (Unsaid::SEQ, "sequence numbers"),
            (Unsaid::WINDOW, "windows"),
            (Unsaid::CHECKSUM, "checksums"),
            (Unsaid::PAYLOAD, "payload"),
        ];
        NAMES.iter().filter(|(field, _)| self.has(*field)).map(|(_, name)| *name).collect()
    }
}
