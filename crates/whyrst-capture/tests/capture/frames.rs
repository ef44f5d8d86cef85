//! What one frame shows, compared with what another implementation built or reads.

use std::net::IpAddr;

use etherparse::{
    IpFragOffset, IpHeaders, IpNumber, Ipv4Extensions, Ipv4Header, Ipv6Extensions, Ipv6FlowLabel, Ipv6FragmentHeader,
    Ipv6Header, Ipv6RawExtHeader, NetSlice, PacketBuilder, SlicedPacket, TcpHeader, TcpOptionElement, TransportSlice,
};
use proptest::prelude::*;
use whyrst_capture::{Counts, LinkType, Reason, Record, Unsaid};
use whyrst_core::observation::{Frame, IcmpError, IcmpKind, Interface, Seen};
use whyrst_core::segment::{Endpoint, Flags, IpKind, OptionSet, Segment, Timestamps};
use whyrst_core::seq::Seq;
use whyrst_core::time::Timestamp;

use crate::support::frames::{self, CLIENT, SERVER};

/// What `captured` octets of a frame of `original` octets show.
fn observe_cut<'a>(
    link: LinkType,
    captured: &'a [u8],
    original: usize,
    counts: &mut Counts,
) -> Result<Seen<'a>, Reason> {
    let record = Record {
        frame: Frame::new(0, 1),
        time: Timestamp::default(),
        interface: Interface(0),
        link,
        original: original as u32,
        bytes: captured,
        unsaid: Unsaid::NOTHING,
    };
    record.observe(counts).map(|observation| observation.what)
}

fn observe(frame: &[u8]) -> Result<Seen<'_>, Reason> {
    observe_cut(LinkType::ETHERNET, frame, frame.len(), &mut Counts::default())
}

fn segment(frame: &[u8]) -> Segment<'_> {
    match observe(frame) {
        Ok(Seen::Segment(segment)) => segment,
        other => panic!("no segment: {other:?}"),
    }
}

fn arbitrary_v4() -> impl Strategy<Value = IpHeaders> {
    let options = (0usize..=10).prop_flat_map(|words| prop::collection::vec(any::<u8>(), words * 4));
    (any::<([u8; 4], [u8; 4], u8, u8, u16, bool)>(), options).prop_map(|((src, dst, ttl, class, id, df), options)| {
        let mut header = Ipv4Header::new(0, ttl, IpNumber::TCP, src, dst).expect("an empty packet is not too long");
        header.identification = id;
        header.dont_fragment = df;
        header.dscp = (class >> 2).try_into().expect("six bits");
        header.ecn = (class & 3).try_into().expect("two bits");
        header.options = options.as_slice().try_into().expect("at most 40 octets, in words");
        IpHeaders::Ipv4(header, Ipv4Extensions::default())
    })
}

fn arbitrary_v6() -> impl Strategy<Value = IpHeaders> {
    any::<([u8; 16], [u8; 16], u8, u8, u32, [bool; 3])>().prop_map(
        |(source, destination, hop_limit, traffic_class, flow, with)| {
            let header = Ipv6Header {
                traffic_class,
                flow_label: Ipv6FlowLabel::try_new(flow & 0xf_ffff).expect("20 bits"),
                payload_length: 0,
                next_header: IpNumber::TCP,
                hop_limit,
                source,
                destination,
            };
            let raw = Ipv6RawExtHeader::new_raw(IpNumber::TCP, &[0; 14]).expect("a multiple of eight, less two");
            let fragment = Ipv6FragmentHeader::new(IpNumber::TCP, IpFragOffset::ZERO, false, 7);
            let extensions = Ipv6Extensions {
                hop_by_hop_options: with[0].then(|| raw.clone()),
                destination_options: with[1].then_some(raw),
                fragment: with[2].then_some(fragment),
                ..Ipv6Extensions::default()
            };
            IpHeaders::Ipv6(header, extensions)
        },
    )
}

