//! Packets as Wireshark's fields by name: `ip.ttl`, `tcp.seq_raw`. So tshark writes JSON, PDML and `-T fields`, and the
//! details of a packet as text say the same in words.
//!
//! <https://www.wireshark.org/docs/dfref/t/tcp.html>

use whyrst_core::segment::Endpoint;

use super::names::{Names, port_of};
use super::packet::{Icmp, IpHeader, Length, Links, Number, Options, Printed, Tcp, What, Window};
use super::tcpdump::link;
use super::text::number;
use super::tshark::moment;

/// What is kept of a field's value: more than any that is read has, but for payload.
const LONGEST: usize = 8_192;
/// Fields of one packet, beyond which they are passed over.
const MOST: usize = 512;

/// Fields of one packet in their order.
#[derive(Debug, Default)]
pub(super) struct Fields {
    all: Vec<(&'static str, String)>,
    /// From here on they are those of the packet that an ICMP error quotes.
    quoted: Option<usize>,
}

/// Those that are read.
const READ: &[&str] = &[
    "frame.number",
    "frame.time_epoch",
    "frame.time_relative",
    "frame.time",
    "frame.len",
    "frame_raw",
    "eth.src",
    "eth.dst",
    "ip.src",
    "ip.dst",
    "ip.ttl",
    "ip.id",
    "ip.dsfield",
    "ip.flags.df",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.hlim",
    "ipv6.flow",
    "ipv6.tclass",
    "icmp.type",
    "icmp.code",
    "icmpv6.type",
    "icmpv6.code",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.seq",
    "tcp.seq_raw",
    "tcp.ack",
    "tcp.ack_raw",
    "tcp.flags",
    "tcp.flags.syn",
    "tcp.flags.fin",
    "tcp.flags.reset",
    "tcp.flags.push",
    "tcp.flags.ack",
    "tcp.window_size_value",
    "tcp.window_size",
    "tcp.checksum",
    "tcp.checksum.status",
    "tcp.len",
    "tcp.hdr_len",
    "tcp.options",
    "tcp.options.mss_val",
    "tcp.options.wscale.shift",
    "tcp.options.sack_perm",
    "tcp.options.timestamp.tsval",
    "tcp.options.timestamp.tsecr",
    "tcp.payload",
    "data.data",
];

impl Fields {
    /// Adds a field, if it is one that is read. What begins the quoted packet of an ICMP error is said by `Self::quote`.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        if let Some(name) = READ.iter().find(|known| **known == name)
            && self.all.len() < MOST
        {
            self.all.push((name, value.chars().take(LONGEST).collect()));
        }
    }

    /// What follows is of a packet that the packet quotes.
    pub(super) fn quote(&mut self) {
        self.quoted.get_or_insert(self.all.len());
    }

    /// Whether there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether it is among them.
    pub(super) fn has(&self, name: &str) -> bool {
        Self::find(&self.all, name).is_some()
    }

    fn outer(&self, name: &str) -> Option<&str> {
        Self::find(&self.all[..self.quoted.unwrap_or(self.all.len())], name)
    }

    fn find<'a>(all: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
        all.iter().find(|(known, value)| *known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The packet that they show; `None` where they do not even say between whom it passed.
    pub(super) fn packet(&self, names: &mut Names) -> Option<Printed> {
        let whole = Part(&self.all[..self.quoted.unwrap_or(self.all.len())]);
        let quoted = self.quoted.map(|at| Part(&self.all[at..]));
        let time = whole.time();
        let number = self.outer("frame.number").and_then(number);
        let what = match (whole.icmp(), &quoted) {
            (Some((kind, code)), Some(quoted)) => quoted_error(&whole, quoted, kind, code, names),
            (Some(_), None) => What::NotTcp,
            (None, _) => whole.tcp(names).map_or(What::NotTcp, What::Segment),
        };
        if matches!(what, What::NotTcp) && number.is_none() && time.is_none() {
            return None;
        }
        let links = self.outer("eth.src").and_then(link).zip(self.outer("eth.dst").and_then(link));
        Some(Printed {
            number,
            time,
            what,
            links: links.map(|(from, to)| Links { to, from }),
            ip: whole.ip_header(),
            dump: self.outer("frame_raw").map(bytes).unwrap_or_default(),
        })
    }
}

fn quoted_error(whole: &Part<'_>, quoted: &Part<'_>, kind: u8, code: u8, names: &mut Names) -> What {
    let mut error = || {
        let (from, to) = whole.hosts(names)?;
        let (src, dst) = quoted.ends(names)?;
        Some(Icmp { from, to, kind, code, src, dst, seq: quoted.number("tcp.seq_raw") })
    };
    error().map_or(What::NotTcp, What::Icmp)
}

/// The fields of one packet, or of the one within it.
struct Part<'a>(&'a [(&'static str, String)]);

impl Part<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        Fields::find(self.0, name)
    }

    /// Of a field that `-T fields` may show more than once, the first.
    fn number<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        let text = self.get(name)?.split([',', ' ']).next()?;
        T::try_from(number(text)?).ok()
    }

