//! Each link layer by hand, as its document draws it.

use super::*;

fn ethernet(rest: &[u8]) -> Vec<u8> {
    [&[0u8; 12], rest].concat()
}

#[test]
fn tags_labels_and_sessions_are_passed_through() {
    let offset = |rest: &[u8]| ip_offset(LinkType::ETHERNET, &ethernet(rest));
    assert_eq!(offset(&[8, 0]), Ok(14));
    assert_eq!(offset(&[0x81, 0, 0, 1, 0x86, 0xdd]), Ok(18));
    assert_eq!(offset(&[0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 8, 0]), Ok(22));
    assert_eq!(offset(&[0x88, 0x47, 0, 1, 0, 64, 0, 1, 1, 64, 0x45]), Ok(22));
    assert_eq!(offset(&[0x88, 0x64, 0x11, 0, 0, 1, 0, 9, 0, 0x21]), Ok(22));
}

#[test]
fn what_is_no_ip_says_so() {
    let reason = |rest: &[u8]| ip_offset(LinkType::ETHERNET, &ethernet(rest)).unwrap_err();
    assert_eq!(reason(&[8, 6]), Reason::Arp);
    assert_eq!(reason(&[0, 38, 0x42, 0x42, 3]), Reason::NotIp);
    assert_eq!(reason(&[8]), Reason::LinkHeaderCut);
    assert_eq!(reason(&[0x81, 0].repeat(100)), Reason::NestedTooDeep);
    assert_eq!(ip_offset(LinkType(147), &[]), Err(Reason::UnsupportedLinkType));
}

#[test]
fn cooked_frames_of_both_versions_are_read() {
    let mut sll = [0u8; 16];
    sll[14] = 8;
    assert_eq!(ip_offset(LinkType::LINUX_SLL, &sll), Ok(16));
    let mut sll2 = [0u8; 20];
    sll2[..2].copy_from_slice(&[0x86, 0xdd]);
    assert_eq!(ip_offset(LinkType::LINUX_SLL2, &sll2), Ok(20));
    sll2[8..10].copy_from_slice(&824u16.to_be_bytes());
    assert_eq!(ip_offset(LinkType::LINUX_SLL2, &sll2), Err(Reason::NotIp));
    assert_eq!(ip_offset(LinkType::LINUX_SLL2, &sll2[..19]), Err(Reason::LinkHeaderCut));
}

#[test]
fn loopback_families_are_read_in_both_orders() {
    for family in [2u32, 10, 24, 28, 30] {
        for octets in [family.to_le_bytes(), family.to_be_bytes()] {
            assert_eq!(ip_offset(LinkType::NULL, &octets), Ok(4));
            assert_eq!(ip_offset(LinkType::LOOP, &octets), Ok(4));
        }
    }
    assert_eq!(ip_offset(LinkType::NULL, &[0, 0, 0, 7]), Err(Reason::NotIp));
}

const IP: [u8; 2] = [0x45, 0];
const SNAP: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];

/// The IP packet is the last two bytes.
fn assert_found(link: LinkType, parts: &[&[u8]]) {
    let frame = [&parts.concat()[..], &IP].concat();
    assert_eq!(ip_offset(link, &frame), Ok(frame.len() - IP.len()), "{link} {frame:02x?}");
    for end in 0..frame.len() - IP.len() {
        let cut = ip_offset(link, &frame[..end]);
        assert!(cut.is_err() || cut == Ok(frame.len() - IP.len()), "{link} cut at {end}: {cut:?}");
    }
}

