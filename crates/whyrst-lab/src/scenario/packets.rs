//! Which packet the wire treats in which way.

use super::Host;

/// One packet of the story: "the second bare ACK from the server".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet {
    /// Who sends it.
    pub from: Host,
    /// What it is.
    pub kind: PacketKind,
    /// Which one of them, counted from 1; 0 means every one.
    pub nth: u32,
}

impl Packet {
    /// The first packet of this kind from `from`.
    pub const fn first(kind: PacketKind, from: Host) -> Self {
        Self { from, kind, nth: 1 }
    }

    /// Every packet of this kind from `from`.
    pub const fn every(kind: PacketKind, from: Host) -> Self {
        Self { from, kind, nth: 0 }
    }
}

/// What a packet is. Every packet is of exactly one kind; the first that fits, in this order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PacketKind {
    /// RST is set.
    Rst,
    /// SYN without ACK.
    Syn,
    /// SYN with ACK.
    SynAck,
    /// FIN is set.
    Fin,
    /// It carries payload.
    Data,
    /// Nothing but an ACK.
    Ack,
    /// Anything else, TCP or not.
    Other,
}

/// What the wire does with a packet.
#[derive(Clone, Copy, Debug)]
pub struct WireRule {
    /// Which packet. Its `nth` counts from the moment that `after` was seen.
    pub on: Packet,
    /// The rule rests until the wire has carried this one.
    pub after: Option<Packet>,
    /// What happens to the packet.
    pub treatment: Treatment,
}

impl WireRule {
    /// This happens to that packet.
    pub const fn on(packet: Packet, treatment: Treatment) -> Self {
        Self { on: packet, after: None, treatment }
    }

    /// The same, once the wire has carried `earlier`.
    #[must_use]
    pub const fn after(self, earlier: Packet) -> Self {
        Self { after: Some(earlier), ..self }
    }
}

/// What happens to a packet.
#[derive(Clone, Copy, Debug)]
pub enum Treatment {
    /// It is lost.
    Drop,
    /// It takes this many milliseconds more.
    DelayMs(u32),
    /// It arrives, and this many milliseconds later a copy of it.
    DuplicateAfterMs(u32),
    /// It is lost, and its sender gets a bare RST with this TTL, as from a device that has forgotten
    /// the connection.
    Reject {
        /// TTL or hop limit that the sender of the packet sees.
        ttl: u8,
    },
    /// It arrives with the options of Multipath TCP overwritten by NOPs.
    StripMptcp,
    /// It passes, and the wire forges resets of its own.
    Inject(&'static [Injected]),
}

/// A reset forged by the wire in the name of the other end, at the number that its victim accepts or
/// some way ahead of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Injected {
    /// Who gets it.
    pub victim: Host,
    /// When it arrives, in microseconds after the packet that provoked it would have; for a victim
    /// that is that packet's own sender, after it was sent.
    pub after_us: u32,
    /// TTL or hop limit that the victim sees.
    pub ttl: u8,
    /// IPv4 identification.
    pub ip_id: u16,
    /// How far its sequence number lies beyond the exact one: who is beside the path must guess.
    pub ahead: u32,
}
