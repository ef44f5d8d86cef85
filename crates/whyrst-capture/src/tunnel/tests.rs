//! Each tunnel by hand, as its document draws it.

use super::*;

/// An Ethernet header before IPv4.
const ETHERNET: [u8; 14] = [2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 8, 0];

/// An IPv4 header with a right checksum.
const IPV4: [u8; 20] = [0x45, 0, 0, 20, 0, 1, 0, 0, 64, 6, 0x66, 0xe1, 10, 0, 0, 1, 10, 0, 0, 2];

fn udp(port: u16, parts: &[&[u8]]) -> Vec<u8> {
    let [high, low] = port.to_be_bytes();
    [&[0x9c, 0x40, high, low, 0, 0, 0, 0][..], &parts.concat()].concat()
}

/// Where the inner packet was put: all of it but the last 20 bytes.
fn assert_found(carrier: u8, payload: &[u8]) {
    assert_eq!(inner(carrier, payload), Ok(payload.len() - IPV4.len()), "{payload:02x?}");
    for end in 0..payload.len() - IPV4.len() {
        let cut = inner(carrier, &payload[..end]);
        assert!(cut.is_err() || cut == Ok(payload.len() - IPV4.len()), "cut at {end}: {cut:?}");
    }
}

#[test]
fn gre_is_passed_with_its_optional_fields() {
    assert_found(protocol::GRE, &[&[0, 0, 8, 0][..], &IPV4].concat());
    assert_found(protocol::GRE, &[&[0xb0, 0, 8, 0][..], &[0; 12], &IPV4].concat());
    assert_eq!(inner(protocol::GRE, &[0x40, 0, 8, 0, 0, 0, 0, 0]), Err(Reason::NotTcp));
    assert_eq!(inner(protocol::GRE, &[0, 2, 8, 0, 0, 0, 0, 0]), Err(Reason::NotTcp));
    assert_found(protocol::GRE, &[&[0, 0, 0x88, 0x47, 0, 1, 1, 64][..], &IPV4].concat());
}

#[test]
fn nvgre_carries_ethernet() {
    assert_found(protocol::GRE, &[&[0x20, 0, 0x65, 0x58, 0, 0, 5, 0][..], &ETHERNET, &IPV4].concat());
}

#[test]
fn all_types_of_erspan_carry_ethernet() {
    let one = [&[0, 0, 0x88, 0xbe][..], &ETHERNET, &IPV4].concat();
    let two = [&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 7, 0x10, 1, 0, 5, 0, 0, 0, 9][..], &ETHERNET, &IPV4].concat();
    let three = [&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 7][..], &[0x20; 11], &[0], &ETHERNET, &IPV4].concat();
    let with_more = [&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 7][..], &[0x20; 11], &[1], &[9; 8], &ETHERNET, &IPV4].concat();
    for payload in [one, two, three, with_more] {
        assert_found(protocol::GRE, &payload);
    }
}

#[test]
fn pptp_carries_ppp_where_there_is_a_sequence_number() {
    let header = |flags: [u8; 2], rest: &[u8]| [&flags[..], &[0x88, 0x0b, 0, 24, 0, 1], rest].concat();
    assert_found(protocol::GRE, &[&header([0x30, 1], &[0; 4])[..], &[0xff, 3, 0, 0x21], &IPV4].concat());
    assert_found(protocol::GRE, &[&header([0x30, 0x81], &[0; 8])[..], &[0x21], &IPV4].concat());
    assert_eq!(inner(protocol::GRE, &header([0x20, 0x81], &[0; 8])), Err(Reason::NotTcp));
}

#[test]
fn both_versions_of_wccp_are_passed() {
    assert_found(protocol::GRE, &[&[0, 0, 0x88, 0x3e][..], &IPV4].concat());
    assert_found(protocol::GRE, &[&[0, 0, 0x88, 0x3e, 0x80, 0x31, 0, 0][..], &IPV4].concat());
}

