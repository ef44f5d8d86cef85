//! What the ends said: the beginning of the last message of each, read as far as it stands in clear text.
//!
//! Many a reset is announced: `421 Too many connections`, `HTTP/1.1 413`, `FATAL 57P05`, GOAWAY. A [`Message`] is
//! such a beginning as it was captured; [`Message::read`] says what it means. One file for each family of protocols:
//! it knows a message by its first octets (`opens`), and reads it (`read`). There is no reassembly: a message is
//! read as far as one segment holds it.
//!
//! Whatever stands here was chosen by strangers: every function is total, and what it quotes is escaped where it is
//! printed.

mod amqp;
mod amqp1;
mod bgp;
mod bytes;
mod directory;
mod grpc;
mod http;
mod http2;
mod kafka;
mod mqtt;
mod mysql;
mod postgres;
mod proxy;
mod spoken;
mod ssh;
mod text;
mod tls;

use core::hash::BuildHasher;

use foldhash::fast::FixedState;

use self::spoken::{Announced, Length};
pub use self::spoken::{Gist, Head, Meaning, Spoken};
pub use self::tls::{SEALED_ALERT, alert_name};
pub(crate) use self::tls::{first_sealed, hello_len};
use crate::observation::Frame;
use crate::segment::Segment;
use crate::seq::Seq;
use crate::time::{Span, Timestamp};

/// Octets of a message that are kept: its first line, as a rule.
pub const KEPT: usize = 224;
/// Octets of it that are quoted.
pub const QUOTED: usize = 200;

/// What an end speaks, as far as its messages show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// HTTP/1.0 and 1.1 (RFC 9112).
    Http,
    /// HTTP/2 (RFC 9113), in clear text.
    Http2,
    /// A `WebSocket` that HTTP was upgraded to (RFC 6455).
    WebSocket,
    /// TLS records (RFC 8446).
    Tls,
    /// SSH (RFC 4253).
    Ssh,
    /// Replies with three digits: SMTP (RFC 5321), FTP (RFC 959), NNTP (RFC 3977).
    ReplyCode,
    /// IMAP (RFC 9051).
    Imap,
    /// POP3 (RFC 1939).
    Pop3,
    /// Redis' RESP.
    Redis,
    /// `MySQL` and `MariaDB`.
    MySql,
    /// `PostgreSQL`, protocol 3.
    PostgreSql,
    /// AMQP 0-9-1 and 1.0.
    Amqp,
    /// MQTT 3.1.1 and 5.
    Mqtt,
    /// The PROXY protocol of `HAProxy`.
    Proxy,
    /// SOCKS 4 and 5 (RFC 1928).
    Socks,
    /// Kafka.
    Kafka,
    /// SMB 2 and 3.
    Smb,
    /// LDAP (RFC 4511).
    Ldap,
    /// BGP-4 (RFC 4271).
    Bgp,
    /// A line of text of no protocol that is known.
    Text,
}

