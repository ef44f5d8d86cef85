//! What tcpdump prints: `TIME IP A.PORT > B.PORT: Flags [S], seq N, win N, options [...], length N`, with `-v` the IP header
//! before it, with `-e` the link addresses; and as it printed until version 3: `A.PORT > B.PORT: S N:N(0) win N <mss ...>`.
//!
//! <https://github.com/the-tcpdump-group/tcpdump/blob/master/print-tcp.c>

use std::net::IpAddr;

use super::names::Names;
use super::packet::{Icmp, IpHeader, Length, Links, Number, Options, Printed, Tcp, What, Window};
use super::text::{clock, date, leading_number, number, seconds};

/// What a line is.
pub(super) enum Line {
    /// It begins a packet, as far as it goes.
    Packet(Box<Printed>, Ends),
    /// It begins a packet that it does not say enough of.
    Begun,
    /// It begins nothing.
    Other,
}

/// Whether a packet's text ends with its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ends {
    Here,
    /// More of it may stand in the next line.
    Perhaps,
}

/// What `line` is.
pub(super) fn read(line: &str, names: &mut Names) -> Line {
    let Some(head) = Head::read(line) else { return Line::Other };
    let rest = head.rest;
    let is_ip = ["IP ", "IP6 ", "ip: ", "ethertype IPv", "ip6: "].iter().any(|word| rest.contains(word));
    match icmp(rest, names).or_else(|| tcp(rest, names)) {
        Some((what, from, ends)) => {
            let links = links(rest);
            let (number, dump) = (None, Vec::new());
            let ip = ip_header(&rest[..from]);
            Line::Packet(Box::new(Printed { number, time: head.time.nanos(), what, links, ip, dump }), ends)
        }
        None if is_ip && rest.contains("proto TCP") => Line::Begun,
        // Begun by `IP (tos ...)`, whatever is within.
        None if is_ip && (rest.ends_with(')') || !rest.contains(" > ")) => Line::Begun,
        None if head.time != Time::None && (is_ip || rest.contains("ARP") || rest.contains("ethertype")) => {
            other(head.time)
        }
        None if head.time != Time::None && looks_cut(rest) => Line::Begun,
        None => Line::Other,
    }
}

/// An address and the beginning of a second one.
fn looks_cut(rest: &str) -> bool {
    rest.split_once(" > ").is_some_and(|(before, _)| before.rsplit(' ').next().is_some_and(|end| end.contains('.')))
}

fn other(time: Time) -> Line {
    let ip = IpHeader::default();
    let packet = Printed { number: None, time: time.nanos(), what: What::NotTcp, links: None, ip, dump: Vec::new() };
    Line::Packet(Box::new(packet), Ends::Here)
}

/// A time as it was printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Time {
    /// Since 1970.
    Epoch(i64),
    /// Of a day that is not said; or, with -ttt and -ttttt, since another packet.
    Clock(i64),
    None,
}

impl Time {
    const fn nanos(self) -> Option<i64> {
        match self {
            Self::Epoch(nanos) | Self::Clock(nanos) => Some(nanos),
            Self::None => None,
        }
    }
}

/// Where the time ends and the packet begins.
struct Head<'a> {
    time: Time,
    rest: &'a str,
}

