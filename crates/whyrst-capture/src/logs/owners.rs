//! Whose process a packet belonged to, where the capture itself says it:
//!
//! - PKTAP, which macOS writes with `tcpdump -i pktap` or `-i any` (XNU `bsd/net/pktap.h`, `struct pktap_header` and
//!   `struct pktap_v2_hdr`);
//! - Apple's pcapng: a block that describes a process, and options of a packet with the number of that block, and since
//!   droptap with the reason for which the packet was dropped (Wireshark `wiretap/pcapng.c`, "Darwin");
//! - etl2pcapng: a comment with the process that ran when Windows logged the packet. Its README warns that this is
//!   frequently not the one that the packet belongs to.
//!
//! Only packets with a RST are asked: each becomes a claim of the capturing host. The file is read once more for it, and
//! only where its beginning shows one of these.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use whyrst_core::claim::{About, Claimant, ClaimantRole, Leg, PartialEnd};
use whyrst_core::observation::Seen;
use whyrst_core::segment::Flags;
use whyrst_core::symptom::Came;
use whyrst_core::time::{Span, Timestamp};

use super::foreign::Foreign;
use super::said::{LogError, MOST, Said, Tally};
use super::stamp::Stamp;
use crate::bytes::Order;
use crate::container::pcapng::{is_numbered, options};
use crate::counts::Counts;
use crate::dissect;
use crate::link::{LinkType, ip_offset};

/// Octets that show whether a capture says it at all.
const LOOKED_AT: u64 = 1 << 17;
/// A block that is longer is no packet.
const LONGEST_BLOCK: usize = 1 << 24;
/// Processes that are remembered.
const MOST_PROCESSES: usize = 1 << 16;

mod block {
    pub(super) const SECTION: u32 = 0x0a0d_0d0a;
    pub(super) const INTERFACE: u32 = 1;
    pub(super) const PACKET: u32 = 6;
    pub(super) const PROCESS: u32 = 0x8000_0001;
}

mod option {
    pub(super) const COMMENT: u16 = 1;
    pub(super) const FLAGS: u16 = 2;
    pub(super) const RESOLUTION: u16 = 9;
    pub(super) const PROCESS: u16 = 0x8001;
    pub(super) const EFFECTIVE_PROCESS: u16 = 0x8003;
    pub(super) const DROP_REASON: u16 = 0x8007;
    pub(super) const PROCESS_NAME: u16 = 2;
}

/// Apple's number before 258 was assigned: `DLT_USER2`.
const PKTAP_OF_OLD: u16 = 149;

/// What a capture says of one packet.
#[derive(Default)]
struct Owner {
    by: Option<Claimant>,
    name: Option<String>,
    pid: Option<u32>,
    outgoing: Option<bool>,
    dropped: Option<u32>,
}

/// What the capture at `path` says of the processes of its RSTs; nothing where it says none, or is compressed.
pub fn packet_owners(path: &Path) -> Result<Option<Foreign>, LogError> {
    let name = path.display().to_string();
    let error = |cause| LogError { name: name.clone(), cause };
    if !path.is_file() {
        return Ok(None);
    }
    let mut begin = Vec::new();
    File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut begin)).map_err(error)?;
    if !Walk::new(begin.as_slice(), &name).says_owners() {
        return Ok(None);
    }
    let file = File::open(path).map_err(error)?;
    let mut walk = Walk::new(BufReader::with_capacity(1 << 16, file), &name);
    while walk.step().map_err(error)? {}
    Ok(Some(walk.foreign))
}

struct Interface {
    link: LinkType,
    /// Ticks in a second.
    ticks: u64,
}

struct Walk<R> {
    input: R,
    order: Order,
    form: Option<Form>,
    interfaces: Vec<Interface>,
    processes: Vec<(u32, String)>,
    frame: u64,
    foreign: Foreign,
    shown: bool,
}

#[derive(Clone, Copy)]
enum Form {
    PcapNg,
    Pcap { link: LinkType, ticks: u64 },
}

impl<R: Read> Walk<R> {
    fn new(input: R, name: &str) -> Self {
        Self {
            input,
            order: Order::Little,
            form: None,
            interfaces: Vec::new(),
            processes: Vec::new(),
            frame: 0,
            foreign: Foreign { tally: Tally { name: name.to_owned(), ..Tally::default() }, ..Foreign::default() },
            shown: false,
        }
    }

