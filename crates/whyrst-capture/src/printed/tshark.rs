//! The packet list of tshark and Wireshark, as lines, as "export as CSV" and as "copy as plain text":
//! `1 0.000000 10.0.0.1 → 10.0.0.2 TCP 74 40000 → 80 [SYN] Seq=0 Win=64240 Len=0 MSS=1460`.
//!
//! What stands in its last column is Wireshark's `tcp.c`: the numbers are counted from where they begin, the window is in
//! bytes where its scale is known. A packet that another protocol took apart shows neither ports nor numbers.

use std::net::IpAddr;

use whyrst_core::segment::Endpoint;

use super::names::{Names, port_of};
use super::packet::{FLAGS, IpHeader, Length, Number, Options, Printed, Tcp, What, Window};
use super::text::{clock, date, seconds};

/// A line of the packet list.
pub(super) struct Listed {
    pub(super) packet: Printed,
    /// A packet between these of which another protocol's words are shown, with the length of its frame.
    pub(super) other: Option<(IpAddr, IpAddr, u32)>,
}

/// Columns of a packet list, as far as they are known.
#[derive(Clone, Copy, Default)]
pub(super) struct Row<'a> {
    pub(super) number: Option<u64>,
    pub(super) time: Option<i64>,
    pub(super) source: &'a str,
    pub(super) destination: &'a str,
    pub(super) protocol: &'a str,
    pub(super) length: Option<u32>,
    pub(super) info: &'a str,
}

/// The arrows of both, and what some programs make of them.
const ARROWS: [&str; 6] = ["→", "->", "=>", ">", "?", "\u{fffd}"];

/// A line with blanks between its columns.
pub(super) fn line(line: &str, names: &mut Names) -> Option<Listed> {
    row(line).and_then(|row| listed(&row, names))
}

const NOT_OVER_TCP: [&str; 12] =
    ["TCP", "UDP", "ICMP", "ICMPv6", "ARP", "DNS", "MDNS", "DHCP", "NTP", "QUIC", "IGMP", "GQUIC"];

fn row(line: &str) -> Option<Row<'_>> {
    let mut words = Words { text: line, at: 0 };
    let mut row = Row::default();
    let mut day = None;
    // The number of the packet is the last whole number before the time; another one is that of the line.
    let source = loop {
        let word = words.next()?;
        if let Some(found) = date(word) {
            day = Some(found);
        } else if let Some(found) = clock(word) {
            row.time = Some(day.unwrap_or(0) + found);
        } else if word.bytes().all(|byte| byte.is_ascii_digit()) && word.len() < 16 {
            row.number = word.parse().ok();
        } else if word.contains('.') && row.time.is_none() && seconds(word).is_some() {
            row.time = seconds(word);
        } else if row.time.is_some() || row.number.is_some() {
            break word;
        } else {
            return None;
        }
    };
    row.source = source;
    let next = words.next()?;
    row.destination = if ARROWS.contains(&next) { words.next()? } else { next };
    row.protocol = words.next()?;
    let before = words.at;
    match words.next().map(|word| (word, word.parse().ok())) {
        Some((_, Some(length))) => row.length = Some(length),
        _ => words.at = before,
    }
    row.info = line.get(words.at..)?.trim();
    // Without a length a port may have been taken for it.
    if let (Some(length), true) = (row.length, ARROWS.iter().any(|arrow| row.info.starts_with(arrow))) {
        row.length = None;
        row.info = line.get(before..)?.trim();
        let _: u32 = length;
    }
    Some(row)
}

struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let start = rest.find(|blank: char| !blank.is_whitespace())?;
        let word = rest[start..].split(char::is_whitespace).next()?;
        self.at += start + word.len();
        Some(word)
    }
}

