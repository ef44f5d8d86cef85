//! Who sent a frame on its link, where the link layer says so: beside IP, the only thing that distinguishes two hosts or
//! routers that use one address.

use whyrst_core::observation::LinkAddress;

use super::LinkType;
use crate::bytes::be16_at;

/// The six bytes of an Ethernet address at `at`.
fn six(frame: &[u8], at: usize) -> Option<LinkAddress> {
    frame.get(at..)?.first_chunk().copied().map(LinkAddress::new)
}

/// The address that `frame` came from.
#[inline]
pub(crate) fn source(link: LinkType, frame: &[u8]) -> Option<LinkAddress> {
    const ETHERNET_LENGTH: u16 = 6;
    match link {
        LinkType::ETHERNET => six(frame, 6),
        LinkType::LINUX_SLL => (be16_at(frame, 4)? == ETHERNET_LENGTH).then(|| six(frame, 6))?,
        LinkType::LINUX_SLL2 => (u16::from(*frame.get(11)?) == ETHERNET_LENGTH).then(|| six(frame, 12))?,
        _ => None,
    }
    .filter(|address| !address.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_stands_where_each_link_layer_has_it() {
        let mac = [2, 0, 0, 0, 0, 9];
        let ethernet = [&[2, 0, 0, 0, 0, 1][..], &mac, &[8, 0]].concat();
        let cooked = [&[0, 0, 0, 1, 0, 6][..], &mac, &[0, 0, 8, 0]].concat();
        let cooked2 = [&[8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6][..], &mac, &[0, 0]].concat();
        for (link, frame) in
            [(LinkType::ETHERNET, ethernet), (LinkType::LINUX_SLL, cooked), (LinkType::LINUX_SLL2, cooked2)]
        {
            assert_eq!(source(link, &frame), Some(LinkAddress::new(mac)), "{link:?}");
            assert_eq!(source(link, &frame[..9]), None, "{link:?}");
        }
        // The loopback device has no addresses.
        assert_eq!(source(LinkType::ETHERNET, &[0; 14]), None);
        assert_eq!(source(LinkType::RAW, &[1; 20]), None);
    }
}
