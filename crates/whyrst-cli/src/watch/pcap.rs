//! `watch --pcap`: the packets of reported resets, as pcapng. Wireshark shows what is said of
//! each at its first RST, as a comment.

use std::collections::BTreeMap;
use std::io::BufWriter;

use anyhow::{Context as _, Result};
use whyrst_capture::LinkType;
use whyrst_capture::writer::{InterfaceId, NewFrame, PcapNgWriter};
use whyrst_core::report::escape::escape_name;
use whyrst_output::{Place, WrittenFile};
use whyrst_probe::Packet;

use super::flows::length;

#[derive(Debug)]
pub(super) struct Pcap {
    writer: PcapNgWriter<BufWriter<WrittenFile>>,
    interfaces: BTreeMap<u32, InterfaceId>,
    name: String,
    /// Resets without any packet.
    bare: u64,
}

impl Pcap {
    pub(super) fn create(place: &Place) -> Result<Self> {
        let name = escape_name(&place.path().display().to_string());
        let file = BufWriter::new(place.growing()?);
        let writer = PcapNgWriter::new(file, concat!("whyrst ", env!("CARGO_PKG_VERSION")));
        let writer = writer.with_context(|| format!("cannot write {name}"))?;
        Ok(Self { writer, interfaces: BTreeMap::new(), name, bare: 0 })
    }

    /// Writes the packets of one reset; `words` are said at its first RST.
    pub(super) fn write(&mut self, packets: &[Packet], words: &str) -> Result<()> {
        if packets.is_empty() {
            self.bare += 1;
            return Ok(());
        }
        let rst = packets.iter().position(is_reset).unwrap_or(packets.len() - 1);
        for (at, packet) in packets.iter().enumerate() {
            let interface = self.interface(packet.netns)?;
            let comments: &[&str] = if at == rst { &[words] } else { &[] };
            let (bytes, original) = (&*packet.bytes, length(&packet.bytes));
            let frame = NewFrame { interface, time: packet.time, bytes, original, comments };
            self.writer.write(&frame).with_context(|| format!("cannot write {}", self.name))?;
        }
        Ok(())
    }

    fn interface(&mut self, netns: u32) -> Result<InterfaceId> {
        if let Some(known) = self.interfaces.get(&netns) {
            return Ok(*known);
        }
        let name = format!("netns {netns}");
        let new = self.writer.add_interface(&name, LinkType::RAW, 0);
        let new = new.with_context(|| format!("cannot write {}", self.name))?;
        self.interfaces.insert(netns, new);
        Ok(new)
    }

    /// Completes the file; how many resets have no packet in it.
    pub(super) fn finish(self) -> Result<u64> {
        self.writer.finish().with_context(|| format!("cannot write {}", self.name))?;
        Ok(self.bare)
    }
}

/// The bit in the TCP header, behind an IP header without a surprise: the filter let it through.
fn is_reset(packet: &Packet) -> bool {
    const RST: u8 = 4;
    let bytes = &packet.bytes;
    let header = match bytes.first().copied().unwrap_or_default() {
        first if first >> 4 == 4 => usize::from(first & 15) * 4,
        _ => 40,
    };
    bytes.get(header + 13).is_some_and(|flags| flags & RST != 0)
}
