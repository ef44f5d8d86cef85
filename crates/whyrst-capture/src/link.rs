//! Link layers: from the first byte of a frame to the first byte of its IP packet.

pub(crate) mod address;
mod ppp;
mod rare;
mod types;
mod walk;
mod wireless;

pub use types::LinkType;

pub(crate) use walk::{Walk, ethertype};

use crate::bytes::{be16_at, be32_at};
use crate::counts::Reason;

/// On which interface, by the kernel's index, a frame of a Linux cooked capture of version 2 was.
pub(crate) fn cooked_interface(frame: &[u8]) -> Option<u32> {
    be32_at(frame, 4)
}

/// Where the IP packet begins in a frame.
#[inline]
pub(crate) fn ip_offset(link: LinkType, frame: &[u8]) -> Result<usize, Reason> {
    const ETHERNET_HEADER: usize = 14;
    match link {
        LinkType::ETHERNET => match be16_at(frame, ETHERNET_HEADER - 2) {
            Some(ethertype::IPV4 | ethertype::IPV6) => Ok(ETHERNET_HEADER),
            _ => Walk::new(frame).link(link, 0),
        },
        LinkType::RAW | LinkType::RAW_BSD | LinkType::RAW_OPENBSD | LinkType::IPV4 | LinkType::IPV6 => Ok(0),
        _ => Walk::new(frame).link(link, 0),
    }
}

/// What the link layers for private use are, where somebody said so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UserLinks([Option<LinkType>; 16]);

impl UserLinks {
    const FIRST: u16 = 147;

    /// Frames of `user` are frames of `link`. Any other number than those for private use stays.
    pub(crate) fn set(&mut self, user: LinkType, link: LinkType) {
        if let Some(known) = self.0.get_mut(usize::from(user.0.wrapping_sub(Self::FIRST))) {
            *known = Some(link);
        }
    }

    /// What frames of `link` are.
    #[inline]
    pub(crate) fn resolve(&self, link: LinkType) -> LinkType {
        self.0.get(usize::from(link.0.wrapping_sub(Self::FIRST))).copied().flatten().unwrap_or(link)
    }
}

#[cfg(test)]
mod tests;