    /// Whether what is there names a process.
    fn says_owners(mut self) -> bool {
        while !self.shown && self.step().unwrap_or(false) {}
        self.shown
    }

    /// Takes one record; false at the end.
    fn step(&mut self) -> io::Result<bool> {
        match self.form {
            None => self.open(),
            Some(Form::Pcap { link, ticks }) => self.pcap(link, ticks),
            Some(Form::PcapNg) => self.pcapng(),
        }
    }

    fn open(&mut self) -> io::Result<bool> {
        let mut magic = [0; 4];
        if !self.fill(&mut magic)? {
            return Ok(false);
        }
        if magic == block::SECTION.to_le_bytes() {
            self.form = Some(Form::PcapNg);
            return self.section();
        }
        let mut rest = [0; 20];
        if !self.fill(&mut rest)? {
            return Ok(false);
        }
        let (order, ticks) = match magic {
            [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, 1_000_000),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, 1_000_000_000),
            [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, 1_000_000),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, 1_000_000_000),
            _ => return Ok(false),
        };
        self.order = order;
        let link = order.u32_at(&rest, 16).and_then(|link| u16::try_from(link & 0xffff).ok()).map(LinkType);
        let Some(link) = link.filter(|link| is_pktap(*link)) else { return Ok(false) };
        self.form = Some(Form::Pcap { link, ticks });
        Ok(true)
    }

    fn fill(&mut self, into: &mut [u8]) -> io::Result<bool> {
        match self.input.read_exact(into) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            read => read.map(|()| true),
        }
    }

    fn bytes(&mut self, length: usize) -> io::Result<Option<Vec<u8>>> {
        if length > LONGEST_BLOCK {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let read = (&mut self.input).take(length as u64).read_to_end(&mut bytes)?;
        Ok((read == length).then_some(bytes))
    }

    fn pcap(&mut self, link: LinkType, ticks: u64) -> io::Result<bool> {
        let mut header = [0; 16];
        if !self.fill(&mut header)? {
            return Ok(false);
        }
        let word = |at| self.order.u32_at(&header, at).unwrap_or_default();
        let (seconds, fraction, captured) = (word(0), word(4), word(8));
        let Some(frame) = self.bytes(captured as usize)? else { return Ok(false) };
        self.frame += 1;
        let time = u64::from(seconds).saturating_mul(ticks).saturating_add(fraction.into());
        self.packet(link, moment(time, ticks), &frame, Owner::default());
        Ok(true)
    }

    /// A section's header, behind its type: its order of octets stands behind its length.
    fn section(&mut self) -> io::Result<bool> {
        let mut header = [0; 8];
        if !self.fill(&mut header)? {
            return Ok(false);
        }
        self.order = match header {
            [.., 0x4d, 0x3c, 0x2b, 0x1a] => Order::Little,
            [.., 0x1a, 0x2b, 0x3c, 0x4d] => Order::Big,
            _ => return Ok(false),
        };
        let length = self.order.u32_at(&header, 0).unwrap_or_default() as usize;
        self.interfaces.clear();
        self.processes.clear();
        let Some(rest) = length.checked_sub(12) else { return Ok(false) };
        Ok(self.bytes(rest)?.is_some())
    }

    fn pcapng(&mut self) -> io::Result<bool> {
        let mut kind = [0; 4];
        if !self.fill(&mut kind)? {
            return Ok(false);
        }
        if kind == block::SECTION.to_le_bytes() {
            return self.section();
        }
        let mut length = [0; 4];
        if !self.fill(&mut length)? {
            return Ok(false);
        }
        let kind = self.order.u32_at(&kind, 0).unwrap_or_default();
        let Some(room) = (self.order.u32_at(&length, 0).unwrap_or_default() as usize).checked_sub(8) else {
            return Ok(false);
        };
        let Some(body) = self.bytes(room)? else { return Ok(false) };
        let Some(body) = body.len().checked_sub(4).and_then(|end| body.get(..end)) else { return Ok(false) };
        match kind {
            block::INTERFACE => self.interface(body),
            block::PROCESS => self.process(body),
            block::PACKET => self.enhanced(body),
            kind if is_numbered(kind) => self.frame += 1,
            _ => {}
        }
        Ok(true)
    }

    fn interface(&mut self, body: &[u8]) {
        let link = LinkType(self.order.u16_at(body, 0).unwrap_or_default());
        let resolution = options(self.order, body.get(8..).unwrap_or_default())
            .find_map(|(code, value)| (code == option::RESOLUTION).then(|| value.first().copied())?)
            .unwrap_or(6);
        let ticks = match resolution {
            binary @ 0x80.. => 1_u64.checked_shl(u32::from(binary & 0x7f)),
            decimal => 10_u64.checked_pow(decimal.into()),
        };
        self.shown |= is_pktap(link);
        if self.interfaces.len() < MOST_PROCESSES {
            self.interfaces.push(Interface { link, ticks: ticks.unwrap_or(1_000_000).max(1) });
        }
    }

    /// A process: its number, then options, one of them its name.
    fn process(&mut self, body: &[u8]) {
        self.shown = true;
        let pid = self.order.u32_at(body, 0).unwrap_or_default();
        let name = options(self.order, body.get(4..).unwrap_or_default())
            .find(|(code, _)| *code == option::PROCESS_NAME)
            .map(|(_, value)| text(value));
        if self.processes.len() < MOST_PROCESSES {
            self.processes.push((pid, name.unwrap_or_default()));
        }
    }

    fn enhanced(&mut self, body: &[u8]) {
        self.frame += 1;
        let word = |at| self.order.u32_at(body, at);
        let (Some(interface), Some(high), Some(low), Some(captured)) = (word(0), word(4), word(8), word(12)) else {
            return;
        };
        let Some(Interface { link, ticks }) = self.interfaces.get(interface as usize) else { return };
        let (link, time) = (*link, moment(u64::from(high) << 32 | u64::from(low), *ticks));
        let end = 20_usize.saturating_add(captured as usize);
        let Some(frame) = body.get(20..end) else { return };
        let mut owner = Owner::default();
        let rest = body.get(end.next_multiple_of(4)..).unwrap_or_default();
        for (code, value) in options(self.order, rest) {
            self.option(code, value, &mut owner);
        }
        self.shown |= owner.by.is_some();
        self.packet(link, time, frame, owner);
    }

    fn option(&self, code: u16, value: &[u8], owner: &mut Owner) {
        let word = || self.order.u32_at(value, 0);
        match code {
            option::COMMENT => {
                let comment = text(value);
                let pid = comment.split_once("PID=").and_then(|(_, rest)| {
                    let digits = rest.find(|one: char| !one.is_ascii_digit()).unwrap_or(rest.len());
                    rest[..digits].parse().ok()
                });
                if comment.starts_with("PID=") {
                    (owner.by, owner.pid) = (Some(Claimant::Windows), pid);
                }
            }
            // Bits 0 and 1: 1 came in, 2 went out.
            option::FLAGS => owner.outgoing = word().and_then(|flags| outgoing(flags & 3)),
            option::PROCESS | option::EFFECTIVE_PROCESS if owner.name.is_none() => {
                let process = word().and_then(|number| self.processes.get(number as usize));
                owner.by = Some(Claimant::Macos);
                if let Some((pid, name)) = process {
                    (owner.pid, owner.name) = (Some(*pid), Some(name.clone()).filter(|name| !name.is_empty()));
                }
            }
            option::DROP_REASON => {
                owner.by = Some(Claimant::Macos);
                owner.dropped = word();
            }
            _ => {}
        }
    }

    /// A packet of which something may be known.
    fn packet(&mut self, link: LinkType, time: Timestamp, frame: &[u8], mut owner: Owner) {
        let link = if is_pktap(link) {
            self.shown = true;
            owner = pktap(frame).unwrap_or(owner);
            LinkType::PKTAP
        } else {
            link
        };
        let Some(by) = owner.by.filter(|_| owner.pid.is_some() || owner.dropped.is_some()) else { return };
        let Some(bytes) = ip_offset(link, frame).ok().and_then(|at| frame.get(at..)) else { return };
        let Ok(Seen::Segment(segment)) = dissect::packet(bytes, bytes.len(), &mut Counts::default()) else { return };
        if !segment.flags.has(Flags::RST) || self.foreign.claims.len() >= MOST {
            return;
        }
        let (near, far, came) = match owner.outgoing {
            Some(true) => (segment.src, segment.dst, Came::Own),
            Some(false) => (segment.dst, segment.src, Came::Rst),
            None => return,
        };
        let (near, far) = (PartialEnd::whole(near), PartialEnd::whole(far));
        let text = words(by, &owner);
        self.foreign.tally.claims += 1;
        let said = Said {
            stamp: Some(Stamp::At(time, Span::from_micros(1))),
            process: owner.name,
            pid: owner.pid,
            came,
            about: vec![(About { near, far, role: ClaimantRole::Either }, Leg::This)],
            ..Said::new(by)
        };
        self.foreign.claims.push((self.frame, text, said));
    }
}