#[test]
fn ppp_and_its_relatives_are_read() {
    assert_found(LinkType::PPP, &[&[0xff, 3, 0, 0x21]]);
    assert_found(LinkType::PPP, &[&[0, 0x57]]);
    assert_found(LinkType::PPP, &[&[0x21]]);
    assert_found(LinkType::PPP_HDLC, &[&[0xff, 3, 2, 0x81, 0, 1, 1, 64]]);
    assert_found(LinkType::PPP_HDLC, &[&[0x0f, 0, 8, 0]]);
    assert_found(LinkType::C_HDLC, &[&[0x8f, 0, 0x86, 0xdd]]);
    assert_found(LinkType::C_HDLC_WITH_DIRECTION, &[&[1, 0x0f, 0, 8, 0]]);
    assert_found(LinkType::PPP_WITH_DIRECTION, &[&[1, 0xff, 3, 0, 0x21]]);
    assert_found(LinkType::PPP_PPPD, &[&[0, 3, 0, 0x21]]);
    assert_found(LinkType::PPP_ETHER, &[&[0x11, 0, 0, 1, 0, 9, 0, 0x21]]);
    assert_eq!(ip_offset(LinkType::PPP, &[0xff, 3, 0xc0, 0x21]), Err(Reason::NotIp));
    assert_eq!(ip_offset(LinkType::PPP_ETHER, &[0x11, 9, 0, 1, 0, 9, 0, 0x21]), Err(Reason::NotIp));
}

#[test]
fn frame_relay_and_atm_are_read() {
    assert_found(LinkType::FRAME_RELAY, &[&[0x18, 0x41, 3, 0xcc]]);
    assert_found(LinkType::FRAME_RELAY, &[&[0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0]]);
    assert_found(LinkType::FRAME_RELAY, &[&[0x18, 0x41, 8, 0]]);
    assert_found(LinkType::ATM_RFC1483, &[&SNAP]);
    assert_found(LinkType::ATM_RFC1483, &[&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 7, 0, 0], &[2; 12], &[8, 0]]);
}

#[test]
fn rings_and_802_3_carry_ip_in_802_2() {
    assert_found(LinkType::ETHERNET, &[&[2; 12], &[0, 40], &SNAP]);
    assert_found(LinkType::ETHERNET, &[&[2; 12], &[0, 40], &[6, 6, 3]]);
    assert_found(LinkType::FDDI, &[&[0x50], &[2; 12], &SNAP]);
    assert_found(LinkType::TOKEN_RING, &[&[0x10, 0x40], &[2; 12], &SNAP]);
    assert_found(LinkType::TOKEN_RING, &[&[0x10, 0x40], &[2; 6], &[0x82, 2, 2, 2, 2, 2], &[6, 0, 0, 1, 0, 2], &SNAP]);
}

#[test]
fn backbones_virtual_interfaces_and_service_functions_are_passed_through() {
    let ethernet: &[u8] = &[2; 12];
    assert_found(LinkType::ETHERNET, &[ethernet, &[0x88, 0xa8, 0, 5, 0x88, 0xe7, 0, 1, 2, 3], ethernet, &[8, 0]]);
    assert_found(LinkType::ETHERNET, &[ethernet, &[0x89, 0x26, 0x80, 1, 0, 2, 0x81, 0, 0, 1, 8, 0]]);
    assert_found(LinkType::ETHERNET, &[ethernet, &[0x89, 0x3f, 0, 1, 0, 2, 0, 3, 0x86, 0xdd]]);
    assert_found(LinkType::ETHERNET, &[ethernet, &[0x89, 0x4f, 0x0f, 0xc2, 2, 1, 0, 0, 1, 255]]);
    assert_found(LinkType::ETHERNET, &[ethernet, &[0x89, 0x4f, 0x0f, 0xc2, 2, 3, 0, 0, 1, 255], ethernet, &[8, 0]]);
    assert_found(LinkType::ETHERNET, &[ethernet, &[0x88, 0x47, 0, 1, 1, 64, 0, 0, 0, 0], ethernet, &[8, 0]]);
    let macsec = [ethernet, &[0x88, 0xe5, 0, 0]].concat();
    assert_eq!(ip_offset(LinkType::ETHERNET, &macsec), Err(Reason::Encrypted));
}