impl<'a> Head<'a> {
    /// The time stands among the first words; before it may be the number of the line, or what a chat puts there.
    fn read(line: &'a str) -> Option<Self> {
        const WORDS: usize = 5;
        let mut day = None;
        let mut at = 0;
        for _ in 0..WORDS {
            at += line[at..].len() - line[at..].trim_start().len();
            let word = line[at..].split(' ').next().filter(|word| !word.is_empty())?;
            let after = at + word.len();
            let rest = || line.get(after..).unwrap_or("");
            if let Some(found) = clock(word) {
                let time = day.map_or(Time::Clock(found), |day: i64| Time::Epoch(day.saturating_add(found)));
                return Some(Self { time, rest: rest() });
            }
            if let Some((before, clock_part)) = word.split_once('T')
                && let (Some(day), Some(found)) = (date(before), clock(clock_part))
            {
                return Some(Self { time: Time::Epoch(day + found), rest: rest() });
            }
            if let Some(found) = date(word) {
                day = Some(found);
            } else if word.len() >= 12 && word.contains('.') && leading_number(word).is_some_and(|s| s > 100_000_000) {
                if let Some(nanos) = seconds(word) {
                    return Some(Self { time: Time::Epoch(nanos), rest: rest() });
                }
            } else if matches!(word, "IP" | "IP6") {
                // With -t.
                return Some(Self { time: Time::None, rest: &line[at..] });
            }
            at = after;
        }
        None
    }
}

/// The segment that `text` shows, and where in it the addresses begin.
fn tcp(text: &str, names: &mut Names) -> Option<(What, usize, Ends)> {
    let (at, arrow, colon) = addresses(text)?;
    let (src, dst) = (names.end(&text[at..arrow])?, names.end(&text[arrow + 3..colon])?);
    let body = text[colon + 1..].trim_start();
    let mut tcp = Tcp {
        src,
        dst,
        seq: Number::Unsaid,
        ack: Number::Unsaid,
        flags: 0,
        window: Window::Unsaid,
        options: Options::default(),
        checksum: None,
        checksum_right: None,
        sack: None,
        len: Length::Payload(0),
        frame: None,
        payload: Vec::new(),
    };
    let ends = if let Some(at) = body.find("Flags [").filter(|at| *at < 40) {
        modern(&body[at + "Flags [".len()..], &mut tcp)?
    } else {
        old(body, &mut tcp)?
    };
    Some((What::Segment(tcp), at, ends))
}

/// Where the first address, the arrow behind it and the colon behind the second stand.
fn addresses(text: &str) -> Option<(usize, usize, usize)> {
    let mut from = 0;
    while let Some(found) = text[from..].find(" > ") {
        let arrow = from + found;
        let at = text[..arrow].rfind([' ', '\t', ':'].as_slice()).map_or(0, |at| at + 1);
        // Of an IPv6 address the colons are its own.
        let at = text[..arrow].rfind([' ', '\t'].as_slice()).map_or(0, |space| space + 1).min(at);
        let second = &text[arrow + 3..];
        let length = second.find(": ").or_else(|| second.strip_suffix(':').map(str::len));
        if let Some(length) = length
            && let (Some((_, first)), Some((_, second))) =
                (text[at..arrow].rsplit_once('.'), second[..length].rsplit_once('.'))
            && !second.contains(' ')
            && super::names::port_of(first).is_some()
            && super::names::port_of(second).is_some()
        {
            return Some((at, arrow, arrow + 3 + length));
        }
        from = arrow + 3;
    }
    None
}

/// `S.], seq 1:2, ack 3, win 4, options [...], length 5`.
fn modern(text: &str, tcp: &mut Tcp) -> Option<Ends> {
    let (letters, rest) = text.split_once(']')?;
    tcp.flags = flags(letters)?;
    let (before, options_and_rest) = rest.split_once("options [").unwrap_or((rest, ""));
    let (listed, after) = match options_and_rest.split_once("], length") {
        Some((listed, after)) => (listed, Some(after)),
        None => (options_and_rest.split(']').next().unwrap_or(""), rest.split_once(", length").map(|(_, after)| after)),
    };
    for field in before.split(", ") {
        let mut words = field.split(' ').filter(|word| !word.is_empty());
        match (words.next(), words.next()) {
            (Some("seq"), Some(numbers)) => sequence(numbers, tcp)?,
            (Some("ack"), Some(ack)) => tcp.ack = Number::AsTcpdump(leading_u32(ack)?),
            (Some("win"), Some(window)) => {
                tcp.window = Window::Field(u16::try_from(leading_number(window)?).unwrap_or(u16::MAX));
            }
            (Some("cksum"), Some(sum)) => checksum(sum, field, tcp),
            _ => {}
        }
    }
    let has_options = !options_and_rest.is_empty() || rest.contains("options [");
    if has_options {
        options(listed, tcp);
        tcp.options.more |= after.is_none();
    }
    if let Some(length) = after.and_then(|after| leading_number(after.trim_start())) {
        tcp.len = Length::Payload(u32::try_from(length).ok()?);
        tcp.payload = after.map(|after| first_line(after, length)).unwrap_or_default();
        return Some(Ends::Here);
    }
    // Cut before its end: what comes there is not known.
    tcp.options.more = true;
    (tcp.seq != Number::Unsaid || tcp.ack != Number::Unsaid).then_some(Ends::Perhaps)
}