/// What a row of the list shows.
pub(super) fn listed(row: &Row<'_>, names: &mut Names) -> Option<Listed> {
    let is_host = |text: &str| text.contains(['.', ':']) || text.len() > 2;
    if !is_host(row.source) || !is_host(row.destination) {
        return None;
    }
    let (src, dst) = (names.host(row.source)?, names.host(row.destination)?);
    let packet = |what| Printed {
        number: row.number,
        time: row.time,
        what,
        links: None,
        ip: IpHeader::default(),
        dump: Vec::new(),
    };
    if let Some(tcp) = tcp(row, src, dst) {
        return Some(Listed { packet: packet(What::Segment(tcp)), other: None });
    }
    let is_name = row.protocol.starts_with(|first: char| first.is_ascii_alphabetic()) && row.protocol.len() < 24;
    if !is_name || row.number.is_none() && row.length.is_none() {
        return None;
    }
    let other = row.length.filter(|_| !NOT_OVER_TCP.contains(&row.protocol)).map(|length| (src, dst, length));
    Some(Listed { packet: packet(What::NotTcp), other })
}

/// `[TCP Retransmission] 40000 → 80 [PSH, ACK] Seq=1 Ack=1 Win=502 Len=100 TSval=1 TSecr=2`.
fn tcp(row: &Row<'_>, src: IpAddr, dst: IpAddr) -> Option<Tcp> {
    let info = row.info;
    let (flags, before) = flags(info)?;
    let mut words = before.split_whitespace().rev();
    let (second, mut first) = (words.next()?, words.next()?);
    if ARROWS.contains(&first) {
        first = words.next()?;
    }
    let after = |name: &str| {
        let at = info.find(name).filter(|at| *at == 0 || info[..*at].ends_with([' ', '\t']))?;
        let end = info[at + name.len()..].split(' ').next()?;
        end.parse::<u64>().ok().and_then(|number| u32::try_from(number).ok())
    };
    let mut options = Options::default();
    if let Some(mss) = after("MSS=").and_then(|mss| u16::try_from(mss).ok()) {
        options.add(2, &mss.to_be_bytes());
    }
    if let Some(scale) = after("WS=").filter(|scale| scale.is_power_of_two()) {
        options.add(3, &[u8::try_from(scale.ilog2()).ok()?]);
    }
    if info.contains("SACK_PERM") {
        options.add(4, &[]);
    }
    if let (Some(value), Some(echo)) = (after("TSval="), after("TSecr=").or_else(|| after("TSER="))) {
        options.add(8, &[value.to_be_bytes(), echo.to_be_bytes()].concat());
    }
    if info.contains("TFO=") {
        options.add(34, &[]);
    }
    // Other kinds have no word there.
    let is_cut = info.ends_with(['…']) || info.ends_with("...") || after("Len=").is_none();
    options.more = is_cut || (flags & 0x02 != 0 && is_multipath(row.protocol));
    let len = match (after("Len="), row.length) {
        (Some(len), _) => Length::Payload(len),
        (None, Some(frame)) => Length::Frame(frame),
        (None, None) => Length::Payload(0),
    };
    Some(Tcp {
        src: Endpoint::new(src, port_of(first)?),
        dst: Endpoint::new(dst, port_of(second)?),
        seq: after("Seq=").map_or(Number::Unsaid, Number::Relative),
        ack: after("Ack=").map_or(Number::Unsaid, Number::Relative),
        flags,
        window: after("Win=").map_or(Window::Unsaid, Window::Scaled),
        options,
        sack: after("SLE=").zip(after("SRE=")),
        checksum: None,
        checksum_right: None,
        len,
        frame: row.length,
        payload: Vec::new(),
    })
}

fn is_multipath(protocol: &str) -> bool {
    protocol == "MPTCP"
}