/// What the capture says, in words.
fn words(by: Claimant, owner: &Owner) -> String {
    let process = match (&owner.name, owner.pid) {
        (Some(name), Some(pid)) => format!("process {name}, PID {pid}"),
        (None, Some(pid)) => format!("PID {pid}"),
        _ => String::from("no process"),
    };
    let ran = if by == Claimant::Windows { " (ran when this was logged; often another's)" } else { "" };
    let dropped = owner.dropped.map_or_else(String::new, |reason| format!(", dropped with reason 0x{reason:08x}"));
    format!("{process}{ran}{dropped}")
}

fn is_pktap(link: LinkType) -> bool {
    link == LinkType::PKTAP || link == LinkType(PKTAP_OF_OLD)
}

const fn outgoing(direction: u32) -> Option<bool> {
    match direction {
        1 => Some(false),
        2 => Some(true),
        _ => None,
    }
}

/// What a header of PKTAP says, in either version; numbers are as the host writes them.
fn pktap(frame: &[u8]) -> Option<Owner> {
    const FLAGS: usize = 36;
    const SECOND: u32 = 0x0008_0000;
    let word = |at: usize| Some(u32::from_le_bytes(*frame.get(at..)?.first_chunk()?));
    let name =
        |at: usize| frame.get(at..)?.get(..17).map(|name| text(name.split(|one| *one == 0).next().unwrap_or(name)));
    let flags = word(FLAGS)?;
    let (pid, name) = if flags & SECOND == 0 {
        (word(52)?, name(56)?)
    } else {
        let at = usize::from(*frame.get(4)?);
        (word(28)?, if at == 0 { String::new() } else { name(at)? })
    };
    // XNU gives -1 where no process owns the packet.
    let pid = Some(pid).filter(|pid| *pid != u32::MAX);
    Some(Owner {
        by: Some(Claimant::Macos),
        name: Some(name).filter(|name| !name.is_empty()),
        pid,
        outgoing: outgoing(flags & 3),
        dropped: None,
    })
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value.split(|one| *one == 0).next().unwrap_or(value)).chars().take(256).collect()
}

