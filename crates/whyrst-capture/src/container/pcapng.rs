//! pcapng (draft-ietf-opsawg-pcapng): sections, each with its own byte order and interfaces, and
//! blocks in them that say their length before and after. The lengths that stand twice make it
//! possible to resynchronise with a damaged file.

use std::io;

use whyrst_core::time::Timestamp;

use super::ledger::{InterfaceInfo, Ledger};
use super::record::{Found, MAX_RECORD, RawRecord, cut_or_end};
use super::resync::{Candidate, Resync};
use crate::bytes::{Order, array_at};
use crate::counts::Reason;
use crate::link::LinkType;
use crate::note::Note;
use crate::unsaid::Unsaid;
use crate::window::{Have, Window};

pub(crate) mod block {
    pub(super) const INTERFACE: u32 = 1;
    pub(crate) const PACKET: u32 = 2;
    pub(crate) const SIMPLE_PACKET: u32 = 3;
    pub(super) const NAMES: u32 = 4;
    pub(super) const STATISTICS: u32 = 5;
    pub(crate) const ENHANCED_PACKET: u32 = 6;
    pub(super) const JOURNAL: u32 = 9;
    pub(super) const SECRETS: u32 = 10;
    pub(super) const SYSDIG: [u32; 4] = [0x204, 0x208, 0x216, 0x221];
    pub(super) const CUSTOM: u32 = 0x0bad;
    pub(super) const CUSTOM_NOT_COPIED: u32 = 0x4000_0bad;
    pub(super) const DARWIN_PROCESS: u32 = 0x8000_0001;
    pub(crate) const SECTION: u32 = 0x0a0d_0d0a;
}

/// Bytes of a section header block up to its byte-order magic.
pub(super) const SECTION_HEADER: usize = 12;
/// Type and length before the body, length behind it.
pub(crate) const FRAME: usize = 12;
pub(crate) const BODY: usize = 8;

/// Interfaces of one section that are kept: as many as there are numbers.
const KEPT: usize = 1 << 16;

/// Whether `first` begins a section.
pub(super) fn begins(first: &[u8]) -> bool {
    Order::Big.u32_at(first, 0) == Some(block::SECTION)
}

/// Byte order of a section, by the body of its header block.
pub(crate) fn order(body: &[u8]) -> Option<Order> {
    const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
    [Order::Little, Order::Big].into_iter().find(|order| order.u32_at(body, 0) == Some(BYTE_ORDER_MAGIC))
}

pub(crate) struct PcapNg {
    order: Order,
    /// Interfaces of this section.
    interfaces: Vec<Interface>,
    /// Interfaces of this section that are not among them.
    beyond: u64,
    /// Time of the last frame that had one.
    last: Timestamp,
    /// Blocks begin at multiples of four bytes.
    resync: Resync,
}

/// A block that begins at the front of the window.
#[derive(Clone, Copy)]
struct Block {
    kind: u32,
    size: usize,
}

impl PcapNg {
    pub(super) fn open(order: Order) -> Self {
        Self { order, interfaces: Vec::new(), beyond: 0, last: Timestamp::default(), resync: Resync::new(4, FRAME) }
    }

    #[inline]
    pub(super) fn find(&mut self, window: &mut Window, ledger: &mut Ledger) -> io::Result<Found> {
        loop {
            if self.resync.is_lost() && !self.resynchronise(window, ledger)? {
                return Ok(Found::Idle);
            }
            let size = match window.have(FRAME)? {
                Have::All => match self.block(window.ahead()) {
                    Ok(block) => block.size,
                    Err(length) => return Ok(self.resync.lose(length, window, ledger)),
                },
                Have::Idle => return Ok(Found::Idle),
                Have::Only(present) => return Ok(cut_or_end(window, FRAME, present, ledger)),
            };
            match window.have(size)? {
                Have::All => {}
                Have::Idle => return Ok(Found::Idle),
                Have::Only(present) => return Ok(cut_or_end(window, size, present, ledger)),
            }
            if let Some(found) = self.take_block(window, ledger) {
                return Ok(found);
            }
        }
    }

