use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::observation::Seen;

const ALL: [Protocol; 20] = [
    Protocol::Http,
    Protocol::Http2,
    Protocol::WebSocket,
    Protocol::Tls,
    Protocol::Ssh,
    Protocol::ReplyCode,
    Protocol::Imap,
    Protocol::Pop3,
    Protocol::Redis,
    Protocol::MySql,
    Protocol::PostgreSql,
    Protocol::Amqp,
    Protocol::Mqtt,
    Protocol::Proxy,
    Protocol::Socks,
    Protocol::Kafka,
    Protocol::Smb,
    Protocol::Ldap,
    Protocol::Bgp,
    Protocol::Text,
];

fn nothing() -> Segment<'static> {
    let packet = crate::testing::conversation("0 C > S A 1:1(0) ack 1").packets.remove(0);
    match packet.what {
        Seen::Segment(segment) => segment,
        Seen::Icmp(_) => unreachable!("it is a segment"),
    }
}

fn message(protocol: Protocol, payload: &[u8]) -> Message {
    let segment = Segment { payload, len: u32::try_from(payload.len()).unwrap(), ..nothing() };
    Message::new(protocol, &segment, Frame::new(0, 1), Timestamp::default())
}

/// What `payload` says, from an end of which nothing is known.
fn said(payload: &[u8]) -> (Option<Protocol>, Option<Gist>) {
    let protocol = opening(payload, None, None);
    (protocol, protocol.and_then(|protocol| message(protocol, payload).read().map(|spoken| spoken.gist)))
}