/// Protocols of lines whose first line tcpdump prints behind the length: ` 77: HTTP: GET / HTTP/1.1` (`txtproto_print`).
const OF_LINES: [&str; 4] = ["HTTP: ", "SMTP: ", "FTP: ", "RTSP: "];

/// The payload as far as the line shows it, where that is its beginning as it was sent. What does not print stands there
/// escaped, so such a line is left alone.
fn first_line(after: &str, length: u64) -> Vec<u8> {
    let shown = after.split_once(": ").map_or("", |(_, shown)| shown.trim_end());
    let spoken = OF_LINES.iter().find_map(|protocol| shown.strip_prefix(protocol)).unwrap_or("");
    let as_sent =
        |spoken: &&str| !spoken.is_empty() && spoken.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'\\');
    let Some(spoken) = Some(spoken).filter(as_sent) else { return Vec::new() };
    let mut payload = [spoken.as_bytes(), b"\r\n"].concat();
    payload.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    payload
}

fn checksum(sum: &str, field: &str, tcp: &mut Tcp) {
    tcp.checksum = number(sum).and_then(|sum| u16::try_from(sum).ok());
    tcp.checksum_right = match field {
        _ if field.contains("incorrect") => Some(false),
        _ if field.contains("correct") => Some(true),
        _ => None,
    };
}

/// `1`, `1:2`; the payload lies between.
fn sequence(numbers: &str, tcp: &mut Tcp) -> Option<()> {
    let (first, last) = numbers.split_once(':').unwrap_or((numbers, ""));
    let first = leading_u32(first)?;
    tcp.seq = Number::AsTcpdump(first);
    if let Some(last) = leading_u32(last) {
        tcp.len = Length::Payload(last.wrapping_sub(first));
    }
    Some(())
}

/// Until version 3: `P 1:101(100) ack 1 win 229 <nop,nop,timestamp 1 2>`, `. ack 1 win 5840`.
fn old(text: &str, tcp: &mut Tcp) -> Option<Ends> {
    let (letters, mut rest) = text.split_once(' ')?;
    if letters.is_empty() || !letters.bytes().all(|letter| b"SFRPUEW.".contains(&letter)) {
        return None;
    }
    tcp.flags = flags(letters)?;
    if let Some((listed, _)) = rest.split_once('<').and_then(|(_, listed)| listed.split_once('>')) {
        options(listed, tcp);
    }
    rest = rest.split('<').next()?;
    let mut words = rest.split(' ').filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        match word {
            "ack" => {
                tcp.flags |= 0x10;
                tcp.ack = Number::AsTcpdump(leading_u32(words.next()?)?);
            }
            "win" => tcp.window = Window::Field(u16::try_from(leading_number(words.next()?)?).ok()?),
            numbers if numbers.contains(':') && numbers.contains('(') => {
                let (numbers, length) = numbers.split_once('(')?;
                sequence(numbers, tcp)?;
                tcp.len = Length::Payload(u32::try_from(leading_number(length)?).ok()?);
            }
            _ => {}
        }
    }
    let enough = tcp.seq != Number::Unsaid || tcp.ack != Number::Unsaid;
    enough.then_some(if tcp.window == Window::Unsaid { Ends::Perhaps } else { Ends::Here })
}