impl Protocol {
    /// For a machine.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Http2 => "http2",
            Self::WebSocket => "websocket",
            Self::Tls => "tls",
            Self::Ssh => "ssh",
            Self::ReplyCode => "smtp-or-ftp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Redis => "redis",
            Self::MySql => "mysql",
            Self::PostgreSql => "postgresql",
            Self::Amqp => "amqp",
            Self::Mqtt => "mqtt",
            Self::Proxy => "proxy-protocol",
            Self::Socks => "socks",
            Self::Kafka => "kafka",
            Self::Smb => "smb",
            Self::Ldap => "ldap",
            Self::Bgp => "bgp",
            Self::Text => "text",
        }
    }

    /// For a person.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Http2 => "HTTP/2",
            Self::WebSocket => "WebSocket",
            Self::Tls => "TLS",
            Self::Ssh => "SSH",
            Self::ReplyCode => "SMTP or FTP",
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Redis => "Redis",
            Self::MySql => "MySQL",
            Self::PostgreSql => "PostgreSQL",
            Self::Amqp => "AMQP",
            Self::Mqtt => "MQTT",
            Self::Proxy => "the PROXY protocol",
            Self::Socks => "SOCKS",
            Self::Kafka => "Kafka",
            Self::Smb => "SMB",
            Self::Ldap => "LDAP",
            Self::Bgp => "BGP",
            Self::Text => "plain text",
        }
    }

    /// Whether an end that spoke this may go on in any other: a PROXY header and a SOCKS reply come before the
    /// protocol proper, and a line of text is none.
    pub(crate) const fn is_prelude(self) -> bool {
        matches!(self, Self::Proxy | Self::Socks | Self::Text)
    }

    /// Whether chance does not look like this, where nothing is known of either end: a command of a database is a short
    /// length and a letter.
    fn is_signed(self, payload: &[u8]) -> bool {
        match self {
            Self::MySql => mysql::is_signed(payload),
            Self::PostgreSql => postgres::is_signed(payload),
            Self::Http2 => http2::is_signed(payload),
            Self::Ssh => ssh::is_signed(payload),
            Self::Mqtt => mqtt::is_signed(payload),
            Self::Amqp => amqp::is_signed(payload),
            Self::Kafka => kafka::is_request(payload),
            _ => true,
        }
    }

    fn opens(self, payload: &[u8]) -> bool {
        match self {
            Self::Http => http::opens(payload),
            Self::Http2 => http2::opens(payload),
            Self::WebSocket => http::controls_web_socket(payload),
            Self::Tls => tls::opens(payload),
            Self::Ssh => ssh::opens(payload),
            Self::ReplyCode => text::is_reply(payload) || text::is_mail_command(payload),
            Self::Imap => text::is_imap(payload),
            Self::Pop3 => text::is_pop3(payload),
            Self::Redis => text::is_redis(payload),
            Self::MySql => mysql::opens(payload),
            Self::PostgreSql => postgres::opens(payload),
            Self::Amqp => amqp::opens(payload),
            Self::Mqtt => mqtt::opens(payload),
            Self::Proxy => proxy::opens_header(payload),
            Self::Socks => proxy::opens_socks(payload),
            Self::Kafka => kafka::opens(payload),
            Self::Smb => directory::opens_smb(payload),
            Self::Ldap => directory::opens_ldap(payload),
            Self::Bgp => bgp::opens(payload),
            Self::Text => text::is_line(payload),
        }
    }
}

/// Those whose first octets leave no doubt, the commonest first.
const SIGNED: [Protocol; 18] = [
    Protocol::Http,
    Protocol::Tls,
    Protocol::Ssh,
    Protocol::ReplyCode,
    Protocol::Imap,
    Protocol::Pop3,
    Protocol::Redis,
    Protocol::Proxy,
    Protocol::Http2,
    Protocol::Amqp,
    Protocol::PostgreSql,
    Protocol::MySql,
    Protocol::Mqtt,
    Protocol::Kafka,
    Protocol::Smb,
    Protocol::Ldap,
    Protocol::Bgp,
    Protocol::Socks,
];

/// What the first octets of an end belong to, where they leave no doubt.
pub fn protocol_of(first: &[u8]) -> Option<Protocol> {
    if first.is_empty() {
        return None;
    }
    SIGNED.into_iter().find(|protocol| protocol.opens(first) && protocol.is_signed(first))
}

/// How often an end that begins with these octets promises to send something, at least.
pub fn promised_interval(first: &[u8]) -> Option<Span> {
    mqtt::keep_alive(first).map(|seconds| Span::from_secs(seconds.into()))
}

/// How many bytes of `payload` the readers of messages need, whatever had been said before.
pub fn needed(payload: &[u8]) -> usize {
    match protocol_of(payload) {
        Some(Protocol::Http) => http::head_len(payload),
        _ if SIGNED.into_iter().chain([Protocol::WebSocket]).any(|protocol| protocol.opens(payload))
            || text::is_line(payload) =>
        {
            KEPT
        }
        _ => 0,
    }
}