/// The flags in brackets, and what stands before them. What Wireshark found out stands in brackets too.
fn flags(info: &str) -> Option<(u8, &str)> {
    let mut from = 0;
    while let Some(open) = info[from..].find('[').map(|at| from + at) {
        let close = open + info[open..].find(']')?;
        let listed = &info[open + 1..close];
        let of = |name: &str| FLAGS.iter().find(|(known, _)| *known == name.trim()).map(|(_, bit)| *bit);
        let bits = listed.split(',').map(|name| match name.trim() {
            "AE" | "Reserved" | "<None>" => Some(0),
            name => of(name),
        });
        if let Some(bits) = bits.collect::<Option<Vec<u8>>>() {
            return Some((bits.into_iter().fold(0, |all, bit| all | bit), &info[..open]));
        }
        from = close + 1;
    }
    None
}

/// The columns of an export, by its first line or as Wireshark has them unless told otherwise.
#[derive(Clone, Debug)]
pub(super) struct Table {
    columns: Vec<String>,
    separator: char,
}

impl Table {
    /// Of a first line that names columns.
    pub(super) fn named(line: &str) -> Option<Self> {
        let separator = ['\t', ',', ';', '|'].into_iter().find(|sign| line.contains(*sign))?;
        let columns: Vec<String> = cells(line, separator).into_iter().map(|name| name.trim().to_owned()).collect();
        let has = |name: &str| columns.iter().any(|column| column.eq_ignore_ascii_case(name));
        let is_list = has("Source") && has("Destination") && has("Info");
        let is_fields = columns.iter().any(|name| name.starts_with("ip.") || name.starts_with("ipv6."))
            && columns.iter().any(|name| name.starts_with("tcp."));
        (is_list || is_fields).then_some(Self { columns, separator })
    }

    /// Of a line as Wireshark exports it.
    pub(super) fn usual(line: &str) -> Option<Self> {
        let columns = ["No.", "Time", "Source", "Destination", "Protocol", "Length", "Info"];
        let table = Self { columns: columns.map(str::to_owned).to_vec(), separator: ',' };
        let quoted = line.starts_with('"') && cells(line, ',').len() == columns.len();
        quoted.then_some(table)
    }

    /// Whether its columns are fields of Wireshark by their names.
    pub(super) fn is_fields(&self) -> bool {
        self.columns.iter().any(|name| name.starts_with("tcp."))
    }

    /// The cells of a line with the names of their columns.
    pub(super) fn named_cells(&self, line: &str) -> Vec<(String, String)> {
        self.columns.iter().cloned().zip(cells(line, self.separator)).collect()
    }

    /// A line of it.
    pub(super) fn line(&self, line: &str, names: &mut Names) -> Option<Listed> {
        let cells = self.named_cells(line);
        let cell = |name: &str| {
            cells.iter().find(|(column, _)| column.eq_ignore_ascii_case(name)).map_or("", |(_, cell)| cell.trim())
        };
        let time = cell("Time");
        listed(
            &Row {
                number: cell("No.").parse().ok(),
                time: moment(time),
                source: cell("Source"),
                destination: cell("Destination"),
                protocol: cell("Protocol"),
                length: cell("Length").parse().ok(),
                info: cell("Info"),
            },
            names,
        )
    }
}

/// Seconds, a clock, or a date with a clock.
pub(super) fn moment(text: &str) -> Option<i64> {
    let text = text.trim().trim_end_matches(" UTC");
    if let Some(found) = seconds(text).or_else(|| clock(text)) {
        return Some(found);
    }
    let (day, time) = text.split_once([' ', 'T'])?;
    date(day)?.checked_add(clock(time.trim())?)
}

/// What lies between separators; quotes hold them, and are doubled within (RFC 4180).
fn cells(line: &str, separator: char) -> Vec<String> {
    const MOST: usize = 256;
    let (mut cells, mut quoted) = (vec![String::new()], false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        let room = cells.len() < MOST;
        let Some(cell) = cells.last_mut() else { break };
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                cell.push('"');
                letters.next();
            }
            '"' => quoted = !quoted,
            _ if letter == separator && !quoted && room => cells.push(String::new()),
            _ => cell.push(letter),
        }
    }
    cells
}