    fn time(&self) -> Option<i64> {
        const TIMES: [&str; 3] = ["frame.time_epoch", "frame.time_relative", "frame.time"];
        TIMES.iter().find_map(|name| moment(self.get(name)?))
    }

    fn hosts(&self, names: &mut Names) -> Option<(std::net::IpAddr, std::net::IpAddr)> {
        let mut host = |v4, v6| names.host(self.get(v4).or_else(|| self.get(v6))?.split(',').next()?);
        host("ip.src", "ipv6.src").zip(host("ip.dst", "ipv6.dst"))
    }

    fn ends(&self, names: &mut Names) -> Option<(Endpoint, Endpoint)> {
        let (src, dst) = self.hosts(names)?;
        let port = |name| port_of(self.get(name)?.split(',').next()?);
        Some((Endpoint::new(src, port("tcp.srcport")?), Endpoint::new(dst, port("tcp.dstport")?)))
    }

    fn icmp(&self) -> Option<(u8, u8)> {
        let of = |name: &str| Some((self.number(&[name, ".type"].concat())?, self.number(&[name, ".code"].concat())?));
        of("icmp").or_else(|| of("icmpv6"))
    }

    fn ip_header(&self) -> IpHeader {
        IpHeader {
            ttl: self.number("ip.ttl").or_else(|| self.number("ipv6.hlim")),
            class: self.number("ip.dsfield").or_else(|| self.number("ipv6.tclass")),
            id: self.number("ip.id").or_else(|| self.number("ipv6.flow")),
            dont_fragment: self.get("ip.flags.df").map(is_set),
        }
    }

    fn tcp(&self, names: &mut Names) -> Option<Tcp> {
        let (src, dst) = self.ends(names)?;
        let at = |raw, relative| {
            let raw = self.number(raw).map(Number::Absolute);
            raw.or_else(|| self.number(relative).map(Number::Relative)).unwrap_or(Number::Unsaid)
        };
        let window = self.number("tcp.window_size_value").map(Window::Field);
        let window = window.or_else(|| self.number("tcp.window_size").map(Window::Scaled));
        let payload = self.get("tcp.payload").or_else(|| self.get("data.data")).map(bytes).unwrap_or_default();
        let (len, frame) = (self.number("tcp.len").map(Length::Payload), self.number("frame.len").map(Length::Frame));
        Some(Tcp {
            src,
            dst,
            seq: at("tcp.seq_raw", "tcp.seq"),
            ack: at("tcp.ack_raw", "tcp.ack"),
            flags: self.flags()?,
            window: window.unwrap_or(Window::Unsaid),
            options: self.options(),
            sack: None,
            checksum: self.number("tcp.checksum"),
            // Wireshark says 1 for good, 0 for bad, 2 for not looked at.
            checksum_right: match self.get("tcp.checksum.status") {
                Some("1" | "Good") => Some(true),
                Some("0" | "Bad") => Some(false),
                _ => None,
            },
            len: len.or(frame).unwrap_or(Length::Payload(u32::try_from(payload.len()).ok()?)),
            frame: self.number("frame.len"),
            payload,
        })
    }

    fn flags(&self) -> Option<u8> {
        const EACH: [(&str, u8); 5] = [
            ("tcp.flags.fin", 0x01),
            ("tcp.flags.syn", 0x02),
            ("tcp.flags.reset", 0x04),
            ("tcp.flags.push", 0x08),
            ("tcp.flags.ack", 0x10),
        ];
        if let Some(all) = self.number::<u16>("tcp.flags") {
            return u8::try_from(all & 0xff).ok();
        }
        let known = EACH.iter().filter_map(|(name, bit)| Some((is_set(self.get(name)?), bit)));
        let mut all = None;
        for (set, bit) in known {
            *all.get_or_insert(0) |= if set { *bit } else { 0 };
        }
        all
    }

    fn options(&self) -> Options {
        if let Some(listed) = self.get("tcp.options") {
            let bytes = bytes(listed);
            if !bytes.is_empty() {
                return Options::whole(&bytes);
            }
        }
        // Where the header is no longer than its fixed part there are none.
        let size: Option<usize> = self.number("tcp.hdr_len");
        let mut options = Options::default();
        if let Some(mss) = self.number::<u16>("tcp.options.mss_val") {
            options.add(2, &mss.to_be_bytes());
        }
        if let Some(shift) = self.number::<u8>("tcp.options.wscale.shift") {
            options.add(3, &[shift]);
        }
        if self.get("tcp.options.sack_perm").is_some() {
            options.add(4, &[]);
        }
        let stamps = self.number::<u32>("tcp.options.timestamp.tsval").zip(self.number("tcp.options.timestamp.tsecr"));
        if let Some((value, echo)) = stamps {
            let echo: u32 = echo;
            options.add(8, &[value.to_be_bytes(), echo.to_be_bytes()].concat());
        }
        options.more |= size.is_none_or(|size| size > 20 + options.size());
        options
    }
}

fn is_set(value: &str) -> bool {
    matches!(value, "1" | "True" | "true" | "Set")
}

/// Hex digits, with colons between the bytes or without.
fn bytes(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    if !text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':') {
        return Vec::new();
    }
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}
