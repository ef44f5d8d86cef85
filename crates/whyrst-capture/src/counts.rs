//! What a capture held, counted: observations, frames passed over by reason, and what had to be
//! read with a grain of salt. `frames` is always the sum of the first two.

use std::fmt;
use std::ops::AddAssign;

macro_rules! reasons {
    ($($variant:ident = $name:literal, $sentence:literal;)+) => {
        /// Why a frame was passed over.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Reason { $(#[doc = $sentence] $variant,)+ }

        impl Reason {
            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Stable name in kebab case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it means, as a phrase that goes on after "N frames:".
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }
        }
    };
}

reasons! {
    Arp = "arp", "address resolution, no IP";
    NotIp = "not-ip", "another protocol than IP above the link layer";
    Encrypted = "encrypted", "encrypted on its link (802.11 protected frame, MACsec)";
    NotTcp = "not-tcp", "IP that carries something else than TCP";
    IcmpNotAboutTcp = "icmp-not-about-tcp", "ICMP that is no error about a TCP segment";
    IcmpCut = "icmp-cut", "an ICMP error cut off before the ports it quotes";
    IpFragment = "ip-fragment", "a later fragment of an IP packet, without TCP header";
    LinkHeaderCut = "link-header-cut", "cut off inside the link layer header";
    IpHeaderCut = "ip-header-cut", "cut off inside the IP header";
    TcpHeaderCut = "tcp-header-cut", "cut off inside the 20 bytes of the TCP header";
    NestedTooDeep = "nested-too-deep", "more tags, labels or tunnels around the packet than are looked through";
    MalformedIp = "malformed-ip", "an IP header that contradicts itself";
    MalformedTcp = "malformed-tcp", "a TCP header that does not fit its packet";
    UnsupportedLinkType = "unsupported-link-type", "a link layer that is not read";
    UnknownInterface = "unknown-interface", "a packet of an interface that the file never described";
    InterfaceBeyond = "interface-beyond", "a packet of an interface beyond the first 65536 of its section";
    NotAPacket = "not-a-packet", "a numbered record that is no packet (custom block, journal entry, system call)";
    RecordDamaged = "record-damaged", "a record whose lengths contradict each other or are absurd";
    LeftOut = "left-out", "TCP or an ICMP error that the filter leaves out";
    RecordCut = "record-cut", "the record in whose middle the input ends";
}