    /// Finds enhanced packet blocks as long as they are whole in the window and nothing is odd about
    /// them, each of an Ethernet interface; all else is for [`Self::find`].
    #[inline]
    pub(crate) fn find_whole(
        &mut self,
        window: &mut Window,
        ledger: &mut Ledger,
        mut take: impl FnMut(RawRecord, u64),
    ) {
        if self.resync.is_lost() {
            return;
        }
        while let Some((packet, size)) = self.sound_packet(window.ahead()) {
            let Some(interface) = self.interfaces.get(packet.interface) else { return };
            let link = interface.link;
            if link != LinkType::ETHERNET {
                return;
            }
            let before = self.last;
            self.last = packet.ticks.map_or(before, |ticks| interface.clock.time(ticks));
            ledger.note_time(before, self.last);
            let number = interface.number;
            let block = window.advance(size);
            let start = block.start + BODY + packet.at;
            ledger.counts.frames += 1;
            let place = RawRecord {
                time: self.last,
                interface: number,
                link,
                original: packet.original,
                frame: start..start + packet.captured as usize,
                unsaid: Unsaid::NOTHING,
            };
            take(place, ledger.counts.frames);
        }
    }

    /// The enhanced packet block that begins here and its size, when it is whole and all of its
    /// lengths agree.
    #[inline]
    fn sound_packet(&self, bytes: &[u8]) -> Option<(PacketBlock, usize)> {
        const HEADER: usize = 20;
        let start: &[u8; BODY + HEADER] = bytes.first_chunk()?;
        let word = |at: usize| self.order.u32([start[at], start[at + 1], start[at + 2], start[at + 3]]);
        let size = word(4) as usize;
        let is_sound = word(0) == block::ENHANCED_PACKET
            && size.is_multiple_of(4)
            && (FRAME + HEADER..=MAX_RECORD as usize).contains(&size);
        if !is_sound {
            return None;
        }
        let whole = bytes.get(..size)?;
        let packet = self.enhanced(&whole[BODY..size - 4]).ok()?;
        let fits = packet.at + packet.captured as usize <= size - FRAME;
        (fits && packet.captured <= packet.original && says_its_length_twice(whole)).then_some((packet, size))
    }