#[test]
fn vxlan_needs_its_flag_and_gpe_says_what_it_carries() {
    let header = [0x08, 0, 0, 0, 0, 0, 5, 0];
    assert_found(protocol::UDP, &udp(4789, &[&header, &ETHERNET, &IPV4]));
    assert_found(protocol::UDP, &udp(8472, &[&header, &ETHERNET, &IPV4]));
    assert_eq!(inner(protocol::UDP, &udp(4789, &[&[0; 8], &ETHERNET, &IPV4])), Err(Reason::NotTcp));
    let nsh = [0x0f, 0xc6, 1, 1, 0, 0, 1, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_found(protocol::UDP, &udp(4790, &[&[0x0c, 0, 0, 1, 0, 0, 5, 0], &IPV4]));
    assert_found(protocol::UDP, &udp(4790, &[&[0x0c, 0, 0, 3, 0, 0, 5, 0], &ETHERNET, &IPV4]));
    assert_found(protocol::UDP, &udp(4790, &[&[0x0c, 0, 0, 4, 0, 0, 5, 0], &nsh, &IPV4]));
}

#[test]
fn geneve_is_passed_with_its_options() {
    assert_found(protocol::UDP, &udp(6081, &[&[1, 0, 8, 0, 0, 0, 5, 0], &[9; 4], &IPV4]));
    assert_found(protocol::UDP, &udp(6081, &[&[0, 0, 0x65, 0x58, 0, 0, 5, 0], &ETHERNET, &IPV4]));
    assert_eq!(inner(protocol::UDP, &udp(6081, &[&[0x40, 0, 8, 0, 0, 0, 5, 0], &IPV4])), Err(Reason::NotTcp));
}

#[test]
fn gtp_is_passed_with_its_extension_headers() {
    assert_found(protocol::UDP, &udp(2152, &[&[0x30, 255, 0, 20, 0, 0, 0, 1], &IPV4]));
    let pdu_session = [0x34, 255, 0, 28, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0x10, 9, 0];
    assert_found(protocol::UDP, &udp(2152, &[&pdu_session, &IPV4]));
    assert_found(protocol::UDP, &udp(2152, &[&[0x32, 255, 0, 24, 0, 0, 0, 1, 0, 7, 0, 0], &IPV4]));
    assert_eq!(inner(protocol::UDP, &udp(2152, &[&[0x30, 1, 0, 0, 0, 0, 0, 1], &IPV4])), Err(Reason::NotTcp));
    let endless = [&[0x34, 255, 0, 28, 0, 0, 0, 1, 0, 0, 0, 0x85][..], &[1, 0, 0, 0x85].repeat(100)].concat();
    assert_eq!(inner(protocol::UDP, &udp(2152, &[&endless])), Err(Reason::NestedTooDeep));
}

#[test]
fn l2tp_of_both_versions_is_passed() {
    assert_found(protocol::UDP, &udp(1701, &[&[0, 2, 0, 1, 0, 2], &[0xff, 3, 0, 0x21], &IPV4]));
    let all = [0x4a, 2, 0, 40, 0, 1, 0, 2, 0, 0, 0, 0, 0, 2, 9, 9];
    assert_found(protocol::UDP, &udp(1701, &[&all, &[0xff, 3, 0, 0x21], &IPV4]));
    assert_eq!(inner(protocol::UDP, &udp(1701, &[&[0xc8, 2], &[0; 30]])), Err(Reason::NotTcp));
    for cookie in [0, 4, 8] {
        let cookie = vec![7; cookie];
        let session = [&[0, 0, 0, 1][..], &cookie, &ETHERNET, &IPV4].concat();
        assert_eq!(inner(protocol::L2TP, &session), Ok(session.len() - 20));
        let over_udp = udp(1701, &[&[0, 3, 0, 0], &session]);
        assert_eq!(inner(protocol::UDP, &over_udp), Ok(over_udp.len() - 20));
    }
    assert_eq!(inner(protocol::L2TP, &[0; 60]), Err(Reason::NotTcp));
}

#[test]
fn teredo_is_passed_with_authentication_and_origin() {
    let ipv6 = [0x60; 20];
    assert_found(protocol::UDP, &udp(3544, &[&ipv6]));
    assert_found(protocol::UDP, &udp(3544, &[&[0, 0, 1, 2, 3, 4, 5, 6], &ipv6]));
    let authentication = [0, 1, 2, 1, 9, 9, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_found(protocol::UDP, &udp(3544, &[&authentication, &[0, 0, 1, 2, 3, 4, 5, 6], &ipv6]));
}

#[test]
fn capwap_carries_ethernet_or_802_11_also_as_cisco_writes_it() {
    let llc = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    assert_found(protocol::UDP, &udp(5247, &[&[0, 0x10, 2, 0, 0, 0, 0, 0], &ETHERNET, &IPV4]));
    for control in [[0x08, 0x01], [0x01, 0x08]] {
        let payload = udp(5247, &[&[0, 0x10, 3, 0, 0, 0, 0, 0], &control, &[0; 22], &llc, &IPV4]);
        assert_eq!(inner(protocol::UDP, &payload), Ok(payload.len() - 20), "{control:?}");
    }
    assert_eq!(inner(protocol::UDP, &udp(5247, &[&[1], &[0; 40]])), Err(Reason::NotTcp));
}

#[test]
fn mpls_and_ethernet_in_ip_and_udp_are_passed() {
    let label = [0, 1, 1, 64];
    assert_found(protocol::MPLS, &[&label[..], &IPV4].concat());
    assert_found(protocol::UDP, &udp(6635, &[&label, &[0; 4], &ETHERNET, &IPV4]));
    assert_found(protocol::ETHERIP, &[&[0x30, 0][..], &ETHERNET, &IPV4].concat());
}

#[test]
fn any_other_port_is_just_udp() {
    assert_eq!(inner(protocol::UDP, &udp(53, &[&IPV4])), Err(Reason::NotTcp));
}