/// The header of an 802.11 data frame of subtype and flags.
fn wlan(subtype: u8, flags: u8) -> Vec<u8> {
    let addresses = if flags & 3 == 3 { 28 } else { 22 };
    let mut header = [&[subtype << 4 | 8, flags][..], &vec![0; addresses]].concat();
    if subtype & 8 != 0 {
        header.extend([0, 0]);
    }
    header
}

#[test]
fn data_frames_of_802_11_are_read_and_protected_ones_named() {
    for (subtype, flags) in [(0, 1), (0, 2), (0, 3), (8, 1), (8, 3)] {
        assert_found(LinkType::WLAN, &[&wlan(subtype, flags), &SNAP]);
    }
    assert_found(LinkType::WLAN, &[&wlan(8, 0x82), &[0; 4], &SNAP]);
    let mut aggregate = wlan(8, 1);
    aggregate[24] = 0x80;
    assert_found(LinkType::WLAN, &[&aggregate, &[2; 12], &[0, 40], &SNAP]);
    let reason = |frame: &[u8]| ip_offset(LinkType::WLAN, frame).unwrap_err();
    assert_eq!(reason(&[&wlan(8, 0x41)[..], &SNAP].concat()), Reason::Encrypted);
    assert_eq!(reason(&wlan(4, 1)), Reason::NotIp);
    assert_eq!(reason(&[0x80, 0, 0, 0]), Reason::NotIp);
    let mut fragment = [&wlan(0, 1)[..], &SNAP].concat();
    fragment[22] = 1;
    assert_eq!(reason(&fragment), Reason::NotIp);
}

#[test]
fn headers_before_802_11_are_passed() {
    assert_found(LinkType::WLAN_RADIOTAP, &[&[0, 0, 8, 0, 0, 0, 0, 0], &wlan(8, 1), &SNAP]);
    // With time and flags; the flags say that the header of 26 bytes is padded.
    let padded = [&[0, 0, 17, 0, 3, 0, 0, 0][..], &[9; 8], &[0x20]].concat();
    assert_found(LinkType::WLAN_RADIOTAP, &[&padded, &wlan(8, 1), &[0, 0], &SNAP]);
    assert_found(LinkType::WLAN_PRISM, &[&[0x44, 0, 0, 0, 144, 0, 0, 0], &[0; 136], &wlan(0, 1), &SNAP]);
    assert_found(LinkType::WLAN_PRISM, &[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64], &[0; 56], &wlan(0, 1), &SNAP]);
    assert_found(LinkType::WLAN_AVS, &[&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64], &[0; 56], &wlan(0, 1), &SNAP]);
    assert_found(LinkType::PPI, &[&[0, 0, 8, 0, 105, 0, 0, 0], &wlan(0, 1), &SNAP]);
    let nested: Vec<u8> = [0, 0, 8, 0, 192, 0, 0, 0].repeat(100);
    assert_eq!(ip_offset(LinkType::PPI, &nested), Err(Reason::NestedTooDeep));
}

#[test]
fn ip_over_infiniband_and_logs_of_packet_filters_are_read() {
    assert_found(LinkType::IPOIB, &[&[0; 40], &[8, 0, 0, 0]]);
    assert_found(LinkType::NFLOG, &[&[2, 0, 0, 0], &[5, 0, 10, 0, 0, 0, 0, 0], &[24, 0, 9, 0]]);
    assert_found(LinkType::NFLOG, &[&[10, 0, 0, 0], &[0, 5, 0, 10, 0, 0, 0, 0], &[0, 24, 0, 9]]);
    assert_found(LinkType::PFLOG, &[&[61, 2], &[0; 62]]);
    assert_eq!(ip_offset(LinkType::NFLOG, &[7, 0, 0, 0]), Err(Reason::NotIp));
}

#[test]
fn what_is_no_network_is_named() {
    assert_eq!(ip_offset(LinkType(189), &[0; 64]), Err(Reason::UnsupportedLinkType));
    assert_eq!(LinkType(189).to_string(), "USB_LINUX (189)");
}