fn leading_u32(text: &str) -> Option<u32> {
    leading_number(text).and_then(|number| u32::try_from(number).ok())
}

/// The letters between the brackets; `.` is ACK.
fn flags(letters: &str) -> Option<u8> {
    letters.chars().try_fold(0, |flags, letter| {
        Some(
            flags
                | match letter {
                    'F' => 0x01,
                    'S' => 0x02,
                    'R' => 0x04,
                    'P' => 0x08,
                    '.' => 0x10,
                    'U' => 0x20,
                    'E' => 0x40,
                    'W' => 0x80,
                    'e' | ' ' => 0,
                    _ if letters == "none" => 0,
                    _ => return None,
                },
        )
    })
}

/// `mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7`.
fn options(listed: &str, tcp: &mut Tcp) {
    for option in split_options(listed) {
        let mut words = option.split([' ', '{', '}', ':']).filter(|word| !word.is_empty());
        let name = words.next().unwrap_or("");
        let mut numbers = words.filter_map(leading_u32);
        let options = &mut tcp.options;
        match name {
            "nop" | "eol" | "" => {}
            "mss" => match numbers.next().and_then(|mss| u16::try_from(mss).ok()) {
                Some(mss) => options.add(2, &mss.to_be_bytes()),
                None => options.more = true,
            },
            "wscale" => match numbers.next().and_then(|shift| u8::try_from(shift).ok()) {
                Some(shift) => options.add(3, &[shift]),
                None => options.more = true,
            },
            "sackOK" => options.add(4, &[]),
            "sack" => {
                let mut blocks: Vec<u32> = numbers.collect();
                // The first is how many there are.
                blocks.drain(..1.min(blocks.len()));
                tcp.sack = blocks.chunks_exact(2).map(|block| (block[0], block[1])).max_by_key(|(_, end)| *end);
            }
            "TS" | "timestamp" => match (numbers.next(), numbers.next()) {
                (Some(value), Some(echo)) => {
                    let stamps = [value.to_be_bytes(), echo.to_be_bytes()].concat();
                    options.add(8, &stamps);
                }
                _ => options.more = true,
            },
            "md5" | "md5shared" => options.add(19, &[0; 16]),
            "tcp-ao" => options.add(29, &[0; 2]),
            "mptcp" => multipath(&option, options),
            "tfo" => options.add(34, &[]),
            _ => options.more = true,
        }
    }
}