    /// The block that begins here, or its length when that cannot be true.
    #[inline]
    fn block(&self, bytes: &[u8]) -> Result<Block, u64> {
        let header: [u8; FRAME] = array_at(bytes, 0).ok_or(0u64)?;
        let word = |order: Order, at: usize| order.u32([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let kind = word(self.order, 0);
        // This one reads the same in both orders, and changes the order for what follows.
        let order = if kind == block::SECTION { order(&header[BODY..]).ok_or(0u64)? } else { self.order };
        let length = word(order, 4);
        let size = length as usize;
        if !(FRAME..=MAX_RECORD as usize).contains(&size) {
            return Err(length.into());
        }
        // Some writers forget the padding in the length, but never in the file.
        Ok(Block { kind, size: size.next_multiple_of(4) })
    }

    /// Takes the block at the front, which is there; `None` when it is no frame.
    #[inline]
    fn take_block(&mut self, window: &mut Window, ledger: &mut Ledger) -> Option<Found> {
        let bytes = window.ahead();
        let block = self.block(bytes).ok()?;
        let body = &bytes[BODY..block.size - 4];
        ledger.counts.bad_lengths += u64::from(!says_its_length_twice(&bytes[..block.size]));
        let packet = match block.kind {
            block::ENHANCED_PACKET => self.enhanced(body),
            block::SIMPLE_PACKET => self.simple(body, ledger),
            block::PACKET => self.obsolete(body),
            kind => {
                let found = self.take_other(kind, body, ledger);
                window.advance(block.size);
                return found;
            }
        };
        let place = window.advance(block.size);
        ledger.counts.frames += 1;
        let found = packet.and_then(|packet| self.place(packet, place.start + BODY, block.size - FRAME, ledger));
        Some(found.map_or_else(Found::PassedOver, Found::Record))
    }

    /// Where a packet lies whose block has its body, of `room` bytes, at `body`.
    #[inline]
    fn place(
        &mut self,
        packet: PacketBlock,
        body: usize,
        room: usize,
        ledger: &mut Ledger,
    ) -> Result<RawRecord, Reason> {
        let interface = self.interfaces.get(packet.interface).ok_or_else(|| self.unknown(packet.interface))?;
        let end = packet.at + packet.captured as usize;
        if end > room {
            return Err(Reason::RecordDamaged);
        }
        ledger.counts.bad_lengths += u64::from(packet.original < packet.captured);
        if let Some(ticks) = packet.ticks {
            let before = std::mem::replace(&mut self.last, interface.clock.time(ticks));
            ledger.note_time(before, self.last);
        }
        Ok(RawRecord {
            time: self.last,
            interface: interface.number,
            link: interface.link,
            original: packet.original.max(packet.captured),
            frame: body + packet.at..body + end,
            unsaid: Unsaid::NOTHING,
        })
    }

    #[inline]
    fn enhanced(&self, body: &[u8]) -> Result<PacketBlock, Reason> {
        let header: &[u8; 20] = body.first_chunk().ok_or(Reason::RecordDamaged)?;
        let word = |at: usize| self.order.u32([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        Ok(PacketBlock {
            interface: word(0) as usize,
            ticks: Some(u64::from(word(4)) << 32 | u64::from(word(8))),
            captured: word(12),
            original: word(16),
            at: header.len(),
        })
    }

    /// Has no time and no captured length: the latter follows from the snap length.
    fn simple(&self, body: &[u8], ledger: &mut Ledger) -> Result<PacketBlock, Reason> {
        const HEADER: usize = 4;
        ledger.counts.untimed += 1;
        let original = self.order.u32_at(body, 0).ok_or(Reason::RecordDamaged)?;
        let room = u32::try_from(body.len() - HEADER).unwrap_or(u32::MAX);
        let snaplen = self.interfaces.first().map_or(u32::MAX, |interface| interface.snaplen);
        Ok(PacketBlock { interface: 0, ticks: None, captured: original.min(snaplen).min(room), original, at: HEADER })
    }

    fn obsolete(&self, body: &[u8]) -> Result<PacketBlock, Reason> {
        let word = |at| self.order.u32_at(body, at).ok_or(Reason::RecordDamaged);
        let interface = self.order.u16_at(body, 0).ok_or(Reason::RecordDamaged)?;
        Ok(PacketBlock {
            interface: interface.into(),
            ticks: Some(u64::from(word(4)?) << 32 | u64::from(word(8)?)),
            captured: word(12)?,
            original: word(16)?,
            at: 20,
        })
    }

    /// Blocks that are no packets. Those that Wireshark numbers as frames are numbered here too.
    #[cold]
    fn take_other(&mut self, kind: u32, body: &[u8], ledger: &mut Ledger) -> Option<Found> {
        match kind {
            block::SECTION => self.begin_section(body, ledger),
            block::INTERFACE => self.describe_interface(body, ledger),
            block::STATISTICS => self.count_drops(body, ledger),
            block::NAMES | block::SECRETS | block::DARWIN_PROCESS => {}
            kind if is_numbered(kind) => {
                ledger.counts.frames += 1;
                return Some(Found::PassedOver(Reason::NotAPacket));
            }
            _ => ledger.counts.unknown_blocks += 1,
        }
        None
    }

    fn begin_section(&mut self, body: &[u8], ledger: &mut Ledger) {
        self.interfaces.clear();
        self.beyond = 0;
        self.order = order(body).unwrap_or(self.order);
        let half = |at| self.order.u16_at(body, at).unwrap_or_default();
        let (major, minor) = (half(4), half(6));
        // Minor versions up to 2 were written by accident and mean the same.
        if major != 1 || minor > 2 {
            ledger.notes.add(Note::Version { major, minor });
        }
    }

    /// Why there is no interface of this number.
    fn unknown(&self, number: usize) -> Reason {
        let described = self.interfaces.len() as u64 + self.beyond;
        if (number as u64) < described { Reason::InterfaceBeyond } else { Reason::UnknownInterface }
    }

    fn describe_interface(&mut self, body: &[u8], ledger: &mut Ledger) {
        if self.interfaces.len() >= KEPT {
            self.beyond += 1;
            return;
        }
        let number = ledger.interfaces.len();
        let (interface, name) = Interface::read(self.order, body, number);
        if u16::try_from(number).is_ok() {
            ledger.interfaces.push(InterfaceInfo { name, link: interface.link });
        } else if !ledger.notes.iter().any(|note| *note == Note::ManyInterfaces) {
            ledger.notes.add(Note::ManyInterfaces);
        }
        self.interfaces.push(interface);
    }

    /// Statistics count from the start of the capture: the last block of an interface holds for it.
    fn count_drops(&mut self, body: &[u8], ledger: &mut Ledger) {
        const HEADER: usize = 12;
        const DROPPED_BY_INTERFACE: u16 = 5;
        const DROPPED_BY_SYSTEM: u16 = 7;
        let id = self.order.u32_at(body, 0).and_then(|id| usize::try_from(id).ok());
        let Some(interface) = id.and_then(|id| self.interfaces.get_mut(id)) else { return };
        let dropped = options(self.order, body.get(HEADER..).unwrap_or_default())
            .filter(|(code, _)| matches!(*code, DROPPED_BY_INTERFACE | DROPPED_BY_SYSTEM))
            .filter_map(|(_, value)| Some(self.order.i64(array_at(value, 0)?).cast_unsigned()))
            .fold(0, u64::saturating_add);
        let more = dropped.saturating_sub(interface.dropped);
        interface.dropped += more;
        ledger.counts.dropped = ledger.counts.dropped.saturating_add(more);
    }

    /// Whether a block that is known and says its length twice stands here.
    fn candidate(&self, window: &mut Window) -> io::Result<Candidate> {
        let block = match self.block(window.ahead()) {
            Ok(block) if is_known(block.kind) => block,
            _ => return Ok(Candidate::Nothing),
        };
        Ok(match window.have(block.size)? {
            Have::All if says_its_length_twice(&window.ahead()[..block.size]) => Candidate::Record,
            Have::Idle => Candidate::NotYetKnown,
            Have::All | Have::Only(_) => Candidate::Nothing,
        })
    }

    #[cold]
    fn resynchronise(&mut self, window: &mut Window, ledger: &mut Ledger) -> io::Result<bool> {
        let mut resync = self.resync;
        let found = resync.find(window, ledger, |window| self.candidate(window));
        self.resync = resync;
        found
    }
}

/// Whether a block, which is here whole, has its length also at its end.
#[inline]
fn says_its_length_twice(block: &[u8]) -> bool {
    block.get(4..8) == block.last_chunk::<4>().map(|length| &length[..])
}

pub(crate) fn is_numbered(kind: u32) -> bool {
    matches!(kind, block::JOURNAL | block::CUSTOM | block::CUSTOM_NOT_COPIED) || block::SYSDIG.contains(&kind)
}

fn is_known(kind: u32) -> bool {
    is_numbered(kind) || matches!(kind, 1..=6 | block::SECRETS | block::SECTION | block::DARWIN_PROCESS)
}

/// A packet as its block describes it.
#[derive(Clone, Copy)]
struct PacketBlock {
    interface: usize,
    ticks: Option<u64>,
    captured: u32,
    original: u32,
    /// Where in the body it begins.
    at: usize,
}

/// One interface of a section.
struct Interface {
    /// Its number within the file.
    number: u16,
    link: LinkType,
    snaplen: u32,
    clock: Clock,
    /// Packets that were dropped, by the last word on it.
    dropped: u64,
}

impl Interface {
    const LONGEST_NAME: usize = 256;

    /// Reads an interface description block. Also says the name.
    fn read(order: Order, body: &[u8], number: usize) -> (Self, String) {
        const NAME: u16 = 2;
        const DESCRIPTION: u16 = 3;
        const RESOLUTION: u16 = 9;
        const OFFSET: u16 = 14;
        let mut name = String::new();
        let mut resolution = 6;
        let mut offset = 0;
        for (code, value) in options(order, body.get(8..).unwrap_or_default()) {
            match code {
                NAME => name = text(value),
                DESCRIPTION if name.is_empty() => name = text(value),
                RESOLUTION => resolution = value.first().copied().unwrap_or(resolution),
                OFFSET => offset = array_at(value, 0).map_or(0, |octets| order.i64(octets)),
                _ => {}
            }
        }
        let snaplen = order.u32_at(body, 4).filter(|&snaplen| snaplen > 0).unwrap_or(u32::MAX);
        let link = LinkType(order.u16_at(body, 0).unwrap_or(u16::MAX));
        let number = u16::try_from(number).unwrap_or(u16::MAX);
        (Self { number, link, snaplen, clock: Clock::new(resolution, offset), dropped: 0 }, name)
    }
}

fn text(value: &[u8]) -> String {
    let value = &value[..value.len().min(Interface::LONGEST_NAME)];
    String::from_utf8_lossy(value).trim_end_matches('\0').to_owned()
}

/// The options of a block, up to the first that is not whole.
pub(crate) fn options(order: Order, mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    const END: u16 = 0;
    std::iter::from_fn(move || {
        let code = order.u16_at(rest, 0).filter(|&code| code != END)?;
        let length = usize::from(order.u16_at(rest, 2)?);
        let value = rest.get(4..4 + length)?;
        rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
        Some((code, value))
    })
}

/// How an interface counts time (`if_tsresol`, `if_tsoffset`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Clock {
    tick: Tick,
    /// Nanoseconds to be added.
    offset: i64,
}

/// One unit of an interface's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tick {
    /// So many nanoseconds.
    Nanos(u64),
    /// So many to a nanosecond.
    PerNano(u128),
    /// Two to this power to a second.
    Binary(u32),
}

impl Clock {
    fn new(resolution: u8, offset: i64) -> Self {
        let exponent = u32::from(resolution & 0x7f);
        let tick = match exponent {
            _ if resolution & 0x80 != 0 => Tick::Binary(exponent),
            0..=9 => Tick::Nanos(10u64.pow(9 - exponent)),
            _ => Tick::PerNano(10u128.checked_pow(exponent - 9).unwrap_or(u128::MAX)),
        };
        Self { tick, offset: offset.saturating_mul(1_000_000_000) }
    }

    /// Held at the ends of the range.
    #[inline]
    fn time(self, ticks: u64) -> Timestamp {
        let nanos = match self.tick {
            Tick::Nanos(nanos) => ticks.saturating_mul(nanos),
            tick => tick.divide(ticks),
        };
        let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
        Timestamp::from_nanos(nanos.saturating_add(self.offset))
    }
}

impl Tick {
    #[cold]
    fn divide(self, ticks: u64) -> u64 {
        let ticks = u128::from(ticks);
        let nanos = match self {
            Self::Nanos(nanos) => ticks * u128::from(nanos),
            Self::PerNano(ticks_per_nano) => ticks / ticks_per_nano,
            // 64 bits of ticks times 30 bits of nanoseconds fit.
            Self::Binary(exponent) => (ticks * 1_000_000_000) >> exponent,
        };
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(resolution: u8, offset: i64, ticks: u64) -> i64 {
        Clock::new(resolution, offset).time(ticks).nanos()
    }

    #[test]
    fn decimal_and_binary_clocks_are_read() {
        assert_eq!(nanos(6, 0, 1_500_000), 1_500_000_000);
        assert_eq!(nanos(9, 0, 7), 7);
        assert_eq!(nanos(0, 0, 2), 2_000_000_000);
        assert_eq!(nanos(12, 0, 5_999), 5);
        assert_eq!(nanos(0x80 | 0x0a, 0, 1_536), 1_500_000_000);
        assert_eq!(nanos(0x80 | 0x20, 0, 1 << 31), 500_000_000);
        assert_eq!(nanos(6, 100, 1), 100_000_001_000);
        assert_eq!(nanos(6, -1, 0), -1_000_000_000);
    }

    #[test]
    fn clocks_without_sense_stay_within_the_range() {
        for resolution in 0..=u8::MAX {
            for offset in [i64::MIN, 0, i64::MAX] {
                nanos(resolution, offset, u64::MAX);
            }
        }
        assert_eq!(nanos(0, 0, u64::MAX), i64::MAX);
        assert_eq!(nanos(127, 0, u64::MAX), 0);
    }

    #[test]
    fn options_end_at_the_first_that_is_not_whole() {
        let area = [2, 0, 3, 0, b'l', b'o', b'0', 0, 9, 0, 1, 0, 9, 0, 0, 0, 1, 0, 200, 0];
        let read: Vec<_> = options(Order::Little, &area).collect();
        assert_eq!(read, [(2, &b"lo0"[..]), (9, &[9])]);
    }
}