#[test]
fn last_words_are_understood() {
    let cases: [(&[u8], Protocol, Gist); 60] = [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", Protocol::Http, Gist::Refuses),
        (b"HTTP/1.1 413 Too Large\r\n\r\n", Protocol::Http, Gist::Refuses),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", Protocol::Http, Gist::Fails),
        (b"HTTP/1.1 200 OK\r\n\r\n", Protocol::Http, Gist::Goes),
        (b"GET / HTTP/1.1\r\n\r\n", Protocol::Http, Gist::Goes),
        (b"\0\0\x0f\x07\0\0\0\0\0\0\0\0\x01\0\0\0\0max_age", Protocol::Http2, Gist::GoesAway),
        (b"\x15\x03\x03\0\x02\x02\x28", Protocol::Tls, Gist::Fails),
        (b"\x15\x03\x03\0\x02\x01\0", Protocol::Tls, Gist::Goodbye),
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", Protocol::Tls, Gist::Goes),
        (b"Exceeded MaxStartups\r\n", Protocol::Ssh, Gist::Refuses),
        (b"Not allowed at this time\r\n", Protocol::Ssh, Gist::Refuses),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Protocol::Ssh, Gist::Goes),
        (b"SSH-2.0-x\r\nInvalid SSH identification string.\r\n", Protocol::Ssh, Gist::Misunderstands),
        (b"421 Too many connections from your host.\r\n", Protocol::ReplyCode, Gist::Refuses),
        (b"221 Goodbye.\r\n", Protocol::ReplyCode, Gist::Goodbye),
        (b"220 mx ESMTP\r\n", Protocol::ReplyCode, Gist::Goes),
        (b"QUIT\r\n", Protocol::ReplyCode, Gist::Goodbye),
        (b"* BYE Too many connections\r\n", Protocol::Imap, Gist::Refuses),
        (b"* BYE IMAP4rev1 Server logging out\r\n", Protocol::Imap, Gist::Goodbye),
        (b"a1 LOGOUT\r\n", Protocol::Imap, Gist::Goodbye),
        (b"-ERR Too many connections\r\n", Protocol::Pop3, Gist::Refuses),
        (b"-ERR max number of clients reached\r\n", Protocol::Redis, Gist::Refuses),
        (b"-DENIED Redis is running in protected mode\r\n", Protocol::Redis, Gist::Refuses),
        (b"-ERR Protocol error: too big inline request\r\n", Protocol::Redis, Gist::Misunderstands),
        (b"-ERR Protocol error: invalid bulk length\r\n", Protocol::Redis, Gist::Refuses),
        (b"*1\r\n$4\r\nQUIT\r\n", Protocol::Redis, Gist::Goodbye),
        (b"\x17\0\0\0\xff\x10\x04Too many connections", Protocol::MySql, Gist::Refuses),
        (b"\x01\0\0\0\x01", Protocol::MySql, Gist::Goodbye),
        (b"\x10\0\0\0\x0a8.0.36\0\0\0\0\0abcd", Protocol::MySql, Gist::Goes),
        (b"\x14\0\0\0\x03select * from users", Protocol::MySql, Gist::Goes),
        (
            b"E\0\0\0\x40SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0",
            Protocol::PostgreSql,
            Gist::Refuses,
        ),
        (b"Ecould not fork new process for connection: no\n\0", Protocol::PostgreSql, Gist::Refuses),
        (b"E\0\0\0\x30SERROR\0VERROR\0C42P01\0Mno such relation\0\0", Protocol::PostgreSql, Gist::Fails),
        (b"N\0\0\0\x30SWARNING\0VWARNING\0C57P02\0Mterminating\0\0", Protocol::PostgreSql, Gist::Refuses),
        (b"N\0\0\0\x30SNOTICE\0VNOTICE\0C00000\0Mskipping\0\0", Protocol::PostgreSql, Gist::Goes),
        (b"X\0\0\0\x04", Protocol::PostgreSql, Gist::Goodbye),
        (b"AMQP\0\0\x09\x01", Protocol::Amqp, Gist::Goes),
        (b"\x01\0\0\0\0\0\x10\0\x0a\0\x32\x01\x40\x10CONNECTION_FORCED\0\0\0\0\xce", Protocol::Amqp, Gist::Refuses),
        (b"\x01\0\0\0\0\0\x04\0\x0a\0\x33\xce", Protocol::Amqp, Gist::Goodbye),
        (b"AMQP\x00\x01\x00\x00", Protocol::Amqp, Gist::Goes),
        (b"\0\0\0\x0c\x02\0\0\0\0\x53\x18\x45", Protocol::Amqp, Gist::Goodbye),
        (
            b"\0\0\0\x41\x02\0\0\0\0\x53\x18\xc0\x34\x01\0\x53\x1d\xc0\x2e\x02\xa3\x16amqp:connection:forced\xa1\x13\
              inactive for 240000",
            Protocol::Amqp,
            Gist::Refuses,
        ),
        (b"\0\0\0\x10\x02\x01\0\0\0\x53\x44\xc0\x03\x01\x50\x01", Protocol::Amqp, Gist::Refuses),
        (b"\xe0\x01\x8e", Protocol::Mqtt, Gist::TakenOver),
        (b"\x20\x02\0\x05", Protocol::Mqtt, Gist::Refuses),
        (b"\x05\x05\0\x01\0\0\0\0\0\0", Protocol::Socks, Gist::Refuses),
        (b"\0\0\0\x27\0\x12\0\x04\0\0\0\x01\0\x07billing\0\x0dkafka-python\x073.0.12\0", Protocol::Kafka, Gist::Goes),
        (
            b"\0\0\0\x20\0\x0c\0\x04\0\0\0\x09\0\x07billing\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            Protocol::Kafka,
            Gist::Heartbeat,
        ),
        (b"\x30\x05\x02\x01\x03\x42\0", Protocol::Ldap, Gist::Goodbye),
        (
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\x15\x03\x04\0",
            Protocol::Bgp,
            Gist::Refuses,
        ),
        (
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\x15\x03\x06\x07",
            Protocol::Bgp,
            Gist::TakenOver,
        ),
        (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\x13\x04", Protocol::Bgp, Gist::Heartbeat),
        (b"Too many connections, bye\n", Protocol::Text, Gist::Refuses),
        (b"RTSP/1.0 453 Not Enough Bandwidth\r\nCSeq: 1\r\n\r\n", Protocol::Text, Gist::Refuses),
        (b"SIP/2.0 503 Service Unavailable\r\n\r\n", Protocol::Text, Gist::Refuses),
        (b"SIP/2.0 200 OK\r\n\r\n", Protocol::Text, Gist::Goes),
        (b"ICY 401 Service Unavailable\r\n\r\n", Protocol::Text, Gist::Refuses),
        (b"@ERROR: Unknown module 'x'\n", Protocol::Text, Gist::Refuses),
        (b"ERROR\nmessage:heart-beat\n\nlost\n\0", Protocol::Text, Gist::Refuses),
        (b"<stream:error><conflict xmlns='x'/></stream:error></stream:stream>", Protocol::Text, Gist::TakenOver),
    ];
    for (payload, protocol, gist) in cases {
        assert_eq!(said(payload), (Some(protocol), Some(gist)), "{}", payload.escape_ascii());
    }
}