fn arbitrary_options() -> impl Strategy<Value = Vec<TcpOptionElement>> {
    use TcpOptionElement::{
        MaximumSegmentSize, Noop, SelectiveAcknowledgement, SelectiveAcknowledgementPermitted, WindowScale,
    };
    let one = prop_oneof![
        Just(Noop),
        any::<u16>().prop_map(MaximumSegmentSize),
        (0u8..15).prop_map(WindowScale),
        Just(SelectiveAcknowledgementPermitted),
        any::<((u32, u32), Option<(u32, u32)>)>()
            .prop_map(|(first, second)| SelectiveAcknowledgement(first, [second, None, None])),
        any::<(u32, u32)>().prop_map(|(value, echo)| TcpOptionElement::Timestamp(value, echo)),
    ];
    prop::collection::vec(one, 0..4)
        .prop_filter("at most 40 octets", |options| TcpHeader::default().set_options(options).is_ok())
}

prop_compose! {
    fn arbitrary_frame()(
        ip in prop_oneof![arbitrary_v4(), arbitrary_v6()],
        vlans in 0u16..3,
        (src, dst, seq, ack, window, flags) in any::<(u16, u16, u32, u32, u16, u8)>(),
        options in arbitrary_options(),
        payload in prop::collection::vec(any::<u8>(), 0..100),
        padding in 0usize..20,
    ) -> Vec<u8> {
        let mut tcp = TcpHeader::new(src, dst, seq, window);
        tcp.acknowledgment_number = ack;
        (tcp.fin, tcp.syn, tcp.rst, tcp.psh) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0, flags & 8 != 0);
        (tcp.ack, tcp.urg, tcp.ece, tcp.cwr) = (flags & 16 != 0, flags & 32 != 0, flags & 64 != 0, flags & 128 != 0);
        tcp.set_options(&options).expect("they fit");
        let ethernet = PacketBuilder::ethernet2([2; 6], [4; 6]);
        let id = |n: u16| n.try_into().expect("a VLAN");
        let mut frame = Vec::new();
        match vlans {
            0 => ethernet.ip(ip).tcp_header(tcp).write(&mut frame, &payload),
            1 => ethernet.single_vlan(id(1)).ip(ip).tcp_header(tcp).write(&mut frame, &payload),
            _ => ethernet.double_vlan(id(1), id(2)).ip(ip).tcp_header(tcp).write(&mut frame, &payload),
        }.expect("a vector takes it");
        frame.resize(frame.len() + padding, 0xee);
        frame
    }
}

/// The same frame as etherparse reads it, field by field.
fn assert_reads_as_etherparse(frame: &[u8]) {
    let ours = segment(frame);
    let theirs = SlicedPacket::from_ethernet(frame).expect("built by the same");
    let Some(TransportSlice::Tcp(tcp)) = &theirs.transport else { panic!("no TCP") };
    let (src, dst): (IpAddr, IpAddr) = match theirs.net.as_ref().expect("IP") {
        NetSlice::Ipv4(ip) => {
            let header = ip.header();
            assert_eq!(
                (ours.ip.ttl, ours.ip.traffic_class),
                (Some(header.ttl()), Some(frame_class_v4(header.slice())))
            );
            let kind = IpKind::V4 { id: Some(header.identification()), dont_fragment: Some(header.dont_fragment()) };
            assert_eq!(ours.ip.kind, kind);
            (header.source_addr().into(), header.destination_addr().into())
        }
        NetSlice::Ipv6(ip) => {
            let header = ip.header();
            assert_eq!((ours.ip.ttl, ours.ip.traffic_class), (Some(header.hop_limit()), Some(header.traffic_class())));
            assert_eq!(ours.ip.kind, IpKind::V6 { flow_label: Some(header.flow_label().value()) });
            (header.source_addr().into(), header.destination_addr().into())
        }
        NetSlice::Arp(_) => panic!("ARP"),
    };
    assert_eq!(ours.src, Endpoint::new(src, tcp.source_port()));
    assert_eq!(ours.dst, Endpoint::new(dst, tcp.destination_port()));
    assert_eq!(ours.seq.raw(), tcp.sequence_number());
    assert_eq!(ours.ack.raw(), tcp.acknowledgment_number());
    assert_eq!((ours.window, ours.checksum), (tcp.window_size(), tcp.checksum()));
    let flags = [tcp.fin(), tcp.syn(), tcp.rst(), tcp.psh(), tcp.ack(), tcp.urg(), tcp.ece(), tcp.cwr()];
    let bits = flags.iter().enumerate().map(|(bit, set)| u8::from(*set) << bit).sum();
    assert_eq!(ours.flags, Flags::from_bits(bits));
    assert_eq!(ours.payload, tcp.payload());
    assert_eq!(ours.len as usize, tcp.payload().len());
    assert_options(&ours, tcp.options_iterator().map(|option| option.expect("built by the same")));
}

