//! IEEE 802.11 data frames, and the headers that capture programs put before them: radiotap
//! (<https://www.radiotap.org>), prism, AVS and PPI. Protected frames are encrypted and counted.

use super::LinkType;
use super::walk::Walk;
use crate::bytes::{Order, array_at};
use crate::counts::Reason;

impl Walk<'_> {
    pub(crate) fn wlan(&mut self, at: usize) -> Result<usize, Reason> {
        self.wlan_with(self.array(at)?, at)
    }

    /// Cisco access points send the two bytes of the frame control in the other order.
    pub(crate) fn wlan_swapped(&mut self, at: usize) -> Result<usize, Reason> {
        let [first, second] = self.array(at)?;
        self.wlan_with([second, first], at)
    }

    /// IEEE 802.11-2020 section 9.2.4, by the frame control field.
    fn wlan_with(&mut self, control: [u8; 2], at: usize) -> Result<usize, Reason> {
        let size = header_size(control)?;
        self.payload(control, at, size.next_multiple_of(2))
    }

    fn payload(&mut self, control: [u8; 2], at: usize, size: usize) -> Result<usize, Reason> {
        const PROTECTED: u8 = 0x40;
        const AGGREGATE: u8 = 0x80;
        const AGGREGATE_HEADER: usize = 14;
        if control[1] & PROTECTED != 0 {
            return Err(Reason::Encrypted);
        }
        // A later fragment begins in the middle of something.
        if self.u8(at + 22)? & 0x0f != 0 {
            return Err(Reason::NotIp);
        }
        let quality = quality_at(control).map(|quality| self.u8(at + quality)).transpose()?;
        match quality {
            Some(octet) if octet & AGGREGATE != 0 => self.llc(at + size + AGGREGATE_HEADER),
            _ => self.llc(at + size),
        }
    }

    pub(super) fn radiotap(&mut self, at: usize) -> Result<usize, Reason> {
        let header = self.bytes.get(at..).ok_or(Reason::LinkHeaderCut)?;
        let length = Order::Little.u16_at(header, 2).ok_or(Reason::LinkHeaderCut)?;
        let frame = at + usize::from(length);
        let control = self.array(frame)?;
        let size = header_size(control)?;
        let size = if is_padded(header) { size.next_multiple_of(4) } else { size };
        self.payload(control, frame, size)
    }

    /// The length of the whole header stands in the second word, in the order of the host.
    pub(super) fn prism(&mut self, at: usize) -> Result<usize, Reason> {
        const AVS_MAGIC: u32 = 0x8021_1000;
        let code = self.u32(at)?;
        if code & 0xffff_f000 == AVS_MAGIC {
            return self.avs(at);
        }
        let length = self.u32(at + 4)?;
        self.behind(at, length.min(length.swap_bytes()))
    }

    pub(super) fn avs(&mut self, at: usize) -> Result<usize, Reason> {
        let length = self.u32(at + 4)?;
        self.behind(at, length)
    }

    fn behind(&mut self, at: usize, length: u32) -> Result<usize, Reason> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        self.wlan(at.saturating_add(length).min(self.bytes.len()))
    }

    /// Per-packet information, before a frame of any link layer.
    pub(super) fn ppi(&mut self, at: usize) -> Result<usize, Reason> {
        let header = self.bytes.get(at..).ok_or(Reason::LinkHeaderCut)?;
        let length = Order::Little.u16_at(header, 2).ok_or(Reason::LinkHeaderCut)?;
        let link = Order::Little.u32_at(header, 4).ok_or(Reason::LinkHeaderCut)?;
        self.link(LinkType(u16::try_from(link).unwrap_or(u16::MAX)), at + usize::from(length))
    }
}

const WITH_QUALITY: u8 = 0x80;

/// Bytes of the header of a data frame that holds data.
fn header_size(control: [u8; 2]) -> Result<usize, Reason> {
    const VERSION_AND_TYPE: u8 = 0x0f;
    const DATA: u8 = 0x08;
    const NO_DATA: u8 = 0x40;
    const ORDER: u8 = 0x80;
    if control[0] & VERSION_AND_TYPE != DATA || control[0] & NO_DATA != 0 {
        return Err(Reason::NotIp);
    }
    let quality = control[0] & WITH_QUALITY != 0;
    let throughput = if quality && control[1] & ORDER != 0 { 4 } else { 0 };
    Ok(addresses_size(control) + if quality { 2 } else { 0 } + throughput)
}

/// Bytes up to the sequence control, or the fourth address of a frame between access points.
const fn addresses_size(control: [u8; 2]) -> usize {
    const TO_AND_FROM: u8 = 0x03;
    if control[1] & TO_AND_FROM == TO_AND_FROM { 30 } else { 24 }
}

fn quality_at(control: [u8; 2]) -> Option<usize> {
    (control[0] & WITH_QUALITY != 0).then_some(addresses_size(control))
}

/// Whether radiotap's flags say that the header is padded to a multiple of four bytes.
fn is_padded(header: &[u8]) -> bool {
    const TIME: u32 = 1 << 0;
    const FLAGS: u32 = 1 << 1;
    const MORE: u32 = 1 << 31;
    const PADDED: u8 = 0x20;
    let word = |at| Order::Little.u32_at(header, at).unwrap_or_default();
    let first = word(4);
    let mut at = 8;
    while at < 64 && word(at - 4) & MORE != 0 {
        at += 4;
    }
    if first & FLAGS == 0 {
        return false;
    }
    if first & TIME != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    array_at::<1>(header, at).is_some_and(|[flags]| flags & PADDED != 0)
}