fn moment(time: u64, ticks: u64) -> Timestamp {
    let nanos = u128::from(time) * 1_000_000_000 / u128::from(ticks.max(1));
    Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// IPv4 and TCP with a RST: 10.0.0.1:40000 to 10.0.0.2:80.
    fn rst() -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
        packet.extend([0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 4, 0, 0, 0, 0, 0, 0]);
        packet
    }

    /// As XNU's `struct pktap_header` has it.
    fn pktap_header(flags: u32, pid: u32, name: &str) -> Vec<u8> {
        let mut header = vec![0; 156];
        header[..4].copy_from_slice(&156_u32.to_le_bytes());
        header[4] = 1;
        header[8] = 12;
        header[36..40].copy_from_slice(&flags.to_le_bytes());
        header[52..56].copy_from_slice(&pid.to_le_bytes());
        header[56..56 + name.len()].copy_from_slice(name.as_bytes());
        header
    }

    fn claims(capture: &[u8]) -> Vec<(u64, Option<String>, Option<u32>, Came)> {
        let mut walk = Walk::new(capture, "capture");
        while walk.step().expect("memory can be read") {}
        let all = walk.foreign.claims.into_iter();
        all.map(|(frame, _, said)| (frame, said.process, said.pid, said.came)).collect()
    }

    fn pcap(link: u32, frames: &[Vec<u8>]) -> Vec<u8> {
        let mut out = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0];
        out.extend(link.to_le_bytes());
        for frame in frames {
            let length = u32::try_from(frame.len()).expect("it is short").to_le_bytes();
            out.extend([&[7, 0, 0, 0, 0, 0, 0, 0][..], &length, &length, frame].concat());
        }
        out
    }

    /// Put together by the kernel's header: no capture of a Mac was at hand.
    #[test]
    fn the_process_of_a_pktap_packet_is_read_in_both_directions() {
        let frames = [(2, 812, "curl"), (1, 813, "nginx"), (2, u32::MAX, "")];
        let frames = frames.map(|(flags, pid, name)| [pktap_header(flags, pid, name), rst()].concat());
        for link in [258, 149] {
            let all = claims(&pcap(link, &frames));
            let expected =
                [(1, Some("curl".into()), Some(812), Came::Own), (2, Some("nginx".into()), Some(813), Came::Rst)];
            assert_eq!(all, expected, "{link}");
        }
        let whole = pcap(258, &frames);
        for cut in 0..whole.len() {
            assert!(claims(&whole[..cut]).len() <= 2);
        }
        assert_eq!(claims(&pcap(1, &[rst()])), []);
    }

    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = [body, &vec![0; body.len().next_multiple_of(4) - body.len()]].concat();
        let length = u32::try_from(padded.len() + 12).expect("it is short").to_le_bytes();
        [&kind.to_le_bytes()[..], &length, &padded, &length].concat()
    }

    fn options_of(all: &[(u16, &[u8])]) -> Vec<u8> {
        let one = |(code, value): &(u16, &[u8])| {
            let length = u16::try_from(value.len()).expect("it is short").to_le_bytes();
            let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
            [&code.to_le_bytes()[..], &length, value, &padding].concat()
        };
        all.iter().flat_map(one).chain([0, 0, 0, 0]).collect()
    }

    fn enhanced(options: &[(u16, &[u8])]) -> Vec<u8> {
        let frame = rst();
        let length = u32::try_from(frame.len()).expect("it is short").to_le_bytes();
        let head = [&[0; 12][..], &length, &length, &frame].concat();
        block(block::PACKET, &[head, options_of(options)].concat())
    }

    fn pcapng(blocks: &[Vec<u8>]) -> Vec<u8> {
        let section =
            block(block::SECTION, &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
        let interface = block(block::INTERFACE, &[101, 0, 0, 0, 0, 0, 0, 0]);
        [section, interface, blocks.concat()].concat()
    }

    /// Put together by Wireshark's reader and by etl2pcapng's README.
    #[test]
    fn blocks_of_processes_and_comments_of_etl2pcapng_are_read() {
        let process = block(block::PROCESS, &[812_u32.to_le_bytes().to_vec(), options_of(&[(2, b"curl")])].concat());
        let sent = 2_u32.to_le_bytes();
        let of_darwin = enhanced(&[(option::FLAGS, &sent), (option::PROCESS, &0_u32.to_le_bytes())]);
        let of_nobody = enhanced(&[(option::FLAGS, &sent), (option::PROCESS, &9_u32.to_le_bytes())]);
        let of_windows = enhanced(&[(option::COMMENT, b"PID=4711"), (option::FLAGS, &1_u32.to_le_bytes())]);
        let plain = enhanced(&[(option::COMMENT, b"a note"), (option::FLAGS, &sent)]);
        let capture = pcapng(&[process, of_darwin, of_nobody, of_windows, plain.clone()]);
        assert_eq!(
            claims(&capture),
            [(1, Some("curl".into()), Some(812), Came::Own), (3, None, Some(4_711), Came::Rst)]
        );
        assert!(Walk::new(capture.as_slice(), "").says_owners());
        assert!(!Walk::new(pcapng(&[plain]).as_slice(), "").says_owners());
        for cut in 0..capture.len() {
            assert!(claims(&capture[..cut]).len() <= 2);
        }
    }
}