fn frame_class_v4(header: &[u8]) -> u8 {
    header[1]
}

fn assert_options(ours: &Segment<'_>, theirs: impl Iterator<Item = TcpOptionElement>) {
    let (mut set, mut mss, mut scale, mut stamps, mut edge) = (OptionSet::default(), None, None, None, None);
    for option in theirs {
        match option {
            TcpOptionElement::Noop => {}
            TcpOptionElement::MaximumSegmentSize(size) => {
                set.insert(OptionSet::MSS);
                mss = Some(size);
            }
            TcpOptionElement::WindowScale(shift) => {
                set.insert(OptionSet::WINDOW_SCALE);
                scale = Some(shift);
            }
            TcpOptionElement::SelectiveAcknowledgementPermitted => set.insert(OptionSet::SACK_PERMITTED),
            TcpOptionElement::SelectiveAcknowledgement(first, more) => {
                set.insert(OptionSet::SACK);
                let edges = more.iter().flatten().map(|block| Seq::new(block.1));
                edge = Some(edges.fold(Seq::new(first.1), Seq::max));
            }
            TcpOptionElement::Timestamp(value, echo) => {
                set.insert(OptionSet::TIMESTAMPS);
                stamps = Some(Timestamps { value, echo });
            }
        }
    }
    let options = ours.options;
    assert_eq!((options.set, options.mss, options.window_scale), (set, mss, scale));
    assert_eq!((options.timestamps, options.sack_edge), (stamps, edge));
}

