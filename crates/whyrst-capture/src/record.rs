//! A frame as a capture holds it, before it is taken apart.

use whyrst_core::observation::{Frame, Interface, Observation, Seen};
use whyrst_core::time::Timestamp;

use crate::counts::{Counts, Reason};
use crate::ip::Packet;
use crate::link::{LinkType, address, ip_offset};
use crate::unsaid::Unsaid;

/// A frame as the capture holds it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its number.
    pub frame: Frame,
    /// When it was captured.
    pub time: Timestamp,
    /// Where it was captured.
    pub interface: Interface,
    /// What its first bytes are.
    pub link: LinkType,
    /// Bytes that were on the wire, at least as many as are in `bytes`.
    pub original: u32,
    /// The bytes that were captured.
    pub bytes: &'a [u8],
    /// What of it was never captured, because its source is text.
    pub unsaid: Unsaid,
}

impl<'a> Record<'a> {
    /// What the frame shows. What is odd about it is added to `counts`.
    #[inline]
    pub fn observe(&self, counts: &mut Counts) -> Result<Observation<'a>, Reason> {
        let packet = self.packet()?;
        self.unsaid.packet(packet.bytes, packet.wire, counts).map(|what| self.showing(what))
    }

    /// The IP packet in it.
    #[inline]
    pub(crate) fn packet(&self) -> Result<Packet<'a>, Reason> {
        let offset = ip_offset(self.link, self.bytes)?;
        let bytes = self.bytes.get(offset..).ok_or(Reason::IpHeaderCut)?;
        Ok(Packet { bytes, wire: (self.original as usize).saturating_sub(offset) })
    }

    /// The observation that it shows `what`.
    #[inline]
    pub(crate) fn showing<'b>(&self, what: Seen<'b>) -> Observation<'b> {
        let link = address::source(self.link, self.bytes);
        Observation { time: self.time, frame: self.frame, interface: self.interface, link, what }
    }
}