/// What begins in `payload`, from an end that spoke `before` to one that speaks `peer`; `None` for anything in the
/// middle of a message, or of no protocol that is known.
pub fn opening(payload: &[u8], before: Option<Protocol>, peer: Option<Protocol>) -> Option<Protocol> {
    if http::is_interim(payload) {
        return None;
    }
    match before.filter(|before| !before.is_prelude()) {
        Some(Protocol::Http) if http::controls_web_socket(payload) => Some(Protocol::WebSocket),
        // STARTTLS, and what HTTP was upgraded to.
        Some(before) if before.opens(payload) => Some(before),
        Some(_) if tls::begins_handshake(payload) => Some(Protocol::Tls),
        Some(_) => None,
        None => {
            let of_peer = peer.filter(|peer| peer.opens(payload) && !peer.is_prelude());
            of_peer.or_else(|| protocol_of(payload)).or_else(|| text::is_line(payload).then_some(Protocol::Text))
        }
    }
}

/// A hash of who the client is that logs in with `payload`, where the protocol lets an identity be used only once at a
/// time.
pub fn identity(protocol: Protocol, payload: &[u8]) -> Option<u64> {
    let identity = (protocol == Protocol::Mqtt).then(|| mqtt::client_identifier(payload)).flatten()?;
    Some(FixedState::with_seed(0).hash_one(identity))
}

/// What an announced length says of the rest of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Body {
    /// Nothing is announced, or the head was not captured whole.
    #[default]
    Unknown,
    /// The head does not end in the segment that it begins with, all of which was captured.
    HeadGoesOn,
    /// So many octets follow from this number on.
    Length {
        /// The number of the first; where the head was cut, that of the first octet that was not captured.
        from: Seq,
        /// How many.
        octets: u64,
        /// Whether `from` is exact.
        head: Head,
    },
    /// A body follows from this number on, and nobody knows how long it is: it comes in chunks (RFC 9112 section 7.1),
    /// or the line was cut that says it.
    OpenEnded {
        /// The number of the first octet, or an earlier one.
        from: Seq,
    },
}

/// The beginning of a message, as it was captured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message {
    octets: [u8; KEPT],
    len: u8,
    /// Whether the capture has its first line whole.
    first_line: Head,
    /// In which protocol.
    pub protocol: Protocol,
    /// Whether it says that the connection ends with it (`Connection: close`).
    pub closes: bool,
    /// Whether it says that the request belongs to HTTP over TLS: in its body, which is not kept.
    pub misdirected: bool,
    /// Whether its body waits for a word of the other end (`Expect: 100-continue`).
    pub awaits_continue: bool,
    /// The frame that it begins in.
    pub frame: Frame,
    /// When that was seen.
    pub time: Timestamp,
    /// Its number.
    pub seq: Seq,
    /// Payload octets of that segment.
    pub segment_len: u32,
    /// What its sender had acknowledged by then.
    pub ack: Option<Seq>,
    /// What follows the head.
    pub body: Body,
}

