//! Who sent a frame on its link, where the link layer says so: beside IP, the only thing that distinguishes two hosts or
//! routers that use one address.

use whyrst_core::observation::LinkAddress;

use super::LinkType;
use crate::bytes::be16_at;

/// The six bytes of an Ethernet address at `at`.
fn six(frame: &[u8], at: usize) -> Option<LinkAddress> {
    frame.get(at..)?.first_chunk().copied().map(LinkAddress::new)
}

/// The address that `frame` came from. What the capturing host sent itself is its own ([`LinkAddress::OWN`]), whichever of
/// its interfaces it left by: a router forwards the packets of others from there.
#[inline]
pub(crate) fn source(link: LinkType, frame: &[u8]) -> Option<LinkAddress> {
    const ETHERNET_LENGTH: u16 = 6;
    // libpcap, LINKTYPE_LINUX_SLL and LINKTYPE_LINUX_SLL2: the packet type of what was sent by us.
    const OUTGOING: u16 = 4;
    let own = |is_own: bool, address: Option<LinkAddress>| {
        address.filter(|address| !address.is_null()).map(|address| if is_own { LinkAddress::OWN } else { address })
    };
    match link {
        LinkType::ETHERNET => own(false, six(frame, 6)),
        LinkType::LINUX_SLL => {
            let is_own = be16_at(frame, 0)? == OUTGOING;
            (be16_at(frame, 4)? == ETHERNET_LENGTH).then(|| own(is_own, six(frame, 6)))?
        }
        LinkType::LINUX_SLL2 => {
            let is_own = u16::from(*frame.get(10)?) == OUTGOING;
            (u16::from(*frame.get(11)?) == ETHERNET_LENGTH).then(|| own(is_own, six(frame, 12)))?
        }
        _ => None,
    }
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
        // What the host sent itself is its own, whichever interface it left by.
        let sent = [&[0, 4, 0, 1, 0, 6][..], &mac, &[0, 0, 8, 0]].concat();
        let sent2 = [&[8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6][..], &mac, &[0, 0]].concat();
        assert_eq!(source(LinkType::LINUX_SLL, &sent), Some(LinkAddress::OWN));
        assert_eq!(source(LinkType::LINUX_SLL2, &sent2), Some(LinkAddress::OWN));
        // The loopback device has no addresses.
        assert_eq!(source(LinkType::ETHERNET, &[0; 14]), None);
        assert_eq!(source(LinkType::RAW, &[1; 20]), None);
    }
}