/// The stable name.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! counts {
    ($($(#[$doc:meta])* $field:ident $(: [$one:literal, $several:literal])?,)+) => {
        /// Numbers over everything read so far.
        #[derive(Clone, PartialEq, Eq, Debug, Default)]
        pub struct Counts {
            $($(#[$doc])* pub $field: u64,)+
            passed_over: [u64; Reason::ALL.len()],
        }

        /// Sums over several captures.
        impl AddAssign<&Self> for Counts {
            fn add_assign(&mut self, other: &Self) {
                $(self.$field += other.$field;)+
                for (sum, more) in self.passed_over.iter_mut().zip(other.passed_over) {
                    *sum += more;
                }
            }
        }

        impl Counts {
            /// What is no passing-over but must be said: how many, and a phrase that goes on after
            /// the number. Only what occurred.
            pub fn remarks(&self) -> impl Iterator<Item = (u64, &'static str)> {
                [$($((self.$field, if self.$field == 1 { $one } else { $several }),)?)+].into_iter().filter(|(count, _)| *count > 0)
            }
        }
    };
}

counts! {
    /// Frames, numbered as Wireshark numbers them.
    frames,
    /// Frames that became a TCP segment.
    segments,
    /// Frames that became an ICMP error about a TCP segment.
    icmp_errors,
    /// IP fragments of TCP: first ones, which are read, and later ones, which are passed over.
    fragments: ["packet was an IP fragment of TCP; only the first of each holds the TCP header", "packets were IP fragments of TCP; only the first of each holds the TCP header"],
    /// Packets that were put together from IP fragments to reach their TCP header.
    reassembled: ["packet was put together from IP fragments to reach its TCP header", "packets were put together from IP fragments to reach their TCP header"],
    /// Packets of which fragments were kept and did not become whole.
    unassembled: ["packet could not be put together: fragments are missing, overlap or are too many", "packets could not be put together: fragments are missing, overlap or are too many"],
    /// Segments whose payload is not wholly in the capture.
    cut_payloads: ["segment is captured without its whole payload (snap length)", "segments are captured without their whole payload (snap length)"],
    /// Segments whose option area was cut off or malformed.
    cut_options: ["segment has TCP options that are cut off or malformed", "segments have TCP options that are cut off or malformed"],
    /// Packets whose IP header says length 0; their length is taken from the record.
    zero_lengths: ["packet says IP length 0 (segmentation offload); its length is the record's", "packets say IP length 0 (segmentation offload); their length is the record's"],
    /// Records whose lengths disagree harmlessly: more captured than there was, a wrong trailer.
    bad_lengths: ["record has lengths that disagree with each other", "records have lengths that disagree with each other"],
    /// Frames passed over as cut inside the TCP header that still show a RST.
    cut_resets: ["frame cut off inside the TCP header carries RST; record with a longer snap length", "frames cut off inside the TCP header carry RST; record with a longer snap length"],
    /// Frames of records without a time of their own; they have that of the frame before.
    untimed: ["frame has no time of its own (simple packet blocks) and takes that of the frame before", "frames have no time of their own (simple packet blocks) and take that of the frame before"],
    /// Frames whose time does not fit into 64 bits of nanoseconds; they have the last moment that does, or the first.
    undatable: [
        "frame is dated beyond the year 2262 (or before 1677) and has the last (or first) moment that can be told",
        "frames are dated beyond the year 2262 (or before 1677) and have the last (or first) moment that can be told"
    ],
    /// Frames dated more than a second before the frame ahead of them.
    turned_back: [
        "frame is dated more than a second before the frame ahead: a clock was set back, or files were joined; \
         a duration across it counts as 0",
        "frames are dated more than a second before the frame ahead: a clock was set back, or files were joined; \
         a duration across it counts as 0"
    ],
    /// Blocks of an unknown type, which have no frame number.
    unknown_blocks: ["block of an unknown type was passed over", "blocks of an unknown type were passed over"],
    /// Packets that the capturing side says it dropped (pcapng interface statistics).
    dropped: ["packet was dropped by the capturing host and is missing", "packets were dropped by the capturing host and are missing"],
}

impl Counts {
    /// Frames passed over for `reason`.
    pub fn passed_over(&self, reason: Reason) -> u64 {
        self.passed_over[reason as usize]
    }

    /// The reasons that occurred, with their number of frames.
    pub fn reasons(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.iter().map(|&reason| (reason, self.passed_over(reason))).filter(|(_, n)| *n > 0)
    }

    pub(crate) fn pass_over(&mut self, reason: Reason) {
        self.passed_over[reason as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_reasons_are_kebab_case_and_distinct() {
        let names: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|r| r.name()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
        assert!(names.iter().all(|n| n.chars().all(|c| c.is_ascii_lowercase() || c == '-')));
    }

    #[test]
    fn sums_and_remarks_hold_what_occurred() {
        let mut one = Counts { frames: 2, cut_resets: 1, ..Counts::default() };
        one.pass_over(Reason::Arp);
        let mut both = one.clone();
        both += &one;
        assert_eq!(both.frames, 4);
        assert_eq!(both.reasons().collect::<Vec<_>>(), [(Reason::Arp, 2)]);
        let remarks: Vec<_> = both.remarks().collect();
        assert_eq!(remarks.len(), 1);
        assert_eq!(remarks[0].0, 2);
        assert!(remarks[0].1.contains("carry RST"));
        assert!(one.remarks().next().is_some_and(|(_, remark)| remark.contains("carries RST")));
    }
}
