//! Point-to-point links: PPP (RFC 1661, 1662), `PPPoE` (RFC 2516), Cisco HDLC and frame relay.

use super::walk::Walk;
use crate::counts::Reason;

mod protocol {
    pub(super) const IPV4: u16 = 0x0021;
    pub(super) const IPV6: u16 = 0x0057;
    pub(super) const MPLS: u16 = 0x0281;
    pub(super) const MPLS_MULTICAST: u16 = 0x0283;
}

impl Walk<'_> {
    /// Six bytes of header, then PPP without address and control.
    pub(super) fn pppoe(&mut self, at: usize) -> Result<usize, Reason> {
        const SESSION_DATA: u8 = 0;
        if self.u8(at + 1)? != SESSION_DATA {
            return Err(Reason::NotIp);
        }
        self.ppp_protocol(at + 6)
    }

    /// PPP or Cisco HDLC, as the address says.
    pub(super) fn hdlc(&mut self, at: usize) -> Result<usize, Reason> {
        const CISCO_UNICAST: u8 = 0x0f;
        const CISCO_BROADCAST: u8 = 0x8f;
        match self.array::<2>(at)? {
            [CISCO_UNICAST | CISCO_BROADCAST, 0] => self.named(at + 2, at + 4),
            _ => self.ppp(at),
        }
    }

    /// Address and control may have been negotiated away.
    pub(crate) fn ppp(&mut self, at: usize) -> Result<usize, Reason> {
        match self.array::<2>(at)? {
            [0xff, 0x03] => self.ppp_protocol(at + 2),
            _ => self.ppp_protocol(at),
        }
    }

    /// A protocol number is odd in its last byte and even in its first: one of one byte shows.
    pub(super) fn ppp_protocol(&mut self, at: usize) -> Result<usize, Reason> {
        let first = self.u8(at)?;
        let (number, above) = if first & 1 == 1 { (first.into(), at + 1) } else { (self.u16(at)?, at + 2) };
        match number {
            protocol::IPV4 | protocol::IPV6 => Ok(above),
            protocol::MPLS | protocol::MPLS_MULTICAST => self.mpls(above),
            _ => Err(Reason::NotIp),
        }
    }

    /// An address of two to four bytes, then RFC 2427 or, as Cisco has it, an ethertype.
    pub(super) fn frame_relay(&mut self, at: usize) -> Result<usize, Reason> {
        const LAST_OF_ADDRESS: u8 = 1;
        let mut above = at;
        for _ in 0..4 {
            above += 1;
            if self.u8(above - 1)? & LAST_OF_ADDRESS != 0 {
                break;
            }
        }
        match self.array::<2>(above)? {
            [0x03, 0xcc | 0x8e] => Ok(above + 2),
            [0x03, 0x80] => self.named(above + 5, above + 7),
            [0x03, 0x00] if self.u8(above + 2)? == 0x80 => self.named(above + 6, above + 8),
            [0x08 | 0x86 | 0x88, _] => self.named(above, above + 2),
            _ => Err(Reason::NotIp),
        }
    }
}
