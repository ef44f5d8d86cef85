//! What an IP packet shows: through its headers, and through tunnels into what they carry, down to a TCP segment or an
//! ICMP error. Here, above all of these, since each of them reads one layer and none knows what is within it.

use whyrst_core::observation::Seen;

use crate::counts::{Counts, Reason};
use crate::ip::{Fragment, Header, Payload};
use crate::protocol;
use crate::{icmp, tcp, tunnel};

/// Packets within packets beyond this depth are not looked into.
const MAX_DEPTH: usize = 4;

/// What the IP packet in `bytes` shows; `wire` bytes of it were on the wire by the capture's word.
#[inline]
pub(crate) fn packet<'a>(bytes: &'a [u8], wire: usize, counts: &mut Counts) -> Result<Seen<'a>, Reason> {
    let mut packet = Carried { bytes, wire, by: Carrier::Link };
    for _ in 0..=MAX_DEPTH {
        let header = Header::read(packet.bytes).map_err(|reason| packet.blame(reason))?;
        let payload = header.payload(packet.bytes, packet.wire).map_err(|reason| packet.blame(reason))?;
        match header.protocol {
            protocol::TCP => return segment(&header, payload, counts).map_err(|reason| packet.blame(reason)),
            protocol::ICMP | protocol::ICMP6 if header.fragment != Fragment::Later => {
                return icmp::error(&header, payload).map(Seen::Icmp);
            }
            carrier => packet = inner(&header, carrier, payload)?,
        }
    }
    Err(Reason::NestedTooDeep)
}

/// An IP packet in what carries it.
struct Carried<'a> {
    bytes: &'a [u8],
    wire: usize,
    by: Carrier,
}

/// How surely it is an IP packet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carrier {
    /// A link layer, or a tunnel that has a number of its own.
    Link,
    /// UDP, by a port that may be used for anything.
    Port,
}

impl Carried<'_> {
    /// Whether the packet is not longer than what carries it.
    fn fits(&self) -> bool {
        let total = Header::read(self.bytes).map_or(Some(0), |header| header.total);
        total.is_none_or(|total| total <= self.wire)
    }

    /// What is whole and yet no sound packet behind a port was never meant to be one.
    #[cold]
    fn blame(&self, reason: Reason) -> Reason {
        match self.by {
            Carrier::Port if self.bytes.len() >= self.wire && reason != Reason::IpFragment => Reason::NotTcp,
            Carrier::Port if matches!(reason, Reason::MalformedIp | Reason::MalformedTcp) => Reason::NotTcp,
            _ => reason,
        }
    }
}

#[inline]
fn segment<'a>(header: &Header, payload: Payload<'a>, counts: &mut Counts) -> Result<Seen<'a>, Reason> {
    if header.fragment != Fragment::Whole {
        counts.fragments += 1;
    }
    if header.fragment == Fragment::Later {
        return Err(Reason::IpFragment);
    }
    counts.zero_lengths += u64::from(header.total.is_none());
    tcp::segment(header, payload, counts).map(Seen::Segment)
}

/// The IP packet in the payload of `carrier`.
#[cold]
fn inner<'a>(header: &Header, carrier: u8, payload: Payload<'a>) -> Result<Carried<'a>, Reason> {
    if header.fragment == Fragment::Later {
        return Err(Reason::NotTcp);
    }
    let at = tunnel::inner(carrier, payload.captured).map_err(|reason| match reason {
        Reason::NestedTooDeep => reason,
        _ => Reason::NotTcp,
    })?;
    let bytes = payload.captured.get(at..).ok_or(Reason::IpHeaderCut)?;
    let wire = payload.len.saturating_sub(at);
    let by = if carrier == protocol::UDP { Carrier::Port } else { Carrier::Link };
    let packet = Carried { bytes, wire, by };
    if by == Carrier::Port && !packet.fits() {
        return Err(Reason::NotTcp);
    }
    Ok(packet)
}