#[test]
fn short_words_are_understood_where_their_protocol_is_known() {
    let cases: [(&[u8], Protocol, Gist); 11] = [
        (b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08", Protocol::Http2, Gist::Goes),
        (b"\0\0\x1f\x01\x05\0\0\0\x03\x40\x0bgrpc-status\x0214\x40\x0cgrpc-message\0", Protocol::Http2, Gist::Fails),
        (b"\0\0\x0f\x01\x05\0\0\0\x03\x40\x0bgrpc-status\x010", Protocol::Http2, Gist::Goes),
        (b"\0\0\0\x08\x02\0\0\0", Protocol::Amqp, Gist::Heartbeat),
        (b"\xe0\0", Protocol::Mqtt, Gist::Goodbye),
        (b"\0\0\0\x06\0\0\0\x09\0\x19", Protocol::Kafka, Gist::Fails),
        (b"\0\0\0\x0a\0\0\0\x09\0\0\0\0\0\0", Protocol::Kafka, Gist::Goes),
        (b"\0\0\0\x18\0\0\0\x02\0\x3a\0\x0aLogin lost\0\0\0\0\0\0", Protocol::Kafka, Gist::Refuses),
        (b"\xc0\0", Protocol::Mqtt, Gist::Heartbeat),
        (b"\x08\0\0\0\0\0\0\xce", Protocol::Amqp, Gist::Heartbeat),
        (b"\0\0\0\x14\x06\x01\0\0\0\x0b\0\0\0\0\0\0\0\0\0\0\0\0\0\0", Protocol::Ssh, Gist::Goodbye),
    ];
    for (payload, protocol, gist) in cases {
        let read = message(protocol, payload).read().map(|spoken| spoken.gist);
        assert_eq!((opening(payload, Some(protocol), None), read), (Some(protocol), Some(gist)));
        assert_eq!(opening(payload, None, Some(protocol)), Some(protocol), "{}", payload.escape_ascii());
    }
}

#[test]
fn a_status_of_grpc_is_quoted_with_its_message() {
    let frames =
        b"\0\0\x02\0\0\0\0\0\x03hi\0\0\x23\x01\x05\0\0\0\x03\x40\x0bgrpc-status\x0214\x00\x0cgrpc-message\x04gone";
    let trailers = message(Protocol::Http2, frames);
    let spoken = trailers.read().expect("a status");
    assert_eq!((spoken.what, spoken.code, spoken.quote), ("gRPC UNAVAILABLE", Some(14), &b"gone"[..]));
    // Entries of the dynamic table, whose meaning earlier frames set.
    assert_eq!(message(Protocol::Http2, b"\0\0\x02\x01\x05\0\0\0\x03\xbe\xbf").read(), None);
}

#[test]
fn why_a_link_of_amqp_was_closed_is_quoted() {
    let close = message(
        Protocol::Amqp,
        b"\0\0\0\x41\x02\0\0\0\0\x53\x18\xc0\x34\x01\0\x53\x1d\xc0\x2e\x02\xa3\x16amqp:connection:forced\xa1\x13\
              inactive for 240000",
    );
    let spoken = close.read().expect("a close");
    assert_eq!((spoken.state, spoken.quote), (&b"amqp:connection:forced"[..], &b"inactive for 240000"[..]));
    let cut = message(Protocol::Amqp, &close.octets()[..30]);
    assert_eq!(cut.read().map(|spoken| spoken.state.len()), Some(8));
}

#[test]
fn who_logs_in_is_known_by_the_client_identifier() {
    let who = |payload: &[u8]| identity(Protocol::Mqtt, payload);
    let first = who(b"\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02la");
    assert!(first.is_some());
    // MQTT 5 has properties before it.
    assert_eq!(first, who(b"\x10\x14\0\x04MQTT\x05\x02\0\x3c\x05\x11\0\0\0\x01\0\x02la"));
    assert_ne!(first, who(b"\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02lb"));
    assert_eq!(who(b"\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0"), None, "the broker makes one up");
    assert_eq!(who(b"\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02l"), None, "it was cut");
    assert_eq!(who(b"\x10\xff\xff\xff\xff\x7f\0\x04MQTT"), None);
}

#[test]
fn what_is_in_the_middle_of_something_opens_nothing() {
    assert_eq!(opening(&[0x8a, 0x91, 0xff, 3, 7, 9, 200, 0, 0, 1, 2, 3], None, None), None);
    assert_eq!(opening(b"421 bottles of beer\r\n", Some(Protocol::Http), None), None);
    assert_eq!(opening(b"<html>too many</html>\n", Some(Protocol::Http), None), None);
    assert_eq!(opening(b"", None, None), None);
}

#[test]
fn a_line_cut_before_its_end_says_nothing() {
    let segment = Segment { payload: b"HTTP/1.1 50", len: 400, ..nothing() };
    let cut = Message::new(Protocol::Http, &segment, Frame::new(0, 1), Timestamp::default());
    assert_eq!(cut.read(), None);
    let segment = Segment { payload: b"HTTP/1.1 503 Busy\r\nServ", len: 400, ..nothing() };
    let whole = Message::new(Protocol::Http, &segment, Frame::new(0, 1), Timestamp::default());
    assert_eq!(whole.read().map(|spoken| spoken.quote), Some(&b"HTTP/1.1 503 Busy"[..]));
}

#[test]
fn passwords_are_not_quoted() {
    let quoted = |protocol, payload: &[u8]| message(protocol, payload).read().map(|spoken| Vec::from(spoken.quote));
    assert_eq!(quoted(Protocol::ReplyCode, b"PASS hunter2\r\n"), Some(b"PASS".to_vec()));
    assert_eq!(quoted(Protocol::ReplyCode, b"AUTH PLAIN AGFi\r\n"), Some(b"AUTH".to_vec()));
    assert_eq!(quoted(Protocol::Imap, b"a1 LOGIN me hunter2\r\n"), Some(b"a1 LOGIN".to_vec()));
}

#[test]
fn a_body_is_as_long_as_its_head_says() {
    let body = |payload: &[u8]| http::announced(payload);
    let post = b"POST /up HTTP/1.1\r\nHost: x\r\ncontent-length: 5000\r\n\r\nabc";
    let whole = Announced { len: 52, head: Head::Whole, length: Length::Octets(5000), ..Announced::default() };
    assert_eq!(body(post), whole);
    assert_eq!(body(&post[..50]), Announced { len: 50, head: Head::Cut, ..whole });
    assert_eq!(body(&post[..40]).length, Length::OpenEnded);
    assert_eq!(body(b"GET / HTTP/1.1\r\nHo").length, Length::HeadGoesOn);
    let chunked = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: Close\r\n\r\n5\r\n";
    let open =
        Announced { len: 66, head: Head::Whole, length: Length::OpenEnded, closes: true, ..Announced::default() };
    assert_eq!(body(chunked), open);
    assert_eq!(body(b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n").length, Length::Unknown);
}

#[test]
fn the_last_word_of_several_frames_is_found() {
    let frames = b"\0\0\x02\0\0\0\0\0\x01hi\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\x0b";
    assert!(http2::opens(frames));
    let goaway = message(Protocol::Http2, frames);
    let spoken = goaway.read().expect("a GOAWAY");
    assert_eq!((spoken.what, spoken.gist), ("GOAWAY ENHANCE_YOUR_CALM", Gist::Refuses));
}

#[test]
fn a_speaker_of_bgp_says_why_it_leaves_behind_what_it_had_to_send() {
    let frame = |rest: &[u8]| {
        let len = u16::try_from(18 + rest.len()).unwrap().to_be_bytes();
        [&[0xff; 16][..], &len, rest].concat()
    };
    let sent = [frame(b"\x04"), frame(b"\x03\x06\x02\x0bMaintenance")].concat();
    let last = message(Protocol::Bgp, &sent);
    let spoken = last.read().expect("a NOTIFICATION");
    assert_eq!((spoken.what, spoken.code, spoken.quote), ("NOTIFICATION cease", Some(2), &b"Maintenance"[..]));
    assert_eq!(opening(&[0xff; 40], None, None), None);
}

proptest! {
    #[test]
    fn whatever_arrives_is_read_without_a_fault(
        start in prop::sample::select(std::vec![
            &b""[..], b"HTTP/1.", b"E\0\0\0\x20S", b"\x01\0\0\0\0\0\x10\0\x0a\0\x32", b"\0\0\x08\x07\0", b"\x30\x20\x02",
            b"\0\0\0\x40\xfeSMB", b"\x0f\0\0\0\xff\x10\x04", b"\xe0", b"\x20", b"\0\0\0\x14\x06\x01", b"* BYE ", b"\x88",
            b"\0\0\x40\x01\x05\0\0\0\x03\x40\x0bgrpc-status", b"\0\0\0\x40\x02\0\0\0\0\x53\x18\xc0",
            b"\0\0\x40\x01\x05\0\0\0\x03", b"\x10\x40\0\x04MQTT\x05",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0", b"ERROR\nmessage:", b"SIP/2.0 ",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..400),
        more in 0_u32..2_000,
    ) {
        let payload = [start, &rest].concat();
        let _ = (opening(&payload, None, None), protocol_of(&payload), identity(Protocol::Mqtt, &payload));
        for protocol in ALL {
            for before in ALL {
                let _ = opening(&payload, Some(protocol), Some(before));
            }
            let len = u32::try_from(payload.len()).unwrap() + more;
            let segment = Segment { payload: &payload, len, ..nothing() };
            let message = Message::new(protocol, &segment, Frame::new(0, 1), Timestamp::default());
            prop_assert!(message.octets().len() <= KEPT);
            if let Some(spoken) = message.read() {
                prop_assert!(spoken.quote.len() <= KEPT && spoken.state.len() <= KEPT);
            }
        }
    }
}

#[test]
fn a_status_line_says_its_code_though_the_capture_cuts_its_phrase() {
    let cut = |payload: &'static [u8]| {
        let segment = Segment { payload, len: 400, ..nothing() };
        Message::new(Protocol::Http, &segment, Frame::new(0, 1), Timestamp::default())
    };
    let refusal = cut(b"HTTP/1.0 503 Service Unav");
    assert_eq!(
        refusal.read().map(|spoken| (spoken.gist, spoken.quote)),
        Some((Gist::Refuses, &b"HTTP/1.0 503 Service Unav"[..]))
    );
    // Half a code is none.
    assert_eq!(cut(b"HTTP/1.0 50").read(), None);
    assert_eq!(cut(b"GET /index.ht").read(), None);
}

#[test]
fn a_web_socket_ends_what_did_not_answer_its_ping() {
    let gist = |payload| message(Protocol::WebSocket, payload).read().map(|spoken| spoken.gist);
    assert_eq!(gist(b"\x88\x18\x03\xf3keepalive ping timeout"), Some(Gist::Refuses));
    assert_eq!(gist(b"\x88\x09\x03\xf3failure"), Some(Gist::Fails));
    assert_eq!(gist(b"\x88\x05\x03\xe8bye"), Some(Gist::Goodbye));
}
