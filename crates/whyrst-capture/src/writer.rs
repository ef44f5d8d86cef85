//! Writes pcapng (draft-ietf-opsawg-pcapng): one section, interfaces with names, nanosecond
//! times, comments on frames. The lab records with it; whoever opens the file in Wireshark finds
//! the comments there as `frame.comment`.

use std::io::{self, Write};

use whyrst_core::time::Timestamp;

use crate::link::LinkType;

/// Writes one capture to `W`, which should be buffered.
#[derive(Debug)]
pub struct PcapNgWriter<W> {
    out: W,
    interfaces: u32,
    /// The options of the block that is being written.
    options: Vec<u8>,
}

/// An interface that was added to the capture.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct InterfaceId(u32);

/// A frame to be written.
#[derive(Clone, Copy, Debug)]
pub struct NewFrame<'a> {
    /// Where it was captured.
    pub interface: InterfaceId,
    /// When; before 1970 cannot be written and becomes 1970.
    pub time: Timestamp,
    /// The bytes that were captured.
    pub bytes: &'a [u8],
    /// Bytes that were on the wire.
    pub original: u32,
    /// What to say about it; several comments are several options.
    pub comments: &'a [&'a str],
}

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

mod option {
    pub(super) const COMMENT: u16 = 1;
    pub(super) const INTERFACE_NAME: u16 = 2;
    pub(super) const APPLICATION: u16 = 4;
    pub(super) const RESOLUTION: u16 = 9;
}

impl<W: Write> PcapNgWriter<W> {
    /// Begins a capture written by `application`, e.g. "whyrst 1.0".
    pub fn new(out: W, application: &str) -> io::Result<Self> {
        let mut writer = Self { out, interfaces: 0, options: Vec::new() };
        writer.option(option::APPLICATION, application.as_bytes());
        let mut header = [0xff; 16];
        header[..4].copy_from_slice(&0x1a2b_3c4du32.to_le_bytes());
        header[4..8].copy_from_slice(&[1, 0, 0, 0]);
        writer.block(SECTION, &header, &[])?;
        Ok(writer)
    }

    /// Adds an interface. A `snaplen` of 0 means no limit.
    pub fn add_interface(&mut self, name: &str, link: LinkType, snaplen: u32) -> io::Result<InterfaceId> {
        const NANOSECONDS: u8 = 9;
        if !name.is_empty() {
            self.option(option::INTERFACE_NAME, name.as_bytes());
        }
        self.option(option::RESOLUTION, &[NANOSECONDS]);
        let mut header = [0; 8];
        header[..2].copy_from_slice(&link.0.to_le_bytes());
        header[4..].copy_from_slice(&snaplen.to_le_bytes());
        self.block(INTERFACE, &header, &[])?;
        let id = InterfaceId(self.interfaces);
        self.interfaces += 1;
        Ok(id)
    }

    /// Writes one frame.
    pub fn write(&mut self, frame: &NewFrame<'_>) -> io::Result<()> {
        let captured = length(frame.bytes.len())?;
        for comment in frame.comments {
            self.option(option::COMMENT, comment.as_bytes());
        }
        let ticks = u64::try_from(frame.time.nanos()).unwrap_or(0);
        let mut header = [0; 20];
        header[..4].copy_from_slice(&frame.interface.0.to_le_bytes());
        // The upper half stands first.
        header[4..12].copy_from_slice(&ticks.rotate_left(32).to_le_bytes());
        header[12..16].copy_from_slice(&captured.to_le_bytes());
        header[16..].copy_from_slice(&frame.original.to_le_bytes());
        self.block(ENHANCED_PACKET, &header, frame.bytes)
    }

    /// Passes on what was written so far: somebody waits for it.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes what is still buffered and gives the writer back.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    /// Adds an option to the next block. One that is too long for its 16-bit length is shortened.
    fn option(&mut self, code: u16, value: &[u8]) {
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        self.options.extend(code.to_le_bytes());
        self.options.extend(length.to_le_bytes());
        self.options.extend(&value[..length.into()]);
        self.options.resize(self.options.len().next_multiple_of(4), 0);
    }

    /// Writes a block of a fixed header, data, and the options that were added.
    fn block(&mut self, kind: u32, header: &[u8], data: &[u8]) -> io::Result<()> {
        const END_OF_OPTIONS: [u8; 4] = [0; 4];
        if !self.options.is_empty() {
            self.options.extend(END_OF_OPTIONS);
        }
        let padding = data.len().next_multiple_of(4) - data.len();
        let total = 12 + header.len() + data.len() + padding + self.options.len();
        let total = length(total)?.to_le_bytes();
        for part in [&kind.to_le_bytes(), &total, header, data, &[0; 3][..padding], &self.options, &total] {
            self.out.write_all(part)?;
        }
        self.options.clear();
        Ok(())
    }
}

fn length(octets: usize) -> io::Result<u32> {
    u32::try_from(octets).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("a block of {octets} bytes cannot be written"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Capture, Pulled};

    #[test]
    fn what_is_written_is_read_again() {
        let mut writer = PcapNgWriter::new(Vec::new(), "whyrst test").unwrap();
        let interfaces = ["lo", "eth0"].map(|name| writer.add_interface(name, LinkType::RAW, 0).unwrap());
        for (number, interface) in interfaces.into_iter().enumerate() {
            let frame = NewFrame {
                interface,
                time: Timestamp::from_nanos(1_700_000_000_123_456_789),
                bytes: &[7; 5][..=number],
                original: 1500,
                comments: &["one", "and another"],
            };
            writer.write(&frame).unwrap();
        }
        let mut capture = Capture::from_reader(io::Cursor::new(writer.finish().unwrap()), "written", 3).unwrap();
        for number in 1..=2 {
            let Pulled::Record(record) = capture.next_record().unwrap() else { panic!("no record {number}") };
            assert_eq!(record.frame.number(), number);
            assert_eq!(record.frame.file(), 3);
            assert_eq!(u64::from(record.interface.0), number - 1);
            assert_eq!(record.time.nanos(), 1_700_000_000_123_456_789);
            assert_eq!(record.bytes.len() as u64, number);
            assert_eq!(record.original, 1500);
        }
        assert!(matches!(capture.next_record().unwrap(), Pulled::End));
        let names: Vec<_> = capture.interfaces().iter().map(|info| info.name.as_str()).collect();
        assert_eq!(names, ["lo", "eth0"]);
        assert_eq!(capture.notes().iter().count(), 0);
        assert_eq!(capture.counts().bad_lengths, 0);
    }
}