/// At the commas outside of brackets.
fn split_options(listed: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0_u32);
    for letter in listed.chars().take(2_048) {
        match letter {
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts
}

/// `mptcp 4 capable v1`; RFC 8684 section 3 has the subtypes.
fn multipath(option: &str, options: &mut Options) {
    /// `MP_TCPRST`, the only one that came after those which tcpdump knows.
    const RESET: u8 = 8;
    const SUBTYPES: [(&str, u8); 8] = [
        ("capable", 0),
        ("join", 1),
        ("dss", 2),
        ("add-addr", 3),
        ("rem-addr", 4),
        ("prio", 5),
        ("fail", 6),
        ("fast-close", 7),
    ];
    let subtype = SUBTYPES.iter().find(|(name, _)| option.contains(name)).map(|(_, subtype)| *subtype);
    match subtype {
        Some(subtype) => options.add(30, &[subtype << 4]),
        None if option.contains("unknown") => options.add(30, &[RESET << 4]),
        None => options.more = true,
    }
}

/// `10.0.0.2 > 10.0.0.1: ICMP 10.0.0.2 tcp port 80 unreachable, length 68`, and with `-v` the quoted segment behind it.
fn icmp(text: &str, names: &mut Names) -> Option<(What, usize, Ends)> {
    let word =
        text.find(": ICMP").filter(|at| text[*at..].contains("unreachable") || text[*at..].contains("exceeded"))?;
    let outer = &text[..word];
    let arrow = outer.rfind(" > ")?;
    let at = outer[..arrow].rfind([' ', '\t'].as_slice()).map_or(0, |space| space + 1);
    let (from, to) = (names.host(&outer[at..arrow])?, names.host(outer[arrow + 3..].trim())?);
    let said = &text[word..];
    let quoted = ["\tIP", " IP ", " IP6 ", "IP (tos", "IP6 ("].iter().filter_map(|sign| said[6..].find(sign)).min();
    let Some(quoted) = quoted.map(|at| &said[6 + at..]) else {
        return Some((What::NotTcp, at, Ends::Perhaps));
    };
    let (what, _, ends) = tcp(quoted, names)?;
    let What::Segment(tcp) = what else { return None };
    let seq = if let Number::AsTcpdump(seq) = tcp.seq { Some(seq) } else { None };
    let (kind, code) = icmp_kind(said, from);
    Some((What::Icmp(Icmp { from, to, kind, code, src: tcp.src, dst: tcp.dst, seq }), at, ends))
}

/// By tcpdump's words for them (`print-icmp.c`, `print-icmp6.c`).
fn icmp_kind(said: &str, from: IpAddr) -> (u8, u8) {
    let has = |words: &str| said.contains(words);
    let v6 = from.is_ipv6();
    match () {
        () if has("exceeded") => (if v6 { 3 } else { 11 }, 0),
        () if has("need to frag") => (3, 4),
        () if has("prohibited") => {
            if v6 {
                (1, 1)
            } else {
                (3, 13)
            }
        }
        () if has("port") => {
            if v6 {
                (1, 4)
            } else {
                (3, 3)
            }
        }
        () if has("protocol") => (3, 2),
        () => {
            if v6 {
                (1, 3)
            } else {
                (3, 1)
            }
        }
    }
}

/// `aa:bb:cc:dd:ee:ff > 11:22:33:44:55:66`.
fn links(text: &str) -> Option<Links> {
    let (before, after) = text.split_once(" > ")?;
    let from = link(before.rsplit(' ').next()?)?;
    Some(Links { from, to: link(after.split([',', ' ']).next()?)? })
}

pub(super) fn link(text: &str) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    let mut parts = text.trim().split([':', '-']);
    for byte in &mut bytes {
        *byte = u8::from_str_radix(parts.next().filter(|part| part.len() == 2)?, 16).ok()?;
    }
    parts.next().is_none().then_some(bytes)
}

/// `(tos 0x0, ttl 64, id 1, offset 0, flags [DF], ...)`, `(class 0x02, flowlabel 0x5, hlim 64, ...)`.
fn ip_header(text: &str) -> IpHeader {
    let mut ip = IpHeader::default();
    let Some(at) = text.rfind("ttl ").or_else(|| text.rfind("hlim ")) else { return ip };
    let Some(open) = text[..at].rfind('(') else { return ip };
    let words = &text[open + 1..];
    let after = |name: &str| {
        let rest = &words[words.find(name)? + name.len()..];
        number(rest.split([',', ')', ' ']).next()?)
    };
    let v6 = words.contains("hlim ");
    ip.ttl = after(if v6 { "hlim " } else { "ttl " }).and_then(|ttl| u8::try_from(ttl).ok());
    if v6 {
        // Printed where they are not 0.
        ip.class = u8::try_from(after("class ").unwrap_or(0)).ok();
        ip.id = u32::try_from(after("flowlabel ").unwrap_or(0)).ok();
    } else {
        ip.class = after("tos ").and_then(|tos| u8::try_from(tos).ok());
        ip.id = after("id ").and_then(|id| u32::try_from(id).ok());
        ip.dont_fragment = words.split_once("flags [").map(|(_, flags)| flags.starts_with("DF"));
    }
    ip
}