proptest! {
    #[test]
    fn built_frames_are_read_as_etherparse_reads_them(frame in arbitrary_frame()) {
        assert_reads_as_etherparse(&frame);
    }

    #[test]
    fn a_prefix_of_a_frame_shows_nothing_that_the_whole_does_not(frame in arbitrary_frame()) {
        let whole = segment(&frame);
        for end in 0..frame.len() {
            let mut counts = Counts::default();
            match observe_cut(LinkType::ETHERNET, &frame[..end], frame.len(), &mut counts) {
                Ok(Seen::Segment(cut)) => assert_is_a_part(&cut, &whole),
                Ok(other) => panic!("{other:?}"),
                Err(Reason::LinkHeaderCut | Reason::IpHeaderCut) => {}
                Err(Reason::TcpHeaderCut) => assert!(counts.cut_resets == 0 || whole.flags.has(Flags::RST)),
                Err(reason) => panic!("{end} of {}: {reason}", frame.len()),
            }
        }
    }

    #[test]
    fn no_octets_whatever_make_it_panic(
        link in prop_oneof![Just(0u16), Just(1), Just(12), Just(101), Just(108), Just(113), Just(276), any::<u16>()],
        octets in prop::collection::vec(any::<u8>(), 0..200),
        original in any::<u16>(),
    ) {
        let _ = observe_cut(LinkType(link), &octets, original.into(), &mut Counts::default());
    }

    #[test]
    fn no_damage_to_a_frame_makes_it_panic(
        frame in arbitrary_frame(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut damaged = frame.clone();
        for (index, octet) in damage {
            let at = index.index(damaged.len());
            damaged[at] = octet;
        }
        if let Ok(Seen::Segment(segment)) = observe(&damaged) {
            prop_assert!(segment.payload.len() as u64 <= u64::from(segment.len));
        }
    }
}

fn assert_is_a_part(cut: &Segment<'_>, whole: &Segment<'_>) {
    assert!(whole.payload.starts_with(cut.payload));
    if cut.options.set.has(OptionSet::CUT) {
        assert_eq!(cut.options.set.bits() & !OptionSet::CUT.bits() & !whole.options.set.bits(), 0);
        assert!(cut.payload.is_empty());
    } else {
        assert_eq!(cut.options, whole.options);
    }
    assert!(whole.trailer.starts_with(cut.trailer));
    let cut = Segment {
        payload: whole.payload,
        options: whole.options,
        trailer: whole.trailer,
        checksum_right: whole.checksum_right,
        ..*cut
    };
    assert_eq!(cut, *whole);
}

#[test]
fn padding_is_no_payload() {
    let frame = frames::rst();
    assert_eq!((frame.len(), segment(&frame).len), (60, 0));
    assert_eq!(segment(&frame).payload, [0; 0]);
}

/// Raw IPv4 packet of a SYN: 20 octets of IP, 40 of TCP.
fn packet() -> Vec<u8> {
    frames::syn()[14..].to_vec()
}

fn observe_ip(packet: &[u8]) -> (Result<Seen<'_>, Reason>, Counts) {
    let mut counts = Counts::default();
    let seen = observe_cut(LinkType::RAW, packet, packet.len(), &mut counts);
    (seen, counts)
}

#[test]
fn a_total_length_of_zero_means_that_of_the_record() {
    let mut packet = packet();
    packet[2..4].fill(0);
    packet.extend([0x55; 3_000]);
    let mut counts = Counts::default();
    let seen = observe_cut(LinkType::IPV4, &packet[..1_000], packet.len(), &mut counts);
    let Ok(Seen::Segment(segment)) = seen else { panic!("{seen:?}") };
    assert_eq!((segment.len, segment.payload.len()), (3_000, 940));
    assert_eq!((counts.zero_lengths, counts.cut_payloads), (1, 1));
}

#[test]
fn a_first_fragment_is_read_and_a_later_one_passed_over() {
    let mut packet = packet();
    packet[6] = 0x20;
    let (seen, counts) = observe_ip(&packet);
    assert!(matches!(seen, Ok(Seen::Segment(_))));
    assert_eq!(counts.fragments, 1);
    packet[6..8].copy_from_slice(&[0, 5]);
    let (seen, counts) = observe_ip(&packet);
    assert_eq!(seen.unwrap_err(), Reason::IpFragment);
    assert_eq!(counts.fragments, 1);
}

#[test]
fn a_later_fragment_in_ipv6_is_passed_over() {
    let header = [&[0x60, 0, 0, 0, 0, 16, 44, 64][..], &[1; 16], &[2; 16]].concat();
    let packet = [&header[..], &[6, 0, 0, 8, 0, 0, 0, 1], &[0xff; 8]].concat();
    assert_eq!(observe_ip(&packet).0.unwrap_err(), Reason::IpFragment);
}

#[test]
fn an_authentication_header_is_passed_in_both_versions() {
    let header = [6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9];
    let mut v4 = packet();
    v4[3] += 24;
    v4[9] = 51;
    v4.splice(20..20, header);
    let mut v6 = [&[0x60, 0, 0, 0, 0, 64, 51, 64][..], &[1; 16], &[2; 16]].concat();
    v6.extend([&header[..], &packet()[20..]].concat());
    for packet in [v4, v6] {
        let Ok(Seen::Segment(segment)) = observe_ip(&packet).0 else { panic!("no segment") };
        assert_eq!((segment.src.port, segment.len, segment.options.mss), (40_000, 0, Some(1_460)));
    }
}

#[test]
fn an_endless_chain_of_extension_headers_is_given_up() {
    let mut packet = [&[0x60, 0, 0, 0, 1, 0, 60, 64][..], &[1; 16], &[2; 16]].concat();
    packet.extend([60, 0, 0, 0, 0, 0, 0, 0].repeat(32));
    assert_eq!(observe_ip(&packet).0.unwrap_err(), Reason::MalformedIp);
}

#[test]
fn headers_that_contradict_themselves_are_malformed() {
    let with = |at: usize, octet: u8| {
        let mut packet = packet();
        packet[at] = octet;
        observe_ip(&packet).0.unwrap_err()
    };
    assert_eq!(with(0, 0x55), Reason::MalformedIp, "no such version");
    assert_eq!(with(0, 0x44), Reason::MalformedIp, "a header of 16 octets");
    assert_eq!(with(3, 19), Reason::MalformedIp, "a packet shorter than its header");
    assert_eq!(with(3, 30), Reason::MalformedTcp, "no room for a TCP header");
    assert_eq!(with(32, 0x40), Reason::MalformedTcp, "a TCP header of 16 octets");
    assert_eq!(with(32, 0xf0), Reason::MalformedTcp, "a TCP header longer than the packet");
    assert_eq!(with(9, 17), Reason::NotTcp);
}

#[test]
fn a_reset_in_a_header_that_is_cut_is_counted() {
    let rst = frames::rst();
    for (end, resets) in [(14 + 20 + 13, 0), (14 + 20 + 14, 1), (14 + 20 + 19, 1)] {
        let mut counts = Counts::default();
        let seen = observe_cut(LinkType::ETHERNET, &rst[..end], rst.len(), &mut counts);
        assert_eq!((seen.unwrap_err(), counts.cut_resets), (Reason::TcpHeaderCut, resets));
    }
}

#[test]
fn an_icmp_error_needs_no_more_than_eight_octets_of_tcp() {
    let expected = IcmpError {
        from: SERVER.into(),
        kind: IcmpKind::HostUnreachable,
        src: Endpoint::new(CLIENT.into(), 40_000),
        dst: Endpoint::new(SERVER.into(), 80),
        seq: Some(Seq::new(1_000)),
    };
    let seen = |quoted| match observe(&frames::icmp_error(3, 1, quoted)) {
        Ok(Seen::Icmp(error)) => Ok(error),
        Ok(other) => panic!("{other:?}"),
        Err(reason) => Err(reason),
    };
    assert_eq!(seen(60), Ok(expected));
    assert_eq!(seen(28), Ok(expected));
    assert_eq!(seen(27), Ok(IcmpError { seq: None, ..expected }));
    assert_eq!(seen(24), Ok(IcmpError { seq: None, ..expected }));
    assert_eq!(seen(23), Err(Reason::IcmpCut));
    assert_eq!(seen(10), Err(Reason::IcmpCut));
}

#[test]
fn icmp_that_is_no_error_about_tcp_is_passed_over() {
    assert_eq!(observe(&frames::icmp_error(8, 0, 28)).unwrap_err(), Reason::IcmpNotAboutTcp);
    let mut about_udp = frames::icmp_error(3, 3, 28);
    about_udp[14 + 20 + 8 + 9] = 17;
    assert_eq!(observe(&about_udp).unwrap_err(), Reason::IcmpNotAboutTcp);
}

#[test]
fn icmp6_quotes_through_extension_headers() {
    let quoted = [&[0x60, 0, 0, 0, 5, 0, 60, 64][..], &[1; 16], &[2; 16], &[6, 0, 1, 4, 0, 0, 0, 0]].concat();
    let tcp = [0x9c, 0x40, 0, 80, 0, 0, 3, 0xe8];
    let icmp = [&[2, 0, 0, 0, 0, 0, 5, 0][..], &quoted, &tcp].concat();
    let packet = [&[0x60, 0, 0, 0, 0, icmp.len() as u8, 58, 64][..], &[9; 16], &[1; 16], &icmp].concat();
    let Ok(Seen::Icmp(error)) = observe_ip(&packet).0 else { panic!("no error") };
    assert_eq!((error.kind, error.src.port, error.seq), (IcmpKind::TooBig, 40_000, Some(Seq::new(1_000))));
    assert_eq!(error.from, IpAddr::from([9; 16]));
}

#[test]
fn of_tunnelled_packets_the_inner_one_is_seen() {
    let inner = packet();
    let wrap = |protocol: u8, header: &[u8]| {
        let total = (20 + header.len() + inner.len()) as u8;
        [&[0x45, 0, 0, total, 0, 0, 0, 0, 64, protocol, 0, 0, 9, 9, 9, 9, 8, 8, 8, 8][..], header, &inner].concat()
    };
    let ethernet = [&[0; 12][..], &[8, 0]].concat();
    let vxlan = [&[0, 1, 0x12, 0xb5, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 1, 0][..], &ethernet].concat();
    for packet in [wrap(4, &[]), wrap(47, &[0, 0, 8, 0]), wrap(17, &vxlan)] {
        let Ok(Seen::Segment(segment)) = observe_ip(&packet).0 else { panic!("no segment in {packet:?}") };
        assert_eq!(segment.src, Endpoint::new(CLIENT.into(), 40_000));
        assert_eq!(segment.len, 0);
    }
    let deep = (0..10).fold(packet(), |inside, _| {
        let header = [0x45, 0, 0, 0, 0, 0, 0, 0, 64, 4, 0, 0, 9, 9, 9, 9, 8, 8, 8, 8];
        [&header[..], &inside].concat()
    });
    assert_eq!(observe_ip(&deep).0.unwrap_err(), Reason::NestedTooDeep);
}

#[test]
fn what_stands_behind_the_packet_is_kept_apart_from_its_payload() {
    let frame = frames::rst();
    let segment = segment(&frame);
    assert_eq!((segment.payload, segment.trailer), (&b""[..], &[0xee; 6][..]));
}