impl Message {
    /// The one that `segment` begins with.
    pub fn new(protocol: Protocol, segment: &Segment<'_>, frame: Frame, time: Timestamp) -> Self {
        let at = match protocol {
            Protocol::Http2 => http2::last_word(segment.payload),
            Protocol::Bgp => bgp::last_word(segment.payload),
            _ => 0,
        };
        let payload = segment.payload.get(at..).unwrap_or_default();
        let kept = payload.get(..KEPT).unwrap_or(payload);
        let mut octets = [0; KEPT];
        octets[..kept.len()].copy_from_slice(kept);
        let announced = match protocol {
            Protocol::Http => http::announced(payload),
            Protocol::MySql => mysql::announced(payload),
            _ => Announced::default(),
        };
        let from = segment.seq.add(announced.len);
        let is_whole = u64::from(segment.len) <= segment.payload.len() as u64;
        let has_line = is_whole || kept.len() == KEPT || kept.contains(&b'\n');
        let first_line = if has_line { Head::Whole } else { Head::Cut };
        let body = match announced.length {
            Length::Octets(octets) => Body::Length { from, octets, head: announced.head },
            Length::OpenEnded => Body::OpenEnded { from },
            Length::HeadGoesOn if is_whole => Body::HeadGoesOn,
            Length::HeadGoesOn | Length::Unknown => Body::Unknown,
        };
        Self {
            octets,
            len: u8::try_from(kept.len()).unwrap_or(u8::MAX),
            first_line,
            protocol,
            closes: announced.closes,
            misdirected: announced.misdirected,
            awaits_continue: announced.awaits_continue,
            frame,
            time,
            seq: segment.seq,
            segment_len: segment.len,
            ack: segment.acknowledges(),
            body,
        }
    }

    /// The same as an answer to what the other end `asked` last: to HEAD a body is announced and none is sent (RFC 9110
    /// section 9.3.2).
    #[must_use]
    pub fn answering(self, asked: Option<&Self>) -> Self {
        let head = asked.is_some_and(|asked| asked.protocol == Protocol::Http && asked.octets().starts_with(b"HEAD "));
        if head && self.protocol == Protocol::Http { Self { body: Body::Unknown, ..self } } else { self }
    }

    /// Its first octets.
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The status of an answer of HTTP.
    pub fn http_status(&self) -> Option<u16> {
        http::status(self.octets()).filter(|_| self.protocol == Protocol::Http)
    }

    /// What it says; `None` where its first line is cut off, or says nothing that is worth a line. A status line of HTTP says
    /// it with its code, though the phrase behind it was not captured.
    pub fn read(&self) -> Option<Spoken<'_>> {
        let octets = self.octets();
        let spoken = match self.protocol {
            Protocol::Http if self.misdirected => Some(http::read_misdirected(octets)),
            Protocol::Http => Some(http::read(octets)),
            Protocol::Http2 => http2::read(octets),
            Protocol::WebSocket => http::read_web_socket(octets),
            Protocol::Tls => tls::read(octets),
            Protocol::Ssh => ssh::read(octets),
            Protocol::ReplyCode => text::read_reply(octets),
            Protocol::Imap => Some(text::read_imap(octets)),
            Protocol::Pop3 => Some(text::read_pop3(octets)),
            Protocol::Redis => Some(text::read_redis(octets)),
            Protocol::MySql => mysql::read(octets),
            Protocol::PostgreSql => postgres::read(octets),
            Protocol::Amqp => amqp::read(octets),
            Protocol::Mqtt => mqtt::read(octets),
            Protocol::Proxy => Some(proxy::read_header(octets)),
            Protocol::Socks => proxy::read_socks(octets),
            Protocol::Kafka => kafka::read(octets),
            Protocol::Smb => directory::read_smb(octets),
            Protocol::Ldap => directory::read_ldap(octets),
            Protocol::Bgp => bgp::read(octets),
            Protocol::Text => Some(text::read_line(octets)),
        };
        let says_enough = || self.protocol == Protocol::Http && http::status(octets).is_some();
        spoken.filter(|_| self.first_line == Head::Whole || says_enough())
    }
}

/// The last message of an end, and what it amounts to: a dozen questions want no more than that of it, and to read it
/// takes longer than all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word {
    /// The message.
    pub message: Message,
    /// What it amounts to, where it can be [read](Message::read).
    pub gist: Option<Gist>,
}

impl From<Message> for Word {
    fn from(message: Message) -> Self {
        Self { gist: message.read().map(|spoken| spoken.gist), message }
    }
}

/// The last message of each end, indexed by [`crate::flow::Side::index`].
pub type Words = [Option<alloc::boxed::Box<Word>>; 2];

#[cfg(test)]
mod tests;
